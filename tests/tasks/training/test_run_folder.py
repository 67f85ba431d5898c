import json
import os
from pathlib import Path

import pytest

from tasks.json_file import write_json
from tasks.training.run_folder import run_folder
from tests.helpers import error
from vsa.errors import OutputError


def test_it_is_made_and_stays(tmp_path: Path) -> None:
    with run_folder(tmp_path / "a" / "b") as folder:
        write_json(folder / "metrics.json", {"iou": 0.5})
    assert json.loads((tmp_path / "a" / "b" / "metrics.json").read_text()) == {"iou": 0.5}


def test_what_was_made_for_work_that_failed_is_removed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), run_folder(tmp_path / "a" / "b"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path, tmp_path / "empty"):
        with pytest.raises(ZeroDivisionError), run_folder(folder):
            raise ZeroDivisionError
    assert {path.name for path in tmp_path.iterdir()} == {"kept.txt", "empty"}


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with error(OutputError, "cannot write to the folder", str(path), "--out"), run_folder(path):
            pytest.fail("the work began")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="everything can be written by this user")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with error(OutputError, "cannot write to the folder", "Permission denied"), run_folder(tmp_path):
        pytest.fail("the work began")


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").mkdir()
    with error(OutputError, "cannot write", "metrics.json"):
        write_json(tmp_path / "metrics.json", {})
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_json_holds_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "metrics.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []
