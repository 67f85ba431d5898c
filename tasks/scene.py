"""Stage two: a scene is the sum of two to five objects, each bound with its slot; objects are added and subtracted."""

from __future__ import annotations

from typing import Any

import torch

from tasks.config import SceneConfig
from tasks.data.sampling import Objects
from tasks.evaluation.composition import measure_scenes
from tasks.evaluation.figures import draw_scenes
from tasks.model import SceneModel
from tasks.stage import Stage


def evaluate(model: SceneModel, objects: Objects, config: SceneConfig, generator: torch.Generator) -> dict[str, Any]:
    """Reconstruction, removal, addition and reading by number of objects."""
    return measure_scenes(model, config.objects, objects, config.evaluate, generator)


TASK = Stage(
    name="scene",
    config=SceneConfig,
    objects=lambda config: config.objects,
    evaluate=evaluate,
    figures={"scenes.png": draw_scenes},
)
run, build, learn = TASK.run, TASK.build, TASK.learn
