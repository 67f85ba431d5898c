import os
from pathlib import Path

import pytest

from tests.helpers import error
from vsa.errors import InputError, OutputError
from vsa.files import read_file, replacing


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    with replacing(path) as part:
        assert part.suffix == ".png"
        part.write_text("first")

    def fail_halfway() -> None:
        with replacing(path) as part:
            part.write_text("sec")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_synced_before_it_takes_the_place_of_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("sync"), sync(descriptor)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("replace"), replace(*paths)))
    with replacing(tmp_path / "file") as part:
        part.write_text("all of it")
    assert done == ["sync", "replace", "sync"], "the file, then its name"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder" / "pipe")
    for name, why in (
        ("folder", "it is a folder, not a file"),
        ("folder/pipe", "it is a pipe or a device, not a file"),
        ("nowhere/file", "No such file"),
        ("x\0y", "not the name of a file"),
        ("\ud800", "surrogates not allowed"),
        ("x" * 300, "File name too long"),
    ):
        with error(OutputError, "cannot write", why), replacing(tmp_path / name) as part:
            part.write_text("")
    with error(OutputError, "not the name of a file"), replacing(Path()):
        pytest.fail("the work began")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for path, parts in (
        (tmp_path / "none", ["there is no file"]),
        (tmp_path, ["cannot read", "it is a folder, not a file"]),
        (tmp_path / "pipe", ["cannot read", "it is a pipe or a device, not a file"]),
        (Path("/dev/zero"), ["cannot read", "it is a pipe or a device, not a file"]),
        (tmp_path / "loop", ["cannot read", "symbolic links"]),
        (tmp_path / "x\0y", ["cannot read", "null"]),
        (tmp_path / ("x" * 300), ["cannot read", "too long"]),
    ):
        with error(InputError, *parts):
            read_file(path)
    (tmp_path / "file").write_bytes(b"1\0\n")
    assert read_file(tmp_path / "file") == b"1\0\n"
