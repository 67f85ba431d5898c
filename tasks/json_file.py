"""JSON files: whole or not there, and checked when they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vsa.errors import InputError
from vsa.files import read_file, replacing


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all; numbers that are not finite are an error."""
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """What `write_json` wrote.

    Raises:
        InputError: there is no such file, or it holds something else.
    """
    try:
        content = json.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} does not hold JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold names and values, got {type(content).__name__}")
    return content
