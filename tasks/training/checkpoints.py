"""Checkpoints: all that a run needs to go on as if it had never stopped, each in one safetensors file.

Weights, the optimiser's moments and the states of the random generators are its tensors; settings, the step, the schedule and the
version are JSON in its header. The file is written under another name, synced and renamed, and carries a checksum.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vsa import tensor_file
from vsa.errors import InputError

KIND = "vsa-torch checkpoint 1"
NEWEST = 2
"""How many of the newest are kept: should the last one be damaged, there is the one before."""


MOMENTS = {torch.optim.AdamW: {"step", "exp_avg", "exp_avg_sq"}, torch.optim.RMSprop: {"step", "square_avg"}}
"""What each optimiser keeps of a weight."""


@dataclass(frozen=True)
class Checkpoint:
    """A run at one step.

    Attributes:
        step: optimiser steps that were done.
        about: task, settings, version, state of the loop, and whatever else is no tensor; as JSON can hold it.
        tensors: weights, the optimiser's moments and generator states, by name.
    """

    step: int
    about: dict[str, Any]
    tensors: dict[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names begin with this part's, without it."""
        return {key.removeprefix(f"{name}."): tensor for key, tensor in self.tensors.items() if key.startswith(f"{name}.")}


class Checkpoints:
    """The checkpoints of a run: the newest, the one before it, and the best.

    Args:
        folder: where they lie; made when the first is written.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> checkpoints = Checkpoints(Path(folder.name))
        >>> for step in range(1, 5):
        ...     _ = checkpoints.write(Checkpoint(step, {}, {"model.weight": torch.zeros(2)}), best=1)
        >>> [path.name for path in checkpoints.paths()]
        ['step-000000001.safetensors', 'step-000000003.safetensors', 'step-000000004.safetensors']
        >>> folder.cleanup()
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def paths(self) -> list[Path]:
        """The files, the newest last."""
        return sorted(self.folder.glob("step-*.safetensors"))

    def path(self, step: int) -> Path:
        """The file of a step."""
        return self.folder / f"step-{step:09}.safetensors"

    def write(self, checkpoint: Checkpoint, best: int | None = None) -> Path:
        """Write one, then remove what is neither among the newest nor the best.

        Raises:
            OutputError: it cannot be written; those before it are still there.
        """
        with suppress(OSError):  # writing says what is wrong
            self.folder.mkdir(exist_ok=True)
        path = self.path(checkpoint.step)
        about = {"step": str(checkpoint.step), "about": json.dumps(checkpoint.about)}
        tensor_file.write(path, checkpoint.tensors, about, KIND)
        kept = {*self.paths()[-NEWEST:], *([] if best is None else [self.path(best)])}
        for old in self.paths():
            if old not in kept:
                old.unlink(missing_ok=True)
        return path

    def newest(self, warn: Callable[[str], None]) -> Checkpoint | None:
        """The newest that is whole; None if there is none at all.

        Args:
            warn: told of each one that is damaged; it is set aside under the name `*.damaged`.

        Raises:
            InputError: there are some, but none is whole.
        """
        paths = self.paths()
        for path in reversed(paths):
            try:
                return read_checkpoint(path)
            except InputError as error:
                warn(f"{error}; going back to the checkpoint before it")
                with suppress(OSError):  # as in a folder that cannot be written
                    path.rename(path.with_suffix(".damaged"))
        if paths:
            raise InputError(f"no checkpoint in {self.folder} is whole; begin again with --start-over, or elsewhere with --out")
        return None


def warn(message: str) -> None:
    """Say something on standard error that does not end the work."""
    print(f"warning: {message}", file=sys.stderr)


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint of a file.

    Raises:
        InputError: there is no such file, or it is no checkpoint, damaged or of another version.
    """
    described, tensors = tensor_file.read(path, KIND)
    try:
        step, about = int(described["step"]), json.loads(described["about"])
    except (KeyError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is no checkpoint of this project: {error}") from error
    if not isinstance(about, dict):
        raise InputError(f"{path} is no checkpoint of this project: it does not say what it is about")
    return Checkpoint(step, about, tensors)


def optimizer_state(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's tensors, named "parameter.name"; its settings are those of the run."""
    moments = optimizer.state_dict()["state"]
    return {f"{number}.{name}": value for number, values in moments.items() for name, value in values.items()}


def set_optimizer_state(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give a new optimiser of the same parameters the state that another had.

    Raises:
        InputError: it is the state of other parameters.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    try:
        for key, tensor in tensors.items():
            number, _, name = key.partition(".")
            weight = weights[int(number)]
            if tensor.ndim:  # laid out in memory as the weight is, which a fused step relies on
                tensor = torch.empty_like(weight, dtype=tensor.dtype).copy_(tensor.view(weight.shape))
            state.setdefault(int(number), {})[name] = tensor
        names = MOMENTS[type(optimizer)]
        if any(set(moments) != names for moments in state.values()):
            raise ValueError(f"each weight has {', '.join(sorted(names))}")
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    except (ValueError, IndexError, KeyError, TypeError, RuntimeError) as error:
        raise InputError(f"the checkpoint has the optimiser of other weights: {error}") from error
