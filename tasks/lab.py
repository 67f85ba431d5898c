"""Whether what the tasks need is installed: `python -m tasks.lab` says so."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

from vsa.command_line import complain
from vsa.errors import MissingExtraError, VSAError

PACKAGES = (
    "accelerate",
    "einops",
    "filelock",
    "huggingface_hub",
    "joblib",
    "matplotlib",
    "PIL",
    "rich",
    "safetensors",
    "sklearn",
    "torchvision",
    "tyro",
)
SLOW = ("accelerate", "huggingface_hub", "joblib", "sklearn", "torchvision")
"""Packages that take a second to import, and that not all commands use: it is enough that they are there."""


def check_lab() -> None:
    """Import what the tasks need, or see that it is there, before any work is done.

    Raises:
        MissingExtraError: a package is missing.
    """
    for name in PACKAGES:
        try:
            if name not in SLOW:
                import_module(name)
            elif find_spec(name) is None:
                raise ModuleNotFoundError(name=name)
        except ImportError as error:
            raise MissingExtraError(
                f"this needs the package {error.name or name}: run `make demo`, or pip install -e '.[lab]'"
            ) from error


if __name__ == "__main__":
    try:
        check_lab()
    except VSAError as error:
        sys.exit(complain(error))
