"""The table of experiments: which losses, and which sources of the five vectors, make features compose.

    python examples/experiments.py --minutes 1 --seeds 3 --jobs 2

Every row of the source document's table, the rows that it lacks and the project's own settings are trained for the same time,
on one CPU thread each, and measured on combinations that were never trained on. The table goes into docs/experiments.md. A
result that is there is not computed again: the same command goes on where it was interrupted.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tasks.command_line import main
from vsa.errors import RangeError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from tasks.experiments import Run


@dataclass(frozen=True)
class ExperimentsConfig:
    """Train and measure every row of the table of experiments, and write the table."""

    minutes: float = 1.0
    """Train each run for so many minutes, of one CPU thread."""
    steps: int | None = None
    """Train each run for so many steps, if they end before the minutes do."""
    seeds: int = 3
    """Runs of each row: every row has its first before any has its second."""
    jobs: int = 2
    """Runs at a time, each in a process of its own; more than there are idle cores slow each other down."""
    rows: tuple[int, ...] = ()
    """Which rows to run, by number; all if there are none. The table has what is there of all rows."""
    evaluate: int = 100
    """Test pictures for each number that is measured."""
    out: Path = Path("runs/experiments")
    """The folder for the results, a small JSON file each."""
    page: Path = ROOT / "docs" / "experiments.md"
    """The page whose table is replaced."""

    def check(self, rows: int) -> None:
        """Refuse values that cannot be.

        Raises:
            RangeError: which one, and what is allowed.
        """
        for name, right, allowed in (
            ("seeds", self.seeds >= 1, "at least 1"),
            ("jobs", self.jobs >= 1, "at least 1"),
            ("rows", all(1 <= row <= rows for row in self.rows), f"from 1 to {rows}"),
        ):
            if not right:
                raise RangeError(f"{name} must be {allowed}, got {getattr(self, name)}")

    def command(self) -> str:
        """The command that makes the whole table."""
        steps = "" if self.steps is None else f" --steps {self.steps}"
        return (
            f"python examples/experiments.py --minutes {self.minutes:g}{steps} --seeds {self.seeds} --jobs {self.jobs} "
            f"--evaluate {self.evaluate}"
        )


def experiments(config: ExperimentsConfig) -> None:
    from tasks.experiments import ROWS, Run, table
    from tasks.page import check_page, write_page
    from tasks.training.run_folder import run_folder

    config.check(len(ROWS))
    runs = [
        Run(row, row.config(seed=seed, minutes=config.minutes, steps=config.steps, evaluate=config.evaluate), config.out)
        for seed in range(config.seeds)
        for row in ROWS
    ]
    runs[0].config.check()
    check_page(config.page, ("table",))  # a page without a place for the table is refused before the work
    with run_folder(config.out):
        chosen = [run for run in runs if not config.rows or run.row.number in config.rows]
        todo = [run for run in chosen if not run.done()]
        try:
            print(
                f"{len(chosen)} runs, {len(chosen) - len(todo)} of them already in {config.out}; {config.jobs} at a time",
                flush=True,
            )
            run_all(todo, config.jobs)
        except KeyboardInterrupt:
            print(f"What is done is in {config.out}: the same command goes on from there.")
            raise
        finally:
            write_page(config.page, {"table": table(runs, config.command())})
            print(f"table: {config.page}")


def run_all(todo: list[Run], jobs: int) -> None:
    """Work through the runs, so many at a time; none goes on when this ends, however it ends."""
    import multiprocessing
    import os
    from multiprocessing.connection import wait

    from tasks.experiments import work

    os.environ["OMP_NUM_THREADS"] = "1"  # for the processes below: it counts when they import torch
    processes = multiprocessing.get_context("spawn")
    waiting, taken = deque(todo), list[float]()
    running: dict[object, tuple[BaseProcess, Run]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                run = waiting.popleft()
                process = processes.Process(target=work, args=(run,), daemon=True)
                with without_interrupt():
                    process.start()
                    running[process.sentinel] = process, run
            for sentinel in wait([process.sentinel for process, _ in running.values()]):
                process, run = running.pop(sentinel)
                process.join()
                taken.append(report(run, process.exitcode))
                left = sum(taken) / len(taken) * (len(todo) - len(taken)) / jobs
                print(f"  {len(taken)} of {len(todo)} done, about {left / 60:.0f} min left", flush=True)
    finally:
        for process, _ in running.values():
            process.terminate()
            process.join()


def report(run: Run, status: int | None) -> float:
    """Print what came of a run; how many seconds it took. One that was killed leaves no file, so its end is written here."""
    from tasks.experiments import MEASURED, machine
    from tasks.json_file import write_json

    found = run.stored()
    if found is None:
        found = {"settings": run.settings(), "machine": machine(), "crash": f"it was killed, status {status}", "seconds": 0.0}
        write_json(run.path, found)
    if "metrics" in found:
        text = ", ".join(f"{name} {number(found['metrics']):.3f}" for name, number in MEASURED.items())
    else:
        text = f"failed: {found.get('error') or found['crash'].strip().splitlines()[-1]}"
    print(f"{run.row}, seed {run.config.seed}: {text}; {found['seconds']:.0f} s", flush=True)
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


if __name__ == "__main__":
    main(ExperimentsConfig, experiments)
