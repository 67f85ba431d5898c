"""The frames of the LPC Sprites as pictures."""

from __future__ import annotations

from pathlib import Path

from tasks.data.characters import FRAMES
from tasks.data.dataset import Dataset
from tasks.data.factor import Factor
from tasks.data.frames import FRAME, Frames
from tasks.data.lpc.characters import LPC


class LPCFrames(Frames):
    """Every frame of every clip of the LPC Sprites, see `tasks.data.lpc.characters.LPC`.

    Args:
        data: the folder of the published sheets, or an npz file of their layers.

    Raises:
        InputError: there is none, or it cannot be read, or is not what was published.
    """

    # Said here too, so that a model of them is built where the sheets are not.
    name = "lpc-frames"
    factors: tuple[Factor, ...] = (*LPC.factors, Factor(FRAME, range(FRAMES), ordered=False))
    shape: tuple[int, ...] = LPC.shape[1:]

    def __init__(self, data: Path | None = None) -> None:
        super().__init__(Dataset(LPC(data)))
