"""What can be measured, and by whom: the interfaces of a model of what stays and what moves, and of a judge of clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Shaped


@runtime_checkable
class Judge(Protocol):
    """What tells the factors of clips."""

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the factors that it knows."""
        ...

    def read(self, clips: Shaped[Tensor, "n t c h w"], *features: str) -> dict[str, Tensor]:
        """By factor the class that each clip shows, int64 [B]; of all factors if none is named."""
        ...


@runtime_checkable
class Sequential(Protocol):
    """What can be measured: a model with a content for each clip, a motion for each frame, and priors of both."""

    @property
    def device(self) -> torch.device:
        """Where it is."""
        ...

    def encode(self, clips: Tensor, /) -> tuple[Tensor, Tensor]:
        """The means of content [B, Df] and motion [B, T, Dz], of clips [B, T, C, H, W] from 0 to 1."""
        ...

    def sampled(self, clips: Tensor, generator: torch.Generator, /) -> tuple[Tensor, Tensor]:
        """A draw of both from their posterior."""
        ...

    def decode(self, content: Tensor, motion: Tensor, /) -> Tensor:
        """Clips [B, T, C, H, W] from 0 to 1."""
        ...

    def prior_content(self, n: int, generator: torch.Generator, /) -> Tensor:
        """Contents [n, Df] from their prior."""
        ...

    def prior_motion(self, n: int, frames: int, generator: torch.Generator, /, *, mean: bool = False) -> Tensor:
        """Motions [n, T, Dz] from theirs, drawn, or the means along the way."""
        ...


@runtime_checkable
class Estimating(Protocol):
    """A judge that says how sure it is."""

    def probabilities(self, clips: Shaped[Tensor, "n t c h w"], *features: str) -> dict[str, Tensor]:
        """By factor how probable each class is, float64 [B, count]; of all factors if none is named."""
        ...
