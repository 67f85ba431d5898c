"""The page of the study of combinations that were never seen: its tables, of what is there of the trials, and its figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from tasks.data.dataset import open_dataset
from tasks.data.overlap import iou
from tasks.data.split import named_split
from tasks.evaluation.colours import coloured, rgb
from tasks.evaluation.controls import controls_of, measure_canonical
from tasks.evaluation.grid import Panel, write_panels
from tasks.loading import load_model
from tasks.metrics_tables import mean_and_deviation
from tasks.studies.generalisation import PUBLISHED, SYMBOLIC, Trial
from tasks.studies.generalisation_faults import faults
from tasks.studies.jobs import failure, made_with, results, without_result
from tasks.task import likelihood_of, population_of

Metrics = dict[str, Any]
Number = Callable[[Metrics], float | None]

DRAWN: dict[str, Number] = {
    "nats": lambda metrics: metrics["test"]["reconstruction_nats"],
    "nats, trained": lambda metrics: metrics["train"]["reconstruction_nats"],
    "IoU": lambda metrics: metrics["test"]["reconstruction_iou"],
    "IoU, trained": lambda metrics: metrics["train"]["reconstruction_iou"],
    "composition task, IoU": lambda metrics: metrics["test"].get("triplets", {}).get("transformed_iou"),
    "best of all right ones": lambda metrics: metrics["test"].get("triplets", {}).get("known_iou"),
    "its reference unchanged": lambda metrics: metrics["test"].get("triplets", {}).get("unchanged_iou"),
}
"""What every model is compared by; first on combinations that were held out, then on those that were trained on."""


HALVES = {"codes": "codes", "pictures": "drawn"}
"""What is asked of which half: what the codes of the encoder say, and what is seen in the pictures of the decoder."""


def worst(*keys: str) -> Number:
    """The least of a number over the features, of what the symbolic model does in the test part."""

    def number(metrics: Metrics) -> float | None:
        found: Any = metrics["test"]
        for key in keys:
            found = found.get(key, {})
        return min(found.values(), default=None)

    return number


ALGEBRA: dict[str, Number] = {
    "edit, worst feature": worst("edit_iou"),
    "from the vector alone": worst("from_vector", "edit_iou"),
    "a donor for each feature": lambda metrics: metrics["test"].get("assembly_iou"),
    "shown within one step": worst("edit_shown_within_one"),
    "shown, names": lambda metrics: metrics["test"].get("edit_shown", {}).get("shape"),
    "read within one step": worst("read_within_one"),
    "read": worst("read"),
}
"""What the symbolic model alone does, by algebra, where the edited object is a combination that was held out."""


def groups(trials: Sequence[Trial]) -> Iterator[tuple[str, str, list[Trial]]]:
    """By data set and split, the trials of which something is there."""
    for dataset, split in dict.fromkeys((trial.dataset, trial.split) for trial in trials):
        found = [trial for trial in trials if (trial.dataset, trial.split) == (dataset, split)]
        if any(failure(stored) is None for _, stored in results(found)):
            yield dataset, split, found


def table_of_pictures(trials: Sequence[Trial], figures: str) -> str:
    """How each model draws what was held out, and what it was trained on; a table for each split, Markdown.

    Args:
        trials: of all models.
        figures: the folder of the figures, seen from the page; each is called like its data set and split.
    """
    parts = []
    for dataset, split, found in groups(trials):
        held = named_split(open_dataset(dataset), split).test
        published = PUBLISHED.get((dataset, split), {})
        numbers = DRAWN | ({"published nats": lambda metrics: None} if published else {})
        lines = _table(found, numbers, published)
        parts += [f"### {dataset}, {split}: trained without `{held}`", "", *lines, ""]
        parts += [f"Of IoU on what was held out, {controls_of(open_dataset(dataset), held)}", ""]
        parts += [f"![What each model draws of objects that were held out]({figures}/{dataset}-{split}.png)", ""]
    return "\n".join(parts).rstrip()


def table_of_algebra(trials: Sequence[Trial]) -> str:
    """What the symbolic model edits and reads of objects that were held out, by algebra; Markdown."""
    found = [(f"{dataset}, {split}", part) for dataset, split, part in groups(trials)]
    heads = ["split", "seeds", *ALGEBRA, "control: true pictures of the known classes"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, part in found:
        ended = _ended([trial for trial in part if trial.entry is SYMBOLIC])
        if ended:
            cells = [_cell(number, ended) for number in ALGEBRA.values()]
            known = measure_canonical(population_of(part[0].config(), "test"))
            lines.append("| " + " | ".join([name, str(len(ended)), *cells, f"{known:.3f}"]) + " |")
    return "\n".join(lines)


def table_of_faults(trials: Sequence[Trial]) -> str:
    """What codes say and what pictures show of the factors that a split is about; a table for each split, Markdown."""
    parts = []
    for dataset, split, found in groups(trials):
        ended = [(fault.trial, stored["metrics"]) for fault, stored in results(faults(found)) if failure(stored) is None]
        if not ended:
            continue
        held = named_split(open_dataset(dataset), split).test
        asked = [name for name in open_dataset(dataset).features if re.search(rf"\b{name}\b", held)]
        columns = {f"{what}, {name}": f"{key}_{{}}_{name}" for name in asked for what, key in HALVES.items()}
        rows = [[trial.entry.name, *(_both(metrics, key) for key in columns.values())] for trial, metrics in ended]
        lasso = [f"{metrics['dci_lasso']:.2f}" if "dci_lasso" in metrics else "" for _, metrics in ended]
        heads = ["model", *columns, "D by lasso"]
        parts += [f"### {dataset}, {split}", "", "| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
        parts += ["| " + " | ".join([*row, d]) + " |" for row, d in zip(rows, lasso, strict=True)]
        true = ", ".join(f"{name} {_both(ended[0][1], f'true_{{}}_{name}')}" for name in asked)
        parts += ["", f"The control, what the judge sees in the true pictures: {true}.", ""]
    return "\n".join(parts).rstrip()


def _both(metrics: Metrics, key: str) -> str:
    """A score on what was held out, and in brackets on what was trained on."""
    test, train = (f"{metrics[name]:.2f}" if (name := key.format(part)) in metrics else "" for part in ("test", "train"))
    return f"{test} ({train})"


def how(trials: Sequence[Trial], command: str) -> str:
    """Budget, machine and command, and what has no result."""
    found = results(trials)
    lines = [
        f"Each model was trained for {trials[0].minutes:g} minutes of one CPU thread, then measured. Mean ± standard deviation "
        f"over the seeds. {made_with([stored for _, stored in found], command)}",
        *without_result((str(trial), stored) for trial, stored in found),
    ]
    return "\n".join(lines)


def draw_held_out(trials: Sequence[Trial], path: Path, columns: int = 8) -> None:
    """What each model draws of objects that were held out from it, all trials being of one split."""
    config = trials[0].config()
    population = population_of(config, "test")
    dataset, likelihood = population.dataset, likelihood_of(config)
    classes = population.sample(columns, torch.Generator().manual_seed(0))
    truths = population.observe(classes)
    rows, titles, notes = [coloured(truths)], ["given"], {}
    for entry in dict.fromkeys(trial.entry for trial in trials):
        there = [trial for trial in trials if trial.entry is entry and trial.done() and failure(trial.stored() or {}) is None]
        if not there or not there[0].run.exists():
            continue
        with torch.inference_mode():
            pictures = likelihood.mean(load_model(there[0].run).redrawn(truths.float()))
        notes[len(rows)] = [f"{overlap:.2f}" for overlap in iou(dataset.crisp(pictures), dataset.crisp(truths)).tolist()]
        rows.append(rgb(pictures))
        titles.append(entry.name)
    caption = "First row: given, combinations that were never trained on. Below: what each model draws of them. Numbers: IoU."
    write_panels(path, [Panel(torch.stack(rows), rows=titles, notes=notes)], caption)


def _ended(trials: Sequence[Trial]) -> list[Metrics]:
    """What was measured in the trials that have a result."""
    return [stored["metrics"] for _, stored in results(trials) if failure(stored) is None]


def _cell(number: Number, ended: Sequence[Metrics]) -> str:
    return mean_and_deviation([value for metrics in ended if (value := number(metrics)) is not None])


def _table(trials: Sequence[Trial], numbers: dict[str, Number], published: Any) -> list[str]:
    heads = ["model", "told", "seeds", *numbers]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for entry in dict.fromkeys(trial.entry for trial in trials):
        ended = _ended([trial for trial in trials if trial.entry is entry])
        if not ended:
            continue
        cells = [_cell(number, ended) for number in numbers.values()]
        if published:
            cells[-1] = f"{published[entry.name]:,g}" if entry.name in published else ""
        lines.append("| " + " | ".join([entry.name, entry.told, str(len(ended)), *cells]) + " |")
    return lines
