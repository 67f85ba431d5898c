"""The table of experiments: the rows of dSprites VSA, those that it lacks, one run of a row, and the page of all runs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tasks.metrics_tables import mean_and_deviation
from tasks.studies.jobs import Job, budget, made_with, results, without_result
from tasks.symbolic.config import LEARNT_PLACES, PairedConfig, PairedSceneConfig, StageConfig

Model = Literal["PD", "PSD"]
"""The names of two models of dSprites VSA: paired dSprites, and paired scenes of dSprites."""

TASKS: dict[Model, str] = {"PD": "paired", "PSD": "paired-scene"}
CONFIGS: dict[Model, type[StageConfig]] = {"PD": PairedConfig, "PSD": PairedSceneConfig}

SMALL: dict[str, Any] = {
    "encoder": "conv-small",
    "decoder": "conv-small",
    "decoding": "whole",
    "contrastive": 0.0,
    "batch_size": 64,
    "learning_rate": 0.001,
}
"""Plain convolutions, small enough for a laptop: the losses of dSprites VSA can be compared without its 126 M weights."""


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        number: from 1; up to 17 those of dSprites VSA.
        model: what is learnt.
        settings: what differs from the task's default settings.
        quality: its verdict, "Good" or "Bad"; empty where it has none.
    """

    number: int
    model: Model
    settings: dict[str, Any]
    quality: str = ""

    def config(self, **budget: Any) -> StageConfig:
        """The settings of a run: those of the row, on the CPU, with this seed, budget and number of test pictures."""
        return CONFIGS[self.model](**self.settings, **budget, device="cpu")

    def cells(self) -> list[str]:
        """What the row is, for people."""
        config = self.config()
        network = config.encoder if config.encoder == config.decoder else f"{config.encoder}, {config.decoder}"
        extra = f" + {config.contrastive:g} contrastive" if config.contrastive else ""
        sources = {
            "one": f"pair, {config.exchange}",
            "subset": "pair, subset known",
            "donors": "a donor for each feature",
            "own": "own",
        }
        loss = f"{config.loss.upper()} {config.reduction}{extra}"
        return [str(self.number), self.model, network, loss, f"{config.kl:g}", f"{config.cosine:g}", sources[config.scheme]]

    def __str__(self) -> str:
        number, model, network, loss, kl, cosine, sources = self.cells()
        return f"row {number} ({model}, {network}, {loss}, KL {kl}, cosine {cosine}, {sources})"


def _document(model: Model, loss: str, reduction: str, kl: float, cosine: float) -> tuple[Model, dict[str, Any]]:
    """Pairs that differ in one feature: with a cosine loss dSprites VSA has no labels, and guesses which."""
    losses = {"loss": loss, "reduction": reduction, "kl": kl, "cosine": cosine}
    return model, SMALL | losses | {"scheme": "one", "exchange": "guessed" if cosine else "known"}


_ROWS: list[tuple[tuple[Model, dict[str, Any]], str]] = [
    (_document("PD", "mse", "sum", 1.0, 0.0), "Bad"),
    (_document("PD", "mse", "sum", 1.0, 1.0), "Bad"),
    (_document("PD", "mse", "mean", 1.0, 0.0), "Bad"),
    (_document("PD", "mse", "mean", 0.1, 0.0), "Bad"),
    (_document("PD", "mse", "mean", 0.01, 0.0), "Bad"),
    (_document("PD", "mse", "mean", 0.001, 0.0), "Bad"),
    (_document("PD", "mse", "mean", 1.0, 1.0), "Bad"),
    (_document("PD", "mse", "mean", 0.1, 1.0), "Bad"),
    (_document("PD", "mse", "mean", 0.01, 1.0), "Bad"),
    (_document("PD", "mse", "mean", 0.001, 1.0), "Bad"),
    (_document("PD", "bce", "sum", 1.0, 0.0), "Bad"),
    (_document("PD", "bce", "sum", 1.0, 1.0), "Bad"),
    (_document("PD", "bce", "sum", 0.1, 1.0), "Bad"),
    (_document("PD", "bce", "sum", 0.0, 1.0), "Good"),
    (_document("PD", "bce", "sum", 0.01, 1.0), "Good"),
    (_document("PSD", "bce", "sum", 0.01, 1.0), "Good"),
    (_document("PSD", "bce", "sum", 0.001, 1.0), "Bad"),
    # Without these the table of dSprites VSA cannot say whether its cosine loss helps: no good row of it does without.
    (_document("PD", "bce", "sum", 0.0, 0.0), ""),
    (_document("PD", "bce", "sum", 0.01, 0.0), ""),
    (_document("PD", "bce", "sum", 0.001, 0.0), ""),
    # The same losses and network, other sources of the five vectors.
    (("PD", SMALL | {"scheme": "subset", "kl": 0.001}), ""),
    (("PSD", SMALL | {"scheme": "subset", "kl": 0.001}), ""),
    (("PD", SMALL | {"scheme": "donors", "kl": 0.001}), ""),
    (("PSD", SMALL | {"scheme": "donors", "kl": 0.001}), ""),
    # The project's own settings, as they were when this was measured.
    (("PD", LEARNT_PLACES), ""),
    (("PSD", LEARNT_PLACES), ""),
]
ROWS = tuple(Row(number, *row, quality) for number, (row, quality) in enumerate(_ROWS, 1))
"""All rows: the seventeen of dSprites VSA, and nine more."""


@dataclass(frozen=True)
class Run(Job):
    """One training of a row, and the file that holds what came of it.

    Attributes:
        row: what is learnt, and how.
        config: its settings, with seed and budget.
        folder: where the file lies.
    """

    row: Row
    config: StageConfig
    folder: Path

    @property
    def stem(self) -> str:
        """Row and seed."""
        return f"row-{self.row.number:02}-seed-{self.config.seed}"

    def settings(self) -> dict[str, Any]:
        """The model, and the row's settings with seed and budget."""
        return {"model": self.row.model} | {name: value for name, value in self.config.as_json().items() if name != "out"}

    def compute(self) -> dict[str, Any]:
        """Train, and measure: `trained` and `metrics`."""
        import torch

        from tasks.evaluation.editing import measure_edits
        from tasks.task import population_of
        from vsa import load

        task = load("task", TASKS[self.row.model])
        model, trained = task.learn(self.config)
        # The same pictures for all rows, so that their difference is not the pictures'.
        generator = torch.Generator().manual_seed(self.config.seed + 1)
        others = task.objects(self.config) - 1
        metrics = measure_edits(model, others, population_of(self.config, "test"), self.config.evaluate, generator)
        return {"trained": asdict(trained), "metrics": metrics}

    def summary(self, found: dict[str, Any]) -> str:
        """The numbers that the table shows."""
        return ", ".join(f"{name} {number(found['metrics']):.3f}" for name, number in MEASURED.items())

    def __str__(self) -> str:
        return f"{self.row}, seed {self.config.seed}"


MEASURED: dict[str, Callable[[dict[str, Any]], float]] = {
    "reconstruction IoU": lambda metrics: metrics["reconstruction_iou"],
    "mean edit IoU": lambda metrics: statistics.mean(metrics["edit_iou"].values()),
    "lowest edit IoU": lambda metrics: min(metrics["edit_iou"].values()),
    "assembly IoU": lambda metrics: metrics["assembly_iou"],
    "right value shown": lambda metrics: statistics.mean(metrics["edit_shown"].values()),
}
"""The numbers of a run that the table shows."""


def table(runs: Sequence[Run], command: str) -> str:
    """The table, of what is there of these runs, with the controls of IoU and how it was made; Markdown."""
    from tasks.evaluation.controls import controls_of
    from tasks.task import dataset_of, split_of

    found = results(runs)
    heads = ["row", "model", "network", "image loss", "KL", "cosine", "vectors from", "document", "seeds", "steps", *MEASURED]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in ROWS:
        ended = [stored for run, stored in found if run.row == row and "metrics" in stored]
        numbers = [[number(stored["metrics"]) for stored in ended] for number in MEASURED.values()]
        steps = f"{statistics.mean(stored['trained']['steps'] for stored in ended):.0f}" if ended else ""
        cells = [*row.cells(), row.quality, str(len(ended)), steps, *map(mean_and_deviation, numbers)]
        lines.append("| " + " | ".join(cells) + " |")
    config = runs[0].config
    how = (
        f"Each run was trained for {budget(config.minutes, config.steps)} and measured on test combinations, {config.evaluate} "
        f"pictures for each number: mean ± standard deviation over the seeds. The time is the same for all rows, the steps in it "
        f"are not. {made_with([stored for _, stored in found], command)}"
    )
    failed = without_result((f"row {run.row.number}, seed {run.config.seed}", stored) for run, stored in found)
    split = split_of(config)
    controls = controls_of(dataset_of(config), split.test, split.validation)
    return "\n".join([*lines, "", f"Of IoU, {controls}", "", how, *failed])
