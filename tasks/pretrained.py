"""Folders as Hugging Face's hub has them: a model, its settings as JSON, and a page that describes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from torch import nn

from tasks.card import Page, card
from tasks.config import CONFIG
from tasks.json_file import read_json, write_json
from tasks.provenance import Provenance
from tasks.training.run_folder import WRITTEN
from tasks.weights import MODEL, MODEL_TYPE, save
from vsa import __version__
from vsa.errors import InputError, OutputError
from vsa.files import replacing

PAGE = "README.md"


def write_folder(model: nn.Module, kind: str, provenance: Provenance, page: Page, folder: Path, half: bool = False) -> None:
    """Write model.safetensors, config.json and README.md, all of them or none; see `TaskModel.save_pretrained`.

    Raises:
        OutputError: the folder cannot be written, or holds something else already.
    """
    text = card(page, provenance, half)
    settings = {"task": provenance.task, "version": __version__, "config": provenance.config.as_json()}
    with _made(folder):
        there = [name for name in dict.fromkeys((*WRITTEN, CONFIG, PAGE)) if (folder / name).exists()]
        if there and not _is_ours(folder):
            raise OutputError(
                f"there is something else in {folder} already ({', '.join(there)}), which would be replaced; "
                "choose another folder"
            )
        with ExitStack() as stack:  # files take their places when all of them are written
            weights, config, readme = (stack.enter_context(replacing(folder / name)) for name in (MODEL, CONFIG, PAGE))
            save(model, provenance.task, provenance.config, provenance.metrics, weights, half)
            write_json(config, {"model_type": f"{MODEL_TYPE}{kind}", "library_name": "vsa-torch", **settings})
            readme.write_text(text, encoding="utf-8")


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


def _is_ours(folder: Path) -> bool:
    """Whether a model was saved into this folder, and nothing else."""
    if any((folder / name).exists() for name in WRITTEN if name != MODEL):
        return False
    try:
        return str(read_json(folder / CONFIG).get("model_type")).startswith(MODEL_TYPE)
    except InputError:
        return False
