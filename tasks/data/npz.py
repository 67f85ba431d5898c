"""Reading an npz file that nobody vouches for: nothing is unpickled, nothing unpacked beyond what is expected.

The members of an npz file are npy files in a zip; see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from vsa.errors import InputError
from vsa.files import open_file

HEADER = 4096  # bytes in which an npy header must end; those of numbers take 128

LOCAL = struct.Struct("<26xHH")
"""A member's own header in a zip: it ends with how long its name and its extra field are, which follow."""

_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError, RuntimeError)
"""What zipfile raises, on one damaged file or another; RuntimeError for a member that wants a password."""


class Npz:
    """An npz file, open for reading: see `opened`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, title: str) -> None:
        self.path = path
        self.archive = archive
        self.title = title

    def wrong(self, what: str) -> InputError:
        """The error that says what is wrong with this file."""
        return InputError(f"{self.path} is not the published file of {self.title}: {what}; get it again")

    def chunks(self, name: str, dtype: str, shape: tuple[int, ...], rows: int = 1024) -> Iterator[NDArray[Any]]:
        """An array of exactly this dtype and shape, in C order, in parts of so many rows.

        Args:
            name: the array's name in the file.
            dtype: as in an npy header, such as "<f8".
            shape: of the whole array.
            rows: how many entries of the first dimension come at once.

        Raises:
            InputError: the file has no such array, or it is another one, or damaged; before anything is unpacked where
                the headers tell. What they tell is not trusted: the bytes are counted, and must have the zip's checksum.
        """
        rowsize = np.dtype(dtype).itemsize * int(np.prod(shape[1:]))
        member = self._member(name, rowsize * shape[0])
        try:
            with self.archive.open(member) as stream:
                head = io.BytesIO(stream.read(HEADER))
                self._check_header(name, head, dtype, shape)
                if head.tell() + rowsize * shape[0] != member.file_size:
                    raise self.wrong(f"{name} does not have the size that its header tells")
                rest = head.read()
                for start in range(0, shape[0], rows):
                    n = min(rows, shape[0] - start)
                    part = rest[: n * rowsize]
                    rest = rest[n * rowsize :]
                    part += _exactly(stream.read, n * rowsize - len(part))
                    yield np.frombuffer(part, dtype).reshape(n, *shape[1:])
        except InputError:
            raise
        except _DAMAGE as error:
            raise self.wrong(f"{name} is damaged ({error or type(error).__name__})") from error

    def offset(self, name: str, dtype: str, shape: tuple[int, ...]) -> int | None:
        """Where the numbers of an array begin in the file, if they are stored as they are; None if they are packed.

        Raises:
            InputError: as for `chunks`; the numbers themselves are not read.
        """
        size = np.dtype(dtype).itemsize * int(np.prod(shape))
        member = self._member(name, size)
        try:
            with self.archive.open(member) as stream:
                head = io.BytesIO(stream.read(HEADER))
                self._check_header(name, head, dtype, shape)
                if head.tell() + size != member.file_size:
                    raise self.wrong(f"{name} does not have the size that its header tells")
            if member.compress_type != zipfile.ZIP_STORED:
                return None
            with open_file(self.path) as raw:
                raw.seek(member.header_offset)
                local = raw.read(LOCAL.size)
                *_, names, extra = LOCAL.unpack(local)
                start = member.header_offset + LOCAL.size + names + extra + head.tell()
                if start + size > raw.seek(0, os.SEEK_END):
                    raise self.wrong(f"{name} is cut short")
        except InputError:
            raise
        except _DAMAGE as error:
            raise self.wrong(f"{name} is damaged ({error or type(error).__name__})") from error
        return start

    def _member(self, name: str, size: int) -> zipfile.ZipInfo:
        try:
            member = self.archive.getinfo(f"{name}.npy")
        except KeyError as error:
            raise self.wrong(f"it has no array {name}") from error
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.wrong(f"{name} is encrypted or packed in a way that numpy does not write")
        if not size < member.file_size <= size + HEADER:
            raise self.wrong(f"{name} would unpack to {member.file_size:,} bytes instead of {size:,} and a header")
        return member

    def _check_header(self, name: str, head: io.BytesIO, dtype: str, shape: tuple[int, ...]) -> None:
        check_header(head, dtype, shape, lambda what: self.wrong(f"{name} {what}"))


def check_header(head: io.BytesIO, dtype: str, shape: tuple[int, ...], wrong: Callable[[str], InputError]) -> None:
    """Read the header of an npy file, and refuse one of another dtype or shape, or of pickled objects.

    Args:
        head: the file's first bytes; after this it stands where the numbers begin.
        dtype: as in an npy header, such as "<f8".
        shape: of the whole array, in C order.
        wrong: makes the error of what is wrong.

    Raises:
        InputError: what `wrong` makes.
    """
    try:
        version = npy.read_magic(head)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers of Python 2, which wrote the published file
            found_shape, fortran, found = read(head)
    except Exception as error:  # numpy evaluates the header as a literal, and damage shows in any way
        raise wrong("has no header of an array") from error
    if found.hasobject:
        raise wrong("holds pickled objects, which are never read")
    if found.str != dtype:
        raise wrong(f"must be {np.dtype(dtype)} ({dtype}), not {found} ({found.str})")
    if found_shape != shape:
        raise wrong(f"must be {list(shape)}, not {list(found_shape)}")
    if fortran:
        raise wrong("must be in C order, not in Fortran order")


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    data = read(size)
    if len(data) != size:
        raise EOFError("it ends too early")
    return data


@contextmanager
def opened(path: Path, title: str) -> Iterator[Npz]:
    """An npz file, open for reading its arrays one by one.

    Args:
        path: of a regular file.
        title: of the data set, for messages.

    Raises:
        InputError: there is none, it cannot be read, or it is not a zip.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.npz")
        ...     np.savez_compressed(path, a=np.arange(5.0))
        ...     with opened(path, "numbers") as file:
        ...         [part.tolist() for part in file.chunks("a", "<f8", (5,), rows=3)]
        [[0.0, 1.0, 2.0], [3.0, 4.0]]
    """
    with open_file(path) as raw:
        try:
            archive = zipfile.ZipFile(raw)
        except _DAMAGE as error:
            raise InputError(f"{path} is not an npz file, or is cut short or damaged ({error}); get it again") from error
        with archive:
            yield Npz(path, archive, title)
