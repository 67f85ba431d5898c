"""Models as files: weights, configuration and metrics in one safetensors file, and the way back.

Half precision halves the file, and changes no measured number beyond the third digit; everything computes in float32.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from tasks.config import StageConfig
from tasks.evaluation.reading import empty_codebooks
from tasks.model import SceneModel
from tasks.training.checkpoints import Checkpoint, Checkpoints, read_checkpoint, warn
from vsa import load, tensor_file
from vsa.errors import InputError, RangeError, VSAError

KIND = "vsa-torch model 1"
MODEL = "model.safetensors"
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
    weights = model.state_dict()
    if half:
        weights = {name: weight.half() if weight.dtype == torch.float32 else weight for name, weight in weights.items()}
    described = {"task": task, "config": json.dumps(config.as_json()), "metrics": json.dumps(metrics)}
    tensor_file.write(path, weights, described, KIND)


def load_run(path: Path, trust: bool = False) -> SceneModel:
    """The model of a run, in evaluation mode on the CPU.

    Args:
        path: model.safetensors or a checkpoint, or the folder of a run: its model, or its newest checkpoint while it has none.
        trust: build networks that are no part of the project too, which the file names as "package.module:Class". That runs
            code that the file has chosen, of what is installed.

    Raises:
        InputError: there is no such file, it does not hold a model, or names code that is not trusted.
    """
    stored, weights = _open(path)
    try:
        task = load("task", _trusted(path, "task", stored["task"], trust))
        config = task.config.from_json(json.loads(stored["config"]))
        for kind in ("encoder", "decoder"):
            _trusted(path, kind, getattr(config, kind), trust)
        expected = config.dim // 2 if config.roles == "FHRR" else config.dim
        if weights["roles.vectors"].shape[-1] != expected:  # before anything large is made
            raise ValueError(f"its roles are not of the dimension {config.dim}")
        model = task.build(config)
        if any(name.startswith("codebooks.") for name in weights):
            empty_codebooks(model)
        model.load_state_dict(weights)
    except InputError:
        raise
    except (VSAError, KeyError, TypeError, ValueError, RuntimeError, RecursionError, AttributeError) as error:
        raise InputError(f"{path} does not hold a model of this project: {error}") from error
    return model.eval()


def _trusted(path: Path, kind: str, name: str, trust: bool) -> str:
    if ":" in name and not trust:
        raise InputError(
            f"{path} names the {kind} {name!r}, code that is no part of this project; if you know it, load it with trust=True, "
            "or --trust at the command line"
        )
    return name


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
    """What a file says of itself, and its weights; of a folder, those of its model, or else of its newest checkpoint."""
    if path.is_dir() and not (path / MODEL).exists():
        checkpoint = Checkpoints(path / "checkpoints").newest(warn)
        if checkpoint is not None:
            return _of(checkpoint)
    path = path / MODEL if path.is_dir() else path
    if not path.exists():
        raise InputError(f"there is no model at {path}; train one with examples/paired.py, scene.py or paired_scene.py")
    described, tensors = tensor_file.read(path, None)
    return _of(read_checkpoint(path)) if "about" in described else (described, tensors)


def _of(checkpoint: Checkpoint) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    about = checkpoint.about
    return {"task": str(about.get("task")), "config": json.dumps(about.get("config"))}, checkpoint.part("model")


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
