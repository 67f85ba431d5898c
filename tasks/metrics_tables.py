"""The tables of what was measured. Their cells are texts, so that a terminal and a page show the same ones."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Table:
    """Texts in rows and columns.

    Attributes:
        title: what it is of.
        columns: the titles of the columns; the first one names the rows.
        rows: as many texts each as there are columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The rows as a table of Markdown, without the title.

        Example:
            >>> print(Table("", ("feature", "IoU"), (("scale", "0.9"),)).markdown())
            | feature | IoU |
            |---|---:|
            | scale | 0.9 |
        """
        lines = (self.columns, ("---", *["---:"] * (len(self.columns) - 1)), *self.rows)
        return "\n".join(f"|{'|'.join(line)}|" if k == 1 else f"| {' | '.join(line)} |" for k, line in enumerate(lines))


def metrics_tables(metrics: dict[str, Any], part: str = "test") -> list[Table]:
    """The tables of what a task measured: over all classes, and over the identifiable ones.

    Args:
        metrics: as `tasks.task.Task.measure` gives them; of a task that measures other things, all of its numbers.
        part: the part of the split that was measured.
    """
    found = []
    for title, numbers in (("all classes", metrics), ("identifiable classes", metrics.get("identifiable"))):
        if not isinstance(numbers, dict):
            continue
        make = _edits if "edit_iou" in numbers else _scenes if "removed_iou" in numbers else _numbers
        found.append(make(part.capitalize(), title, numbers))
    return found


def remarks(metrics: dict[str, Any]) -> list[str]:
    """What belongs beside the tables: the controls of the IoU, what was not measured, and where donors come from."""
    found = []
    if isinstance(metrics.get("controls"), dict):
        found.append(f"Controls: {controls_in_words(metrics['controls'])}")
    found += [f"Not measured: {name}: {why}" for name, why in left_out(metrics).items()]
    if metrics.get("across_parts"):
        found.append(
            f"Donors, and what is beside the object, come from all parts of the split for: {', '.join(metrics['across_parts'])}."
        )
    return found


def left_out(metrics: dict[str, Any]) -> dict[str, str]:
    """Why something was not measured, by name; of the identifiable classes too.

    Example:
        >>> left_out({"left_out": {"shape": "there is one"}, "identifiable": {"left_out": {"x": "there is one"}}})
        {'shape': 'there is one', 'identifiable, x': 'there is one'}
    """
    inner = metrics.get("identifiable")
    subset = {f"identifiable, {name}": why for name, why in left_out(inner).items()} if isinstance(inner, dict) else {}
    reasons = metrics.get(LEFT_OUT)
    return (reasons if isinstance(reasons, dict) else {}) | subset


def controls_in_words(controls: dict[str, Any]) -> str:
    """Both controls in a sentence.

    Example:
        >>> controls_in_words({"disc_iou": 0.766, "neighbour_iou": 0.876})
        'a disc of the right size in the right place has an IoU of 0.766, the nearest training neighbour 0.876.'
    """
    disc, neighbour = (_cell(controls.get(name)) for name in ("disc_iou", "neighbour_iou"))
    return f"a disc of the right size in the right place has an IoU of {disc}, the nearest training neighbour {neighbour}."


def _cell(value: object) -> str:
    """A number as a table shows it; nothing for what was not measured, or is none."""
    return f"{value:.3f}" if isinstance(value, (int, float)) else ""


EDITED = {"edit_iou": "IoU", "edit_shown": "shown", "edit_shown_within_one": "within one"}
READ = {
    "read": "read back",
    "read_within_one": "read back: within one",
    "read_edited": "read after edit",
    "read_edited_within_one": "after edit: within one",
}
"""What was measured of each feature, and how tables call it."""


def _edits(part: str, title: str, numbers: dict[str, Any]) -> Table:
    """What a feature edited by algebra looks like, from the scene's vector alone and recomposed, and what is read back.

    A column for each feature, so that it is no wider than a terminal.
    """
    groups = {"from vector": numbers["from_vector"]} if "from_vector" in numbers else {}
    groups |= {"recomposed": numbers}
    measured = [(f"{group}: {what}", found.get(key, {})) for group, found in groups.items() for key, what in EDITED.items()]
    measured += [(what, numbers.get(key, {})) for key, what in READ.items()]
    features = tuple(numbers["read"] if "read" in numbers else numbers["edit_iou"])
    assembled = (f"{_cell(found.get('assembly_iou')) or 'not measured'} {group}" for group, found in groups.items())
    return Table(
        f"{part} pictures, {title}: reconstruction IoU {_cell(numbers['reconstruction_iou'])}, "
        f"every feature from a donor of its own {', '.join(assembled)}",
        ("one feature", *features),
        tuple((what, *(_cell(values.get(feature)) for feature in features)) for what, values in measured),
    )


def _scenes(part: str, title: str, numbers: dict[str, Any]) -> Table:
    """How scenes are drawn and read, by number of objects."""
    columns = ("objects", "reconstruction IoU", "one removed", "one added", "read back, worst feature", "within one")
    rows = []
    for count in numbers["reconstruction_iou"]:
        drawn = (numbers[key][count] for key in ("reconstruction_iou", "removed_iou", "added_iou"))
        read = (min(numbers[key][count].values(), default=None) for key in ("read", "read_within_one"))
        rows.append((count, *(_cell(value) for value in (*drawn, *read))))
    return Table(f"{part} scenes, {title}", columns, tuple(rows))


def _numbers(part: str, title: str, numbers: dict[str, Any]) -> Table:
    """Whatever a task of somebody else measured."""
    beside = ("identifiable", "config", "controls", LEFT_OUT, *TOOK)
    measured = {name: value for name, value in numbers.items() if name not in beside}
    return Table(f"{part}, {title}", ("measured", "value"), tuple((name, number(value)) for name, value in flat(measured)))


def number(value: float) -> str:
    """A number with three decimals, a small one with three significant digits.

    Example:
        >>> number(0.98765), number(0.00123456), number(0)
        ('0.988', '0.00123', '0.000')
    """
    return f"{value:.3f}" if value == 0 or abs(value) >= 0.1 else f"{value:.3g}"


LEFT_OUT = "left_out"
"""Among the metrics, by name, why something was not measured."""

TOOK = ("steps", "seconds", "images_per_second", "loss", "device", "precision", "processes")
"""What a training says of itself, beside what was measured."""


def flat(numbers: dict[str, Any], name: str = "") -> Iterator[tuple[str, float]]:
    """All numbers in metrics, with the names that lead to them.

    Example:
        >>> list(flat({"iou": {"x": 0.5}}))
        [('iou, x', 0.5)]
    """
    for key, value in numbers.items():
        path = f"{name}, {key}" if name else key
        if isinstance(value, dict):
            yield from flat(value, path)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield path, value


def mean_and_deviation(values: Sequence[float]) -> str:
    """Mean ± sample standard deviation; one value alone has none, and no value is an empty text.

    Large numbers have fewer decimals.

    Example:
        >>> mean_and_deviation([0.5, 0.7]), mean_and_deviation([0.5]), mean_and_deviation([])
        ('0.600 ± 0.141', '0.500', '')
        >>> mean_and_deviation([103.0, 118.5]), mean_and_deviation([1500, 2500])
        ('110.8 ± 11.0', '2,000 ± 707')
    """
    if not values:
        return ""
    mean = statistics.mean(values)
    decimals = 3 if abs(mean) < 10 else 1 if abs(mean) < 1000 else 0
    deviation = f" ± {statistics.stdev(values):,.{decimals}f}" if len(values) > 1 else ""
    return f"{mean:,.{decimals}f}{deviation}"
