"""dSprites as a data set: what can be observed, what looks the same, and how far apart sprites look."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from einops import repeat
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.declaration import HeldOut
from tasks.data.dsprites.factors import (
    COUNTS,
    FACTORS,
    IDENTIFIABLE,
    ORIENTATION,
    SHAPE,
    SYMMETRY,
    angular_distance,
    canonical,
    distinct,
    values_of,
)
from tasks.data.dsprites.nearest import nearest_sprite
from tasks.data.dsprites.original import open_original
from tasks.data.dsprites.renderer import SIZE, render, render_values

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, UInt8

CORNER = "shape == ellipse and scale.value > 0.65 and x.value > 0.66 and y.value > 0.66"


class DSprites:
    """White squares, ellipses and hearts on black, 64 x 64 pixels, exactly as in the published file.

    Args:
        data: the published file, to take the pictures from; without it they are rendered, pixel for pixel the same.

    Raises:
        InputError: the file cannot be read, is damaged, or is another one.

    Source: Matthey, Higgins, Hassabis and Lerchner, "dSprites: Disentanglement testing Sprites dataset", 2017.

    Example:
        >>> DSprites().observe(torch.tensor([[2, 5, 0, 16, 16]])).shape
        torch.Size([1, 1, 64, 64])
    """

    name = "dsprites"
    factors = FACTORS
    shape = (1, SIZE, SIZE)
    identifiable = tuple(IDENTIFIABLE if f == ORIENTATION else range(count) for f, count in enumerate(COUNTS))

    splits: Mapping[str, HeldOut] = {
        "r2e": HeldOut(
            f"{CORNER} and 14 <= orientation <= 25",
            says="weak: an ellipse repeats after half a turn, so what is held out is trained on in another class",
        ),
        "r2e_looks": HeldOut(
            f"{CORNER} and (14 <= orientation <= 25 or orientation < 6 or orientation > 33)",
            says="r2e with every orientation in which an ellipse looks like one that is held out",
        ),
        "r2r": HeldOut("shape == square and x.value > 0.5", says="squares in the right half"),
        "r2r_ellipses": HeldOut("shape == ellipse and x.value > 0.5", says="ellipses in the right half"),
        "r2r_large": HeldOut("shape == square and scale.value > 0.75", says="large squares"),
        "r2r_centre": HeldOut("shape == square and 0.25 < x.value < 0.75", says="squares in the middle half"),
        "extrapolation": HeldOut("x.value > 0.5", says="the right half"),
    }

    def __init__(self, data: Path | None = None) -> None:
        self._render = render if data is None else open_original(data).render

    def observe(self, classes: Int64[Tensor, "n 5"]) -> UInt8[Tensor, "n 1 64 64"]:
        """The pictures of sprites, 0 and 1."""
        return self._render(classes)[:, None]

    def canonical(self, classes: Int64[Tensor, "*n 5"]) -> Int64[Tensor, "*n 5"]:
        """Of the orientations that look the same, or nearly so, the first."""
        return canonical(classes)

    def distinct(self, classes: Int64[Tensor, "*n 5"]) -> Int64[Tensor, "*n 5"]:
        """Orientation 39 is a full turn, which is 0."""
        return distinct(classes)

    def steps_off(
        self, found: Int64[Tensor, "n 5"], right: Int64[Tensor, "n 5"], sources: Int64[Tensor, "n 5 5"] | None = None
    ) -> Float[Tensor, "n 5"]:
        """Steps of the grid; orientations count as far as the sprite that gave them lets them be told apart."""
        giver = right if sources is None else sources[:, ORIENTATION]
        angles = torch.tensor(FACTORS[ORIENTATION].values, dtype=torch.float64)
        turned = angular_distance(
            angles[found[:, ORIENTATION]], angles[right[:, ORIENTATION]], torch.tensor(SYMMETRY)[giver[:, SHAPE]]
        )
        off = (found - right).abs().float()
        off[:, ORIENTATION] = (turned / angles[1]).float()
        return off

    def alternatives(self, classes: Int64[Tensor, "n 5"], sources: Int64[Tensor, "n 5 5"]) -> UInt8[Tensor, "n a 1 64 64"]:
        """The sprites in every turn in which the one that gives the orientation looks the same, at the exact angles."""
        giver = sources[:, ORIENTATION, SHAPE]
        turns = torch.arange(1 if torch.equal(giver, classes[:, SHAPE]) else max(SYMMETRY))
        shape, scale, orientation, x, y = values_of(repeat(classes, "n f -> n t f", t=len(turns)))
        orientation = orientation + (2 * math.pi / torch.tensor(SYMMETRY)[giver])[:, None] * turns
        pictures = render_values(*(value.flatten() for value in (shape, scale, orientation, x, y)))
        return pictures.unflatten(0, shape.shape)[:, :, None]

    def nearest(self, pictures: Tensor) -> Int64[Tensor, "n 5"]:
        """The sprite whose exact rendering overlaps each picture [n, 1, 64, 64] most."""
        return nearest_sprite(pictures[:, 0] > 0.5)


DSPRITES = Dataset(DSprites())
"""The rendered data set."""
