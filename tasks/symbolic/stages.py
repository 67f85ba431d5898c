"""The three stages, each an instance of one task: an object, scenes of several, and scenes one of whose objects is edited."""

from __future__ import annotations

from typing import Any

import torch

from tasks.data.population import Population
from tasks.evaluation.composition import measure_scenes
from tasks.evaluation.editing import measure_edits
from tasks.evaluation.reading import measure_reading
from tasks.symbolic.config import PairedConfig, PairedSceneConfig, SceneConfig, StageConfig
from tasks.symbolic.figures import draw_assembly, draw_edits, draw_features, draw_scenes, draw_swaps
from tasks.symbolic.model import SceneModel
from tasks.symbolic.task import Stage


def evaluate_objects(
    model: SceneModel, population: Population, config: StageConfig, generator: torch.Generator
) -> dict[str, Any]:
    """Reconstruction, edits, assembly and reading of one object, beside another if there are two slots."""
    others = min(len(model.slots) - 1, 1)
    edited = measure_edits(model, others, population, config.evaluate, generator)
    return edited | measure_reading(model, others, population, config.evaluate, generator)


def evaluate_scenes(model: SceneModel, population: Population, config: SceneConfig, generator: torch.Generator) -> dict[str, Any]:
    """Reconstruction, removal, addition and reading by number of objects."""
    return measure_scenes(model, config.objects, population, config.evaluate, generator)


PAIRED = Stage(
    name="paired",
    config=PairedConfig,
    objects=lambda config: 1,
    evaluate=evaluate_objects,
    figures={"edits.png": draw_edits, "swaps.png": draw_swaps, "assembly.png": draw_assembly, "features.png": draw_features},
)
"""An object is the sum of its bound feature vectors, learnt from pictures that exchange them."""

SCENE = Stage(
    name="scene",
    config=SceneConfig,
    objects=lambda config: config.objects,
    evaluate=evaluate_scenes,
    figures={"scenes.png": draw_scenes},
)
"""A scene is the sum of two to five objects, each bound with its slot; objects are added and subtracted."""

PAIRED_SCENE = Stage(
    name="paired-scene",
    config=PairedSceneConfig,
    objects=lambda config: 2,
    evaluate=evaluate_objects,
    figures={"edits.png": draw_edits, "swaps.png": draw_swaps, "assembly.png": draw_assembly},
)
"""Scenes of two objects, each the sum of its bound feature vectors; one of them is edited inside the scene."""
