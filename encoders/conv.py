"""The convolutional encoder: four convolutions and two linear layers, one posterior for each feature."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


class ConvEncoder(nn.Module):
    """Pictures to the mean and log variance of their feature vectors.

    Args:
        image: channels, height and width of a picture; both sides a multiple of 16.
        features: how many feature vectors.
        dim: the dimension of each.
        channels: of the four convolutions (kernel 4, stride 2).
        hidden: the width between the two linear layers; several widths for more layers.
        norm: normalise each layer over the batch; without it learning is several times slower.
        activation: the nonlinearity.
        logvar: the log variance to start from.

    Raises:
        ShapeError: the sides of the picture are not multiples of 16.
        RangeError: there are not four channel numbers.

    Example:
        >>> mean, logvar = ConvEncoder(image=(1, 64, 64), features=5, dim=1024)(torch.zeros(2, 1, 64, 64))
        >>> mean.shape
        torch.Size([2, 5, 1024])
    """

    def __init__(
        self,
        image: tuple[int, int, int],
        features: int,
        dim: int,
        *,
        channels: Sequence[int] = (16, 32, 64, 128),
        hidden: int | Sequence[int] = 512,
        norm: bool = True,
        activation: type[nn.Module] = nn.GELU,
        logvar: float = -4.0,
    ) -> None:
        super().__init__()
        if len(channels) != 4:
            raise RangeError(f"ConvEncoder has four convolutions, got channels {tuple(channels)}")
        if image[1] % 16 or image[2] % 16:
            raise ShapeError(f"ConvEncoder halves a picture four times; {image[1]}x{image[2]} is not a multiple of 16")
        self.image = tuple(image)
        self.convolutions = nn.Sequential()
        for i, (c_in, c_out) in enumerate(zip((image[0], *channels[:-1]), channels, strict=True)):
            self.convolutions.append(nn.Conv2d(c_in, c_out, kernel_size=4, stride=2, padding=1))
            if norm and i > 0:  # the first layer sees pixels, which need none
                self.convolutions.append(nn.BatchNorm2d(c_out))
            self.convolutions.append(activation())
        flat = channels[-1] * (image[1] // 16) * (image[2] // 16)
        widths = (flat, hidden) if isinstance(hidden, int) else (flat, *hidden)
        self.hidden = nn.Sequential()
        for before, width in pairwise(widths):
            self.hidden.extend([nn.Linear(before, width), nn.LayerNorm(width) if norm else nn.Identity(), activation()])
        self.posterior = nn.Linear(widths[-1], 2 * features * dim)
        self.split = nn.Unflatten(1, (2, features, dim))
        with torch.no_grad():
            self.split(self.posterior.bias[None])[:, 1] = logvar
        self.to(memory_format=torch.channels_last)

    def forward(
        self, images: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b features dim"], Float[Tensor, "b features dim"]]:
        """Mean and log variance, [B, features, dim] each.

        Args:
            images: float [B, C, H, W] in [0, 1].

        Raises:
            ShapeError: the pictures are not of the size that the encoder was made for.
        """
        if images.ndim != 4 or tuple(images.shape[1:]) != self.image:
            raise ShapeError(
                f"ConvEncoder was made for pictures [B, {', '.join(map(str, self.image))}], got {list(images.shape)}"
            )
        maps = self.convolutions(images.contiguous(memory_format=torch.channels_last))
        mean, logvar = self.split(self.posterior(self.hidden(maps.flatten(1)))).unbind(1)
        return mean, logvar


def document(image: tuple[int, int, int], features: int, dim: int) -> ConvEncoder:
    """The sizes of the source document: 10,240 hidden units, no norms, 126 M weights for five 1024-d features.

    Example:
        >>> round(sum(p.numel() for p in document((1, 64, 64), 5, 1024).parameters()) / 1e6)
        126
    """
    return ConvEncoder(image, features, dim, hidden=2 * features * dim, norm=False, logvar=0.0)


def small(image: tuple[int, int, int], features: int, dim: int) -> ConvEncoder:
    """Half the channels and a quarter of the hidden units: for comparisons of a minute on one CPU core.

    Example:
        >>> round(sum(p.numel() for p in small((1, 64, 64), 5, 1024).parameters()) / 1e6, 1)
        1.5
    """
    return ConvEncoder(image, features, dim, channels=(8, 16, 32, 64), hidden=128)


def burgess(image: tuple[int, int, int], features: int, dim: int) -> ConvEncoder:
    """The net of the VAE family on dSprites: 32 channels four times, two linear layers of 256, ReLU, no norms.

    Source: Burgess et al., "Understanding disentangling in beta-VAE", 2018, arXiv 1804.03599, appendix A.1.

    Example:
        >>> mean, logvar = burgess((1, 64, 64), features=10, dim=1)(torch.zeros(2, 1, 64, 64))
        >>> mean.shape
        torch.Size([2, 10, 1])
    """
    return ConvEncoder(
        image, features, dim, channels=(32, 32, 32, 32), hidden=(256, 256), norm=False, activation=nn.ReLU, logvar=0.0
    )
