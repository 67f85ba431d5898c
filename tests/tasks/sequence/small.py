"""A small data set of clips that are composed of layers, all of whose 24 clips can be compared."""

from collections.abc import Mapping

import torch
from torch import Tensor

from tasks.data import Dataset
from tasks.data.factor import Factor
from tasks.data.layers import Layers


class Small:
    """Three layers, of 3, 1 and 4 variants, in five cells, partly clear: two motions of three frames; the motion comes first."""

    name = "small"
    factors = (Factor("way", ("out", "back"), ordered=False), Factor("hat", range(4)), Factor("coat", range(3)))
    dynamic = ("way",)
    coarser: Mapping[str, Mapping[str, tuple[str, ...]]] = {"hat": {"kind": ("high", "high", "flat", "none")}}
    shape = (3, 3, 8, 8)

    def __init__(self) -> None:
        g = torch.Generator().manual_seed(0)
        pictures = [torch.randint(0, 256, (n, 5, 4, 8, 8), generator=g).byte() for n in (3, 1, 4)]
        for picture in pictures:
            alpha = picture[:, :, 3]
            picture[:, :, 3] = torch.where(alpha < 110, 0, torch.where(alpha < 220, 255, alpha))
        self.layers = Layers(("coat", "belt", "hat"), tuple(pictures), torch.tensor([[0, 1, 2], [4, 3, 1]]))

    def observe(self, classes: Tensor) -> Tensor:
        variants = torch.stack([classes[:, 2], torch.zeros_like(classes[:, 0]), classes[:, 1]], 1)
        return self.layers.clips(variants, classes[:, 0])

    def canonical(self, classes: Tensor) -> Tensor:
        return classes


SMALL = Dataset(Small())
EVERY = torch.cartesian_prod(torch.arange(2), torch.arange(4), torch.arange(3))
