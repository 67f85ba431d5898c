"""The folder of a run: checked before the work, and used by one run at a time."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from tasks.training.manifest import MANIFEST, RunFiles
from vsa.errors import OutputError

WRITTEN = (MANIFEST, "metrics.jsonl", "metrics.json", "model.safetensors", "checkpoints")
"""What says that there is a run in a folder."""

LOCK = ".vsa-torch.lock"


@contextmanager
def run_folder(path: Path) -> Iterator[Path]:
    """The folder, made if it is not there; what of it was made and is still empty when the work fails is removed again.

    Raises:
        OutputError: it cannot be made or written.
    """
    path = path.absolute()
    made = [folder for folder in (path, *path.parents) if not os.path.exists(folder)]  # unlike that of Path it raises nothing
    try:
        try:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                pass
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise OutputError(f"cannot write to the folder {path}: {why}; choose another one with --out") from error
        yield path
    except BaseException:
        for folder in made:
            if os.path.isdir(folder) and not os.listdir(folder):
                folder.rmdir()
        raise


@contextmanager
def claimed(files: RunFiles, names: Iterable[str], resume: bool = False, start_over: bool = False) -> Iterator[None]:
    """The folder for this run alone, until it ends or dies.

    Args:
        files: of the folder, which exists.
        names: of the files and folders that the run is going to write.
        resume: a run that is there already is going to go on.
        start_over: a run that is there is going to be removed, when the new one has done its first step.

    Raises:
        OutputError: another run is at work in the folder, or one is there already and neither was asked for, or something is in
            the way that is not of a run.
        InputError: the folder's manifest is none.
    """
    folder = files.path
    with _locked(folder):
        files.read()
        files.check({*names, *files.listed})
        files.tidy()
        there = sorted(files.listed)
        if there and not (resume or start_over):
            raise OutputError(
                f"there is a run in {folder} already ({', '.join(there[:5])}{', ...' if there[5:] else ''}); go on with it with "
                "--resume, remove it with --start-over, or choose another folder with --out"
            )
        if resume and "model.safetensors" in there and not any(folder.glob("checkpoints/step-*")):
            raise OutputError(
                f"there is a model in {folder}, but no checkpoint to go on from; start from the model with --start {folder}, or "
                "remove it with --start-over"
            )
        try:
            yield
        finally:
            with suppress(OSError):  # as in a folder that cannot be written any more; the first error says more
                files.tidy()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """No other process has the folder meanwhile."""
    path = folder / LOCK
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size:
            raise OutputError(f"{path} is no lock of a run; choose another folder with --out, or move it away")
    except FileNotFoundError:
        pass
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise OutputError(f"another run is at work in {folder}; wait for its end, or choose another folder with --out") from error
    except OSError as error:
        raise OutputError(f"cannot write to the folder {folder}: {error.strerror}; choose another one with --out") from error
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        lock.release()
