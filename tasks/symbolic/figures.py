"""Pictures of what a model does. In all of them an object in colour is given, exactly as it looks, and a white one was decoded.

Objects that have colours of their own keep them.

How many objects a model composes is read from its slots: one slot is a model of single objects.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dataset import Dataset
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.data.scenes import observe_scenes
from tasks.evaluation.colours import BLUE, COLOURS, by_slot, coloured, difference, rgb
from tasks.evaluation.counterfactuals import SLOT, Edits, draw, edit_by_algebra, encode, sample_edits
from tasks.evaluation.figure_scenes import assembled, sample_object_edits, sample_stratified, sample_swaps
from tasks.evaluation.grid import Panel, write_panels
from tasks.symbolic.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Float, Int64


def draw_edits(model: SceneModel, population: Population, path: Path, generator: torch.Generator, columns: int = 2) -> None:
    """Edits: scene, donor, edited by algebra, the truth and the difference, some columns for each feature.

    Args:
        model: in evaluation mode.
        population: what the scenes are made of.
        path: the PNG file.
        generator: decides which scenes.
        columns: for each feature.

    Raises:
        NotInPartError: no feature can be exchanged among these objects; one that cannot is left out of the figure.
    """
    panels = []
    left_out = []
    dataset = population.dataset
    for f, name in enumerate(dataset.features):
        try:
            edits = sample_edits(columns, (f,), _others(model), population, generator)
        except NotInPartError as error:
            left_out.append(error)
            continue
        after = draw(model, edit_by_algebra(model, edits)[1])
        right, overlaps = edits.best_truths(dataset.crisp(after))
        rest = edits.rest()
        rows = (
            coloured(dataset.observe(edits.first), rest),
            coloured(dataset.observe(edits.donors[:, f]), colour=BLUE),
            rgb(after),
            coloured(right * (rest == 0), rest),
            difference(after, right.float()),
        )
        titles = ("scene" if _others(model) else "object", "donor", "edited\nby algebra", "truth", "difference")
        notes = {4: _ious(overlaps)}
        panels.append(Panel(torch.stack(rows), name, _changes(edits), () if panels else titles, notes, (2,)))
    if not panels:
        raise left_out[0]
    caption = (
        f"The {_of(dataset, 'amber ')}object takes one feature from the {_of(dataset, 'blue ')}donor; above, its class before "
        "and after. "
        "Difference: red too much, blue too little. IoU: with the truth."
    )
    write_panels(path, panels, caption)


def draw_swaps(model: SceneModel, population: Population, path: Path, generator: torch.Generator, size: int = 5) -> None:
    """For each feature a square of pictures: the object of the row with that feature taken from the donor of the column.

    Args:
        model: in evaluation mode.
        population: what is given; what is decoded is any combination of these, trained on or not.
        path: the PNG file.
        generator: decides which objects and donors.
        size: how many objects, and how many donors for each feature.
    """
    panels = []
    for edits in sample_swaps(size, population, _others(model), generator):
        f, dataset = edits.feature, edits.dataset
        after = draw(model, edit_by_algebra(model, edits)[1])
        overlap = edits.best_truths(dataset.crisp(after))[1].mean().item()
        pictures = torch.ones(size + 1, size + 1, 3, *dataset.picture[1:])
        pictures[1:, 0] = coloured(dataset.observe(edits.first), edits.rest())[::size]
        pictures[0, 1:] = coloured(dataset.observe(edits.donors[:size, f]), colour=BLUE)
        pictures[1:, 1:] = rgb(after).unflatten(0, (size, size))
        panels.append(Panel(pictures, f"{dataset.features[f]}, IoU {overlap:.2f}", row_breaks=(1,), column_breaks=(1,)))
    caption = (
        f"At the side{_of(population.dataset, ', amber')}: the objects.\n"
        f"On top{_of(population.dataset, ', blue')}: the donors.\n"
        "Between: decoded, after the object took that one feature from the donor by algebra on vectors.\n"
        f"{'Dimmed: what else is in the scene.' + chr(10) if _others(model) else ''}"
        f"IoU: the mean of the {size**2} pictures, each with its exact picture; some of these may have been trained on."
    )
    write_panels(path, panels, caption, across=3)


def draw_assembly(model: SceneModel, population: Population, path: Path, generator: torch.Generator, rows: int = 3) -> None:
    """Assembly: objects that take one feature after the other from as many donors, until nothing of their own is left.

    Args:
        model: in evaluation mode.
        population: what the objects, the donors and the assembled objects are.
        path: the PNG file.
        generator: decides which.
        rows: how many objects.

    Raises:
        NotInPartError: no two of these objects differ in all features.
    """
    dataset = population.dataset
    edits = sample_edits(rows, tuple(range(len(dataset.factors))), _others(model), population, generator)
    parts = assembled(edits)
    before = draw(model, edit_by_algebra(model, parts[0])[0])
    after = [draw(model, edit_by_algebra(model, part)[1]) for part in parts]
    judged = [part.best_truths(dataset.crisp(drawn)) for part, drawn in zip(parts, after, strict=True)]
    right, rest = judged[-1][0], edits.rest()
    donors = [coloured(dataset.observe(edits.donors[:, f]), colour=BLUE) for f in edits.features]
    given = [coloured(dataset.observe(edits.first), rest), *donors, coloured(right * (rest == 0), rest)]
    decoded = [*map(rgb, (before, *after)), difference(after[-1], right.float())]
    overlaps = [iou(dataset.crisp(before), dataset.crisp(edits.scenes())), *(overlap for _, overlap in judged)]
    notes = [*map(_ious, overlaps), [""] * rows]

    pictures = torch.stack([torch.stack(given, 1), torch.stack(decoded, 1)], 1).flatten(0, 1)
    below = {2 * row + 1: [column[row] for column in notes] for row in range(rows)}
    first = "scene" if _others(model) else "object"
    columns = (first, *(f"+ {name}" for name in dataset.features), "assembled")
    breaks = tuple(range(2, 2 * rows, 2))
    caption = (
        f"Each {_of(dataset, 'blue ')}donor gives one feature. Below: decoded after all features up to there were exchanged by "
        "algebra, and the IoU with the exact picture. Last: the exact picture, and the difference, red too much, blue too little."
    )
    write_panels(path, [Panel(pictures, "", columns, ("given", "decoded") * rows, below, breaks, (1, 1 + len(donors)))], caption)


def draw_features(model: SceneModel, population: Population, path: Path, generator: torch.Generator, rows: int = 4) -> None:
    """What each feature vector of an object says: decoded without the others, and the others without it.

    Args:
        model: in evaluation mode.
        population: which objects.
        path: the PNG file.
        generator: decides which.
        rows: how many objects.
    """
    dataset = population.dataset
    given = sample_stratified(rows, 0, population, generator)
    names, each = dataset.features, torch.eye(len(dataset.features))
    decoded = draw_parts(model, given, torch.cat([torch.ones(1, len(names)), each, 1 - each]), dataset)
    seen = dataset.observe(given)
    overlaps = iou(dataset.crisp(decoded[:, 0]), dataset.crisp(seen))
    pictures = torch.cat([coloured(seen)[:, None], rgb(decoded.flatten(0, 1)).unflatten(0, decoded.shape[:2])], 1)
    columns = ("object", "decoded", *(f"{name}\nalone" for name in names), *(f"without\n{name}" for name in names))
    notes = {row: ["", text, *[""] * (2 * len(names))] for row, text in enumerate(_ious(overlaps))}
    caption = "Decoded, from the sum of all bound feature vectors, from one of them alone, and from all others."
    write_panels(path, [Panel(pictures, "", columns, (), notes, (), (2, 2 + len(names)))], caption)


def draw_scenes(model: SceneModel, population: Population, path: Path, generator: torch.Generator, columns: int = 2) -> None:
    """Scenes of two and more objects, as many as there are slots: one object is subtracted, another one added.

    Where a slot is free the new object goes there, into the whole scene; where none is it takes the slot of the subtracted one.

    Args:
        model: in evaluation mode.
        population: what the scenes are made of.
        path: the PNG file.
        generator: decides which scenes.
        columns: for each number of objects.

    Raises:
        NotInPartError: no two of these objects fit beside one another; scenes of more that do not are left out of the figure.
    """
    panels, dataset = [], population.dataset
    titles = ("scene", "decoded", "− object", "decoded", "difference", "+ object", "decoded", "difference")
    for count in range(2, len(model.slots) + 1):
        try:
            edits = sample_object_edits(columns, count, len(model.slots), population, generator)
        except NotInPartError:
            if not panels:
                raise
            break  # nor do more of them fit beside one another
        drawn = [draw(model, vectors) for vectors in edits.by_algebra(model)]
        right = [observe_scenes(scenes, dataset).float() for scenes in (edits.before, edits.fewer, edits.more)]
        rows = (
            by_slot(edits.before, dataset),
            rgb(drawn[0]),
            coloured(dataset.observe(edits.old), colour=COLOURS[edits.out]),
            rgb(drawn[1]),
            difference(drawn[1], right[1]),
            coloured(dataset.observe(edits.new), colour=COLOURS[edits.into]),
            rgb(drawn[2]),
            difference(drawn[2], right[2]),
        )
        overlaps = [_ious(iou(dataset.crisp(seen), dataset.crisp(exact))) for seen, exact in zip(drawn, right, strict=True)]
        notes = {1: overlaps[0], 4: overlaps[1], 7: overlaps[2]}
        panels.append(Panel(torch.stack(rows), f"{count} objects", (), titles if count == 2 else (), notes, (2, 5)))
    caption = (
        "An object's colour is its slot. White: decoded, after the bound object was subtracted from the scene's vector, or added "
        f"to it; a scene of {len(model.slots)} has no free slot, so there the new object replaces the subtracted one. "
        "Difference: red too much, blue too little."
    )
    write_panels(path, panels, caption)


@torch.inference_mode()
def draw_parts(
    model: SceneModel, classes: Int64[Tensor, "n f"], kept: Float[Tensor, "k f"], dataset: Dataset
) -> Float[Tensor, "n k c h w"]:
    """Objects as the model draws them from some of their feature vectors alone, on the CPU.

    Args:
        model: in evaluation mode.
        classes: int64 [n, F].
        kept: float [k, F], 1 for the vectors that are there, 0 for those that are not.
        dataset: whose objects they are.
    """
    vectors = encode(model, classes, dataset)[:, None] * kept.to(model.roles.vectors.device)[:, :, None]
    return draw(model, model.in_slot(model.object(vectors.flatten(0, 1)), SLOT)).unflatten(0, vectors.shape[:2])


def _of(dataset: Dataset, colour: str) -> str:
    """A colour that pictures of one channel are given; those of more keep their own."""
    return colour if dataset.shape[0] == 1 else ""


def _others(model: SceneModel) -> int:
    return min(len(model.slots) - 1, 1)


def _changes(edits: Edits) -> list[str]:
    f, factor = edits.feature, edits.dataset.factors[edits.feature]
    changes = zip(edits.first[:, f].tolist(), edits.edited[:, f].tolist(), strict=True)
    arrow = "\n→ " if factor.named else " → "
    return [f"{factor.labels[old]}{arrow}{factor.labels[new]}" for old, new in changes]


def _ious(overlaps: Tensor) -> list[str]:
    return [f"IoU {overlap:.2f}" for overlap in overlaps.tolist()]
