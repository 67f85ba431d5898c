"""The training loop: draw a batch, compose, compare, step, until the budget is spent."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from tasks.data.schemes import Batch
from tasks.memory import enough_memory
from tasks.training.journal import Journal, State, finite
from tasks.training.processes import same_buffers, share_of, sums
from tasks.training.progress import Progress
from tasks.training.signals import SIGPIPE, SIGTERM, Interrupted, Stop
from tasks.training.stream import stream
from vsa.errors import RangeError, TrainingError

WARMUP = 0.05
"""The share of the budget over which the learning rate rises."""

Schedule = Callable[[float], float]
"""What learning rates are multiplied by, of the share of the budget that is spent, 0 to 1."""


def cosine(spent: float) -> float:
    """Rise over the first twentieth, then fall to 0 as a cosine.

    Example:
        >>> round(cosine(0.5), 3), round(cosine(1.0), 3)
        (0.5, 0.0)
    """
    return min(1.0, (spent + 1e-3) / WARMUP) * (1 + math.cos(math.pi * spent)) / 2


def constant(spent: float) -> float:
    """Stay as it is."""
    return 1.0


@dataclass(frozen=True)
class Budget:
    """How long to train: so many steps, so many seconds, or whichever ends first.

    Raises:
        RangeError: neither is given, or one is not positive.
    """

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.steps is None and self.seconds is None:
            raise RangeError("a budget needs steps, seconds or both")
        if (self.steps is not None and self.steps < 1) or (self.seconds is not None and not self.seconds > 0):
            raise RangeError(f"a budget must be positive, got steps={self.steps}, seconds={self.seconds}")

    def spent(self, steps: int, seconds: float) -> float:
        """The share of the budget that is spent, 0 to 1."""
        return min(1.0, max(steps / (self.steps or math.inf), seconds / (self.seconds or math.inf)))


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


def train(
    model: nn.Module,
    draw: Callable[[int], Batch],
    loss: Callable[[nn.Module, Batch, float], Tensor],
    budget: Budget,
    *,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule = cosine,
    accelerator: Accelerator,
    workers: int = 0,
    journal: Journal | None = None,
) -> Trained:
    """Train a model, in place, until the budget is spent; it ends in evaluation mode.

    Several processes learn what one would: each has the same batch, and computes its share of it.

    Args:
        model: what is trained; it is moved to the accelerator's device.
        draw: gives the batch of a number, on the CPU; the same for the same number, in every process.
        loss: of a model, a batch on its device and the share of the budget that is spent, a scalar; of several processes, of
            this one's share.
        budget: when to stop.
        optimizer: of the model's weights; the rates of its groups are the highest ones.
        schedule: what they are multiplied by.
        accelerator: device, precision and processes.
        workers: threads that draw ahead.
        journal: writes checkpoints and metrics, and says where to go on; nothing is written without one.

    Raises:
        TrainingError: the loss is no longer a finite number, or memory ran out; the last good state is in the journal.
        OutputError: a checkpoint cannot be written; the one before it is still there.
        Interrupted: a signal came, or nobody reads the progress any more; a checkpoint was written.
    """
    model.train()
    rates: list[float] = [group["lr"] for group in optimizer.param_groups]
    prepared, stepper = accelerator.prepare(model, optimizer)
    state, share = State() if journal is None else journal.restore(model, optimizer), share_of(accelerator)
    course = {"steps": budget.steps, "seconds": budget.seconds, "learning_rates": rates, "schedule": schedule.__name__}
    batches = stream(draw, state.steps, workers)
    with closing(batches), Stop() as stop, Progress(budget.steps, budget.seconds, accelerator.is_main_process) as progress:
        began = time.perf_counter() - state.seconds
        while (spent := budget.spent(state.steps, state.seconds)) < 1:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * schedule(spent)
            with _memory(state, journal, accelerator):
                batch = replace(next(batches), share=share).to(accelerator.device)
                with accelerator.autocast():
                    value = loss(prepared, batch, spent)
                # The clock of the first process counts for all, so that all agree on the budget.
                first = accelerator.is_main_process
                total, seconds, due, asked = sums(
                    accelerator,
                    value.item(),
                    (time.perf_counter() - began) * first,
                    first and journal is not None and journal.due(),
                    stop.signal > 0,
                )
                mean = total / share.processes
                if not math.isfinite(mean):
                    if journal is not None and state.steps and finite(model):
                        journal.save(state, model, course)
                    raise TrainingError(_not_finite(mean, state, rates[0], journal))
                stepper.zero_grad()
                accelerator.backward(value)
                stepper.step()
            state = state.after(mean, len(batch.targets), seconds)
            progress.update(budget.spent(state.steps, seconds), state.steps, state.images / seconds, state.loss)
            if progress.closed:
                stop.note(SIGPIPE)
            if journal is not None:
                journal.begin()
                journal.record(state, rates[0] * schedule(spent))
                if due or asked:
                    journal.save(state, model, course)
            if asked:
                where = "" if journal is None else f"; go on with {journal.again()}"
                raise Interrupted(stop.signal or SIGTERM, f"stopped at step {state.steps}{where}")
        same_buffers(accelerator, model)
        if journal is not None:
            journal.begin()
            journal.save(state, model, course)
    model.eval()
    return Trained(
        steps=state.steps,
        seconds=state.seconds,
        images_per_second=state.images / state.seconds,
        loss=state.loss,
        device=accelerator.device.type,
        precision="bfloat16" if accelerator.mixed_precision == "bf16" else "float32",
        processes=accelerator.num_processes,
    )


def _not_finite(loss: float, state: State, learning_rate: float, journal: Journal | None) -> str:
    """What to say of a loss that is no number."""
    what = f"the loss became {loss} at step {state.steps + 1}"
    if journal is None:
        return f"{what}; lower the learning rate, now {learning_rate}"
    return f"{what}, with {journal.settings()}; {journal.where()}: start from it with --start and a lower --learning-rate"


def _memory(state: State, journal: Journal | None, accelerator: Accelerator) -> AbstractContextManager[None]:
    """Say what to do when memory runs out in a step."""
    where = "" if journal is None else f"; {journal.where()}"
    return enough_memory(
        f"in step {state.steps + 1} on {accelerator.device.type}",
        f"lower --batch-size or --dim, or take a smaller --encoder or --decoder{where}",
    )
