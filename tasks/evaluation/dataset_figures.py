"""Pictures of what is drawn to learn from, before any model: objects, pairs, scenes and paired scenes; clips and paired clips."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from tasks.data.pairs import random_subset, sample_paired_scenes, sample_pairs
from tasks.data.population import Population
from tasks.data.scenes import FEWEST, MOST, observe_scenes, sample_scenes
from tasks.evaluation.colours import coloured, rgb
from tasks.evaluation.grid import Panel, write_panels
from vsa.errors import ShapeError

Exchange = Literal["one", "subset"]
"""What a pair differs in: one feature, or a random set of them."""


def draw_objects(population: Population, path: Path, generator: torch.Generator, rows: int = 4, columns: int = 10) -> None:
    """Samples of single objects.

    Args:
        population: what may be drawn.
        path: the PNG file.
        generator: decides which.
        rows, columns: how many.
    """
    pictures = rgb(population.observe(population.sample(rows * columns, generator)))
    write_panels(path, [Panel(pictures.unflatten(0, (rows, columns)))], f"{population.dataset.name}, {_part(population)}.")


def draw_paired(population: Population, exchange: Exchange, path: Path, generator: torch.Generator, columns: int = 3) -> None:
    """Pairs of objects and what changes from the first to the second: by feature, or each with a list if there are several.

    Args:
        population: what may be drawn.
        exchange: what the pairs differ in.
        path: the PNG file.
        generator: decides which.
        columns: pairs for each feature, or side by side.
    """
    features = population.dataset.features
    exchanged = _exchanged(exchange, columns, len(features), generator)
    first, pair = sample_pairs(exchanged, population, generator)
    changes = _changes(first, pair, exchanged, population)
    pictures = torch.stack([coloured(population.observe(classes)) for classes in (first, pair)])  # [2, n, 3, H, W]
    panels = []
    if exchange == "one":
        for f, name in enumerate(features):
            of_panel = slice(f * columns, (f + 1) * columns)
            titles = [
                change.removeprefix(name + " ").replace(" →", "\n→" if population.dataset.factors[f].named else " →")
                for change in changes[of_panel]
            ]
            panels.append(Panel(pictures[:, of_panel], name, titles, () if f else ("first", "pair")))
    else:
        for start in range(0, len(changes), len(features)):
            of_panel = slice(start, start + len(features))
            panels.append(Panel(pictures[:, of_panel].transpose(0, 1), "", ("first", "pair"), changes[of_panel]))
    differ = "one feature" if exchange == "one" else "a random set of features"
    write_panels(path, panels, f"Pairs that differ in {differ}, {_part(population)}. Numbers are classes: old → new.")


def draw_scene(population: Population, path: Path, generator: torch.Generator, size: int = 3) -> None:
    """Scenes of two to five objects that do not overlap, a square of scenes for each number.

    Args:
        population: what may be drawn.
        path: the PNG file.
        generator: decides which.
        size: scenes in a row and in a column.
    """
    panels = []
    for count in range(FEWEST, MOST + 1):
        scenes = sample_scenes(torch.full((size**2,), count), population, generator)
        pictures = observe_scenes(scenes, population.dataset)
        panels.append(Panel(rgb(pictures).unflatten(0, (size, size)), str(count)))
    write_panels(path, panels, f"Scenes of {FEWEST} to {MOST} objects that do not overlap, {_part(population)}.")


def draw_paired_scene(
    population: Population, exchange: Exchange, path: Path, generator: torch.Generator, columns: int = 2
) -> None:
    """Scenes of two objects, the same with one of them changed, and the three objects by themselves.

    Args:
        population: what may be drawn.
        exchange: what the first object and its pair differ in.
        path: the PNG file.
        generator: decides which.
        columns: how many scenes side by side; there are five rows.
    """
    features = population.dataset.features
    exchanged = _exchanged(exchange, columns, len(features), generator)
    if exchange == "one":
        exchanged = exchanged.unflatten(0, (-1, columns)).transpose(0, 1).flatten(0, 1)  # all features in a column
    scenes = sample_paired_scenes(exchanged, population, generator)
    first, pair, second = (population.observe(classes) for classes in (scenes.first, scenes.pair, scenes.second))
    shown = (coloured(first, second), coloured(pair, second), coloured(first), coloured(pair), 0.6 * rgb(second))
    pictures, changes = torch.stack(shown, 1), _changes(scenes.first, scenes.pair, exchanged, population)
    titles = ("scene", "its pair", "object", "its pair", "second\nobject")
    panels = [
        Panel(pictures[start : start + len(features)], "", titles, changes[start : start + len(features)], {}, (), (2,))
        for start in range(0, len(changes), len(features))
    ]
    write_panels(
        path, panels, f"The amber object changes, the grey one stays; {_part(population)}. Numbers are classes: old → new."
    )


def draw_clips(population: Population, path: Path, generator: torch.Generator, rows: int = 9) -> None:
    """Samples of clips, each a row of frames, with the names of its classes.

    Args:
        population: what may be drawn, of a data set of clips.
        path: the PNG file.
        generator: decides which.
        rows: how many.
    """
    classes, factors = population.sample(rows, generator), population.dataset.factors
    titles = [
        "\n".join(f"{factor.name} {factor.labels[k]}" for factor, k in zip(factors, row, strict=True)) for row in classes.tolist()
    ]
    write_panels(path, [Panel(_frames(population, classes), rows=titles)], f"{population.dataset.name}, {_part(population)}.")


def draw_paired_clips(population: Population, exchange: Exchange, path: Path, generator: torch.Generator) -> None:
    """Pairs of clips, one below the other, and what changes from the first to the second; one for each feature, or as many.

    Args:
        population: what may be drawn, of a data set of clips.
        exchange: what the pairs differ in.
        path: the PNG file.
        generator: decides which.
    """
    exchanged = _exchanged(exchange, 1, len(population.dataset.features), generator)
    first, pair = sample_pairs(exchanged, population, generator)
    frames = torch.stack([_frames(population, classes) for classes in (first, pair)], 1).flatten(0, 1)  # [2 n, T, 3, H, W]
    titles = [title for change in _changes(first, pair, exchanged, population) for title in ("first", change)]
    panel = Panel(frames, rows=titles, row_breaks=tuple(range(2, len(frames), 2)))
    differ = "one feature" if exchange == "one" else "a random set of features"
    write_panels(path, [panel], f"Pairs of clips that differ in {differ}, {_part(population)}. Classes: old → new.")


def _frames(population: Population, classes: Tensor) -> Tensor:
    """Clips in colours, [n, T, 3, H, W].

    Raises:
        ShapeError: observations are no clips.
    """
    if population.dataset.frames is None:
        raise ShapeError(
            f"clips [T, C, H, W] are wanted here, and an observation of {population.dataset.name} is "
            f"{list(population.dataset.shape)}, a picture"
        )
    clips = population.observe(classes)
    return rgb(clips.flatten(0, 1)).unflatten(0, clips.shape[:2])


def _exchanged(exchange: Exchange, each: int, features: int, generator: torch.Generator) -> Tensor:
    """Exchange masks, bool [features * each, features]: so many for each feature in turn, or random sets."""
    if exchange == "subset":
        return random_subset(each * features, features, generator)
    return torch.eye(features).bool().repeat_interleave(each, 0)


def _changes(first: Tensor, pair: Tensor, exchanged: Tensor, population: Population) -> list[str]:
    """For each pair [n, F] a line for each feature that changes: its name, and its old and new class."""

    factors = population.dataset.factors

    def line(f: int, old: int, new: int) -> str:
        return f"{factors[f].name} {factors[f].labels[old]} → {factors[f].labels[new]}"

    rows = zip(first.tolist(), pair.tolist(), exchanged.tolist(), strict=True)
    return ["\n".join(line(f, old[f], new[f]) for f in range(len(factors)) if which[f]) for old, new, which in rows]


def _part(population: Population) -> str:
    return f"{population.part} part of the split"
