"""Checkpoints: all that a run needs to go on as if it had never stopped, each in one safetensors file.

Weights, the optimiser's moments and the states of the random generators are its tensors; settings, the step, the schedule and the
version are JSON in its header. The file is written under another name, synced and renamed, and carries a checksum.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from tasks.training.manifest import RunFiles
from vsa import tensor_file
from vsa.errors import InputError

KIND = "vsa-torch checkpoint 1"
NEWEST = 2
"""How many of the newest are kept: should the last one be damaged, there is the one before."""

NAME = re.compile(r"step-(\d{9,})\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """A run at one step.

    Attributes:
        step: optimiser steps that were done.
        metadata: task, settings, version, the state of the loop and whatever else is not a tensor, as JSON can hold it.
        tensors: weights, the optimiser's moments and generator states, by name.
    """

    step: int
    metadata: dict[str, Any]
    tensors: dict[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names begin with this part's, without it."""
        return {key.removeprefix(f"{name}."): tensor for key, tensor in self.tensors.items() if key.startswith(f"{name}.")}


class Checkpoints:
    """The checkpoints of a run: the newest, the one before it, and the best.

    Args:
        folder: where they lie, the folder "checkpoints" of a run's; made when the first is written.
        files: of the run; those that its manifest lists if there are none.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> checkpoints = Checkpoints(Path(folder.name) / "checkpoints")
        >>> for step in range(1, 5):
        ...     _ = checkpoints.write(Checkpoint(step, {}, {"model.weight": torch.zeros(2)}), best=1)
        >>> [path.name for path in checkpoints.paths()]
        ['step-000000001.safetensors', 'step-000000003.safetensors', 'step-000000004.safetensors']
        >>> folder.cleanup()
    """

    def __init__(self, folder: Path, files: RunFiles | None = None) -> None:
        self.folder, self.files = folder, RunFiles(folder.parent) if files is None else files

    def paths(self) -> list[Path]:
        """The files, the newest last."""
        found = {int(match[1]): path for path in self.folder.glob("step-*") if (match := NAME.fullmatch(path.name))}
        return [found[step] for step in sorted(found)]

    def path(self, step: int) -> Path:
        """The file of a step."""
        return self.folder / f"step-{step:09}.safetensors"

    def write(self, checkpoint: Checkpoint, best: int | None = None) -> Path:
        """Write one, then remove what of the run's is neither among the newest nor the best.

        Raises:
            OutputError: it cannot be written; those before it are still there.
        """
        path = self.files.place(self._name(self.path(checkpoint.step)))
        with suppress(OSError):  # writing says what is wrong
            self.folder.mkdir(exist_ok=True)
        metadata = {"step": str(checkpoint.step), "about": json.dumps(checkpoint.metadata)}
        tensor_file.write(path, checkpoint.tensors, metadata, KIND)
        kept = {*self.paths()[-NEWEST:], *([] if best is None else [self.path(best)])}
        self.files.remove(self._name(old) for old in self.paths() if old not in kept)
        return path

    def _name(self, path: Path) -> str:
        return f"{self.folder.name}/{path.name}"

    def newest(self, warn: Callable[[str], None], set_aside: bool = False) -> Checkpoint | None:
        """The newest that is whole; None if there is none at all.

        Args:
            warn: told of each one that is damaged.
            set_aside: give each damaged one of the run the name `*.damaged`.

        Raises:
            InputError: there are some, but none is whole.
        """
        paths = self.paths()
        for path in reversed(paths):
            try:
                return read_checkpoint(path)
            except InputError as error:
                warn(f"{error}; going back to the checkpoint before it")
                if set_aside and self._name(path) in self.files.listed:
                    with suppress(OSError):  # as in a folder that cannot be written
                        path.rename(self.files.place(self._name(path.with_suffix(".damaged"))))
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
        step, metadata = int(described["step"]), json.loads(described["about"])
    except (KeyError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is no checkpoint of this project: {error}") from error
    if not isinstance(metadata, dict):
        raise InputError(f"{path} is no checkpoint of this project: its metadata are no JSON object")
    return Checkpoint(step, metadata, tensors)
