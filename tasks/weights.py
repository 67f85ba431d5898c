"""Models as files: weights, configuration and metrics in one safetensors file, and the way back.

Half precision halves the file, and changes no measured number beyond the third digit; everything computes in float32.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize

from tasks.config import StageConfig
from tasks.evaluation.reading import empty_codebooks
from tasks.model import SceneModel
from vsa import load
from vsa.errors import InputError, RangeError
from vsa.files import replacing

SHIPPED = Path(__file__).resolve().parents[1] / "weights"


def save(model: SceneModel, task: str, config: StageConfig, metrics: dict[str, Any], path: Path, half: bool = False) -> None:
    """Write a model, its configuration and its metrics as one safetensors file, whole or not at all.

    Args:
        model: to be saved.
        task: its name.
        config: how it was made.
        metrics: what was measured.
        path: the file.
        half: keep weights in float16.

    Raises:
        OutputError: it cannot be written.
    """
    weights = {name: weight.detach().cpu().contiguous() for name, weight in model.state_dict().items()}
    if half:
        weights = {name: weight.half() if weight.dtype == torch.float32 else weight for name, weight in weights.items()}
    metadata = {"task": task, "config": json.dumps(config.as_json()), "metrics": json.dumps(metrics)}
    with replacing(path) as part:
        part.write_bytes(serialize(weights, metadata))


def load_run(path: Path) -> SceneModel:
    """The model of a run, in evaluation mode on the CPU: from model.safetensors or the folder that holds it.

    Raises:
        InputError: there is no such file, or it does not hold a model.
    """
    stored, weights = _open(path)
    try:
        task = load("task", stored["task"])
        model = task.build(task.config.from_json(json.loads(stored["config"])))
        if any(name.startswith("codebooks.") for name in weights):
            empty_codebooks(model)
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{path} does not hold a model of this project: {error}") from error
    return model.eval()


def start_from(model: SceneModel, path: Path) -> None:
    """Give a model the encoder, the decoder and the roles of another, which may be of another stage.

    Raises:
        InputError: there is no such file, or its encoder, decoder or roles are of another kind or size.
    """
    parts = ("encoder.", "decoder.", "roles.")
    weights = {name: weight for name, weight in _open(path)[1].items() if name.startswith(parts)}
    rest = {name: weight for name, weight in model.state_dict().items() if not name.startswith(parts)}
    try:
        model.load_state_dict(rest | weights)
    except RuntimeError as error:
        raise InputError(f"cannot start from {path}: its encoder, decoder or roles are others; {error}") from error


def stored_metrics(path: Path) -> dict[str, Any]:
    """The metrics that were measured when the model of a file was saved.

    Raises:
        InputError: there is no such file, or it does not hold a model.
    """
    return json.loads(_open(path)[0].get("metrics", "{}"))


def _open(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    """What a file says of itself, and its weights."""
    path = path / "model.safetensors" if path.is_dir() else path
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
    except FileNotFoundError as error:
        raise InputError(
            f"there is no model at {path}; train one with examples/paired.py, scene.py or paired_scene.py"
        ) from error
    except SafetensorError as error:
        raise InputError(f"{path} does not hold a model of this project: {error}") from error


def load_model(name: str) -> SceneModel:
    """The shipped model of a stage, in evaluation mode on the CPU; nothing is fetched.

    Args:
        name: "paired", "scene" or "paired-scene".

    Raises:
        RangeError: there is no shipped model of that name; the message lists those that exist.

    Example:
        >>> model = load_model("paired")
        >>> model.decode(model.object(model.features(torch.zeros(1, 1, 64, 64)))).shape
        torch.Size([1, 1, 64, 64])
    """
    there = sorted(path.stem for path in SHIPPED.glob("*.safetensors"))
    if name not in there:
        raise RangeError(f"there is no shipped model {name!r}; there are {', '.join(there) or 'none here'}")
    return load_run(SHIPPED / f"{name}.safetensors")
