"""The frames of clips as pictures: what a data set of clips shows, one frame at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.factor import Factor, counted
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Int64

FRAME = "frame"
"""The name of the factor that a picture has beside those of its clip."""

CHUNK = 256
"""Clips that are looked at at once."""


class Frames:
    """Single frames of clips, with one factor more than the clips: which frame it is.

    Frames of a clip may look the same, as where a motion comes back to where it began; the first of them stands for all, see
    `canonical`. So split them by what stays in a clip, as the splits of the clips do, or the same picture may lie in two parts.
    Frames of different clips shall look different, or nobody can say of a frame which clip it is of.

    Args:
        clips: a data set of clips, of which no factor is called frame.

    Raises:
        ShapeError: observations are no clips.
        RangeError: a factor is called frame.

    Example:
        >>> from tasks.data.cast.figures import Cast
        >>> frames = Dataset(Frames(Dataset(Cast())))
        >>> frames.features[-2:], frames.counts[-2:], frames.picture
        (('motion', 'frame'), (9, 8), (3, 64, 64))
    """

    def __init__(self, clips: Dataset) -> None:
        if FRAME in (*clips.features, *clips.numbers):
            raise RangeError(f"the data set {clips.name} has a factor or a number {FRAME!r} of its own")
        self.clips, (self.length, *shape) = clips, clips.clip
        self.name = f"{clips.name}-frames"
        self.factors = (*clips.factors, Factor(FRAME, range(self.length), ordered=False))
        self.shape = tuple(shape)
        given: Any = clips.given
        self.splits: Mapping[str, Any] = getattr(given, "splits", {})
        self.numbers: Mapping[str, Callable[[Tensor], Tensor]] = {
            name: lambda classes, name=name: clips.number(name, classes[..., :-1]) for name in clips.numbers
        }

    def observe(self, classes: Int64[Tensor, "n f"]) -> Tensor:
        """The frames [n, C, H, W], as the clips have them."""
        some = [self.clips.observe(part[:, :-1])[torch.arange(len(part)), part[:, -1]] for part in classes.split(CHUNK)]
        return torch.cat(some) if some else torch.zeros(0, *self.shape)

    def canonical(self, classes: Int64[Tensor, "*n f"]) -> Int64[Tensor, "*n f"]:
        """The clip that stands for those that look alike, and the first of its frames that look the same."""
        return self._first(self.clips.canonical(classes[..., :-1]), classes[..., -1])

    def distinct(self, classes: Int64[Tensor, "*n f"]) -> Int64[Tensor, "*n f"]:
        """The clip that stands for the very same ones. Its frames are told apart: to look at all would take long."""
        return torch.cat([self.clips.distinct(classes[..., :-1]), classes[..., -1:]], -1)

    def _first(self, clips: Tensor, frames: Tensor) -> Tensor:
        number = counted(clips, self.clips.counts)
        every = number.unique()
        for part in every[self._same[every, 0] < 0].split(CHUNK):
            self._same[part] = self._look(torch.stack(torch.unravel_index(part, self.clips.counts), -1))
        return torch.cat([clips, self._same[number, frames][..., None].long()], -1)

    def _look(self, classes: Tensor) -> Tensor:
        """For each frame of these clips the first one that is the same, int16 [n, T]."""
        seen = self.clips.observe(classes).flatten(2)
        same = torch.stack([(seen == seen[:, t, None]).all(2) for t in range(self.length)], 1)
        return same.byte().argmax(2).to(torch.int16)

    @cached_property
    def _same(self) -> Tensor:
        """By the number of a clip and the frame, the first frame that is the same; -1 where nobody has looked yet."""
        return torch.full((int(torch.tensor(self.clips.counts).prod()), self.length), -1, dtype=torch.int16)
