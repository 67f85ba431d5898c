"""Devices and processes: one accelerator a run, and what the processes of a run have to agree on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import nn

from tasks.measured import mapped, numbers
from tasks.shard import Shard
from vsa.devices import fast_in_bfloat16
from vsa.errors import RangeError, VSAError


def make_accelerator(device: str = "auto", precision: str = "auto", **options: Any) -> Accelerator:
    """The device and precision to train with; under torchrun, with the processes that it started.

    Args:
        device: "auto" (a GPU if there is one), "cpu", "cuda" or "mps".
        precision: "auto" (bfloat16 where it is fast), "float32" or "bfloat16".
        options: of accelerate's Accelerator.

    Raises:
        RangeError: there is no such device here, or the environment would change the training.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        device = next(name for name in ("cuda", "mps", "cpu") if there[name])
    if not there.get(device, False):
        raise RangeError(f"there is no device {device!r} here; use one of {', '.join(name for name in there if there[name])}")
    if precision == "auto":
        precision = "bfloat16" if fast_in_bfloat16(torch.device(device)) else "float32"
    check_environment()
    AcceleratorState._reset_state(reset_partial_state=True)  # else a second run in one process keeps the first one's device
    _forget_accelerates()
    with _alone():
        return Accelerator(mixed_precision={"float32": "no", "bfloat16": "bf16"}[precision], cpu=device == "cpu", **options)


PROCESSES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun tells its processes; a process that has all of it is one of several."""

ROUNDING = ("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE")
"""What makes matrix products less precise than --precision says, without a word."""


def check_environment() -> None:
    """Refuse variables of the environment that would change weights without a word, or that are those of half a torchrun.

    Raises:
        RangeError: which, and what to do.
    """
    for name in ROUNDING:
        if os.environ.get(name, "").lower() not in ("", "0", "strict"):
            raise RangeError(
                f"{name}={os.environ[name]} would change how numbers are rounded; unset it, and choose with --precision"
            )
    if "LOCAL_RANK" not in os.environ:  # one process alone; launchers of other programs may have set the rest
        return
    if missing := [name for name in PROCESSES if name not in os.environ]:
        raise RangeError(
            f"the environment has LOCAL_RANK, as of a process that torchrun started, but not {', '.join(missing)}; start it with "
            "torchrun, or unset LOCAL_RANK"
        )
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT"):
        if not os.environ[name].isdecimal():
            raise RangeError(f"{name} in the environment must be a whole number, got {os.environ[name]!r}; start with torchrun")
    if not int(os.environ["RANK"]) < int(os.environ["WORLD_SIZE"]):
        raise RangeError(f"RANK {os.environ['RANK']} is not one of WORLD_SIZE {os.environ['WORLD_SIZE']}; start with torchrun")


def _forget_accelerates() -> None:
    """Remove the variables of the environment with which accelerate, at any time, would change a training."""
    for name in list(os.environ):
        if name.startswith("ACCELERATE_") or name == "FORK_LAUNCHED":
            del os.environ[name]


@contextmanager
def _alone() -> Iterator[None]:
    """Without LOCAL_RANK, what MPI and torchrun say of other processes is not for this one."""
    others = ("WORLD_SIZE", "RANK", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
    hidden = {name: os.environ.pop(name) for name in others if name in os.environ and "LOCAL_RANK" not in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def shard_of(accelerator: Accelerator) -> Shard:
    """The part of a batch that this process computes."""
    return Shard(accelerator.process_index, accelerator.num_processes)


def sums(accelerator: Accelerator, *numbers: float) -> list[float]:
    """Each number, summed over all processes."""
    if accelerator.num_processes == 1:
        return list(numbers)
    every = accelerator.reduce(torch.tensor(numbers, dtype=torch.float64, device=accelerator.device), "sum")
    return every.tolist()  # pyright: ignore[reportAttributeAccessIssue]


def means(accelerator: Accelerator, metrics: dict[str, Any]) -> dict[str, Any]:
    """Metrics of which each number is the mean over all processes; they measured equally many pictures.

    Where they did not measure the same things, each process keeps its own.
    """
    if accelerator.num_processes == 1:
        return metrics
    found = numbers(metrics)
    count, squares = sums(accelerator, len(found), len(found) ** 2)
    if accelerator.num_processes * squares != count**2:  # what there are hardly any pictures of, one found and another did not
        return metrics
    totals = iter(sums(accelerator, *found))
    return mapped(metrics, lambda value, name: next(totals) / accelerator.num_processes)


class ElsewhereError(VSAError):
    """Another process failed, and said why."""


def on_first(accelerator: Accelerator, action: Callable[[], None]) -> None:
    """Do something in the first process alone, while the others wait; what fails there, fails everywhere.

    Raises:
        VSAError: as the action does; an ElsewhereError in the other processes.
    """
    failure: BaseException | None = None
    if accelerator.is_main_process:
        try:
            action()
        except VSAError as error:
            failure = error
    (failed,) = sums(accelerator, float(failure is not None))
    if failure is not None:
        raise failure
    if failed:
        raise ElsewhereError("the first process stopped, and said why")


def random_states(accelerator: Accelerator) -> dict[str, torch.Tensor]:
    """The states of torch's generators in every process, by device and process; all processes must ask at once."""
    states = {"cpu": torch.get_rng_state()}
    if accelerator.device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(accelerator.device)
    every = {}
    for name, state in states.items():
        gathered = shard_of(accelerator).gather(state[None].to(accelerator.device), accelerator.num_processes)
        every |= {f"{name}.{process}": one.cpu() for process, one in enumerate(gathered)}
    return every


def set_random_states(accelerator: Accelerator, states: dict[str, torch.Tensor]) -> None:
    """Go on from the states of this process; a process that there was not yet keeps its own."""
    process = accelerator.process_index
    if f"cpu.{process}" in states:
        torch.set_rng_state(states[f"cpu.{process}"])
    if f"cuda.{process}" in states and accelerator.device.type == "cuda":
        torch.cuda.set_rng_state(states[f"cuda.{process}"], accelerator.device)


def same_buffers(accelerator: Accelerator, model: nn.Module) -> None:
    """Give every process the first one's buffers: statistics of batch norms, which saw its shard of the pictures alone."""
    if accelerator.num_processes > 1:
        for buffer in model.buffers():
            torch.distributed.broadcast(buffer, 0)
