"""The small tables at the end of a run."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from tasks.task import Result


def show(result: Result, console: Console | None = None) -> None:
    """Print what was measured on test combinations, over all orientations and over the identifiable subset; in one process."""
    if not result.first:
        return
    console = console or Console()
    metrics = result.metrics
    console.print(
        f"{metrics['steps']} steps in {metrics['seconds']:.0f} s on {metrics['device']} in {metrics['precision']}, "
        f"{metrics['images_per_second']:.0f} images/s",
        highlight=False,
    )
    for title, part in (("all orientations", metrics), ("orientations 0 to 83 degrees", metrics["identifiable"])):
        console.print(_features(title, part) if "edit_iou" in part else _counts(title, part))
    console.print(
        f"pictures: {', '.join(str(path) for path in sorted(result.folder.glob('*.png')))}", highlight=False, soft_wrap=True
    )


def _features(title: str, part: dict[str, Any]) -> Table:
    """What a feature edited by algebra looks like, and what is read back."""
    table = Table(
        title=f"Test pictures, {title}: reconstruction IoU {part['reconstruction_iou']:.3f}, "
        f"five features from five donors {part['assembly_iou']:.3f}"
    )
    table.add_column("one feature")
    for column in ("edited: IoU", "shown", "within one", "read back", "within one", "read after edit", "within one"):
        table.add_column(column, justify="right")
    for feature, overlap in part["edit_iou"].items():
        shown = part["edit_shown"][feature], part["edit_shown_within_one"].get(feature)
        read = (part[key].get(feature) for key in ("read", "read_within_one", "read_edited", "read_edited_within_one"))
        table.add_row(feature, f"{overlap:.3f}", *("" if value is None else f"{value:.3f}" for value in (*shown, *read)))
    return table


def _counts(title: str, part: dict[str, Any]) -> Table:
    """How scenes are drawn and read, by number of objects."""
    table = Table(title=f"Test scenes, {title}")
    table.add_column("objects")
    for column in ("reconstruction IoU", "one removed", "one added", "read back, worst feature", "within one"):
        table.add_column(column, justify="right")
    for count in part["reconstruction_iou"]:
        drawn = (part[key][count] for key in ("reconstruction_iou", "removed_iou", "added_iou"))
        read = (min(part[key][count].values()) for key in ("read", "read_within_one"))
        table.add_row(count, *(f"{value:.3f}" for value in (*drawn, *read)))
    return table
