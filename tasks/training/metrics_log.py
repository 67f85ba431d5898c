"""metrics.jsonl: a line of JSON for each few steps, written as they come; and the trackers that are told the same."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from tasks.training.manifest import RunFiles
from vsa.errors import InputError, MissingExtraError, OutputError, VSAError
from vsa.files import read_file, replacing

TRACKER = "tracker/tracker.json"
"""Says which tracker writes into its folder, and that the folder is the run's."""


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics.jsonl; a last line that is cut short, as by a power failure, is left out.

    Raises:
        InputError: there is no such file, or a line before the last one is no row.
    """
    lines = read_file(path).split(b"\n")
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            if line:
                rows.append(_row(line))
        except (ValueError, RecursionError) as error:
            if number >= len(lines) - 1:
                break
            raise InputError(f"line {number} of {path} is no row of metrics ({error})") from error
    return rows


def _row(line: bytes) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict) or not isinstance(row.get("step"), int):
        raise ValueError("it has no step")
    return row


class MetricsLog:
    """Writes metrics.jsonl, and tells a tracker of accelerate the same.

    Args:
        path: the file.
        step: where the run goes on; rows of later steps, which are going to be computed again, are dropped.
        accelerator: whose trackers are told.

    Raises:
        OutputError: the file cannot be written.
        InputError: what is there is no metrics.jsonl.
    """

    def __init__(self, path: Path, step: int, accelerator: Accelerator) -> None:
        self.path, self.accelerator = path, accelerator
        rows = [row for row in read_metrics(path) if row["step"] <= step] if step and path.exists() else []
        with replacing(path) as part:
            part.write_text("".join(json.dumps(row) + "\n" for row in rows))
        try:
            self.file = path.open("a", buffering=1)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error

    def write(self, step: int, **numbers: float) -> None:
        """Add a row.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            self.file.write(json.dumps({"step": step, **numbers}) + "\n")
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
        self.accelerator.log(numbers, step=step)

    def sync(self) -> None:
        """Wait until the disk has all rows."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Write no more."""
        try:
            self.file.close()
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error


def check_tracker(name: str) -> None:
    """Refuse a tracker that is not installed.

    Raises:
        MissingExtraError: it is not; the message names the command that installs it.
    """
    if name != "none" and find_spec(name) is None:
        raise MissingExtraError(f"--log {name} needs the package {name}, which is not installed: pip install -e '.[{name}]'")


def start_tracker(accelerator: Accelerator, name: str, files: RunFiles, settings: dict[str, Any]) -> None:
    """Begin to log to the tracker, in the folder "tracker" of the run.

    Raises:
        VSAError: the tracker cannot be started, as Weights & Biases without an account or WANDB_MODE=offline.
    """
    flat = {key: value if isinstance(value, (int, float, str, bool)) else str(value) for key, value in settings.items()}
    folder = files.path / "tracker"
    options = {"wandb": {"dir": str(folder), "name": files.path.name}} if name == "wandb" else {}
    new = TRACKER not in files.listed
    try:
        files.place(TRACKER)
        folder.mkdir(exist_ok=True)
        files.write_json(TRACKER, {"tracker": name})
        accelerator.init_trackers("vsa-torch", config=flat, init_kwargs=options)
    except OutputError:
        raise
    except Exception as error:  # whatever a tracker raises
        if new:
            files.remove([TRACKER])
        hint = "; to log without an account, set WANDB_MODE=offline" if name == "wandb" else ""
        raise VSAError(f"{name} cannot be started: {error}{hint}") from error
