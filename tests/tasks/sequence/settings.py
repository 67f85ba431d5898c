"""Settings of a sequential autoencoder that is trained in a second, as flags and as settings."""

from typing import Any

from tasks.sequence.config import SequenceConfig

NETWORKS = ["--encoder", "conv-small", "--decoder", "conv-small", "--width", "16", "--hidden", "16"]


def small(**settings: Any) -> SequenceConfig:
    fixed: dict[str, Any] = {
        "steps": 2,
        "batch_size": 3,
        "evaluate": 4,
        "device": "cpu",
        "content": 6,
        "motion": 4,
        "content_modes": 2,
    }
    fixed |= {"encoder": "conv-small", "decoder": "conv-small", "width": 16, "hidden": 16}
    return SequenceConfig(**{**fixed, **settings})
