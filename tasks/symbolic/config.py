"""What can be set for the three stages: how vectors are composed, exchanged and compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from tasks.config import RunConfig


@dataclass(frozen=True)
class StageConfig(RunConfig):
    """What the three stages have in common."""

    preset: Literal["default", "document"] = "default"
    """The settings to start from; other flags change them. document: those of the source, dSprites VSA."""
    start: Path | None = None
    """A model to start from: its encoder, decoder and roles. A run, or its model.safetensors, of any stage with the same seed."""
    learning_rate: float = 0.003
    """The highest learning rate; it rises over the first 5 percent of the budget and falls to 0 as a cosine."""
    weight_decay: float = 0.0
    """Of AdamW; 0 is Adam."""

    encoder: str = "fractional"
    """fractional, fractional-map, glimpse, conv, conv-small, conv-document (of dSprites VSA), the name of a plugin, or
    package.module:Class."""
    decoder: str = "by-role"
    """by-role, what-where, conv, conv-small, conv-document, the name of a plugin, or package.module:Class."""
    dim: int = 1024
    """The dimension of the hypervectors."""
    roles: Literal["MAP", "HRR", "FHRR", "none"] = "MAP"
    """The algebra that binds features with roles and objects with slots; none adds the features as they are."""
    slots: Literal["order", "random", "none"] = "order"
    """Which slot an object of a training scene takes; none adds the objects as they are."""
    decoding: Literal["slots", "whole"] = "slots"
    """Unbind each slot and draw its object, or draw the whole scene vector at once."""
    scheme: Literal["donors", "subset", "one", "own"] = "donors"
    """Where a target's vectors come from: a donor for each, a pair that differs in a subset or in one feature, or its own."""

    loss: Literal["bce", "mse"] = "bce"
    """The reconstruction loss: bce is the negative log likelihood, mse the squared error of what is expected."""
    reduction: Literal["sum", "mean"] = "sum"
    """Add the loss up over the pixels of a picture, or take their mean."""
    kl: float = 0.0
    """The coefficient of the Kullback-Leibler divergence from the prior; of no effect on an encoder with a fixed posterior."""
    contrastive: float | None = None
    """The coefficient of the contrastive loss: what shares a factor shall share its vector. Without it: 0.009 times the
    reconstruction loss of the mean training picture, which is about 5 for dsprites."""
    cosine: float = 0.0
    """The coefficient of the cosine loss of dSprites VSA between the features of a pair (schemes one and subset)."""
    exchange: Literal["known", "guessed"] = "known"
    """Which features a pair exchanges: those that differ, or a guess, the one whose vectors differ most (as in dSprites VSA)."""

    def check(self) -> None:
        super().check()
        self._check("dim", self.dim >= 1, "at least 1")
        self._check("dim", self.roles != "FHRR" or self.dim % 2 == 0, "even for FHRR")
        for name in ("kl", "contrastive", "cosine", "weight_decay"):
            value = getattr(self, name)
            self._check(name, value is None or 0 <= value < math.inf, "at least 0")
        pairs = self.scheme in ("one", "subset")
        self._check("cosine", self.cosine == 0 or pairs, "0 without pairs: use --scheme one or subset")
        self._check("exchange", self.exchange == "known" or pairs, "known without pairs: use --scheme one or subset")


LEARNT_PLACES: dict[str, Any] = {"encoder": "glimpse", "decoder": "what-where", "contrastive": 5.0}
"""The settings with which docs/stages.md, leaderboard.md and experiments.md were measured: every place has weights of its own."""

DOCUMENT: dict[str, Any] = {
    "encoder": "conv-document",
    "decoder": "conv-document",
    "decoding": "whole",
    "contrastive": 0.0,
    "learning_rate": 0.001,
}
"""What the three stages of dSprites VSA have in common; sizes, losses and rates are from its authors' code."""


@dataclass(frozen=True)
class PairedConfig(StageConfig):
    """Learn objects that are the sum of their bound feature vectors, and edit them by algebra."""

    out: Path = Path("runs/paired")

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "document": DOCUMENT
        | {"scheme": "one", "batch_size": 512, "kl": 0.01, "cosine": 1.0, "exchange": "guessed", "weight_decay": 0.01}
    }


@dataclass(frozen=True)
class SceneConfig(StageConfig):
    """Learn scenes of two to five objects as the sum of bound objects; take objects out and put others in."""

    out: Path = Path("runs/scene")
    batch_size: int = 64
    scheme: Literal["own"] = "own"
    """Every object of a scene has the vectors of its own picture."""
    objects: int = 5
    """The most objects in a scene, 2 to 5."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "document": DOCUMENT | {"roles": "none", "slots": "none", "batch_size": 256, "kl": 1.0}
    }

    def check(self) -> None:
        super().check()
        self._check("objects", 2 <= self.objects <= 5, "2 to 5")


@dataclass(frozen=True)
class PairedSceneConfig(StageConfig):
    """Learn scenes of two objects, each the sum of its bound feature vectors, and edit them by algebra."""

    out: Path = Path("runs/paired_scene")

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "document": DOCUMENT
        | {
            "scheme": "one",
            "batch_size": 128,
            "kl": 0.01,
            "cosine": 1.0,
            "exchange": "guessed",
            "learning_rate": 0.0005,
        }
    }
