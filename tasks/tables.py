"""What was measured as tables: of texts, so that a terminal and a page can show the same ones."""

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


def tables(metrics: dict[str, Any], part: str = "test") -> list[Table]:
    """The tables of what a task measured: over all orientations, and over the identifiable subset.

    Args:
        metrics: as `tasks.task.Task.measure` gives them; of a task that measures other things, all of its numbers.
        part: the part of the split that was measured.
    """
    found = []
    for title, numbers in (("all orientations", metrics), ("orientations 0 to 83 degrees", metrics.get("identifiable"))):
        if numbers is None:
            continue
        make = _edits if "edit_iou" in numbers else _scenes if "removed_iou" in numbers else _numbers
        found.append(make(part.capitalize(), title, numbers))
    return found


def _edits(part: str, title: str, numbers: dict[str, Any]) -> Table:
    """What a feature edited by algebra looks like, and what is read back."""
    columns = ("edited: IoU", "shown", "within one", "read back", "within one", "read after edit", "within one")
    rows = []
    for feature, overlap in numbers["edit_iou"].items():
        shown = numbers["edit_shown"][feature], numbers["edit_shown_within_one"].get(feature)
        read = (numbers[key].get(feature) for key in ("read", "read_within_one", "read_edited", "read_edited_within_one"))
        rows.append((feature, f"{overlap:.3f}", *("" if value is None else f"{value:.3f}" for value in (*shown, *read))))
    return Table(
        f"{part} pictures, {title}: reconstruction IoU {numbers['reconstruction_iou']:.3f}, "
        f"five features from five donors {numbers['assembly_iou']:.3f}",
        ("one feature", *columns),
        tuple(rows),
    )


def _scenes(part: str, title: str, numbers: dict[str, Any]) -> Table:
    """How scenes are drawn and read, by number of objects."""
    columns = ("objects", "reconstruction IoU", "one removed", "one added", "read back, worst feature", "within one")
    rows = []
    for count in numbers["reconstruction_iou"]:
        drawn = (numbers[key][count] for key in ("reconstruction_iou", "removed_iou", "added_iou"))
        read = (min(numbers[key][count].values()) for key in ("read", "read_within_one"))
        rows.append((count, *(f"{value:.3f}" for value in (*drawn, *read))))
    return Table(f"{part} scenes, {title}", columns, tuple(rows))


def _numbers(part: str, title: str, numbers: dict[str, Any]) -> Table:
    """Whatever a task of somebody else measured."""
    own = {name: value for name, value in numbers.items() if name not in ("identifiable", "config", *TOOK)}
    return Table(f"{part}, {title}", ("measured", "value"), tuple((name, f"{value:.3f}") for name, value in flat(own)))


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


def spread(values: Sequence[float]) -> str:
    """Mean ± sample standard deviation; one value alone has none, and no value is an empty text.

    Large numbers have fewer decimals.

    Example:
        >>> spread([0.5, 0.7]), spread([0.5]), spread([])
        ('0.600 ± 0.141', '0.500', '')
        >>> spread([103.0, 118.5]), spread([1500, 2500])
        ('110.8 ± 11.0', '2,000 ± 707')
    """
    if not values:
        return ""
    mean = statistics.mean(values)
    decimals = 3 if abs(mean) < 10 else 1 if abs(mean) < 1000 else 0
    deviation = f" ± {statistics.stdev(values):,.{decimals}f}" if len(values) > 1 else ""
    return f"{mean:,.{decimals}f}{deviation}"
