"""Stage one: an object is the sum of five bound feature vectors, learnt from pictures that exchange them."""

from __future__ import annotations

from typing import Any

import torch

from tasks.config import PairedConfig
from tasks.data.sampling import Objects
from tasks.evaluation.editing import measure_edits
from tasks.evaluation.figures import draw_assembly, draw_edits, draw_features, draw_swaps
from tasks.evaluation.reading import measure_reading
from tasks.model import SceneModel
from tasks.stage import Stage


def evaluate(model: SceneModel, objects: Objects, config: PairedConfig, generator: torch.Generator) -> dict[str, Any]:
    """Reconstruction, edits, assembly and reading of single objects."""
    edited = measure_edits(model, 0, objects, config.evaluate, generator)
    return edited | measure_reading(model, 0, objects, config.evaluate, generator)


TASK = Stage(
    name="paired",
    config=PairedConfig,
    objects=lambda config: 1,
    evaluate=evaluate,
    figures={"edits.png": draw_edits, "swaps.png": draw_swaps, "assembly.png": draw_assembly, "features.png": draw_features},
)
run, build, learn = TASK.run, TASK.build, TASK.learn
