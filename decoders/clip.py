"""The decoder of clips: what a vector holds is read once, and drawn at each time by the same network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from decoders.checks import check_sizes, check_vectors
from decoders.conv import ConvDecoder
from vsa.errors import ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


class ClipDecoder(nn.Module):
    """Hypervectors to the logits of clips.

    A linear layer reads a short code for each feature out of the vector: unbinding is linear, and of the thousand directions in
    which the terms of a superposition disturb each other few are left. Each frame adds a vector of its own, that of its time, to
    what was read, and transposed convolutions draw it. So a frame depends on the clip's vector and on its time alone, and not on
    the frames before it.

    There is no softmax over the codes, the soft cleanup of other decoders here: with it clips were learnt several times slower.

    Args:
        dim: the dimension of a hypervector.
        image: frames, channels, height and width of a clip, or without the frames of a picture, which is a clip of one; each
            convolution doubles height and width, so that they must be a multiple of 16 for four convolutions.
        features: how many codes are read; as many as the clip has features, or more.
        channels: that the transposed convolutions start from, see `decoders.conv.ConvDecoder`.
        hidden: the width of the hidden layers.
        code: the length of a code.
        logit: the logit to start from; -3 is a picture that is mostly background.

    Raises:
        ShapeError: an observation is no clip, or the sides of a frame cannot be doubled so often.
        RangeError: a number is below 1, or there are no channel numbers.

    Example:
        >>> ClipDecoder(dim=1024, image=(8, 3, 64, 64), features=5)(torch.zeros(2, 1024)).shape
        torch.Size([2, 8, 3, 64, 64])
    """

    def __init__(
        self,
        dim: int,
        image: Sequence[int],
        features: int,
        *,
        channels: Sequence[int] = (128, 64, 32, 16),
        hidden: int = 512,
        code: int = 64,
        logit: float = -3.0,
    ) -> None:
        super().__init__()
        if len(image) not in (3, 4):
            raise ShapeError(f"ClipDecoder draws clips [T, C, H, W], or pictures [C, H, W], got {list(image)}")
        self.image, frames = tuple(image), image[0] if len(image) == 4 else 1
        frame = (image[-3], image[-2], image[-1])
        check_sizes("ClipDecoder", frame, frames=frames, dim=dim, features=features, hidden=hidden, code=code)
        self.dim = dim
        self.read = nn.Linear(dim, features * code)
        nn.init.normal_(self.read.weight, std=dim**-0.5)  # entries of about 1 give read-outs of about 1
        # As large as what the time says.
        self.what = nn.Sequential(nn.Linear(features * code, hidden), nn.LayerNorm(hidden))
        self.time = nn.Parameter(torch.randn(frames, hidden))
        self.frame = ConvDecoder(hidden, frame, channels=channels, hidden=hidden, logit=logit)

    def forward(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b *t c h w"]:
        """Logits [B, T, C, H, W], or [B, C, H, W] if it was made for pictures.

        Args:
            vectors: float [B, dim].

        Raises:
            ShapeError: the vectors are not of the dimension that the decoder was made for.
        """
        check_vectors("ClipDecoder", vectors, self.dim)
        frames = F.gelu(self.what(self.read(vectors))[:, None] + self.time)
        return self.frame(frames.flatten(0, 1)).view(len(vectors), *self.image)
