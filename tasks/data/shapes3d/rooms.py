"""Our 3DShapes as a data set: rendered by this project, with the factors, the values and the size of the published one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.declaration import HeldOut
from tasks.data.factor import Factor
from tasks.data.published import Published
from tasks.data.shapes3d.renderer import colour, hue_to_rgb, render_layers
from tasks.data.shapes3d.scene import Scene
from vsa.errors import InputError

if TYPE_CHECKING:
    from jaxtyping import Float16, Int64, UInt8

SIZE = 64
"""Height and width of a picture, in pixels."""

SCENE = Scene()

SHAPES = ("cube", "cylinder", "sphere", "pill")

HUES = tuple(k / 10 for k in range(10))
SCALES = tuple(0.75 + 0.5 * k / 7 for k in range(8))
ANGLES = tuple(60 * k / 14 - 30 for k in range(15))
FACTORS = (
    Factor("floor_hue", HUES, periodic=True, hue=True),
    Factor("wall_hue", HUES, periodic=True, hue=True),
    Factor("object_hue", HUES, periodic=True, hue=True),
    Factor("scale", SCALES),
    Factor("shape", SHAPES, ordered=False),
    Factor("orientation", ANGLES),
)


class Shapes3D:
    """Our 3DShapes: a cube, a cylinder, a sphere or a pill in a room, all in colours that are drawn by hue, seen from around it.

    The pictures are this project's own: they look like the published ones, and are not the same, pixel by pixel. Camera, light
    and sizes were fitted to fifty published pictures; the walls have no pattern here. The orientation is the camera's, in
    degrees; whether the published camera goes to the same side is not known.

    Args:
        data: the published file, 3dshapes.h5, or what `vsa data unpack` made of it, to take the published pictures instead.

    Raises:
        InputError: the file cannot be read, is damaged, or is another one.

    Source: Burgess and Kim, "3D Shapes Dataset", 2018, https://github.com/google-deepmind/3d-shapes, for the factors, their
    values and their order, and for the file.

    Example:
        >>> Shapes3D().observe(torch.tensor([[0, 5, 8, 7, 3, 7]])).shape
        torch.Size([1, 3, 64, 64])
    """

    name = "3dshapes"
    factors: tuple[Factor, ...] = FACTORS
    shape = (3, SIZE, SIZE)
    splits: Mapping[str, HeldOut] = {
        "r2e": HeldOut(
            "object_hue.value >= 0.8 and wall_hue.value >= 0.8 and floor_hue.value >= 0.8 and scale.value >= 1.1 "
            "and shape == cylinder and orientation.value > 20",
            says="one corner of the grid; so few pictures that a mean over them scatters",
        ),
        "r2r": HeldOut("shape == pill and object_hue.value >= 0.5", says="pills in half of the colours"),
        "r2r_floor": HeldOut("shape == pill and floor_hue.value >= 0.5", says="pills on half of the floors"),
        "r2r_turned": HeldOut("shape == pill and orientation.value >= 0", says="pills seen from one side"),
        "r2r_hues": HeldOut("object_hue.value >= 0.75 and wall_hue.value <= 0.5", says="some solids before some walls"),
        "extrapolation": HeldOut("floor_hue.value >= 0.5", says="half of the floors' colours"),
    }

    def __init__(self, data: Path | None = None) -> None:
        self._published = None
        if data is not None and not os.path.exists(data):  # unlike that of Path it raises nothing, whatever the name
            raise InputError(
                f"there is no file {data}; fetch 3dshapes.h5 from https://console.cloud.google.com/storage/browser/3d-shapes, or "
                "leave --data out: pictures like the published ones are rendered then"
            )
        if data is not None:
            self._published = Published(data, self.name, self.factors, self.shape)

    def observe(self, classes: Int64[Tensor, "n f"]) -> UInt8[Tensor, "n 3 64 64"]:
        """The pictures, 0 to 255."""
        if self._published is not None:
            return self._published.observe(classes)
        hues, (scale, shape, angle) = classes[:, :3], classes[:, 3:].unbind(1)
        layers = self._layers.to(classes.device)[scale, shape, angle]
        return colour(layers, hue_to_rgb(torch.tensor(HUES, device=classes.device))[hues])

    def canonical(self, classes: Int64[Tensor, "*n f"]) -> Int64[Tensor, "*n f"]:
        """No two combinations look alike: a solid that looks the same from everywhere stands in a room that does not."""
        return classes

    @cached_property
    def _layers(self) -> Float16[Tensor, "scale shape angle 7 64 64"]:
        """All 480 geometries, in 28 MB, rendered in some seconds when they are wanted first."""
        scales, angles = torch.meshgrid(torch.tensor(SCALES), torch.deg2rad(torch.tensor(ANGLES)), indexing="ij")
        drawn = [render_layers(SCENE, k, scales.flatten(), angles.flatten(), SIZE) for k in range(len(SHAPES))]
        return torch.stack([layers.half().unflatten(0, scales.shape) for layers in drawn], 1)
