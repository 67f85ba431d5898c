"""The page of the comparison: its tables, of what is there of the trials, and its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from matplotlib.figure import Figure

from tasks.data.dsprites.factors import FEATURES, canonical
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.evaluation.colours import BLUE, coloured, rgb
from tasks.evaluation.controls import controls_of
from tasks.evaluation.disentanglement.exchange import HEADINGS as EXCHANGE_HEADINGS
from tasks.evaluation.disentanglement.measure import headings, measure_disentanglement
from tasks.evaluation.grid import DPI, INK, PALE, Panel, write_panels
from tasks.evaluation.latents import ACTIVE
from tasks.loading import load_model
from tasks.metrics_tables import mean_and_deviation
from tasks.studies.jobs import failure, made_with, results, without_result
from tasks.studies.leaderboard import ENTRIES, HALF, HALVES, PUBLISHED_HALF, Entry, Trial
from tasks.task import population_of

Metrics = dict[str, Any]
Number = Callable[[Metrics], float | None]

LESS_IS_BETTER = ("dmm", "dcm", "dcm_published")


def columns(trials: Sequence[Trial]) -> dict[str, str]:
    """The metrics of disentanglement and their headings: all of the laboratory's, and whatever else was measured of a trial."""
    found = headings() | EXCHANGE_HEADINGS
    measured = (stored["metrics"].get("disentanglement", {}) for _, stored in results(trials) if failure(stored) is None)
    return found | {name: name.replace("_", " ") for numbers in measured for name in numbers if name not in found}


def table_of_codes(trials: Sequence[Trial]) -> str:
    """The metrics of disentanglement of each model of the first table, and of the true classes as a control; Markdown."""
    shown = columns(trials)
    numbers = {heading: _entry("disentanglement", name) for name, heading in shown.items()}
    control = codes_of_truth(trials[0].samples)
    cells = (mean_and_deviation([control[name]] if name in control else []) for name in shown)
    return "\n".join([_table(trials, ENTRIES, numbers), f"| *the true classes* | | {' | '.join(cells)} |"])


def codes_of_truth(samples: int) -> dict[str, float]:
    """What the metrics give to the true classes, as far as pictures show them: no code can be expected to have more."""
    generator = torch.Generator().manual_seed(0)
    return measure_disentanglement(lambda classes: canonical(classes).float(), Population(DSPRITES, "test"), generator, samples)


def table_of_pictures(trials: Sequence[Trial]) -> str:
    """What each model is told, how it draws, and how long it trained; Markdown."""
    numbers: dict[str, Number] = {
        "IoU": _entry("test", "reconstruction_iou"),
        "nats a picture": _entry("test", "reconstruction_nats"),
        "grey / white": _entry("test", "grey_over_white"),
        "KL, nats": _entry("kl"),
        "active latents": active_units,
        "steps": _entry("steps"),
        "images/s": _entry("images_per_second"),
    }
    return f"{_table(trials, ENTRIES, numbers, told=True)}\n\nOf IoU, {controls_of(DSPRITES)}"


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
    return f"{table}\n\nOf IoU in the unseen half, {controls_of(DSPRITES, HALF)}"


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
    shown = {name: heading for name, heading in columns(trials).items() if not name.endswith("_published")}
    entries = [entry for entry in ENTRIES if any("disentanglement" in stored["metrics"] for _, stored in _ended(trials, entry))]
    figure = Figure(figsize=(14, 1 + 0.32 * len(entries) * 2), dpi=DPI, layout="constrained")
    axes = figure.subplots(2, -(-len(shown) // 2), sharey=True).ravel()
    for axis in axes[len(shown) :]:
        axis.set_axis_off()
    for axis, (name, heading) in zip(axes, shown.items(), strict=False):
        number = _entry("disentanglement", name)
        for row, entry in enumerate(entries):
            values = [value for _, stored in _ended(trials, entry) if (value := number(stored)) is not None]
            colour = BLUE.tolist() if entry.task == "paired" else PALE
            if values:  # no dots at all would have no place in the layout
                axis.plot(values, [row] * len(values), "o", color=colour, alpha=0.6, markersize=6, clip_on=False)
        axis.set_title(f"{heading}{', less is better' if name in LESS_IS_BETTER else ''}", fontsize=9, color=INK)
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
    population = population_of(type(config)(test=HALF), "test")
    classes = population.sample(columns, torch.Generator().manual_seed(0))
    truths = population.observe(classes)
    rows, titles, notes = [coloured(truths)], ["given"], {}
    for entry in HALVES:
        ended = _ended(trials, entry)
        if not ended:
            continue
        model = load_model(ended[0][0].run)
        with torch.inference_mode():
            pictures = model.redrawn(truths).sigmoid()
        notes[len(rows)] = [f"{overlap:.2f}" for overlap in iou(pictures > 0.5, truths.bool()).tolist()]
        rows.append(rgb(pictures))
        titles.append(entry.name)
    caption = "Amber: given, in the half of x that was never trained on. White: what each model draws of it. Numbers: IoU."
    write_panels(path, [Panel(torch.stack(rows), rows=titles, notes=notes)], caption)


def active_units(stored: Metrics) -> float | None:
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
        cells = [
            mean_and_deviation([value for stored in ended if (value := number(stored)) is not None])
            for number in numbers.values()
        ]
        lines.append("| " + " | ".join([entry.name, *([entry.told] if told else []), str(len(ended)), *cells]) + " |")
    return "\n".join(lines)
