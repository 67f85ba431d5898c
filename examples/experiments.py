"""The table of experiments: which losses, and which sources of the five vectors, make features compose.

    python examples/experiments.py --minutes 1 --seeds 3 --jobs 2

Every row of the table of dSprites VSA, the rows that it lacks and the project's own settings are trained for the same time,
on one CPU thread each, and measured on combinations that were never trained on. The table goes into docs/experiments.md. A
result that is there is not computed again: the same command goes on where it was interrupted.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tasks.command_line import main
from vsa.errors import RangeError


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
    on: Literal["here", "slurm", "local"] = "here"
    """Where the trainings run: on this machine, on a Slurm cluster, or on this machine as on a cluster, to try that out."""

    def check(self, rows: int) -> None:
        """Refuse values that cannot be.

        Raises:
            RangeError: which one, and what is allowed.
        """
        for name, right, allowed in (
            ("seeds", self.seeds >= 1, "at least 1"),
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
    from tasks.studies.experiments import ROWS, Run, table
    from tasks.studies.page import check_page, write_page
    from tasks.studies.running import run_jobs

    config.check(len(ROWS))
    runs = [
        Run(row, row.config(seed=seed, minutes=config.minutes, steps=config.steps, evaluate=config.evaluate), config.out)
        for seed in range(config.seeds)
        for row in ROWS
    ]
    runs[0].config.check()
    check_page(config.page, ("table",))  # a page without a place for the table is refused before the work

    def finish() -> None:
        write_page(config.page, {"table": table(runs, config.command())})
        print(f"table: {config.page}")

    chosen = [run for run in runs if not config.rows or run.row.number in config.rows]
    run_jobs(chosen, config.jobs, config.out, finish, config.on)


if __name__ == "__main__":
    main(ExperimentsConfig, experiments)
