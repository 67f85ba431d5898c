"""The training loop: what is learnt, step by step. What is around it, see `tasks.training.run`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from tasks.data.schemes import Batch
from tasks.training.budget import Budget, Schedule, cosine
from tasks.training.record import RunRecord
from tasks.training.run import Run, Trained


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
    record: RunRecord | None = None,
) -> Trained:
    """Train a model, in place, until the budget is spent; it ends in evaluation mode.

    Several processes learn what one would: each has the same batch, and computes its shard of it.

    Args:
        model: what is trained; it is moved to the accelerator's device.
        draw: gives the batch of a number, on the CPU; the same for the same number, in every process.
        loss: of a model, a batch on its device and the fraction of the budget that is spent, a scalar; of several processes, of
            this one's shard.
        budget: when to stop.
        optimizer: of the model's weights; the rates of its groups are the highest ones.
        schedule: what they are multiplied by.
        accelerator: device, precision and processes.
        workers: threads that draw ahead.
        record: writes checkpoints and metrics, and says where to go on; nothing is written without one.

    Raises:
        TrainingError: the loss is no longer a finite number, or memory ran out; the last good state is in the record.
        OutputError: a checkpoint cannot be written; the one before it is still there.
        Interrupted: a signal came, or nobody reads the progress any more; a checkpoint was written.
    """
    model.train()
    prepared, stepper = accelerator.prepare(model, optimizer)
    with Run(model, optimizer, draw, budget, schedule, accelerator, workers, record) as run:
        for step, batch in run.batches():
            with accelerator.autocast():
                value = loss(prepared, batch, run.spent)
            run.check(value)
            accelerator.backward(value)
            stepper.step()
            stepper.zero_grad()
            run.after(step)
    model.eval()
    return run.trained()
