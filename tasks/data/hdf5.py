"""Reading an HDF5 file that nobody vouches for: its own arrays alone, packed in ways that HDF5 itself brings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsa.errors import InputError, MissingExtraError
from vsa.files import open_file

PACKINGS = (None, "gzip", "lzf")
"""Others would have HDF5 load a program from wherever its environment says."""

_DAMAGE = (OSError, RuntimeError, ValueError, KeyError, TypeError)
"""What h5py raises, on one damaged file or another."""


class Hdf5:
    """An HDF5 file, open for reading: see `opened_hdf5`."""

    def __init__(self, path: Path, file: Any, title: str) -> None:
        self.path = path
        self.file = file
        self.title = title

    def wrong(self, what: str) -> InputError:
        """The error that says what is wrong with this file."""
        return InputError(f"{self.path} is not the published file of {self.title}: {what}; get it again")

    def array(self, name: str, dtype: str, shape: tuple[int, ...]) -> Any:
        """An array of exactly this dtype and shape; nothing of it is read.

        Raises:
            InputError: the file has no such array of its own, or it is another one.
        """
        import h5py

        try:
            link = self.file.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise self.wrong(f"it has no array {name}" if link is None else f"{name} is a link to elsewhere")
            array = self.file[name]
            if not isinstance(array, h5py.Dataset):
                raise self.wrong(f"{name} is no array")
            if array.is_virtual or array.external:
                raise self.wrong(f"{name} lies in other files")
            if array.compression not in PACKINGS:
                raise self.wrong(f"{name} is packed in a way that HDF5 does not bring")
            if array.dtype.str != dtype:
                raise self.wrong(f"{name} must be {np.dtype(dtype)} ({dtype}), not {array.dtype} ({array.dtype.str})")
            if array.shape != shape:
                raise self.wrong(f"{name} must be {list(shape)}, not {list(array.shape or ())}")
        except InputError:
            raise
        except _DAMAGE as error:
            raise self.wrong(f"{name} is damaged ({error})") from error
        return array

    def part(self, array: Any, start: int, stop: int) -> NDArray[Any]:
        """The rows of an array from one to before another."""
        try:
            return array[start:stop]
        except _DAMAGE as error:
            raise self.wrong(f"{array.name[1:]} is damaged ({error})") from error

    def rows(self, array: Any, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """Rows of an array, in increasing order, each once."""
        found = np.empty((len(numbers), *array.shape[1:]), array.dtype)
        # What lies together comes in one read, because what is packed together is unpacked together.
        ends = np.flatnonzero(np.diff(numbers, append=-1) != 1) + 1
        for start, stop in zip([0, *ends], ends, strict=False):
            found[start:stop] = self.part(array, int(numbers[start]), int(numbers[stop - 1]) + 1)
        return found


@contextmanager
def opened_hdf5(path: Path, title: str) -> Iterator[Hdf5]:
    """An HDF5 file, open for reading its arrays.

    Args:
        path: of a regular file.
        title: of the data set, for messages.

    Raises:
        InputError: there is none, it cannot be read, or it is not HDF5, or cut short.
        MissingExtraError: h5py is not installed.

    Example:
        >>> import h5py, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.h5")
        ...     with h5py.File(path, "w") as file:
        ...         file["a"] = np.arange(5.0)
        ...     with opened_hdf5(path, "numbers") as file:
        ...         file.rows(file.array("a", "<f8", (5,)), np.array([1, 2, 4])).tolist()
        [1.0, 2.0, 4.0]
    """
    open_file(path).close()  # which refuses what is no file, and waits for none
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("this needs the package h5py: run `make demo`, or pip install -e '.[lab]'") from error
    try:
        file = h5py.File(path, "r", locking=False)
    except _DAMAGE as error:
        raise InputError(f"{path} is not an HDF5 file, or is cut short or damaged ({error}); get it again") from error
    with file:
        yield Hdf5(path, file, title)
