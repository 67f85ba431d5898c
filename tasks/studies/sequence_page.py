"""The page of the study of sequences: its tables, of what is there of the trials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tasks.metrics_tables import Table, flat, number
from tasks.studies.jobs import failure, made_with, results, succeeded, without_result
from tasks.studies.sequence import ENTRIES, FACTORS, SYMBOLIC, Entry, JudgeJob, Trial

Metrics = dict[str, Any]

PARTS = ("tables", "swaps", "protocol", "samples", "drawing", "judges", "symbolic", "frames", "factors", "how")
"""The made parts of the page."""

PUBLISHED = {
    "1": {
        "skin": (0.248, 3.006, 25.148),
        "pants": (0.292, 3.959, 21.487),
        "top": (0.054, 0.695, 21.456),
        "hair": (0.020, 0.268, 17.367),
        "motion": (0.430, 7.769, 18.612),
    },
    "6": {
        "skin": (0.414, 5.325, 25.148),
        "pants": (0.514, 7.851, 21.487),
        "top": (0.132, 1.511, 21.456),
        "hair": (0.022, 0.325, 17.367),
        "motion": (0.736, 15.633, 18.612),
    },
}
"""The document's Tables 1 and 2, by beta: disagreement, KL of its judge, and of the uniform distribution."""

JUDGES = ("exact", "learnt")


def ended(trials: Sequence[Trial], entries: Sequence[Entry]) -> Iterator[tuple[Trial, Metrics]]:
    """The trials of these entries that have a result, with what was measured, in the order of the entries."""
    for entry in entries:
        for trial in trials:
            found = succeeded(trial) if trial.entry is entry else None
            if found is not None:
                yield trial, found["metrics"]


def table_of_disagreement(trials: Sequence[Trial]) -> str:
    """The document's Tables 1 and 2: what changes where the other half of the code comes from its prior; Markdown."""
    found = list(ended(trials, ENTRIES))
    factors = _factors(found, "changed")
    rows: list[tuple[str, ...]] = []
    for beta, published in PUBLISHED.items():
        cells = (f"{100 * published[name][0]:.1f}" if name in published else "" for name in factors)
        rows.append((f"*published, beta {beta}*", "*theirs*", *cells))
    for trial, metrics in found:
        for judge in JUDGES:
            measured = metrics["changed"][judge]["disagreement"]
            rows.append((trial.entry.name, judge, *(_percent(measured.get(name)) for name in factors)))
    text = Table("", ("disagreement, %", "judge", *factors), tuple(rows)).markdown()
    divergences: list[tuple[str, ...]] = []
    for beta, published in PUBLISHED.items():
        kl = (f"{published[name][1]:.2f} of {published[name][2]:.1f}" if name in published else "" for name in factors)
        divergences.append((f"*published, beta {beta}*", *kl))
    for trial, metrics in found:
        learnt = metrics["changed"]["learnt"]
        cells = (f"{learnt['kl'][name]:.2f} of {learnt['kl_of_uniform'][name]:.1f}" for name in factors)
        divergences.append((trial.entry.name, *cells))
    return text + "\n\n" + Table("", ("KL, of that of the uniform distribution, nats", *factors), tuple(divergences)).markdown()


def table_of_swaps(trials: Sequence[Trial]) -> str:
    """What shows of which clip where the content is of one and the motion of another; Markdown."""
    found = list(ended(trials, ENTRIES))
    factors = _factors(found, "swapped", "first")
    rows = []
    for trial, metrics in found:
        swapped = metrics["swapped"]["exact"]
        shares = (f"{_number(swapped['first'], name)} / {_number(swapped['second'], name)}" for name in factors)
        rows.append((trial.entry.name, *shares, f"{metrics['swapped']['error']:.4f}"))
    columns = ("as the content's clip / as the motion's", *factors, "squared error")
    return Table("", columns, tuple(rows)).markdown()


def table_of_protocol(trials: Sequence[Trial]) -> str:
    """The successors' protocol, by both judges; Markdown."""
    rows = []
    for trial, metrics in ended(trials, ENTRIES):
        resampled = metrics["resampled"]
        learnt, exact = resampled["learnt"], resampled["exact"]
        spread = resampled["deviation"]["learnt"]["right"]["motion"]
        cells = (
            f"{learnt['right']['motion']:.3f} ± {spread:.3f}",
            f"{exact['right']['motion']:.3f}",
            *(f"{learnt[name]['motion']:.3f}" for name in ("inception_score", "entropy_given_clip", "entropy")),
            *(f"{learnt['right'][name]:.3f} / {exact['right'][name]:.3f}" for name in _still(learnt["right"])),
        )
        rows.append((trial.entry.name, *cells))
    still = next((_still(metrics["resampled"]["learnt"]["right"]) for _, metrics in ended(trials, ENTRIES)), ())
    columns = ("", "motion right", "by the exact judge", "IS", "H(y\\|x)", "H(y)", *(f"{name}, learnt / exact" for name in still))
    return Table("", columns, tuple(rows)).markdown()


def table_of_samples(trials: Sequence[Trial]) -> str:
    """What is drawn of both priors; Markdown."""
    rows = []
    for trial, metrics in ended(trials, ENTRIES):
        cells = []
        for way in ("drawn", "mean_path"):
            part = metrics["sampled"][way]
            cells += [f"{part['clean']:.3f}", f"{part['clean_whole']:.3f}", f"{part['error']:.4f}"]
        entropies = metrics["sampled"]["drawn"]["entropy"]
        rows.append((trial.entry.name, *cells, ", ".join(f"{name} {value:.2f}" for name, value in entropies.items())))
    one = ("clean", "clean, one motion", "squared error")
    columns = ("", *one, *(f"{name}, means" for name in one), "entropies, nats")
    return Table("", columns, tuple(rows)).markdown()


def table_of_drawing(trials: Sequence[Trial]) -> str:
    """How clips are drawn again, and what codes tell; Markdown."""
    found = list(ended(trials, ENTRIES))
    factors = _factors(found, "reconstructed", "right")
    rows = []
    for trial, metrics in found:
        right = metrics["reconstructed"]["exact"]["right"]
        kl = metrics["kl"]
        rows.append(
            (
                trial.entry.name,
                trial.entry.told,
                f"{metrics['reconstructed']['error']:.5f}",
                *(_number(right, name) for name in factors),
                f"{kl['content']:.1f}",
                f"{kl['motion']:.1f}",
            )
        )
    columns = ("drawn again", "told", "squared error", *factors, "KL of content", "KL of motion")
    return Table("", columns, tuple(rows)).markdown()


def table_of_judges(trials: Sequence[Trial]) -> str:
    """On how many clips the two judges differ; Markdown."""
    found = list(ended(trials, ENTRIES))
    factors = _factors(found, "reconstructed", "right")
    rows = []
    for trial, metrics in found:
        for what in ("reconstructed", "swapped"):
            differ = metrics[what]["judges_differ"]
            rows.append((trial.entry.name, what, *(_percent(differ.get(name)) for name in factors)))
    return Table("", ("judges differ, %", "clips", *factors), tuple(rows)).markdown()


def table_of_symbolic(trials: Sequence[Trial]) -> str:
    """Whatever was measured of the model of one vector; Markdown."""
    return _listed(trials, SYMBOLIC[:1])


def table_of_frames(trials: Sequence[Trial]) -> str:
    """Whatever was measured of clips made of frames; Markdown."""
    return _listed(trials, SYMBOLIC[1:])


def table_of_factors(trials: Sequence[Trial]) -> str:
    """Which factors are in which half of the codes, of the benchmark's data sets; Markdown."""
    found = list(ended(trials, FACTORS))
    names = list(dict.fromkeys(name for _, metrics in found for name, _ in flat(metrics["factors"])))
    by_trial = [dict(flat(metrics["factors"])) for _, metrics in found]
    rows = [(name.replace("_", " "), *(_number(numbers, name) for numbers in by_trial)) for name in names]
    return Table("", ("", *(trial.entry.name for trial, _ in found)), tuple(rows)).markdown()


def how(trials: Sequence[Trial], judge: JudgeJob, command: str) -> str:
    """Budgets, machine and command, and what has no result."""
    lines = []
    found = results(trials)
    for trial, stored in found:
        if failure(stored) is None:
            took = stored["trained"]
            clips = f"{took['steps']:,} steps of {trial.config().batch_size}"
            lines.append((trial.entry.name, clips, f"{took['seconds'] / 60:.0f}", f"{took['images_per_second']:.0f}"))
    table = Table("", ("model", "trained", "minutes of one thread", "clips/s"), tuple(lines)).markdown()
    judged = succeeded(judge)
    right = "" if judged is None else f" The learnt judge is right on: {judge.summary(judged)}."
    words = f"{trials[0].judged} test clips in each measurement.{right} {made_with([stored for _, stored in found], command)}"
    return "\n".join([table, "", words, *without_result((str(trial), stored) for trial, stored in found)])


MADE: dict[str, Callable[[Sequence[Trial]], str]] = {
    "tables": table_of_disagreement,
    "swaps": table_of_swaps,
    "protocol": table_of_protocol,
    "samples": table_of_samples,
    "drawing": table_of_drawing,
    "judges": table_of_judges,
    "symbolic": table_of_symbolic,
    "frames": table_of_frames,
    "factors": table_of_factors,
}
"""What makes each part of the page but the last."""


def _factors(found: Sequence[tuple[Trial, Metrics]], what: str, part: str = "disagreement") -> tuple[str, ...]:
    """The names of the factors that were measured, the coarser ones last."""
    return tuple(found[0][1][what]["exact"][part]) if found else ()


def _still(right: dict[str, float]) -> tuple[str, ...]:
    """The factors that stay: those before the motion."""
    names = tuple(right)
    return names[: names.index("motion")] if "motion" in names else names


def _listed(trials: Sequence[Trial], entries: Sequence[Entry]) -> str:
    """All numbers of these entries, one a row."""
    found = list(ended(trials, entries))
    rows = [(name.replace("_", " "), number(value)) for _, metrics in found for name, value in flat(metrics)]
    return Table("", ("measured", "value"), tuple(rows)).markdown()


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _number(numbers: dict[str, float], name: str) -> str:
    return f"{numbers[name]:.3f}" if name in numbers else ""
