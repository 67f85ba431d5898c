"""A small data set with every kind of factor, and what reads its pictures without an error."""

import torch
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.factor import Factor
from tasks.data.population import Population
from tasks.data.split import Split
from tasks.evaluation.judge import targets


class Bars:
    """A bar of one of three colours at 12 x 8 places, 12 x 16 pixels, before a hue that only blue bars show."""

    name = "bars"
    factors = (
        Factor("colour", ("red", "green", "blue"), ordered=False),
        Factor("x", [0.5 * k for k in range(12)], axis="x"),
        Factor("y", range(8), axis="y"),
        Factor("hue", range(5), periodic=True),
        Factor("only", (7,)),
    )
    shape = (4, 12, 16)

    def observe(self, classes: Tensor) -> Tensor:
        colour, x, y, hue, _ = self.canonical(classes).unbind(1)
        pictures, rows = torch.zeros(len(classes), *self.shape), torch.arange(len(classes))
        for wide in range(3):
            pictures[rows, colour, y + wide, x + 1] = 1
        pictures[:, 3] = (hue / 4)[:, None, None]
        return pictures

    def canonical(self, classes: Tensor) -> Tensor:
        shown = classes.clone()
        shown[:, 3] = torch.where(classes[:, 0] == 2, classes[:, 3], 0)
        return shown


BARS = Dataset(Bars())
UNSEEN = Split(validation="", test="x > 7 or colour == blue and y > 5")
TRAIN, TEST = Population(BARS, "train", UNSEEN), Population(BARS, "test", UNSEEN)
STEPS = 400
SEEN = ("colour", "x", "y", "hue")


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def right(pictures: Tensor) -> Tensor:
    """The canonical classes that pictures of bars show."""
    on = pictures[:, :3]
    colour, x, y = (on.amax(axes).argmax(1) for axes in ((2, 3), (1, 2), (1, 3)))
    return torch.stack([colour, x - 1, y, (4 * pictures[:, 3, 0, 0]).round().long(), torch.zeros_like(x)], 1)


def as_codes(pictures: Tensor) -> Tensor:
    """The targets themselves, of the true classes: what a perfect model says."""
    return targets(right(pictures), BARS)
