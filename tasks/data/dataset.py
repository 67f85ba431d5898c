"""The checked form of a data set, in which everything else takes it, and the data set of a name.

What a data set has to have is in observable.py. Nothing outside of a data set's own file knows its factors.
"""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tasks.data.answers import as_alternatives, as_classes, as_number, as_observed, as_steps
from tasks.data.checks import MOST, check_readable
from tasks.data.declaration import as_dynamic, as_identifiable, as_numbers, as_splits
from tasks.data.declared import Declared
from tasks.data.observable import Observable
from vsa import load
from vsa.errors import DtypeError, PluginError, RangeError, ShapeError, choices

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64, Integer, Shaped

PROBED = 64
"""Observations that are looked at when a data set is opened."""

TRIED = 8
"""On so many of them `steps_off` and `alternatives` are tried."""

LISTED = 2**17
"""A data set of at most so many combinations can be searched whole,"""

MOST_NUMBERS = 2**28
"""if its observations hold at most so many numbers, because all of them are kept, which takes 1 GiB."""

MOST_COMBINATIONS = 2**24
"""So many combinations a data set may have, because those of a part are listed."""


class Dataset(Declared):
    """A data set whose declaration was checked: what tasks, splits, measurements and figures take.

    Args:
        given: the data set.

    Attributes:
        name: of the data set.
        factors: its factors.
        features: their names.
        counts: how many classes each has.
        shape: of an observation: channels, height, width; of a clip the number of frames before these.
        binary: whether every pixel is 0 or 1.
        identifiable: by factor, those of its classes of which no two look alike, whatever the others are; None if all are such.
        numbers: the names of the numbers that it gives its combinations, see `number`.
        splits: by name, what is held out of the training.
        dynamic: the names of the factors that change within a clip, if it says so of any.

    Raises:
        PluginError: it lacks a member.
        DtypeError, ShapeError, RangeError: its members contradict one another; the message says which.

    Example:
        >>> from tasks.data.circles import Circles
        >>> circles = Dataset(Circles())
        >>> circles.features, circles.shape, circles.observe(torch.tensor([[0, 0]])).dtype
        (('x', 'y'), (3, 64, 64), torch.float32)
    """

    def __init__(self, given: Observable) -> None:
        for member in ("name", "factors", "shape", "observe", "canonical"):
            if not hasattr(given, member):
                raise PluginError(f"the data set {type(given).__name__} has no {member!r}; see tasks.data.Observable")
        self.given: Any = given  # it may have more than it must
        if not isinstance(given.name, str) or not given.name.strip():
            raise DtypeError(f"the name of the data set {type(given).__name__} must be a text, got {given.name!r:.100}")
        super().__init__(given.name, given.factors, given.shape)
        if math.prod(self.counts) > MOST_COMBINATIONS:
            raise RangeError(
                f"the data set {self.name} has {math.prod(self.counts):,} combinations, of at most {MOST_COMBINATIONS:,}"
            )
        self.binary, self.white = False, 255
        self.floating: bool | None = None
        probed, kept = self._probe(), self._probe()
        seen = self._observed(probed)
        self.floating = seen.is_floating_point()
        if not seen.is_floating_point() and (seen <= 1).all():
            self.white = 1
        self.binary = self.white == 1
        self._scaled(seen)
        if not torch.equal(self.canonical(self.canonical(probed)), self.canonical(probed)):
            raise self.wrong("canonical(canonical(classes)) differs from canonical(classes)")
        looks = self.distinct(probed)
        if not torch.equal(self.distinct(looks), looks):
            raise self.wrong("distinct(distinct(classes)) differs from distinct(classes)")
        if not torch.equal(probed, kept):
            raise self.wrong("observe, canonical or distinct changes the classes that it is given")
        if not torch.equal(seen, self._observed(probed)):
            raise self.wrong("observe gives the same classes another look the second time")
        if hasattr(given, "distinct") and not torch.equal(seen, self._observed(looks)):
            raise self.wrong("observe gives classes another look than distinct(classes), which stand for the very same one")
        self._numbers = as_numbers(self.name, self.features, getattr(given, "numbers", {}))
        self.numbers = tuple(self._numbers)
        for name in self.numbers:
            if not torch.equal(self.number(name, probed), self.number(name, kept)) or not torch.equal(probed, kept):
                raise self.wrong(f"the number {name!r} of the same classes is another one the second time, or changes them")
        self.identifiable = as_identifiable(self.name, self.factors, getattr(given, "identifiable", None))
        self.splits = as_splits(self.name, getattr(given, "splits", {}))
        self.dynamic = as_dynamic(self.name, self.features, self.shape, getattr(given, "dynamic", ()))
        self._try_judge(probed[:TRIED])

    def __repr__(self) -> str:
        factors = ", ".join(f"{factor.name} {len(factor)}" for factor in self.factors)
        return f"Dataset({self.name!r}: {factors}; {list(self.shape)})"

    @property
    def moves(self) -> Bool[Tensor, " f"]:
        """By factor, whether it changes within a clip: those of `dynamic`."""
        return torch.tensor([feature in self.dynamic for feature in self.features])

    def check_classes(self, classes: Tensor) -> Tensor:
        """The classes [..., F] as int64, if they are classes of this data set.

        Raises:
            DtypeError: they are not integers.
            ShapeError: the last dimension is not F.
            RangeError: a class is negative or too large; the message says which.
        """
        wanted = f"[..., {len(self.factors)}] ({', '.join(self.features)})"
        if not isinstance(classes, Tensor):
            raise DtypeError(f"classes must be a tensor of integers {wanted}, got {type(classes).__name__}")
        if classes.is_floating_point() or classes.is_complex() or classes.dtype == torch.bool:
            raise DtypeError(f"classes must be integers, got {classes.dtype}")
        if classes.ndim == 0 or classes.shape[-1] != len(self.factors):
            raise ShapeError(f"classes must be {wanted}, got {list(classes.shape)}")
        check_readable("classes", classes)
        if classes.numel() > MOST * len(self.factors):
            raise RangeError(f"classes: at most {MOST} objects at once, got {classes.numel() // len(self.factors)}")
        classes = classes.long()
        wrong = (classes < 0) | (classes >= torch.tensor(self.counts, device=classes.device))
        if wrong.any():
            where = wrong.nonzero()[0]
            factor = self.factors[int(where[-1])]
            raise RangeError(
                f"the class of {factor.name} must be from 0 to {len(factor) - 1}, got {int(classes[tuple(where)])} "
                f"at index {where.tolist()}"
            )
        return classes

    def observe(self, classes: Integer[Tensor, "n f"]) -> Shaped[Tensor, "n *shape"]:
        """What classes look like: uint8, 0 and 1, where every pixel is on or off; else float32 from 0 to 1.

        Raises:
            DtypeError, ShapeError, RangeError: they are no classes; or the data set gives something else than it declares.
        """
        return self._scaled(self._observed(classes))

    def canonical(self, classes: Integer[Tensor, "*n f"]) -> Int64[Tensor, "*n f"]:
        """Of classes those that stand for all that look alike."""
        return self._same_shape("canonical", self.check_classes(classes))

    def distinct(self, classes: Integer[Tensor, "*n f"]) -> Int64[Tensor, "*n f"]:
        """Of classes those that stand for all that are the very same observation."""
        return self._same_shape("distinct" if hasattr(self.given, "distinct") else "canonical", self.check_classes(classes))

    def number(self, name: str, classes: Integer[Tensor, "*n f"]) -> Int64[Tensor, "*n"]:
        """A number of each combination, by which splits cut what no comparison of single factors can: `character >= 1000`.

        The data set gives such numbers a name. A published permutation is one, say: the place that it gives each combination,
        or each combination of some factors.

        Args:
            name: of the number, one of `numbers`.
            classes: integers [..., F].

        Raises:
            RangeError: there is no such number.
            DtypeError, ShapeError: the data set gives something else than one integer for each combination.

        Example:
            >>> from tasks.data.circles import Circles
            >>> class Numbered(Circles):
            ...     numbers = {"diagonal": lambda classes: classes.sum(-1)}
            >>> Dataset(Numbered()).number("diagonal", torch.tensor([[3, 4], [0, 31]])).tolist()
            [7, 31]
        """
        if name not in self._numbers:
            raise RangeError(f"the data set {self.name} gives no number {name!r:.100}; {choices(str(name), self.numbers)}")
        return as_number(self.name, name, self._numbers[name](self.check_classes(classes)), tuple(classes.shape[:-1]))

    @cached_property
    def scattering(self) -> tuple[int, ...]:
        """By factor, how many of its classes are distinct."""
        counts = []
        for f, count in enumerate(self.counts):
            classes = torch.zeros(count, len(self.counts), dtype=torch.int64)
            classes[:, f] = torch.arange(count)
            counts.append(int(self.distinct(classes)[:, f].max()) + 1 if hasattr(self.given, "distinct") else count)
        return tuple(counts)

    def steps_off(
        self, found: Int64[Tensor, "n f"], right: Int64[Tensor, "n f"], sources: Int64[Tensor, "n f f"] | None = None
    ) -> Float[Tensor, "n f"]:
        """By how many steps of the grid found classes look unlike the right ones, factor by factor.

        Args:
            found: int64 [n, F]; one of -1 was not found, which is infinitely far.
            right: int64 [n, F].
            sources: int64 [n, F, F], for each factor the classes of the object whose look said what is right.
        """
        if hasattr(self.given, "steps_off"):
            off = as_steps(self.name, self.given.steps_off(found, right, sources), tuple(right.shape))
        else:
            off = (found - right).abs()
            periodic = torch.tensor([factor.periodic for factor in self.factors])
            off = torch.where(periodic, torch.minimum(off, torch.tensor(self.counts) - off), off).float()
        return off.masked_fill(found < 0, math.inf)

    def alternatives(
        self, classes: Int64[Tensor, "n f"], sources: Int64[Tensor, "n f f"] | None = None
    ) -> Shaped[Tensor, "n a *shape"]:
        """All observations that are right for classes, of which it cannot be known which is meant; that of the classes is first.

        Args:
            classes: int64 [n, F].
            sources: int64 [n, F, F], for each factor the classes of the object whose look says what it is.
        """
        if hasattr(self.given, "alternatives"):
            sources = classes[:, None].expand(-1, len(self.counts), -1) if sources is None else sources
            seen = self.given.alternatives(classes, sources)
            return self._scaled(as_alternatives(self.name, seen, len(classes), self.shape, bool(self.floating)))
        return self.observe(classes)[:, None]

    @property
    def searchable(self) -> bool:
        """Whether `nearest` can say what a picture is most like."""
        combinations = math.prod(self.counts)
        return hasattr(self.given, "nearest") or (combinations <= LISTED and combinations * math.prod(self.shape) <= MOST_NUMBERS)

    def nearest(self, pictures: Shaped[Tensor, "n *shape"]) -> Int64[Tensor, "n f"]:
        """The classes whose observation is most like each picture: what the data set says, else that of least squared distance.

        Raises:
            ShapeError: the pictures are not of the shape of its observations.
            RangeError: the data set is too large to search, and has no `nearest` of its own.
        """
        if tuple(pictures.shape[1:]) != self.shape:
            kind = "pictures" if self.frames is None else "clips"
            raise ShapeError(f"{kind} of {self.name} are [n, {', '.join(map(str, self.shape))}], got {list(pictures.shape)}")
        if hasattr(self.given, "nearest"):
            found = self.given.nearest(pictures)
            shape = (len(pictures), len(self.counts))
            return as_classes(self.name, "nearest(pictures)", found, shape, self.check_classes)
        if not self.searchable:
            raise RangeError(f"{self.name} has too many combinations to look for the one that a picture is most like")
        every, looks = self._listed
        seen = pictures.flatten(1).float()
        # The squared distance, but for the picture's own square, is one product of matrices.
        distance = looks.square().sum(1) - 2 * seen @ looks.T
        return self.canonical(every[distance.argmin(1)])

    @cached_property
    def _listed(self) -> tuple[Tensor, Tensor]:
        every = torch.cartesian_prod(*(torch.arange(count) for count in self.counts)).view(-1, len(self.counts))
        return every, torch.cat([self.observe(part).flatten(1).float() for part in every.split(1024)])

    def crisp(self, pictures: Shaped[Tensor, "*n c h w"]) -> Shaped[Tensor, "*n c h w"]:
        """What pictures show, to be compared with `iou`: which pixels are on where pixels are on or off, else their values.

        Raises:
            ShapeError: observations are no pictures but clips, of which the IoU is not defined.
        """
        _ = self.picture
        return pictures > 0.5 if self.binary else pictures.float()

    def mask(self, pictures: Shaped[Tensor, "n *shape"]) -> Bool[Tensor, "n h w"]:
        """Where pictures are not background, which is black.

        Raises:
            ShapeError: observations are no pictures but clips.
        """
        _ = self.picture
        on = pictures > 0
        return on.squeeze(-3) if on.shape[-3] == 1 else on.any(-3)

    def wrong(self, what: str) -> RangeError:
        """What to raise where the data set contradicts itself."""
        return RangeError(f"the data set {self.name} contradicts itself: {what}")

    def _probe(self) -> Int64[Tensor, "n f"]:
        """Some combinations, the first and the last among them."""
        generator = torch.Generator().manual_seed(0)
        random = torch.stack([torch.randint(count, (PROBED - 2,), generator=generator) for count in self.counts], 1)
        ends = torch.stack([torch.zeros(len(self.counts), dtype=torch.int64), torch.tensor(self.counts) - 1])
        return torch.cat([ends, random])

    def _observed(self, classes: Tensor) -> Tensor:
        """What the data set gives, if it is of the shape that it declares, and of a dtype that it may have."""
        classes = self.check_classes(classes)
        seen = as_observed(self.name, self.given.observe(classes), len(classes), self.shape)
        if seen.is_floating_point() and self.floating is False:
            raise self.wrong("observe gave uint8 at first, and floating point numbers now")
        if not seen.is_floating_point() and self.floating:
            raise self.wrong("observe gave floating point numbers at first, and uint8 now")
        return seen

    def _scaled(self, seen: Tensor) -> Tensor:
        """Observations from 0 to 1, if they are what was seen when the data set was opened."""
        if seen.is_floating_point():
            if seen.numel():
                low, high = (value.item() for value in seen.aminmax())
                if not (low >= 0 and high <= 1):  # a NaN is neither
                    raise self.wrong(f"observations that are floating point numbers go from 0 to 1, got {low:g} to {high:g}")
            return seen.float()
        if not self.binary:
            return seen.float() / 255
        if seen.numel() and seen.max() > 1:
            raise self.wrong(f"every pixel was 0 or 1 at first, and one is {int(seen.max())} now")
        return seen

    def _try_judge(self, classes: Tensor) -> None:
        """Try the optional members on a few classes. `nearest` is not asked: a search may take long; its answers are checked."""
        sources, kept = classes[:, None].expand(-1, len(self.counts), -1), classes.clone()
        for given in (None, sources):
            self.steps_off(classes, classes.flip(0), given)
            if not torch.equal(self.alternatives(classes, given)[:, 0], self.observe(classes)):
                raise self.wrong("the first of alternatives(classes, sources) is not what observe(classes) gives")
        if not torch.equal(classes, kept):
            raise self.wrong("steps_off or alternatives changes the classes that it is given")

    def _same_shape(self, member: str, classes: Tensor) -> Tensor:
        found = getattr(self.given, member)(classes)
        return as_classes(self.name, f"{member}(classes)", found, tuple(classes.shape), self.check_classes)


def open_dataset(name: str, data: Path | None = None) -> Dataset:
    """The data set of a name.

    Args:
        name: a built-in name, that of a plugin, or "package.module:Class".
        data: where its files are, for those that are read from files.

    Raises:
        PluginError: there is none, it cannot be made, or it is no data set.
        DtypeError, ShapeError, RangeError: it contradicts itself.
        InputError: its files cannot be read.

    Example:
        >>> open_dataset("circles").counts
        (32, 32)
    """
    made: Any = load("dataset", name)
    try:
        given = made() if data is None else made(data)
    except TypeError as error:
        how = "without arguments" if data is None else f"with the path {data}"
        raise PluginError(f"the data set {name!r} cannot be made {how}: {error}") from error
    return given if isinstance(given, Dataset) else Dataset(given)
