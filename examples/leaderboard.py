"""Train and measure the symbolic model beside the VAE family, and write docs/leaderboard.md.

    python examples/leaderboard.py --minutes 4 --seeds 3

Every run is trained for so many minutes of one CPU thread; two run at a time. The same command goes on where it was stopped. With
--seeds or --minutes raised, only what is not there yet is run.
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
class LeaderboardConfig:
    """Train and measure every model of the comparison, and write its page."""

    minutes: float = 4.0
    """Train each run for so many minutes, of one CPU thread."""
    seeds: int = 3
    """Runs of each model: every model has its first before any has its second."""
    samples: int = 5000
    """Objects for the metrics of disentanglement, to learn from, and as many to test on."""
    jobs: int = 2
    """Runs at a time, each in a process of its own; more than there are idle cores slow each other down."""
    models: tuple[str, ...] = ()
    """Which models to run, as their files are called, such as vae; all if there are none. The page has what is there."""
    out: Path = Path("runs/leaderboard")
    """The folder for the results, a small JSON file each, and for the runs."""
    page: Path = ROOT / "docs" / "leaderboard.md"
    """The page whose tables are replaced; the figures go into a folder of its name beside it."""
    on: Literal["here", "slurm", "local"] = "here"
    """Where the trainings run: on this machine, on a Slurm cluster, or on this machine as on a cluster, to try that out."""

    def command(self) -> str:
        """The command that makes the whole page."""
        return (
            f"python examples/leaderboard.py --minutes {self.minutes:g} --seeds {self.seeds} --samples {self.samples} "
            f"--jobs {self.jobs}"
        )


PARTS: tuple[str, ...] = ("codes", "pictures", "slots", "halves", "how")


def leaderboard(config: LeaderboardConfig) -> None:
    from tasks.studies.leaderboard import trials
    from tasks.studies.page import check_page
    from tasks.studies.running import run_jobs

    if config.seeds < 1 or not config.minutes > 0:
        raise RangeError(f"seeds must be at least 1 and minutes above 0, got {config.seeds} and {config.minutes}")
    every = trials(config.seeds, config.minutes, config.samples, config.out)
    stems = {trial.entry.stem for trial in every}
    if unknown := sorted(set(config.models) - stems):
        raise RangeError(f"there is no model {unknown[0]!r}; there are {', '.join(sorted(stems))}")
    for trial in every:
        trial.check()
    check_page(config.page, PARTS)  # a page without a place for the tables is refused before the work
    chosen = [trial for trial in every if not config.models or trial.entry.stem in config.models]
    run_jobs(chosen, config.jobs, config.out, lambda: write(config), config.on)


def write(config: LeaderboardConfig) -> None:
    """Write the page and its figures, of what is there."""
    from tasks.studies.leaderboard import trials
    from tasks.studies.leaderboard_page import (
        draw_codes,
        draw_halves,
        how,
        table_of_codes,
        table_of_halves,
        table_of_pictures,
        table_of_slots,
    )
    from tasks.studies.page import write_page
    from vsa.files import replacing

    every = trials(config.seeds, config.minutes, config.samples, config.out)
    tables = (table_of_codes, table_of_pictures, table_of_slots, table_of_halves)
    texts = [*(table(every) for table in tables), how(every, config.command())]
    parts: dict[str, str] = dict(zip(PARTS, texts, strict=True))
    write_page(config.page, parts)
    figures = config.page.with_suffix("")
    figures.mkdir(parents=True, exist_ok=True)
    for name, draw in (("codes.png", draw_codes), ("halves.png", draw_halves)):
        with replacing(figures / name) as part:
            draw(every, part)
    print(f"page: {config.page}")


if __name__ == "__main__":
    main(LeaderboardConfig, leaderboard)
