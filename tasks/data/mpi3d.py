"""MPI3D: a robot's arm holds a solid before a coloured background; read from its published file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from tasks.data.declaration import HeldOut
from tasks.data.factor import Factor
from tasks.data.published import Published
from vsa.errors import InputError

if TYPE_CHECKING:
    from jaxtyping import Int64, UInt8

PAGE = "https://github.com/rr-learning/disentanglement_dataset"
FILES = "mpi3d_toy.npz, mpi3d_realistic.npz or mpi3d_real.npz"
WHAT_TO_DO = f"fetch {FILES}, of which {PAGE} has the links, and give it with --data PATH"


class MPI3D:
    """A solid on a robot's arm, in six colours, six shapes, two sizes and 1,600 places, seen from three heights.

    There are three files of the same layout: drawn simply (toy), drawn with shading (realistic), and photographed (real).

    Args:
        data: one of them, if its pictures are stored as they are, or what `vsa data unpack` made of it.

    Raises:
        InputError: there is none, or it cannot be read, is damaged, is packed, or is another one.

    Source: Gondal and others, "On the Transfer of Inductive Bias from Simulation to the Real World: a New Disentanglement
    Dataset", 2019, https://github.com/rr-learning/disentanglement_dataset.
    """

    name = "mpi3d"
    factors: tuple[Factor, ...] = (
        Factor("colour", ("white", "green", "red", "blue", "brown", "olive"), ordered=False),
        Factor("shape", ("cone", "cube", "cylinder", "hexagonal", "pyramid", "sphere"), ordered=False),
        Factor("size", ("small", "large")),
        Factor("camera", ("top", "middle", "bottom")),
        Factor("background", ("purple", "sea_green", "salmon"), ordered=False),
        Factor("horizontal", range(40)),
        Factor("vertical", range(40)),
    )
    shape = (3, 64, 64)
    splits: Mapping[str, HeldOut] = {
        "r2r": HeldOut("shape == cylinder and vertical < 20", says="cylinders in half of the vertical axis"),
        "r2r_horizontal": HeldOut("shape == cylinder and horizontal < 20", says="cylinders in half of the horizontal axis"),
        "r2r_red": HeldOut("colour == red and horizontal < 20", says="red solids in half of the horizontal axis"),
        "r2r_salmon": HeldOut("shape in (pyramid, sphere) and background == salmon", says="two shapes before one background"),
        "extrapolation": HeldOut(
            "horizontal > 20", "horizontal == 20", says="half of the horizontal axis; the row before it is for validation"
        ),
    }

    def __init__(self, data: Path | None = None) -> None:
        if data is None:
            raise InputError(f"{self.name} is read from its published file: {WHAT_TO_DO}")
        if not os.path.exists(data):  # unlike that of Path it raises nothing, whatever the name
            raise InputError(f"there is no file {data}; {WHAT_TO_DO}")
        self._published = Published(data, self.name, self.factors, self.shape)

    def observe(self, classes: Int64[Tensor, "n f"]) -> UInt8[Tensor, "n 3 64 64"]:
        """The pictures, 0 to 255."""
        return self._published.observe(classes)

    def canonical(self, classes: Int64[Tensor, "*n f"]) -> Int64[Tensor, "*n f"]:
        """No two combinations are taken to look alike."""
        return classes
