"""Many jobs at once: by joblib on this machine, by submitit on a cluster. The same command goes on where it was stopped.

What a job computes with is imported where it is computed, in a process of its own; the process that watches only waits.
"""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from tasks.json_file import write_json
from tasks.studies.jobs import Job, failure
from tasks.training.run_folder import run_folder
from tasks.training.signals import Interrupted, Stop, stopping
from vsa.errors import MissingExtraError, RangeError, VSAError

On = Literal["here", "slurm", "local"]
"""Where jobs run: on this machine; on a Slurm cluster; or on this machine as they would on a cluster, to try that out."""

ROOT = Path(__file__).resolve().parents[2]
"""The checkout, which processes that run jobs import."""

HOURS = 4
"""How long the cluster lets a job run, if SBATCH_TIMELIMIT does not say; one that is cut short goes on the next time."""

POLL = 0.2
"""Seconds between looks at the jobs of a cluster."""


def run_jobs(jobs: Sequence[Job], at_once: int, folder: Path, finish: Callable[[], None], on: On = "here") -> None:
    """Run the jobs that are not done yet, say how it goes, and finish, even if it was interrupted.

    Args:
        jobs: in the order in which they are begun.
        at_once: so many at a time.
        folder: the folder of their files; it is made if it is not there.
        finish: makes something of what is there: a page.
        on: where they run.

    Raises:
        RangeError: none at a time.
        MissingExtraError: submitit is not installed, and they shall run on a cluster.
        OutputError: the folder cannot be made or written.
        InputError: a job's file holds something else.
    """
    if at_once < 1:
        raise RangeError(f"jobs must be at least 1, got {at_once}")
    if on != "here":
        check_cluster()
    with run_folder(folder):
        todo = [job for job in jobs if not job.done()]
        try:
            print(f"Runs: {len(jobs)}, of which {len(jobs) - len(todo)} are in {folder} already; {at_once} at a time", flush=True)
            run_all(todo, at_once, on, folder)
        except KeyboardInterrupt:
            print(f"What is done is in {folder}: the same command goes on from there.")
            raise
        finally:
            finish()


def run_all(todo: Sequence[Job], at_once: int, on: On, folder: Path) -> None:
    """Work through the jobs, so many at a time; when this is asked to stop, it ends when the jobs have saved where they are.

    Raises:
        Interrupted: it was asked to stop.
    """
    taken: list[float] = []

    def ended(job: Job, status: int | str | None) -> None:
        taken.append(report(job, status))
        left = sum(taken) / len(taken) * (len(todo) - len(taken)) / at_once
        print(f"  {len(taken)} of {len(todo)} done, about {left / 60:.0f} min left", flush=True)

    stop = StopAll()
    with environment(), stop:
        (run_here if on == "here" else run_on_cluster)(todo, at_once, stop, ended, on, folder)
    if stop.signal:
        raise Interrupted(stop.signal, "interrupted" if stop.signal == signal.SIGINT else "terminated")


class StopAll(Stop):
    """As `Stop`; it also asks the jobs to stop. A second Ctrl-C does not wait for them.

    Attributes:
        ask: asks all jobs that run to stop.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ask: Callable[[], None] = lambda: None

    def note(self, number: int) -> None:
        """Stop, because of this signal."""
        if self.signal and number == signal.SIGINT:
            raise KeyboardInterrupt
        super().note(number)
        self.ask()


Ended = Callable[[Job, "int | str | None"], None]
"""Called with a job that has ended, and what its process ended with."""


def run_here(todo: Sequence[Job], at_once: int, stop: StopAll, ended: Ended, on: On, folder: Path) -> None:
    """Work through the jobs in processes of joblib.

    Where one of these dies, joblib ends the others, too, and does not say which job it was. Those that were at work are then done
    again, one at a time: when it happens again, it is known.
    """
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    waiting, alone = deque(todo), deque[Job]()
    stored = {job.path: job.stored() for job in todo}  # what ended otherwise before is done again
    stop.ask = ask_processes
    while (waiting or alone) and not stop.signal:
        one_by_one = bool(alone)
        begun: list[Job] = []
        source, count = (alone, 1) if one_by_one else (waiting, at_once)
        reported = set[int]()
        try:
            for place, status in outcomes(source, count, begun, stop):
                reported.add(place)
                if stop.signal:  # joblib may have given out another job since
                    ask_processes()
                if not (stop.signal and begun[place].stored() is None):
                    ended(begun[place], status)
        except TerminatedWorkerError as error:
            if stop.signal:
                return
            silent = [job for place, job in enumerate(begun) if place not in reported]
            over = [job for job in silent if job.stored() not in (None, stored[job.path])]
            for job in over:  # whose end joblib did not tell any more
                ended(job, None)
            silent = [job for job in silent if job not in over]
            at_work, rest = silent[:count], silent[count:]
            source.extendleft(reversed(rest))
            if at_work and (one_by_one or len(at_work) == 1):
                ended(at_work[0], _how(error))
            else:
                alone.extend(at_work)


def outcomes(source: deque[Job], at_once: int, begun: list[Job], stop: StopAll) -> Iterator[tuple[int, int]]:
    """Take jobs from a queue until it is empty or this is asked to stop; the place of each in `begun`, and its status.

    Args:
        begun: where the jobs that are taken are put, in order.
    """
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.backend.resource_tracker import ensure_running

    def tasks() -> Iterator[Any]:
        while source and not stop.signal:
            begun.append(source.popleft())
            yield delayed(numbered)(len(begun) - 1, begun[-1])

    # One process alone would be this one: joblib starts two, and gives work to one.
    with warnings.catch_warnings(), parallel_config(backend="loky", n_jobs=max(2, at_once), inner_max_num_threads=1):
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")  # another one takes its place
        settings: dict[str, Any] = {"pre_dispatch": at_once, "batch_size": 1}  # whole numbers, whatever joblib's types say
        run = Parallel(**settings, return_as="generator_unordered")
        ensure_running()  # the first time it would undo the blocking
        with signals_blocked():  # by the processes that are started: each heeds them while it is at work
            results = run(tasks())
        yield from results  # pyright: ignore[reportReturnType]  (a generator, as asked for)


def numbered(place: int, job: Job) -> tuple[int, int]:
    """Do a job; its place, and how it ended."""
    return place, work(job)


def ask_processes() -> None:
    """Ask the processes that this one has started to stop."""
    import psutil

    for child in psutil.Process().children():
        try:
            child.send_signal(signal.SIGTERM)
        except psutil.Error:  # it has ended
            continue


def _how(error: BaseException) -> str:
    """How a process died, of joblib's message.

    Example:
        >>> _how(RuntimeError("The exit codes of the workers are {SIGKILL(-9)}. Details follow."))
        'SIGKILL(-9)'
    """
    found = re.search(r"exit codes of the workers are \{([^}]*)\}", str(error))
    return found[1] if found else "unknown"


def check_cluster() -> None:
    """Refuse to run on a cluster without what is needed for it.

    Raises:
        MissingExtraError: what is missing, and how to get it.
    """
    from importlib.util import find_spec

    if find_spec("submitit") is None:
        raise MissingExtraError("a cluster needs the package submitit: pip install 'vsa-torch[cluster]', or run with --on here")


def run_on_cluster(todo: Sequence[Job], at_once: int, stop: StopAll, ended: Ended, on: On, folder: Path) -> None:
    """Work through the jobs as those of a cluster. Their logs lie in the folder; sbatch's variables say which partition."""
    import submitit

    executor = submitit.AutoExecutor(folder=folder / "cluster", cluster=on)
    executor.update_parameters(timeout_min=60 * HOURS, cpus_per_task=1, name="vsa-torch")
    waiting, running = deque(todo), list[tuple[Job, Any]]()

    def ask() -> None:
        for _, submitted in running:
            if on == "slurm":
                submitted.cancel(check=False)
            elif not submitted.done():  # submitit itself would kill it a second later, whatever it is writing
                os.kill(int(submitted.job_id), signal.SIGTERM)

    stop.ask = ask
    try:
        while (waiting and not stop.signal) or running:
            while waiting and len(running) < at_once and not stop.signal:
                job = waiting.popleft()
                with signals_blocked([signal.SIGINT]):  # that of a terminal reaches all; this process passes it on in order
                    running.append((job, executor.submit(work, job)))
            for job, submitted in [pair for pair in running if pair[1].done()]:
                running.remove((job, submitted))
                if not (stop.signal and job.stored() is None):
                    ended(job, submitted.state)
            time.sleep(POLL)
    finally:
        ask()


class Asked(KeyboardInterrupt):
    """A job was asked to stop where nothing is to be saved."""

    def __init__(self, number: int) -> None:
        super().__init__("asked to stop")
        self.status = 128 + number


def work(job: Job) -> int:
    """Do a job on one CPU thread, in silence, and write its file, however it ends; one that is asked to stop has none.

    Returns:
        0, or the status that goes with the signal that asked it to stop.
    """
    try:
        with heeded():
            do(job)
    except KeyboardInterrupt as interrupt:  # it has saved where it is; another time it goes on from there
        return getattr(interrupt, "status", 130)
    return 0


def do(job: Job) -> None:
    """As `work`, where signals are heeded already.

    Raises:
        KeyboardInterrupt: it was asked to stop.
    """
    import torch

    torch.set_num_threads(1)
    started = time.perf_counter()
    result: dict[str, Any] = {"settings": job.settings(), "machine": machine()}
    try:
        with open(os.devnull, "w") as nothing, redirect_stderr(nothing):  # several bars at once would be unreadable
            found = job.compute()
        json.dumps(found, allow_nan=False)  # what the file cannot hold is a crash too, which the file can
        result |= found
    except VSAError as error:
        result["error"] = str(error)
    except Exception:
        result["crash"] = traceback.format_exc()
    write_json(job.path, result | {"seconds": time.perf_counter() - started})


@contextmanager
def heeded() -> Iterator[None]:
    """Signals that ask to stop end the work, and reach nobody afterwards; a training saves where it is first."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Asked(number)

    def warned(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGTERM)  # a training knows what to do about that

    if threading.current_thread() is not threading.main_thread():  # where no signal comes
        yield
        return
    before = {number: signal.signal(number, end) for number in stopping()}
    if hasattr(signal, "SIGUSR2"):  # with which a cluster says that the time is nearly up
        before[signal.SIGUSR2] = signal.signal(signal.SIGUSR2, warned)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, before)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_blocked(numbers: Sequence[int] = ()) -> Iterator[None]:
    """Signals wait, all that ask to stop if none are given; for processes that are started meanwhile until they unblock them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers or stopping())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def environment() -> Iterator[None]:
    """Processes that are started meanwhile compute on one thread and find the checkout."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    changed = {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def machine() -> str:
    """What a job is computed with on this machine."""
    import torch

    return f"torch {torch.__version__}, {platform.machine()} with {torch.backends.cpu.get_cpu_capability()}, 1 thread a run"


def report(job: Job, status: int | str | None) -> float:
    """Print what came of a job; how many seconds it took. One that was killed leaves no file, so its end is written here."""
    found = job.stored()
    if found is None:
        found = {"settings": job.settings(), "machine": machine(), "crash": f"it was killed, status {status}", "seconds": 0.0}
        write_json(job.path, found)
    why = failure(found)
    print(f"{job}: {job.summary(found) if why is None else f'failed: {why}'}; {found['seconds']:.0f} s", flush=True)
    return found["seconds"]
