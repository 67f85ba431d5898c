"""The files of models: weights, configuration and metrics in one safetensors file; `tasks.loading` builds models of them.

Half precision halves the file, and changes no measured number beyond the third digit; everything computes in float32.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tasks.config import CONFIG, RunConfig
from tasks.json_file import read_json
from tasks.training.checkpoints import Checkpoint, Checkpoints, read_checkpoint, warn
from vsa import tensor_file
from vsa.errors import InputError

KIND = "vsa-torch model 1"
MODEL = "model.safetensors"
MODEL_TYPE = "vsa-torch-"
"""What the model_type starts with in the config.json of a folder that a model was saved into; a run's has no such word."""
SHIPPED = Path(__file__).resolve().parents[1] / "weights"


def save(model: nn.Module, task: str, config: RunConfig, metrics: dict[str, Any], path: Path, half: bool = False) -> None:
    """Write a model, its configuration and its metrics as one safetensors file, whole or not at all.

    Args:
        model: to be saved.
        task: its name.
        config: how it was made.
        metrics: what was measured.
        path: the file.
        half: keep weights in float16, else in float32.

    Raises:
        OutputError: it cannot be written.
    """
    kept, others = (torch.float16, (torch.float32,)) if half else (torch.float32, (torch.float16, torch.bfloat16))
    weights = {name: weight.to(kept) if weight.dtype in others else weight for name, weight in model.state_dict().items()}
    described = {"task": task, "config": json.dumps(config.as_json()), "metrics": json.dumps(metrics)}
    tensor_file.write(path, weights, described, KIND)


def open_weights(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """What a file says of itself, and its weights; of a folder, those of its model, or else of its newest checkpoint.

    Raises:
        InputError: there is no such file, or it does not hold a model.
    """
    if os.path.isdir(path) and not os.path.exists(path / MODEL):  # unlike those of Path they raise nothing, whatever the name
        checkpoint = Checkpoints(path / "checkpoints").newest(warn)
        if checkpoint is not None:
            return _of(checkpoint)
    folder, path = (path, path / MODEL) if os.path.isdir(path) else (None, path)
    if not os.path.exists(path):
        raise InputError(f"there is no model at {path}; train one with `vsa train`, or one of the examples")
    described, tensors = tensor_file.read(path, None)
    if folder is not None:
        _check_settings(folder, described)
    return _of(read_checkpoint(path)) if "about" in described else (described, tensors)


def _check_settings(folder: Path, described: dict[str, str]) -> None:
    """Refuse a folder that a model was saved into, whose config.json is another model's."""
    path = folder / CONFIG
    written = read_json(path) if path.exists() else {}
    if "model_type" not in written:
        return
    if not str(written["model_type"]).startswith(MODEL_TYPE):
        raise InputError(f"{path} is of a model of the type {written['model_type']!r}, none of those that vsa-torch writes")
    try:
        stored = {"task": described.get("task"), "config": json.loads(described.get("config", "null"))}
    except (ValueError, RecursionError) as error:
        raise InputError(f"{folder / MODEL} does not hold a model of this project: {error}") from error
    for name, value in stored.items():
        if written.get(name) != value:
            where = _difference(name, written.get(name), value)
            raise InputError(f"{path} and {folder / MODEL} do not belong together: they differ in {where}")


def _difference(name: str, written: Any, stored: Any) -> str:
    """Which setting it is, and both values."""
    if isinstance(written, dict) and isinstance(stored, dict):
        name = next(
            key for key in (*written, *stored) if written.get(key) != stored.get(key) or (key in written) != (key in stored)
        )
        written, stored = written.get(name), stored.get(name)
    return f"{name}, {_short(written)} and {_short(stored)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "..."


def _of(checkpoint: Checkpoint) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    metadata = checkpoint.metadata
    return {"task": str(metadata.get("task")), "config": json.dumps(metadata.get("config"))}, checkpoint.part("model")


def shipped() -> list[str]:
    """The names of the models that are shipped with the checkout."""
    return sorted(path.stem for path in SHIPPED.glob("*.safetensors"))
