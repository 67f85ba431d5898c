"""Pictures of what a model does. In all of them a sprite in colour is given, rendered exactly, and a white one was decoded.

How many objects a model composes is read from its slots: one slot is a model of single objects.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dsprites import SIZE, render
from tasks.data.factors import FACTORS, FEATURES, SHAPE, SHAPES
from tasks.data.sampling import Objects
from tasks.evaluation.colours import BLUE, COLOURS, by_slot, coloured, difference, grey
from tasks.evaluation.composition import truth
from tasks.evaluation.counterfactuals import SLOT, Edits, draw, edit_by_algebra, encode, sample_edits
from tasks.evaluation.grid import Panel, write_panels
from tasks.evaluation.overlap import iou
from tasks.evaluation.subjects import assembled, sample_exchanges, sample_swaps, spread
from tasks.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Float, Int64


def draw_edits(model: SceneModel, objects: Objects, path: Path, generator: torch.Generator, columns: int = 2) -> None:
    """Edits: scene, donor, edited by algebra, the truth and the difference, some columns for each feature.

    Args:
        model: in evaluation mode.
        objects: what the scenes are made of.
        path: the PNG file.
        generator: decides which scenes.
        columns: for each feature.

    Raises:
        NotInPartError: no feature can be exchanged among these objects; one that cannot is left out of the figure.
    """
    panels = []
    left_out = []
    for f, name in enumerate(FEATURES):
        try:
            edits = sample_edits(columns, (f,), _others(model), objects, generator)
        except NotInPartError as error:
            left_out.append(error)
            continue
        after = draw(model, edit_by_algebra(model, edits)[1])
        right, overlaps = edits.best_truths(after > 0.5)
        rest = edits.rest()
        rows = (
            coloured(render(edits.first), rest),
            coloured(render(edits.donors[:, f]), colour=BLUE),
            grey(after),
            coloured(right * (1 - rest), rest),
            difference(after, right.float()),
        )
        titles = ("scene" if _others(model) else "object", "donor", "edited\nby algebra", "truth", "difference")
        notes = {4: _ious(overlaps)}
        panels.append(Panel(torch.stack(rows), name, _changes(edits), () if panels else titles, notes, (2,)))
    if not panels:
        raise left_out[0]
    caption = (
        "The amber object takes one feature from the blue donor; above, its class before and after. White: decoded. "
        "Difference: red too much, blue too little. IoU: with the truth."
    )
    write_panels(path, panels, caption)


def draw_swaps(model: SceneModel, objects: Objects, path: Path, generator: torch.Generator, size: int = 5) -> None:
    """For each feature a square of pictures: the object of the row with that feature taken from the donor of the column.

    Args:
        model: in evaluation mode.
        objects: what is given; what is decoded is any combination of these, trained on or not.
        path: the PNG file.
        generator: decides which objects and donors.
        size: how many objects, and how many donors for each feature.
    """
    panels = []
    for edits in sample_swaps(size, objects, _others(model), generator):
        f = edits.feature
        after = draw(model, edit_by_algebra(model, edits)[1])
        overlap = edits.best_truths(after > 0.5)[1].mean().item()
        pictures = torch.ones(size + 1, size + 1, 3, SIZE, SIZE)
        pictures[1:, 0] = coloured(render(edits.first), edits.rest())[::size]
        pictures[0, 1:] = coloured(render(edits.donors[:size, f]), colour=BLUE)
        pictures[1:, 1:] = grey(after).unflatten(0, (size, size))
        panels.append(Panel(pictures, f"{FEATURES[f]}, IoU {overlap:.2f}", row_breaks=(1,), column_breaks=(1,)))
    caption = (
        "Amber, at the side: the objects.\n"
        "Blue, on top: the donors.\n"
        "White: decoded, after the object took that one feature from the donor by algebra on vectors.\n"
        f"{'Grey: what else is in the scene.' if _others(model) else ''}\n"
        f"IoU: the mean of the {size**2} pictures, each with its exact rendering; some of these may have been trained on."
    )
    write_panels(path, panels, caption, across=3)


def draw_assembly(model: SceneModel, objects: Objects, path: Path, generator: torch.Generator, rows: int = 3) -> None:
    """Assembly: objects that take one feature after the other from five donors, until nothing of their own is left.

    Args:
        model: in evaluation mode.
        objects: what the objects, the donors and the assembled objects are.
        path: the PNG file.
        generator: decides which.
        rows: how many objects.

    Raises:
        NotInPartError: no two of these objects differ in all features.
    """
    edits = sample_edits(rows, tuple(range(len(FACTORS))), _others(model), objects, generator)
    parts = assembled(edits)
    before = draw(model, edit_by_algebra(model, parts[0])[0])
    after = [draw(model, edit_by_algebra(model, part)[1]) for part in parts]
    judged = [part.best_truths(drawn > 0.5) for part, drawn in zip(parts, after, strict=True)]
    right, rest = judged[-1][0], edits.rest()
    donors = [coloured(render(edits.donors[:, f]), colour=BLUE) for f in range(len(FACTORS))]
    given = [coloured(render(edits.first), rest), *donors, coloured(right * (1 - rest), rest)]
    decoded = [*map(grey, (before, *after)), difference(after[-1], right.float())]
    overlaps = [iou(before > 0.5, edits.scenes().bool()), *(overlap for _, overlap in judged)]
    notes = [*map(_ious, overlaps), [""] * rows]

    pictures = torch.stack([torch.stack(given, 1), torch.stack(decoded, 1)], 1).flatten(0, 1)
    below = {2 * row + 1: [column[row] for column in notes] for row in range(rows)}
    first = "scene" if _others(model) else "object"
    columns = (first, *(f"+ {name}" for name in FEATURES), "assembled")
    breaks = tuple(range(2, 2 * rows, 2))
    caption = (
        "Each blue donor gives one feature. White: decoded after all the features up to there were exchanged by algebra, and the "
        "IoU with an exact rendering. Last: the exact rendering, and the difference, red too much, blue too little."
    )
    write_panels(path, [Panel(pictures, "", columns, ("given", "decoded") * rows, below, breaks, (1, 6))], caption)


def draw_features(model: SceneModel, objects: Objects, path: Path, generator: torch.Generator, rows: int = 4) -> None:
    """What each feature vector of an object says: decoded without the other four, and the other four without it.

    Args:
        model: in evaluation mode.
        objects: which objects.
        path: the PNG file.
        generator: decides which.
        rows: how many objects.
    """
    given = spread(rows, SHAPE, objects, generator)
    each = torch.eye(len(FEATURES))
    decoded = draw_parts(model, given, torch.cat([torch.ones(1, len(FEATURES)), each, 1 - each]))
    overlaps = iou(decoded[:, 0] > 0.5, render(given).bool())
    pictures = torch.cat([coloured(render(given))[:, None], grey(decoded.flatten(0, 1)).unflatten(0, decoded.shape[:2])], 1)
    columns = ("object", "decoded", *(f"{name}\nalone" for name in FEATURES), *(f"without\n{name}" for name in FEATURES))
    notes = {row: ["", text, *[""] * (2 * len(FEATURES))] for row, text in enumerate(_ious(overlaps))}
    caption = "White: decoded, from the sum of the five bound feature vectors, from one of them alone, and from the other four."
    write_panels(path, [Panel(pictures, "", columns, (), notes, (), (2, 7))], caption)


def draw_scenes(model: SceneModel, objects: Objects, path: Path, generator: torch.Generator, columns: int = 2) -> None:
    """Scenes of two and more objects, as many as there are slots: one object is subtracted, another one added.

    Where a slot is free the new object goes there, into the whole scene; where none is it takes the slot of the subtracted one.

    Args:
        model: in evaluation mode.
        objects: what the scenes are made of.
        path: the PNG file.
        generator: decides which scenes.
        columns: for each number of objects.

    Raises:
        NotInPartError: no two of these objects fit beside one another; scenes of more that do not are left out of the figure.
    """
    panels = []
    titles = ("scene", "decoded", "− object", "decoded", "difference", "+ object", "decoded", "difference")
    for count in range(2, len(model.slots) + 1):
        try:
            subjects = sample_exchanges(columns, count, len(model.slots), objects, generator)
        except NotInPartError:
            if not panels:
                raise
            break  # nor do more of them fit beside one another
        drawn = [draw(model, vectors) for vectors in subjects.by_algebra(model)]
        right = [truth(scenes) for scenes in (subjects.before, subjects.fewer, subjects.more)]
        rows = (
            by_slot(subjects.before),
            grey(drawn[0]),
            coloured(render(subjects.old), colour=COLOURS[subjects.out]),
            grey(drawn[1]),
            difference(drawn[1], right[1].float()),
            coloured(render(subjects.new), colour=COLOURS[subjects.into]),
            grey(drawn[2]),
            difference(drawn[2], right[2].float()),
        )
        overlaps = [_ious(iou(seen > 0.5, exact)) for seen, exact in zip(drawn, right, strict=True)]
        notes = {1: overlaps[0], 4: overlaps[1], 7: overlaps[2]}
        panels.append(Panel(torch.stack(rows), f"{count} objects", (), titles if count == 2 else (), notes, (2, 5)))
    caption = (
        "An object's colour is its slot. White: decoded, after the bound object was subtracted from the scene's vector, or added "
        f"to it; a scene of {len(model.slots)} has no free slot, so there the new object replaces the subtracted one. "
        "Difference: red too much, blue too little."
    )
    write_panels(path, panels, caption)


@torch.inference_mode()
def draw_parts(model: SceneModel, classes: Int64[Tensor, "n 5"], kept: Float[Tensor, "k 5"]) -> Float[Tensor, "n k 64 64"]:
    """Objects as the model draws them from some of their feature vectors alone: probabilities on the CPU.

    Args:
        model: in evaluation mode.
        classes: int64 [n, 5].
        kept: float [k, 5], 1 for the vectors that are there, 0 for those that are not.
    """
    vectors = encode(model, classes)[:, None] * kept.to(model.roles.vectors.device)[:, :, None]
    return draw(model, model.in_slot(model.object(vectors.flatten(0, 1)), SLOT)).unflatten(0, vectors.shape[:2])


def _others(model: SceneModel) -> int:
    return min(len(model.slots) - 1, 1)


def _changes(edits: Edits) -> list[str]:
    f = edits.feature
    changes = zip(edits.first[:, f].tolist(), edits.edited[:, f].tolist(), strict=True)
    if f == SHAPE:
        return [f"{SHAPES[old]}\n→ {SHAPES[new]}" for old, new in changes]
    return [f"{old} → {new}" for old, new in changes]


def _ious(overlaps: Tensor) -> list[str]:
    return [f"IoU {overlap:.2f}" for overlap in overlaps.tolist()]
