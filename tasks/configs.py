"""The settings of the built-in tasks by name, so that their help need not import the tasks."""

from __future__ import annotations

from tasks.composition.config import CompositionConfig
from tasks.config import RunConfig
from tasks.id_gan.config import IDGANConfig
from tasks.sequence.config import SequenceConfig
from tasks.sequence_symbolic.config import SequenceFramesConfig, SequenceSymbolicConfig
from tasks.symbolic.config import PairedConfig, PairedSceneConfig, SceneConfig
from tasks.vae.config import VAEConfig

CONFIGS: dict[str, type[RunConfig]] = {
    "paired": PairedConfig,
    "scene": SceneConfig,
    "paired-scene": PairedSceneConfig,
    "vae": VAEConfig,
    "id-gan": IDGANConfig,
    "composition": CompositionConfig,
    "sequence": SequenceConfig,
    "sequence-frames": SequenceFramesConfig,
    "sequence-symbolic": SequenceSymbolicConfig,
}
"""By the task's name."""
