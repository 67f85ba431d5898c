"""The linear sequence: what is known exactly of it is what is drawn of it, and what a dense joint Gaussian says."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import MultivariateNormal

from tasks.sequence.linear import PARAMETERS, LinearSequence, moment_of
from tests.helpers import error, seeds
from tests.tasks.sequence.numbers import double, rng
from vsa.errors import DtypeError, RangeError, ShapeError

deviation = st.floats(0.05, 3)
lengths = st.integers(1, 5)


def joint(model: LinearSequence) -> Tensor:
    """The covariance of f, z_1, ..., z_T, x_1, ..., x_T in one dimension, as the sums of independent steps that they are."""
    steps = model.steps
    sums = torch.zeros(2 * steps + 1, 2 * steps + 1, dtype=torch.float64)  # what each is made of: f, steps of the walk, noises
    sums[0, 0] = 1
    for t in range(steps):
        sums[1 + t, 1 : 2 + t] = 1
        sums[1 + steps + t] = sums[0] + sums[1 + t]
        sums[1 + steps + t, 1 + steps + t] = 1
    sf, sz, sx = model.deviations
    scales = torch.cat([sf[None], sz.expand(steps), sx.expand(steps)])
    return sums @ scales.square().diag() @ sums.T


@given(sf=deviation, sz=deviation, sx=deviation, steps=lengths)
def test_covariance_and_posterior_are_those_of_the_dense_joint(sf: float, sz: float, sx: float, steps: int) -> None:
    model = LinearSequence.of(sf, sz, sx, steps)
    dense, hidden = joint(model), steps + 1
    seen, across = dense[hidden:, hidden:], dense[:hidden, hidden:]
    torch.testing.assert_close(model.covariance(), seen)
    gain = across @ torch.linalg.inv(seen)
    torch.testing.assert_close(model.posterior(), gain, rtol=1e-6, atol=1e-8)
    left = dense[:hidden, :hidden] - gain @ across.T
    torch.testing.assert_close(model.precision() @ left, torch.eye(hidden, dtype=torch.float64), rtol=1e-6, atol=1e-6)


@given(seed=seeds, sf=deviation, sz=deviation, sx=deviation, steps=lengths, dims=st.integers(1, 3))
def test_the_likelihood_is_that_of_torch(seed: int, sf: float, sz: float, sx: float, steps: int, dims: int) -> None:
    model = LinearSequence.of(sf, sz, sx, steps, dims)
    x = model.sample((7,), rng(seed))
    normal = MultivariateNormal(torch.zeros(steps, dtype=torch.float64), model.covariance())
    right = normal.log_prob(x.transpose(1, 2)).sum(1).mean()
    torch.testing.assert_close(model.log_likelihood(moment_of(x)), right, rtol=1e-8, atol=1e-8)


def test_the_likelihood_is_the_integral_over_what_is_hidden() -> None:
    """By the trapezoidal rule over f and z_1, of a sequence of one step and one dimension."""
    model = LinearSequence.of(1.5, 0.7, 0.4, steps=1, dims=1)
    f, z = torch.meshgrid(*(torch.linspace(-12, 12, 1201, dtype=torch.float64),) * 2, indexing="ij")
    x = 1.3
    terms = ((f, 1.5), (z, 0.7), (x - f - z, 0.4))
    density = sum((-0.5 * (value / scale) ** 2 - math.log(scale * math.sqrt(2 * math.pi)) for value, scale in terms), f * 0)
    integral = (density.exp().sum() * (24 / 1200) ** 2).log()
    torch.testing.assert_close(model.log_likelihood(double(x * x)[None]), integral, rtol=1e-9, atol=1e-9)


def test_what_is_drawn_has_the_covariance() -> None:
    model = LinearSequence.of(2.0, 0.5, 0.3)
    drawn = moment_of(model.sample((100_000,), rng(0)))
    torch.testing.assert_close(drawn, model.covariance(), rtol=0.02, atol=0)
    assert torch.equal(model.sample((2, 3), rng(1)).flatten(0, 1), model.sample((2, 3), rng(1)).reshape(6, 3, 2))


def test_a_batch_is_its_models_one_by_one() -> None:
    one = LinearSequence.of(2.0, 0.5, 0.5)
    values = double(0.1, 0.5, 2.0)
    moments = moment_of(one.sample((4, 5), rng(0)))
    for place, name in enumerate(PARAMETERS):
        batch = one.vary(name, values)
        assert torch.equal(batch.deviations[:, place], values)
        found = batch.log_likelihood(moments)
        assert found.shape == (3, 4)
        for value, row in zip(values.tolist(), found, strict=True):
            alone = LinearSequence.of(**dict(zip(PARAMETERS, one.deviations.tolist(), strict=True)) | {name: value})
            torch.testing.assert_close(torch.stack([alone.log_likelihood(moment) for moment in moments]), row)


def test_the_truth_is_likeliest_on_unlimited_data() -> None:
    model = LinearSequence.of(2.0, 0.5, 0.5)
    values = torch.arange(1, 41, dtype=torch.float64) / 10
    for name, right in zip(PARAMETERS, (2.0, 0.5, 0.5), strict=True):
        assert values[model.vary(name, values).log_likelihood(model.covariance()).argmax()] == right


def test_mistakes_are_one_line() -> None:
    with error(DtypeError, "must be float64, got torch.float32"):
        LinearSequence(torch.ones(3))
    with error(ShapeError, "must be [*models, 3], for sf, sz and sx; got [2]"):
        LinearSequence(double(1, 1))
    for wrong in (0.0, -1.0, math.inf, math.nan):
        with error(RangeError, "must be above 0 and finite"):
            LinearSequence.of(1.0, wrong, 1.0)
    with error(RangeError, "at least 1 step and 1 dimension, got 0 and 2"):
        LinearSequence.of(1.0, 1.0, 1.0, steps=0)
    model = LinearSequence.of(1.0, 1.0, 1.0)
    with error(RangeError, "there is no parameter 'sy'; there are: sf, sz, sx"):
        model.vary("sy", double(1))
    with error(ShapeError, "the moments of sequences of 3 steps must be [*data, 3, 3], got [2, 2]"):
        model.log_likelihood(torch.eye(2, dtype=torch.float64))
    batch = model.vary("sx", double(1, 2))
    with error(ShapeError, "one parameter of a single model is varied, this is a batch [2]"):
        batch.vary("sf", double(1))
    with error(ShapeError, "sequences are drawn of a single model, this is a batch [2]"):
        batch.sample((1,), rng(0))


@pytest.mark.parametrize("count", [1, 4])
def test_one_data_set_has_no_dimension_of_its_own(count: int) -> None:
    model = LinearSequence.of(2.0, 0.5, 0.5)
    assert model.log_likelihood(moment_of(model.sample((count,), rng(0)))).shape == ()
