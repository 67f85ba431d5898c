"""The folder of a run: checked before the work, used by one run at a time, and never overwritten unless that was asked for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from tasks.config import CONFIG
from vsa.errors import OutputError

WRITTEN = ("metrics.jsonl", "metrics.json", "model.safetensors", "checkpoints")
"""What says that there is a run in a folder."""


@contextmanager
def run_folder(path: Path) -> Iterator[Path]:
    """The folder, made if it is not there; what of it was made and is still empty when the work fails is removed again.

    Raises:
        OutputError: it cannot be made or written.
    """
    path = path.absolute()
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        try:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                pass
        except OSError as error:
            raise OutputError(f"cannot write to the folder {path}: {error.strerror}; choose another one with --out") from error
        yield path
    except BaseException:
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        raise


@contextmanager
def claimed(folder: Path, resume: bool = False, start_over: bool = False) -> Iterator[None]:
    """The folder for this run alone, until it ends or dies.

    Args:
        folder: it exists.
        resume: a run that is there already is going to go on.
        start_over: a run that is there is removed: its metrics, model, checkpoints and pictures, and nothing else.

    Raises:
        OutputError: another run is at work in the folder, or one is there already and neither was asked for.
    """
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise OutputError(f"another run is at work in {folder}; wait for its end, or choose another folder with --out") from error
    except OSError as error:
        raise OutputError(f"cannot write to the folder {folder}: {error.strerror}; choose another one with --out") from error
    try:
        there = [name for name in WRITTEN if (folder / name).exists()]
        if there and not (resume or start_over):
            raise OutputError(
                f"there is a run in {folder} already ({', '.join(there)}); go on with it with --resume, remove it with "
                "--start-over, or choose another folder with --out"
            )
        if resume and (folder / "model.safetensors").exists() and not any(folder.glob("checkpoints/step-*")):
            raise OutputError(
                f"there is a model in {folder}, but no checkpoint to go on from; start from the model with --start {folder}, or "
                "remove it with --start-over"
            )
        if start_over:
            _remove(folder)
        for part in (*folder.glob(".*.part*"), *folder.glob("checkpoints/.*.part*")):  # of a run that was killed
            part.unlink(missing_ok=True)
        yield
    finally:
        with suppress(OSError):
            (folder / ".lock").unlink()
        lock.release()


def _remove(folder: Path) -> None:
    """Remove a run; what is not a run's stays."""
    try:
        for path in (folder / CONFIG, *(folder / name for name in WRITTEN), *folder.glob("*.png")):
            if path.name == "checkpoints":
                for old in (*path.glob("step-*"), *path.glob(".step-*")):
                    old.unlink()
                if path.is_dir() and not any(path.iterdir()):
                    path.rmdir()
            elif path.is_file():
                path.unlink()
        for tracker in ("vsa-torch", "wandb"):  # where the trackers of accelerate write
            shutil.rmtree(folder / tracker, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot remove the run in {folder}: {error.strerror}; choose another one with --out") from error
