"""The laboratory's part of the command `vsa`: one file a subcommand, which imports nothing heavy before it has its flags."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from vsa.command_line import complain


def status_of(command: str, words: Sequence[str]) -> int:
    """The exit status of a subcommand, as of `tasks.command_line.status_of`.

    Args:
        command: train, evaluate, edit or data.
        words: what stands behind it.
    """
    try:
        module = import_module(f"tasks.console.{command}")
    except ImportError as error:
        return complain(
            f"this needs the package {str(error.name).partition('.')[0]}: run `make demo`, or pip install -e '.[lab]'"
        )
    return module.status_of(words)
