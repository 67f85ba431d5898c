"""The example as a user runs it: in a process of its own, from anywhere."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SCRIPT = str(ROOT / "examples" / "datasets.py")
FIGURES = ["dsprites.png", "paired.png", "paired_scene.png", "scene.png"]


def call(cwd: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *flags], cwd=cwd, capture_output=True, text=True, timeout=300)


def test_it_draws_four_figures_which_the_seed_decides(tmp_path: Path) -> None:
    drawn = []
    for out in ("a", "b"):
        ended = call(tmp_path, "--out", f"runs/{out}", "--seed", "1", "--exchange", "subset", "--part", "test")
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.count("picture: ") == 4
        folder = tmp_path / "runs" / out
        assert sorted(path.name for path in folder.iterdir()) == FIGURES
        assert all(f"picture: {folder / name}\n" in ended.stdout for name in FIGURES)
        drawn.append([(folder / name).read_bytes() for name in FIGURES])
    assert drawn[0] == drawn[1]


def test_a_mistake_is_one_line_and_status_2(tmp_path: Path) -> None:
    ended = call(tmp_path, "--seed", "-1")
    assert ended.returncode == 2
    assert ended.stderr == "error: seed must be from 0 to 2^63 - 1, got -1\n"
    assert list(tmp_path.iterdir()) == []


def test_help_does_not_wait_for_torch(tmp_path: Path) -> None:
    code = f"""
import runpy, sys
sys.argv = ["datasets.py", "--help"]
try:
    runpy.run_path({SCRIPT!r}, run_name="__main__")
except SystemExit as exit:
    assert exit.code == 0
assert not {{"torch", "numpy", "accelerate", "matplotlib"}} & set(sys.modules), "something heavy was imported"
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    for flag in ("--out", "--seed", "--exchange", "--part"):
        assert flag in ended.stdout
