"""The training loop: draw a batch, compose, compare, step, until the budget is spent."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn

from tasks.data.schemes import Batch
from tasks.training.progress import Progress
from vsa.errors import RangeError, VSAError

WARMUP = 0.05
"""The share of the budget over which the learning rate rises."""


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
        seconds: wall time of the loop.
        images_per_second: target pictures composed, drawn and learnt from, for each second.
        loss: the mean of the last tenth of the steps.
        device: where it ran, "cpu" or "cuda".
        precision: of the matrix products, "float32" or "bfloat16".
    """

    steps: int
    seconds: float
    images_per_second: float
    loss: float
    device: str
    precision: str


def fast_bfloat16(device: str) -> bool:
    """Whether matrix products in bfloat16 are faster than in float32 on this device: GPUs that have them, CPUs with AMX."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def make_accelerator(device: str = "auto", precision: str = "auto") -> Accelerator:
    """The device and precision to train with.

    Args:
        device: "auto" (a GPU if there is one), "cpu", "cuda" or "mps".
        precision: "auto" (bfloat16 where it is fast), "float32" or "bfloat16".

    Raises:
        RangeError: there is no such device here.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        device = next(name for name in ("cuda", "mps", "cpu") if there[name])
    if not there.get(device, False):
        raise RangeError(f"there is no device {device!r} here; use one of {', '.join(name for name in there if there[name])}")
    if precision == "auto":
        precision = "bfloat16" if fast_bfloat16(device) else "float32"
    AcceleratorState._reset_state(reset_partial_state=True)  # else a second run in one process keeps the first one's device
    return Accelerator(mixed_precision={"float32": "no", "bfloat16": "bf16"}[precision], cpu=device == "cpu")


def train(
    model: nn.Module,
    draw: Callable[[], Batch],
    loss: Callable[[nn.Module, Batch], Tensor],
    budget: Budget,
    *,
    learning_rate: float,
    weight_decay: float = 0.0,
    accelerator: Accelerator,
) -> Trained:
    """Train a model, in place, until the budget is spent; it ends in evaluation mode.

    Args:
        model: what is trained; it is moved to the accelerator's device.
        draw: gives the next batch, on the CPU.
        loss: of a model and a batch on its device, a scalar.
        budget: when to stop.
        learning_rate: the highest one of Adam; it warms up, then falls to 0 as a cosine over the budget.
        weight_decay: of AdamW; with 0 it is Adam.
        accelerator: device, precision and processes.

    Raises:
        VSAError: the loss is no longer a finite number.
    """
    model.train()
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=learning_rate,
        betas=(0.9, 0.99),
        weight_decay=weight_decay,
        fused=accelerator.device.type != "mps",
    )
    prepared, optimizer = accelerator.prepare(model, optimizer)
    recent: list[float] = []
    steps, images, seconds = 0, 0, 0.0
    started = time.perf_counter()
    with Progress(budget.steps, budget.seconds) as progress:
        while (spent := budget.spent(steps, seconds)) < 1:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * min(1.0, (spent + 1e-3) / WARMUP) * (1 + math.cos(math.pi * spent)) / 2
            batch = draw().to(accelerator.device)
            with accelerator.autocast():
                value = loss(prepared, batch)
            optimizer.zero_grad()
            accelerator.backward(value)
            optimizer.step()

            steps, images = steps + 1, images + len(batch.targets)
            recent = [*recent[-max(9, steps // 10) :], value.item()]
            seconds = time.perf_counter() - started
            if not math.isfinite(recent[-1]):
                raise VSAError(f"the loss became {recent[-1]} at step {steps}; lower the learning rate, now {learning_rate}")
            progress.update(budget.spent(steps, seconds), steps, images / seconds, sum(recent) / len(recent))
    model.eval()
    return Trained(
        steps=steps,
        seconds=seconds,
        images_per_second=images / seconds,
        loss=sum(recent) / len(recent),
        device=accelerator.device.type,
        precision="bfloat16" if accelerator.mixed_precision == "bf16" else "float32",
    )
