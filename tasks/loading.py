"""The way in to models: from a name or a path to the model that a task builds for what the file says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tasks.config import CONFIG
from tasks.json_file import read_json
from tasks.provenance import Provenance
from tasks.weights import MODEL, SHIPPED, open_weights, shipped
from vsa import load
from vsa.errors import DtypeError, InputError, VSAError


def load_model(name_or_path: str | Path, trust: bool = False) -> Any:
    """The model of a name or a path, in evaluation mode on the CPU; nothing is fetched or unpickled.

    Args:
        name_or_path: the name of a shipped model: "paired", "scene" or "paired-scene"; or a path: the folder of a run (its
            model, or its newest checkpoint while it has none), a weights file or checkpoint, or a folder that `save_pretrained`
            wrote. A str that is the name of a shipped model is never a path; write "./paired" or Path("paired") for one.
        trust: build what is no part of the project too, which the file names as "package.module:Class": its task, data set,
            encoder, decoder and whatever else a setting names. That runs code that the file has chosen, of what is installed.

    Returns:
        A `tasks.task_model.TaskModel` of the class that its task builds: `SceneModel`, `VAE`, `IDGAN`, or one of a plugin.

    Raises:
        DtypeError: it is neither a str nor a path.
        InputError: there is no such model, the file does not hold one, or names code that is not trusted.

    Example:
        >>> import torch
        >>> model = load_model("paired")
        >>> model.decode(model.object(model.features(torch.zeros(1, 1, 64, 64)))).shape
        torch.Size([1, 1, 64, 64])
    """
    path = _found(name_or_path)
    stored, weights = open_weights(path)
    try:
        task = load("task", _trusted(path, "task", stored["task"], trust))
        config = task.config.from_json(json.loads(stored["config"]))
        for setting, value in config.code().items():
            _trusted(path, setting, value, trust)
        model = task.restore(config, weights)
        model.provenance = Provenance(stored["task"], config, dict(json.loads(stored.get("metrics", "{}"))))
    except InputError:
        raise
    except (VSAError, KeyError, TypeError, ValueError, RuntimeError, RecursionError, AttributeError) as error:
        raise InputError(f"{path} does not hold a model of this project: {error}") from error
    return model.eval()


def load_saved(folder: Path, trust: bool = False) -> Any:
    """The same of a folder that `save_pretrained` wrote, and of nothing else.

    Raises:
        InputError: as `load_model`; or it is no such folder.
    """
    if not os.path.isdir(folder):  # unlike that of Path it raises nothing, whatever the name
        raise InputError(
            f"there is no folder {folder}; nothing is fetched: give the path of one that save_pretrained wrote, "
            "or that was downloaded from where it was shared"
        )
    for name in (CONFIG, MODEL):
        if not (folder / name).exists():
            raise InputError(f"{folder} is not a folder of a saved model: it has no {name}")
    if "model_type" not in read_json(folder / CONFIG):
        raise InputError(f"{folder / CONFIG} does not say which type of model it is of; a run is read by tasks.load_model")
    return load_model(folder, trust)


def _found(name_or_path: str | Path) -> Path:
    if not isinstance(name_or_path, (str, Path)):
        raise DtypeError(f"a model is given by a name or a path, a str or a Path; got {type(name_or_path).__name__}")
    if isinstance(name_or_path, str) and name_or_path in shipped():
        return SHIPPED / f"{name_or_path}.safetensors"
    if not os.path.exists(name_or_path):  # unlike that of Path it raises nothing, whatever the name
        raise InputError(
            f"there is no model {str(name_or_path)!r}: name the folder of a run, a folder or file of a model, "
            f"or one of those that are shipped ({', '.join(shipped()) or 'none here'})"
        )
    return Path(name_or_path)


def _trusted(path: Path, setting: str, name: str, trust: bool) -> str:
    if ":" in name and not trust:
        raise InputError(
            f"{path} names the {setting} {name!r}, code that is no part of this project; if you know it, load it with "
            "trust=True, or --trust at the command line"
        )
    return name
