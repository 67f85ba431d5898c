"""Files that are whole or not there, and that are only read when they are files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vsa.errors import InputError, OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name to write; what is written is synced and takes the file's place, or is removed when something fails.

    Whenever the process is killed, or the power fails, there is the old file or the new one.

    Raises:
        OutputError: it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder) / "result.txt") as part:
        ...         _ = part.write_text("42")
        ...     (Path(folder) / "result.txt").read_text()
        '42'
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}") if path.name else path
    try:
        if not path.name or "\0" in str(path):
            raise OutputError(f"cannot write {str(path)!r}: it is not the name of a file")
        os.fsencode(path)
        if path.exists() and not path.is_file():  # a rename would put a file in the place of a device
            raise OutputError(f"cannot write {path}: it is a {'folder' if path.is_dir() else 'pipe or a device'}, not a file")
    except (OSError, UnicodeError) as error:
        raise _unwritten(path, error) from error
    try:
        yield part
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        with suppress(OSError):  # the folder may be gone; the first error says more
            part.unlink()


def _unwritten(path: Path, error: Exception) -> Exception:
    if isinstance(error, (InputError, OutputError)):
        return error
    name = str(path).encode("utf-8", "backslashreplace").decode()  # that can be printed
    return OutputError(f"cannot write {name}: {getattr(error, 'strerror', None) or error}")


def _sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    if os.name != "posix" and path.is_dir():  # elsewhere folders cannot be opened
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_file(path: Path) -> BinaryIO:
    """A regular file, open for reading; folders, pipes and devices are refused, and none is waited for.

    Raises:
        InputError: there is no such file, or it cannot be read.

    Example:
        >>> open_file(Path("/dev/null"))
        Traceback (most recent call last):
        vsa.errors.InputError: cannot read /dev/null: it is a pipe or a device, not a file
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise InputError(f"cannot read {path}: it is a {'folder' if stat.S_ISDIR(mode) else 'pipe or a device'}, not a file")
    return open(descriptor, "rb")


def read_file(path: Path) -> bytes:
    """What is in a regular file.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    with open_file(path) as file:
        try:
            return file.read()
        except (OSError, MemoryError, OverflowError) as error:
            raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error or 'it is too large'}") from error
