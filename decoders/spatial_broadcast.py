"""The spatial broadcast decoder: the vector stands at every pixel, beside the pixel's place, and convolutions draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from decoders.checks import check_vectors
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float

SIZE = 5
"""Height and width of a convolution's kernel."""


class SpatialBroadcastDecoder(nn.Module):
    """Vectors to the parameters of pictures, of any size, without upsampling.

    The vector is repeated at each pixel, two channels with the pixel's row and column from -1 to 1 are put beside it, and
    convolutions that keep the size, with ReLU between them, make the picture.

    Args:
        dim: the dimension of a vector.
        image: channels, height and width of a picture.
        channels: of the convolutions before the last, which has those of the picture.

    Raises:
        ShapeError: the picture has no pixels or channels.
        RangeError: there are no channel numbers.

    Source: Watters et al., "Spatial broadcast decoder", 2019, arXiv 1901.07017.

    Example:
        >>> SpatialBroadcastDecoder(dim=10, image=(3, 20, 30))(torch.zeros(2, 10)).shape
        torch.Size([2, 3, 20, 30])
    """

    places: Tensor

    def __init__(self, dim: int, image: tuple[int, int, int], *, channels: Sequence[int] = (64, 64)) -> None:
        super().__init__()
        if not channels:
            raise RangeError("SpatialBroadcastDecoder has at least two convolutions, got channels ()")
        if min(image) < 1:
            raise ShapeError(f"SpatialBroadcastDecoder draws pictures [C, H, W] with pixels, got {list(image)}")
        self.dim = dim
        rows, columns = (torch.linspace(-1, 1, side) for side in image[1:])
        # Not in the state: it is the same whatever was learnt.
        self.register_buffer("places", torch.stack(torch.meshgrid(rows, columns, indexing="ij")), persistent=False)
        self.convolutions = nn.Sequential()
        for c_in, c_out in zip((dim + 2, *channels), channels, strict=False):
            self.convolutions.extend([nn.Conv2d(c_in, c_out, SIZE, padding=SIZE // 2), nn.ReLU()])
        self.convolutions.append(nn.Conv2d(channels[-1], image[0], SIZE, padding=SIZE // 2))
        self.to(memory_format=torch.channels_last)

    def forward(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b c h w"]:
        """Parameters [B, C, H, W].

        Args:
            vectors: float [B, dim].

        Raises:
            ShapeError: the vectors are not of the dimension that the decoder was made for.
        """
        check_vectors("SpatialBroadcastDecoder", vectors, self.dim)
        everywhere = vectors[:, :, None, None].expand(-1, -1, *self.places.shape[1:])
        places = self.places.to(vectors.dtype).expand(len(vectors), -1, -1, -1)
        return self.convolutions(torch.cat([everywhere, places], 1).contiguous(memory_format=torch.channels_last))


def three(dim: int, image: tuple[int, int, int]) -> SpatialBroadcastDecoder:
    """Three convolutions, of 64, 64 and the picture's channels.

    Source: Montero et al., "Lost in Latent Space", 2022, arXiv 2204.02283.

    Example:
        >>> [layer.out_channels for layer in three(10, (1, 64, 64)).convolutions[::2]]
        [64, 64, 1]
    """
    return SpatialBroadcastDecoder(dim, image)


def four(dim: int, image: tuple[int, int, int]) -> SpatialBroadcastDecoder:
    """Four convolutions, of 64, 64, 64 and the picture's channels.

    Source: Montero et al., "Lost in Latent Space", 2022, arXiv 2204.02283.

    Example:
        >>> [layer.out_channels for layer in four(10, (3, 64, 64)).convolutions[::2]]
        [64, 64, 64, 3]
    """
    return SpatialBroadcastDecoder(dim, image, channels=(64, 64, 64))
