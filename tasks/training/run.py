"""What is around the steps of a training: batches, budget and rates before a step; log, checkpoints and stopping after it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from types import TracebackType

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from tasks.data.schemes import Batch
from tasks.memory import out_of_memory
from tasks.training.budget import Budget, Schedule
from tasks.training.finite import EVERY, LossWatch, finite
from tasks.training.prefetch import prefetch
from tasks.training.processes import same_buffers, shard_of, sums
from tasks.training.progress import Progress
from tasks.training.record import RunRecord
from tasks.training.signals import SIGPIPE, SIGTERM, Interrupted, Stop
from tasks.training.state import State
from vsa.errors import TrainingError


@dataclass(frozen=True)
class Trained:
    """What training took.

    Attributes:
        steps: optimiser steps.
        seconds: wall time of the loop, of all parts of a run that was interrupted.
        images_per_second: target pictures composed, drawn and learnt from, for each second, by all processes together.
        loss: the mean of the last hundred steps.
        device: where it ran, "cpu", "cuda" or "mps".
        precision: of the matrix products, "float32" or "bfloat16".
        processes: how many trained together.
    """

    steps: int
    seconds: float
    images_per_second: float
    loss: float
    device: str
    precision: str
    processes: int


class Run:
    """A training but for what is learnt. In each step `check` is called when the loss is known, and `after` at its end.

    Nothing in a step waits for a device that works on its own (CUDA): there losses are read when a row of the log or a checkpoint
    is due, or the run stops, see `LossWatch`. Several processes agree in each step on a CPU, and when losses are read on CUDA.

    Args: as of `tasks.training.loop.train`; model and optimiser have been prepared.

    Raises:
        InputError, RangeError: the record cannot be gone on with.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        draw: Callable[[int], Batch],
        budget: Budget,
        schedule: Schedule,
        accelerator: Accelerator,
        workers: int,
        record: RunRecord | None,
    ) -> None:
        self.model, self.optimizer, self.budget, self.schedule = model, optimizer, budget, schedule
        self.accelerator, self.workers, self.record = accelerator, workers, record
        self.draw = (lambda number: draw(number).pinned()) if accelerator.device.type == "cuda" else draw
        self.rates: list[float] = [group["lr"] for group in optimizer.param_groups]
        self.rate = self.rates[0]
        named = getattr(schedule, "__name__", type(schedule).__name__)  # of an object that is called, its class
        self.course = {"steps": budget.steps, "seconds": budget.seconds, "learning_rates": self.rates, "schedule": named}
        self.state = State() if record is None else record.restore(model, optimizer)
        self.first, self.shard = self.state.steps, shard_of(accelerator)
        self.watch = LossWatch(optimizer, accelerator)
        self.loss, self.unread = math.nan, list[State]()  # the states before the steps whose losses have not been read
        self.images, self.seconds, self.due, self.asked = 0, self.state.seconds, False, False

    def __enter__(self) -> Run:
        with ExitStack() as stack:
            self.drawn = stack.enter_context(closing(prefetch(self.draw, self.state.steps, self.workers)))
            self.stop = stack.enter_context(Stop())
            shown = self.accelerator.is_main_process
            self.progress = stack.enter_context(Progress(self.budget.steps, self.budget.seconds, shown))
            stack.callback(self.watch.close)
            self.stack = stack.pop_all()
        self.began = time.perf_counter() - self.state.seconds
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stack.__exit__(kind, error, trace)
        if error is not None and out_of_memory(error):
            advice = "lower --batch-size or --dim, or take a smaller --encoder or --decoder"
            where = "" if self.record is None else f"; {self.record.where()}"
            when = f"in step {self.state.steps + 1} on {self.accelerator.device.type}"
            raise TrainingError(f"out of memory {when}; {advice}{where}") from error

    @property
    def spent(self) -> float:
        """The fraction of the budget that is spent, 0 to 1."""
        return self.budget.spent(self.state.steps, self.state.seconds)

    def batches(self) -> Iterator[tuple[int, Batch]]:
        """The number of each step and its batch, on the device, until the budget is spent."""
        while (spent := self.spent) < 1:
            factor = self.schedule(spent)
            for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate * factor
            self.rate = self.rates[0] * factor
            batch = next(self.drawn)
            self.images = len(batch.targets)
            yield self.state.steps + 1, replace(batch, shard=self.shard).to(self.accelerator.device)
        self._end()

    def check(self, loss: Tensor) -> None:
        """Before the optimiser steps: refuse a loss that is no number, and agree with all processes on what is next.

        Raises:
            TrainingError: the loss is no number; where losses are read late, `after` says so, and no step is taken meanwhile.
        """
        late = self.watch.late
        if late:
            self.watch.note(loss)
            self.due = self.asked = False
            if self.accelerator.num_processes > 1 and not self._reads(self.state.steps + 1):
                return
        # The clock of the first process counts for all, so that all agree on the budget.
        first = self.accelerator.is_main_process
        total, self.seconds, due, asked = sums(
            self.accelerator,
            0.0 if late else loss.item(),
            (time.perf_counter() - self.began) * first,
            first and self.record is not None and self.record.due(),
            self.stop.signal > 0,
        )
        self.due, self.asked, self.loss = due > 0, asked > 0, total / self.accelerator.num_processes
        if not math.isfinite(self.loss):
            self._refuse(self.loss)

    def after(self, step: int) -> None:
        """After the optimiser's step: show and log where the run is, write a checkpoint if one is due, and stop if asked to.

        Raises:
            TrainingError: the loss of this step, or of one since losses were read last, is no number.
            OutputError: a checkpoint or the log cannot be written.
            Interrupted: the run was asked to stop, and has written a checkpoint.
        """
        self.unread.append(self.state)
        self.state = self.state.after(self.images, self.seconds)
        read = not self.watch.late or self.due or self.asked or self._reads(step)
        if read:
            self._read()
        self.progress.update(self.spent, step, self.state.images / self.seconds, self.state.loss)
        if self.progress.closed:
            self.stop.note(SIGPIPE)
        if self.record is not None and read:
            self.record.begin()
            self.record.row(self.state, self.rate)
            if self.due or self.asked:
                self.record.save(self.state, self.model, self.course)
        if self.asked:
            where = "" if self.record is None else f"; go on with {self.record.again()}"
            raise Interrupted(self.stop.signal or SIGTERM, f"stopped at step {step}{where}")

    def trained(self) -> Trained:
        """What it took."""
        return Trained(
            steps=self.state.steps,
            seconds=self.state.seconds,
            images_per_second=self.state.images / self.state.seconds,
            loss=self.state.loss,
            device=self.accelerator.device.type,
            precision="bfloat16" if self.accelerator.mixed_precision == "bf16" else "float32",
            processes=self.accelerator.num_processes,
        )

    def _reads(self, step: int) -> bool:
        """Whether losses are read after this step where they are read late: after the first one, and for each row of the log."""
        return step % EVERY == 0 or step == self.first + 1

    def _read(self) -> None:
        """Take up the losses of the steps since the last time; refuse the first that is no number."""
        losses = self.watch.read() if self.watch.late else [self.loss]
        known = self.unread[0]
        for before, loss in zip(self.unread, losses, strict=True):
            if not math.isfinite(loss):
                self.state = replace(before, recent=known.recent)
                self._refuse(loss)
            known = known.with_losses([loss])
        self.state = replace(self.state, recent=known.recent)
        self.unread.clear()

    def _refuse(self, loss: float) -> None:
        """Keep the state before the step, if it is a good one, and say what there is to say of a loss that is no number."""
        record, what = self.record, f"the loss became {loss} at step {self.state.steps + 1}"
        if record is None:
            raise TrainingError(f"{what}; lower the learning rate, now {self.rates[0]}")
        if self.state.steps and self.watch.skips and finite(self.model):
            record.save(self.state, self.model, self.course)
        raise TrainingError(
            f"{what}, with {record.settings()}; {record.where()}: start from it with --start and a lower --learning-rate"
        )

    def _end(self) -> None:
        """What is left to do when the budget is spent."""
        if self.unread:
            self._read()
        if self.watch.late and self.state.steps > self.first:  # the device has caught up only now
            (seconds,) = sums(self.accelerator, (time.perf_counter() - self.began) * self.accelerator.is_main_process)
            self.state = replace(self.state, seconds=seconds)
        same_buffers(self.accelerator, self.model)
        if self.record is not None:
            self.record.begin()
            self.record.save(self.state, self.model, self.course)
