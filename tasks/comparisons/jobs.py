"""Jobs that run side by side, one CPU thread each, and keep what came of them: the same command goes on where it was stopped.

A job is a frozen dataclass that says what is to be done. What came of it is a small JSON file, named after all that decides it;
a job whose file is there is not done again. This file imports nothing heavy, and jobs should import what they compute with in
`compute`: it is called in a process of its own, while the process that watches only waits.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import time
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tasks.json_file import write_json
from tasks.training.run_folder import run_folder
from tasks.training.signals import Interrupted
from vsa.errors import InputError, RangeError, VSAError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess


class Job(ABC):
    """Something to compute, and the file that holds what came of it. Kinds of it are frozen dataclasses that can be pickled.

    Attributes:
        folder: where the file lies.
    """

    folder: Path

    @property
    @abstractmethod
    def stem(self) -> str:
        """How the file's name begins, for people: "row-03-seed-1"."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it, as JSON can hold it."""

    @abstractmethod
    def compute(self) -> dict[str, Any]:
        """Do the work, in a process of its own, and give the entries of the file, as JSON can hold them.

        A VSAError that it raises is what came of it; any other exception is a crash, and it is done again the next time.
        """

    @abstractmethod
    def summary(self, found: dict[str, Any]) -> str:
        """The main numbers of what `compute` gave, in one line."""

    def __str__(self) -> str:
        return self.stem

    @property
    def path(self) -> Path:
        """The file, named after the stem and a digest of all settings, so that other settings have files of their own."""
        digest = hashlib.sha256(self._decisive().encode()).hexdigest()[:8]
        return self.folder / f"{self.stem}-{digest}.json"

    def stored(self) -> dict[str, Any] | None:
        """What its file holds: the entries of `compute`, or an `error` that it ended in, or a `crash`; None if it was not run.

        Raises:
            InputError: there is a file, but it holds something else.
        """
        try:
            found = json.loads(self.path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path} is not the result of a run ({error}); remove it, and it is run again") from error
        if not isinstance(found, dict) or found.get("settings") != json.loads(self._decisive()):
            raise InputError(f"{self.path} holds the result of other settings; remove it, and it is run again")
        return found

    def done(self) -> bool:
        """Whether it need not be run again. That the loss became NaN is a result; that something broke is none."""
        found = self.stored()
        return found is not None and "crash" not in found

    def _decisive(self) -> str:
        return json.dumps(self.settings(), sort_keys=True)


AnyJob = TypeVar("AnyJob", bound=Job)


def results(jobs: Iterable[AnyJob]) -> list[tuple[AnyJob, dict[str, Any]]]:
    """The jobs that were run, with what their files hold.

    Raises:
        InputError: a file holds something else.
    """
    return [(job, found) for job in jobs if (found := job.stored()) is not None]


def failure(found: dict[str, Any]) -> str | None:
    """Why a job has no result: its error, or the last line of its crash; None if it has one.

    Example:
        >>> failure({"error": "the loss became nan"}), failure({"metrics": {}})
        ('the loss became nan', None)
    """
    if "error" in found:
        return found["error"]
    return found["crash"].strip().splitlines()[-1] if "crash" in found else None


def work(job: Job) -> None:
    """Do a job on one CPU thread, in silence, and write its file, however it ends; one that is asked to stop has none."""
    import torch

    torch.set_num_threads(1)
    started = time.perf_counter()
    result: dict[str, Any] = {"settings": job.settings(), "machine": machine()}
    try:
        with open(os.devnull, "w") as nothing, redirect_stderr(nothing):  # several bars at once would be unreadable
            found = job.compute()
        json.dumps(found, allow_nan=False)  # what the file cannot hold is a crash too, which the file can
        result |= found
    except Interrupted as interrupt:  # it has saved where it is; another time it goes on from there
        sys.exit(interrupt.status)
    except VSAError as error:
        result["error"] = str(error)
    except Exception:
        result["crash"] = traceback.format_exc()
    write_json(job.path, result | {"seconds": time.perf_counter() - started})


def machine() -> str:
    """What a job is computed with on this machine."""
    import torch

    return f"torch {torch.__version__}, {platform.machine()} with {torch.backends.cpu.get_cpu_capability()}, 1 thread a run"


def run_jobs(jobs: Sequence[Job], at_once: int, folder: Path, finish: Callable[[], None]) -> None:
    """Run the jobs that are not done yet, say how it goes, and finish, even if it was interrupted.

    Args:
        jobs: in the order in which they are begun.
        at_once: so many at a time.
        folder: the folder of their files; it is made if it is not there.
        finish: makes something of what is there: a page.

    Raises:
        RangeError: none at a time.
        OutputError: the folder cannot be made or written.
        InputError: a job's file holds something else.
    """
    if at_once < 1:
        raise RangeError(f"jobs must be at least 1, got {at_once}")
    with run_folder(folder):
        todo = [job for job in jobs if not job.done()]
        try:
            print(f"Runs: {len(jobs)}, of which {len(jobs) - len(todo)} are in {folder} already; {at_once} at a time", flush=True)
            run_all(todo, at_once)
        except KeyboardInterrupt:
            print(f"What is done is in {folder}: the same command goes on from there.")
            raise
        finally:
            finish()


def run_all(todo: Sequence[Job], at_once: int) -> None:
    """Work through the jobs, so many at a time; none goes on when this ends, however it ends."""
    import multiprocessing
    from multiprocessing.connection import wait

    os.environ["OMP_NUM_THREADS"] = "1"  # for the processes below: it counts when they import torch
    processes = multiprocessing.get_context("spawn")
    waiting, taken = deque(todo), list[float]()
    running: dict[object, tuple[BaseProcess, Job]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                job = waiting.popleft()
                process = processes.Process(target=work, args=(job,), daemon=True)
                with without_interrupt():
                    process.start()
                    running[process.sentinel] = process, job
            for sentinel in wait([process.sentinel for process, _ in running.values()]):
                process, job = running.pop(sentinel)
                process.join()
                taken.append(report(job, process.exitcode))
                left = sum(taken) / len(taken) * (len(todo) - len(taken)) / at_once
                print(f"  {len(taken)} of {len(todo)} done, about {left / 60:.0f} min left", flush=True)
    finally:
        for process, _ in running.values():
            process.terminate()
            process.join()


def report(job: Job, status: int | None) -> float:
    """Print what came of a job; how many seconds it took. One that was killed leaves no file, so its end is written here."""
    found = job.stored()
    if found is None:
        found = {"settings": job.settings(), "machine": machine(), "crash": f"it was killed, status {status}", "seconds": 0.0}
        write_json(job.path, found)
    why = failure(found)
    print(f"{job}: {job.summary(found) if why is None else f'failed: {why}'}; {found['seconds']:.0f} s", flush=True)
    return found["seconds"]


@contextmanager
def without_interrupt() -> Iterator[None]:
    """Ctrl-C waits; a process that is started meanwhile never hears of it, so that it is ended in order and prints nothing."""
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the process inherits what is blocked
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def budget(minutes: float | None, steps: int | None) -> str:
    """How long each job trains, for the sentences under a table.

    Example:
        >>> budget(1.0, 200)
        '1 min or 200 steps'
    """
    limits = [f"{minutes:g} min"] if minutes is not None else []
    return " or ".join(limits + ([f"{steps} steps"] if steps is not None else []))


def made_with(found: Iterable[dict[str, Any]], command: str) -> str:
    """Machine and command of a table, as sentences under it; with the precisions, where jobs have `trained` something.

    Args:
        found: what the files of the jobs hold.
        command: makes the whole table.

    Example:
        >>> made_with([{"machine": "an abacus", "trained": {"precision": "float32"}}], "make table")
        'The machine: an abacus; float32. The command: `make table`.'
    """
    found = list(found)
    machines = sorted({stored["machine"] for stored in found})
    precisions = sorted({stored["trained"]["precision"] for stored in found if "trained" in stored})
    return f"The machine: {'; '.join([*machines, *precisions]) or 'nothing was run yet'}. The command: `{command}`."


def without_result(found: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    """The end of a page: which jobs have no result, and why; lines of Markdown, none if all have one.

    Args:
        found: what each job is called, and what its file holds.

    Example:
        >>> without_result([("seed 0", {"error": "the loss became nan"}), ("seed 1", {"metrics": {}})])
        ['', 'Without a result:', '', '* seed 0: the loss became nan']
    """
    failed = [(name, why) for name, stored in found if (why := failure(stored)) is not None]
    lines = [f"* {name}: {(why.splitlines() or [''])[-1]}" for name, why in failed]
    return ["", "Without a result:", "", *lines] if lines else []
