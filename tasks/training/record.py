"""What a run writes while it trains, so that it can be stopped at any moment and go on: checkpoints and metrics.jsonl."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from statistics import fmean
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from tasks.config import CONFIG, FREE, RunConfig
from tasks.training.checkpoints import Checkpoint, Checkpoints, read_checkpoint, warn
from tasks.training.finite import EVERY, finite
from tasks.training.machine import differences, machine
from tasks.training.manifest import RunFiles
from tasks.training.metrics_log import TRACKER, MetricsLog, start_tracker
from tasks.training.optimizers import OptimizerState
from tasks.training.processes import on_first, random_states, set_random_states, sums
from tasks.training.state import State
from vsa import __version__
from vsa.errors import InputError, RangeError, TrainingError

SHARE = 0.05
"""Of the time, that writing checkpoints may take."""


class RunRecord:
    """Checkpoints, metrics.jsonl and config.json of one run.

    Args:
        files: of the run.
        task: its name.
        config: its settings.
        accelerator: its processes; the first one writes.
        validate: the loss on pictures that are never trained on, None if there are none; it decides which checkpoint is best.
    """

    def __init__(
        self,
        files: RunFiles,
        task: str,
        config: RunConfig,
        accelerator: Accelerator,
        validate: Callable[[nn.Module], float | None] = lambda model: None,
    ) -> None:
        self.files, self.task, self.config, self.accelerator, self.validate = files, task, config, accelerator, validate
        self.checkpoints = Checkpoints(files.path / "checkpoints", files)
        self.best: tuple[float, int] | None = None
        self.log: MetricsLog | None = None
        self.optimizer: OptimizerState | None = None
        self.begun = False
        self.untracked: set[str] | None = None  # what is in the tracker's folder before it begins
        self.interval, self.saved, self.last, self.restored = config.checkpoint, time.perf_counter(), -1, 0

    def begin(self) -> None:
        """Begin to write, when the first step is done: before it, much can still be refused, and a run that is there stays.

        With --start-over the run that is there is removed. All processes must call it at once; a second call does nothing.

        Raises:
            OutputError, VSAError: the folder cannot be written, or the tracker not started.
            DtypeError: the optimiser cannot be kept in a checkpoint.
        """
        if not self.begun:
            self.begun = True
            on_first(self.accelerator, self._begin)

    def _begin(self) -> None:
        if self.optimizer is not None:
            self.optimizer.stored()  # what no checkpoint could hold is refused here
        files, settings, old = self.files, self.config.as_json(), set(self.files.listed)
        if self.config.log != "none":
            self.untracked = files.within("tracker")
            start_tracker(self.accelerator, self.config.log, files, settings)
            old.discard(TRACKER)
        if self.config.start_over:
            files.remove(old)
        files.write_json(CONFIG, {"task": self.task, "version": __version__, "config": settings})
        self.log = MetricsLog(files.place("metrics.jsonl"), self.restored, self.accelerator)
        self._list_tracked()

    def _list_tracked(self) -> None:
        if self.untracked is not None:
            self.files.adopt("tracker", self.untracked)

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> State:
        """Put model, optimiser and random generators where the newest checkpoint has them; the first state if there is none.

        Raises:
            InputError: no checkpoint can be used, or it is of another model.
            RangeError: the run was begun with other settings.
        """
        self.optimizer = OptimizerState(optimizer)
        self.saved = time.perf_counter()
        if self.config.start_over:
            return State()
        found: list[Checkpoint | None] = [None]
        on_first(self.accelerator, lambda: found.append(self.checkpoints.newest(warn, set_aside=True)))
        (step,) = sums(self.accelerator, 0 if found[-1] is None else found[-1].step)
        checkpoint = found[-1]
        if step and not self.accelerator.is_main_process:
            checkpoint = read_checkpoint(self.checkpoints.path(int(step)))  # all nodes must see the same folder
        if checkpoint is None:
            return State()
        state = self._restore(checkpoint, model, self.optimizer)
        self.saved, self.last, self.restored = time.perf_counter(), state.steps, state.steps
        return state

    def _restore(self, checkpoint: Checkpoint, model: nn.Module, optimizer: OptimizerState) -> State:
        metadata, where = checkpoint.metadata, self.checkpoints.path(checkpoint.step)
        if metadata.get("task") != self.task:
            raise InputError(f"{where} is of the task {metadata.get('task')!r}, not {self.task!r}; choose another --out")
        stored = type(self.config).from_json(metadata.get("config"))
        for name in stored.differs(self.config):
            raise RangeError(
                f"{name}: the run in {self.files.path} was begun with {getattr(stored, name)}, not "
                f"{getattr(self.config, name)}; leave it as it was, or begin again with --start-over, or elsewhere with --out"
            )
        optimizer.restore(checkpoint.part("optimizer"), metadata.get("optimizer"))
        try:
            model.load_state_dict(checkpoint.part("model"))
            state = State(**metadata["state"])
            state.check(checkpoint.step)
            self.best = float(metadata["best"]["loss"]), int(metadata["best"]["step"])
            set_random_states(self.accelerator, checkpoint.part("generator"))
        except (KeyError, TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise InputError(f"{where} does not hold this model: {error}") from error
        changed = differences(metadata.get("machine"), machine(self.accelerator.device))
        if changed and self.accelerator.is_main_process:
            warn(f"the run in {self.files.path} goes on with {changed}; its weights will not be the same bits")
        return state

    def row(self, state: State, rate: float) -> None:
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

    def save(self, state: State, model: nn.Module, course: dict[str, Any]) -> None:
        """Write a checkpoint; all processes must ask at once, after `restore`.

        Raises:
            OutputError: it cannot be written; the one before it is still there.
        """
        if state.steps == self.last:
            return
        began = time.perf_counter()
        generators = random_states(self.accelerator)
        on_first(self.accelerator, lambda: self._save(state, model, course, generators))
        self.saved, self.last = time.perf_counter(), state.steps
        if self.config.checkpoint:
            self.interval = max(self.config.checkpoint, (self.saved - began) / SHARE)

    def _save(self, state: State, model: nn.Module, course: dict[str, Any], generators: dict[str, torch.Tensor]) -> None:
        assert self.optimizer is not None, "a run is restored before it is saved"
        if not finite(model):
            raise TrainingError(f"a weight is no number after step {state.steps}, with {self.settings()}; {self.where()}")
        loss = self.validate(model)
        if loss is None or not math.isfinite(loss):
            loss = state.loss
        elif self.log is not None:
            self.log.write(state.steps, validation_loss=loss)
        if self.best is None or loss <= self.best[0]:
            self.best = (loss, state.steps)
        moments, settings = self.optimizer.stored()
        metadata = {
            "task": self.task,
            "version": __version__,
            "machine": machine(self.accelerator.device),
            "config": self.config.as_json(),
            "state": dataclasses.asdict(state),
            "schedule": course,
            "best": {"loss": self.best[0], "step": self.best[1]},
            "processes": self.accelerator.num_processes,
            "optimizer": settings,
        }
        tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in moments.items()}
        tensors |= {f"generator.{name}": tensor for name, tensor in generators.items()}
        if self.log is not None:
            self.log.sync()
        self._list_tracked()
        self.checkpoints.write(Checkpoint(state.steps, metadata, tensors), best=self.best[1])

    def where(self) -> str:
        """Where the run is kept, for messages."""
        paths = self.checkpoints.paths()
        return f"the last checkpoint is {paths[-1]}" if paths else f"no checkpoint was written in {self.checkpoints.folder}"

    def again(self) -> str:
        """The flags with which the run goes on."""
        return f"--out {self.files.path} --resume{' --trust' if self.config.code() else ''}"

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
        self._list_tracked()
