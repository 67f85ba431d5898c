"""Colours: what hues, given as vectors, look like in red, green and blue; and how a picture is coloured with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from jaxtyping import Float

SHARPNESS = 8.0
"""What the logits of a hue are multiplied by: a weight then moves them eight times as far in one step of Adam."""
SHARP = 20 / SHARPNESS
"""The sharpness of hues to start from."""
FINE = 48
"""Hues that are compared, around the circle; a multiple of three."""
WAVES = 6
"""So many waves around the circle, of a cosine and a sine each, say how much red is in a hue."""
LEAST = 1e-4
"""How far from 0 and from 1 the mean of a pixel stays, so that its logit is finite."""


class Colours(nn.Module):
    """Vectors of hues to how much red, green and blue is in each.

    A vector is compared with those of all hues of the circle. How much red is in a hue is a smooth curve around the circle, which
    is learnt; green and blue are the same curve, a third of a turn further each. All hues of a picture share it. So a colour that
    a surface never had is drawn as other surfaces have it, or as other channels.

    Args:
        powers: what makes vectors of turns, one for each hue of a picture: called with turns [n], it gives [n, dim].
        dim: the dimension of a vector.

    Example:
        >>> from torch.nn.functional import one_hot
        >>> colours = Colours((lambda turns: one_hot((48 * turns).long(), 48).float(),), 48)
        >>> red, green = (colours(torch.eye(48)[None, [k]])[0, 0] for k in (0, 16))
        >>> torch.allclose(red.roll(1), green)
        True
    """

    waves: Tensor

    def __init__(self, powers: Sequence[Callable[[Tensor], Tensor]], dim: int) -> None:
        super().__init__()
        circle = torch.arange(FINE) / FINE
        angles = 2 * math.pi * circle[:, None] * torch.arange(1, WAVES + 1)
        # No modules of its own: the powers belong to the encoder, and what they are is loaded with it.
        self._powers, self.dim = tuple(powers), dim
        self.register_buffer("waves", torch.cat([angles.cos(), angles.sin()], 1), persistent=False)
        self.sharpness = nn.Parameter(torch.tensor(SHARP))
        self.curve = nn.Parameter(torch.zeros(2 * WAVES).index_fill(0, torch.tensor(0), 3 / SHARPNESS))  # red is most at 0
        self.level = nn.Parameter(torch.zeros(()))

    def forward(self, vectors: Float[Tensor, "b hues dim"]) -> Float[Tensor, "b hues 3"]:
        """Red, green and blue from 0 to 1."""
        circle = torch.arange(FINE, device=vectors.device) / FINE
        compared = torch.stack([power(circle) for power in self._powers])
        likeness = torch.einsum("bsd,snd->bsn", vectors.float(), compared) / self.dim
        red = (self.waves @ (SHARPNESS * self.curve) + self.level).sigmoid()
        channels = torch.stack([red.roll(c * FINE // 3) for c in range(3)], 1)
        return (SHARPNESS * self.sharpness * likeness).softmax(-1) @ channels


def coloured(maps: Float[Tensor, "b p h w"], colours: Float[Tensor, "b hues 3"]) -> Float[Tensor, "b c h w"]:
    """The logits of pictures: light without a hue, and that of each surface times its colour, on one screen.

    What is dark in all of them is dark: one minus the light is the product of one minus each. So no light is ever too much, as in
    a sum, and each goes on learning.

    Args:
        maps: logits; C channels of what has no hue, the first three of them red, green and blue, and then how bright each surface
            is, 0 where it is not.
        colours: of the surfaces, from 0 to 1.

    Returns:
        The first three channels coloured, all others as they were.

    Example:
        >>> dark, bright = torch.full((1, 3, 1, 1), -9.0), torch.full((1, 1, 1, 1), 9.0)
        >>> coloured(torch.cat([dark, bright], 1), torch.tensor([[[1.0, 0.5, 0.0]]])).sigmoid().flatten().round(decimals=2)
        tensor([1.0000, 0.5000, 0.0000])
    """
    channels = maps.shape[1] - colours.shape[1]
    bright = maps[:, channels:, None].float().sigmoid() * colours[..., None, None]
    darkness = F.logsigmoid(-maps[:, :3].float()) + torch.log1p(-bright.clamp(max=1 - LEAST)).sum(1)
    seen = torch.log(torch.expm1((-darkness).clamp(LEAST, -math.log(LEAST))))
    return torch.cat([seen, maps[:, 3:channels].float()], 1)
