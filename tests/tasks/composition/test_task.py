import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks import load_model
from tasks.composition.config import CompositionConfig
from tasks.composition.model import CompositionNet
from tasks.composition.operators import OPERATORS
from tasks.composition.task import TASK
from tasks.data.checks import NotInPartError
from tasks.shard import Shard
from tasks.task import population_of
from tasks.task_model import TaskModel
from tasks.vae.losses import kl_of_latents
from tests.helpers import as_a_user, error
from tests.tasks.learning import check_two_steps
from vsa.command_line import status_of as vsa
from vsa.errors import InputError, RangeError, ShapeError

DRAWN = {
    f"{name}_{kind}"
    for name in ("reference", "command", "transformed", "unchanged", "reconstruction", "known")
    for kind in ("iou", "nats")
}


def small(**settings: Any) -> CompositionConfig:
    fixed: dict[str, Any] = {"steps": 2, "batch_size": 4, "evaluate": 4, "samples": 0, "latents": 4, "device": "cpu"}
    fixed |= {"encoder": "conv-small", "decoder": "conv-small", "dataset": "simple"}
    return CompositionConfig(**{**fixed, **settings})


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_changes_all_weights_and_the_same_seed_gives_the_same(operator: str) -> None:
    check_two_steps(TASK, small(operator=operator))


@pytest.mark.parametrize("preset", ["default", *CompositionConfig.PRESETS])
def test_every_preset_can_be_built(preset: str) -> None:
    config = CompositionConfig.named(preset)
    assert config.operator == "fixed"
    assert config.latents == 10
    model = TASK.build(replace(config, dataset="simple"))
    assert model.decode(torch.zeros(1, 10)).shape == (1, 3, 64, 64)


def test_the_settings_are_those_of_the_paper() -> None:
    named = {name: CompositionConfig.named(name) for name in ("default", *CompositionConfig.PRESETS)}
    assert (named["default"].learning_rate, named["default"].batch_size, named["default"].beta) == (5e-4, 64, 1.0)
    assert (named["abdi"].encoder, named["abdi"].learning_rate, named["abdi"].batch_size) == ("conv-abdi", 1e-4, 64)
    assert (named["sbd3"].encoder, named["sbd3"].decoder, named["sbd3"].batch_size) == ("conv-kim", "sbd3", 16)
    assert named["sbd4"].learning_rate == 3e-4


def test_a_batch_says_from_which_picture_each_factor_comes() -> None:
    config = small(batch_size=40)
    batch, population = TASK.batch(config, population_of(config, "train"), 0), population_of(config, "train")
    assert batch.pictures.shape[0] == 80
    assert batch.targets.shape[0] == 120
    assert torch.equal(batch.targets[:80], batch.pictures)
    values = batch.values[batch.sources[:, 0], torch.arange(3)]
    assert torch.equal(population.observe(values), batch.targets)
    taken = batch.sources[80:, 0] >= 40
    assert torch.equal(taken.sum(1), torch.ones(40, dtype=torch.int64))


def test_the_loss_is_the_error_of_three_pictures_and_the_kl_of_two_posteriors() -> None:
    config = small(beta=0.0)
    model, batch = TASK.build(config), TASK.batch(config, population_of(config, "train"), 0)
    composed = model(batch.pictures, batch.sources[8:, 0] >= 4, noise=batch.noise)
    error = model.vae.likelihood.loss(composed.parameters, batch.targets.float()).sum() / 4
    kl = kl_of_latents(composed.mean, composed.logvar).sum() * 2
    found = [TASK.loss(replace(config, beta=beta), model, batch, 0.5).item() for beta in (0.0, 3.0)]
    assert found == pytest.approx([error.item(), (error + 3 * kl).item()], rel=1e-5)


def test_what_is_drawn_in_training_is_composed_of_samples() -> None:
    config = small()
    model, batch = TASK.build(config).eval(), TASK.batch(config, population_of(config, "train"), 0)
    action = batch.sources[8:, 0] >= 4
    composed = model(batch.pictures, action, noise=3)
    noise = torch.randn(composed.mean.shape, generator=torch.Generator().manual_seed(3))
    sample = composed.mean + noise * (composed.logvar / 2).exp()
    reference, command = sample.chunk(2)
    codes = torch.cat([sample, model.compose(reference, command, action.int().argmax(1))])
    torch.testing.assert_close(composed.parameters, model.parameters_of(codes))
    assert not torch.equal(composed.parameters, model(batch.pictures, action, noise=4).parameters)
    assert len(model(batch.pictures, action, shard=Shard()).parameters) == 12


def test_codes_and_actions_that_cannot_be() -> None:
    model = TASK.build(small())
    codes = torch.zeros(2, 4)
    with error(ShapeError, "must be [B, 4] and actions [B], got [2, 4], [2, 3] and [2]"):
        model.compose(codes, codes[:, :3], torch.tensor([0, 1]))
    with error(RangeError, "actions must be from 0 to 2, got [0, 3]"):
        model.compose(codes, codes, torch.tensor([0, 3]))
    with error(RangeError, "a latent for each of 3 factors, got 2 latents"):
        TASK.build(small(latents=2))
    with error(RangeError, "beta must be at least 0, got -1.0"):
        small(beta=-1.0).check()
    with error(RangeError, "preset must be one of default, abdi, montero, sbd3, sbd4"):
        CompositionConfig.named("burgess")


def test_a_run_writes_figures_and_numbers_and_its_model_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = TASK.run(small(out=tmp_path, samples=500))
    metrics = result.metrics
    assert set(metrics["triplets"]) == set(metrics["train"]) == DRAWN
    assert set(metrics["controls"]) == {"disc_iou", "neighbour_iou"}
    assert len(metrics["disentanglement"]) == 17
    assert {"triplets.png", "traversals.png", "loss.png"} <= {path.name for path in tmp_path.iterdir()}
    images = torch.rand(3, 3, 64, 64)
    saved = tmp_path / "saved"
    result.model.save_pretrained(saved)
    assert json.loads((saved / "config.json").read_text())["model_type"] == "vsa-torch-composition"
    for model in (load_model(tmp_path), CompositionNet.from_pretrained(saved), TaskModel.from_pretrained(saved)):
        assert isinstance(model, CompositionNet)
        assert torch.equal(model.codes(images), result.model.codes(images))
    page = (saved / "README.md").read_text()
    assert "It was learnt by the task `composition`" in page
    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    monkeypatch.chdir(saved)
    session: dict[str, Any] = {}
    with as_a_user():
        exec(code, session)
    assert session["drawn"].shape == (1, 3, 64, 64)
    assert vsa(["edit", str(tmp_path)]) == 2
    assert f"error: {tmp_path} is a model of the task composition, which has no vectors to edit" in capsys.readouterr().err


def test_it_is_trained_resumed_and_measured_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "run")
    networks = ["--encoder", "conv-small", "--decoder", "conv-small"]
    flags = ["--dataset", "circles", *networks, "--batch-size", "4", "--evaluate", "4", "--samples", "0", "--device", "cpu"]
    command = ["train", "composition", *flags, "--test", "x > 15 and y > 15", "--out", out]
    assert vsa([*command, "--steps", "2"]) == 0
    assert vsa([*command, "--steps", "3", "--resume"]) == 0
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["steps"] == 3
    capsys.readouterr()
    assert vsa(["evaluate", out, "--device", "cpu", "--out", str(tmp_path / "numbers.json")]) == 0
    assert "triplets, transformed_iou" in capsys.readouterr().out
    assert set(json.loads((tmp_path / "numbers.json").read_text())["triplets"]) == DRAWN


def test_parts_without_triplets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = TASK.run(small(out=tmp_path / "one", test="x == 3 and y == 4 and shape == circle")).metrics
    message = "no two combinations of the test part"
    assert metrics["left_out"]["triplets"].startswith(message)
    assert f"will not be measured: triplets: {message}" in capsys.readouterr().err
    assert "triplets" not in metrics
    assert set(metrics["train"]) == DRAWN
    assert not (tmp_path / "one" / "triplets.png").exists()
    with error(NotInPartError, "no two combinations of the train part", "differ in one factor alone"):
        TASK.run(small(out=tmp_path / "none", test="x > 0 or y > 0 or shape != circle", validation=""))
    assert not (tmp_path / "none").exists()


def test_what_is_held_out_is_never_trained_on() -> None:
    config = small(test="x > 15", batch_size=128)
    assert TASK.batch(config, population_of(config, "train"), 0).values[:, 0].max() <= 15
    with error(InputError, "there is no model"):
        load_model("composition")
