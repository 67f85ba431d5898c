"""`vsa data`: files of data sets, fetched, written and unpacked; and the named splits of a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from tasks import command_line
from tasks.console.files import check_place
from vsa.command_line import complain
from vsa.errors import RangeError, choices

UNPACKED = ("3dshapes", "mpi3d")
"""The data sets whose published files are packed."""


@dataclass(frozen=True)
class DownloadConfig:
    """Fetch the published file of a data set, and check it; the same command goes on where one broke off."""

    path: Positional[Annotated[Path, arg(metavar="PATH")]]
    """Where the file goes, 26 MB, in a folder that exists; for lpc the folder of the sheets, made if it is not there."""
    dataset: Literal["dsprites", "lpc"] = "dsprites"
    """Of which data set."""


@dataclass(frozen=True)
class WriteConfig:
    """Render all pictures of dSprites into a file with the layout of the published one."""

    path: Positional[Annotated[Path, arg(metavar="PATH")]]
    """Where the file goes, in a folder that exists; one that is there is replaced when the new one is whole."""


@dataclass(frozen=True)
class UnpackConfig:
    """Write the pictures of a published file as an npy file, of which any can be read at once, for --data."""

    dataset: Positional[Annotated[str, arg(metavar="DATASET")]]
    """The data set: 3dshapes or mpi3d."""
    path: Positional[Annotated[Path, arg(metavar="PATH")]]
    """The published file."""
    target: Positional[Annotated[Path, arg(metavar="TARGET")]]
    """Where the npy file goes, in a folder that exists; one that is there is replaced when the new one is whole."""


@dataclass(frozen=True)
class SplitsConfig:
    """List the named splits of a data set, for --split."""

    dataset: Positional[Annotated[str, arg(metavar="DATASET")]] = "dsprites"
    """A name that `vsa list datasets` shows, the name of a plugin, or package.module:Class."""


def status_of(words: Sequence[str]) -> int:
    """The exit status of what the first word says: download, write, unpack or splits."""
    actions: dict[str, tuple[type, Callable[..., None]]] = {
        "download": (DownloadConfig, fetch),
        "write": (WriteConfig, write),
        "unpack": (UnpackConfig, unpack),
        "splits": (SplitsConfig, splits),
    }
    action, *rest = words
    if action not in actions:
        return complain(f"`vsa data` has no {action!r}; {choices(action, actions)}")
    return command_line.status_of(*actions[action], rest, f"vsa data {action}")


def fetch(config: DownloadConfig) -> None:
    """Fetch the file, or the sheets."""
    if config.dataset == "lpc":
        from tasks.data.lpc import download as sheets

        sheets.download(config.path)
        print(f"folder: {config.path}")
        return
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


def unpack(config: UnpackConfig) -> None:
    """Unpack a published file."""
    from tasks.data import published
    from vsa import load

    if config.dataset not in UNPACKED:
        raise RangeError(f"no published file of {config.dataset!r} can be unpacked; {choices(config.dataset, UNPACKED)}")
    check_place(config.target)
    made = load("dataset", config.dataset)
    published.unpack(config.path, config.target, made.name, made.factors, made.shape[-1])
    print(f"file: {config.target}")


def splits(config: SplitsConfig) -> None:
    """Print the named splits of a data set, without opening its files."""
    from tasks.data.declaration import as_splits
    from vsa import load

    found = as_splits(config.dataset, getattr(load("dataset", config.dataset), "splits", {}))
    if not found:
        print(f"{config.dataset} has no named splits; --test and --validation say what is held out")
    for name, held_out in found.items():
        print(f"{name}: {held_out.says or 'held out'}\n  --test {held_out.test!r} --validation {held_out.validation!r}")
