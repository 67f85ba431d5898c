"""The three stages side by side: what each shall reach, and the table of what was reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.data.dsprites.factors import FEATURES
from tasks.metrics_tables import controls_in_words, remarks

Metrics = dict[str, Any]

EXACT, ORDERED = FEATURES[:1], FEATURES[1:]


@dataclass(frozen=True)
class Goal:
    """A number that a stage shall reach.

    Attributes:
        what: in words.
        found: the number, of the metrics of a run.
        target: what it shall be at least.
    """

    what: str
    found: Callable[[Metrics], float]
    target: float


def within_one(metrics: Metrics, key: str) -> float:
    """The worst feature: shape counts when it is exact, the others when they are at most one step off."""
    return min(metrics[key]["shape"], *(metrics[f"{key}_within_one"][name] for name in ORDERED))


def _edited(reconstruction: float, one: float, five: float, full: float, shown: float, read: tuple[float, float]) -> list[Goal]:
    def subset(number: Callable[[Metrics], float]) -> Callable[[Metrics], float]:
        return lambda metrics: number(metrics["identifiable"])

    return [
        Goal("reconstruction IoU", lambda metrics: metrics["reconstruction_iou"], reconstruction),
        *_drawn("from the vector alone", lambda metrics: metrics["from_vector"], subset, one, five, full, shown),
        *_drawn("recomposed", lambda metrics: metrics, subset, one, five, full, shown),
        Goal("shape read back exactly", lambda metrics: metrics["read"]["shape"], read[0]),
        Goal(
            "scale, orientation, x, y read back within one step, worst",
            lambda metrics: min(metrics["read_within_one"][name] for name in ORDERED),
            read[1],
        ),
        Goal(
            "the edited feature read back after the edit, worst",
            lambda metrics: within_one(metrics, "read_edited"),
            read[1],
        ),
    ]


def _drawn(
    how: str,
    group: Callable[[Metrics], Metrics],
    subset: Callable[[Callable[[Metrics], float]], Callable[[Metrics], float]],
    one: float,
    five: float,
    full: float,
    shown: float,
) -> list[Goal]:
    """What edits of one kind draw: those from the scene's vector alone, or those that subtract what was put in."""
    return [
        Goal(
            f"one feature, {how}, worst feature, identifiable classes",
            subset(lambda part: min(group(part)["edit_iou"].values())),
            one,
        ),
        Goal(
            f"every feature from a donor of its own, {how}, identifiable classes",
            subset(lambda part: group(part)["assembly_iou"]),
            five,
        ),
        Goal(f"every feature from a donor of its own, {how}, all classes", lambda part: group(part)["assembly_iou"], full),
        Goal(
            f"edited shape shown exactly, {how}, identifiable classes",
            subset(lambda part: group(part)["edit_shown"]["shape"]),
            shown,
        ),
        Goal(
            f"edited scale, orientation, x, y shown within one step, {how}, worst, identifiable classes",
            subset(lambda part: min(group(part)["edit_shown_within_one"].values())),
            shown,
        ),
    ]


GOALS: dict[str, list[Goal]] = {
    "paired": _edited(0.95, 0.92, 0.90, 0.85, 0.97, (0.97, 0.95)),
    "scene": [
        Goal("reconstruction IoU, two objects", lambda metrics: metrics["reconstruction_iou"]["2"], 0.90),
        Goal("reconstruction IoU, five objects", lambda metrics: metrics["reconstruction_iou"]["5"], 0.85),
    ],
    "paired-scene": _edited(0.92, 0.88, 0.85, 0.80, 0.95, (0.95, 0.90)),
}


EDITED = (
    "*From the vector alone*: what unbinding and cleanup find in the scene's vector is subtracted from it. *Recomposed*: what "
    "was put in is, so that the edit is as good as composing anew.\n"
)


def table(stages: Sequence[tuple[str, Metrics]], command: str) -> str:
    """The numbers reached beside the targets, of the metrics of each stage by name; Markdown."""
    lines = ["| stage | on test combinations | target | reached | |", "|---|---|---|---|---|"]
    for name, metrics in stages:
        for goal in GOALS[name]:
            try:
                found = goal.found(metrics)
            except KeyError:  # of weights that were measured before there was such a number
                continue
            lines.append(
                f"| {name} | {goal.what} | {goal.target:.2f} | {found:.3f} | {'yes' if found >= goal.target else 'missed'} |"
            )
    lines += ["", EDITED]
    said = {name: remarks(metrics) for name, metrics in stages}
    of_all = [remark for remark in next(iter(said.values()), []) if all(remark in others for others in said.values())]
    lines += [*of_all, ""]
    if of_one := [f"* **{name}**: {remark}" for name, mine in said.items() for remark in mine if remark not in of_all]:
        lines += [*of_one, ""]
    for name, metrics in stages:
        config = metrics["config"]
        lines.append(
            f"* **{name}**: {metrics['steps']} steps of {config['batch_size']} targets in {metrics['seconds'] / 60:.0f} minutes "
            f"on {metrics['device']} in {metrics['precision']}, {metrics['images_per_second']:.0f} images/s"
            f"{', started from ' + Path(config['start']).name if config['start'] else ''}; "
            f"{config['evaluate']} test pictures for each number."
        )
    lines += ["", f"The command: `{command}`."]
    return "\n".join(lines)


def details(stages: Sequence[tuple[str, Metrics]]) -> str:
    """All numbers of each stage, over all classes and over the identifiable classes; Markdown."""
    parts: list[str] = []
    for name, metrics in stages:
        parts.append(f"### {name}\n")
        for title, part in (("all classes", metrics), ("identifiable classes", metrics["identifiable"])):
            parts.append((_by_feature if "edit_iou" in part else _by_count)(title, part))
    return "\n".join(parts)


def _by_feature(title: str, part: Metrics) -> str:
    drawn, keys = ("edit_iou", "edit_shown", "edit_shown_within_one"), ("read", "read_within_one")
    keys += ("read_edited", "read_edited_within_one", "read_untouched", "read_untouched_within_one")
    rows = [(f"{key}, from the vector alone", part["from_vector"][key]) for key in drawn] if "from_vector" in part else []
    rows += [(f"{key}, recomposed", part[key]) for key in drawn] + [(key, part[key]) for key in keys]
    alone = f"{part['from_vector']['assembly_iou']:.3f} from the vector alone, " if "from_vector" in part else ""
    lines = [
        f"{title}: reconstruction IoU {part['reconstruction_iou']:.3f} (score of dSprites VSA "
        f"{part['reconstruction_document']:.3f}), "
        f"every feature from a donor of its own {alone}{part['assembly_iou']:.3f} recomposed\n",
        "| | " + " | ".join(FEATURES) + " |",
        "|---" * 6 + "|",
    ]
    for name, values in rows:
        numbers = [f"{values[feature]:.3f}" if feature in values else "" for feature in FEATURES]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(numbers) + " |")
    return "\n".join([*lines, *_controls(part)]) + "\n"


def _controls(part: Metrics) -> list[str]:
    return ["", f"Controls: {controls_in_words(part['controls'])}"] if "controls" in part else []


def _by_count(title: str, part: Metrics) -> str:
    counts = list(part["reconstruction_iou"])
    lines = [f"{title}, by number of objects\n", "| | " + " | ".join(counts) + " |", "|---" * (len(counts) + 1) + "|"]
    for key in ("reconstruction_iou", "reconstruction_document", "removed_iou", "added_iou"):
        lines.append(f"| {key.replace('_', ' ')} | " + " | ".join(f"{part[key][count]:.3f}" for count in counts) + " |")
    for key in ("read", "read_within_one"):
        for feature in part[key][counts[0]]:
            numbers = (f"{part[key][count][feature]:.3f}" for count in counts)
            lines.append(f"| {key.replace('_', ' ')}: {feature} | " + " | ".join(numbers) + " |")
    return "\n".join([*lines, *_controls(part)]) + "\n"
