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
    """conv-burgess (that of the VAE family), window (with the place as latents), another of `vsa list`, the name of a plugin, or
    package.module:Class."""
    decoder: str = "conv-burgess"
    """conv-burgess (that of the VAE family), patch (for the latents of window), another of `vsa list`, the name of a plugin, or
    package.module:Class."""
    latents: int = 10
    """How many numbers make a code."""
    samples: int = 5000
    """Objects for the metrics of disentanglement, to learn from, and as many to test on; 0 leaves these metrics out."""

    def check(self) -> None:
        super().check()
        self._check("latents", 1 <= self.latents <= 4096, "from 1 to 4096")
        self._check("samples", self.samples == 0 or 500 <= self.samples <= 10**6, "0, or from 500 to a million")


CASCADE: dict[str, Any] = {"objective": "cascade", "beta": 2.0, "gamma": 10.0, "latents": 6, "learning_rate": 0.0003}
"""Of the information cascade, with classes and without."""


@dataclass(frozen=True)
class VAEConfig(LatentConfig):
    """Learn a code of a few numbers for pictures: the VAE, the beta-VAE, and what grew out of them."""

    preset: Literal[
        "default",
        "vae",
        "beta-vae",
        "capacity",
        "factor-vae",
        "beta-tc-vae",
        "ada-gvae",
        "wae",
        "information-cascade",
        "cascade-vae",
        "lie-group-vae",
    ] = "default"
    """The settings to start from, by the name of a method; other flags change them. The default is the beta-VAE."""
    out: Path = Path("runs/vae")
    learning_rate: float = 0.0005
    """Of Adam; it stays as it is."""
    objective: Literal["beta", "capacity", "factor", "tc", "ada", "mmd", "cascade", "lie"] = "beta"
    """beta: beta KL. capacity: gamma |KL - C|. factor: KL + gamma TC, by a discriminator (FactorVAE). tc: KL with beta TC,
    by minibatch-weighted sampling (beta-TCVAE). ada: beta KL of pairs, their posteriors averaged where they agree (Ada-GVAE).
    mmd: gamma MMD of the codes and samples of the prior (WAE).
    cascade: KL of latents that are let in one after the other, beta times, and gamma times before (information cascade).
    lie: beta KL, gamma products of a group's basis, and how far two matrices are apart (Lie group VAE)."""
    loss: Literal["bce", "mse"] = "bce"
    """The reconstruction loss: bce is the negative log likelihood, mse the squared error of what is expected."""
    beta: float = 4.0
    """The coefficient of the KL, or of the total correlation for tc; for cascade of the KL of latents that are let in."""
    gamma: float = 20.0
    """The coefficient of |KL - C|, of the discriminator's total correlation, of the MMD, or for cascade of the KL of
    latents that are not let in yet, and for lie of the products of the basis."""
    capacity: float = 25.0
    """C in nats; it grows from 0 over the first half of the budget."""

    variance: float = 2.0
    """Of the prior, for mmd."""
    logvar: float = 0.001
    """The coefficient of |log variance| of posteriors, for mmd."""
    interval: float = 1 / 15
    """The share of the budget after which cascade lets in one more latent, the first one being in from the start."""
    classes: int = 0
    """For cascade: how many classes a code has one of, beside its numbers (CascadeVAE); 0 for none."""
    begin: float = 4 / 15
    """The share of the budget after which classes are chosen; before, the decoder sees none."""
    pairwise: float = 0.001
    """What it costs, in nats, that two pictures of a batch share a class."""
    side: int = 10
    """For lie: the height and width of the group's matrices."""
    nearness: float = 0.1
    """For lie: the coefficient of the squared distance of the encoder's matrix from the code's."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "vae": {"beta": 1.0},
        "beta-vae": {"beta": 4.0},
        "capacity": {"objective": "capacity", "gamma": 100.0},
        "factor-vae": {"objective": "factor", "gamma": 20.0},
        "beta-tc-vae": {"objective": "tc", "beta": 6.0},
        "ada-gvae": {"objective": "ada", "beta": 1.0},
        "wae": {"objective": "mmd", "gamma": 10.0, "logvar": 0.1, "loss": "mse", "learning_rate": 0.001},
        "information-cascade": CASCADE,
        "cascade-vae": {**CASCADE, "classes": 3},
        "lie-group-vae": {
            "objective": "lie",
            "loss": "mse",
            "beta": 1.0,
            "gamma": 40.0,
            "batch_size": 256,
            "learning_rate": 0.0001,
        },
    }

    def check(self) -> None:
        super().check()
        for name in ("beta", "gamma", "capacity", "variance", "logvar", "pairwise", "nearness"):
            self._check(name, 0 <= getattr(self, name) < math.inf, "at least 0")
        self._check("interval", 0 < self.interval <= 1, "above 0 and at most 1")
        self._check("side", 1 <= self.side <= 64, "from 1 to 64")
        self._check("begin", 0 <= self.begin <= 1, "from 0 to 1")
        self._check("classes", self.classes == 0 or 2 <= self.classes <= 4096, "0, or from 2 to 4096")
        self._check("classes", self.classes == 0 or self.objective == "cascade", "0 for this objective")
        self._check(
            "batch_size", self.objective in ("beta", "cascade", "lie") or self.batch_size >= 2, "at least 2 for this objective"
        )
        self._check("batch_size", self.objective not in ("factor", "ada") or self.batch_size % 2 == 0, "even for this objective")
