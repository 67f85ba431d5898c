"""What can be set for the symbolic model of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from tasks.symbolic.config import StageConfig


@dataclass(frozen=True)
class SequenceSymbolicConfig(StageConfig):
    """Learn clips as one vector, the sum of their bound feature vectors, and edit them by algebra."""

    preset: Literal["default"] = "default"
    """The settings to start from; other flags change them."""
    out: Path = Path("runs/sequence-symbolic")
    dataset: str = "cast"
    """What is observed, clips: a name that `vsa list datasets` shows, the name of a plugin, or package.module:Class."""
    split: str | None = "characters"
    """What is held out, by a name of the data set's own, which `vsa data splits` lists; None for --test and --validation."""
    likelihood: Literal["auto", "bernoulli", "gaussian"] = "gaussian"
    """What the decoder says of a pixel: that it is on, or its value."""
    batch_size: int = 32
    """Target clips in a step, of all processes together; half as many are encoded."""
    encoder: str = "clip"
    """clip, the name of a plugin that takes clips, or package.module:Class."""
    decoder: str = "clip"
    """clip, the name of a plugin that draws clips, or package.module:Class."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {}


@dataclass(frozen=True)
class SequenceFramesConfig(SequenceSymbolicConfig):
    """Learn single frames as the sum of their bound feature vectors; clips are then the sum of frames bound with times."""

    out: Path = Path("runs/sequence-frames")
    dataset: str = "cast-frames"
    """What is observed, frames of clips (`tasks.data.frames.Frames`): cast-frames, lpc-frames, or package.module:Class."""
    batch_size: int = 128
    """Target frames in a step, of all processes together; half as many are encoded."""
    roles: Literal["MAP", "HRR", "FHRR", "none"] = "HRR"
    """The algebra that binds features with roles and frames with times, whose powers must bind: HRR or FHRR."""

    def check(self) -> None:
        super().check()
        self._check("roles", self.roles in ("HRR", "FHRR"), "HRR or FHRR, of which powers bind to powers")
