"""Whether what the tasks need is installed: `python -m tasks.lab` says so."""

from __future__ import annotations

import sys
from importlib import import_module

from vsa.command_line import complain
from vsa.errors import MissingExtraError, VSAError

PACKAGES = ("accelerate", "einops", "filelock", "matplotlib", "rich", "safetensors", "tyro")


def check_lab() -> None:
    """Import what the tasks need, before any work is done.

    Raises:
        MissingExtraError: a package is missing.
    """
    for name in PACKAGES:
        try:
            import_module(name)
        except ImportError as error:
            raise MissingExtraError(
                f"this needs the package {error.name or name}: run `make demo`, or pip install -e '.[lab]'"
            ) from error


if __name__ == "__main__":
    try:
        check_lab()
    except VSAError as error:
        sys.exit(complain(error))
