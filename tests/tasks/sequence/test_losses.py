"""Each term of the loss against a closed form, and their sum against the bound of a sequence that is known exactly."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, distributions
from torch.distributions import Normal

from tasks.likelihood import Gaussian
from tasks.sequence.factorised import best
from tasks.sequence.linear import LinearSequence, moment_of
from tasks.sequence.losses import agreement, kl_of_first, kl_of_motion
from tasks.symbolic.losses import kl_divergence
from tests.helpers import error, seeds
from tests.tasks.sequence.numbers import rng
from vsa.errors import RangeError, ShapeError


def normals(*shape: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = rng(seed)
    return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)


@given(seeds, st.integers(1, 5))
def test_the_kl_of_content_is_that_of_torch(seed: int, size: int) -> None:
    mean, logvar = normals(4, size, seed=seed)
    right = distributions.kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0)).sum(1)
    found = torch.stack([kl_divergence(*clip) for clip in zip(mean.split(1), logvar.split(1), strict=True)])
    torch.testing.assert_close(found, right)


@given(seeds, st.integers(1, 4), st.integers(1, 3))
def test_the_kl_of_motion_is_that_of_torch_summed_over_frames(seed: int, frames: int, size: int) -> None:
    mean, logvar = normals(3, frames, size, seed=seed)
    before, width = normals(3, frames, size, seed=seed + 1)
    right = distributions.kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(before, (width / 2).exp())).sum((1, 2))
    torch.testing.assert_close(kl_of_motion(mean, logvar, before, width), right)


@given(seeds)
def test_no_kl_is_below_zero_and_one_of_the_prior_itself_is_zero(seed: int) -> None:
    mean, logvar = normals(5, 4, 3, seed=seed)
    before, width = normals(5, 4, 3, seed=seed + 1)
    assert (kl_of_motion(mean, logvar, before, width) >= -1e-4).all()
    assert (kl_of_motion(mean, logvar, mean, logvar) == 0).all()
    assert kl_divergence(torch.zeros(2, 3), torch.zeros(2, 3)) == 0


@given(seeds, st.integers(1, 3))
def test_a_mixture_of_one_or_of_many_alike_is_one_normal(seed: int, size: int) -> None:
    (mean, logvar), (middle, width) = normals(4, size, seed=seed), normals(1, size, seed=seed + 1)
    right = kl_of_motion(mean[:, None], logvar[:, None], middle.expand(4, 1, -1), width.expand(4, 1, -1))
    for k in (1, 3):
        shares = torch.full((k,), 1 / k).log()
        found = kl_of_first(mean, logvar, shares, middle.expand(k, -1), width.expand(k, -1))
        torch.testing.assert_close(found, right)


def test_the_kl_of_a_mixture_is_bounded_from_above_and_near_where_its_normals_are_apart() -> None:
    generator, draws = rng(0), 100_000
    mean, logvar = torch.tensor([[0.3, -0.2]]), torch.tensor([[-1.0, -2.0]])
    shares, widths = torch.tensor([0.25, 0.75]).log(), torch.zeros(2, 2)
    for apart, slack in ((0.5, 1.0), (8.0, 1e-3)):
        means = torch.tensor([[0.0, 0.0], [apart, apart]])
        drawn = mean + torch.randn(draws, 2, generator=generator) * (logvar / 2).exp()
        density = torch.stack([Normal(middle, 1.0).log_prob(drawn).sum(1) for middle in means], 1)
        exact = (Normal(mean, (logvar / 2).exp()).log_prob(drawn).sum(1) - (density + shares).logsumexp(1)).mean()
        found = kl_of_first(mean, logvar, shares, means, widths)[0]
        assert exact - 0.02 <= found <= exact + slack + 0.02


def test_the_error_of_frames_is_the_log_density_of_a_gaussian_of_variance_one() -> None:
    logits, seen = normals(2, 3, 1, 4, 4, seed=0)[0], torch.rand(2, 3, 1, 4, 4, generator=rng(1))
    right = -Normal(logits.sigmoid(), 1.0).log_prob(seen) - 0.5 * math.log(2 * math.pi)
    torch.testing.assert_close(Gaussian(1.0).loss(logits, seen), right)


def test_the_terms_together_are_the_bound_of_a_sequence_whose_bound_is_known() -> None:
    """A random walk about a latent that stays: the terms, of samples of its best factorised posterior, are its closed form."""
    sf, sz, sx, frames, n = 2.0, 0.5, 0.5, 3, 200_000
    known = LinearSequence.of(sf, sz, sx, steps=frames, dims=1)
    posterior = best(known)
    seen = known.sample((n,), rng(0))[..., 0]  # [n, T]
    means, logvars = seen @ posterior.weights.T, posterior.deviations.log().mul(2).expand(n, -1)
    sample = means + torch.randn(means.shape, generator=rng(1), dtype=torch.float64) * (logvars / 2).exp()
    content, motion = sample[:, :1], sample[:, 1:, None]
    # The standard normal prior of content is met by content in units of sf.
    stays = kl_divergence(means[:, :1] / sf, logvars[:, :1] - 2 * math.log(sf))
    before = torch.cat([torch.zeros_like(motion[:, :1]), motion[:, :-1]], 1)
    width = torch.full_like(before, 2 * math.log(sz))
    moves = kl_of_motion(means[:, 1:, None], logvars[:, 1:, None], before, width)
    drawn = -Normal(content + motion[..., 0], sx).log_prob(seen).sum(1)
    bound = posterior.bound(known, moment_of(seen[..., None])).item()
    assert -(drawn + stays + moves).mean().item() == pytest.approx(bound, abs=0.01)


def test_agreement_of_codes_that_are_alike_and_apart_is_a_closed_form() -> None:
    codes, temperature = torch.eye(3), 0.5
    told = math.exp(1 / temperature) / (math.exp(1 / temperature) + 2)
    assert agreement(codes, codes, temperature).item() == pytest.approx(-math.log(told), rel=1e-5)
    assert agreement(codes, codes.roll(1, 0), temperature).item() == pytest.approx(math.log(math.exp(2) + 2), rel=1e-5)


@given(seeds)
def test_agreement_does_not_depend_on_lengths_nor_on_which_list_is_first(seed: int) -> None:
    first, second = normals(6, 4, seed=seed)
    lengths = torch.rand(6, 1, generator=rng(seed)) + 0.1
    torch.testing.assert_close(agreement(first * lengths, second), agreement(first, second))
    torch.testing.assert_close(agreement(second, first), agreement(first, second))


def test_agreement_refuses_what_it_cannot_compare() -> None:
    with error(ShapeError, "codes must be [B, D], twice the same, got [3, 2] and [4, 2]"):
        agreement(torch.zeros(3, 2), torch.zeros(4, 2))
    with error(RangeError, "temperature must be above 0, got 0"):
        agreement(torch.zeros(3, 2), torch.zeros(3, 2), 0)
