"""What can be set for ID-GAN."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from tasks.vae.config import LatentConfig, VAEConfig


@dataclass(frozen=True)
class IDGANConfig(LatentConfig):
    """Learn to draw sharp pictures from the codes of a VAE that stays as it is: ID-GAN."""

    out: Path = Path("runs/id_gan")
    start: Path | None = None
    """The VAE whose codes are drawn: a run, or its model.safetensors; its encoder, decoder and latents must be the same."""
    learning_rate: float = 0.001
    """Of the generator, by RMSprop; it stays as it is."""
    discriminator_rate: float = 0.0001
    """Of the discriminator, by RMSprop."""
    noise: int = 0
    """Random numbers that the generator gets beside the code."""
    penalty: float = 10.0
    """The coefficient of R1, the squared gradient of the discriminator at true pictures."""
    information: float = 0.0001
    """The coefficient of how badly the VAE reads the code back from the picture that was drawn."""
    average: float = 0.999
    """Of the generator's weights an exponential average is kept, which draws in the end: how much of it stays in a step."""

    def check(self) -> None:
        super().check()
        self._check("start", self.start is not None, "a VAE's run: train one with `vsa train vae`, and give it with --start")
        self._check("noise", 0 <= self.noise <= 4096, "from 0 to 4096")
        for name in ("penalty", "information"):
            self._check(name, 0 <= getattr(self, name) < math.inf, "at least 0")
        self._check("discriminator_rate", 0 < self.discriminator_rate < math.inf, "above 0")
        self._check("average", 0 <= self.average < 1, "from 0 to below 1")

    def without_paths(self) -> IDGANConfig:
        """The same settings with the usual paths; that of its VAE is where one is trained, because there must be one."""
        return replace(super().without_paths(), start=VAEConfig.out)
