"""The symbolic models of a clip: stages of single objects, of which one is a clip, or one of its frames."""

from __future__ import annotations

from typing import Any

import torch

from tasks.data.population import Population
from tasks.sequence_symbolic.config import SequenceFramesConfig, SequenceSymbolicConfig
from tasks.sequence_symbolic.figures import FIGURES, FRAMES_FIGURES
from tasks.sequence_symbolic.measure import measure_clips
from tasks.sequence_symbolic.measure_framed import measure_framed
from tasks.symbolic.model import SceneModel
from tasks.symbolic.task import Stage


def evaluate_clips(
    model: SceneModel, population: Population, config: SequenceSymbolicConfig, generator: torch.Generator
) -> dict[str, Any]:
    """Reconstruction, edits, assembly and reading of clips."""
    return measure_clips(model, population, config.evaluate, generator)


def evaluate_framed(
    model: SceneModel, population: Population, config: SequenceFramesConfig, generator: torch.Generator
) -> dict[str, Any]:
    """Clips that are made of frames: reconstruction, reading, edits, removal, and time shifted and turned round."""
    return measure_framed(model, population, config.evaluate, generator)


TASK = Stage(
    name="sequence-symbolic",
    config=SequenceSymbolicConfig,
    objects=lambda config: 1,
    evaluate=evaluate_clips,
    figures=FIGURES,
    clips=True,
)
"""A clip is the sum of its bound feature vectors, learnt from clips that exchange them."""

FRAMES = Stage(
    name="sequence-frames",
    config=SequenceFramesConfig,
    objects=lambda config: 1,
    evaluate=evaluate_framed,
    figures=FRAMES_FIGURES,
)
"""A frame is the sum of its bound feature vectors; a clip is the sum of its frames, each bound with a power of a time vector."""
