"""`vsa data download PATH` and `vsa data write PATH`: the published file of dSprites, and one of its layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from tasks import command_line
from tasks.console.files import check_place
from vsa.command_line import complain
from vsa.errors import choices


@dataclass(frozen=True)
class DownloadConfig:
    """Fetch the published file of dSprites, 26 MB, and check it; the same command goes on where one broke off."""

    path: Positional[Annotated[Path, arg(metavar="PATH")]]
    """Where the file goes, in a folder that exists."""


@dataclass(frozen=True)
class WriteConfig:
    """Render all pictures of dSprites into a file with the layout of the published one."""

    path: Positional[Annotated[Path, arg(metavar="PATH")]]
    """Where the file goes, in a folder that exists; one that is there is replaced when the new one is whole."""


def status_of(words: Sequence[str]) -> int:
    """The exit status of what the first word says: download or write."""
    actions: dict[str, tuple[type, Callable[..., None]]] = {"download": (DownloadConfig, fetch), "write": (WriteConfig, write)}
    action, *rest = words
    if action not in actions:
        return complain(f"`vsa data` has no {action!r}; {choices(action, actions)}")
    return command_line.status_of(*actions[action], rest, f"vsa data {action}")


def fetch(config: DownloadConfig) -> None:
    """Fetch the file."""
    from tasks.data.dsprites import download

    check_place(config.path)
    download.download(config.path)
    print(f"file: {config.path}")


def write(config: WriteConfig) -> None:
    """Write the file."""
    from tasks.data.dsprites import original_writer

    check_place(config.path)
    original_writer.write_original(config.path)
    print(f"file: {config.path}")
