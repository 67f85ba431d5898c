"""The three stages as a user runs them, from anywhere."""

import json
from pathlib import Path

import pytest

from tasks.command_line import status_of
from tasks.symbolic.config import PairedConfig, SceneConfig
from tests.examples.scripts import call, example, light_help

SMALL = ["--steps", "3", "--batch-size", "32", "--device", "cpu", "--evaluate", "3", "--out", "runs/here", "--seed", "1"]
SMALL += ["--encoder", "encoders.conv:small", "--decoder", "conv-small"]


def check(folder: Path, said: str, progress: str) -> None:
    """What a short run leaves, and what it says."""
    assert "Test" in said
    assert ".png" in said
    assert "Training (3 steps): 100%" in progress
    assert json.loads((folder / "metrics.json").read_text())["steps"] == 3
    figures = list(folder.glob("*.png"))
    assert figures
    assert all(figure.stat().st_size > 10_000 for figure in figures)


def test_paired_scenes_are_trained_measured_and_drawn(tmp_path: Path) -> None:
    ended = call(tmp_path, "paired_scene", *SMALL)
    assert ended.returncode == 0, ended.stderr
    check(tmp_path / "runs" / "here", ended.stdout, ended.stderr)


@pytest.mark.parametrize(("stage", "config"), [("paired", PairedConfig), ("scene", SceneConfig)])
def test_the_other_stages_too(
    stage: str,
    config: type[PairedConfig | SceneConfig],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status_of(config, getattr(example(stage), stage), [*SMALL, "--dim", "64"]) == 0
    shown = capsys.readouterr()
    check(tmp_path / "runs" / "here", shown.out, shown.err)


@pytest.mark.slow  # its network is large
def test_the_documents_preset_can_be_changed_by_other_flags(tmp_path: Path) -> None:
    small = ["--steps", "1", "--batch-size", "4", "--evaluate", "2", "--dim", "16", "--device", "cpu", "--out", str(tmp_path)]
    assert status_of(PairedConfig, example("paired").paired, ["--preset", "document", *small]) == 0
    config = json.loads((tmp_path / "metrics.json").read_text())["config"]
    assert (config["preset"], config["scheme"], config["encoder"]) == ("document", "one", "conv-document")
    assert (config["dim"], config["batch_size"]) == (16, 4)


def test_a_mistake_is_one_line_and_status_2(tmp_path: Path) -> None:
    ended = call(tmp_path, "paired_scene", "--encoder", "cnov")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: there is no encoder 'cnov'; did you mean 'conv'?")
    assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", ["paired", "scene", "paired_scene"])
def test_help_does_not_wait_for_torch(stage: str) -> None:
    shown = light_help(stage)
    for flag in ("--minutes", "--steps", "--out", "--seed", "--device", "--batch-size", "--encoder", "--decoder"):
        assert flag in shown
