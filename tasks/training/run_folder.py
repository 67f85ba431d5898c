"""The folder of a run: checked before the work, and each file whole or not there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vsa.errors import OutputError
from vsa.files import replacing


@contextmanager
def run_folder(path: Path) -> Iterator[Path]:
    """The folder, made if it is not there; what of it was made and is still empty when the work fails is removed again.

    Raises:
        OutputError: it cannot be made or written.
    """
    path = path.absolute()
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        try:
            path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                pass
        except OSError as error:
            raise OutputError(f"cannot write to the folder {path}: {error.strerror}; choose another one with --out") from error
        yield path
    except BaseException:
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        raise


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all; numbers that are not finite are an error."""
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")
