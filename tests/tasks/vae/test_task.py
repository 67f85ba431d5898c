import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks import load_model
from tasks.data import Factor
from tasks.data.dsprites.factors import canonical
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.symbolic.model import SceneModel
from tasks.task import dataset_of, population_of
from tasks.task_model import TaskModel
from tasks.vae.config import VAEConfig
from tasks.vae.losses import kl_of_latents
from tasks.vae.model import VAE, frozen
from tasks.vae.objectives import OBJECTIVES
from tasks.vae.task import TASK
from tests.helpers import as_a_user, error
from tests.tasks.learning import check_two_steps
from vsa.command_line import status_of as vsa
from vsa.errors import InputError, RangeError, ShapeError


def small(**settings: Any) -> VAEConfig:
    fixed: dict[str, Any] = {"steps": 2, "batch_size": 8, "evaluate": 4, "samples": 500, "latents": 4, "device": "cpu"}
    fixed |= {"encoder": "conv-small", "decoder": "conv-small"}
    return VAEConfig(**{**fixed, **settings})


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_changes_all_weights_and_the_same_seed_gives_the_same(objective: str) -> None:
    check_two_steps(TASK, small(objective=objective))


def test_the_presets_are_the_methods_and_the_networks_those_of_the_family() -> None:
    named = {name: VAEConfig.named(name) for name in VAEConfig.PRESETS}
    assert [named[name].beta for name in ("vae", "beta-vae", "beta-tc-vae")] == [1.0, 4.0, 6.0]
    assert (named["capacity"].objective, named["capacity"].capacity) == ("capacity", 25.0)
    assert (named["factor-vae"].gamma, named["ada-gvae"].objective) == (20.0, "ada")
    config = named["beta-vae"]
    assert (config.learning_rate, config.batch_size, config.latents) == (0.0005, 64, 10)
    model = TASK.build(config)
    convolutions = [layer for layer in model.encoder.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert [(layer.out_channels, layer.kernel_size, layer.stride) for layer in convolutions] == [(32, (4, 4), (2, 2))] * 4
    assert sum(weight.numel() for weight in model.parameters()) == 502_005, "counted by hand from the layers"


def test_only_factor_vae_has_a_discriminator_with_rates_of_its_own() -> None:
    assert TASK.build(small()).discriminator is None
    config = small(objective="factor")
    first, second = TASK.optimizer(config, TASK.build(config), fused=False).param_groups
    assert (first["lr"], second["lr"], second["betas"]) == (0.0005, 1e-4, (0.5, 0.9))


def loss(config: VAEConfig, spent: float = 1.0) -> float:
    model = TASK.build(config)
    return TASK.loss(config, model, TASK.batch(config, Population(DSPRITES), 0), spent).item()


def test_the_objectives_are_the_elbo_and_what_they_add() -> None:
    config = small(beta=0.0)
    model, batch = TASK.build(config), TASK.batch(config, Population(DSPRITES), 0)
    drawn = model(batch.pictures, noise=batch.noise)
    kl = kl_of_latents(drawn.mean, drawn.logvar).sum().item()
    assert loss(small(beta=3.0)) == pytest.approx(loss(config) + 3 * kl, rel=1e-5)
    for spent, goal in ((0.0, 0.0), (0.25, 10.0), (0.5, 20.0), (1.0, 20.0)):
        found = loss(small(objective="capacity", gamma=5.0, capacity=20.0), spent)
        assert found == pytest.approx(loss(config) + 5 * abs(kl - goal), rel=1e-5)


def test_pairs_differ_in_some_features_and_other_batches_are_their_own_targets() -> None:
    batch = TASK.batch(small(objective="ada"), Population(DSPRITES), 0)
    first, second = batch.values.chunk(2)
    assert (first != second).any(1).all()
    assert (first == second).any(1).all()
    plain = TASK.batch(small(), Population(DSPRITES), 0)
    assert torch.equal(plain.pictures, plain.targets)
    assert torch.equal(plain.values, canonical(plain.values))


def test_a_discriminator_that_is_held_gets_no_gradient() -> None:
    config = small(objective="factor")
    model, batch = TASK.build(config), TASK.batch(config, Population(DSPRITES), 0)
    drawn = model(batch.pictures, noise=batch.noise)
    assert drawn.joint is not None
    assert drawn.told is not None
    assert model.discriminator is not None
    drawn.joint.sum().backward(retain_graph=True)
    assert all(weight.grad is None for weight in model.discriminator.parameters())
    assert all(weight.grad is not None for weight in model.encoder.parameters())
    model.zero_grad()
    (drawn.told[0].sum() + drawn.told[1].sum()).backward()
    assert all(weight.grad is not None for weight in model.discriminator.parameters())
    assert all(weight.grad is None for weight in model.encoder.parameters())
    assert torch.equal(frozen(model.discriminator, drawn.sample), drawn.joint)


def test_a_run_writes_figures_and_numbers_and_its_model_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = TASK.run(small(out=tmp_path, preset="default"))
    metrics = result.metrics
    assert set(metrics["variance_of"]) == {"z0", "z1", "z2", "z3"}
    assert sum(metrics["kl_of"].values()) == pytest.approx(metrics["kl"], rel=1e-4)
    assert len(metrics["disentanglement"]) == 17
    assert {"reconstructions.png", "traversals.png", "loss.png"} <= {path.name for path in tmp_path.iterdir()}
    model = load_model(tmp_path)
    assert isinstance(model, VAE)
    images = torch.randint(2, (3, 1, 64, 64), dtype=torch.uint8)
    assert torch.equal(model.codes(images), result.model.codes(images))
    saved = tmp_path / "saved"
    result.model.save_pretrained(saved)
    assert json.loads((saved / "config.json").read_text())["model_type"] == "vsa-torch-vae"
    for read in (VAE.from_pretrained, TaskModel.from_pretrained, load_model):
        back = read(saved)
        assert isinstance(back, VAE)
        assert torch.equal(back.codes(images), result.model.codes(images))
    with error(InputError, f"{saved} holds a VAE, not a SceneModel; load it with VAE.from_pretrained, or tasks.load_model"):
        SceneModel.from_pretrained(saved)
    page = (saved / "README.md").read_text()
    assert "Pictures as codes of 4 numbers. It was learnt by the task `vae`" in page
    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    monkeypatch.chdir(saved)
    session: dict[str, Any] = {}
    with as_a_user():
        exec(code, session)
    assert session["drawn"].shape == (1, 1, 64, 64)
    assert vsa(["edit", str(tmp_path)]) == 2
    assert (
        f"error: {tmp_path} is a model of the task vae, which has no vectors to edit; give a stage's\n" in capsys.readouterr().err
    )


class Lines:
    """Lines of three lengths in three channels: a data set of which no factor is a place."""

    name = "lines"
    factors = (Factor("length", (2, 4, 6)), Factor("channel", range(3)))
    shape = (3, 8, 8)

    def observe(self, classes: torch.Tensor) -> torch.Tensor:
        pictures = torch.zeros(len(classes), *self.shape, dtype=torch.uint8)
        for picture, (length, channel) in zip(pictures, classes.tolist(), strict=True):
            picture[channel, 3, 1 : 3 + 2 * length] = 255
        return pictures

    def canonical(self, classes: torch.Tensor) -> torch.Tensor:
        return classes


@pytest.mark.parametrize("dataset", ["dsprites", "circles", f"{__name__}:Lines"])
def test_a_vae_that_looks_through_a_window_learns_runs_and_is_read_again(tmp_path: Path, dataset: str) -> None:
    config = small(dataset=dataset, encoder="window", decoder="patch", out=tmp_path, samples=0)
    before = TASK.build(config).state_dict()
    result = TASK.run(config)
    places = dataset_of(config).axes != (None, None)
    for name, weight in result.model.named_parameters():
        assert torch.equal(weight, before[name]) == (not places and "correction" in name), name
    pictures = population_of(config, "test").observe(torch.zeros(2, len(dataset_of(config).factors), dtype=torch.long))
    back = load_model(tmp_path, trust=True)
    assert isinstance(back, VAE)
    assert torch.equal(back.codes(pictures), result.model.codes(pictures))


def test_a_place_outside_of_what_was_trained_on_is_drawn_as_any_other() -> None:
    """The encoder's scale of places is the decoder's: a picture that moves is drawn as far away."""
    torch.manual_seed(0)
    model = TASK.build(small(encoder="window", decoder="patch")).eval()
    picture = torch.zeros(1, 1, 64, 64)
    picture[..., 8:15, 6:13] = 1
    with torch.no_grad():
        first, moved = (model.decode(model.codes(given)) for given in (picture, picture.roll((21, 40), (2, 3))))
    torch.testing.assert_close(moved[..., 26:, 41:], first.roll((21, 40), (2, 3))[..., 26:, 41:], atol=1e-4, rtol=0)


def test_networks_of_vectors_are_refused_where_there_is_a_place() -> None:
    with error(RangeError, "FractionalEncoder needs a dim of at least 3 for a place, or its power has no frequency; got 1"):
        TASK.build(small(encoder="fractional", latents=10))
    with error(RangeError, "ByRoleDecoder draws the axes (3, 4)", "there are powers of none"):
        TASK.build(small(decoder="by-role"))
    with error(RangeError, "WindowEncoder has 2 latents for the place of an object and needs at least one more"):
        TASK.build(small(encoder="window", decoder="patch", latents=2))


def test_what_is_held_out_is_never_trained_on() -> None:
    config = small(test="x > 15", batch_size=256)
    assert TASK.batch(config, population_of(config, "train"), 0).values[:, 3].max() <= 15


def test_settings_and_networks_that_cannot_be() -> None:
    for settings, message in (
        ({"beta": -1.0}, "beta must be at least 0"),
        ({"latents": 0}, "latents must be from 1 to 4096"),
        ({"samples": 10}, "samples must be 0, or from 500"),
        ({"objective": "factor", "batch_size": 7}, "batch_size must be even for this objective"),
        ({"objective": "tc", "batch_size": 1}, "batch_size must be at least 2 for this objective"),
    ):
        with error(RangeError, message):
            small(**settings).check()
    with error(RangeError, f"preset must be one of default, {', '.join(VAEConfig.PRESETS)}, got 'gamma-vae'"):
        VAEConfig.named("gamma-vae")
    good = TASK.build(small())
    with error(ShapeError, "must return mean and log variance [2, 5, 1], got [2, 4, 1]"):
        VAE(good.encoder, good.decoder, latents=5).posterior(torch.zeros(2, 1, 64, 64))
