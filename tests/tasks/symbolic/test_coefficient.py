import dataclasses

import pytest
import torch

from tasks.config import RunConfig
from tasks.symbolic.coefficient import contrastive_coefficient, mean_picture_loss
from tasks.symbolic.config import PairedConfig, PairedSceneConfig, SceneConfig
from tasks.symbolic.stages import PAIRED
from tasks.task import population_of
from tests.helpers import error
from vsa.errors import RangeError


def test_what_is_set_is_taken() -> None:
    assert contrastive_coefficient(PairedConfig(contrastive=0.25)) == 0.25
    assert contrastive_coefficient(PairedConfig(contrastive=0)) == 0
    assert contrastive_coefficient(PairedConfig.named("document")) == 0
    with error(RangeError, "contrastive must be at least 0, got -1"):
        PairedConfig(contrastive=-1).check()


@pytest.mark.parametrize("seed", range(4))
def test_it_is_about_five_for_dsprites(seed: int) -> None:
    for kind in (PairedConfig, SceneConfig, PairedSceneConfig):
        assert 4.8 < contrastive_coefficient(kind(seed=seed)) < 5.3


def test_it_grows_with_the_loss() -> None:
    simple = PairedConfig(dataset="simple")
    usual = contrastive_coefficient(simple)
    assert 190 < usual < 205
    assert contrastive_coefficient(PairedConfig(dataset="simple", deviation=0.2)) == pytest.approx(usual / 4, rel=0.01)
    assert contrastive_coefficient(PairedConfig(dataset="simple", reduction="mean")) == pytest.approx(usual / 12288, rel=0.01)
    assert contrastive_coefficient(PairedConfig(dataset="simple", loss="mse")) == pytest.approx(usual / 50, rel=0.01)
    assert 17 < contrastive_coefficient(PairedConfig(dataset="simple", likelihood="bernoulli")) < 18.5


def test_the_mean_picture_is_what_a_model_can_do_without_looking() -> None:
    config = RunConfig(dataset="circles", likelihood="bernoulli")
    pictures = population_of(config, "train").observe(population_of(config, "train").every()).float()
    mean = pictures.mean(0)
    nats = -(mean * mean.log().clamp(min=-100) + (1 - mean) * (1 - mean).log().clamp(min=-100)).sum()
    assert mean_picture_loss(config, "bce", "sum") == pytest.approx(nats.item(), rel=0.02)


def test_only_what_is_trained_on_counts() -> None:
    """A split by its name and by its expressions holds out the same, and here all places on the right."""
    named = PairedConfig(split="extrapolation")
    told = PairedConfig(test="x.value > 0.5", validation="tenth == 1")
    assert contrastive_coefficient(named) == contrastive_coefficient(told) < contrastive_coefficient(PairedConfig()) - 0.3


def test_it_is_computed_once_and_always_the_same() -> None:
    config = PairedConfig(dataset="simple", seed=7)
    state = torch.get_rng_state()
    first = contrastive_coefficient(config)
    assert torch.equal(torch.get_rng_state(), state)
    before = mean_picture_loss.cache_info().misses
    assert contrastive_coefficient(dataclasses.replace(config, steps=3, dim=8, learning_rate=0.1)) == first
    assert mean_picture_loss.cache_info().misses == before
    mean_picture_loss.cache_clear()
    threads = torch.get_num_threads()
    torch.set_num_threads(1 + threads % 2)
    assert contrastive_coefficient(config) == first
    torch.set_num_threads(threads)


def test_it_is_known_before_the_first_step_and_not_stored() -> None:
    mean_picture_loss.cache_clear()
    config = PairedConfig(dataset="circles", batch_size=8, dim=32)
    batch = PAIRED.batch(config, population_of(config, "train"), 0)
    assert mean_picture_loss.cache_info().misses == 1
    PAIRED.loss(config, PAIRED.build(config), batch, 0.0)
    assert mean_picture_loss.cache_info().misses == 1
    assert config.as_json()["contrastive"] is None
    assert PairedConfig.from_json(config.as_json()) == config


def test_a_default_is_the_number_that_it_stands_for() -> None:
    config = PairedConfig(dataset="circles", batch_size=8, dim=32)
    losses = []
    for each in (config, dataclasses.replace(config, contrastive=contrastive_coefficient(config))):
        batch = PAIRED.batch(each, population_of(each, "train"), 0)
        losses.append(PAIRED.loss(each, PAIRED.build(each), batch, 0.0).item())
    assert losses[0] == losses[1]
