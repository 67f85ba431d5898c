"""Drawing latents, whole batches at a time: objects, pairs, and paired scenes.

Everything here is classes, integers on the CPU; a generator decides, and the same generator state gives the same draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import get_args

import numpy as np
import torch
from torch import Tensor

from tasks.data.checks import NotInPartError, check_generator, check_tensor, check_whole
from tasks.data.dsprites import SIZE, render
from tasks.data.factors import COUNTS, FACTORS, FEATURES, IDENTIFIABLE, ORIENTATION, check_classes, distinct
from tasks.data.split import TENTHS, Part, Split
from vsa.errors import DtypeError, RangeError, ShapeError


@dataclass(frozen=True)
class Objects:
    """Which objects may be drawn: any combination of the allowed classes that lies in one part of a split.

    Attributes:
        allowed: the classes of each factor to draw from, int64 [n] each.
        part: train, validation or test.
        split: what these parts are.
        render: draws objects, int64 [n, 5] to uint8 [n, 64, 64]: the exact renderer, or the published file of the same pictures.

    Example:
        >>> hearts = Split(test="shape == heart")
        >>> Objects(part="test", split=hearts).sample(3, torch.Generator().manual_seed(0))[:, 0]
        tensor([2, 2, 2])
    """

    allowed: tuple[Tensor, ...] = tuple(torch.arange(count) for count in COUNTS)
    part: Part = "train"
    split: Split = TENTHS
    render: Callable[[Tensor], Tensor] = render

    def __post_init__(self) -> None:
        if not isinstance(self.allowed, tuple) or len(self.allowed) != len(FACTORS):
            raise ShapeError(
                f"allowed must be a tuple of five tensors of classes ({', '.join(FEATURES)}), got {self.allowed!r:.200}"
            )
        for factor, classes in zip(FACTORS, self.allowed, strict=True):
            check_tensor(f"the allowed classes of {factor.name}", classes, torch.int64, "n")
            if ((classes < 0) | (classes >= len(factor))).any():
                raise RangeError(
                    f"the allowed classes of {factor.name} must be from 0 to {len(factor) - 1}, got {classes.tolist()[:8]}"
                )
        if not isinstance(self.split, Split):
            raise DtypeError(f"split must be a Split, got {type(self.split).__name__}")
        if not isinstance(self.part, str) or self.part not in get_args(Part):
            raise RangeError(f"part must be one of {', '.join(get_args(Part))}, got {self.part!r}")

    @staticmethod
    def identifiable(part: Part = "train", split: Split = TENTHS) -> Objects:
        """Objects whose orientation can be seen whatever their shape: classes 0 to 9."""
        allowed = [torch.arange(count) for count in COUNTS]
        allowed[ORIENTATION] = torch.tensor(IDENTIFIABLE)
        return Objects(tuple(allowed), part, split)

    def accept(self, classes: Tensor) -> Tensor:
        """Which of the classes [..., 5] lie in this part of the split: bool [...]."""
        return self.split.contains(self.part, classes)

    def anywhere(self) -> Objects:
        """The objects of these classes in all parts of the split."""
        return replace(self, part="train", split=Split("", ""))

    def narrowed(self) -> Objects:
        """The same objects, of each factor the classes alone that they have."""
        every = self.every().long()
        return replace(self, allowed=tuple(column.unique() for column in every.unbind(1)))

    def every(self) -> Tensor:
        """All combinations that may be drawn, uint8 [m, 5]."""
        return _every(tuple(tuple(allowed.tolist()) for allowed in self.allowed), self.part, self.split)

    def none(self) -> NotInPartError:
        """What to raise where there are none."""
        return NotInPartError(f"no combination of the allowed classes lies in {self.describe()}")

    def describe(self) -> str:
        """The part of the split, for messages."""
        return f"the {self.part} part (validation: {self.split.validation!r}, test: {self.split.test!r})"

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """n independent objects, int64 [n, 5], uniform over those that may be drawn.

        Raises:
            NotInPartError: no allowed combination lies in this part of the split.
            RangeError: n is negative or above 2^24.
            DtypeError: n is not an integer, or there is no generator.
        """
        check_whole("n", n, 0)
        check_generator(generator)
        every = self.every()
        if not len(every):
            raise self.none()
        return every[torch.randint(len(every), (n,), generator=generator)].long()


@lru_cache(maxsize=16)  # 4 MB at most, each
def _every(allowed: tuple[tuple[int, ...], ...], part: Part, split: Split) -> Tensor:
    """All combinations that may be drawn, uint8 [m, 5]: listed once, so that a rare one is found as fast as a frequent one."""
    every = torch.cartesian_prod(*(torch.tensor(classes, dtype=torch.uint8) for classes in allowed))
    return every[split.contains(part, every)]


MOST_AT_ONCE = 2048
"""Candidates that `draw_until` draws at once, so that rare ones come soon and memory stays small."""


def draw_until(n: int, draw: Callable[[Tensor], Tensor], accept: Callable[[Tensor, Tensor], Tensor], failure: str) -> Tensor:
    """n accepted draws, a row each: all rows are tried at once, and those without luck again, with ever more candidates each.

    Args:
        n: how many.
        draw: new candidates [m, ...] for rows [m].
        accept: which candidates [m, ...] for rows [m] will do, bool [m].
        failure: what to say when some rows were never accepted.

    Returns:
        [n, ...], the first accepted candidate of each row.

    Raises:
        NotInPartError: some rows were not accepted in many thousand tries.
    """
    result = draw(torch.arange(n))
    missing = ~accept(torch.arange(n), result)
    tries = 1
    while missing.any() and tries < 20_000:
        rows = missing.nonzero()[:, 0]
        each = min(tries, max(1, MOST_AT_ONCE // len(rows)))
        repeated = rows.repeat_interleave(each)
        drawn = draw(repeated)
        good = accept(repeated, drawn).view(-1, each)
        found = good.any(1)
        result[rows[found]] = drawn.unflatten(0, (-1, each))[found, good[found].int().argmax(1)]  # the first of each
        missing[rows[found]] = False
        tries += each
    if missing.any():
        raise NotInPartError(f"{failure} for {int(missing.sum())} of {n}, in {tries} tries")
    return result


def differ(first: Tensor, where: Tensor, objects: Objects, generator: torch.Generator) -> Tensor:
    """Objects that differ from the first ones in the given features, and in no other; in any part of the split.

    Args:
        first: int64 [n, 5], objects that may be drawn.
        where: bool [n, 5], the features to change.
        objects: which classes may be drawn.
        generator: decides.

    Returns:
        int64 [n, 5]. Each changed feature is another class of those allowed, all alike often; it may be the same orientation
        under another number, see `distinct`.

    Raises:
        ShapeError: where is not bool [n, 5].
        RangeError: a feature to change has but one allowed class.
    """
    check_drawing(objects, generator)
    first = check_classes(first)
    check_tensor("the features to change", where, torch.bool, *first.shape)
    other = first.clone()
    for f, allowed in enumerate(objects.allowed):
        changing = where[:, f]
        if len(allowed) < 2 and changing.any():
            raise RangeError(f"{FEATURES[f]} cannot differ: only class {allowed.tolist()} is allowed")
        # Go 1 to len - 1 places on in the circle of allowed classes.
        allowed = allowed.sort().values
        place = torch.searchsorted(allowed, first[changing, f])
        step = torch.randint(1, max(len(allowed), 2), place.shape, generator=generator)
        other[changing, f] = allowed[(place + step) % len(allowed)]
    return other


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Which pictures share a pixel: bool [n] for pictures uint8 [n, 64, 64]."""
    _check_pictures(a, b)
    if len(a) != len(b):
        raise ShapeError(f"there must be as many pictures as others, got {len(a)} and {len(b)}")
    return (a & b).flatten(1).amax(1) > 0


def apart(a: Tensor, b: Tensor) -> Tensor:
    """Which of the pictures a, uint8 [n, 64, 64], share no pixel with which of b, uint8 [m, 64, 64]: bool [n, m], on the CPU."""
    _check_pictures(a, b)
    rows_a, rows_b = _words(a), _words(b)
    shared = torch.zeros(len(a), len(b), dtype=torch.int64)
    both = torch.empty_like(shared)
    # A row of 64 pixels is one integer: three times as fast as a product of matrices of pixels.
    for row_a, row_b in zip(rows_a, rows_b, strict=True):
        shared |= torch.bitwise_and(row_a[:, None], row_b, out=both)
    return shared == 0


def _words(pictures: Tensor) -> Tensor:
    """Pictures uint8 [n, 64, 64] with a bit for a pixel: int64 [64, n]."""
    return torch.from_numpy(np.packbits(pictures.cpu().numpy(), axis=2).view(np.int64)[:, :, 0].T.copy())


def choose(allowed: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A random allowed column for each row of bool [..., n, m].

    Returns:
        Which one, int64 [..., n], and whether there is one, bool [..., n]; where there is none, the first number means nothing.
    """
    check_generator(generator)
    if not isinstance(allowed, Tensor) or allowed.dtype != torch.bool or allowed.ndim < 2 or not allowed.shape[-1]:
        got = f"{allowed.dtype} {list(allowed.shape)}" if isinstance(allowed, Tensor) else type(allowed).__name__
        raise ShapeError(f"what is allowed must be bool [..., n, m], with m at least 1, got {got}")
    best = torch.rand(allowed.shape, generator=generator).masked_fill_(~allowed, -1).max(-1)
    return best.indices, best.values >= 0


@dataclass(frozen=True)
class PairedScenes:
    """Scenes of two objects, and the same scenes with the first object changed.

    Attributes:
        first: int64 [n, 5].
        pair: int64 [n, 5], the first object with the exchanged features changed.
        second: int64 [n, 5], which overlaps neither.
        exchanged: bool [n, 5], the features in which first and pair differ.
    """

    first: Tensor
    pair: Tensor
    second: Tensor
    exchanged: Tensor


def sample_pairs(exchanged: Tensor, objects: Objects, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pairs of objects that differ in the given features and in no other.

    Args:
        exchanged: bool [n, 5].
        objects: what may be drawn, for both.
        generator: decides.

    Returns:
        first and pair, int64 [n, 5] each.

    Raises:
        ShapeError: exchanged is not bool [n, 5].
        NotInPartError: what is asked for does not exist among these objects.

    Example:
        >>> only_shape = torch.tensor([[True, False, False, False, False]])
        >>> first, pair = sample_pairs(only_shape, Objects(), torch.Generator().manual_seed(0))
        >>> (first != pair).tolist()
        [[True, False, False, False, False]]
    """
    check_tensor("exchanged", exchanged, torch.bool, "n", len(FACTORS))
    check_drawing(objects, generator)

    def draw(rows: Tensor) -> Tensor:
        first = objects.sample(len(rows), generator)
        return torch.stack([first, differ(first, exchanged[rows], objects, generator)], 1)

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        return objects.accept(drawn[:, 1]) & _differ_just_in(drawn, exchanged[rows])

    failure = f"no pair of {objects.describe()} that differs in just those features"
    first, pair = draw_until(len(exchanged), draw, accept, failure).unbind(1)
    return first, pair


def sample_paired_scenes(exchanged: Tensor, objects: Objects, generator: torch.Generator) -> PairedScenes:
    """Paired scenes: a first object, its pair that differs in the given features, and a second that overlaps neither.

    The second is chosen from a crowd that all scenes of the batch share, so that hardly any picture is rendered in vain.

    Args:
        exchanged: bool [n, 5].
        objects: what may be drawn, for all three.
        generator: decides.

    Raises:
        ShapeError: exchanged is not bool [n, 5].
        NotInPartError: what is asked for does not exist among these objects.
    """
    check_tensor("exchanged", exchanged, torch.bool, "n", len(FACTORS))
    check_drawing(objects, generator)

    def draw(rows: Tensor) -> Tensor:
        first, pair = sample_pairs(exchanged[rows], objects, generator)
        crowd = objects.sample(len(rows) + 16, generator)
        second, found = choose(apart(objects.render(first) | objects.render(pair), objects.render(crowd)), generator)
        return torch.stack([first, pair, torch.where(found[:, None], crowd[second], -1)], 1)

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        return drawn[:, 2, 0] >= 0

    failure = f"no second object of {objects.describe()} that overlaps neither of a pair"
    scenes = draw_until(len(exchanged), draw, accept, failure)
    first, pair, second = scenes.unbind(1)
    return PairedScenes(first, pair, second, exchanged)


def _differ_just_in(pairs: Tensor, exchanged: Tensor) -> Tensor:
    """Whether the two of each pair [n, 2, 5] look different in the exchanged features [n, 5], and in no other: bool [n]."""
    first, pair = distinct(pairs).unbind(1)
    return ((first != pair) == exchanged).all(1)


def check_drawing(objects: Objects, generator: torch.Generator) -> None:
    if not isinstance(objects, Objects):
        raise DtypeError(f"objects say what may be drawn: Objects(); got {type(objects).__name__}")
    check_generator(generator)


def _check_pictures(*stacks: Tensor) -> None:
    for pictures in stacks:
        check_tensor("pictures", pictures, torch.uint8, "n", SIZE, SIZE)


def one_feature(n: int, generator: torch.Generator) -> Tensor:
    """Exchange masks, bool [n, 5], with one feature each."""
    check_whole("n", n, 0)
    check_generator(generator)
    return torch.nn.functional.one_hot(torch.randint(5, (n,), generator=generator), 5).bool()


def random_subset(n: int, generator: torch.Generator) -> Tensor:
    """Exchange masks, bool [n, 5]: any of the 31 sets of features that are not empty, alike often."""
    check_whole("n", n, 0)
    check_generator(generator)
    return (torch.randint(1, 32, (n, 1), generator=generator) >> torch.arange(5)) % 2 == 1
