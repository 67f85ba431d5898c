"""Circles and Simple: white shapes on black at 32 x 32 places, small enough to look at every combination.

The idea is of Montero et al., "Lost in Latent Space: Examining Failures of Disentangled Models at Combinatorial Generalisation",
2022; the authors' pictures are not public. Range, size, places and the list of shapes here are this project's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.declaration import HeldOut
from tasks.data.factor import Factor
from tasks.data.polygons import coverage, regular, square

if TYPE_CHECKING:
    from jaxtyping import Int64, UInt8

SIDE = 64
"""Height and width of a picture, in pixels."""

SCALE = 0.2
"""A shape has the area of a square with this side, the picture's being 1."""

PLACES = tuple(torch.linspace(0.1, 0.9, 32, dtype=torch.float64).tolist())

CENTRE = "0.35 <= x.value <= 0.65 and 0.35 <= y.value <= 0.65"
CORNER = "x.value > 0.5 and y.value > 0.5"

OUTLINES = {"square": square(), "triangle": regular(3), "circle": regular(30)}


class Simple:
    """Squares, triangles and circles of one size at every place.

    The places go from 0.1 to 0.9, and a triangle reaches up to 0.176 of the side from its centre, a circle 0.113. So the border
    cuts them off at the outermost places, of a triangle up to 14 percent of the area in a corner, of a circle up to 5 percent;
    of a square nothing.

    Example:
        >>> Simple().observe(torch.tensor([[0, 0, 1], [31, 31, 2]])).shape
        torch.Size([2, 3, 64, 64])
    """

    name = "simple"
    shapes: tuple[str, ...] = tuple(OUTLINES)
    factors: tuple[Factor, ...] = (
        Factor("x", PLACES, axis="x"),
        Factor("y", PLACES, axis="y"),
        Factor("shape", tuple(OUTLINES), ordered=False),
    )
    shape = (3, SIDE, SIDE)
    splits: Mapping[str, HeldOut] = {
        "centre": HeldOut(f"shape == triangle and {CENTRE}", says="triangles in the middle"),
        "corner": HeldOut(f"shape == triangle and {CORNER}", says="triangles in the quarter at the lower right"),
    }

    def observe(self, classes: Int64[Tensor, "n f"]) -> UInt8[Tensor, "n 3 64 64"]:
        """The pictures, 0 to 255."""
        x, y = classes[:, 0], classes[:, 1]
        kind = classes[:, 2] if len(self.factors) > 2 else torch.zeros_like(x)
        return self._pictures.to(classes.device)[kind, y, x][:, None].expand(-1, 3, -1, -1)

    def canonical(self, classes: Int64[Tensor, "*n f"]) -> Int64[Tensor, "*n f"]:
        """No two combinations look alike."""
        return classes

    @cached_property
    def _pictures(self) -> UInt8[Tensor, "shapes y x 64 64"]:
        places = torch.tensor(PLACES, dtype=torch.float64)
        y, x = torch.meshgrid(places, places, indexing="ij")
        centres = torch.stack([x, y], -1).flatten(0, 1)
        drawn = [coverage(SCALE * OUTLINES[shape], centres, SIDE).unflatten(0, x.shape) for shape in self.shapes]
        return torch.stack(drawn)


class Circles(Simple):
    """Circles of one size at every place; the border cuts off up to 5 percent of those at the outermost places, as of `Simple`.

    Example:
        >>> Circles().observe(torch.tensor([[0, 0]])).shape
        torch.Size([1, 3, 64, 64])
    """

    name = "circles"
    shapes = ("circle",)
    factors = Simple.factors[:2]
    splits: Mapping[str, HeldOut] = {
        "centre": HeldOut(CENTRE, says="the middle; all places around it are trained on"),
        "corner": HeldOut(CORNER, says="the quarter at the lower right"),
    }
