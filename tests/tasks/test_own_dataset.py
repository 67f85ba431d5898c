"""A data set in forty lines of somebody else's package: trained, drawn, measured, stopped, resumed, saved and loaded."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from tasks import load_model
from tasks.symbolic.stages import PAIRED
from tasks.task import dataset_of
from tasks.training.checkpoints import Checkpoints
from tasks.vae.task import TASK as VAE
from tests.helpers import error
from vsa.errors import InputError

MODULE = '''
"""Red, green and blue circles at 16 x 16 places, 32 x 32 pixels."""

import torch

from tasks.data import Factor

COLOURS = torch.tensor([[255, 40, 40], [40, 255, 40], [40, 40, 255]], dtype=torch.uint8)
RADIUS = 5


class Circles:
    name = "coloured circles"
    factors = (
        Factor("colour", ("red", "green", "blue"), ordered=False),
        Factor("x", tuple(range(16))),
        Factor("y", tuple(range(16))),
    )
    shape = (3, 32, 32)

    def observe(self, classes):
        colour, x, y = classes.unbind(-1)
        pixels = torch.arange(32)
        across = (pixels - 8 - x[:, None]).square()[:, None, :]
        down = (pixels - 8 - y[:, None]).square()[:, :, None]
        inside = across + down <= RADIUS**2
        return inside[:, None] * COLOURS.to(classes.device)[colour][:, :, None, None]

    def canonical(self, classes):
        return classes
'''

NAME = "that_package.circles:Circles"
FLAGS = ("--batch-size", "64", "--evaluate", "20", "--device", "cpu", "--dataset", NAME)
TASKS = {"vae": ("--samples", "500"), "paired": ("--dim", "64")}
FIGURES = {
    "vae": {"reconstructions.png", "traversals.png"},
    "paired": {"edits.png", "swaps.png", "assembly.png", "features.png"},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package."""
    site = tmp_path_factory.mktemp("site")
    (site / "that_package").mkdir()
    (site / "that_package" / "__init__.py").write_text("")
    (site / "that_package" / "circles.py").write_text(MODULE)
    return site


def vsa(site: Path, *words: str) -> subprocess.Popen[str]:
    """The command, as a user gives it."""
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("vsa")), *words],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=site,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(running: subprocess.Popen[str]) -> str:
    out, said = running.communicate(timeout=300)
    assert running.returncode == 0, said[-3000:]
    return out


@pytest.mark.parametrize("task", [pytest.param("vae", marks=pytest.mark.slow), "paired"])
def test_it_trains_is_stopped_and_resumed_measured_saved_and_loaded(task: str, site: Path, tmp_path: Path) -> None:
    run, flags = tmp_path / "run", (*FLAGS, *TASKS[task])
    begun = vsa(site, "train", task, "--steps", "2000", "--checkpoint", "0", "--out", str(run), *flags)
    checkpoints, deadline = Checkpoints(run / "checkpoints"), time.monotonic() + 120
    while not checkpoints.paths() and begun.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    begun.send_signal(signal.SIGTERM)
    said = begun.communicate(timeout=120)[1]
    assert begun.returncode == 143, said[-3000:]
    assert "--resume --trust" in said, "the run names code, so it is said how to go on"
    step = int(checkpoints.paths()[-1].stem.removeprefix("step-").lstrip("0") or 0)

    refused = vsa(site, "train", task, "--out", str(run), "--resume")
    assert "names the dataset 'that_package.circles:Circles'" in refused.communicate(timeout=120)[1]
    assert refused.returncode == 2
    done(vsa(site, "train", task, "--out", str(run), "--resume", "--trust", "--steps", str(step + 20), "--dataset", NAME))

    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["steps"] == step + 20
    assert 0 <= metrics["reconstruction_iou"] <= 1
    assert set(metrics["controls"]) == {"disc_iou", "neighbour_iou"}
    if task == "paired":
        assert set(metrics["edit_iou"]) == set(metrics["read"]) == {"colour", "x", "y"}
        assert set(metrics["edit_shown_within_one"]) == {"x", "y"}, "colours have no order"
        assert "identifiable" not in metrics, "no two classes look alike"
    else:
        assert {"mig", "dci_disentanglement", "dmm"} <= metrics["disentanglement"].keys()
        assert "grey_pixels" not in metrics
    for name in FIGURES[task]:
        with Image.open(run / name) as figure:
            assert len(figure.convert("RGB").getcolors(2**24) or ()) > 20, name

    told = done(vsa(site, "evaluate", str(run), "--trust", "--evaluate", "5"))
    assert "reconstruction" in told
    refused = vsa(site, "evaluate", str(run))
    assert "that_package.circles:Circles" in refused.communicate(timeout=120)[1]
    assert refused.returncode == 2


def test_a_vae_of_it_in_code(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(site))
    settings = {"batch_size": 32, "evaluate": 4, "samples": 500, "device": "cpu", "out": tmp_path / "run", "dataset": NAME}
    VAE.run(VAE.config(**settings, steps=2))
    result = VAE.run(VAE.config(**settings, steps=3, resume=True))
    assert result.metrics["steps"] == 3
    assert {"mig", "dmm"} <= result.metrics["disentanglement"].keys()
    with error(InputError, f"names the dataset '{NAME}', code that is no part of this project"):
        load_model(tmp_path / "run")
    again = load_model(tmp_path / "run", trust=True)
    seen = dataset_of(again.provenance.config).observe(torch.tensor([[1, 4, 9]]))
    assert torch.equal(again.decode(again.codes(seen)), result.model.decode(result.model.codes(seen)))
    again.save_pretrained(tmp_path / "saved")
    with error(InputError, NAME):
        type(again).from_pretrained(tmp_path / "saved")
    assert torch.equal(type(again).from_pretrained(tmp_path / "saved", trust=True).codes(seen), again.codes(seen))


@pytest.mark.slow
def test_its_model_draws_colours(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute of training draws circles of the right colours in the right places, and edits them."""
    monkeypatch.syspath_prepend(str(site))

    config = PAIRED.config(dataset=NAME, steps=150, batch_size=128, dim=256, evaluate=50, device="cpu", out=tmp_path / "run")
    model = PAIRED.run(config).model
    dataset = dataset_of(config)
    first, donor = torch.tensor([[0, 3, 12]]), torch.tensor([[2, 9, 5]])
    vectors = [model.features(dataset.observe(classes)) for classes in (first, donor)]
    scene = model.scene(model.object(vectors[0])[:, None])
    edited = model.edit(scene, 0, "colour", old=vectors[0][:, 0], new=vectors[1][:, 0])
    mean = model.decode(edited)[0].sum((1, 2))
    assert mean.argmax() == 2, "it became blue"
