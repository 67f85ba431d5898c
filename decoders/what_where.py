"""The what-where decoder: what the object looks like is drawn in a small patch, which is laid where the object is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float

SHARPNESS = 8.0
"""What the logits of a position are multiplied by: a weight then moves them eight times as far in one step of Adam."""


class WhatWhereDecoder(nn.Module):
    """Hypervectors of one object to the logits of pictures.

    A linear layer reads some parts, short codes, out of the vector. A softmax over each is a soft cleanup: what the other
    terms of the superposition add to the read-out is noise spread over the whole code, and all but the winner is suppressed.
    From the cleaned parts one network draws a patch, and two linear layers say at which column and row it lies, as a
    distribution over each; the patch is laid there by two matrix products. The network never has to learn the same shape at
    every position, and the position is learnt from every shape.

    Args:
        dim: the dimension of a hypervector.
        image: channels, height and width of a picture; any.
        window: the side of the patch in pixels; the object should fit into it.
        hidden: the width of the two hidden layers that draw the patch.
        parts: how many codes are read; as many as the object has features, or more.
        code: the length of each.
        logit: the logit of the background to start from; -4 is a picture that is mostly background.

    Raises:
        RangeError: a number is below 1.

    Example:
        >>> WhatWhereDecoder(dim=1024, image=(1, 64, 64))(torch.zeros(2, 1024)).shape
        torch.Size([2, 1, 64, 64])
    """

    def __init__(
        self,
        dim: int,
        image: tuple[int, int, int],
        *,
        window: int = 32,
        hidden: int = 512,
        parts: int = 5,
        code: int = 64,
        logit: float = -4.0,
    ) -> None:
        super().__init__()
        sizes = {"dim": dim, "window": window, "hidden": hidden, "parts": parts, "code": code}
        for name, value in (*zip(("channels", "height", "width"), image, strict=True), *sizes.items()):
            if value < 1:
                raise RangeError(f"WhatWhereDecoder needs {name} of at least 1, got {value}")
        channels, height, width = image
        self.dim, self.window = dim, window
        self.read = nn.Linear(dim, parts * code)
        nn.init.normal_(self.read.weight, std=dim**-0.5)  # entries of about 1 give read-outs of about 1
        self.split = nn.Unflatten(1, (parts, code))
        self.scale = nn.Parameter(torch.full((parts, 1), 0.3))
        self.what = nn.Sequential(
            nn.Linear(parts * code, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, channels * window * window),
            nn.Unflatten(1, (channels, window, window)),
        )
        self.column, self.row = nn.Linear(parts * code, width), nn.Linear(parts * code, height)
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
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise ShapeError(f"WhatWhereDecoder was made for vectors [B, {self.dim}], got {list(vectors.shape)}")
        parts = (self.split(self.read(vectors)) * self.scale).softmax(-1).flatten(1)
        columns, rows = (self._lay(layer(parts)) for layer in (self.column, self.row))
        return self.background + torch.einsum("bhi,bcij,bwj->bchw", rows, self.what(parts), columns)

    def _lay(self, logits: Tensor) -> Tensor:
        """The Toeplitz matrices [B, N, window] that lay a patch around places of an axis, given their logits [B, N].

        Its entry for pixel n and line i of the patch is the probability of the place n + i - (window - 1) // 2: the patch is
        stored back to front, which saves turning the matrix.
        """
        places = (SHARPNESS * logits).softmax(-1)
        return F.pad(places, ((self.window - 1) // 2, self.window // 2)).unfold(1, self.window, 1)
