"""The three stages as a user runs them: in a process of their own, from anywhere."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

STAGES = {stage: str(ROOT / "examples" / f"{stage}.py") for stage in ("paired", "scene", "paired_scene")}
each_stage = pytest.mark.parametrize("stage", STAGES)


def call(cwd: Path, stage: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, STAGES[stage], *flags], cwd=cwd, capture_output=True, text=True, timeout=300)


@each_stage
def test_it_trains_measures_and_draws(stage: str, tmp_path: Path) -> None:
    flags = ["--steps", "3", "--batch-size", "32", "--device", "cpu", "--evaluate", "3", "--out", "runs/here", "--seed", "1"]
    flags += ["--encoder", "encoders.conv:small", "--decoder", "conv-small"]
    ended = call(tmp_path, stage, *flags)
    assert ended.returncode == 0, ended.stderr
    assert "Test" in ended.stdout
    assert ".png" in ended.stdout
    assert "Training (3 steps): 100%" in ended.stderr
    folder = tmp_path / "runs" / "here"
    assert json.loads((folder / "metrics.json").read_text())["steps"] == 3
    figures = list(folder.glob("*.png"))
    assert figures
    assert all(figure.stat().st_size > 10_000 for figure in figures)


def test_the_documents_preset_can_be_changed_by_other_flags(tmp_path: Path) -> None:
    small = ["--steps", "1", "--batch-size", "4", "--evaluate", "2", "--dim", "16", "--device", "cpu"]
    ended = call(tmp_path, "paired", "--preset", "document", *small, "--out", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    config = json.loads((tmp_path / "metrics.json").read_text())["config"]
    assert (config["preset"], config["scheme"], config["encoder"]) == ("document", "one", "conv-document")
    assert (config["dim"], config["batch_size"]) == (16, 4)


def test_a_mistake_is_one_line_and_status_2(tmp_path: Path) -> None:
    for flag, value, message in (
        ("--encoder", "cnov", "error: there is no encoder 'cnov'; did you mean 'conv'?"),
        ("--minutes", "-1", "error: minutes must be above 0, got -1.0"),
    ):
        ended = call(tmp_path, "paired_scene", flag, value)
        assert ended.returncode == 2
        assert ended.stderr.startswith(message)
        assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@each_stage
def test_help_does_not_wait_for_torch(stage: str, tmp_path: Path) -> None:
    code = f"""
import runpy, sys
sys.argv = ["paired_scene.py", "--help"]
try:
    runpy.run_path({STAGES[stage]!r}, run_name="__main__")
except SystemExit as exit:
    assert exit.code == 0
assert not {{"torch", "numpy", "accelerate", "matplotlib"}} & set(sys.modules), "something heavy was imported"
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    for flag in ("--minutes", "--steps", "--out", "--seed", "--device", "--batch-size", "--encoder", "--decoder"):
        assert flag in ended.stdout
