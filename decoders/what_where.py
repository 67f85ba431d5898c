"""The what-where decoder: what the object looks like is drawn in a small patch, which is laid where the object is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from decoders.checks import check_sizes, check_vectors
from decoders.laying import SHARPNESS, half, laid, patch_network

if TYPE_CHECKING:
    from jaxtyping import Float


class WhatWhereDecoder(nn.Module):
    """Hypervectors of one object to the logits of pictures.

    A linear layer reads a short code for each feature out of the vector. A softmax over each is a soft cleanup: what the other
    terms of the superposition add to the read-out is noise spread over the whole code, and all but the winner is suppressed.
    From the cleaned codes one network draws a patch, and two linear layers say at which column and row it lies, as a
    distribution over each; the patch is laid there by two matrix products. The network never has to learn the same shape at
    every position, and the position is learnt from every shape.

    Args:
        dim: the dimension of a hypervector.
        image: channels, height and width of a picture; any.
        features: how many codes are read; as many as the object has features, or more.
        window: the side of the patch in pixels, into which the object should fit; by default half the longer side of a picture.
        hidden: the width of the two hidden layers that draw the patch.
        code: the length of a code.
        logit: the logit of the background to start from; -4 is a picture that is mostly background.

    Raises:
        RangeError: a number is below 1.

    Example:
        >>> WhatWhereDecoder(dim=1024, image=(1, 64, 64), features=5)(torch.zeros(2, 1024)).shape
        torch.Size([2, 1, 64, 64])
    """

    def __init__(
        self,
        dim: int,
        image: tuple[int, int, int],
        features: int,
        *,
        window: int | None = None,
        hidden: int = 512,
        code: int = 64,
        logit: float = -4.0,
    ) -> None:
        super().__init__()
        window = half(image) if window is None else window
        check_sizes("WhatWhereDecoder", image, dim=dim, features=features, window=window, hidden=hidden, code=code)
        channels, height, width = image
        self.dim, self.window = dim, window
        self.read = nn.Linear(dim, features * code)
        nn.init.normal_(self.read.weight, std=dim**-0.5)  # entries of about 1 give read-outs of about 1
        self.split = nn.Unflatten(1, (features, code))
        self.scale = nn.Parameter(torch.full((features, 1), 0.3))
        self.what = patch_network(features * code, hidden, (channels, window, window))
        self.column, self.row = nn.Linear(features * code, width), nn.Linear(features * code, height)
        for layer in (self.column, self.row):  # at first every place is as likely as any other
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.background = nn.Parameter(torch.full((channels, 1, 1), logit))

    def forward(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b c h w"]:
        """Logits [B, C, H, W].

        Args:
            vectors: float [B, dim].

        Raises:
            ShapeError: the vectors are not of the dimension that the decoder was made for.
        """
        check_vectors("WhatWhereDecoder", vectors, self.dim)
        codes = (self.split(self.read(vectors)) * self.scale).softmax(-1).flatten(1)
        columns, rows = (self._lay(layer(codes)) for layer in (self.column, self.row))
        return self.background + torch.einsum("bhi,bcij,bwj->bchw", rows, self.what(codes), columns)

    def _lay(self, logits: Tensor) -> Tensor:
        """The matrices that lay a patch around places of an axis, given their logits [B, N], see `decoders.laying.laid`."""
        return laid((SHARPNESS * logits).softmax(-1), self.window)
