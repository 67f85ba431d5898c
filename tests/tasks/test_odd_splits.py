"""What a split does to the measurement is known before training: a step on odd splits ends with metrics, or is refused."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tasks.composition.config import CompositionConfig
from tasks.composition.task import TASK as COMPOSITION
from tasks.console.evaluate import status_of
from tasks.data.checks import NotInPartError
from tasks.data.dsprites.factors import FEATURES
from tasks.data.dsprites.sprites import DSPRITES
from tasks.evaluation.reading import empty_codebooks, learn_codebooks
from tasks.id_gan.config import IDGANConfig
from tasks.id_gan.task import TASK as ID_GAN
from tasks.symbolic import task
from tasks.symbolic.config import PairedConfig, PairedSceneConfig, SceneConfig
from tasks.symbolic.stages import PAIRED, PAIRED_SCENE, SCENE
from tasks.vae.config import VAEConfig
from tasks.vae.task import TASK as VAE
from tasks.weights import save
from tests.helpers import error

ONE = "shape == heart and scale == 5 and orientation == 3 and x == 4 and y == 5"
ROW = "shape == heart and scale == 0 and orientation == 30 and x == 4"
README = "shape == heart and x < 8"

STAGE = {"dim": 32, "encoder": "conv-small", "decoder": "conv-small"}
TASKS: dict[str, tuple[Any, Any]] = {
    "paired": (PAIRED, PairedConfig(**STAGE)),
    "scene": (SCENE, SceneConfig(**STAGE, objects=3)),
    "paired-scene": (PAIRED_SCENE, PairedSceneConfig(**STAGE)),
    "vae": (VAE, VAEConfig(latents=2, samples=0)),
    "composition": (COMPOSITION, CompositionConfig(latents=5, samples=0)),
}


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codebooks that nobody reads need not be good."""
    monkeypatch.setattr(task, "learn_codebooks", partial(learn_codebooks, pictures=200))


def ran(name: str, out: Path, figures: bool = False, **settings: Any) -> dict[str, Any]:
    """The metrics of one step."""
    task, config = TASKS[name]
    config = replace(config, steps=1, batch_size=8, evaluate=2, device="cpu", out=out, **settings)
    result = (task if figures else replace(task, figures={})).run(config)
    assert json.loads((out / "metrics.json").read_text()) == result.metrics
    return result.metrics


@pytest.mark.parametrize(
    ("name", "test"),
    [
        *(("paired", test) for test in (README, ROW)),
        *(pytest.param("paired", test, marks=pytest.mark.slow) for test in ("shape == square", "orientation > 20")),
        *(("paired-scene", test) for test in (README, ROW)),
        *(("scene", test) for test in (README, ROW)),
        *((name, test) for name in ("vae", "composition") for test in (README, ROW)),
    ],
)
def test_one_step_ends_with_metrics(name: str, test: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = ran(name, tmp_path, test=test)
    said, left_out = capsys.readouterr().err, metrics.get("left_out", {})
    for what, why in left_out.items():
        assert f"will not be measured: {what}: {why}" in said
    assert set(metrics["controls"]) == {"disc_iou", "neighbour_iou"}
    if name in ("paired", "paired-scene"):
        assert not set(left_out) & set(FEATURES)
        assert list(metrics["edit_iou"]) == list(FEATURES)
        assert set(metrics["across_parts"]) >= {"shape", "assembly"}
        assert ("identifiable" in metrics) == (test in (README, "shape == square"))
    if name == "scene":
        assert "2" in metrics["reconstruction_iou"]


@pytest.mark.parametrize("name", ["paired-scene", "vae", "composition"])
def test_one_combination_is_drawn_and_read_and_others_are_edited_into_it(name: str, tmp_path: Path) -> None:
    metrics = ran(name, tmp_path, test=ONE, validation="")
    if name == "paired-scene":
        assert metrics["across_parts"] == [*FEATURES, "assembly"]
        assert set(metrics["read"]) == {"shape", "scale", "orientation", "x", "y"}
    assert 0 <= metrics["reconstruction_iou"] <= 1


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        *((name, {"test": ""}, "no combination of the allowed classes lies in the test part") for name in TASKS),
        *((name, {"test": "x < 32"}, "no combination of the allowed classes lies in the train part") for name in TASKS),
        ("scene", {"test": ONE}, "no room for 2 objects of the test part"),
        ("paired", {"test": "shape != square", "scheme": "one"}, "no pair of the train part"),
        ("paired", {"test": "shape != square", "scheme": "subset", "batch_size": 2}, "no pair of the train part"),
        ("vae", {"test": "shape != square", "objective": "ada"}, "no pair of the train part"),
    ],
)
def test_the_rest_is_refused_before_the_first_step(name: str, settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    task, config = TASKS[name]
    config = replace(config, **{"steps": 1, "batch_size": 8, "device": "cpu", "out": tmp_path / "run", **settings})
    with error(NotInPartError, message) as caught:
        task.run(config)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_the_metrics_of_disentanglement_need_factors_that_vary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left_out = ran("vae", tmp_path, test=ROW, samples=500)["left_out"]
    assert list(left_out) == ["disentanglement", "dmm, dcm"]
    said = capsys.readouterr().err
    for what, why in left_out.items():
        assert f"will not be measured: {what}: {why}" in said


@pytest.mark.parametrize("test", [pytest.param(README, marks=pytest.mark.slow), ONE])
def test_figures_of_odd_splits_are_drawn(test: str, tmp_path: Path) -> None:
    ran("paired", tmp_path, figures=True, test=test)
    assert all((tmp_path / name).exists() for name in PAIRED.figures)


def test_an_id_gan_draws_what_its_split_has(tmp_path: Path) -> None:
    ran("vae", tmp_path / "vae", test=ONE)
    config = IDGANConfig(latents=2, samples=0, start=tmp_path / "vae", out=tmp_path / "gan", test=ONE)
    result = replace(ID_GAN, figures={}).run(replace(config, steps=1, batch_size=8, evaluate=2, device="cpu"))
    assert set(result.metrics["controls"]) == {"disc_iou", "neighbour_iou"}
    with error(NotInPartError, "lies in the test part"):
        replace(ID_GAN, figures={}).run(replace(config, steps=1, batch_size=8, device="cpu", out=tmp_path / "none", test=""))


def test_a_file_with_a_forged_split_is_refused_in_a_short_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, config = TASKS["paired"]
    forged = replace(config, test=" or ".join(["x < 3", "y < 3"] * 6000))
    model = PAIRED.build(forged).eval()
    empty_codebooks(model, DSPRITES)
    save(model, "paired", forged, {}, tmp_path / "model.safetensors")
    assert status_of([str(tmp_path / "model.safetensors"), "--device", "cpu"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: the expression 'x < 3 or y < 3 or ")
    assert "and at most 10,000 are read" in said
    assert len(said) < 500
    assert said.count("\n") == 1
