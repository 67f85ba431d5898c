"""What the subcommands read and write: the models that a user names, and places for files, checked before the work."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vsa.errors import OutputError, RangeError

if TYPE_CHECKING:
    from tasks.provenance import Provenance
    from tasks.task_model import TaskModel


def check_place(path: Path) -> None:
    """Refuse a place where no file can be written, before the work is done.

    Raises:
        OutputError: it is a folder, a pipe or a device, or its folder is not there or cannot be written.
    """
    if os.path.isdir(path):  # unlike that of Path it raises nothing, whatever the name
        raise OutputError(f"cannot write {path}: it is a folder; give the path of a file")
    if not os.path.isdir(path.parent):
        raise OutputError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {path}: the folder {path.parent} cannot be written")
    if os.path.exists(path) and not os.path.isfile(path):
        raise OutputError(f"cannot write {path}: it is a pipe or a device, not a file")


def check_seed(seed: int) -> None:
    """Refuse seeds that no generator takes.

    Raises:
        RangeError: it is negative or too large.
    """
    if not 0 <= seed < 2**63:
        raise RangeError(f"seed must be from 0 to 2^63 - 1, got {seed}")


def open_model(run: str | Path, trust: bool, device: str) -> tuple[TaskModel, Provenance]:
    """The model that a user names, finished, and what it says of itself.

    The model of a run that was stopped has no codebooks yet; they are learnt as they would be at the run's end.

    Args:
        run: a folder, a file, or the name of a shipped model.
        trust: build networks that are no part of the project too.
        device: auto, cpu, cuda or mps.

    Raises:
        InputError: there is no such model, or it cannot be used.
        RangeError: there is no such device here.
    """
    from tasks.loading import load_model
    from tasks.symbolic.model import SceneModel
    from tasks.task import population_of
    from tasks.training.processes import make_accelerator
    from vsa import load

    place = make_accelerator(device, "float32").device
    model = load_model(run, trust).to(place)
    provenance = model.described()
    if isinstance(model, SceneModel) and not len(model.codebooks):
        print(f"{run} has no codebooks yet; learning them, as the end of its training would", file=sys.stderr)
        load("task", provenance.task).finish(model, provenance.config, population_of(provenance.config, "train"))
    return model, provenance
