"""Train models on some combinations of factors, measure them on others, and write docs/generalisation.md.

    python examples/generalisation.py --minutes 4 --seeds 5

Every run is trained for so many minutes of one CPU thread; two run at a time. The same command goes on where it was stopped. With
--seeds or --minutes raised, only what is not there yet is run. A part alone: --only r2r --models symbolic vae. The two models
that are shipped, `paired-r2r` and `paired-half`, are trained and measured with --ship.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tasks.command_line import main
from vsa.errors import RangeError, choices

if TYPE_CHECKING:
    from tasks.studies.generalisation import Trial


@dataclass(frozen=True)
class GeneralisationConfig:
    """Train and measure every model of the study on every split, and write its page."""

    minutes: float = 4.0
    """Train each run for so many minutes, of one CPU thread."""
    seeds: int = 5
    """Runs of each model: every model has its first on every split before any has its second."""
    jobs: int = 2
    """Runs at a time, each in a process of its own; more than there are idle cores slow each other down."""
    only: tuple[str, ...] = ()
    """Which splits to run: a data set (dsprites), a split (r2r), or both (dsprites-r2r); all if there are none."""
    models: tuple[str, ...] = ()
    """Which models to run, as their files are called, such as vae; all if there are none. The page has what is there."""
    out: Path = Path("runs/generalisation")
    """The folder for the results, a small JSON file each, and for the runs."""
    page: Path = ROOT / "docs" / "generalisation.md"
    """The page whose tables are replaced; the figures go into a folder of its name beside it."""
    ship: bool = False
    """Train the models that are shipped, one after the other on this process's threads, into --weights, and nothing else."""
    weights: Path = ROOT / "weights"
    """Where the models that are shipped go."""
    on: Literal["here", "slurm", "local"] = "here"
    """Where the trainings run: on this machine, on a Slurm cluster, or on this machine as on a cluster, to try that out."""

    def command(self) -> str:
        """The command that makes the whole page."""
        return f"python examples/generalisation.py --minutes {self.minutes:g} --seeds {self.seeds} --jobs {self.jobs}"


PARTS: tuple[str, ...] = ("pictures", "algebra", "faults", "how")


def generalisation(config: GeneralisationConfig) -> None:
    from tasks.studies.generalisation_faults import faults
    from tasks.studies.page import check_page
    from tasks.studies.running import run_jobs

    if config.ship:
        ship(config)
        return

    if config.seeds < 1 or not config.minutes > 0:
        raise RangeError(f"seeds must be at least 1 and minutes above 0, got {config.seeds} and {config.minutes}")
    chosen = trials_of(config)
    for trial in chosen:
        trial.config().check()
    check_page(config.page, PARTS)  # a page without a place for the tables is refused before the work
    run_jobs(chosen, config.jobs, config.out, lambda: write(config), config.on)
    run_jobs(faults(chosen), config.jobs, config.out, lambda: write(config), config.on)


def ship(config: GeneralisationConfig) -> None:
    """Train, round and measure the models that are shipped; what was stopped goes on."""
    from tasks.report import show
    from tasks.studies.generalisation import SHIPPED
    from tasks.symbolic.stages import PAIRED
    from vsa.files import replacing

    config.weights.mkdir(parents=True, exist_ok=True)
    for name, settings in SHIPPED.items():
        result = PAIRED.run(replace(settings, out=config.out / name, resume=True), half=True)
        show(result)
        with replacing(config.weights / f"{name}.safetensors") as part:
            part.write_bytes((result.folder / "model.safetensors").read_bytes())


def trials_of(config: GeneralisationConfig) -> list[Trial]:
    """The trials that shall be run.

    Raises:
        RangeError: there is no such split or model.
    """
    from tasks.studies.generalisation import ENTRIES, SPLITS, trials

    named = {name for dataset, split in SPLITS for name in (dataset, split, f"{dataset}-{split}")}
    if unknown := sorted(set(config.only) - named):
        raise RangeError(f"there is no split {unknown[0]!r}; {choices(unknown[0], sorted(named))}")
    stems = {entry.stem for entry in ENTRIES}
    if unknown := sorted(set(config.models) - stems):
        raise RangeError(f"there is no model {unknown[0]!r}; {choices(unknown[0], sorted(stems))}")
    splits = [pair for pair in SPLITS if not config.only or {*pair, "-".join(pair)} & set(config.only)]
    entries = [entry for entry in ENTRIES if not config.models or entry.stem in config.models]
    return trials(config.seeds, config.minutes, config.out, splits, entries)


def write(config: GeneralisationConfig) -> None:
    """Write the page and its figures, of what is there of all trials."""
    from tasks.studies.generalisation import trials
    from tasks.studies.generalisation_page import (
        draw_held_out,
        groups,
        how,
        table_of_algebra,
        table_of_faults,
        table_of_pictures,
    )
    from tasks.studies.page import write_page
    from vsa.files import replacing

    every = trials(config.seeds, config.minutes, config.out)
    figures = config.page.with_suffix("")
    pictures = table_of_pictures(every, figures.name)
    texts = (pictures, table_of_algebra(every), table_of_faults(every), how(every, config.command()))
    write_page(config.page, dict(zip(PARTS, texts, strict=True)))
    figures.mkdir(parents=True, exist_ok=True)
    for dataset, split, found in groups(every):
        with replacing(figures / f"{dataset}-{split}.png") as part:
            draw_held_out(found, part)
    print(f"page: {config.page}")


if __name__ == "__main__":
    main(GeneralisationConfig, generalisation)
