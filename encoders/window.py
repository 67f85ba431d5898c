"""Windows around a place of each picture: moved by whole pixels, or by fractions of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.errors import DtypeError, RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


def half(image: tuple[int, int, int]) -> int:
    """Half the longer side of a picture, rounded up, in pixels: the side of a window for an object that may be anywhere in it.

    Args:
        image: channels, height and width.

    Example:
        >>> half((1, 48, 64))
        32
    """
    return (max(image[1:]) + 1) // 2


def centre(images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 2"]:
    """The centres of mass (x, y) of pictures, in pixels from their left upper corner: float32 [B, 2].

    A pixel weighs as much as its channels add up to, and lies half a pixel right of and below its own corner. An empty
    picture has its centre in the middle.

    Args:
        images: float [B, C, H, W], not negative.

    Example:
        >>> picture = torch.zeros(1, 1, 8, 8)
        >>> picture[0, 0, 2, 5] = 1
        >>> centre(picture)
        tensor([[5.5000, 2.5000]])
    """
    weights = images.float().sum(1).clamp(min=0)
    mass = weights.sum((1, 2)).clamp(min=1e-6)  # below that a picture counts as empty, and its gradient stays finite
    axes = []
    for across in (1, 2):
        line = weights.sum(across)
        n = line.shape[1]
        from_middle = torch.arange(n, device=line.device) + (1 - n) / 2
        axes.append(n / 2 + (line * from_middle).sum(1) / mass)
    return torch.stack(axes, 1)


def glimpse(images: Float[Tensor, "b c h w"], middle: Float[Tensor, "b 2"], window: int) -> Float[Tensor, "b c s s"]:
    """The window around a point of each picture, moved by whole pixels; beyond the edges there are zeros.

    Args:
        images: [B, C, H, W].
        middle: float [B, 2], x and y in pixels, within the picture.
        window: its side in pixels.

    Returns:
        [B, C, window, window]

    Example:
        >>> picture = torch.arange(9.0).view(1, 1, 3, 3)
        >>> glimpse(picture, torch.tensor([[2.5, 1.5]]), 3)[0, 0]
        tensor([[1., 2., 0.],
                [4., 5., 0.],
                [7., 8., 0.]])
    """
    before, after = window // 2, (window + 1) // 2
    padded = F.pad(images, (before, after, before, after)).permute(0, 2, 3, 1)
    # Rounded at a little less than a half: the middle of a symmetric object often lies on exactly a half, where the last bit
    # of a sum would decide, and the same object would be seen in two ways.
    corner = (middle - window / 2 + 0.501).floor().long() + before
    side = torch.arange(window, device=images.device)
    batch = torch.arange(len(images), device=images.device)[:, None, None]
    x, y = (corner[:, :, None] + side).unbind(1)
    return padded[batch, y[:, :, None], x[:, None, :]].permute(0, 3, 1, 2)


def window(
    images: Float[Tensor, "b c h w"], middle: Float[Tensor, "b 2"], size: int | tuple[int, int]
) -> Float[Tensor, "b c s t"]:
    """The window around a point of each picture, moved by fractions of a pixel; beyond the edges there are zeros.

    A value between pixels is interpolated bilinearly from the four pixels around it. Where the window lies on whole pixels, it
    is what `glimpse` gives. Gradients flow to the pictures and to the middles.

    torchvision's RoIAlign does the same, at less than half the speed on a CPU and without gradients to the middles.

    Args:
        images: floating point [B, C, H, W].
        middle: [B, 2], x and y in pixels from the left upper corner. A window around a place that is no number is NaN.
        size: its side in pixels, or its height and width.

    Returns:
        [B, C, height, width] of the window, of the dtype of the pictures. Half precision is computed in float32.

    Raises:
        ShapeError: the pictures are not [B, C, H, W], or the middles are not one for each.
        DtypeError: the pictures are not of floating point numbers.
        RangeError: a side is below 1.

    Source:
        Jaderberg et al., "Spatial transformer networks", 2015, arXiv 1506.02025, section 3.3.

    Example:
        >>> picture = torch.arange(9.0).view(1, 1, 3, 3)
        >>> window(picture, torch.tensor([[2.0, 1.5]]), 3)[0, 0]
        tensor([[0.5000, 1.5000, 1.0000],
                [3.5000, 4.5000, 2.5000],
                [6.5000, 7.5000, 4.0000]])
    """
    if images.ndim != 4 or middle.shape != (len(images), 2):
        raise ShapeError(
            f"window needs pictures [B, C, H, W] and middles [B, 2], got {list(images.shape)} and {list(middle.shape)}"
        )
    if not images.is_floating_point():
        raise DtypeError(f"window needs pictures of floating point numbers, got {images.dtype}; use images.float()")
    sides = (size, size) if isinstance(size, int) else size
    if min(sides) < 1:
        raise RangeError(f"window needs sides of at least 1, got {' and '.join(map(str, sides))}")
    dtype = torch.float64 if images.dtype == torch.float64 else torch.float32
    # From -1 to 1 between the outer edges. Far outside all is zero, so places need not be followed further.
    lines = []
    for place, side, length in zip(middle.to(dtype).unbind(1), sides[::-1], (images.shape[3], images.shape[2]), strict=True):
        near = place.clamp(-side - 2.0, length + side + 2.0)
        lines.append((near[:, None] + torch.arange(side, device=images.device) - (side - 1) / 2) * (2 / length) - 1)
    x, y = lines[0][:, None, :].expand(-1, sides[0], -1), lines[1][:, :, None].expand(-1, -1, sides[1])
    seen = F.grid_sample(images.to(dtype), torch.stack([x, y], -1), align_corners=False)
    return seen.masked_fill(middle.isnan().any(1)[:, None, None, None], float("nan")).to(images.dtype)
