"""What can be set for a run: frozen dataclasses, read at the command line and stored beside the weights.

This file imports nothing heavy, so that `--help` answers at once.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints

from vsa.errors import RangeError, choices

Config = TypeVar("Config", bound="StageConfig")

CONFIG = "config.json"
"""The file in which a run keeps its settings."""


@dataclass(frozen=True)
class StageConfig:
    """What the three stages have in common."""

    preset: Literal["default", "document"] = "default"
    """The settings to start from; other flags change them. document: those of the source document."""
    minutes: float | None = None
    """Train for so many minutes. Without --minutes and --steps: 3."""
    steps: int | None = None
    """Train for so many steps. With --minutes too, whichever ends first."""
    out: Path = Path("runs/stage")
    """The folder for metrics.json, the figures and model.safetensors."""
    start: Path | None = None
    """A model to start from: its encoder, decoder and roles. A run, or its model.safetensors, of any stage with the same seed."""
    resume: bool = False
    """Go on where the run in --out was stopped, with its settings; begin if there is none."""
    start_over: bool = False
    """Remove the run that is in --out, and begin."""
    checkpoint: float = 20.0
    """Write a checkpoint every so many seconds; more seldom where writing would take more than a twentieth of the time."""
    log: Literal["none", "tensorboard", "wandb"] = "none"
    """Log to a tracker too, besides metrics.jsonl."""
    seed: int = 0
    """The same seed and number of steps give the same result on the same device."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes a GPU if there is one."""
    batch_size: int = 256
    """Target pictures in a step, of all processes together."""
    workers: int = 0
    """Threads that draw batches ahead of the training; they change its speed and nothing else."""
    data: Path | None = None
    """The published file of dSprites, to take the pictures from; without it they are rendered, pixel for pixel the same."""

    encoder: str = "glimpse"
    """glimpse, conv, conv-small, conv-document (of the source document), the name of a plugin, or package.module:Class."""
    decoder: str = "what-where"
    """what-where, conv, conv-small, conv-document, the name of a plugin, or package.module:Class."""
    dim: int = 1024
    """The dimension of the hypervectors."""
    roles: Literal["MAP", "HRR", "FHRR", "none"] = "MAP"
    """The algebra that binds features with roles and objects with slots; none adds the features as they are."""
    slots: Literal["order", "random", "none"] = "order"
    """Which slot an object of a training scene takes; none adds the objects as they are."""
    decoding: Literal["slots", "whole"] = "slots"
    """Unbind each slot and draw its object, or draw the whole scene vector at once."""
    scheme: Literal["donors", "subset", "one", "own"] = "donors"
    """Where a target's five vectors come from: five donors, a pair that differs in a subset or in one feature, or its own."""

    loss: Literal["bce", "mse"] = "bce"
    """The reconstruction loss: binary cross entropy, or the squared error of probabilities."""
    reduction: Literal["sum", "mean"] = "sum"
    """Add the loss up over the pixels of a picture, or take their mean."""
    kl: float = 0.0
    """The coefficient of the Kullback-Leibler divergence from the prior; of no effect on an encoder with a fixed posterior."""
    contrastive: float = 5.0
    """The coefficient of the contrastive loss: pictures that share a factor shall have its feature vector in common."""
    cosine: float = 0.0
    """The coefficient of the source document's cosine loss between the features of a pair (schemes one and subset)."""
    exchange: Literal["known", "guessed"] = "known"
    """Which features a pair exchanges: those that differ, or a guess, the one whose vectors differ most (the document's)."""
    learning_rate: float = 0.003
    """The highest learning rate; it rises over the first 5 percent of the budget and falls to 0 as a cosine."""
    weight_decay: float = 0.0
    """Of AdamW; 0 is Adam."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of matrix products; auto takes bfloat16 where the hardware is fast at it."""

    validation: str = "tenth == 1"
    """Which combinations of factors are for choosing settings, such as: shape == heart and x < 8. Never trained on."""
    test: str = "tenth == 0"
    """Which combinations are for the numbers that are reported. Never trained on."""
    evaluate: int = 200
    """Test pictures for each number that is measured."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {}

    @classmethod
    def named(cls: type[Config], preset: str) -> Config:
        """The settings of a preset.

        Raises:
            RangeError: there is no such preset; the message lists them.
        """
        if preset == "default":
            return cls()
        if preset not in cls.PRESETS:
            raise RangeError(f"preset must be one of {', '.join(['default', *cls.PRESETS])}, got {preset!r}")
        return cls(**DOCUMENT | cls.PRESETS[preset])

    def limits(self) -> tuple[int | None, float | None]:
        """The budget: so many steps, so many seconds."""
        if self.minutes is None and self.steps is None:
            return None, 180.0
        return self.steps, None if self.minutes is None else 60 * self.minutes

    def check(self) -> None:
        """Refuse values that cannot be.

        Raises:
            RangeError: which one, and what is allowed.
        """
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            hint, value = hints[field.name], getattr(self, field.name)
            if not _fits(value, hint):
                raise RangeError(f"{field.name} must be {_describe(hint)}, got {value!r}")
        self._check("minutes", self.minutes is None or 0 < self.minutes < math.inf, "above 0")
        self._check("steps", self.steps is None or self.steps >= 1, "at least 1")
        self._check("batch_size", self.batch_size >= 1, "at least 1")
        self._check("dim", self.dim >= 1, "at least 1")
        self._check("dim", self.roles != "FHRR" or self.dim % 2 == 0, "even for FHRR")
        self._check("seed", 0 <= self.seed < 2**63, "from 0 to 2^63 - 1")
        for name in ("kl", "contrastive", "cosine", "weight_decay"):
            self._check(name, 0 <= getattr(self, name) < math.inf, "at least 0")
        self._check("learning_rate", 0 < self.learning_rate < math.inf, "above 0")
        self._check("evaluate", self.evaluate >= 1, "at least 1")
        self._check("workers", 0 <= self.workers <= 64, "from 0 to 64")
        self._check("checkpoint", 0 <= self.checkpoint < math.inf, "at least 0")
        self._check("start_over", not (self.resume and self.start_over), "off with --resume: choose one")
        pairs = self.scheme in ("one", "subset")
        self._check("cosine", self.cosine == 0 or pairs, "0 without pairs: use --scheme one or subset")
        self._check("exchange", self.exchange == "known" or pairs, "known without pairs: use --scheme one or subset")

    def _check(self, name: str, right: bool, allowed: str) -> None:
        if not right:
            raise RangeError(f"{name} must be {allowed}, got {getattr(self, name)}")

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON can hold them, without what is asked for once: resume and start_over."""
        stored = {name: str(value) if isinstance(value, Path) else value for name, value in dataclasses.asdict(self).items()}
        return {name: value for name, value in stored.items() if name not in ("resume", "start_over")}

    @classmethod
    def from_json(cls: type[Config], stored: Any) -> Config:
        """The settings that `as_json` gave; one that is missing has its default.

        Raises:
            RangeError: they are no settings of this kind; it says which is wrong.
        """
        if not isinstance(stored, dict):
            raise RangeError(f"settings must be an object of names and values, got {type(stored).__name__}")
        hints = get_type_hints(cls)
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(map(str, set(stored) - known)):
            raise RangeError(f"there is no setting {unknown[0]!r}; {choices(unknown[0], sorted(known))}")
        paths = {name for name, hint in hints.items() if hint in (Path, Path | None)}
        read: dict[str, Any] = {
            name: Path(value) if name in paths and isinstance(value, str) else value for name, value in stored.items()
        }
        config = cls(**read)
        config.check()
        return config

    def differs(self, other: StageConfig) -> list[str]:
        """The settings in which another run would be another training: all but those of time, place and writing."""
        mine, its = self.as_json(), other.as_json()
        return [name for name in mine if name not in FREE and mine[name] != its.get(name)]


FREE = ("preset", "minutes", "steps", "out", "device", "evaluate", "checkpoint", "log", "workers", "data")
"""What may be another thing when a run goes on."""


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type; only for those that settings have."""
    if get_origin(hint) is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if get_args(hint):  # a union
        return any(_fits(value, part) for part in get_args(hint))
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, hint) and not (hint is int and isinstance(value, bool))


def _describe(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(get_args(hint))
    if get_args(hint):
        return " or ".join(_describe(part) for part in get_args(hint))
    names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", Path: "a path", type(None): "none"}
    return names.get(hint, str(hint))


DOCUMENT: dict[str, Any] = {
    "preset": "document",
    "encoder": "conv-document",
    "decoder": "conv-document",
    "decoding": "whole",
    "contrastive": 0.0,
    "learning_rate": 0.001,
}
"""What the three stages of the source document have in common; sizes, losses and rates are from its authors' code."""


@dataclass(frozen=True)
class PairedConfig(StageConfig):
    """Learn objects that are the sum of five bound feature vectors, and edit them by algebra."""

    out: Path = Path("runs/paired")

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "document": {"scheme": "one", "batch_size": 512, "kl": 0.01, "cosine": 1.0, "exchange": "guessed", "weight_decay": 0.01}
    }


@dataclass(frozen=True)
class SceneConfig(StageConfig):
    """Learn scenes of two to five sprites as the sum of bound objects; take objects out and put others in."""

    out: Path = Path("runs/scene")
    batch_size: int = 64
    scheme: Literal["own"] = "own"
    """Every object of a scene has the vectors of its own picture."""
    objects: int = 5
    """The most objects in a scene, 2 to 5."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {"document": {"roles": "none", "slots": "none", "batch_size": 256, "kl": 1.0}}

    def check(self) -> None:
        super().check()
        self._check("objects", 2 <= self.objects <= 5, "2 to 5")


@dataclass(frozen=True)
class PairedSceneConfig(StageConfig):
    """Learn scenes of two sprites, each the sum of five bound feature vectors, and edit them by algebra."""

    out: Path = Path("runs/paired_scene")

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {
        "document": {
            "scheme": "one",
            "batch_size": 128,
            "kl": 0.01,
            "cosine": 1.0,
            "exchange": "guessed",
            "learning_rate": 0.0005,
        }
    }


CONFIGS: dict[str, type[StageConfig]] = {"paired": PairedConfig, "scene": SceneConfig, "paired-scene": PairedSceneConfig}
"""The settings of the built-in tasks by name, so that their help need not import them."""
