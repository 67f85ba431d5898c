"""What can be set for a run: frozen dataclasses, read at the command line and stored beside the weights.

This file imports nothing heavy, so that `--help` answers at once.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class PairedSceneConfig:
    """Learn scenes of two sprites, each the sum of five bound feature vectors, and edit them by algebra."""

    minutes: float | None = None
    """Train for so many minutes. Without --minutes and --steps: 3."""
    steps: int | None = None
    """Train for so many steps. With --minutes too, whichever ends first."""
    out: Path = Path("runs/paired_scene")
    """The folder for metrics.json, edits.png and model.safetensors."""
    seed: int = 0
    """The same seed and number of steps give the same result on the same device."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes a GPU if there is one."""
    batch_size: int = 64
    """Target scenes in a step."""

    encoder: str = "conv"
    """conv, conv-document (the sizes of the source document), the name of a plugin, or package.module:Class."""
    decoder: str = "conv"
    """conv, conv-document, the name of a plugin, or package.module:Class."""
    dim: int = 1024
    """The dimension of the hypervectors."""
    scheme: Literal["donors", "subset", "one"] = "donors"
    """Where a target's five vectors come from: five donors, or a pair that differs in a subset or in one feature."""

    loss: Literal["bce", "mse"] = "bce"
    """The reconstruction loss: binary cross entropy, or the squared error of probabilities."""
    reduction: Literal["sum", "mean"] = "sum"
    """Add the loss up over the pixels of a picture, or take their mean."""
    kl: float = 0.001
    """The coefficient of the Kullback-Leibler divergence from the prior."""
    learning_rate: float = 0.001
    """The highest learning rate; it rises over the first 5 percent of the budget and falls to 0 as a cosine."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of matrix products; auto takes bfloat16 where the hardware is fast at it."""

    evaluate: int = 200
    """Held-out scenes for each number that is measured."""

    def __post_init__(self) -> None:
        if self.minutes is None and self.steps is None:
            object.__setattr__(self, "minutes", 3.0)

    def check(self) -> None:
        """Refuse values that cannot be.

        Raises:
            RangeError: which one, and what is allowed.
        """
        self._check("minutes", self.minutes is None or 0 < self.minutes < math.inf, "above 0")
        self._check("steps", self.steps is None or self.steps >= 1, "at least 1")
        self._check("batch_size", self.batch_size >= 1, "at least 1")
        self._check("dim", self.dim >= 1, "at least 1")
        self._check("seed", 0 <= self.seed < 2**63, "from 0 to 2^63 - 1")
        self._check("kl", 0 <= self.kl < math.inf, "at least 0")
        self._check("learning_rate", 0 < self.learning_rate < math.inf, "above 0")
        self._check("evaluate", self.evaluate >= 1, "at least 1")

    def _check(self, name: str, right: bool, allowed: str) -> None:
        if not right:
            from vsa.errors import RangeError  # here, because vsa imports torch

            raise RangeError(f"{name} must be {allowed}, got {getattr(self, name)}")

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON can hold them."""
        return dataclasses.asdict(self) | {"out": str(self.out)}
