"""The encoder of clips: the same convolutions look at each frame, and what they say is put together over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encoders.colours import Colours
from encoders.conv import halvings
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


class ClipEncoder(nn.Module):
    """Clips to the mean and log variance of their feature vectors.

    Convolutions make a code of each frame. What stays in a clip is in the mean of these codes over time; what moves is in a few
    numbers of each frame, kept in order. What colours there are is counted, see `encoders.colours.Colours`: of 64 x 64 pixels a
    face has few, and convolutions alone take long to find them.

    All together gives a short code for each feature, which is set to length 1 and projected by a fixed random matrix to a
    hypervector of norm about sqrt(dim). All features thus have the same energy: in a superposition each is noise to the others,
    and one that could grow would drown them.

    Args:
        image: frames, channels, height and width of a clip, or without the frames of a picture, which is a clip of one; each
            convolution halves height and width, so that they must be a multiple of 16 for four convolutions.
        features: how many feature vectors.
        dim: the dimension of each.
        channels: of the convolutions (kernel 4, stride 2), of which there are at least one.
        hidden: the width of a frame's code and, twice as many, of the clip's.
        moving: how many numbers of each frame are kept in order.
        colours: how many random Fourier features of colours are averaged.
        bandwidth: how far apart colours, from 0 to 1, become unrelated.
        code: the length of a feature's code, before it is projected.
        logvar: the log variance, the same for every clip; -2.4 is noise of 0.3 beside entries of about 1.
        seed: of the random projection, and of the random features.

    Raises:
        ShapeError: an observation is no clip, or the sides of a frame cannot be halved so often.
        RangeError: a number is below 1, or there are no channel numbers.

    Example:
        >>> mean, logvar = ClipEncoder(image=(8, 3, 64, 64), features=5, dim=1024)(torch.zeros(2, 8, 3, 64, 64))
        >>> mean.shape
        torch.Size([2, 5, 1024])
    """

    projection: Tensor

    def __init__(
        self,
        image: Sequence[int],
        features: int,
        dim: int,
        *,
        channels: Sequence[int] = (16, 32, 64, 128),
        hidden: int = 256,
        moving: int = 32,
        colours: int = 64,
        bandwidth: float = 0.05,
        code: int = 64,
        logvar: float = -2.4,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if len(image) not in (3, 4) or min(image) < 1:
            raise ShapeError(
                f"ClipEncoder takes clips [T, C, H, W] with frames and pixels, or pictures [C, H, W], got {list(image)}"
            )
        sizes = {"features": features, "dim": dim, "hidden": hidden, "moving": moving, "colours": colours, "code": code}
        for name, value in sizes.items():
            if value < 1:
                raise RangeError(f"ClipEncoder needs {name} of at least 1, got {value}")
        self.image, self.logvar = tuple(image), logvar
        frames = image[0] if len(image) == 4 else 1
        (depth, height, width), side = image[-3:], 2 ** len(channels)
        self.convolutions = halvings("ClipEncoder", (depth, height, width), channels)
        flat = channels[-1] * (height // side) * (width // side)
        self.frame = nn.Sequential(nn.Linear(flat, hidden), nn.LayerNorm(hidden), nn.GELU())
        self.moving = nn.Linear(hidden, moving)
        self.clip = nn.Sequential(nn.Linear(hidden + frames * moving + colours, 2 * hidden), nn.LayerNorm(2 * hidden), nn.GELU())
        # Centred, or at first all clips would have nearly the same code, and the decoder nothing to tell them apart by.
        self.code = nn.Sequential(nn.Linear(2 * hidden, features * code), nn.BatchNorm1d(features * code, affine=False))
        self.split = nn.Unflatten(1, (features, code))
        generator = torch.Generator().manual_seed(seed)
        self.colours = Colours(depth, colours, bandwidth, generator=generator)
        self.register_buffer("projection", torch.randn(features, code, dim, generator=generator))
        self.to(memory_format=torch.channels_last)

    def forward(
        self, images: Float[Tensor, "b *t c h w"]
    ) -> tuple[Float[Tensor, "b features dim"], Float[Tensor, "b features dim"]]:
        """Mean and log variance, [B, features, dim] each; the log variance is one number, seen through `expand`.

        Args:
            images: float [B, T, C, H, W], or [B, C, H, W] if it was made for pictures, in [0, 1].

        Raises:
            ShapeError: the clips are not of the length and size that the encoder was made for.
        """
        if tuple(images.shape[1:]) != self.image:
            what = "clips" if len(self.image) == 4 else "pictures"
            raise ShapeError(f"ClipEncoder was made for {what} [B, {', '.join(map(str, self.image))}], got {list(images.shape)}")
        images = images if images.ndim == 5 else images[:, None]
        maps = self.convolutions(images.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        frames = self.frame(maps.flatten(1)).unflatten(0, images.shape[:2])
        colours = self.colours(images).to(frames.dtype)
        seen = self.clip(torch.cat([frames.mean(1), self.moving(frames).flatten(1), colours], 1))
        code = F.normalize(self.split(self.code(seen)), dim=-1)
        mean = torch.einsum("bfk,fkd->bfd", code, self.projection)
        return mean, mean.new_tensor(self.logvar).expand_as(mean)
