"""The exact renderer as a judge of clips: which clip of a coloured sprite is nearest, as a whole or frame by frame.

The squared distance of a clip x from the clip of a colour c and masks m is the sum of the squares of x, which is the same for all
clips, and |c|^2 area(m) - 2 c . s, where s is the sum of each channel of x over m. So a colour costs nothing, and what has to be
found is s. A row of a mask is a run of pixels, or two: s is a sum of differences between both ends of the runs in the cumulative
sums of the rows, about fifty numbers for a mask in place of 4,096. Nothing is left out and nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from tasks.data.dsprites.renderer import render

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

CHUNK = 64
"""Clips that are compared at once."""


class Masks(NamedTuple):
    """The different masks of one frame, as the ends of the runs in their rows.

    Attributes:
        which: int64 [K], which of the U masks each combination shows.
        first: int64 [U], the first combination that shows a mask.
        ends: int64 [E], of all masks one after the other, where runs begin and end, as places in rows of 65 cumulative sums.
        signs: float32 [E], 1 at the end of a run and -1 where it begins.
        start: int64 [U], where the ends of each mask begin.
        area: float32 [U].
    """

    which: Tensor
    first: Tensor
    ends: Tensor
    signs: Tensor
    start: Tensor
    area: Tensor

    def sums(self, frames: Float[Tensor, "n 3 64 64"]) -> Float[Tensor, "masks n 3"]:
        """The sum of each channel of each frame over each mask."""
        cumulative = pad(frames.cumsum(-1), (1, 0)).permute(2, 3, 0, 1).flatten(2).flatten(0, 1)
        found = embedding_bag(self.ends, cumulative.contiguous(), self.start, mode="sum", per_sample_weights=self.signs)
        return found.unflatten(1, frames.shape[:2])


class NearestClip:
    """Finds the nearest clip among those of some combinations in all colours.

    Args:
        states: int64 [K, T, 5], the classes of the sprite in every frame of each combination.
        colours: float32 [C, 3], 0 to 1.

    Example:
        >>> states = torch.tensor([[[0, 5, 0, 3, 3], [0, 5, 0, 9, 3]], [[0, 5, 0, 3, 3], [0, 5, 0, 3, 9]]])
        >>> colours = torch.eye(3)
        >>> clips = render(states[1])[None, :, None].float() * colours[2, :, None, None]
        >>> [found.tolist() for found in NearestClip(states, colours).whole(clips)]
        [[2], [1]]
    """

    def __init__(self, states: Int64[Tensor, "k t 5"], colours: Float[Tensor, "c 3"]) -> None:
        self.colours = colours
        self.frames = [masks_of(frame) for frame in states.unbind(1)]

    @torch.inference_mode()
    def whole(self, clips: Float[Tensor, "n t 3 64 64"]) -> tuple[Int64[Tensor, " n"], Int64[Tensor, " n"]]:
        """The colour and the combination of the nearest clip."""
        found = [self._nearest(sums, area) for sums, area in self._whole(clips)]
        return _joined([colour for colour, _ in found]), _joined([which for _, which in found])

    @torch.inference_mode()
    def by_frame(self, clips: Float[Tensor, "n t 3 64 64"]) -> tuple[Int64[Tensor, "n t"], Int64[Tensor, "n t"]]:
        """The colour of each frame, and the first combination that shows what is nearest to the frame at that time."""
        colours, combinations = [], []
        for part in clips.float().cpu().split(CHUNK):
            found = [self._nearest(masks.sums(part[:, t]), masks.area) for t, masks in enumerate(self.frames)]
            colours.append(torch.stack([colour for colour, _ in found], 1))
            combinations.append(
                torch.stack([masks.first[which] for masks, (_, which) in zip(self.frames, found, strict=True)], 1)
            )
        empty = torch.zeros(0, len(self.frames), dtype=torch.int64)
        return torch.cat([empty, *colours]), torch.cat([empty, *combinations])

    def _whole(self, clips: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Of a few clips at a time the sums [K, n, 3] over all masks of each combination, and their areas [K]."""
        area = torch.stack([masks.area[masks.which] for masks in self.frames]).sum(0)
        for part in clips.float().cpu().split(CHUNK):
            sums = torch.zeros(len(area), len(part), 3)
            for t, masks in enumerate(self.frames):
                sums += masks.sums(part[:, t])[masks.which]
            yield sums, area

    def _nearest(self, sums: Tensor, area: Tensor) -> tuple[Tensor, Tensor]:
        """The colour [n] and the mask or combination [n] of least distance."""
        sizes, doubled = self.colours.square().sum(1), 2 * self.colours
        told = (doubled @ sums.flatten(0, 1).T).unflatten(1, sums.shape[:2])
        which = ((sizes[:, None] * area)[:, :, None] - told).amin(0).argmin(0)
        beyond = area[which, None] * sizes - told[:, which, torch.arange(len(which))].T
        return beyond.argmin(1), which


def masks_of(sprites: Int64[Tensor, "k 5"]) -> Masks:
    """The different masks of sprites, as the ends of their runs."""
    different, which = torch.unique(sprites, dim=0, return_inverse=True)
    first = torch.full((len(different),), len(sprites)).scatter_reduce(0, which, torch.arange(len(sprites)), "amin")
    on = render(different).bool()
    changes = (pad(on, (0, 1)) ^ pad(on, (1, 0))).flatten(1)  # begins and ends take turns in every row
    count = changes.sum(1)
    signs = torch.ones(int(count.sum()))
    signs[::2] = -1
    ends = changes.nonzero()[:, 1]
    return Masks(which, first, ends, signs, count.cumsum(0) - count, on.sum((1, 2)).float())


def _joined(parts: list[Tensor]) -> Tensor:
    return torch.cat([torch.zeros(0, dtype=torch.int64), *parts])
