"""Somebody else's encoder and decoder: installed as a package of its own, used by name and by module:Class."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.scripts import call
from vsa import load

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "somebody-elses"
version = "1.0"

[project.entry-points."vsa.encoders"]
flat = "somebody_elses:Flat"

[project.entry-points."vsa.decoders"]
plane = "somebody_elses:Plane"

[tool.hatch.build.targets.wheel]
packages = ["somebody_elses"]
"""

MODULE = """
import torch


class Flat(torch.nn.Module):
    def __init__(self, image, features, dim):
        super().__init__()
        self.size = features, dim
        self.linear = torch.nn.Linear(image[0] * image[1] * image[2], features * dim)

    def forward(self, images):
        mean = self.linear(images.flatten(1)).unflatten(1, self.size)
        return mean, torch.full_like(mean, -4.0)


class Plane(torch.nn.Module):
    def __init__(self, dim, image):
        super().__init__()
        self.image = image
        self.linear = torch.nn.Linear(dim, image[0] * image[1] * image[2])

    def forward(self, vectors):
        return self.linear(vectors).unflatten(1, self.image)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package was installed."""
    project = tmp_path_factory.mktemp("project")
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "somebody_elses").mkdir()
    (project / "somebody_elses" / "__init__.py").write_text(MODULE)
    site = tmp_path_factory.mktemp("site")
    install = ["install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(site), str(project)]
    ended = subprocess.run([sys.executable, "-m", "pip", *install], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return site


SMALL = {"steps": 1, "batch_size": 8, "dim": 32, "evaluate": 2, "device": "cpu"}


@pytest.mark.parametrize(
    ("stage", "encoder", "decoder"), [("paired", "flat", "plane"), ("scene", "somebody_elses:Flat", "somebody_elses:Plane")]
)
def test_it_learns_in_a_stage(
    stage: str, encoder: str, decoder: str, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(site)
    task = load("task", stage)
    result = task.run(task.config(**SMALL, encoder=encoder, decoder=decoder, out=tmp_path))
    assert type(result.model.encoder).__name__ == "Flat"
    assert result.metrics["steps"] == 1


@pytest.mark.slow
def test_it_learns_in_the_example(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site))
    flags = [part for name, value in SMALL.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    ended = call(tmp_path, "paired_scene", *flags, "--encoder", "flat", "--decoder", "plane", "--out", "here")
    assert ended.returncode == 0, ended.stderr
    assert json.loads((tmp_path / "here" / "metrics.json").read_text())["config"]["encoder"] == "flat"
