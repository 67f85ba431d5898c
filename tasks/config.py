"""What can be set for every run, how it is checked, and how it is stored as JSON."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints

from vsa.errors import RangeError, choices

Config = TypeVar("Config", bound="RunConfig")

CONFIG = "config.json"
"""The file in which a run keeps its settings."""


@dataclass(frozen=True)
class RunConfig:
    """What all tasks have in common."""

    preset: str = "default"
    """The settings to start from; other flags change them."""
    minutes: float | None = None
    """Train for so many minutes. Without --minutes and --steps: 3."""
    steps: int | None = None
    """Train for so many steps. With --minutes too, whichever ends first."""
    out: Path = Path("runs/run")
    """The folder for metrics.json, the figures and model.safetensors."""
    start: Path | None = None
    """A model to start from: a run, or its model.safetensors."""
    resume: bool = False
    """Go on where the run in --out was stopped, with its settings; begin if there is none."""
    start_over: bool = False
    """Remove the run that is in --out when the first step is done, and begin."""
    trust: bool = False
    """With --resume, use the code that the run's config.json names (package.module:Class) as if you had named it."""
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
    dataset: str = "dsprites"
    """What is observed: a name that `vsa list datasets` shows, the name of a plugin, or package.module:Class."""
    data: Path | None = None
    """The data set's files, where it is read from files; of dsprites and 3dshapes the published one, instead of the renderer."""
    likelihood: Literal["auto", "bernoulli", "gaussian"] = "auto"
    """What the decoder says of a pixel: that it is on, or its value; auto asks the data set whether every pixel is on or off."""
    deviation: float = 0.1
    """Of the Gaussian likelihood: how far a pixel's value, from 0 to 1, scatters about its mean."""

    learning_rate: float = 0.001
    """The learning rate."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of matrix products; auto takes bfloat16 where the hardware is fast at it."""

    split: str | None = None
    """What is held out, by a name of the data set's own, which `vsa data splits` lists; instead of --test and --validation."""
    validation: str = "tenth == 1"
    """Which combinations of factors are for choosing settings, such as: x < 8 and y.value > 0.5. Never trained on."""
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
        settings: dict[str, Any] = {"preset": preset, **cls.PRESETS[preset]}
        return cls(**settings)

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
        self._check("seed", 0 <= self.seed < 2**63, "from 0 to 2^63 - 1")
        self._check("learning_rate", 0 < self.learning_rate < math.inf, "above 0")
        self._check("evaluate", self.evaluate >= 1, "at least 1")
        self._check("deviation", 0 < self.deviation < math.inf, "above 0")
        self._check("workers", 0 <= self.workers <= 64, "from 0 to 64")
        self._check("checkpoint", 0 <= self.checkpoint < math.inf, "at least 0")
        if self.split is not None:
            changed = [name for name in ("test", "validation") if getattr(self, name) != getattr(RunConfig, name)]
            if changed:
                raise RangeError(
                    f"split says what is held out, and so does {changed[0]}: choose one; without a split it is --split None"
                )
        self._check("start_over", not (self.resume and self.start_over), "off with --resume: choose one")

    def _check(self, name: str, right: bool, allowed: str) -> None:
        if not right:
            raise RangeError(f"{name} must be {allowed}, got {getattr(self, name)}")

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON can hold them, without what is asked for once: resume, start_over and trust."""
        stored = {name: str(value) if isinstance(value, Path) else value for name, value in dataclasses.asdict(self).items()}
        return {name: value for name, value in stored.items() if name not in ONCE}

    def code(self) -> dict[str, str]:
        """The settings that name code which is no part of the project, as "package.module:attribute", and what they name.

        Any text with a colon counts, so that no setting is forgotten.
        """
        return {name: str(value) for name, value in vars(self).items() if _names_code(value)}

    def without_paths(self: Config) -> Config:
        """The same settings, with their usual values for whatever is a path: what can be published, as paths are of a machine."""
        hints = get_type_hints(type(self))
        paths = {field.name: field.default for field in dataclasses.fields(self) if _holds_path(hints[field.name])}
        return dataclasses.replace(self, **paths)

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

    def differs(self, other: RunConfig) -> list[str]:
        """The settings in which another run would be another training: all but those of time, place and writing."""
        mine, its = self.as_json(), other.as_json()
        return [name for name in mine if name not in FREE and mine[name] != its.get(name)]


ONCE = ("resume", "start_over", "trust")
"""What is asked for once, and not stored."""

FREE = ("preset", "minutes", "steps", "out", "device", "evaluate", "samples", "checkpoint", "log", "workers", "data")
"""What may be another thing when a run goes on."""


def _names_code(value: Any) -> bool:
    """Whether a setting has a text with a colon in it; paths may have one."""
    if isinstance(value, dict):
        return any(map(_names_code, (*value, *value.values())))
    if isinstance(value, (list, tuple)):
        return any(map(_names_code, value))
    return isinstance(value, str) and ":" in value


def _holds_path(hint: Any) -> bool:
    """Whether a setting of this type is a path, or may be one."""
    return Path in (hint, *get_args(hint))


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
