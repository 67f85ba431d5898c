"""Train and measure models of clips, and write docs/sequence.md: what stays and what moves, apart.

    vsa data download PATH --dataset lpc
    python examples/sequence.py --data PATH

Every model is trained on one CPU thread; two run at a time. The same command goes on where it was stopped. Without the published
clips it does the same with figures of our own: --dataset cast.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tasks.command_line import main
from vsa.errors import OutputError, RangeError

if TYPE_CHECKING:
    from tasks.studies.sequence import Characters, JudgeJob, Trial


@dataclass(frozen=True)
class SequenceStudyConfig:
    """Train and measure every model of the study of sequences, and write its page."""

    dataset: Literal["lpc", "cast"] = "lpc"
    """The clips: the LPC Sprites, of published sheets, or figures of our own."""
    data: Path | None = None
    """The folder of the published sheets, or a file of their layers; not for cast."""
    steps: int | None = None
    """Train each model for so many steps; if none is given, for as many as it needs: 15 to 60 minutes of one thread."""
    judge_steps: int = 600
    """Batches that the learnt judge learns from."""
    judged: int = 500
    """Test clips in each measurement."""
    jobs: int = 2
    """Runs at a time, each in a process of its own; more than there are idle cores slow each other down."""
    models: tuple[str, ...] = ()
    """Which models to run, as their folders are called, such as views; all if there are none. The page has what is there."""
    out: Path = Path("runs/sequence")
    """The folder for the results, a small JSON file each, and for the runs."""
    page: Path = ROOT / "docs" / "sequence.md"
    """The page whose tables are replaced; the figures go into a folder of its name beside it."""
    weights: Path | None = None
    """A folder that the models which `load_model` gives are written to; the checkout's is weights."""
    on: Literal["here", "slurm", "local"] = "here"
    """Where the trainings run: on this machine, on a Slurm cluster, or on this machine as on a cluster, to try that out."""

    def command(self) -> str:
        """The command that makes the whole page; where the files lie is a matter of the machine."""
        changed = [f"--steps {self.steps}"] if self.steps is not None else []
        where = "--data PATH" if self.dataset == "lpc" else f"--dataset {self.dataset}"
        return " ".join(["python examples/sequence.py", where, *changed, f"--judged {self.judged}", f"--jobs {self.jobs}"])


def sequence(config: SequenceStudyConfig) -> None:
    from tasks.data import open_dataset
    from tasks.studies.page import check_page
    from tasks.studies.running import run_jobs
    from tasks.studies.sequence_page import PARTS

    if config.judged < 2 or config.judge_steps < 1 or (config.steps is not None and config.steps < 1):
        given = f"{config.judged}, {config.judge_steps} and {config.steps}"
        raise RangeError(f"judged must be at least 2, judge_steps and steps at least 1, got {given}")
    open_dataset(config.dataset, config.data)  # files that are missing are known before the work
    judge, every = planned(config)
    stems = [trial.stem for trial in every]
    if unknown := sorted(set(config.models) - set(stems)):
        raise RangeError(f"there is no model {unknown[0]!r}; there are {', '.join(stems)}")
    for trial in every:
        trial.config().check()
    if config.weights is not None and not config.weights.is_dir():
        raise OutputError(f"there is no folder {config.weights} for the weights; make it first")
    check_page(config.page, PARTS)  # a page without a place for the tables is refused before the work
    run_jobs([judge], 1, config.out, lambda: None, config.on)
    chosen = [trial for trial in every if not config.models or trial.stem in config.models]
    run_jobs(chosen, config.jobs, config.out, lambda: write(config), config.on)


def planned(config: SequenceStudyConfig) -> tuple[JudgeJob, list[Trial]]:
    """The job of the judge, and all trials."""
    from tasks.studies.sequence import Characters, JudgeJob, trials

    characters: Characters = Characters(config.dataset, config.data)
    judge = JudgeJob(characters, config.judge_steps, config.out)
    return judge, trials(characters, judge, config.steps, config.judged, config.out)


def write(config: SequenceStudyConfig) -> None:
    """Write the page and its figures, of what is there."""
    from tasks.studies.page import write_page
    from tasks.studies.sequence import ship
    from tasks.studies.sequence_figures import draw_page
    from tasks.studies.sequence_page import MADE, how

    judge, every = planned(config)
    parts = {name: make(every) for name, make in MADE.items()}
    write_page(config.page, parts | {"how": how(every, judge, config.command())})
    figures = config.page.with_suffix("")
    figures.mkdir(parents=True, exist_ok=True)
    draw_page(every, figures)
    print(f"page: {config.page}")
    if config.weights is not None:
        for path in ship(every, config.weights):
            print(f"weights: {path}")


if __name__ == "__main__":
    main(SequenceStudyConfig, sequence)
