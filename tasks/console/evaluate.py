"""`vsa evaluate RUN`: what a trained model reaches, measured anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from tasks import command_line
from tasks.console.files import check_place, open_model


@dataclass(frozen=True)
class EvaluateConfig:
    """Measure a trained model on combinations that were never trained on, and print the tables of its task."""

    run: Positional[Annotated[str, arg(metavar="RUN")]]
    """A run's folder, also of one that was stopped; a model's file or folder; or, as shipped: paired, scene, paired-scene."""
    evaluate: int | None = None
    """Pictures for each number that is measured; as many as after the training if none is given."""
    part: Literal["test", "validation"] = "test"
    """Which part of the split to measure on."""
    seed: int | None = None
    """Decides which pictures; the run's own if none is given."""
    data: Path | None = None
    """The data set's files, where it is read from files; those that the run was trained on if none are given."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes a GPU if there is one."""
    out: Path | None = None
    """A JSON file for the numbers; one that is there is replaced."""
    trust: bool = False
    """Build networks that are no part of the project too, which the file names: that runs code of what is installed."""


def status_of(words: Sequence[str]) -> int:
    """The exit status of measuring with these flags."""
    return command_line.status_of(EvaluateConfig, evaluate, words, "vsa evaluate")


def evaluate(config: EvaluateConfig) -> None:
    """Measure, print the tables, and write the numbers if there is a place for them."""
    import time

    from tasks.json_file import write_json
    from tasks.report import show_tables
    from tasks.training.progress import Piped
    from vsa import load

    if config.out is not None:
        check_place(config.out)
    model, provenance = open_model(config.run, config.trust, config.device)
    changed = {"evaluate": config.evaluate, "seed": config.seed, "data": config.data}
    settings = replace(provenance.config, **{name: value for name, value in changed.items() if value is not None})
    settings.check()
    started = time.perf_counter()
    metrics = load("task", provenance.task).measure(model, settings, part=config.part)
    console, device = Piped(), model.device.type
    console.print(
        f"{config.run}: the task {provenance.task}, {settings.evaluate} {config.part} pictures for each number, "
        f"seed {settings.seed}, "
        f"measured in {time.perf_counter() - started:.0f} s on {device}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    show_tables(metrics, console, config.part)
    if config.out is not None:
        how = {
            "model": config.run,
            "task": provenance.task,
            "part": config.part,
            "evaluate": settings.evaluate,
            "seed": settings.seed,
        }
        write_json(config.out, {**how, "device": device, **metrics})
        console.print(f"numbers: {config.out}", highlight=False, markup=False, soft_wrap=True)
