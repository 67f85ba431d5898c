"""What can be set for models whose latents are numbers: the VAE family, and ID-GAN."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from tasks.config import RunConfig


@dataclass(frozen=True)
class LatentConfig(RunConfig):
    """What models whose latents are numbers have in common."""

    batch_size: int = 64
    """Pictures in a step, of all processes together."""
    encoder: str = "conv-burgess"
    """conv-burgess (that of the VAE family), conv, conv-small, glimpse, the name of a plugin, or package.module:Class."""
    decoder: str = "conv-burgess"
    """conv-burgess (that of the VAE family), conv, conv-small, the name of a plugin, or package.module:Class."""
    latents: int = 10
    """How many numbers make a code."""
    samples: int = 5000
    """Objects for the metrics of disentanglement, to learn from, and as many to test on; 0 leaves these metrics out."""

    def check(self) -> None:
        super().check()
        self._check("latents", 1 <= self.latents <= 4096, "from 1 to 4096")
        self._check("samples", self.samples == 0 or 500 <= self.samples <= 10**6, "0, or from 500 to a million")


@dataclass(frozen=True)
class VAEConfig(LatentConfig):
    """Learn a code of a few numbers for pictures: the VAE, the beta-VAE, and what grew out of them."""

    preset: Literal["default", "vae", "beta-vae", "capacity", "factor-vae", "beta-tc-vae", "ada-gvae"] = "default"
    """The settings to start from, by the name of a method; other flags change them. The default is the beta-VAE."""
    out: Path = Path("runs/vae")
    learning_rate: float = 0.0005
    """Of Adam; it stays as it is."""
    objective: Literal["beta", "capacity", "factor", "tc", "ada"] = "beta"
    """beta: beta KL. capacity: gamma |KL - C|. factor: KL + gamma TC, by a discriminator (FactorVAE). tc: KL with beta TC,
    by minibatch-weighted sampling (beta-TCVAE). ada: beta KL of pairs, their posteriors averaged where they agree (Ada-GVAE)."""
    beta: float = 4.0
    """The coefficient of the KL, or of the total correlation for tc."""
    gamma: float = 20.0
    """The coefficient of |KL - C|, or of the discriminator's total correlation."""
    capacity: float = 25.0
    """C in nats; it grows from 0 over the first half of the budget."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "vae": {"beta": 1.0},
        "beta-vae": {"beta": 4.0},
        "capacity": {"objective": "capacity", "gamma": 100.0},
        "factor-vae": {"objective": "factor", "gamma": 20.0},
        "beta-tc-vae": {"objective": "tc", "beta": 6.0},
        "ada-gvae": {"objective": "ada", "beta": 1.0},
    }

    def check(self) -> None:
        super().check()
        for name in ("beta", "gamma", "capacity"):
            self._check(name, 0 <= getattr(self, name) < math.inf, "at least 0")
        self._check("batch_size", self.objective == "beta" or self.batch_size >= 2, "at least 2 for this objective")
        self._check("batch_size", self.objective not in ("factor", "ada") or self.batch_size % 2 == 0, "even for this objective")
