"""Observation to latent: torch modules, one architecture a file; their names, and what each must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vsa.plugins import register

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

register(
    "encoder",
    {
        "clip": "encoders.clip:ClipEncoder",
        "conv": "encoders.conv:ConvEncoder",
        "conv-abdi": "encoders.conv:abdi",
        "conv-burgess": "encoders.conv:burgess",
        "conv-document": "encoders.conv:document",
        "conv-kim": "encoders.conv:kim",
        "conv-montero": "encoders.conv:montero",
        "conv-small": "encoders.conv:small",
        "fractional": "encoders.fractional:FractionalEncoder",
        "fractional-map": "encoders.fractional:fractional_map",
        "glimpse": "encoders.glimpse:GlimpseEncoder",
        "window": "encoders.window_latents:WindowEncoder",
    },
)

__all__ = ["Encoder"]


@runtime_checkable
class Encoder(Protocol):
    """Observations to feature posteriors. A plugin is called as `encoder(image=(C, H, W), features=F, dim=D)` to make one.

    For clips it is called with image=(T, C, H, W), and then with clips [B, T, C, H, W].
    """

    def __call__(
        self, images: Float[Tensor, "b *t c h w"]
    ) -> tuple[Float[Tensor, "b features dim"], Float[Tensor, "b features dim"]]:
        """Mean and log variance, [B, F, D] each, of pictures [B, C, H, W], or of clips [B, T, C, H, W], in [0, 1]."""
        ...
