"""The small table at the end of a run."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def show(metrics: dict[str, Any], console: Console | None = None) -> None:
    """Print what was measured on held-out scenes, over all orientations and over the identifiable subset."""
    console = console or Console()
    console.print(
        f"{metrics['steps']} steps in {metrics['seconds']:.0f} s on {metrics['device']} in {metrics['precision']}, "
        f"{metrics['images_per_second']:.0f} images/s",
        highlight=False,
    )
    for title, part in (("all orientations", metrics), ("orientations 0 to 83 degrees", metrics["identifiable"])):
        table = Table(title=f"Held-out scenes, {title}: reconstruction IoU {part['reconstruction_iou']:.3f}")
        table.add_column("one feature edited")
        for column in ("IoU with the truth", "right value shown", "within one step"):
            table.add_column(column, justify="right")
        for feature, overlap in part["edit_iou"].items():
            within = part["edit_shown_within_one"].get(feature)
            shown = part["edit_shown"][feature]
            table.add_row(feature, f"{overlap:.3f}", f"{shown:.2f}", "" if within is None else f"{within:.2f}")
        console.print(table)
