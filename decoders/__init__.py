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
        "by-role": "decoders.by_role:ByRoleDecoder",
        "clip": "decoders.clip:ClipDecoder",
        "conv": "decoders.conv:ConvDecoder",
        "conv-abdi": "decoders.conv:abdi",
        "conv-burgess": "decoders.conv:burgess",
        "conv-document": "decoders.conv:document",
        "conv-kim": "decoders.conv:kim",
        "conv-montero": "decoders.conv:montero",
        "conv-small": "decoders.conv:small",
        "patch": "decoders.patch:PatchDecoder",
        "sbd3": "decoders.spatial_broadcast:three",
        "sbd4": "decoders.spatial_broadcast:four",
        "what-where": "decoders.what_where:WhatWhereDecoder",
    },
)

__all__ = ["Decoder"]


@runtime_checkable
class Decoder(Protocol):
    """Hypervectors to observations. A plugin is called as `decoder(dim=D, image=(C, H, W))` to make one,
    for clips with image=(T, C, H, W).

    One whose signature has a parameter `features` gets the number of features of an object; `axes`, `hues` and `powers`
    likewise, see `decoders.by_role.ByRoleDecoder`. One with an attribute `by_role` that is true is called with [B, F, D], what
    each role holds.
    """

    def __call__(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b *t c h w"]:
        """Logits [B, C, H, W], of clips [B, T, C, H, W], of vectors [B, D]."""
        ...
