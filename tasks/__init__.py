"""What is learnt: data, composition, training and measurement, and one file for each task that puts them together.

Importing this registers the names of tasks, encoders and decoders, and imports none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import decoders  # noqa: F401  (which registers the names of decoders)
import encoders  # noqa: F401
from vsa.plugins import register

if TYPE_CHECKING:
    from tasks.loading import load_model

__all__ = ["load_model"]

register(
    "task",
    {
        "paired": "tasks.symbolic.stages:PAIRED",
        "scene": "tasks.symbolic.stages:SCENE",
        "paired-scene": "tasks.symbolic.stages:PAIRED_SCENE",
        "vae": "tasks.vae.task:TASK",
        "id-gan": "tasks.id_gan.task:TASK",
        "composition": "tasks.composition.task:TASK",
        "sequence": "tasks.sequence.task:TASK",
        "sequence-frames": "tasks.sequence_symbolic.task:FRAMES",
        "sequence-symbolic": "tasks.sequence_symbolic.task:TASK",
    },
)


def __getattr__(name: str) -> object:
    # On demand, because it imports torch, and the command line's --help must not wait for that.
    if name == "load_model":
        from tasks.loading import load_model

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
