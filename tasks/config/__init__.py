"""What can be set for a run: frozen dataclasses, read at the command line and stored beside the weights.

Nothing heavy is imported here, so that `--help` answers at once.

run.py      what all tasks have in common
stages.py   the three stages
vae.py      the VAE family, and ID-GAN
"""

from tasks.config.run import CONFIG, FREE, RunConfig
from tasks.config.stages import PairedConfig, PairedSceneConfig, SceneConfig, StageConfig
from tasks.config.vae import IDGANConfig, LatentConfig, VAEConfig

CONFIGS: dict[str, type[RunConfig]] = {
    "paired": PairedConfig,
    "scene": SceneConfig,
    "paired-scene": PairedSceneConfig,
    "vae": VAEConfig,
    "id-gan": IDGANConfig,
}
"""The settings of the built-in tasks by name, so that their help need not import them."""

__all__ = [
    "CONFIG",
    "CONFIGS",
    "FREE",
    "IDGANConfig",
    "LatentConfig",
    "PairedConfig",
    "PairedSceneConfig",
    "RunConfig",
    "SceneConfig",
    "StageConfig",
    "VAEConfig",
]
