"""The files of a run, and the manifest that lists them: what of a folder is the run's, and what is somebody else's."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tasks.json_file import read_json, write_json
from vsa.errors import InputError, OutputError
from vsa.files import replacing

MANIFEST = "manifest.json"
KIND = "vsa-torch run 1"
FOLDERS = ("checkpoints", "tracker")
"""The folders that a run makes; its other files lie beside the manifest."""


class RunFiles:
    """The files of a run. Each is listed in the run's manifest before it is made, and nothing else is overwritten or removed.

    Args:
        path: the run's folder.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "notes.txt").write_text("mine")
        ...     files = RunFiles(Path(folder))
        ...     files.write_json("metrics.json", {"iou": 0.5})
        ...     print(sorted(os.listdir(folder)), files.listed)
        ...     files.remove(files.listed)
        ...     print(os.listdir(folder))
        ['manifest.json', 'metrics.json', 'notes.txt'] {'metrics.json'}
        ['notes.txt']
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listed: set[str] | None = None

    @property
    def listed(self) -> set[str]:
        """The names of the files, relative to the folder, with "/" between their parts."""
        return self.read() if self._listed is None else self._listed

    def read(self) -> set[str]:
        """Read the manifest, which is done once if not asked for again, and give the names that it lists; none without one.

        Raises:
            InputError: it is not the manifest of a run, or lists what no run writes.
        """
        path = self.path / MANIFEST
        self._listed = _read(path) if os.path.lexists(path) else set()
        return self._listed

    def place(self, name: str) -> Path:
        """Where a file of the run goes; from now on it is listed.

        Args:
            name: relative to the folder, with "/" between its parts.

        Raises:
            OutputError: somebody else's file is there, a part of the path is a link, or the manifest cannot be written.
        """
        self.check([name])
        if name not in self.listed:
            self._list(self.listed | {name})
        return self.path / name

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """A temporary name to write, which takes the place of a file of the run; see `vsa.files.replacing`.

        Raises:
            OutputError: as `place`; or it cannot be written.
        """
        with replacing(self.place(name)) as part:
            yield part

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file of the run; see `tasks.json_file.write_json`."""
        write_json(self.place(name), content)

    def adopt(self, folder: str, before: Iterable[str]) -> None:
        """List the files in one of the run's folders that were made by something else, such as a tracker.

        Args:
            folder: its name.
            before: those that were there when the run began, which are not adopted.
        """
        found = {name for name in self.within(folder) if name.isprintable()} - set(before)
        if not found <= self.listed:
            self._list(self.listed | found)

    def within(self, folder: str) -> set[str]:
        """The names of all files in one of the run's folders; links are not followed."""
        paths = (Path(place, name) for place, _, names in os.walk(self.path / folder) for name in names)
        return {path.relative_to(self.path).as_posix() for path in paths if path.is_file() and not path.is_symlink()}

    def check(self, names: Iterable[str]) -> None:
        """Refuse names of files or folders that the run may not write.

        Raises:
            OutputError: something else has one of these names; the message says which.
        """
        foreign = [why for name in sorted(names) if (why := self._foreign(name))]
        if foreign:
            older = "" if self.listed else f" (a run without a {MANIFEST}, of an older version, is to be removed by hand)"
            raise OutputError(
                f"there is something in {self.path} that is not of the run, and that it would overwrite: {', '.join(foreign)}; "
                f"choose another folder with --out, or move it away{older}"
            )

    def _foreign(self, name: str) -> str | None:
        """What is in the way of a file or folder of the run, if anything is."""
        parts = name.split("/")
        for depth in range(1, len(parts) + 1):
            part = "/".join(parts[:depth])
            is_folder = depth < len(parts) or part in FOLDERS
            try:
                mode = os.lstat(self.path / part).st_mode
            except OSError:
                return None
            if stat.S_ISLNK(mode):
                return f"{part} (a link)"
            if not (stat.S_ISDIR if is_folder else stat.S_ISREG)(mode):
                return f"{part} ({'no folder' if is_folder else 'a folder' if stat.S_ISDIR(mode) else 'no file'})"
        ours = name in self.listed or any(listed.startswith(f"{name}/") for listed in self.listed)
        return None if ours else name

    def remove(self, names: Iterable[str]) -> None:
        """Remove files of the run, its folders if nothing else is in them, and the manifest if it lists nothing any more.

        Raises:
            OutputError: one cannot be removed, or is no longer what the run wrote.
        """
        names = set(names) & self.listed
        self.check(names)
        try:
            for name in names:
                _unlink(self.path, name)
        except OSError as error:
            raise OutputError(f"cannot remove the run in {self.path}: {error.strerror}; choose another one with --out") from error
        for folder in sorted({str(parent) for name in names for parent in Path(name).parents}, reverse=True):
            with suppress(OSError):  # something else is in it
                (self.path / folder).rmdir() if folder != "." else None
        self._list(self.listed - names)

    def tidy(self) -> None:
        """Remove what a run that was killed had begun to write, and list no more what is not there."""
        for folder in ("", *FOLDERS):
            place = self.path / folder
            if not place.is_dir() or place.is_symlink():
                continue
            names = [Path(name).name for name in (*self.listed, MANIFEST) if Path(name).parent == Path(folder)]
            parts = [f"\\.{re.escape(Path(name).stem)}\\.\\d+\\.part{re.escape(Path(name).suffix)}" for name in names]
            for found in os.listdir(place) if parts else []:
                if re.fullmatch("|".join(parts), found):
                    with suppress(OSError):
                        _unlink(place, found)
        there = {name for name in self.listed if os.path.lexists(self.path / name)}
        if there != self.listed:
            self._list(there)

    def _list(self, names: set[str]) -> None:
        if names:
            if not self.listed:
                self._check_manifest()
            write_json(self.path / MANIFEST, {"kind": KIND, "files": sorted(names)})
        elif self.listed:
            with suppress(FileNotFoundError):
                _unlink(self.path, MANIFEST)
        self._listed = names

    def _check_manifest(self) -> None:
        """Refuse to write the first manifest over another file."""
        if os.path.lexists(self.path / MANIFEST):
            raise OutputError(f"{self.path / MANIFEST} is somebody else's; choose another folder with --out, or move it away")


def _read(path: Path) -> set[str]:
    """The names that a manifest lists."""
    try:
        if path.is_symlink():
            raise InputError("it is a link")
        found = read_json(path)
        names = found.get("files")
        if found.get("kind") != KIND or not isinstance(names, list) or not names:
            raise InputError("it lists no files of a run")
        if wrong := [name for name in names if not _is_inside(name)]:
            raise InputError(f"it lists {str(wrong[0])[:100]!r}, which no run writes")
    except InputError as error:
        raise InputError(
            f"{path} is not the manifest of a run: {error}; choose another folder with --out, or move it away"
        ) from error
    return set(names)


def _is_inside(name: Any) -> bool:
    """Whether a run may have a file of this name: beside its manifest, or in one of its folders, and never outside."""
    if not isinstance(name, str) or not name.isprintable() or "\\" in name or name == MANIFEST or name in FOLDERS:
        return False
    first, *rest = name.split("/")
    return not (first.startswith(".") or ":" in first or {"", ".", ".."} & {first, *rest} or (rest and first not in FOLDERS))


def _unlink(folder: Path, name: str) -> None:
    """Remove a file below a folder, but nothing behind a link, also if another process puts a link in the way meanwhile."""
    *folders, last = name.split("/")
    if os.unlink not in os.supports_dir_fd:  # as on Windows
        (folder / name).unlink(missing_ok=True)
        return
    flags = os.O_RDONLY | os.O_DIRECTORY
    opened = [os.open(folder, flags)]
    try:
        for part in folders:
            opened.append(os.open(part, flags | os.O_NOFOLLOW, dir_fd=opened[-1]))
        os.unlink(last, dir_fd=opened[-1])
    except FileNotFoundError:
        pass
    finally:
        for descriptor in opened:
            os.close(descriptor)
