"""Vector to observation: torch modules, one architecture a file; their names, and what each must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vsa.plugins import register

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

register(
    "decoder",
    {
        "conv": "decoders.conv:ConvDecoder",
        "conv-burgess": "decoders.conv:burgess",
        "conv-document": "decoders.conv:document",
        "conv-small": "decoders.conv:small",
        "what-where": "decoders.what_where:WhatWhereDecoder",
    },
)

__all__ = ["Decoder"]


@runtime_checkable
class Decoder(Protocol):
    """Hypervectors to observations. A plugin is called as `decoder(dim=D, image=(C, H, W))` to make one."""

    def __call__(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b c h w"]:
        """Logits [B, C, H, W] of vectors [B, D]."""
        ...
