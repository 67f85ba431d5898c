"""The cast as a data set: 1,296 characters in nine motions, drawn by this project."""

from __future__ import annotations

from functools import cached_property

import torch

from tasks.data.cast import wardrobe
from tasks.data.cast.skeleton import skeleton
from tasks.data.characters import ACTIONS, ATTRIBUTES, DIRECTIONS, FRAMES, MOTION, Characters
from tasks.data.factor import Factor
from tasks.data.layers import Layers


class Cast(Characters):
    """Walking figures of our own: of six skins, pants, tops and hairs, they walk, cast a spell and slash, seen from three sides.

    Factors, counts, frames and motions are those of the published characters of "Disentangled Sequential Autoencoder", and clips
    are composed of layers in the same way; the drawings are this project's own. A figure is painted once for every cell, without
    smoothed edges, so that every layer either hides what is behind it or is clear. One that looks to the left is the mirror image
    of one that looks to the right.

    Example:
        >>> Cast().observe(torch.tensor([[0, 5, 2, 1, 3]])).shape
        torch.Size([1, 8, 3, 64, 64])
    """

    name = "cast"
    factors: tuple[Factor, ...] = (
        Factor("skin", tuple(wardrobe.SKINS), ordered=False),
        Factor("pants", tuple(wardrobe.PANTS), ordered=False),
        Factor("top", tuple(wardrobe.TOPS), ordered=False),
        Factor("hair", tuple(wardrobe.HAIRS), ordered=False),
        MOTION,
    )

    @cached_property
    def layers(self) -> Layers:
        """All layers in all 72 cells, in 30 MB, painted in a second when they are wanted first."""
        figure = skeleton()
        painted = [part(figure) for part in (wardrobe.bodies, wardrobe.pants, wardrobe.tops, wardrobe.hairs, wardrobe.shoes)]
        # Cells are by view, front and side, by action, by frame; those of the side are mirrored for the other one.
        parts = [torch.cat([part, part[:, len(ACTIONS) * FRAMES :].flip(-1)], 1) for part in painted]
        views = {"front": 0, "right": 1, "left": 2}
        first = [FRAMES * (len(ACTIONS) * views[way] + k) for k in range(len(ACTIONS)) for way in DIRECTIONS]
        frames = torch.tensor(first)[:, None] + torch.arange(FRAMES)
        return Layers((*ATTRIBUTES, "shoes"), tuple(parts), frames)
