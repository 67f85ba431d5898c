"""Published files of pictures: checked, and read by rows when they are wanted, because they do not fit in memory.

A file holds an array of pictures, uint8 [n, h, w, 3], of every combination in the order of the factors, the last one fastest: as
an npy file, as the member `images` of an npz file, or as the dataset `images` of an HDF5 file, which has `labels` too. The first
bytes of a file tell which of them it is.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor

from tasks.data.factor import Factor
from tasks.data.hdf5 import Hdf5, opened_hdf5
from tasks.data.npz import HEADER, check_header, opened
from tasks.data.progress_bar import progress_bar
from vsa.errors import InputError, OutputError
from vsa.files import open_file, replacing

if TYPE_CHECKING:
    from jaxtyping import Int64, UInt8

ROWS = 1024
"""Pictures that are read at a time, where all are."""

Rows = Callable[[NDArray[np.int64]], NDArray[np.uint8]]
"""From the numbers of pictures, in increasing order and each once, to the pictures [n, h, w, 3]."""


class Published:
    """The pictures of a published file, by their classes.

    Args:
        path: of the file; or of the npy file that `unpack` made of it.
        title: what the data set is called, for messages.
        factors: of the data set; their order is the file's.
        shape: of an observation, [3, h, w].

    Raises:
        InputError: the file cannot be read, is damaged, is another one, or is packed so that no picture can be read alone.
        MissingExtraError: it is an HDF5 file, and h5py is not installed.
    """

    def __init__(self, path: Path, title: str, factors: Sequence[Factor], shape: tuple[int, int, int]) -> None:
        self.counts = tuple(len(factor) for factor in factors)
        self.rows = _open(Path(path), title, factors, (math.prod(self.counts), *shape[1:], shape[0]))

    def observe(self, classes: Int64[Tensor, "n f"]) -> UInt8[Tensor, "n 3 h w"]:
        """The pictures, 0 to 255."""
        numbers = np.ravel_multi_index(tuple(classes.cpu().numpy().T), self.counts)
        wanted, back = np.unique(numbers, return_inverse=True)  # files are read forwards, and a picture once
        pictures = self.rows(wanted)[back]
        return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).to(classes.device)


def unpack(path: Path, target: Path, title: str, factors: Sequence[Factor], size: int, *, console: Console | None = None) -> None:
    """Write the pictures of a published npz or HDF5 file as an npy file, of which any picture can be read at once.

    Args:
        path: of the published file.
        target: of the npy file; one that is there is replaced when the new one is whole.
        title, factors: of the data set.
        size: height and width of a picture.
        console: where to show the progress; standard error if there is none.

    Raises:
        InputError: the published file cannot be read, is damaged, or is another one.
        OutputError: the npy file cannot be written, for instance because the disk is full; nothing half-written is left.
    """
    shape = (math.prod(len(factor) for factor in factors), size, size, 3)
    if os.path.exists(target) and os.path.exists(path) and os.path.samefile(path, target):
        raise OutputError(f"cannot write {target}: it is the file that is read")
    kind = _kind(path, title)
    if kind == "npy":
        raise InputError(f"{path} is an npy file, of which any picture can be read: give it with --data {path}")
    with (
        replacing(target) as part,
        part.open("wb") as file,
        progress_bar(f"Unpacking {path.name}", shape[0], "pictures", console=console) as advance,
    ):
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for pictures in _parts(path, kind, title, factors, shape):
            file.write(pictures.tobytes())
            advance(len(pictures))


def _open(path: Path, title: str, factors: Sequence[Factor], shape: tuple[int, ...]) -> Rows:
    kind = _kind(path, title)
    if kind == "npy":
        return _mapped(path, _npy_offset(path, title, shape), shape)
    if kind == "npz":
        with opened(path, title) as file:
            offset = file.offset("images", "|u1", shape)
        if offset is None:
            raise InputError(
                f"{path} is packed, so that no picture can be read alone: `vsa data unpack {title} {path} PATH` writes its "
                f"pictures as they are ({math.prod(shape) / 1e9:.1f} GB), for --data PATH"
            )
        return _mapped(path, offset, shape)
    with opened_hdf5(path, title) as file:
        file.array("images", "|u1", shape)
        _check_labels(file, factors)

    def read(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        with opened_hdf5(path, title) as file:  # anew, because an open one cannot go to another process
            return file.rows(file.array("images", "|u1", shape), numbers)

    return read


def _parts(path: Path, kind: str, title: str, factors: Sequence[Factor], shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
    if kind == "npz":
        with opened(path, title) as file:
            yield from file.chunks("images", "|u1", shape, ROWS)
    else:
        with opened_hdf5(path, title) as file:
            images = file.array("images", "|u1", shape)
            _check_labels(file, factors)
            for start in range(0, shape[0], ROWS):
                yield file.part(images, start, min(start + ROWS, shape[0]))


def _kind(path: Path, title: str) -> str:
    with open_file(path) as file:
        start = file.read(8)
    for kind, magic in (("npy", b"\x93NUMPY"), ("npz", b"PK\x03\x04"), ("hdf5", b"\x89HDF\r\n\x1a\n")):
        if start.startswith(magic):
            return kind
    raise _wrong(path, title, "it is neither npz nor HDF5, nor npy, by its first bytes")


def _wrong(path: Path, title: str, what: str) -> InputError:
    return InputError(f"{path} is not the published file of {title}: {what}; get it again")


def _npy_offset(path: Path, title: str, shape: tuple[int, ...]) -> int:
    """Where the numbers of an npy file begin."""
    with open_file(path) as file:
        head = io.BytesIO(file.read(HEADER))
        size = file.seek(0, os.SEEK_END)
    check_header(head, "|u1", shape, lambda what: _wrong(path, title, f"its array {what}"))
    if size != head.tell() + math.prod(shape):
        raise _wrong(path, title, f"it has {size:,} bytes instead of {head.tell() + math.prod(shape):,}")
    return head.tell()


def _mapped(path: Path, offset: int, shape: tuple[int, ...]) -> Rows:
    """Pictures that lie in a file as they are: the system reads what is asked for, and forgets it when memory is short."""
    pictures = np.memmap(path, np.uint8, "r", offset, shape)
    return lambda numbers: np.asarray(pictures[numbers])


def _check_labels(file: Hdf5, factors: Sequence[Factor]) -> None:
    """Whether the labels are the factors' values, every combination in order; of texts the number of the class."""
    counts = tuple(len(factor) for factor in factors)
    values = [np.arange(len(factor)) if factor.named else np.array(factor.values, dtype=float) for factor in factors]
    n = math.prod(counts)
    labels: Any = file.array("labels", "<f8", (n, len(counts)))
    for start in range(0, n, 64 * ROWS):
        found = file.part(labels, start, min(start + 64 * ROWS, n))
        classes = np.unravel_index(np.arange(start, start + len(found)), counts)
        right = np.stack([value[column] for value, column in zip(values, classes, strict=True)], -1)
        fits = np.abs(found - right) <= 1e-6  # a NaN does not
        if not fits.all():
            first = int((~fits).any(1).argmax())
            raise file.wrong(f"labels of picture {start + first} are {found[first].tolist()}, out of the grid's order")
