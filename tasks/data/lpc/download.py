"""Fetching the published sheets of the LPC Sprites."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console

from tasks.data.download import fetch
from tasks.data.lpc.published import COMMIT, LARGEST, PAGE, SHEETS
from vsa.errors import OutputError

URL = f"https://raw.githubusercontent.com/YingzhenLi/Sprites/{COMMIT}"

ADVICE = f"`git clone {PAGE}` by any means and give the folder with --data PATH; or take the data set cast, figures of our own"


def download(path: Path, console: Console | None = None) -> None:
    """Fetch the sheets that are used, those that are not there already; the same call goes on where one broke off.

    Args:
        path: the folder of the sheets, made if it is not there, in a folder that exists.
        console: where to show the progress; standard error if there is none.

    Raises:
        InputError: a sheet cannot be fetched, or another file has its name; see `tasks.data.download.fetch`.
        OutputError: a folder cannot be made or a file not written.

    Source: https://github.com/YingzhenLi/Sprites.
    """
    if not os.path.isdir(path.parent):  # unlike that of Path it raises nothing, whatever the name
        raise OutputError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    for name, checksum in SHEETS.items():
        place = path / name
        try:
            os.makedirs(place.parent, exist_ok=True)
        except (OSError, ValueError) as error:
            raise OutputError(f"cannot make the folder {place.parent}: {getattr(error, 'strerror', None) or error}") from error
        fetch(f"{URL}/{name}", place, checksum=f"sha256:{checksum}", largest=LARGEST, advice=ADVICE, console=console)
