"""A small data set of clips with an exact judge, and models of it that separate what stays from what moves well and badly."""

import torch
from torch import Tensor

from tasks.data import Dataset, Factor, Population, Split
from tasks.sequence.factor_codes import TrueClasses

FRAMES = 4
PATHS = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0], [1, 1, 2, 2]])


class Lamps:
    """A lamp of three colours in one of four rows, which follows one of three paths."""

    name = "lamps"
    factors = (Factor("colour", range(3)), Factor("row", range(4)), Factor("path", range(3), ordered=False))
    dynamic = ("path",)
    shape = (FRAMES, 3, 4, 4)

    def observe(self, classes: Tensor) -> Tensor:
        colour, row, path = classes.T
        clips = torch.zeros(len(classes), *self.shape)
        for t in range(FRAMES):
            clips[torch.arange(len(classes)), t, colour, row, PATHS[path, t]] = 1
        return clips

    def canonical(self, classes: Tensor) -> Tensor:
        return classes

    def nearest_frames(self, clips: Tensor) -> Tensor:
        colour, row = clips.sum((3, 4)).argmax(2), clips.sum((2, 4)).argmax(2)
        return torch.stack([colour, row, torch.zeros_like(row)], -1)


LAMPS = Dataset(Lamps())
ALL = Population(LAMPS, split=Split("", ""))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class MovedColour(TrueClasses):
    """The colour is in the motion, and nowhere else."""

    def __init__(self) -> None:
        super().__init__(LAMPS)
        self.moves = torch.tensor([True, False, True])


class BothColours(TrueClasses):
    """The motion has the colour, too, and what is drawn has that of the content."""

    def __init__(self) -> None:
        super().__init__(LAMPS)

    def split(self, classes: Tensor, frames: int) -> tuple[Tensor, Tensor]:
        content, motion = super().split(classes, frames)
        return content, torch.cat([motion, classes[:, None, :1].float().repeat(1, frames, 1)], 2)

    def decode(self, content: Tensor, motion: Tensor, /) -> Tensor:
        return super().decode(content, motion[..., :1])


class OneNumber(TrueClasses):
    """One number of the content stands for colour and row."""

    def __init__(self) -> None:
        super().__init__(LAMPS)

    def split(self, classes: Tensor, frames: int) -> tuple[Tensor, Tensor]:
        content, motion = super().split(classes, frames)
        return content[:, :1] * 4 + content[:, 1:], motion

    def decode(self, content: Tensor, motion: Tensor, /) -> Tensor:
        number = content[:, 0].round().long()
        return super().decode(torch.stack([number // 4, number % 4], 1).float(), motion)


class Flickering(TrueClasses):
    """The colour is the next one in the last frame."""

    def __init__(self) -> None:
        super().__init__(LAMPS)

    def decode(self, content: Tensor, motion: Tensor, /) -> Tensor:
        clips = super().decode(content, motion)
        clips[:, -1] = clips[:, -1].roll(1, 1)
        return clips
