"""Whether the packages that the tasks depend on are installed: `python -m tasks.dependencies` says so."""

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
    "h5py",
    "huggingface_hub",
    "joblib",
    "matplotlib",
    "PIL",
    "pooch",
    "rich",
    "safetensors",
    "sklearn",
    "torchvision",
    "tyro",
)
SLOW = ("accelerate", "h5py", "huggingface_hub", "joblib", "pooch", "sklearn", "torchvision")
"""Packages that take a second to import, and that not every command uses: it is enough that they are installed."""


def check_dependencies() -> None:
    """Import the packages that the tasks depend on, or see that they are installed, before any work is done.

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
        check_dependencies()
    except VSAError as error:
        sys.exit(complain(error))
