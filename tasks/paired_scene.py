"""Stage three: scenes of two objects, each the sum of five bound feature vectors; one of them is edited inside the scene."""

from __future__ import annotations

from typing import Any

import torch

from tasks.config import PairedSceneConfig
from tasks.data.sampling import Objects
from tasks.evaluation.editing import measure_edits
from tasks.evaluation.figures import draw_assembly, draw_edits, draw_swaps
from tasks.evaluation.reading import measure_reading
from tasks.model import SceneModel
from tasks.stage import Stage


def evaluate(model: SceneModel, objects: Objects, config: PairedSceneConfig, generator: torch.Generator) -> dict[str, Any]:
    """Reconstruction, edits, assembly and reading of one object beside another."""
    edited = measure_edits(model, 1, objects, config.evaluate, generator)
    return edited | measure_reading(model, 1, objects, config.evaluate, generator)


TASK = Stage(
    name="paired-scene",
    config=PairedSceneConfig,
    objects=lambda config: 2,
    evaluate=evaluate,
    figures={"edits.png": draw_edits, "swaps.png": draw_swaps, "assembly.png": draw_assembly},
)
run, build, learn = TASK.run, TASK.build, TASK.learn
