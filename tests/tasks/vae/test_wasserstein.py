from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.symbolic.losses import reconstruction
from tasks.task import likelihood_of, seed_of
from tasks.vae.config import VAEConfig
from tasks.vae.task import TASK
from tasks.vae.wasserstein import SCALES, discrepancy, multiquadrics, of_prior, widths
from tests.helpers import error, seeds
from vsa.errors import RangeError, ShapeError


def normal(n: int, latents: int, seed: int, variance: float = 1.0) -> torch.Tensor:
    return of_prior(torch.empty(n, latents), variance, torch.Generator().manual_seed(seed)).double()


def kernel(x: torch.Tensor, y: torch.Tensor) -> float:
    distance = sum((a - b) ** 2 for a, b in zip(x.tolist(), y.tolist(), strict=True))
    return sum(scale * len(x) / (scale * len(x) + distance) for scale in (0.1, 0.2, 0.5, 1, 2, 5, 10))


@given(seeds, st.integers(2, 5), st.integers(1, 4))
def test_the_discrepancy_is_what_two_loops_say(seed: int, n: int, latents: int) -> None:
    x, y = normal(n, latents, seed), normal(n, latents, seed + 1, 2.0)
    pairs = [(i, j) for i in range(n) for j in range(n)]
    inside = sum(kernel(x[i], x[j]) + kernel(y[i], y[j]) for i, j in pairs if i != j) / (n * (n - 1))
    across = sum(kernel(x[i], y[j]) for i, j in pairs) / n**2
    assert discrepancy(x, y).item() == pytest.approx(inside - 2 * across, abs=1e-12)


def test_the_kernels_are_one_where_codes_are_the_same_and_a_half_at_a_distance_of_their_scale() -> None:
    assert multiquadrics(torch.zeros(1, 10), torch.zeros(1, 10)).item() == len(SCALES) == 7
    for scale in SCALES:
        along = torch.zeros(1, 10, dtype=torch.float64)
        along[0, 3] = (scale * 10) ** 0.5
        expected = sum(other / (other + scale) for other in SCALES)
        assert multiquadrics(torch.zeros(1, 10, dtype=torch.float64), along).item() == pytest.approx(expected)


def test_samples_of_one_normal_are_no_discrepancy_in_the_mean_and_shifted_ones_always_are() -> None:
    same = torch.stack([discrepancy(normal(64, 10, 2 * k, 2.0), normal(64, 10, 2 * k + 1, 2.0)) for k in range(400)])
    assert abs(same.mean()) < 3 * same.std() / 20, "without bias: about the standard error of 400"
    assert same.std() < 0.02
    assert 0.3 < (same > 0).double().mean() < 0.7
    shifted = torch.stack([discrepancy(normal(64, 10, 2 * k, 2.0) + 1, normal(64, 10, 2 * k + 1, 2.0)) for k in range(50)])
    narrow = torch.stack([discrepancy(normal(64, 10, 2 * k, 0.5), normal(64, 10, 2 * k + 1, 2.0)) for k in range(50)])
    assert shifted.min() > 0.05
    assert narrow.min() > 0.05


def test_the_prior_has_its_variance_and_certain_posteriors_cost() -> None:
    assert normal(20_000, 2, 0, 2.0).var(0).tolist() == pytest.approx([2.0, 2.0], rel=0.05)
    assert widths(torch.tensor([[2.0, -2.0], [0.0, 1.0]])).item() == 2.5


def test_the_objective_is_the_squared_error_and_the_discrepancy_from_a_prior_that_no_posterior_saw() -> None:
    config = replace(VAEConfig.named("wae"), batch_size=8, device="cpu")
    assert (config.objective, config.gamma, config.variance, config.logvar, config.loss) == ("mmd", 10.0, 2.0, 0.1, "mse")
    model, batch = TASK.build(config), TASK.batch(config, Population(DSPRITES), 0)
    drawn = model(batch.pictures, noise=batch.noise)
    prior = of_prior(drawn.sample, 2.0, torch.Generator().manual_seed(seed_of(batch.noise, "prior")))
    noise = (drawn.sample - drawn.mean) / (drawn.logvar / 2).exp()
    assert (prior / 2**0.5 - noise).abs().min() > 1e-4, "the noise of the posteriors is another"
    squared = reconstruction(drawn.parameters, batch.targets, likelihood_of(config), "mse")
    expected = squared + 10 * discrepancy(drawn.sample, prior) + 0.1 * widths(drawn.logvar)
    assert TASK.loss(config, model, batch, 0.5).item() == pytest.approx(expected.item(), rel=1e-5)


def test_sets_that_cannot_be_compared() -> None:
    with error(ShapeError, "of two sets of one shape, got [3, 2] and [4, 2]"):
        discrepancy(torch.zeros(3, 2), torch.zeros(4, 2))
    with error(RangeError, "needs at least two samples, got 1"):
        discrepancy(torch.zeros(1, 2), torch.zeros(1, 2))


def test_the_networks_of_the_preset_learn_and_variances_that_grow_at_first_come_back() -> None:
    """With the coefficient .001 of log variances the loss was no number after 27 steps."""
    config = replace(VAEConfig.named("wae"), batch_size=32, device="cpu", steps=80)
    model = TASK.learn(config)[0]
    with torch.no_grad():
        mean, logvar = model.posterior(TASK.batch(config, Population(DSPRITES), 999).pictures)
    assert logvar.abs().max() < 3
    assert mean.abs().max() < 10
