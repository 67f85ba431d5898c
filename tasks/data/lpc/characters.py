"""The LPC Sprites as a data set."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from tasks.data.characters import ATTRIBUTES, MOTION, VARIANTS, Characters
from tasks.data.factor import Factor
from tasks.data.layers import Layers
from tasks.data.lpc.published import WHAT_TO_DO, open_layers
from vsa.errors import InputError


class LPC(Characters):
    """The characters of "Disentangled Sequential Autoencoder", every clip composed exactly from its layers.

    An attribute's classes are the numbers of the published sheets. A colour is 0 to 255, and from 0 to 1 as every data set's; the
    paper's files have it divided by 256.

    Args:
        data: the folder of the published sheets, or an npz file of their layers, see `tasks.data.lpc.published.open_layers`.

    Raises:
        InputError: there is none, or it cannot be read, or is not what was published.

    Source: Li and Mandt, "Disentangled Sequential Autoencoder", 2018, https://github.com/YingzhenLi/Sprites; the sheets are of
    the Liberated Pixel Cup, CC-BY-SA 3.0 and GPL 3.0.
    """

    name = "lpc"
    factors: tuple[Factor, ...] = (*(Factor(name, range(VARIANTS), ordered=False) for name in ATTRIBUTES), MOTION)

    def __init__(self, data: Path | None = None) -> None:
        if data is None:
            raise InputError(f"{self.name} is composed of published sheets: {WHAT_TO_DO}")
        self._opened = open_layers(Path(data))

    @cached_property
    def layers(self) -> Layers:
        """The published layers in the 63 cells that are used."""
        return self._opened
