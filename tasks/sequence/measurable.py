"""What can be measured, and by whom: the interfaces of a model of what stays and what moves, and of a judge of clips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import Tensor

from vsa.errors import DtypeError, RangeError

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
class Separates(Protocol):
    """What can be measured: a model with a content for each clip, a motion for each frame, and priors of both.

    A generator is on the CPU; content is float [n, Df], motion [n, T, Dz], clips are [n, T, C, H, W] from 0 to 1.
    """

    @property
    def device(self) -> torch.device:
        """Where it takes clips and codes."""
        ...

    def encode(self, clips: Tensor, /) -> tuple[Tensor, Tensor]:
        """Content and motion of clips, the means where they are distributions."""
        ...

    def decode(self, content: Tensor, motion: Tensor, /) -> Tensor:
        """The clips of codes."""
        ...

    def prior_content(self, n: int, generator: torch.Generator, /) -> Tensor:
        """Contents from their prior."""
        ...

    def prior_motion(self, n: int, frames: int, generator: torch.Generator, /) -> Tensor:
        """Motions of so many frames, from theirs."""
        ...


@runtime_checkable
class Sequential(Separates, Protocol):
    """The same whose codes are distributions."""

    def sampled(self, clips: Tensor, generator: torch.Generator, /) -> tuple[Tensor, Tensor]:
        """A draw of content and motion from their posterior."""
        ...

    def prior_motion(self, n: int, frames: int, generator: torch.Generator, /, *, mean: bool = False) -> Tensor:
        """Motions from their prior, drawn, or the means along the way."""
        ...


@runtime_checkable
class Estimating(Protocol):
    """A judge that says how sure it is."""

    def probabilities(self, clips: Shaped[Tensor, "n t c h w"], *features: str) -> dict[str, Tensor]:
        """By factor how probable each class is, float64 [B, count]; of all factors if none is named."""
        ...


def check_values(clips: Tensor) -> Tensor:
    """The clips that a judge is asked about, if they are uint8, or floating point numbers from 0 to 1.

    Raises:
        DtypeError, RangeError: they are not.
    """
    if clips.dtype != torch.uint8 and not clips.is_floating_point():
        raise DtypeError(f"clips must be uint8, or floating point numbers from 0 to 1, got {clips.dtype}")
    if clips.is_floating_point() and clips.numel() and not (clips.min() >= 0 and clips.max() <= 1):  # a NaN is neither
        raise RangeError(f"every value of a clip must be from 0 to 1, got {clips.min():g} to {clips.max():g}")
    return clips
