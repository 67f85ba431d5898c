"""Scenes, measured: how well they are drawn and read by number of objects, and with an object taken out or put in."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dsprites import SIZE, render
from tasks.data.sampling import Objects
from tasks.data.scenes import ABSENT, sample_scenes
from tasks.evaluation.counterfactuals import draw, encode
from tasks.evaluation.overlap import document_score, iou
from tasks.evaluation.reading import read_objects
from tasks.model import SceneModel


@torch.inference_mode()
def scene_vectors(model: SceneModel, scenes: Tensor) -> tuple[Tensor, Tensor]:
    """Object vectors [n, m, D] and scene vectors [n, D] of scenes, int64 [n, m, 5], ABSENT where there is no object."""
    present = scenes[..., 0] != ABSENT
    vectors = model.object(encode(model, scenes[present]))
    objects = torch.zeros(*present.shape, vectors.shape[-1], device=vectors.device)
    objects[present.to(objects.device)] = vectors
    return objects, model.scene(objects)


def truth(scenes: Tensor) -> Tensor:
    """The pictures of scenes, bool [n, 64, 64]."""
    present = scenes[..., 0] != ABSENT
    pictures = torch.zeros(*present.shape, SIZE, SIZE, dtype=torch.uint8)
    pictures[present] = render(scenes[present])
    return pictures.amax(1).bool()


@torch.inference_mode()
def measure_scenes(model: SceneModel, most: int, objects: Objects, n: int, generator: torch.Generator) -> dict[str, Any]:
    """n test scenes for each number of objects, 2 to so many.

    Returns:
        By number of objects ("2", ...): reconstruction_iou and reconstruction_document; removed_iou, after the last object is
        subtracted from the scene's vector; added_iou, after the last one is added to the vector of the others, which must
        give the whole scene; by number and feature: read and read_within_one, of all objects of the scene. Where it is not
        empty: left_out, by number of objects ("4 objects"), why there are no such scenes.

    Raises:
        NotInPartError: no two of these objects fit beside one another.
    """
    names = ("reconstruction_iou", "reconstruction_document", "removed_iou", "added_iou", "read", "read_within_one")
    metrics: dict[str, Any] = {name: {} for name in names}
    left_out: dict[str, str] = {}
    for count in range(2, most + 1):
        try:
            scenes = sample_scenes(torch.full((n,), count), objects, generator)
        except NotInPartError as error:
            if count == 2:  # no two of them fit beside one another, and no more of them do
                raise
            left_out[f"{count} objects"] = str(error)
            continue
        vectors, whole = scene_vectors(model, scenes)
        last = model.in_slot(vectors[:, count - 1], count - 1)
        others = model.scene(vectors[:, : count - 1])
        right, without = truth(scenes), truth(scenes[:, : count - 1])
        overlaps = iou(draw(model, whole) > 0.5, right)
        tally = read_objects(model, whole, scenes)
        for name, value in (
            ("reconstruction_iou", overlaps),
            ("reconstruction_document", document_score(overlaps)),
            ("removed_iou", iou(draw(model, whole - last) > 0.5, without)),
            ("added_iou", iou(draw(model, others + last) > 0.5, right)),
        ):
            metrics[name][str(count)] = value.double().mean().item()
        metrics["read"][str(count)] = tally.within(0.5)
        metrics["read_within_one"][str(count)] = tally.within(1.5)
    return metrics | ({"left_out": left_out} if left_out else {})
