"""The page of the study of bias: its tables and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tasks.evaluation.colours import AMBER, BLUE, COLOURS
from tasks.evaluation.grid import DPI, INK, PALE
from tasks.metrics_tables import Table
from tasks.sequence.factorised import gap
from tasks.sequence.linear import PARAMETERS
from tasks.studies.sequence_bias import BEST, BY_FRAME, GRID, LIKELIHOOD, OBJECTIVES, SEARCHED, TRUTH, Estimates, Found
from tasks.training.machine import machine

SAID = {1: "too high", -1: "too low", None: ""}
"""The sign of a bias in words."""

SHOWN = SEARCHED[: SEARCHED.tolist().index(GRID[-1].item()) + 1]
"""The values of a parameter in the figures."""

STYLES: dict[str, dict[str, Any]] = {
    LIKELIHOOD: {"color": INK, "linewidth": 1.5},
    BEST: {"color": BLUE.tolist(), "linewidth": 2},
    BY_FRAME: {"color": PALE, "linewidth": 1, "linestyle": "--"},
}

NATS = 6.5
"""How much of the curves a figure shows below the likelihood's optimum."""


def table_of_bias(found: Sequence[Found]) -> str:
    """The bias of each parameter over many data sets, by what is maximised; Markdown."""
    rows = [
        (
            str(each.varied),
            SAID[each.varied.said],
            *(_bias(each.estimates[name], each.varied.value) for name in OBJECTIVES),
            f"{each.above} of {len(each.estimates[BEST].found)}",
        )
        for each in found
    ]
    columns = ("true value", "the source", *OBJECTIVES, "best q above the likelihood")
    return Table("", columns, tuple(rows)).markdown()


def table_of_limits(found: Sequence[Found]) -> str:
    """The bias of each parameter on unlimited data, and the gap at the truth; Markdown."""
    rows = []
    for each in found:
        limits = (_limit(each.estimates[name].limit, each.varied.value) for name in (BEST, BY_FRAME))
        parts = [part.item() for part in gap(each.varied.truth)]
        rows.append((str(each.varied), *limits, *(f"{part:.3f}" for part in (sum(parts), *parts))))
    columns = ("true value", BEST, BY_FRAME, "gap at the truth, nats", "f from z", "each z_t from the others")
    return Table("", columns, tuple(rows)).markdown()


def table_of_trained(found: Sequence[Found]) -> str:
    """How near the trained posteriors come to the best ones, and where each has its optimum on the grid; Markdown."""
    rows = []
    for each in found:
        optima = (GRID[each.curve(name, GRID).argmax()].item() for name in (LIKELIHOOD, BEST))
        trained = sorted({GRID[place].item() for place in each.trained.argmax(1)})
        lacks = (each.lacks.mean().item(), each.lacks.max().item())
        rows.append(
            (
                str(each.varied),
                *(f"{value:.4f}" for value in lacks),
                *(f"{value:.1f}" for value in optima),
                ", ".join(f"{value:.1f}" for value in trained),
            )
        )
    columns = (
        "true value",
        "nats below the best, mean",
        "worst",
        "optimum: log-likelihood",
        "optimum: best q",
        "optimum: trained q",
    )
    return Table("", columns, tuple(rows)).markdown()


def how(sets: int, points: int, steps: int, seeds: int, command: str) -> str:
    """What was computed, the machine and the command."""
    computed = machine(torch.device("cpu"))
    return (
        f"Bias: {sets} data sets of {points} sequences for each row; mean ± half the 95 % interval of the mean, by the normal "
        f"distribution. *0 in n*: on n data sets the optimum is {SEARCHED[0]:g}, where the search begins, so that it would be 0. "
        f"Trained q: one more data set of {points} sequences; at each of {len(GRID)} values from {GRID[0]:g} to {GRID[-1]:g} the "
        f"posterior is trained {seeds} times with Adam, {steps:,} steps of one draw for each sequence, rate 0.05 falling to 0. "
        f"The bound of what was trained is exact; all is in float64. The machine: torch {computed['torch']}, "
        f"{computed['device']}, threads: {computed['threads']}. The command: `{command}`."
    )


def draw_curves(found: Sequence[Found], path: Path) -> None:
    """What is maximised, over one parameter, on one data set for each true value: a panel for each."""
    figure = Figure(figsize=(1 + 3.7 * len(found), 4.2), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, each in zip(panels, found, strict=True):
        top = 0.0
        for name, style in STYLES.items():
            heights = each.curve(name, SHOWN)
            axes.plot(SHOWN, heights, label=name, **style)
            if name == LIKELIHOOD:
                top = heights.max().item()
            optimum = int(heights.argmax())
            if name != BY_FRAME and optimum < len(SHOWN) - 1:  # at the end it may lie beyond
                axes.axvline(SHOWN[optimum].item(), color=style["color"], linewidth=1, linestyle=":")
        style = {"color": AMBER.tolist(), "markeredgecolor": INK, "markeredgewidth": 0.4, "markersize": 4.5}
        axes.plot(GRID, each.trained.mean(0), "o", label="trained q", **style)
        axes.set_title(f"true {each.varied}", fontsize=10, color=INK)
        axes.set_ylim(top - NATS, top + 0.4)
        _finish(axes, each.varied.name)
    panels[0].set_ylabel("nats a sequence")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path)


def draw_gap(path: Path) -> None:
    """The gap between log p(x) and the best bound in its two parts, over each parameter, the others at the truth."""
    figure = Figure(figsize=(12, 3.8), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(PARAMETERS), sharey=True)
    for axes, name, value in zip(panels, reversed(PARAMETERS), reversed(TRUTH.deviations.tolist()), strict=True):
        across, among = gap(TRUTH.vary(name, SHOWN))
        labels = ("q separates f from z", "q separates each z_t from the others")
        axes.stackplot(SHOWN, across, among, colors=[BLUE.tolist(), COLOURS[4].tolist()], labels=labels, alpha=0.8)
        axes.axvline(value, color=INK, linewidth=1, linestyle=":")
        axes.set_ylim(0, 4.5)
        _finish(axes, name)
    panels[0].set_ylabel("log p(x) less the best bound, nats")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    figure.savefig(path)


def _finish(axes: Axes, name: str) -> None:
    axes.set_xlabel(name)
    axes.set_xlim(0, GRID[-1].item() + 0.03)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=8)


def _bias(estimates: Estimates, value: float) -> str:
    """The bias with its interval; and on how many data sets the optimum is the least value that was searched on, if on any."""
    mean, half = estimates.bias(value)
    ends = estimates.at_the_end
    return f"{mean:+.3f} ± {half:.3f}" + (f" (0 in {ends})" if ends else "")


def _limit(found: float, value: float) -> str:
    """The bias on unlimited data; and whether the optimum is the least value that was searched on."""
    return f"{found - value:+.3f}" + (" (0)" if found == SEARCHED[0] else "")
