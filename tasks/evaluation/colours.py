"""Pictures of one channel in colours: given sprites, decoded ones, and where the two differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from einops import repeat
from torch import Tensor

from tasks.data.dsprites import SIZE, render
from tasks.data.scenes import ABSENT

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

COLOURS = torch.tensor([[1.0, 0.7, 0.1], [0.35, 0.7, 1.0], [0.25, 0.8, 0.55], [1.0, 0.45, 0.35], [0.75, 0.6, 1.0]])
"""Amber, blue, green, red and violet: the objects of a scene, by slot."""

AMBER, BLUE = COLOURS[0], COLOURS[1]


def coloured(
    marked: Shaped[Tensor, "n 64 64"], others: Shaped[Tensor, "n 64 64"] | None = None, colour: Float[Tensor, "*n 3"] = AMBER
) -> Float[Tensor, "n 3 64 64"]:
    """Objects in a colour, or in one each, and what is beside them in grey."""
    picture = colour[..., None, None] * marked[:, None]
    return picture if others is None else picture + 0.6 * grey(others)


def grey(pictures: Shaped[Tensor, "n 64 64"]) -> Float[Tensor, "n 3 64 64"]:
    """Pictures from black to white."""
    return repeat(pictures.float(), "n h w -> n 3 h w")


def by_slot(scenes: Int64[Tensor, "n m 5"]) -> Float[Tensor, "n 3 64 64"]:
    """Scenes, ABSENT where there is no object, each object in the colour of its slot."""
    pictures = torch.zeros(len(scenes), 3, SIZE, SIZE)
    for slot, colour in enumerate(COLOURS[: scenes.shape[1]]):
        present = scenes[:, slot, 0] != ABSENT
        pictures[present] += coloured(render(scenes[present, slot]), colour=colour)
    return pictures


def difference(drawn: Float[Tensor, "n h w"], right: Float[Tensor, "n h w"]) -> Float[Tensor, "n 3 h w"]:
    """Red where too much is drawn, blue where too little is; grey where both show an object."""
    extra, missing = (drawn - right).clamp(min=0), (right - drawn).clamp(min=0)
    both = 0.4 * torch.minimum(drawn, right)
    return torch.stack([both + extra, both + 0.35 * extra + 0.5 * missing, both + 0.3 * extra + missing], 1)
