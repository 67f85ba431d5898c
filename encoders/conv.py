"""The convolutional encoder: convolutions and linear layers, one posterior for each feature."""

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
        image: channels, height and width of a picture; each convolution halves both sides, so that they must be a multiple of 16
            for four convolutions, of 32 for five.
        features: how many feature vectors.
        dim: the dimension of each.
        channels: of the convolutions (kernel 4, stride 2), of which there are at least one.
        hidden: the width between the two linear layers; several widths for more layers.
        norm: normalise each layer over the batch; without it learning is several times slower.
        activation: the nonlinearity.
        logvar: the log variance to start from.

    Raises:
        ShapeError: the sides of the picture cannot be halved so often.
        RangeError: there are no channel numbers.

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
        side = 2 ** len(channels)
        self.image = tuple(image)
        self.convolutions = halvings("ConvEncoder", image, channels, norm, activation)
        flat = channels[-1] * (image[1] // side) * (image[2] // side)
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


def halvings(
    encoder: str,
    image: tuple[int, int, int],
    channels: Sequence[int],
    norm: bool = True,
    activation: type[nn.Module] = nn.GELU,
) -> nn.Sequential:
    """Convolutions each of which halves the sides of pictures.

    Args:
        encoder: whose they are, for messages.
        image: channels, height and width of a picture.
        channels: of the convolutions.
        norm: normalise each layer over the batch, but the first.
        activation: the nonlinearity after each.

    Raises:
        ShapeError: the sides of the picture cannot be halved so often.
        RangeError: there are no channel numbers.

    Example:
        >>> halvings("an encoder", (3, 64, 64), (8, 16))(torch.zeros(1, 3, 64, 64)).shape
        torch.Size([1, 16, 16, 16])
    """
    if not channels:
        raise RangeError(f"{encoder} has at least one convolution, got channels ()")
    side = 2 ** len(channels)
    if image[1] % side or image[2] % side:
        raise ShapeError(f"{encoder} halves a picture {len(channels)} times; {image[1]}x{image[2]} is not a multiple of {side}")
    layers = nn.Sequential()
    for i, (c_in, c_out) in enumerate(zip((image[0], *channels[:-1]), channels, strict=True)):
        layers.append(nn.Conv2d(c_in, c_out, kernel_size=4, stride=2, padding=1))
        if norm and i > 0:  # the first layer sees pixels, which need none
            layers.append(nn.BatchNorm2d(c_out))
        layers.append(activation())
    return layers


def document(image: tuple[int, int, int], features: int, dim: int) -> ConvEncoder:
    """The sizes of dSprites VSA: 10,240 hidden units, no norms, 126 M weights for five 1024-d features.

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


def kim(image: tuple[int, int, int], features: int, dim: int) -> ConvEncoder:
    """The net of FactorVAE: four convolutions of 32, 32, 64 and 64 channels, a linear layer of 256, ReLU, no norms.

    Source: Kim and Mnih, "Disentangling by factorising", 2018, arXiv 1802.05983, appendix A.

    Example:
        >>> [layer.out_channels for layer in kim((1, 64, 64), 10, 1).convolutions[::2]]
        [32, 32, 64, 64]
    """
    return _plain(image, features, dim, (32, 32, 64, 64))


def abdi(image: tuple[int, int, int], features: int, dim: int) -> ConvEncoder:
    """Five convolutions of 32, 32, 64, 128 and 256 channels, a linear layer of 256, ReLU, no norms; called abdi there.

    Source: Montero et al., "Lost in Latent Space", 2022, arXiv 2204.02283.

    Example:
        >>> [layer.out_channels for layer in abdi((1, 64, 64), 10, 1).convolutions[::2]]
        [32, 32, 64, 128, 256]
    """
    return _plain(image, features, dim, (32, 32, 64, 128, 256))


def montero(image: tuple[int, int, int], features: int, dim: int) -> ConvEncoder:
    """Five convolutions of 64, 64, 128, 128 and 256 channels, a linear layer of 256, ReLU, no norms.

    Source: Montero et al., "Lost in Latent Space", 2022, arXiv 2204.02283.

    Example:
        >>> [layer.out_channels for layer in montero((1, 64, 64), 10, 1).convolutions[::2]]
        [64, 64, 128, 128, 256]
    """
    return _plain(image, features, dim, (64, 64, 128, 128, 256))


def _plain(image: tuple[int, int, int], features: int, dim: int, channels: tuple[int, ...]) -> ConvEncoder:
    return ConvEncoder(image, features, dim, channels=channels, hidden=256, norm=False, activation=nn.ReLU, logvar=0.0)
