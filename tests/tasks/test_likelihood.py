"""Likelihoods: their losses are those of the distributions, and pictures compose as they are laid over one another."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Bernoulli as OnOff
from torch.distributions import Normal

from tasks.likelihood import BERNOULLI, Bernoulli, Gaussian, Likelihood, make_likelihood, union
from tests.helpers import error, seeds
from vsa.errors import RangeError

PICTURE = (3, 4, 5)
LIKELIHOODS: list[Likelihood] = [Bernoulli(), Gaussian(), Gaussian(2.0)]
each = pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=str)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def uniform(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seed=seeds)
def test_bernoulli_is_torchs(seed: int) -> None:
    parameters, seen = 4 * normal(2, *PICTURE, seed=seed), uniform(2, *PICTURE, seed=seed + 1).round()
    expected = -OnOff(logits=parameters).log_prob(seen)
    for given_as in (seen, seen.byte(), seen.bool()):
        torch.testing.assert_close(BERNOULLI.loss(parameters, given_as), expected)
    torch.testing.assert_close(BERNOULLI.mean(parameters), OnOff(logits=parameters).mean)


@given(seed=seeds, share=st.floats(0, 1))
def test_between_off_and_on_bernoulli_counts_both_in_proportion(seed: int, share: float) -> None:
    parameters = 4 * normal(2, *PICTURE, seed=seed)
    off, on, between = (BERNOULLI.loss(parameters, torch.full_like(parameters, value)) for value in (0.0, 1.0, share))
    torch.testing.assert_close(between, share * on + (1 - share) * off)


@given(seed=seeds, deviation=st.floats(0.01, 10))
def test_gaussian_is_torchs_but_for_a_constant(seed: int, deviation: float) -> None:
    parameters, seen = normal(2, *PICTURE, seed=seed), uniform(2, *PICTURE, seed=seed + 1)
    exact = -Normal(parameters.sigmoid(), deviation).log_prob(seen)
    constant = math.log(deviation * math.sqrt(2 * math.pi))
    torch.testing.assert_close(Gaussian(deviation).loss(parameters, seen) + constant, exact)
    torch.testing.assert_close(Gaussian(deviation).mean(parameters), parameters.sigmoid())


@each
def test_what_is_expected_is_a_picture_and_costs_least(likelihood: Likelihood) -> None:
    seen = uniform(2, *PICTURE).clamp(0.02, 0.98)
    best = seen.logit()
    torch.testing.assert_close(likelihood.mean(best), seen)
    wide = likelihood.mean(100 * normal(2, *PICTURE))
    assert 0 <= wide.min() <= wide.max() <= 1
    least = likelihood.loss(best, seen)
    assert (least >= 0).all()
    for step in (-0.1, 0.1):
        assert (likelihood.loss(best + step, seen) > least).all()


@each
def test_losses_and_what_composes_have_the_gradients_that_they_should(likelihood: Likelihood) -> None:
    seen = uniform(2, *PICTURE)
    parameters = normal(2, *PICTURE, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: likelihood.loss(given, seen), parameters)
    assert torch.autograd.gradcheck(likelihood.mean, parameters)
    slots = normal(2, 3, *likelihood.parameters(PICTURE, 3), seed=2).requires_grad_()
    assert torch.autograd.gradcheck(likelihood.compose, slots)


@each
def test_one_slot_is_its_picture(likelihood: Likelihood) -> None:
    assert likelihood.parameters(PICTURE) == likelihood.parameters(PICTURE, 1) == PICTURE
    alone = 50 * normal(2, 1, *PICTURE)
    assert torch.equal(likelihood.compose(alone), alone[:, 0])


@each
def test_several_slots_give_the_parameters_of_one_picture(likelihood: Likelihood) -> None:
    shape = likelihood.parameters(PICTURE, 4)
    assert shape == (PICTURE if isinstance(likelihood, Bernoulli) else (4, 4, 5)), "a Gaussian's slots have masks"
    composed = likelihood.compose(50 * normal(2, 4, *shape))
    assert composed.shape == (2, *PICTURE)
    assert composed.isfinite().all()


@given(seed=seeds, slots=st.integers(1, 5))
def test_a_union_is_off_where_all_are_off(seed: int, slots: int) -> None:
    logits = 3 * normal(2, slots, *PICTURE, seed=seed)
    closed = 1 - (1 - logits.sigmoid()).prod(1)
    torch.testing.assert_close(union(logits).sigmoid(), closed, rtol=1e-9, atol=1e-12)
    assert torch.equal(BERNOULLI.compose(logits), union(logits))
    torch.testing.assert_close(union(logits.flip(1)), union(logits))


def test_a_union_of_what_is_certain_has_finite_gradients() -> None:
    extreme = torch.tensor([-1e4, -200.0, 80.0, 1e4]).view(1, 4, 1, 1, 1).requires_grad_()
    for logits in (extreme, extreme[:, :2], extreme[:, 2:]):
        extreme.grad = None
        found = union(logits)
        assert found.isfinite().all()
        found.sum().backward()
        assert extreme.grad is not None
        assert extreme.grad.isfinite().all()


def layer(colour: list[float], mask: float) -> Tensor:
    """A slot's parameters [1, 4, 1, 1]: a colour, and a mask, from 0 to 1."""
    return torch.tensor([*colour, mask], dtype=torch.float64).logit(1e-6).view(1, 4, 1, 1)


RED, GREEN, BLUE = [0.9, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.7]


def seen_of(*layers: Tensor) -> list[float]:
    """The colour of the picture that these layers compose, the first in front."""
    found = Gaussian()
    return found.mean(found.compose(torch.stack(layers, 1))).flatten().tolist()


def test_the_first_slot_is_in_front() -> None:
    for front, behind in ((RED, GREEN), (GREEN, RED)):
        assert seen_of(layer(front, 1), layer(behind, 1), layer(BLUE, 1)) == pytest.approx(front, abs=1e-4)
    assert seen_of(layer(RED, 0), layer(GREEN, 1), layer(BLUE, 1)) == pytest.approx(GREEN, abs=1e-4)
    assert seen_of(layer(RED, 0), layer(GREEN, 0), layer(BLUE, 1)) == pytest.approx(BLUE, abs=1e-4)


def test_what_covers_in_part_lets_through_what_is_left_and_behind_all_is_black() -> None:
    half = seen_of(layer(RED, 0.5), layer(GREEN, 0.5), layer(BLUE, 0.5))
    assert half == pytest.approx([r / 2 + g / 4 + b / 8 for r, g, b in zip(RED, GREEN, BLUE, strict=True)], abs=1e-4)
    assert seen_of(layer(RED, 0), layer(GREEN, 0)) == pytest.approx([0, 0, 0], abs=1e-4)
    assert seen_of(layer(RED, 0.25), layer(GREEN, 0)) == pytest.approx([value / 4 for value in RED], abs=1e-4)


@given(seed=seeds, slots=st.integers(2, 5))
def test_colours_are_painted_from_the_back_to_the_front(seed: int, slots: int) -> None:
    parameters = normal(2, slots, 4, 4, 5, seed=seed)
    painted = torch.zeros(2, *PICTURE, dtype=torch.float64)
    for slot in parameters.sigmoid().unbind(1)[::-1]:
        painted = slot[:, 3:] * slot[:, :3] + (1 - slot[:, 3:]) * painted
    found = Gaussian().mean(Gaussian().compose(parameters))
    torch.testing.assert_close(found, painted, rtol=1e-5, atol=1e-5)


def test_a_name_and_what_pixels_are() -> None:
    assert make_likelihood("auto", binary=True) == make_likelihood("bernoulli", binary=False) == BERNOULLI
    assert make_likelihood("auto", binary=False, deviation=0.3) == make_likelihood("gaussian", True, 0.3) == Gaussian(0.3)
    assert Gaussian() == Gaussian(0.1)


@pytest.mark.parametrize("deviation", [0.0, -1.0, math.inf, math.nan])
def test_a_deviation_that_is_none(deviation: float) -> None:
    with error(RangeError, f"the deviation of a Gaussian likelihood must be above 0, got {deviation}"):
        Gaussian(deviation)
