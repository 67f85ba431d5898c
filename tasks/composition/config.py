"""What can be set for CompositionNet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from tasks.vae.config import LatentConfig


@dataclass(frozen=True)
class CompositionConfig(LatentConfig):
    """Learn to give a picture one factor of another, told which factor: the composition task."""

    preset: Literal["default", "abdi", "montero", "sbd3", "sbd4"] = "default"
    """The settings to start from, by the networks that the paper uses together; other flags change them."""
    out: Path = Path("runs/composition")
    batch_size: int = 64
    """Triplets in a step, three pictures each, of all processes together."""
    encoder: str = "conv-kim"
    """conv-kim, conv-abdi, conv-montero, another of `vsa list`, the name of a plugin, or package.module:Class."""
    decoder: str = "conv-kim"
    """conv-kim, conv-abdi, conv-montero, sbd3, sbd4, another of `vsa list`, the name of a plugin, or package.module:Class."""
    learning_rate: float = 0.0005
    """Of Adam; it stays as it is."""
    operator: Literal["linear", "interpolation", "fixed", "mlp"] = "fixed"
    """What composes the codes of two pictures. fixed: the latent with the number of the factor is the command's, the others are
    the reference's. interpolation: a learnt share of each. linear: a sum of two linear maps. mlp: one hidden layer of 128."""
    beta: float = 1.0
    """The coefficient of the KL of the two posteriors."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "abdi": {"encoder": "conv-abdi", "decoder": "conv-abdi", "learning_rate": 1e-4},
        "montero": {"encoder": "conv-montero", "decoder": "conv-montero"},
        "sbd3": {"decoder": "sbd3", "learning_rate": 3e-4, "batch_size": 16},
        "sbd4": {"decoder": "sbd4", "learning_rate": 3e-4, "batch_size": 16},
    }

    def check(self) -> None:
        super().check()
        self._check("beta", 0 <= self.beta < math.inf, "at least 0")
