"""The course of a training: its loss, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from tasks.evaluation.colours import BLUE
from tasks.evaluation.grid import DPI, INK, PALE


def draw_loss(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """The training loss, and at each checkpoint the loss on combinations that are never trained on.

    Args:
        rows: of metrics.jsonl, see `tasks.training.metrics_log.read_metrics`.
        path: the PNG file.
    """
    figure = Figure(figsize=(7, 4), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for name, label, style in (
        ("loss", "training, mean of ten steps", {"color": PALE, "linewidth": 1}),
        ("validation_loss", "validation", {"color": BLUE.tolist(), "marker": "o", "markersize": 4}),
    ):
        points = [(row["step"], row[name]) for row in rows if name in row]
        if points:
            axes.plot(*zip(*points, strict=True), label=label, **style)
    if axes.lines:
        if all(row[name] > 0 for row in rows for name in row if name.endswith("loss")):
            axes.set_yscale("log")
        axes.legend(frameon=False)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK)
    figure.savefig(path)
