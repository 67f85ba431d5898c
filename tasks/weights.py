"""Models as files: weights, configuration and metrics in one safetensors file, and the way back.

Half precision halves the file, and changes no measured number beyond the third digit; everything computes in float32.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch

from tasks.about import About, TaskModel
from tasks.config import CONFIG, RunConfig
from tasks.json_file import read_json
from tasks.model import SceneModel
from tasks.training.checkpoints import Checkpoint, Checkpoints, read_checkpoint, warn
from vsa import load, tensor_file
from vsa.errors import InputError, RangeError, VSAError

KIND = "vsa-torch model 1"
MODEL = "model.safetensors"
MODEL_TYPE = "vsa-torch-scene"
"""What config.json says in a folder that a model was saved into; a run's has no such word."""
SHIPPED = Path(__file__).resolve().parents[1] / "weights"


def save(model: TaskModel, task: str, config: RunConfig, metrics: dict[str, Any], path: Path, half: bool = False) -> None:
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


def load_run(path: Path, trust: bool = False) -> TaskModel:
    """The model of a run, in evaluation mode on the CPU.

    Args:
        path: model.safetensors or a checkpoint, or the folder of a run: its model, or its newest checkpoint while it has none; or
            a folder that `SceneModel.save_pretrained` wrote.
        trust: build networks that are no part of the project too, which the file names as "package.module:Class". That runs
            code that the file has chosen, of what is installed.

    Raises:
        InputError: there is no such file, it does not hold a model, or names code that is not trusted.
    """
    stored, weights = open_weights(path)
    try:
        task = load("task", _trusted(path, "task", stored["task"], trust))
        config = task.config.from_json(json.loads(stored["config"]))
        for setting, value in config.code().items():
            _trusted(path, setting, value, trust)
        model = task.restore(config, weights)
        model.about = About(stored["task"], config, dict(json.loads(stored.get("metrics", "{}"))))
    except InputError:
        raise
    except (VSAError, KeyError, TypeError, ValueError, RuntimeError, RecursionError, AttributeError) as error:
        raise InputError(f"{path} does not hold a model of this project: {error}") from error
    return model.eval()


def load_scene(path: Path, trust: bool = False) -> SceneModel:
    """The same of a model that composes vectors, which can be edited and read.

    Raises:
        InputError: as `load_run`; or it is another kind of model.
    """
    return as_scene(load_run(path, trust), path)


def as_scene(model: TaskModel, where: str | Path) -> SceneModel:
    """A model, if it composes vectors.

    Raises:
        InputError: it is another kind of model.
    """
    if not isinstance(model, SceneModel):
        raise InputError(f"{where} is a model of the task {model.described().task}, which has no vectors to edit; give a stage's")
    return model


def _trusted(path: Path, setting: str, name: str, trust: bool) -> str:
    if ":" in name and not trust:
        raise InputError(
            f"{path} names the {setting} {name!r}, code that is no part of this project; if you know it, load it with "
            "trust=True, or --trust at the command line"
        )
    return name


def stored_metrics(path: Path) -> dict[str, Any]:
    """The metrics that were measured when the model of a file was saved.

    Raises:
        InputError: there is no such file, or it does not hold a model.
    """
    return json.loads(open_weights(path)[0].get("metrics", "{}"))


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
    if written["model_type"] != MODEL_TYPE:
        raise InputError(f"{path} is of a model of the type {written['model_type']!r}, not {MODEL_TYPE!r}")
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
    about = checkpoint.about
    return {"task": str(about.get("task")), "config": json.dumps(about.get("config"))}, checkpoint.part("model")


def shipped() -> list[str]:
    """The names of the models that are shipped with the checkout."""
    return sorted(path.stem for path in SHIPPED.glob("*.safetensors"))


def find_model(name: str) -> Path:
    """Where a model is: that of a shipped name, or else of a path.

    Args:
        name: "paired", "scene" or "paired-scene"; or a folder or a file, which has a "/" in it if it is called like one of them.

    Raises:
        InputError: it is neither.
    """
    if name in shipped():
        return SHIPPED / f"{name}.safetensors"
    if not os.path.exists(name):  # unlike that of Path it raises nothing, whatever the name
        raise InputError(
            f"there is no model {name!r}: name the folder of a run, a folder or file of a model, "
            f"or one of those that are shipped ({', '.join(shipped()) or 'none here'})"
        )
    return Path(name)


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
    if name not in shipped():
        raise RangeError(f"there is no shipped model {name!r}; there are {', '.join(shipped()) or 'none here'}")
    return load_scene(SHIPPED / f"{name}.safetensors")
