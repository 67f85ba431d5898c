"""Patches: how one is drawn, and how it is laid at a place of a picture, between pixels by linear interpolation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from jaxtyping import Float

SHARPNESS = 8.0
"""What the logits of a place are multiplied by: a weight then moves them eight times as far in one step of Adam."""
SHARP = 20 / SHARPNESS
"""The sharpness of places to start from."""
FINE = 2
"""Places that are compared in a pixel. With one, the mean would be drawn to the middles of pixels, by up to a quarter of one."""


def half(image: tuple[int, int, int]) -> int:
    """Half the longer side of a picture, rounded up, in pixels: the usual side of a patch.

    Example:
        >>> half((1, 48, 64))
        32
    """
    return (max(image[1:]) + 1) // 2


def sides(image: tuple[int, int, int], axes: tuple[int | None, int | None], window: int) -> tuple[int, int]:
    """Height and width of a patch: as long as the picture along an axis of which there is no factor.

    Example:
        >>> sides((1, 48, 64), (None, 3), 32)
        (32, 64)
    """
    return (image[1] if axes[1] is None else window, image[2] if axes[0] is None else window)


def patch_network(inputs: int, hidden: int, patch: tuple[int, int, int]) -> nn.Sequential:
    """Two hidden layers that draw a patch of that many channels, rows and columns."""
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.LayerNorm(hidden),
        nn.GELU(),
        nn.Linear(hidden, hidden),
        nn.GELU(),
        nn.Linear(hidden, math.prod(patch)),
        nn.Unflatten(1, patch),
    )


def pixels(n: int, device: torch.device, fine: int = 1) -> Float[Tensor, " places"]:
    """The middles of the pixels of an axis, or of equal parts of them, in pixels from its beginning.

    Example:
        >>> pixels(2, torch.device("cpu"), fine=2)
        tensor([0.2500, 0.7500, 1.2500, 1.7500])
    """
    return (torch.arange(fine * n, device=device) + 0.5) / fine


def mean_place(likeness: Float[Tensor, "b n"], sharpness: Float[Tensor, ""] | float) -> Float[Tensor, " b"]:
    """The mean place on an axis under a softmax of how like it is to FINE parts of each pixel, in pixels from the beginning.

    Example:
        >>> mean_place(torch.tensor([[0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]), SHARP)
        tensor([2.5000])
    """
    places = pixels(likeness.shape[1] // FINE, likeness.device, FINE)
    return (SHARPNESS * sharpness * likeness).softmax(-1) @ places


def laid_at(place: Float[Tensor, " b"], n: int, window: int) -> Float[Tensor, "b n window"]:
    """The matrices that lay a patch at places of an axis of n pixels; between two pixels it is shared by both, see `laid`."""
    return laid((1 - (pixels(n, place.device) - place[:, None]).abs()).clamp(min=0), window)


def laid(places: Float[Tensor, "b n"], window: int) -> Float[Tensor, "b n window"]:
    """The Toeplitz matrices [B, N, window] that lay a patch around places of an axis, given the weights of places [B, N].

    Its entry for pixel n and line i of the patch is the weight of the place n + i - (window - 1) // 2: the patch is stored back
    to front, which saves turning the matrix.

    Example:
        >>> laid(torch.tensor([[0.0, 1.0, 0.0]]), 2)[0]
        tensor([[0., 1.],
                [1., 0.],
                [0., 0.]])
    """
    return F.pad(places, ((window - 1) // 2, window // 2)).unfold(1, window, 1)


def on_picture(
    patch: Float[Tensor, "b c i j"], columns: Float[Tensor, "b w j"] | None, rows: Float[Tensor, "b h i"] | None
) -> Float[Tensor, "b c h w"]:
    """Patches laid by the matrices of `laid_at`; along an axis where there is none they are as long as the picture.

    Example:
        >>> columns = laid_at(torch.tensor([2.5]), 4, 1)
        >>> on_picture(torch.ones(1, 1, 2, 1), columns, None)[0, 0]
        tensor([[0., 0., 1., 0.],
                [0., 0., 1., 0.]])
    """
    if columns is not None:
        patch = torch.einsum("bcij,bwj->bciw", patch, columns)
    return patch if rows is None else torch.einsum("bhi,bciw->bchw", rows, patch)
