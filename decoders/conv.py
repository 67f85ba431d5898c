"""The convolutional decoder: linear layers and transposed convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from decoders.checks import check_vectors
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


class ConvDecoder(nn.Module):
    """Hypervectors to the logits of pictures.

    Args:
        dim: the dimension of a hypervector.
        image: channels, height and width of a picture; each convolution doubles both sides, so that they must be a multiple of
            16 for four convolutions, of 32 for five.
        channels: that the transposed convolutions (kernel 4, stride 2) start from, of which there are at least one.
        hidden: the width between the two linear layers; several widths for more layers.
        norm: normalise each layer over the batch; without it learning is several times slower.
        activation: the nonlinearity.
        logit: the logit to start from; -3 is a picture that is mostly background.

    Raises:
        ShapeError: the sides of the picture cannot be doubled so often.
        RangeError: there are no channel numbers.

    Example:
        >>> ConvDecoder(dim=1024, image=(1, 64, 64))(torch.zeros(2, 1024)).shape
        torch.Size([2, 1, 64, 64])
    """

    def __init__(
        self,
        dim: int,
        image: tuple[int, int, int],
        *,
        channels: Sequence[int] = (128, 64, 32, 16),
        hidden: int | Sequence[int] = 512,
        norm: bool = True,
        activation: type[nn.Module] = nn.GELU,
        logit: float = -3.0,
    ) -> None:
        super().__init__()
        if not channels:
            raise RangeError("ConvDecoder has at least one transposed convolution, got channels ()")
        side = 2 ** len(channels)
        if image[1] % side or image[2] % side:
            raise ShapeError(
                f"ConvDecoder doubles a picture {len(channels)} times; {image[1]}x{image[2]} is not a multiple of {side}"
            )
        self.dim = dim
        start = (channels[0], image[1] // side, image[2] // side)
        widths = (dim, hidden) if isinstance(hidden, int) else (dim, *hidden)
        self.hidden = nn.Sequential()
        for before, width in pairwise(widths):
            self.hidden.extend([nn.Linear(before, width), nn.LayerNorm(width) if norm else nn.Identity(), activation()])
        self.hidden.extend([nn.Linear(widths[-1], math.prod(start)), activation(), nn.Unflatten(1, start)])
        self.convolutions = nn.Sequential()
        for i, (c_in, c_out) in enumerate(zip(channels, (*channels[1:], image[0]), strict=True)):
            convolution = nn.ConvTranspose2d(c_in, c_out, kernel_size=4, stride=2, padding=1)
            self.convolutions.append(convolution)
            if norm and i < len(channels) - 2:  # the two large layers near the pixels do without
                self.convolutions.append(nn.BatchNorm2d(c_out))
            if i < len(channels) - 1:
                self.convolutions.append(activation())
            else:
                nn.init.constant_(convolution.bias, logit)  # pyright: ignore[reportArgumentType]  (it has one)
        self.to(memory_format=torch.channels_last)

    def forward(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b c h w"]:
        """Logits [B, C, H, W].

        Args:
            vectors: float [B, dim].

        Raises:
            ShapeError: the vectors are not of the dimension that the decoder was made for.
        """
        check_vectors("ConvDecoder", vectors, self.dim)
        return self.convolutions(self.hidden(vectors).contiguous(memory_format=torch.channels_last))


def document(dim: int, image: tuple[int, int, int]) -> ConvDecoder:
    """The sizes of dSprites VSA: 1,024 hidden units, no norms.

    Example:
        >>> document(1024, (1, 64, 64)).hidden[0].out_features
        1024
    """
    return ConvDecoder(dim, image, hidden=dim, norm=False, logit=0.0)


def small(dim: int, image: tuple[int, int, int]) -> ConvDecoder:
    """Half the channels and a quarter of the hidden units: for comparisons of a minute on one CPU core.

    Example:
        >>> small(1024, (1, 64, 64)).hidden[0].out_features
        128
    """
    return ConvDecoder(dim, image, channels=(64, 32, 16, 8), hidden=128)


def burgess(dim: int, image: tuple[int, int, int]) -> ConvDecoder:
    """The net of the VAE family on dSprites: two linear layers of 256, 32 channels four times, ReLU, no norms.

    Source: Burgess et al., "Understanding disentangling in beta-VAE", 2018, arXiv 1804.03599, appendix A.1.

    Example:
        >>> burgess(10, (1, 64, 64))(torch.zeros(2, 10)).shape
        torch.Size([2, 1, 64, 64])
    """
    return ConvDecoder(dim, image, channels=(32, 32, 32, 32), hidden=(256, 256), norm=False, activation=nn.ReLU, logit=0.0)


def kim(dim: int, image: tuple[int, int, int]) -> ConvDecoder:
    """The mirror of the encoder of that name: linear layers, and transposed convolutions from 64, 64, 32 and 32 channels.

    Source: Kim and Mnih, "Disentangling by factorising", 2018, arXiv 1802.05983, appendix A.

    Example:
        >>> [layer.in_channels for layer in kim(10, (1, 64, 64)).convolutions[::2]]
        [64, 64, 32, 32]
    """
    return _plain(dim, image, (64, 64, 32, 32))


def abdi(dim: int, image: tuple[int, int, int]) -> ConvDecoder:
    """The mirror of the encoder of that name: linear layers, and transposed convolutions from 256, 128, 64, 32 and 32 channels.

    Source: Montero et al., "Lost in Latent Space", 2022, arXiv 2204.02283.

    Example:
        >>> [layer.in_channels for layer in abdi(10, (1, 64, 64)).convolutions[::2]]
        [256, 128, 64, 32, 32]
    """
    return _plain(dim, image, (256, 128, 64, 32, 32))


def montero(dim: int, image: tuple[int, int, int]) -> ConvDecoder:
    """The mirror of the encoder of that name: linear layers, and transposed convolutions from 256, 128, 128, 64, 64 channels.

    Source: Montero et al., "Lost in Latent Space", 2022, arXiv 2204.02283.

    Example:
        >>> [layer.in_channels for layer in montero(10, (1, 64, 64)).convolutions[::2]]
        [256, 128, 128, 64, 64]
    """
    return _plain(dim, image, (256, 128, 128, 64, 64))


def _plain(dim: int, image: tuple[int, int, int], channels: tuple[int, ...]) -> ConvDecoder:
    return ConvDecoder(dim, image, channels=channels, hidden=256, norm=False, activation=nn.ReLU, logit=0.0)
