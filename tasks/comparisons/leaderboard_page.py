"""The page of the comparison: its tables, of what is there of the trials, and its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from matplotlib.figure import Figure

from tasks.comparisons.jobs import failure, made_with, results, without_result
from tasks.comparisons.leaderboard import ENTRIES, HALF, HALVES, PUBLISHED_HALF, Entry, Trial, drawing
from tasks.data.dsprites import render
from tasks.data.factors import FEATURES, canonical
from tasks.data.sampling import Objects
from tasks.evaluation.colours import BLUE, coloured, grey
from tasks.evaluation.controls import controls_of
from tasks.evaluation.disentanglement.measure import measure_disentanglement
from tasks.evaluation.grid import DPI, INK, PALE, Panel, write_panels
from tasks.evaluation.latents import ACTIVE
from tasks.evaluation.overlap import iou
from tasks.tables import spread
from tasks.task import objects_of
from tasks.weights import load_run

Metrics = dict[str, Any]
Number = Callable[[Metrics], float | None]

CODES = {
    "beta-VAE score": "beta_vae",
    "FactorVAE score": "factor_vae",
    "MIG": "mig",
    "SAP": "sap",
    "DCI D": "dci_disentanglement",
    "DCI C": "dci_completeness",
    "DCI I": "dci_informativeness",
    "modularity": "modularity",
    "explicitness": "explicitness",
    "InfoM": "infom",
    "InfoC": "infoc",
    "InfoE": "infoe",
    "DMM": "dmm",
    "DMM as published": "dmm_published",
    "DCM": "dcm",
    "DCM as published": "dcm_published",
}
"""The metrics of disentanglement: what the tables call them, and what `measure_disentanglement` and `measure_exchange` do."""

LESS_IS_BETTER = ("DMM", "DCM", "DCM as published")


def table_of_codes(trials: Sequence[Trial]) -> str:
    """The metrics of disentanglement of each model of the first table, and of the true classes as a control; Markdown."""
    numbers = {name: _entry("disentanglement", key) for name, key in CODES.items()}
    control = codes_of_truth(trials[0].samples)
    cells = (spread([control[key]] if key in control else []) for key in CODES.values())
    return "\n".join([_table(trials, ENTRIES, numbers), f"| *the true classes* | | {' | '.join(cells)} |"])


def codes_of_truth(samples: int) -> dict[str, float]:
    """What the metrics give to the true classes, as far as pictures show them: no code can be expected to have more."""
    generator = torch.Generator().manual_seed(0)
    return measure_disentanglement(lambda classes: canonical(classes).float(), Objects(part="test"), generator, samples)


def table_of_pictures(trials: Sequence[Trial]) -> str:
    """What each model is told, how it draws, and how long it trained; Markdown."""
    numbers: dict[str, Number] = {
        "IoU": _entry("test", "reconstruction_iou"),
        "nats a picture": _entry("test", "reconstruction_nats"),
        "grey / white": _entry("test", "grey_over_white"),
        "KL, nats": _entry("kl"),
        "active latents": active,
        "steps": _entry("steps"),
        "images/s": _entry("images_per_second"),
    }
    return f"{_table(trials, ENTRIES, numbers, told=True)}\n\nOf IoU, {controls_of()}"


def table_of_halves(trials: Sequence[Trial]) -> str:
    """How each model of the second table draws positions that it was trained on, and those of the half that it never saw."""
    numbers: dict[str, Number] = {
        "nats, seen half": _entry("validation", "reconstruction_nats"),
        "nats, unseen half": _entry("test", "reconstruction_nats"),
        "IoU, seen half": _entry("validation", "reconstruction_iou"),
        "IoU, unseen half": _entry("test", "reconstruction_iou"),
    }
    lines = _table(trials, HALVES, numbers).splitlines()
    nats = (PUBLISHED_HALF.get(entry.name) for entry in HALVES)
    published = ["published, unseen", "---", *("" if value is None else f"{value:,.0f}" for value in nats)]
    table = "\n".join(
        f"{line}{cell} |" if cell == "---" else f"{line} {cell} |" for line, cell in zip(lines, published, strict=True)
    )
    return f"{table}\n\nOf IoU in the unseen half, {controls_of(HALF)}"


def table_of_slots(trials: Sequence[Trial]) -> str:
    """What each of the five vectors tells of each factor, of both symbolic models, mean over the seeds; Markdown."""
    parts = []
    for entry in ENTRIES:
        found = [stored["metrics"]["slots"] for trial, stored in _ended(trials, entry) if "slots" in stored["metrics"]]
        if not found:
            continue
        for what, title in (("variance", "share of the vector's variance"), ("accuracy", "accuracy of a linear probe")):
            matrix = torch.tensor([each[what] for each in found]).mean(0)
            parts += [f"**{entry.name}: {title}**, {len(found)} seeds", ""]
            parts += ["| vector | " + " | ".join(FEATURES) + " |", "|---" * 6 + "|"]
            parts += [
                f"| {name} | " + " | ".join(f"{cell:.3f}" for cell in row) + " |"
                for name, row in zip(FEATURES, matrix.tolist(), strict=True)
            ]
            if what == "accuracy":
                chance = [mean(each["chance"][name] for each in found) for name in FEATURES]
                parts += ["| *chance* | " + " | ".join(f"*{cell:.3f}*" for cell in chance) + " |"]
            parts += [""]
    return "\n".join(parts).rstrip()


def how(trials: Sequence[Trial], command: str) -> str:
    """Budget, machine and command, and what has no result."""
    found = results(trials)
    first = trials[0]
    lines = [
        f"Each model was trained for {first.minutes:g} minutes of one CPU thread, of which the ID-GAN had half for its VAE, and "
        f"measured on combinations that were never trained on: {first.samples} objects to learn from and as many to test on. "
        f"Mean ± standard deviation over the seeds. {made_with([stored for _, stored in found], command)}",
        *without_result((str(trial), stored) for trial, stored in found),
    ]
    return "\n".join(lines)


def draw_codes(trials: Sequence[Trial], path: Path) -> None:
    """The metrics of disentanglement as dots: a panel for each metric, a row for each model, a dot for each seed."""
    shown = [name for name in CODES if name not in ("DMM as published", "DCM as published")]
    entries = [entry for entry in ENTRIES if any("disentanglement" in stored["metrics"] for _, stored in _ended(trials, entry))]
    figure = Figure(figsize=(14, 1 + 0.32 * len(entries) * 2), dpi=DPI, layout="constrained")
    axes = figure.subplots(2, len(shown) // 2, sharey=True)
    for axis, name in zip(axes.flat, shown, strict=True):
        number = _entry("disentanglement", CODES[name])
        for row, entry in enumerate(entries):
            values = [value for _, stored in _ended(trials, entry) if (value := number(stored)) is not None]
            colour = BLUE.tolist() if entry.task == "paired" else PALE
            if values:  # no dots at all would have no place in the layout
                axis.plot(values, [row] * len(values), "o", color=colour, alpha=0.6, markersize=6, clip_on=False)
        axis.set_title(f"{name}{', less is better' if name in LESS_IS_BETTER else ''}", fontsize=9, color=INK)
        axis.set_yticks(range(len(entries)), [entry.name for entry in entries], fontsize=9)
        axis.set_ylim(max(len(entries), 1) - 0.5, -0.5)
        axis.set_xlim(0, None if name in LESS_IS_BETTER else 1.02)
        axis.grid(axis="y", color="#e6e8eb")
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(colors=INK, labelsize=8, length=0)
    figure.savefig(path)


def draw_halves(trials: Sequence[Trial], path: Path, columns: int = 8) -> None:
    """What each model, trained on the left half alone, draws of objects in the right half."""
    config = HALVES[0].config
    objects = objects_of(type(config)(test=HALF), "test")
    classes = objects.sample(columns, torch.Generator().manual_seed(0))
    truths = render(classes)
    rows, titles, notes = [coloured(truths)], ["given"], {}
    for entry in HALVES:
        ended = _ended(trials, entry)
        if not ended:
            continue
        model = load_run(ended[0][0].run)
        with torch.inference_mode():
            pictures = drawing(model)(truths[:, None]).sigmoid()[:, 0]
        notes[len(rows)] = [f"{overlap:.2f}" for overlap in iou(pictures > 0.5, truths.bool()).tolist()]
        rows.append(grey(pictures))
        titles.append(entry.name)
    caption = "Amber: given, in the half of x that was never trained on. White: what each model draws of it. Numbers: IoU."
    write_panels(path, [Panel(torch.stack(rows), rows=titles, notes=notes)], caption)


def active(stored: Metrics) -> float | None:
    """How many latents of a VAE tell something; None of other models."""
    variances = stored["metrics"].get("variance_of")
    return None if variances is None else sum(variance < ACTIVE for variance in variances.values())


def _entry(*keys: str) -> Number:
    """A number of what a trial stored, by the keys that lead to it in its metrics, or in what its training took."""

    def number(stored: Metrics) -> float | None:
        found: Any = stored["trained"] | stored["metrics"]
        for key in keys:
            if key not in found:
                return None
            found = found[key]
        return found

    return number


def _ended(trials: Sequence[Trial], entry: Entry) -> list[tuple[Trial, Metrics]]:
    """The trials of an entry of one of the tables that have a result."""
    return [(trial, stored) for trial, stored in results(trials) if trial.entry is entry and failure(stored) is None]


def _table(trials: Sequence[Trial], entries: Sequence[Entry], numbers: dict[str, Number], told: bool = False) -> str:
    heads = ["model", *(["told"] if told else []), "seeds", *numbers]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for entry in entries:
        ended = [stored for _, stored in _ended(trials, entry)]
        cells = [spread([value for stored in ended if (value := number(stored)) is not None]) for number in numbers.values()]
        lines.append("| " + " | ".join([entry.name, *([entry.told] if told else []), str(len(ended)), *cells]) + " |")
    return "\n".join(lines)
