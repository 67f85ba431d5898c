"""The three stages side by side: what each shall reach, and the table of what was reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.data.factors import FEATURES

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
        Goal("one feature from a donor, worst feature, subset", subset(lambda part: min(part["edit_iou"].values())), one),
        Goal("five features from five donors, subset", subset(lambda part: part["assembly_iou"]), five),
        Goal("five features from five donors, all orientations", lambda metrics: metrics["assembly_iou"], full),
        Goal("edited shape shown exactly, subset", subset(lambda part: part["edit_shown"]["shape"]), shown),
        Goal(
            "edited scale, orientation, x, y shown within one step, worst, subset",
            subset(lambda part: min(part["edit_shown_within_one"].values())),
            shown,
        ),
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


GOALS: dict[str, list[Goal]] = {
    "paired": _edited(0.95, 0.92, 0.90, 0.85, 0.97, (0.97, 0.95)),
    "scene": [
        Goal("reconstruction IoU, two objects", lambda metrics: metrics["reconstruction_iou"]["2"], 0.90),
        Goal("reconstruction IoU, five objects", lambda metrics: metrics["reconstruction_iou"]["5"], 0.85),
    ],
    "paired-scene": _edited(0.92, 0.88, 0.85, 0.80, 0.95, (0.95, 0.90)),
}


def table(stages: Sequence[tuple[str, Metrics]], command: str) -> str:
    """The numbers reached beside the targets, of the metrics of each stage by name; Markdown."""
    lines = ["| stage | on test combinations | target | reached | |", "|---|---|---|---|---|"]
    for name, metrics in stages:
        for goal in GOALS[name]:
            found = goal.found(metrics)
            lines.append(
                f"| {name} | {goal.what} | {goal.target:.2f} | {found:.3f} | {'yes' if found >= goal.target else 'missed'} |"
            )
    lines += [""]
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
    """All numbers of each stage, over all orientations and over the identifiable subset; Markdown."""
    parts: list[str] = []
    for name, metrics in stages:
        parts.append(f"### {name}\n")
        for title, part in (("all orientations", metrics), ("identifiable subset", metrics["identifiable"])):
            parts.append((_by_feature if "edit_iou" in part else _by_count)(title, part))
    return "\n".join(parts)


def _by_feature(title: str, part: Metrics) -> str:
    rows = ("edit_iou", "edit_shown", "edit_shown_within_one", "read", "read_within_one")
    rows += ("read_edited", "read_edited_within_one", "read_untouched", "read_untouched_within_one")
    lines = [
        f"{title}: reconstruction IoU {part['reconstruction_iou']:.3f} (the document's score of it "
        f"{part['reconstruction_document']:.3f}), five features from five donors {part['assembly_iou']:.3f}\n",
        "| | " + " | ".join(FEATURES) + " |",
        "|---" * 6 + "|",
    ]
    for key in rows:
        numbers = [f"{part[key][feature]:.3f}" if feature in part[key] else "" for feature in FEATURES]
        lines.append(f"| {key.replace('_', ' ')} | " + " | ".join(numbers) + " |")
    return "\n".join(lines) + "\n"


def _by_count(title: str, part: Metrics) -> str:
    counts = list(part["reconstruction_iou"])
    lines = [f"{title}, by number of objects\n", "| | " + " | ".join(counts) + " |", "|---" * (len(counts) + 1) + "|"]
    for key in ("reconstruction_iou", "reconstruction_document", "removed_iou", "added_iou"):
        lines.append(f"| {key.replace('_', ' ')} | " + " | ".join(f"{part[key][count]:.3f}" for count in counts) + " |")
    for key in ("read", "read_within_one"):
        for feature in part[key][counts[0]]:
            numbers = (f"{part[key][count][feature]:.3f}" for count in counts)
            lines.append(f"| {key.replace('_', ' ')}: {feature} | " + " | ".join(numbers) + " |")
    return "\n".join(lines) + "\n"
