from dataclasses import replace
from itertools import combinations, product
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.symbolic.losses import reconstruction
from tasks.vae.cascade import CascadeVAE, assign, cascade, let_in
from tasks.vae.config import VAEConfig
from tasks.vae.losses import kl_of_latents
from tasks.vae.task import TASK
from tests.helpers import error, seeds
from vsa.errors import RangeError, ShapeError

SMALL: dict[str, Any] = {"batch_size": 8, "device": "cpu", "encoder": "conv-small", "decoder": "conv-small"}


def test_the_schedule_at_the_full_budget_is_the_papers() -> None:
    for step in range(0, 300_001, 5_000):
        assert let_in(step / 300_000, 1 / 15) == step // 20_000 + 1
        classes = step // 20_000 + (step < 80_000)
        assert let_in(step / 300_000, 1 / 15, begin=4 / 15) == classes


def test_latents_that_are_let_in_count_low_and_the_others_high() -> None:
    kl = torch.tensor([1.0, 2.0, 4.0])
    assert [cascade(kl, n, 2.0, 10.0).item() for n in range(5)] == [70.0, 62.0, 46.0, 14.0, 14.0]


def test_the_information_cascade_lets_in_one_after_the_other() -> None:
    config = replace(VAEConfig.named("information-cascade"), **SMALL)
    assert (config.latents, config.beta, config.gamma) == (6, 2.0, 10.0)
    model, batch = TASK.build(config), TASK.batch(config, Population(DSPRITES), 0)
    with torch.no_grad():
        kl = kl_of_latents(*model.posterior(batch.pictures))
        bare = TASK.loss(replace(config, beta=0.0, gamma=0.0), model, batch, 0.0)
        for spent, inside in ((0.0, 1), (0.07, 2), (0.2, 4), (1.0, 6)):
            weights = torch.tensor([2.0] * inside + [10.0] * (6 - inside))
            found = TASK.loss(config, model, batch, spent) - bare
            assert found.item() == pytest.approx((weights * kl).sum().item(), rel=1e-4)


def test_an_interval_that_cannot_be() -> None:
    with error(RangeError, "interval must be above 0 and at most 1, got 0.0"):
        VAEConfig(interval=0.0).check()


@given(seeds, st.integers(1, 5), st.integers(2, 3), st.sampled_from([0.0, 0.001, 0.3, 5.0]))
def test_the_assignment_is_the_cheapest_of_all(seed: int, n: int, classes: int, pairwise: float) -> None:
    costs = torch.rand(n, classes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

    def price(chosen: tuple[int, ...]) -> float:
        alone = sum(costs[i, k].item() for i, k in enumerate(chosen))
        return alone + pairwise * sum(a == b for a, b in combinations(chosen, 2))

    best = min(price(chosen) for chosen in product(range(classes), repeat=n))
    assert price(tuple(assign(costs, pairwise).tolist())) == pytest.approx(best, abs=1e-9)


def test_sharing_costs_nothing_or_everything() -> None:
    costs = torch.tensor([[0.0, 1.0]]).expand(6, 2)
    assert assign(costs, 0.0).tolist() == [0] * 6
    assert sorted(assign(costs, 1000.0).tolist()) == [0, 0, 0, 1, 1, 1]
    assert len(assign(costs * float("nan"), 0.1)) == 6, "the loss says that it is no number"
    with error(RangeError, "the pairwise cost must be at least 0, got -1.0"):
        assign(costs, -1.0)


def test_classes_are_zero_at_first_and_then_those_of_the_assignment() -> None:
    config = replace(VAEConfig.named("cascade-vae"), **SMALL)
    assert (config.latents, config.classes, config.pairwise) == (6, 3, 0.001)
    model, batch = TASK.build(config), TASK.batch(config, Population(DSPRITES), 0)
    assert isinstance(model, CascadeVAE)
    before = {name: value.clone() for name, value in model.decoder.state_dict().items()}
    with torch.no_grad():
        drawn = model.eval()(batch.pictures, noise=batch.noise)
        zeros = model.drawn(drawn.sample, torch.zeros(8, 3))
        assert torch.equal(drawn.parameters, zeros)
        chosen = assign(model.train().costs(drawn.sample, batch.pictures), 0.001)
        assert all(torch.equal(value, before[name]) for name, value in model.decoder.state_dict().items()), "no statistics"
        assert model.decoder.training
        then = model.eval()(batch.pictures, noise=batch.noise, pairwise=0.001)
        assert torch.equal(then.parameters, model.drawn(drawn.sample, torch.eye(3)[chosen]))
        early, late = (TASK.loss(config, model, batch, spent).item() for spent in (0.26, 0.27))
        kl = kl_of_latents(drawn.mean, drawn.logvar)
        weighted = 2 * kl[:4].sum() + 10 * kl[4:].sum()
        for found, parameters in ((early, zeros), (late, then.parameters)):
            assert found == pytest.approx((reconstruction(parameters, batch.targets) + weighted).item(), rel=1e-5)


def test_a_code_has_the_class_with_which_the_picture_is_drawn_best() -> None:
    config = replace(VAEConfig.named("cascade-vae"), **SMALL)
    model, batch = TASK.build(config).eval(), TASK.batch(config, Population(DSPRITES), 0)
    assert isinstance(model, CascadeVAE)
    with torch.no_grad():
        codes = model.codes(batch.pictures)
        assert codes.shape == (8, 7)
        for code, picture in zip(codes, batch.pictures, strict=True):
            others = code.repeat(3, 1)
            others[:, -1] = torch.arange(3)
            errors = model.likelihood.loss(model.parameters_of(others), picture.float().expand(3, -1, -1, -1)).sum((1, 2, 3))
            assert errors.argmin() == code[-1]
        assert torch.equal(model.parameters_of(codes + torch.tensor([0.0] * 6 + [0.4])), model.parameters_of(codes))
    with error(ShapeError, "codes must be [B, 7], the last the class, got [8, 6]"):
        model.parameters_of(codes[:, :6])


def test_classes_that_cannot_be() -> None:
    settings: dict[str, Any]
    for settings, message in (
        ({"classes": 3}, "classes must be 0 for this objective, got 3"),
        ({"classes": 1, "objective": "cascade"}, "classes must be 0, or from 2 to 4096, got 1"),
        ({"begin": 1.5}, "begin must be from 0 to 1, got 1.5"),
        ({"pairwise": -1.0}, "pairwise must be at least 0, got -1.0"),
    ):
        with error(RangeError, message):
            VAEConfig(**settings).check()
