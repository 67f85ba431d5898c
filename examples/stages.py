"""Train, measure and export all three stages: the weights that `load_model` gives, and the page of what was reached.

    python examples/stages.py --minutes 10
    python examples/stages.py --stages --measure    # the weights that are there, without training
    python examples/stages.py --stages --measure --page measured.md    # the same on another page

Each stage is trained for so many minutes, on a GPU if there is one, rounded to half precision, measured as it is then, and
written to weights/. Scenes start from the stage before them: the encoder, the decoder and the roles of single objects. The
numbers go into docs/stages.md beside the targets, the figures into a folder beside that page.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.command_line import main
from tasks.metrics_tables import TOOK


@dataclass(frozen=True)
class StagesConfig:
    """Train, measure and export the three stages."""

    minutes: float = 10.0
    """Train each stage for so many minutes."""
    steps: int | None = None
    """Train each stage for so many steps, if they end before the minutes do."""
    stages: tuple[Literal["paired", "scene", "paired-scene"], ...] = ("paired", "scene", "paired-scene")
    """Which stages to train; the page takes the others' numbers from their weights."""
    measure: bool = False
    """Measure the weights of the stages that are not trained anew, instead of taking the numbers from their files."""
    evaluate: int = 500
    """Test pictures for each number that is measured."""
    seed: int = 0
    """The same seed and number of steps give the same result on the same device."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes a GPU if there is one."""
    out: Path = Path("runs/stages")
    """The folder for what each run writes."""
    resume: bool = False
    """Go on where the stages in --out were stopped."""
    start_over: bool = False
    """Remove the stages that are in --out, and begin."""
    weights: Path = Path("weights")
    """The folder for the weights; load_model looks into the one of the checkout."""
    page: Path = Path("docs/stages.md")
    """The page whose tables are replaced; the figures go into a folder of its name beside it."""


def stages(config: StagesConfig) -> None:
    from tasks.report import show
    from tasks.studies.page import check_page, write_page
    from tasks.studies.stages import GOALS, details, table
    from vsa import load
    from vsa.files import replacing

    check_page(config.page, ("table", "details"))
    config.weights.mkdir(parents=True, exist_ok=True)
    figures = config.page.with_suffix("")
    figures.mkdir(parents=True, exist_ok=True)
    for name in config.stages:
        task = load("task", name)
        result = task.run(
            task.config(
                minutes=config.minutes,
                steps=config.steps,
                evaluate=config.evaluate,
                seed=config.seed,
                device=config.device,
                start=None if name == "paired" else config.weights / "paired.safetensors",
                out=config.out / name,
                resume=config.resume,
                start_over=config.start_over,
            ),
            half=True,
        )
        show(result)
        copies = {"model.safetensors": config.weights / f"{name}.safetensors"}
        copies |= {figure: figures / f"{name}-{figure}" for figure in task.figures}
        for source, target in copies.items():
            with replacing(target) as part:
                part.write_bytes((result.folder / source).read_bytes())
    there = [(name, config.weights / f"{name}.safetensors") for name in GOALS]
    measured = [(name, _metrics(name, path, config)) for name, path in there if path.exists()]
    trained = f" --minutes {config.minutes:g}" if config.stages else " --stages"
    command = f"python examples/stages.py{trained}{' --measure' if config.measure else ''}"
    write_page(config.page, {"table": table(measured, command), "details": details(measured)})
    print(f"page: {config.page}")


def _metrics(name: str, path: Path, config: StagesConfig) -> dict[str, Any]:
    """The numbers of a stage: those that its file holds, or those of measuring it again."""
    from tasks import load_model
    from tasks.console.files import open_model
    from vsa import load

    stored = load_model(path).provenance.metrics
    if not config.measure or name in config.stages:
        return stored
    model, provenance = open_model(path, False, config.device)
    took = {key: value for key, value in stored.items() if key in ("config", *TOOK)}
    return took | load("task", name).measure(model, replace(provenance.config, evaluate=config.evaluate))


if __name__ == "__main__":
    main(StagesConfig, stages)
