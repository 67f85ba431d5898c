"""Where the published file of dSprites is, and how it is known."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from tasks.data.download import fetch

PAGE = "https://github.com/google-deepmind/dsprites-dataset"
URL = f"{PAGE}/raw/master/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
CHECKSUM = "blob:d98996d3f8ee1550e06b9d4ed78d0beb478910d5"
LARGEST = 64 * 2**20

ADVICE = (
    f"fetch the file by any means from {PAGE} and give it with --data PATH, "
    "or leave --data out: the renderer draws the same pictures"
)


def download(path: Path, console: Console | None = None) -> None:
    """Fetch the published file of dSprites, unless it is there already; the same call goes on where one broke off.

    Args:
        path: where the file goes, in a folder that exists.
        console: where to show the progress; standard error if there is none.

    Raises:
        InputError, OutputError: it cannot be fetched or written, or is another file; see `tasks.data.download.fetch`.

    Source: https://github.com/google-deepmind/dsprites-dataset.
    """
    fetch(URL, path, checksum=CHECKSUM, largest=LARGEST, advice=ADVICE, console=console)
