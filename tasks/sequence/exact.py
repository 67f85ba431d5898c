"""The exact judge of clips that are composed of layers: which variants, which motion and which cells a clip is nearest to.

It compares a clip with every composition there is, and misses none. A pixel depends on few layers: on the hair and, where some
hair does not cover it, on the top, say. So the pixels of a cell are grouped by the layers that they depend on. The squared
distance from all compositions is a sum over groups, and that of a group is one matrix product with the few looks that it has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.layers import OPAQUE, Layers, over
from tasks.sequence.measurable import check_values
from vsa.errors import DtypeError, RangeError, ShapeError, choices

if TYPE_CHECKING:
    from jaxtyping import Bool, Float64, Int64, Shaped

CLEAN = 0.002
"""A clip is clean if its squared error, averaged over its values from 0 to 1, is at most this from the nearest composition."""

MOST = 2**14
"""Of so many characters at most the looks are listed."""

CHUNK = 64
"""Clips that are judged at once."""


class Clips(NamedTuple):
    """What clips are nearest to as a whole: one character in one motion from its first frame to its last.

    Attributes:
        classes: int64 [B, F], of all factors.
        errors: float64 [B], the squared error from that composition, averaged over all values of the clip, which are 0 to 1.
    """

    classes: Tensor
    errors: Tensor


class Poses(NamedTuple):
    """What clips are nearest to where one character may be in any cell in each frame, so that the motion is free.

    Attributes:
        variants: int64 [B, layers], of every layer, those without a choice too.
        cells: int64 [B, T]; of cells that look alike for this character the first.
        errors: float64 [B], the squared error a value.
    """

    variants: Tensor
    cells: Tensor
    errors: Tensor


class Frames(NamedTuple):
    """What frames are nearest to, each by itself: any character in any cell.

    Attributes:
        variants: int64 [B, T, layers].
        cells: int64 [B, T]; of cells that look alike for this character the first.
        errors: float64 [B, T], the squared error a value.
    """

    variants: Tensor
    cells: Tensor
    errors: Tensor


@dataclass(frozen=True)
class _Group:
    """Pixels of a cell that depend on the same layers.

    Attributes:
        shape: for each layer the number of its variants, or 1 where the pixels do not depend on it.
        values: int64 [v], which of the numbers of a frame.
        looks: uint8 [k, v], all looks, in the order of the variants.
        squares: float64 [k], the sum of their squares.
    """

    shape: tuple[int, ...]
    values: Tensor
    looks: Tensor
    squares: Tensor


class ExactJudge:
    """The nearest composition of any clip, among all that a data set of layers has, whole or frame by frame.

    Nothing is estimated: the distance from every composition is computed, in double precision. Of compositions that are equally
    near the first is taken. With one thread it judges some 350 whole clips of eight 64 x 64 frames a second, and 90 where
    the cells are free.

    Args:
        dataset: whose member `layers` is a `tasks.data.layers.Layers`. A layer of more than one variant is the factor of its
            name. One more factor is the motion.

    Attributes:
        features: the names of the factors that it knows.

    Raises:
        RangeError: the data set has no layers, or these are not its factors, or make more characters than can be listed.

    Example:
        >>> from tasks.data import open_dataset
        >>> cast = open_dataset("cast")
        >>> judge = ExactJudge(cast)
        >>> found = judge.nearest_clips(cast.observe(torch.tensor([[1, 2, 3, 4, 8]])))
        >>> found.classes.tolist(), round(found.errors.item(), 9)
        ([[1, 2, 3, 4, 8]], 0.0)
    """

    def __init__(self, dataset: Dataset) -> None:
        layers = getattr(dataset.given, "layers", None) if isinstance(dataset, Dataset) else None
        name = dataset.name if isinstance(dataset, Dataset) else type(dataset).__name__
        if not isinstance(layers, Layers):
            raise RangeError(f"the exact judge compares clips with compositions of layers, and the data set {name} has none")
        chosen = [k for k, picture in enumerate(layers.pictures) if len(picture) > 1]
        others = [f for f, feature in enumerate(dataset.features) if feature not in layers.names]
        found = {layers.names[k]: len(layers.pictures[k]) for k in chosen} | {
            dataset.features[f]: len(layers.frames) for f in others
        }
        if len(others) != 1 or found != dict(zip(dataset.features, dataset.counts, strict=True)):
            raise RangeError(
                f"the exact judge wants a factor for each layer with variants, and one for the motion; {name} has the factors "
                f"{', '.join(dataset.features)}, and layers with variants are {', '.join(layers.names[k] for k in chosen)}"
            )
        self.dataset, self.layers, self.features = dataset, layers, dataset.features
        self.motion = others[0]
        self._variants = tuple(len(picture) for picture in layers.pictures)
        self._factor_of = {k: dataset.features.index(layers.names[k]) for k in chosen}
        if math.prod(self._variants) > MOST:
            raise RangeError(f"the exact judge lists at most {MOST:,} characters, and {name} has {math.prod(self._variants):,}")
        self._known: dict[int, list[_Group]] = {}

    def read(self, clips: Shaped[Tensor, "n t c h w"], *features: str) -> dict[str, Tensor]:
        """By the name of a factor its class, int64 [B], in the nearest whole clip; of all factors if none is named.

        Raises:
            RangeError: it knows no such factor; or a pixel is no number from 0 to 1.
            DtypeError, ShapeError: these are no clips of this size.
        """
        for feature in features:
            if feature not in self.features:
                raise RangeError(
                    f"the exact judge of {self.dataset.name} knows no factor {feature!r:.100}; {choices(feature, self.features)}"
                )
        classes = self.nearest_clips(clips).classes
        return {feature: classes[:, self.features.index(feature)] for feature in features or self.features}

    @torch.inference_mode()
    def nearest_clips(self, clips: Shaped[Tensor, "n t c h w"]) -> Clips:
        """The nearest of all whole clips of the data set: one character in one motion, from its first frame on.

        Args:
            clips: [B, T, 3, H, W] of T frames as the motions have, floating point numbers from 0 to 1, or uint8.

        Raises:
            RangeError: a pixel is no number from 0 to 1.
            DtypeError, ShapeError: these are no clips of this size.
        """
        clips, frames = self._checked(clips), self.layers.frames
        if clips.shape[1] != frames.shape[1]:
            raise ShapeError(f"clips of {self.dataset.name} have {frames.shape[1]} frames, got {clips.shape[1]}")
        parts = [self._whole(part) for part in clips.split(CHUNK)]
        return Clips(torch.cat([part.classes for part in parts]), torch.cat([part.errors for part in parts]))

    @torch.inference_mode()
    def nearest_poses(self, clips: Shaped[Tensor, "n t c h w"]) -> Poses:
        """The nearest of all sequences of cells of one character: the attributes stay, the cell of each frame is free.

        Args:
            clips: as for `nearest_clips`, but of any number of frames.
        """
        return self._free(clips)[0]

    @torch.inference_mode()
    def nearest_frames(self, clips: Shaped[Tensor, "n t c h w"]) -> Frames:
        """The nearest composition of each frame by itself, any character in any cell.

        Args:
            clips: as for `nearest_clips`, but of any number of frames.
        """
        return self._free(clips)[1]

    def clean(self, clips: Shaped[Tensor, "n t c h w"], within: float = CLEAN) -> Bool[Tensor, " n"]:
        """Which clips show one character throughout, in cells that there are, in whatever order: bool [B].

        A motion may begin anywhere, and turn into another one. The error is that of `nearest_poses`. For clips that show a whole
        motion from its first frame on, compare the errors of `nearest_clips`. What is small is within that error whatever it
        shows: a clip of the cast whose skin changes halfway is clean.

        Args:
            clips: as for `nearest_clips`, but of any number of frames.
            within: the squared error a value that is allowed.
        """
        return self.nearest_poses(clips).errors <= within

    def in_place(
        self, variants: Int64[Tensor, "n layers"], motions: Int64[Tensor, " n"], cells: Int64[Tensor, "n t"]
    ) -> Bool[Tensor, "n t"]:
        """Whether cells look as those that these motions have at these places, of these characters: bool [B, T].

        Args:
            variants, cells: as `nearest_poses` gives them.
            motions: int64 [B], those that are asked about.
        """
        right = self.layers.frames[motions]
        off = right != cells
        shown = variants[:, None].expand(-1, right.shape[1], -1)[off]
        same = ~off
        same[off] = (self.layers.compose(shown, right[off]) == self.layers.compose(shown, cells[off])).flatten(1).all(1)
        return same

    def _checked(self, clips: Tensor) -> Tensor:
        size = self.layers.pictures[0].shape[-2:]
        wanted = f"[B, T, 3, {', '.join(map(str, size))}]"
        if not isinstance(clips, Tensor):
            raise DtypeError(f"clips must be a tensor {wanted}, got {type(clips).__name__}")
        if clips.ndim != 5 or clips.shape[2] != 3 or clips.shape[3:] != size or not clips.shape[1]:
            raise ShapeError(f"clips of {self.dataset.name} must be {wanted}, got {list(clips.shape)}")
        return check_values(clips.detach().cpu())

    def _whole(self, clips: Tensor) -> Clips:
        frames, seen = self.layers.frames, _numbers(clips)
        totals = torch.zeros(len(clips), len(frames), math.prod(self._variants), dtype=torch.float64)
        for t in range(frames.shape[1]):
            columns = seen[:, t].T.contiguous()  # whole rows are then taken of it, which is ten times as fast
            for cell in frames[:, t].unique().tolist():
                totals[:, frames[:, t] == cell] += self._distances(cell, columns)[:, None]
        least, best = totals.flatten(1).min(1)
        variants = self._unravelled(best % totals.shape[2])
        classes = torch.zeros(len(clips), len(self.features), dtype=torch.int64)
        classes[:, self.motion] = best // totals.shape[2]
        for k, f in self._factor_of.items():
            classes[:, f] = variants[:, k]
        return Clips(classes, self._errors(least, seen))

    def _free(self, clips: Tensor) -> tuple[Poses, Frames]:
        clips = self._checked(clips)
        parts = [self._free_part(part) for part in clips.split(CHUNK)]
        poses, frames = zip(*parts, strict=True)
        return Poses(*map(torch.cat, zip(*poses, strict=True))), Frames(*map(torch.cat, zip(*frames, strict=True)))

    def _free_part(self, clips: Tensor) -> tuple[Poses, Frames]:
        n, t = clips.shape[:2]
        seen = _numbers(clips)
        columns = seen.flatten(0, 1).T.contiguous()
        least = torch.full((n * t, math.prod(self._variants)), math.inf, dtype=torch.float64)
        where = torch.zeros(least.shape, dtype=torch.int16)
        for cell in range(self.layers.pictures[0].shape[1]):
            distance = self._distances(cell, columns)
            where.masked_fill_(distance < least, cell)
            torch.minimum(least, distance, out=least)
        alone, each = least.min(1)
        cells = where.gather(1, each[:, None]).long().view(n, t)
        errors = self._errors(alone.view(n, t), seen)
        frames = Frames(self._unravelled(each).view(n, t, len(self._variants)), cells, errors)
        total, one = least.view(n, t, least.shape[1]).sum(1).min(1)
        shown = where.view(n, t, least.shape[1]).gather(2, one[:, None, None].expand(-1, t, -1))[..., 0].long()
        return Poses(self._unravelled(one), shown, self._errors(total, seen)), frames

    def _errors(self, distances: Tensor, seen: Tensor) -> Float64[Tensor, "*n"]:
        """Mean squared errors, of distances that lack the squares of the pictures, summed over all frames or of each."""
        squares = seen.square().sum(-1)
        squares = squares if distances.ndim == 2 else squares.sum(1)
        values = seen.shape[2] if distances.ndim == 2 else seen.shape[1] * seen.shape[2]
        return (squares + distances).clamp(min=0) / (values * OPAQUE**2)

    def _unravelled(self, numbers: Tensor) -> Int64[Tensor, "n layers"]:
        """The variants of all layers of a character's number."""
        found = []
        for count in reversed(self._variants):
            found.append(numbers % count)
            numbers = numbers // count
        return torch.stack(found[::-1], -1)

    def _distances(self, cell: int, columns: Float64[Tensor, "v n"]) -> Float64[Tensor, "n k"]:
        """The squared distance of pictures, a column each, from all characters in a cell, but for the pictures' own squares."""
        n = columns.shape[1]
        tables: dict[tuple[int, ...], Tensor] = {}
        for group in self._groups(cell):
            table = group.squares - 2 * (group.looks.double() @ columns[group.values]).T
            tables[group.shape] = table.view(n, *group.shape)
        # Small tables are added to larger ones that have their layers, so that few sums are over all characters.
        total = tables.pop(self._variants, torch.zeros(n, *self._variants, dtype=torch.float64))
        waiting = sorted(tables, key=math.prod)
        for k, shape in enumerate(waiting):
            larger = (other for other in waiting[k + 1 :] if all(a in (1, b) for a, b in zip(shape, other, strict=True)))
            if (other := next(larger, None)) is None:
                total = total + tables[shape]
            else:
                tables[other] = tables[other] + tables[shape]
        return total.flatten(1)

    def _groups(self, cell: int) -> list[_Group]:
        if cell not in self._known:
            self._known[cell] = _grouped(self.layers, cell, self._variants)
        return self._known[cell]


def _numbers(clips: Tensor) -> Float64[Tensor, "n t v"]:
    """Clips with their values 0 to 255."""
    return (clips.double() if clips.dtype == torch.uint8 else clips.double() * OPAQUE).flatten(2)


def _grouped(layers: Layers, cell: int, variants: tuple[int, ...]) -> list[_Group]:
    """The pixels of a cell, grouped by the layers that they depend on; those that are always black are left out."""
    painted = [picture[:, cell] for picture in layers.pictures]
    drawn = torch.stack([(picture[:, 3] > 0).any(0) for picture in painted]).any(0).flatten().nonzero()[:, 0]
    seen = torch.zeros(3, 1, len(drawn), dtype=torch.uint8)
    for picture in painted:
        front = picture.flatten(2)[:, :, None, drawn].expand(*seen.shape[:-3], -1, -1, -1, -1)
        seen = over(front.contiguous(), seen[..., None, :, :, :].expand(*front.shape[:-3], *seen.shape[-3:]).contiguous())
    looks = seen[..., 0, :]  # [*variants, 3, pixels]
    depends = torch.stack([(looks != looks.narrow(k, 0, 1)).flatten(0, -2).any(0) for k in range(len(variants))], 1)
    groups = []
    size = layers.pictures[0].shape[-2:].numel()
    for kind in depends.unique(dim=0):
        inside = (depends == kind).all(1).nonzero()[:, 0]
        shape = tuple(count if uses else 1 for count, uses in zip(variants, kind.tolist(), strict=True))
        part = looks[tuple(slice(count) for count in shape)][..., inside].reshape(math.prod(shape), -1)
        values = (torch.arange(3)[:, None] * size + drawn[inside]).flatten()
        groups.append(_Group(shape, values, part, part.double().square().sum(1)))
    return groups
