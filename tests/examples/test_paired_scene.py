"""The example as a user runs it: in a process of its own, from anywhere."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SCRIPT = str(ROOT / "examples" / "paired_scene.py")


def call(cwd: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *flags], cwd=cwd, capture_output=True, text=True, timeout=300)


def test_it_trains_measures_and_draws(tmp_path: Path) -> None:
    flags = ["--steps", "3", "--batch-size", "32", "--device", "cpu", "--evaluate", "3", "--out", "runs/here", "--seed", "1"]
    flags += ["--encoder", "encoders.conv:ConvEncoder", "--decoder", "conv"]
    ended = call(tmp_path, *flags)
    assert ended.returncode == 0, ended.stderr
    assert "Held-out scenes" in ended.stdout
    assert "edits.png" in ended.stdout
    assert "Training (3 steps): 100%" in ended.stderr
    folder = tmp_path / "runs" / "here"
    assert json.loads((folder / "metrics.json").read_text())["steps"] == 3
    assert (folder / "edits.png").stat().st_size > 10_000


def test_a_mistake_is_one_line_and_status_2(tmp_path: Path) -> None:
    for flag, value, message in (
        ("--encoder", "cnov", "error: there is no encoder 'cnov'; did you mean 'conv'?"),
        ("--minutes", "-1", "error: minutes must be above 0, got -1.0"),
    ):
        ended = call(tmp_path, flag, value)
        assert ended.returncode == 2
        assert ended.stderr.startswith(message)
        assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_does_not_wait_for_torch(tmp_path: Path) -> None:
    code = f"""
import runpy, sys
sys.argv = ["paired_scene.py", "--help"]
try:
    runpy.run_path({SCRIPT!r}, run_name="__main__")
except SystemExit as exit:
    assert exit.code == 0
assert not {{"torch", "numpy", "accelerate", "matplotlib"}} & set(sys.modules), "something heavy was imported"
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    for flag in ("--minutes", "--steps", "--out", "--seed", "--device", "--batch-size", "--encoder", "--decoder"):
        assert flag in ended.stdout
