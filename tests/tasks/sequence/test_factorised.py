"""Factorised posteriors: the bound is below log p(x) by the KL to the exact posterior, and the best one has the highest bound."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from tasks.sequence.factorised import Factorised, best, best_by_frame, gap, log_joint, train
from tasks.sequence.linear import LinearSequence, moment_of
from tests.helpers import error, seeds
from tests.tasks.sequence.numbers import double, rng
from vsa.errors import RangeError, ShapeError

deviation = st.floats(0.1, 3)
lengths = st.integers(1, 4)


def perturbed(q: Factorised, seed: int, size: float) -> Factorised:
    """Another posterior near this one."""
    noises = (torch.randn(each.shape, generator=rng(seed), dtype=torch.float64) for each in (q.weights, q.deviations))
    weights, deviations = (size * noise for noise in noises)
    return Factorised(q.weights + weights, q.deviations * deviations.exp())


@given(seed=seeds, sf=deviation, sz=deviation, sx=deviation, steps=lengths, dims=st.integers(1, 3))
def test_the_bound_lacks_the_kl_to_the_exact_posterior(seed: int, sf: float, sz: float, sx: float, steps: int, dims: int) -> None:
    model = LinearSequence.of(sf, sz, sx, steps, dims)
    x = model.sample((6,), rng(seed))
    moment = moment_of(x)
    for q in (best(model), perturbed(best(model), seed, 0.2)):
        columns = x.transpose(1, 2)
        exact = MultivariateNormal(columns @ model.posterior().T, precision_matrix=model.precision())
        other = MultivariateNormal(columns @ q.weights.T, q.deviations.square().diag())
        right = kl_divergence(other, exact).sum(1).mean()
        torch.testing.assert_close(q.kl(model, moment), right, rtol=1e-6, atol=1e-8)
        assert q.bound(model, moment) <= model.log_likelihood(moment)


@given(sf=deviation, sz=deviation, sx=deviation, steps=lengths)
def test_the_gap_of_the_best_is_its_kl_in_two_parts(sf: float, sz: float, sx: float, steps: int) -> None:
    model = LinearSequence.of(sf, sz, sx, steps)
    parts = gap(model)
    torch.testing.assert_close(sum(parts, double(0)[0]), best(model).kl(model, model.covariance()), rtol=1e-8, atol=1e-8)
    assert min(part.item() for part in parts) > -1e-9
    if steps == 1:
        assert parts[1].abs() < 1e-12, "one step has no neighbours"


@given(seed=seeds, sf=deviation, sz=deviation, sx=deviation, size=st.floats(0.001, 1))
def test_no_other_factorised_posterior_is_better(seed: int, sf: float, sz: float, sx: float, size: float) -> None:
    model = LinearSequence.of(sf, sz, sx)
    moment = moment_of(model.sample((20,), rng(seed)))
    found = best(model)
    assert perturbed(found, seed, size).bound(model, moment) < found.bound(model, moment)
    assert best_by_frame(model, moment).bound(model, moment) < found.bound(model, moment)


@given(seed=seeds, sf=deviation, sz=deviation, sx=deviation, size=st.floats(0.001, 1), steps=lengths)
def test_no_other_rule_for_frames_is_better(seed: int, sf: float, sz: float, sx: float, size: float, steps: int) -> None:
    model = LinearSequence.of(sf, sz, sx, steps)
    moment = moment_of(model.sample((20,), rng(seed)))
    found = best_by_frame(model, moment)
    frame = torch.eye(steps, dtype=torch.float64)
    torch.testing.assert_close(found.weights[1:], found.weights[1, 0] * frame)
    torch.testing.assert_close(found.deviations[1:], found.deviations[1].expand(steps))
    noise = size * torch.randn(2 * steps + 4, generator=rng(seed), dtype=torch.float64)
    weights = torch.cat([noise[None, :steps], noise[steps] * frame])
    scales = torch.cat([noise[-2:-1], noise[-1:].expand(steps)]).exp()
    other = Factorised(found.weights + weights, found.deviations * scales)
    assert other.bound(model, moment) < found.bound(model, moment)


def test_where_the_posterior_factorises_the_bound_is_the_likelihood() -> None:
    """With noise that hides everything the posterior is the prior, which factorises where there is one step."""
    for model in (
        LinearSequence.of(1.0, 1.0, 1e6, 1),
        LinearSequence.of(1.0, 1e-6, 1.0, 1),
        LinearSequence.of(1e-6, 1.0, 1.0, 1),
    ):
        moment = model.covariance()
        torch.testing.assert_close(best(model).bound(model, moment), model.log_likelihood(moment), rtol=0, atol=1e-9)


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_a_walk_that_hardly_moves_still_costs_a_logarithm_of_two_for_each_neighbour(steps: int) -> None:
    model = LinearSequence.of(2.0, 1e-6, 0.5, steps)
    torch.testing.assert_close(sum(gap(model), double(0)[0]), double((steps - 1) * math.log(2))[0], rtol=0, atol=1e-6)


def test_the_bound_is_what_samples_say() -> None:
    model = LinearSequence.of(2.0, 0.5, 0.5)
    x = model.sample((5,), rng(0))
    q = perturbed(best(model), 0, 0.1)
    means = torch.einsum("it,ntd->nid", q.weights, x)
    deviations = q.deviations[:, None].expand_as(means)
    latents = means + deviations * torch.randn(200_000, *means.shape, generator=rng(1), dtype=torch.float64)
    terms = log_joint(model, x, latents) - Normal(means, deviations).log_prob(latents).sum((-2, -1))
    torch.testing.assert_close(terms.mean(), q.bound(model, moment_of(x)), rtol=0, atol=0.01)


def test_batches_are_their_models_and_data_sets_one_by_one() -> None:
    one = LinearSequence.of(2.0, 0.5, 0.5)
    values = double(0.2, 0.5, 1.0)
    models, moments = one.vary("sz", values), moment_of(one.sample((4, 20), rng(0)))
    found = best(models, (4,)).bound(models, moments)
    framed = best_by_frame(models, moments).bound(models, moments)
    assert found.shape == framed.shape == (3, 4)
    for k, value in enumerate(values.tolist()):
        alone = LinearSequence.of(2.0, value, 0.5)
        for j, moment in enumerate(moments):
            torch.testing.assert_close(best(alone).bound(alone, moment), found[k, j])
            torch.testing.assert_close(best_by_frame(alone, moment).bound(alone, moment), framed[k, j])


@pytest.mark.parametrize("name", ["sf", "sz", "sx"])
def test_what_is_trained_is_as_good_as_the_best(name: str) -> None:
    truth = LinearSequence.of(2.0, 0.5, 0.5)
    models = truth.vary(name, double(0.1, 0.5, 1.0, 2.0))
    x = truth.sample((50,), rng(0))
    lacks = best(models).bound(models, moment_of(x)) - train(models, x, 3000, rng(1)).bound(models, moment_of(x))
    assert lacks.min() > 0
    assert lacks.max() < 0.02


def test_training_depends_on_the_generator_alone() -> None:
    model = LinearSequence.of(2.0, 0.5, 0.5)
    x = model.sample((10,), rng(0))
    first, again, other = (train(model, x, 5, rng(seed)) for seed in (0, 0, 1))
    assert torch.equal(first.weights, again.weights)
    assert torch.equal(first.deviations, again.deviations)
    assert not torch.equal(first.weights, other.weights)


def test_mistakes_are_one_line() -> None:
    model = LinearSequence.of(1.0, 1.0, 1.0)
    x, moment = model.sample((10,), rng(0)), model.covariance()
    with error(ShapeError, "the moments of sequences of 3 steps must be [*data, 3, 3], got [2, 2]"):
        best(model).bound(model, torch.eye(2, dtype=torch.float64))
    with error(ShapeError, "the deviations of a factorised posterior must be [5, 4], got [4]"):
        best(model).bound(model, moment.expand(5, 3, 3))
    with error(RangeError, "steps and samples must be at least 1, got 0 and 1"):
        train(model, x, 0, rng(0))
    with error(ShapeError, "the sequences must be [n, 3, 2], got [10, 2, 2]"):
        train(model, x[:, 1:], 1, rng(0))
    with error(RangeError, "1 sequences do not span their 3 steps"):
        train(replace(model, dims=1), x[:1, :, :1], 1, rng(0))
