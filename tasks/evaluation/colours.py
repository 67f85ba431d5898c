"""Pictures in colours: given objects, decoded ones, and where the two differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from einops import repeat
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.scenes import ABSENT

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

COLOURS = torch.tensor([[1.0, 0.7, 0.1], [0.35, 0.7, 1.0], [0.25, 0.8, 0.55], [1.0, 0.45, 0.35], [0.75, 0.6, 1.0]])
"""Amber, blue, green, red and violet: the objects of a scene, by slot."""

AMBER, BLUE = COLOURS[0], COLOURS[1]


def coloured(
    marked: Shaped[Tensor, "n c h w"], others: Shaped[Tensor, "n c h w"] | None = None, colour: Float[Tensor, "*n 3"] = AMBER
) -> Float[Tensor, "n 3 h w"]:
    """Objects in a colour, or in one each, and what is beside them dimmed; objects that have colours of their own keep them."""
    picture = rgb(marked) if marked.shape[1] > 1 else colour[..., None, None] * marked
    return picture if others is None else picture + 0.6 * rgb(others)


def rgb(pictures: Shaped[Tensor, "n c h w"]) -> Float[Tensor, "n 3 h w"]:
    """Pictures of one channel from black to white, those of three as they are, others as the mean of their channels."""
    pictures = pictures.float()
    return pictures if pictures.shape[1] == 3 else repeat(pictures.mean(1), "n h w -> n 3 h w")


def by_slot(scenes: Int64[Tensor, "n m f"], dataset: Dataset) -> Float[Tensor, "n 3 h w"]:
    """Scenes, ABSENT where there is no object, each object in the colour of its slot."""
    pictures = torch.zeros(len(scenes), 3, *dataset.picture[1:])
    for slot, colour in enumerate(COLOURS[: scenes.shape[1]]):
        present = scenes[:, slot, 0] != ABSENT
        pictures[present] += coloured(dataset.observe(scenes[present, slot]), colour=colour)
    return pictures


def difference(drawn: Float[Tensor, "n c h w"], right: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 h w"]:
    """Red where too much is drawn, blue where too little is; grey where both show something. Of the mean of the channels."""
    drawn, right = drawn.mean(1), right.mean(1)
    extra, missing = (drawn - right).clamp(min=0), (right - drawn).clamp(min=0)
    both = 0.4 * torch.minimum(drawn, right)
    return torch.stack([both + extra, both + 0.35 * extra + 0.5 * missing, both + 0.3 * extra + missing], 1)
