"""Pictures of what is drawn to learn from, before any model: sprites, pairs, scenes and paired scenes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from tasks.data.dsprites import render
from tasks.data.factors import FEATURES, SHAPE, SHAPES
from tasks.data.sampling import Objects, random_subset, sample_paired_scenes, sample_pairs
from tasks.data.scenes import FEWEST, MOST, sample_scenes
from tasks.evaluation.colours import coloured, grey
from tasks.evaluation.grid import Panel, write_panels

Exchange = Literal["one", "subset"]
"""What a pair differs in: one feature, or a random set of them."""


def draw_dsprites(objects: Objects, path: Path, generator: torch.Generator, rows: int = 4, columns: int = 10) -> None:
    """Samples of single sprites.

    Args:
        objects: what may be drawn.
        path: the PNG file.
        generator: decides which.
        rows, columns: how many.
    """
    pictures = grey(render(objects.sample(rows * columns, generator)))
    write_panels(path, [Panel(pictures.unflatten(0, (rows, columns)))], f"dSprites, {_part(objects)}.")


def draw_paired(objects: Objects, exchange: Exchange, path: Path, generator: torch.Generator, columns: int = 3) -> None:
    """Pairs of sprites and what changes from the first to the second: by feature, or each with a list if there are several.

    Args:
        objects: what may be drawn.
        exchange: what the pairs differ in.
        path: the PNG file.
        generator: decides which.
        columns: pairs for each feature, or side by side.
    """
    exchanged = _exchanged(exchange, columns, generator)
    first, pair = sample_pairs(exchanged, objects, generator)
    changes = _changes(first, pair, exchanged)
    pictures = torch.stack([coloured(render(first)), coloured(render(pair))])  # [2, n, 3, 64, 64]
    panels = []
    if exchange == "one":
        for f, name in enumerate(FEATURES):
            own = slice(f * columns, (f + 1) * columns)
            titles = [change.removeprefix(name + " ").replace(" →", "\n→" if f == SHAPE else " →") for change in changes[own]]
            panels.append(Panel(pictures[:, own], name, titles, () if f else ("first", "pair")))
    else:
        for start in range(0, len(changes), len(FEATURES)):
            own = slice(start, start + len(FEATURES))
            panels.append(Panel(pictures[:, own].transpose(0, 1), "", ("first", "pair"), changes[own]))
    differ = "one feature" if exchange == "one" else "a random set of features"
    write_panels(path, panels, f"Pairs that differ in {differ}, {_part(objects)}. Numbers are classes: old → new.")


def draw_scene(objects: Objects, path: Path, generator: torch.Generator, size: int = 3) -> None:
    """Scenes of two to five sprites that do not overlap, a square of scenes for each number.

    Args:
        objects: what may be drawn.
        path: the PNG file.
        generator: decides which.
        size: scenes in a row and in a column.
    """
    panels = []
    for count in range(FEWEST, MOST + 1):
        scenes = sample_scenes(torch.full((size**2,), count), objects, generator)
        pictures = render(scenes.flatten(0, 1)).unflatten(0, (size**2, count)).amax(1)
        panels.append(Panel(grey(pictures).unflatten(0, (size, size)), str(count)))
    write_panels(path, panels, f"Scenes of {FEWEST} to {MOST} sprites that do not overlap, {_part(objects)}.")


def draw_paired_scene(objects: Objects, exchange: Exchange, path: Path, generator: torch.Generator, columns: int = 2) -> None:
    """Scenes of two sprites, the same with one of them changed, and the three sprites by themselves.

    Args:
        objects: what may be drawn.
        exchange: what the first sprite and its pair differ in.
        path: the PNG file.
        generator: decides which.
        columns: how many scenes side by side; there are five rows.
    """
    exchanged = _exchanged(exchange, columns, generator)
    if exchange == "one":
        exchanged = exchanged.unflatten(0, (-1, columns)).transpose(0, 1).flatten(0, 1)  # all five features in a column
    scenes = sample_paired_scenes(exchanged, objects, generator)
    first, pair, second = (render(classes) for classes in (scenes.first, scenes.pair, scenes.second))
    shown = (coloured(first, second), coloured(pair, second), coloured(first), coloured(pair), 0.6 * grey(second))
    pictures, changes = torch.stack(shown, 1), _changes(scenes.first, scenes.pair, exchanged)
    titles = ("scene", "its pair", "object", "its pair", "second\nobject")
    panels = [
        Panel(pictures[start : start + len(FEATURES)], "", titles, changes[start : start + len(FEATURES)], {}, (), (2,))
        for start in range(0, len(changes), len(FEATURES))
    ]
    write_panels(path, panels, f"The amber object changes, the grey one stays; {_part(objects)}. Numbers are classes: old → new.")


def _exchanged(exchange: Exchange, each: int, generator: torch.Generator) -> Tensor:
    """Exchange masks, bool [5 each, 5]: so many for each feature in turn, or random sets."""
    if exchange == "subset":
        return random_subset(each * len(FEATURES), generator)
    return torch.eye(len(FEATURES)).bool().repeat_interleave(each, 0)


def _changes(first: Tensor, pair: Tensor, exchanged: Tensor) -> list[str]:
    """For each pair [n, 5] a line for each feature that changes: its name, and its old and new class."""

    def line(f: int, old: int, new: int) -> str:
        return f"{FEATURES[f]} " + (f"{SHAPES[old]} → {SHAPES[new]}" if f == SHAPE else f"{old} → {new}")

    rows = zip(first.tolist(), pair.tolist(), exchanged.tolist(), strict=True)
    return ["\n".join(line(f, old[f], new[f]) for f in range(len(FEATURES)) if which[f]) for old, new, which in rows]


def _part(objects: Objects) -> str:
    return f"{objects.part} part of the split"
