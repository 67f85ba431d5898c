"""The laboratory's part of the command `vsa`: one file a subcommand, which imports nothing heavy before it has its flags."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import tasks.data  # noqa: F401  (which registers the names of data sets)
from vsa.command_line import ASKED, complain, lines
from vsa.plugins import sources

TRAIN_HELP = """\
usage: vsa train TASK [flags]

Learn a task; write metrics.json, figures and model.safetensors into the folder --out, and print the tables.

tasks:
{}

A task of your own is named package.module:attribute. `vsa train TASK --help` shows its flags.
"""

DATA_HELP = """\
usage: vsa data download PATH [--dataset lpc]
       vsa data write PATH
       vsa data unpack DATASET PATH TARGET
       vsa data splits [DATASET]

download: fetch the published file of dSprites, 26 MB, or the sheets of lpc, and check them; what broke off goes on.
write: render all pictures of it into a file of the published layout.
unpack: write the pictures of a published file of 3dshapes or mpi3d as they are, so that any can be read at once.
splits: list what a data set can hold out by name, for --split.
"""


def status_of(command: str, words: Sequence[str]) -> int:
    """The exit status of a subcommand, as of `tasks.command_line.status_of`.

    Args:
        command: train, evaluate, edit, swap or data.
        words: what stands behind it.
    """
    if command == "train" and list(words[:1]) in ASKED:
        print(TRAIN_HELP.format(lines(sources("task"))), end="")
        return 0
    if command == "data" and (not words or list(words[:1]) in ASKED):
        print(DATA_HELP, end="")
        return 0
    try:
        module = import_module(f"tasks.console.{command}")
    except ImportError as error:
        return complain(
            f"this needs the package {str(error.name).partition('.')[0]}: run `make demo`, or pip install -e '.[lab]'"
        )
    return module.status_of(words)
