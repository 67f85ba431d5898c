"""Which combinations may be drawn: a population of a data set, and how batches are drawn from it.

Everything here is classes, integers on the CPU; a generator decides, and the same generator state gives the same draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import get_args

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError, check_generator, check_tensor, check_whole
from tasks.data.dataset import Dataset
from tasks.data.split import TENTHS, Part, Split
from vsa.errors import DtypeError, RangeError, ShapeError


@dataclass(frozen=True)
class Population:
    """The combinations that may be drawn: of a data set those of the allowed classes that lie in one part of a split.

    Attributes:
        dataset: what they are combinations of.
        part: train, validation or test.
        split: what these parts are.
        allowed: by factor the classes that may be drawn, int64 [n] each; all of them, if they are not given.

    Raises:
        DtypeError, ShapeError, RangeError: something is not as above.
        ExpressionError: the split names what is no factor of the data set.

    Example:
        >>> from tasks.data.circles import Circles
        >>> right = Population(Dataset(Circles()), "test", Split(test="x > 15"))
        >>> right.sample(3, torch.Generator().manual_seed(0)).shape, len(right.every())
        (torch.Size([3, 2]), 512)
    """

    dataset: Dataset
    part: Part = "train"
    split: Split = TENTHS
    allowed: tuple[Tensor, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.dataset, Dataset):
            raise DtypeError(f"dataset must be a tasks.data.Dataset, got {type(self.dataset).__name__}")
        factors = self.dataset.factors
        if isinstance(self.allowed, tuple) and not self.allowed:
            object.__setattr__(self, "allowed", tuple(torch.arange(count) for count in self.dataset.counts))
        if not isinstance(self.allowed, tuple) or len(self.allowed) != len(factors):
            raise ShapeError(
                f"allowed must be a tuple of {len(factors)} tensors of classes ({', '.join(self.dataset.features)}), "
                f"got {self.allowed!r:.200}"
            )
        for factor, classes in zip(factors, self.allowed, strict=True):
            check_tensor(f"the allowed classes of {factor.name}", classes, torch.int64, "n")
            if ((classes < 0) | (classes >= len(factor))).any():
                raise RangeError(
                    f"the allowed classes of {factor.name} must be from 0 to {len(factor) - 1}, got {classes.tolist()[:8]}"
                )
        if not isinstance(self.split, Split):
            raise DtypeError(f"split must be a Split, got {type(self.split).__name__}")
        if not isinstance(self.part, str) or self.part not in get_args(Part):
            raise RangeError(f"part must be one of {', '.join(get_args(Part))}, got {self.part!r}")
        self.split.check(self.dataset)

    def identifiable(self) -> Population | None:
        """Of this population those whose every class can be seen, whatever the others are; None where all are such."""
        classes = self.dataset.identifiable
        return None if classes is None else replace(self, allowed=classes)

    def observe(self, classes: Tensor) -> Tensor:
        """What classes look like, see `Dataset.observe`."""
        return self.dataset.observe(classes)

    def accept(self, classes: Tensor) -> Tensor:
        """Which of the classes [..., F] lie in this part of the split: bool [...]."""
        return self.split.contains(self.part, classes, self.dataset)

    def others(self, classes: Tensor, factor: int) -> Tensor:
        """Which classes of a factor make another combination of this population that looks different, all else as it stands.

        Args:
            classes: int64 [n, F].
            factor: by number.

        Returns:
            bool [n, count], one column for each class of the factor.

        Example:
            >>> from tasks.data.circles import Circles
            >>> right = Population(Dataset(Circles()), "test", Split(test="x > 28"))
            >>> right.others(torch.tensor([[30, 0]]), 0)[0].nonzero()[:, 0].tolist()
            [29, 31]
        """
        count = self.dataset.counts[factor]
        column = classes[:, None].expand(-1, count, -1).clone()
        column[:, :, factor] = torch.arange(count)
        allowed = torch.zeros(count, dtype=torch.bool).index_fill_(0, self.allowed[factor], True)
        looks = self.dataset.distinct(column)[:, :, factor]
        return self.accept(column) & allowed & (looks != self.dataset.distinct(classes)[:, factor, None])

    def anywhere(self) -> Population:
        """The combinations of these classes in all parts of the split."""
        return replace(self, part="train", split=Split("", ""))

    def narrowed(self) -> Population:
        """The same combinations, of each factor the classes alone that they have."""
        every = self.every().long()
        return replace(self, allowed=tuple(column.unique() for column in every.unbind(1)))

    def every(self) -> Tensor:
        """All combinations that may be drawn, integers [m, F]."""
        return _every(self.dataset, self.part, self.split, self.listed())

    def listed(self) -> tuple[tuple[int, ...], ...]:
        """The allowed classes as numbers, by which what is computed of a population can be kept."""
        return tuple(tuple(allowed.tolist()) for allowed in self.allowed)

    def none(self) -> NotInPartError:
        """What to raise where there are none."""
        return NotInPartError(f"no combination of the allowed classes lies in {self.describe()}")

    def describe(self) -> str:
        """The part of the split, for messages."""
        return f"the {self.part} part (validation: {self.split.validation!r}, test: {self.split.test!r})"

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """n independent combinations, int64 [n, F], uniform over those that may be drawn.

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


@lru_cache(maxsize=16)  # a few MB, each
def _every(dataset: Dataset, part: Part, split: Split, allowed: tuple[tuple[int, ...], ...]) -> Tensor:
    """All combinations that may be drawn, [m, F]: listed once, so that a rare one is found as fast as a frequent one."""
    small = torch.uint8 if max(dataset.counts) <= 256 else torch.int16
    columns = [torch.tensor(classes, dtype=small) for classes in allowed]
    every = torch.cartesian_prod(*columns).view(-1, len(columns))
    return every[split.contains(part, every, dataset)]


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


def check_drawing(population: Population, generator: torch.Generator) -> None:
    if not isinstance(population, Population):
        raise DtypeError(f"a population says what may be drawn: Population(dataset); got {type(population).__name__}")
    check_generator(generator)
