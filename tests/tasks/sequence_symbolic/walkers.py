"""A data set of clips that is small and quickly learnt."""

from typing import Any

import torch
from torch import Tensor

from tasks.data import Factor

SIDE = 16


class Walkers:
    """A coloured square that goes right or left, or stands, in one of four rows."""

    name = "walkers"
    factors = (
        Factor("colour", ("red", "green", "blue", "white"), ordered=False),
        Factor("row", range(4)),
        Factor("motion", ("right", "left", "still"), ordered=False),
    )
    shape = (4, 3, SIDE, SIDE)

    def observe(self, classes: Tensor) -> Tensor:
        colours = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], dtype=torch.uint8)
        clips = torch.zeros(len(classes), *self.shape, dtype=torch.uint8)
        for clip, (colour, row, motion) in zip(clips, classes.tolist(), strict=True):
            for t in range(4):
                x = (t, 3 - t, 1)[motion]
                clip[t, :, 4 * row : 4 * row + 4, 4 * x : 4 * x + 4] = colours[colour, :, None, None]
        return clips

    def canonical(self, classes: Tensor) -> Tensor:
        return classes


def tiny(**settings: Any) -> dict[str, Any]:
    """Settings of a run that takes a second."""
    fixed = {"dataset": f"{__name__}:Walkers", "split": None, "steps": 2, "batch_size": 8, "dim": 64, "evaluate": 3}
    return {**fixed, "device": "cpu", **settings}
