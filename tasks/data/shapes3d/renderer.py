"""Layers of a picture, computed once for each solid, size and turn of the camera, and coloured afterwards by the hues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from einops import rearrange, reduce
from torch import Tensor

from tasks.data.shapes3d.scene import FLOOR, SOLID, SUPERSAMPLING, WALL, Scene, trace

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8

SKY = (153 / 255, 226 / 255, 249 / 255)

LAYERS = 7

AT_ONCE = 16
"""Pictures that are rendered or coloured at a time, so that what is between stays in the processor's cache."""


def render_layers(
    scene: Scene, shape: int, scales: Float[Tensor, " g"], angles: Float[Tensor, " g"], size: int
) -> Float[Tensor, "g 7 h w"]:
    """What a picture is made of, whatever its colours are.

    Args:
        scene: the room.
        shape: the solid in it: 0 cube, 1 cylinder, 2 sphere, 3 pill.
        scales: of the solid, above 0.
        angles: by which the camera is turned, in radians.
        size: height and width of a picture.

    Returns:
        Of floor, walls and solid how much of each pixel they cover, then that times their brightness, and last the highlight.

    Example:
        >>> render_layers(Scene(), 2, torch.ones(1), torch.zeros(1), 8).shape
        torch.Size([1, 7, 8, 8])
    """
    parts = zip(scales.split(AT_ONCE), angles.split(AT_ONCE), strict=True)
    return torch.cat([_layers(scene, shape, *part, size) for part in parts])


def _layers(scene: Scene, shape: int, scales: Tensor, angles: Tensor, size: int) -> Tensor:
    seen = trace(scene, shape, scales, angles, size)
    covers = torch.stack([(seen.surface == kind).float() for kind in (FLOOR, WALL, SOLID)], 1)
    every = torch.cat([covers, covers * seen.brightness[:, None], seen.highlight[:, None]], 1)
    every = rearrange(every, "g c (h k w l) -> g c h k w l", h=size, k=SUPERSAMPLING, l=SUPERSAMPLING)
    return reduce(every, "g c h k w l -> g c h w", "mean")


def colour(layers: Float[Tensor, "n 7 h w"], colours: Float[Tensor, "n 3 3"]) -> UInt8[Tensor, "n 3 h w"]:
    """Pictures of layers and of the colours of floor, walls and solid, a row each: red, green and blue from 0 to 1.

    Example:
        >>> grey = torch.full((1, 3, 3), 0.5)
        >>> colour(render_layers(Scene(), 2, torch.ones(1), torch.zeros(1), 8), grey)[0, :, 0, 0].tolist()  # the sky
        [153, 226, 249]
    """
    parts = zip(layers.split(AT_ONCE), colours.split(AT_ONCE), strict=True)
    pictures = torch.empty(len(layers), 3, *layers.shape[2:], dtype=torch.uint8, device=layers.device)
    for part, pair in zip(pictures.split(AT_ONCE), parts, strict=True):
        part.copy_(_colour(*pair))
    return pictures


def _colour(layers: Tensor, colours: Tensor) -> Tensor:
    """Light times colour, at most 1, times the part of a pixel that is covered; what is not covered is sky."""
    layers = layers.float()
    covers, bright = layers[:, :3, None], layers[:, 3:6, None]
    seen = bright * colours[..., None, None]
    seen[:, SOLID] += layers[:, 6:]
    seen = torch.minimum(seen, covers).sum(1)
    sky = 1 - layers[:, :3].sum(1, keepdim=True)
    seen.addcmul_(sky, torch.tensor(SKY, device=layers.device)[:, None, None])
    return seen.mul_(255).add_(0.5)  # halves are cut off


def hue_to_rgb(hues: Float[Tensor, "*n"]) -> Float[Tensor, "*n 3"]:
    """The saturated colours of hues, once around the circle from 0 to 1.

    Example:
        >>> hue_to_rgb(torch.tensor([0.0, 0.5])).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]
    """
    sixths = (hues[..., None] * 6 + torch.tensor([0.0, 4.0, 2.0], device=hues.device)) % 6
    return ((sixths - 3).abs() - 1).clamp(0, 1)
