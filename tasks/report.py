"""The small tables at the end of a run."""

from __future__ import annotations

from typing import Any

from rich import table
from rich.console import Console
from rich.text import Text

from tasks.metrics_tables import Table, metrics_tables, remarks
from tasks.task import Result
from tasks.training.progress import Piped


def show(result: Result, console: Console | None = None) -> None:
    """Print what a run took, what was measured on test combinations, and where the figures are; in one process of several."""
    if not result.first:
        return
    console = console or Piped()
    metrics = result.metrics
    console.print(
        f"{metrics['steps']} steps in {metrics['seconds']:.0f} s on {metrics['device']} in {metrics['precision']}, "
        f"{metrics['images_per_second']:.0f} images/s",
        highlight=False,
        markup=False,
    )
    show_tables(metrics, console)
    console.print(
        f"pictures: {', '.join(str(path) for path in sorted(result.folder.glob('*.png')))}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def show_tables(metrics: dict[str, Any], console: Console, part: str = "test") -> None:
    """Print what was measured on a part, over all classes and over the identifiable ones, and what belongs beside it."""
    for each in metrics_tables(metrics, part):
        console.print(_drawn(each))
    for remark in remarks(metrics):
        console.print(remark, highlight=False, markup=False, soft_wrap=True)


def _drawn(content: Table) -> table.Table:
    drawn = table.Table(title=Text(content.title))
    for number, column in enumerate(content.columns):
        drawn.add_column(Text(column), justify="right" if number else "left", no_wrap=not number)
    for row in content.rows:
        drawn.add_row(*map(Text, row))
    return drawn
