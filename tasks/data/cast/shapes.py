"""Shapes by their signed distances, and how they are painted: below 0 inside, in pixels, for all cells at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.characters import SIZE

if TYPE_CHECKING:
    from jaxtyping import Float

Distance = Tensor
"""[cells, 64, 64]."""


def pixels() -> Float[Tensor, "64 64 2"]:
    """The middles of all pixels, x and y."""
    ticks = torch.arange(SIZE) + 0.5
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    return torch.stack([x, y], -1)


def capsule(a: Tensor, b: Tensor, start: float, end: float | None = None) -> Distance:
    """About the line from a to b, both [cells, 2], with these radii at its ends."""
    along = (b - a)[:, None, None]
    way = pixels() - a[:, None, None]
    share = ((way * along).sum(-1) / along.square().sum(-1).clamp(min=1e-6)).clamp(0, 1)
    return (way - share[..., None] * along).norm(dim=-1) - torch.lerp(
        torch.tensor(start), torch.tensor(start if end is None else end), share
    )


def oval(centre: Tensor, across: float, down: float) -> Distance:
    """About centres [cells, 2]; distances are nearly right where the radii are alike."""
    way = (pixels() - centre[:, None, None]) / torch.tensor([across, down])
    return (way.norm(dim=-1) - 1) * min(across, down)


def slab(top: Tensor, bottom: Tensor, above: float | Tensor, below: float | Tensor) -> Distance:
    """Between two heights, about a line from top to bottom, both [cells, 2], with these half widths there."""
    x, y = pixels().unbind(-1)
    (x0, y0), (x1, y1) = (joint[:, None, None].unbind(-1) for joint in (top, bottom))
    share = ((y - y0) / (y1 - y0)).clamp(0, 1)
    across = (x - x0 - share * (x1 - x0)).abs() - (above + share * (below - above))
    return torch.maximum(across, torch.maximum(y0 - y, y - y1))


def star(centre: Tensor, radius: float, height: float, rays: int, turn: float = 0.0) -> Distance:
    """A disc with pointed rays of this height."""
    way = pixels() - centre[:, None, None]
    angle = torch.atan2(way[..., 1], way[..., 0]) + turn
    wave = (angle * rays / (2 * torch.pi)) % 1
    return way.norm(dim=-1) - radius - height * (1 - (2 * wave - 1).abs())


def union(*distances: Distance) -> Distance:
    return torch.stack(distances).amin(0)


def without(distance: Distance, *others: Distance) -> Distance:
    """A shape without others."""
    return torch.maximum(distance, -union(*others))


def where(choice: Tensor, if_so: Distance, if_not: Distance) -> Distance:
    """One shape in some cells, bool [cells], and another in the rest."""
    return torch.where(choice[:, None, None], if_so, if_not)


class Canvas:
    """A layer that is painted, uint8 [variants, cells, 4, 64, 64], clear at first; edges are hard, as in pixel art."""

    def __init__(self, variants: int, cells: int) -> None:
        self.pictures = torch.zeros(variants, cells, 4, SIZE, SIZE, dtype=torch.uint8)

    def paint(self, distance: Distance, colours: Tensor, outline: float = 0.42, shade: float = 0.78) -> None:
        """Fill a shape with a colour for each variant, [variants, 3] from 0 to 1; darker at its edge, and below at the right."""
        inside = distance <= 0
        light = torch.ones_like(distance)
        light[distance.roll((-2, -1), (-2, -1)) > -0.4] = shade
        light[distance > -0.95] = outline
        colour = (colours[:, None, :, None, None] * light[:, None] * 255).round().byte()
        there = inside[:, None].expand_as(colour[0])
        self.pictures[:, :, :3] = torch.where(there, colour, self.pictures[:, :, :3])
        self.pictures[:, :, 3] = torch.where(inside, 255, self.pictures[:, :, 3])

    def dot(self, distance: Distance, colours: Tensor) -> None:
        """Fill a shape with a flat colour."""
        self.paint(distance, colours, 1.0, 1.0)

    def clear(self, distance: Distance) -> None:
        """Leave nothing where a shape is."""
        self.pictures.mul_((distance > 0)[:, None])
