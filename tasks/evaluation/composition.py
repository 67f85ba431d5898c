"""Scenes, measured: how well they are drawn and read by number of objects, and with an object taken out or put in."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dataset import Dataset
from tasks.data.overlap import document_score, iou
from tasks.data.population import Population
from tasks.data.scenes import ABSENT, observe_scenes, sample_scenes
from tasks.evaluation.counterfactuals import draw, encode
from tasks.evaluation.reading import read_objects
from tasks.symbolic.model import SceneModel


@torch.inference_mode()
def scene_vectors(model: SceneModel, scenes: Tensor, dataset: Dataset) -> tuple[Tensor, Tensor]:
    """Object vectors [n, m, D] and scene vectors [n, D] of scenes, int64 [n, m, F], ABSENT where there is no object."""
    present = scenes[..., 0] != ABSENT
    vectors = model.object(encode(model, scenes[present], dataset))
    objects = torch.zeros(*present.shape, vectors.shape[-1], device=vectors.device)
    objects[present.to(objects.device)] = vectors
    return objects, model.scene(objects)


@torch.inference_mode()
def measure_scenes(model: SceneModel, most: int, population: Population, n: int, generator: torch.Generator) -> dict[str, Any]:
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
    dataset = population.dataset
    for count in range(2, most + 1):
        try:
            scenes = sample_scenes(torch.full((n,), count), population, generator)
        except NotInPartError as error:
            if count == 2:  # no two of them fit beside one another, and no more of them do
                raise
            left_out[f"{count} objects"] = str(error)
            continue
        vectors, whole = scene_vectors(model, scenes, dataset)
        last = model.in_slot(vectors[:, count - 1], count - 1)
        others = model.scene(vectors[:, : count - 1])
        right, without = (dataset.crisp(observe_scenes(part, dataset)) for part in (scenes, scenes[:, : count - 1]))
        overlaps = iou(dataset.crisp(draw(model, whole)), right)
        tally = read_objects(model, whole, scenes, dataset)
        for name, value in (
            ("reconstruction_iou", overlaps),
            ("reconstruction_document", document_score(overlaps)),
            ("removed_iou", iou(dataset.crisp(draw(model, whole - last)), without)),
            ("added_iou", iou(dataset.crisp(draw(model, others + last)), right)),
        ):
            metrics[name][str(count)] = value.double().mean().item()
        metrics["read"][str(count)] = tally.within(0.5)
        metrics["read_within_one"][str(count)] = tally.within(1.5)
    return metrics | ({"left_out": left_out} if left_out else {})
