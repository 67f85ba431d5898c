"""Hues: which of the colour circle the surfaces of a picture have, and a picture from which they are taken away."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from jaxtyping import Float

QUICK = 8.0
"""What the logits of the pixels are multiplied by: a weight then moves them eight times as far in one step of Adam."""


class Hues(nn.Module):
    """Pictures in red, green and blue to the hues of some surfaces in them, in turns from -0.5 to 0.5: 0 is red, a third green.

    Each hue is that of the mean colour under a learnt weight for each pixel, the same for all pictures. No hue has weights of its
    own: the picture whose channels are exchanged in a circle has hues that are a third of a turn further, exactly.

    Args:
        count: how many hues.
        sides: height and width of the pictures.

    Source: the hue is the angle of the colour in Ostwald's circle, as in Hanbury, "The taming of the hue, saturation and
        brightness colour space", 2002.

    Example:
        >>> blue = torch.zeros(1, 3, 4, 4)
        >>> blue[:, 2] = 1.0
        >>> hues = Hues(2, (4, 4))
        >>> hues(blue).round(decimals=3), hues(blue.roll(1, 1)).abs().round(decimals=3)
        (tensor([[-0.3330, -0.3330]], grad_fn=<RoundBackward1>), tensor([[0., 0.]], grad_fn=<RoundBackward1>))
    """

    def __init__(self, count: int, sides: tuple[int, int]) -> None:
        super().__init__()
        # Not equal ones, or all hues would learn to be the same.
        self.weights = nn.Parameter(torch.randn(count, sides[0] * sides[1]) / QUICK)

    def forward(self, pictures: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b count"]:
        """The hues, float32; of a picture without colours they mean nothing."""
        x, y = chroma(pictures.flatten(2) @ (QUICK * self.weights).softmax(1).mT)
        grey = x.square() + y.square() < 1e-12  # there the angle has no gradient
        return torch.atan2(y.masked_fill(grey, 0.0), x.masked_fill(grey, 1.0)) / (2 * math.pi)


def chroma(colours: Float[Tensor, "b 3 *n"]) -> tuple[Float[Tensor, "b *n"], Float[Tensor, "b *n"]]:
    """Colours on the plane of the colour circle, float32: red to the right, green and blue a third of a turn from it each.

    Example:
        >>> x, y = chroma(torch.eye(3))
        >>> x.round(decimals=2), y.round(decimals=2)
        (tensor([ 1.0000, -0.5000, -0.5000]), tensor([ 0.0000,  0.8700, -0.8700]))
    """
    red, green, blue = colours.float().unbind(1)
    return red - (green + blue) / 2, (green - blue) * (math.sqrt(3) / 2)


def apart_from_hues(pictures: Float[Tensor, "b 3 h w"], hues: Float[Tensor, "b count"]) -> Float[Tensor, "b maps h w"]:
    """What there is to see beside the hues: the same for a picture and for one all of whose hues are turned by a third.

    Args:
        pictures: [B, 3, H, W].
        hues: [B, S], of surfaces in each, in turns.

    Returns:
        [B, 2 + S, H, W]: the brightest and the darkest channel of each pixel, and how like it is to each hue.

    Example:
        >>> hues = torch.tensor([[0.0, 0.4]])
        >>> red, green = torch.eye(3)[:2, :, None, None]
        >>> torch.allclose(apart_from_hues(red[None], hues), apart_from_hues(green[None], hues + 1 / 3), atol=1e-6)
        True
    """
    (x, y), angles = chroma(pictures), 2 * math.pi * hues[..., None, None]
    alike = x[:, None] * angles.cos() + y[:, None] * angles.sin()
    return torch.cat([torch.stack([pictures.amax(1), pictures.amin(1)], 1), alike.to(pictures.dtype)], 1)
