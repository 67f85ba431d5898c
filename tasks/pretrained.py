"""Folders as Hugging Face's hub has them: a model, its settings as JSON, and a page that describes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tasks.card import card
from tasks.config import CONFIG
from tasks.json_file import read_json, write_json
from tasks.model import SceneModel
from tasks.training.run_folder import WRITTEN
from tasks.weights import MODEL, MODEL_TYPE, load_scene, save
from vsa import __version__
from vsa.errors import InputError, OutputError
from vsa.files import replacing

PAGE = "README.md"


def write_folder(model: SceneModel, folder: Path, half: bool = False) -> None:
    """Write model.safetensors, config.json and README.md, all of them or none; see `SceneModel.save_pretrained`.

    Raises:
        OutputError: the folder cannot be written, or holds something else already.
        VSAError: the model was composed by hand.
    """
    about = model.described().published()
    page = card(model, about, half)
    settings = {"task": about.task, "version": __version__, "config": about.config.as_json()}
    with _made(folder):
        there = [name for name in dict.fromkeys((*WRITTEN, CONFIG, PAGE)) if (folder / name).exists()]
        if there and not _is_ours(folder):
            raise OutputError(
                f"there is something else in {folder} already ({', '.join(there)}), which would be replaced; "
                "choose another folder"
            )
        with ExitStack() as stack:  # files take their places when all of them are written
            weights, config, readme = (stack.enter_context(replacing(folder / name)) for name in (MODEL, CONFIG, PAGE))
            save(model, about.task, about.config, about.metrics, weights, half)
            write_json(config, {"model_type": MODEL_TYPE, "library_name": "vsa-torch", **settings})
            readme.write_text(page, encoding="utf-8")


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """The folder, made if it is not there; what of it was made is removed again when the work fails."""
    try:
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write to the folder {folder}: {getattr(error, 'strerror', None) or error}") from error
    try:
        yield
    except BaseException:
        with suppress(OSError):  # it is not empty
            for path in made:
                path.rmdir()
        raise


def read_folder(folder: Path, trust: bool = False) -> SceneModel:
    """The model of such a folder; see `SceneModel.from_pretrained`.

    Raises:
        InputError: there is no such folder, or it cannot be used.
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
        raise InputError(f"{folder / CONFIG} does not say which type of model it is of; a run is read by tasks.weights.load_run")
    return load_scene(folder, trust)


def _is_ours(folder: Path) -> bool:
    """Whether a model was saved into this folder, and nothing else."""
    if any((folder / name).exists() for name in WRITTEN if name != MODEL):
        return False
    try:
        return read_json(folder / CONFIG).get("model_type") == MODEL_TYPE
    except InputError:
        return False
