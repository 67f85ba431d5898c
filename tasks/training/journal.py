"""What a run writes while it trains, so that it can be stopped at any moment and go on: checkpoints and metrics.jsonl."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from tasks.config import CONFIG, FREE, RunConfig
from tasks.json_file import write_json
from tasks.training.checkpoints import Checkpoint, Checkpoints, optimizer_state, read_checkpoint, set_optimizer_state, warn
from tasks.training.metrics_log import MetricsLog, start_tracker
from tasks.training.processes import on_first, random_states, set_random_states, sums
from vsa import __version__
from vsa.errors import InputError, RangeError, TrainingError

RECENT = 100
"""Of so many steps the mean loss is shown."""

EVERY = 10
"""So many steps make a row of metrics.jsonl."""

SHARE = 0.05
"""Of the time, that writing checkpoints may take."""


@dataclass(frozen=True)
class State:
    """Where a run is.

    Attributes:
        steps: optimiser steps done; the next batch is the one of this number.
        images: target pictures learnt from.
        seconds: that it took.
        recent: the losses of the last steps.
    """

    steps: int = 0
    images: int = 0
    seconds: float = 0.0
    recent: list[float] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """The mean of the recent losses, NaN before the first."""
        return fmean(self.recent) if self.recent else math.nan

    def check(self, step: int) -> None:
        """Refuse a state that cannot be that of a checkpoint of this step: ValueError."""
        numbers = [self.seconds, *self.recent] if isinstance(self.recent, list) else [None]
        right = all(isinstance(number, (int, float)) and math.isfinite(number) for number in numbers)
        if (
            self.steps != step
            or step < 1
            or not isinstance(self.images, int)
            or self.images < 1
            or not right
            or self.seconds <= 0
        ):
            raise ValueError("its state is none")

    def after(self, loss: float, images: int, seconds: float) -> State:
        """The state after one more step."""
        return State(self.steps + 1, self.images + images, seconds, [*self.recent[1 - RECENT :], loss])


class Journal:
    """Checkpoints and metrics.jsonl of one run.

    Args:
        folder: of the run.
        task: its name.
        config: its settings.
        accelerator: its processes; the first one writes.
        validate: the loss on pictures that are never trained on, None if there are none; it decides which checkpoint is best.
    """

    def __init__(
        self,
        folder: Path,
        task: str,
        config: RunConfig,
        accelerator: Accelerator,
        validate: Callable[[nn.Module], float | None] = lambda model: None,
    ) -> None:
        self.task, self.config, self.accelerator, self.validate = task, config, accelerator, validate
        self.checkpoints, self.path = Checkpoints(folder / "checkpoints"), folder / "metrics.jsonl"
        self.best: tuple[float, int] | None = None
        self.log: MetricsLog | None = None
        self.interval, self.saved, self.last = config.checkpoint, time.perf_counter(), -1

    def begin(self) -> None:
        """Write the settings into the folder, and start the tracker.

        Raises:
            OutputError, VSAError: the folder cannot be written, or the tracker not started.
        """
        folder, settings = self.path.parent, self.config.as_json()
        write_json(folder / CONFIG, {"task": self.task, "version": __version__, "config": settings})
        start_tracker(self.accelerator, self.config.log, folder, settings)

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> State:
        """Put model, optimiser and random generators where the newest checkpoint has them; the first state if there is none.

        Raises:
            InputError: no checkpoint can be used, or it is of another model.
            RangeError: the run was begun with other settings.
        """
        found: list[Checkpoint | None] = [None]
        on_first(self.accelerator, lambda: found.append(self.checkpoints.newest(warn)))
        (step,) = sums(self.accelerator, 0 if found[-1] is None else found[-1].step)
        checkpoint = found[-1]
        if step and not self.accelerator.is_main_process:
            checkpoint = read_checkpoint(self.checkpoints.path(int(step)))  # all nodes must see the same folder
        state = State() if checkpoint is None else self._restore(checkpoint, model, optimizer)
        if self.accelerator.is_main_process:
            self.log = MetricsLog(self.path, state.steps, self.accelerator)
        self.saved, self.last = time.perf_counter(), state.steps if checkpoint is not None else -1
        return state

    def _restore(self, checkpoint: Checkpoint, model: nn.Module, optimizer: torch.optim.Optimizer) -> State:
        about, where = checkpoint.about, self.checkpoints.path(checkpoint.step)
        if about.get("task") != self.task:
            raise InputError(f"{where} is of the task {about.get('task')!r}, not {self.task!r}; choose another --out")
        stored = type(self.config).from_json(about.get("config"))
        for name in stored.differs(self.config):
            raise RangeError(
                f"{name}: the run in {self.path.parent} was begun with {getattr(stored, name)}, not "
                f"{getattr(self.config, name)}; leave it as it was, or begin again with --start-over, or elsewhere with --out"
            )
        try:
            model.load_state_dict(checkpoint.part("model"))
            state = State(**about["state"])
            state.check(checkpoint.step)
            self.best = float(about["best"]["loss"]), int(about["best"]["step"])
            set_random_states(self.accelerator, checkpoint.part("generator"))
        except (KeyError, TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise InputError(f"{where} does not hold this model: {error}") from error
        set_optimizer_state(optimizer, checkpoint.part("optimizer"))
        return state

    def record(self, state: State, rate: float) -> None:
        """Write a row every few steps: the mean loss since the last one."""
        if self.log is not None and state.steps % EVERY == 0:
            self.log.write(
                state.steps,
                loss=fmean(state.recent[-EVERY:]),
                learning_rate=rate,
                seconds=round(state.seconds, 3),
                images_per_second=round(state.images / state.seconds, 1),
            )

    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.perf_counter() - self.saved >= self.interval

    def save(self, state: State, model: nn.Module, optimizer: torch.optim.Optimizer, course: dict[str, Any]) -> None:
        """Write a checkpoint; all processes must ask at once.

        Raises:
            OutputError: it cannot be written; the one before it is still there.
        """
        if state.steps == self.last:
            return
        began = time.perf_counter()
        generators = random_states(self.accelerator)
        on_first(self.accelerator, lambda: self._save(state, model, optimizer, course, generators))
        self.saved, self.last = time.perf_counter(), state.steps
        if self.config.checkpoint:
            self.interval = max(self.config.checkpoint, (self.saved - began) / SHARE)

    def _save(
        self,
        state: State,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        course: dict[str, Any],
        generators: dict[str, torch.Tensor],
    ) -> None:
        if not finite(model):
            raise TrainingError(f"a weight is no number after step {state.steps}, with {self.settings()}; {self.where()}")
        loss = self.validate(model)
        if loss is None or not math.isfinite(loss):
            loss = state.loss
        elif self.log is not None:
            self.log.write(state.steps, validation_loss=loss)
        if self.best is None or loss <= self.best[0]:
            self.best = (loss, state.steps)
        about = {
            "task": self.task,
            "version": __version__,
            "torch": torch.__version__,
            "config": self.config.as_json(),
            "state": dataclasses.asdict(state),
            "schedule": course,
            "best": {"loss": self.best[0], "step": self.best[1]},
            "processes": self.accelerator.num_processes,
        }
        tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in optimizer_state(optimizer).items()}
        tensors |= {f"generator.{name}": tensor for name, tensor in generators.items()}
        if self.log is not None:
            self.log.sync()
        self.checkpoints.write(Checkpoint(state.steps, about, tensors), best=self.best[1])

    def where(self) -> str:
        """Where the run is kept, for messages."""
        paths = self.checkpoints.paths()
        return f"the last checkpoint is {paths[-1]}" if paths else f"no checkpoint was written in {self.checkpoints.folder}"

    def settings(self) -> str:
        """The settings that decide how a training goes, and those that are not as usual, for messages."""
        plain, mine = type(self.config)().as_json(), self.config.as_json()
        telling = ("learning_rate", "batch_size", "precision", "seed")
        return ", ".join(
            f"{name} {value}" for name, value in mine.items() if name in telling or (name not in FREE and value != plain[name])
        )

    def close(self) -> None:
        """Write no more."""
        if self.log is not None:
            self.log.close()
        self.accelerator.end_training()


def finite(model: nn.Module) -> bool:
    """Whether all weights are numbers."""
    return all(bool(weight.isfinite().all()) for weight in model.state_dict().values() if weight.is_floating_point())
