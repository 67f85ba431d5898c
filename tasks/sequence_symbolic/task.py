"""The symbolic model of a clip: the stage of single objects, where what is observed moves."""

from __future__ import annotations

from typing import Any

import torch

from tasks.data.population import Population
from tasks.sequence_symbolic.config import SequenceSymbolicConfig
from tasks.sequence_symbolic.figures import FIGURES
from tasks.sequence_symbolic.measure import measure_clips
from tasks.symbolic.model import SceneModel
from tasks.symbolic.task import Stage


def evaluate_clips(
    model: SceneModel, population: Population, config: SequenceSymbolicConfig, generator: torch.Generator
) -> dict[str, Any]:
    """Reconstruction, edits, assembly and reading of clips."""
    return measure_clips(model, population, config.evaluate, generator)


TASK = Stage(
    name="sequence-symbolic",
    config=SequenceSymbolicConfig,
    objects=lambda config: 1,
    evaluate=evaluate_clips,
    figures=FIGURES,
    clips=True,
)
"""A clip is the sum of its bound feature vectors, learnt from clips that exchange them."""
