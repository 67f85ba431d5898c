"""What colours there are in a clip, counted and not learnt: convolutions alone take long to find the colour of a few pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float


class Colours(nn.Module):
    """Random Fourier features of colours, averaged over pixels, and each normalised over the batch.

    So the colour of a few pixels counts as much as that of many, wherever they are. Every other row and column of two frames is
    enough.

    Args:
        channels: of a frame.
        count: how many features.
        bandwidth: how far apart colours, from 0 to 1, become unrelated.
        generator: decides the features.

    Raises:
        RangeError: a number is not above 0.

    Source: Rahimi and Recht, "Random features for large-scale kernel machines", 2007.

    Example:
        >>> colours = Colours(3, 16, generator=torch.Generator().manual_seed(0))
        >>> colours(torch.rand(4, 8, 3, 64, 64)).shape
        torch.Size([4, 16])
    """

    frequencies: Tensor
    phases: Tensor

    def __init__(self, channels: int, count: int, bandwidth: float = 0.05, *, generator: torch.Generator) -> None:
        super().__init__()
        for name, value in (("channels", channels), ("count", count)):
            if value < 1:
                raise RangeError(f"Colours needs {name} of at least 1, got {value}")
        if not 0 < bandwidth < math.inf:
            raise RangeError(f"Colours needs a bandwidth above 0, got {bandwidth}")
        self.count = count
        self.register_buffer("frequencies", torch.randn(count, channels, generator=generator) / bandwidth)
        self.register_buffer("phases", 2 * math.pi * torch.rand(count, generator=generator))
        self.norm = nn.BatchNorm1d(count, eps=1e-8, affine=False)  # the share of a few pixels varies little

    def forward(self, clips: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b count"]:
        """The features [B, count] of clips [B, T, C, H, W] from 0 to 1, float32."""
        some = clips[:, :: -(-clips.shape[1] // 2), :, ::2, ::2].movedim(2, -1).flatten(1, 3).float()
        with torch.autocast(clips.device.type, enabled=False):  # bfloat16 would round angles by more than a colour's
            return self.norm(torch.cos(some @ self.frequencies.T + self.phases).mean(1))
