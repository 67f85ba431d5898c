"""The figures of the data that training sees."""

from pathlib import Path

import pytest

from tasks.command_line import status_of
from tests.examples.scripts import call, example, light_help

FIGURES = ["objects.png", "paired.png", "paired_scene.png", "scene.png"]
FLAGS = ["--seed", "1", "--exchange", "subset", "--part", "test"]


def test_it_draws_four_figures_which_the_seed_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = call(tmp_path, "datasets", *FLAGS, "--out", "runs/a")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("picture: ") == 4
    folder = tmp_path / "runs" / "a"
    assert sorted(path.name for path in folder.iterdir()) == FIGURES
    assert all(f"picture: {folder / name}\n" in ended.stdout for name in FIGURES)

    script = example("datasets")
    monkeypatch.chdir(tmp_path)
    assert status_of(script.DatasetsConfig, script.datasets, [*FLAGS, "--out", "runs/b"]) == 0
    first, again = ([(tmp_path / "runs" / out / name).read_bytes() for name in FIGURES] for out in ("a", "b"))
    assert first == again


def test_of_clips_it_draws_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    script = example("datasets")
    monkeypatch.chdir(tmp_path)
    assert status_of(script.DatasetsConfig, script.datasets, ["--dataset", "cast", "--out", "runs/a"]) == 0
    assert sorted(path.name for path in (tmp_path / "runs" / "a").iterdir()) == ["clips.png", "paired_clips.png"]
    assert capsys.readouterr().out.count("picture: ") == 2
    assert status_of(script.DatasetsConfig, script.datasets, ["--dataset", "lpc", "--data", "no", "--out", "runs/b"]) == 2
    assert "there is no file or folder no; `vsa data download" in capsys.readouterr().err


def test_a_mistake_is_one_line_and_status_2(tmp_path: Path) -> None:
    ended = call(tmp_path, "datasets", "--seed", "-1")
    assert ended.returncode == 2
    assert ended.stderr == "error: seed must be from 0 to 2^63 - 1, got -1\n"
    assert list(tmp_path.iterdir()) == []


def test_help_does_not_wait_for_torch() -> None:
    shown = light_help("datasets")
    for flag in ("--out", "--seed", "--dataset", "--data", "--exchange", "--part"):
        assert flag in shown
