import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.symbolic.losses import kl_divergence
from tasks.vae.losses import (
    averaged_over_pairs,
    capacity_penalty,
    decomposed_kl,
    density_ratio,
    discrimination,
    kl_of_latents,
    shuffled,
)
from tests.helpers import error, seeds
from vsa.errors import RangeError, ShapeError


def posteriors(n: int, latents: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, latents, generator=generator), torch.randn(n, latents, generator=generator) - 1


@given(seeds, st.integers(1, 6))
def test_the_kl_of_latents_adds_up_to_the_kl(seed: int, latents: int) -> None:
    mean, logvar = posteriors(7, latents, seed)
    torch.testing.assert_close(kl_of_latents(mean, logvar).sum(), kl_divergence(mean[..., None], logvar[..., None]))


def test_the_kl_is_that_of_torch() -> None:
    mean, logvar = posteriors(5, 3, 0)
    normal = torch.distributions.Normal
    right = torch.distributions.kl_divergence(normal(mean, (logvar / 2).exp()), normal(0.0, 1.0)).mean(0)
    torch.testing.assert_close(kl_of_latents(mean, logvar), right)


def test_capacity_is_missed_on_both_sides_alike() -> None:
    assert capacity_penalty(torch.tensor(20.0), 2.0, 25.0) == capacity_penalty(torch.tensor(30.0), 2.0, 25.0) == 10


def test_the_parts_of_the_kl_add_up_to_an_estimate_of_it() -> None:
    mean, logvar = posteriors(400, 4, 1)
    sample = mean + torch.randn(mean.shape, generator=torch.Generator().manual_seed(2)) * (logvar / 2).exp()
    parts = decomposed_kl(sample, mean, logvar, size=400)
    assert sum(part.item() for part in parts) == pytest.approx(kl_of_latents(mean, logvar).sum().item(), rel=0.1)


def test_samples_of_independent_latents_have_the_least_total_correlation() -> None:
    """The estimate is biased, by as much whatever the posteriors: only differences mean something."""
    n, narrow = 512, torch.full((512, 2), -4.0)
    generator = torch.Generator().manual_seed(0)
    apart = torch.randn(n, 2, generator=generator)
    bound = apart[:, :1].expand(-1, 2).contiguous()
    free, tied = (decomposed_kl(code, code, narrow, size=n)[1].item() for code in (apart, bound))
    assert tied > free + 1


def test_too_few_pictures_to_tell_the_parts_apart() -> None:
    one = torch.zeros(1, 3)
    with error(RangeError, "from 2 pictures to all 10 of the data set, got 1"):
        decomposed_kl(one, one, one, size=10)


@given(seeds)
def test_shuffling_keeps_the_values_of_each_latent(seed: int) -> None:
    sample = torch.randn(16, 3, generator=torch.Generator().manual_seed(seed))
    mixed = shuffled(sample, torch.Generator().manual_seed(seed))
    assert torch.equal(mixed.sort(0).values, sample.sort(0).values)
    assert not torch.equal(mixed, sample)


def test_a_discriminator_that_knows_gives_the_density_ratio_and_no_surprise() -> None:
    sure = torch.tensor([[30.0, 0.0]]).expand(4, 2)
    assert discrimination(sure, -sure) < 1e-9
    assert density_ratio(sure) == 30
    assert discrimination(sure * 0, sure * 0) == pytest.approx(math.log(2))


def test_shared_latents_are_averaged_and_the_most_different_one_never_is() -> None:
    mean = torch.tensor([[0.0, 1.0, 5.0], [0.0, 1.2, -5.0]])
    logvar = torch.tensor([[0.0, 0.0, 0.0], [math.log(3.0), 0.0, 0.0]])
    new_mean, new_logvar = averaged_over_pairs(mean, logvar)
    torch.testing.assert_close(new_mean, torch.tensor([[0.0, 1.1, 5.0], [0.0, 1.1, -5.0]]))
    torch.testing.assert_close(new_logvar[:, 0], torch.full((2,), math.log(2.0)))
    with error(ShapeError, "an even number of posteriors, got 3"):
        averaged_over_pairs(torch.zeros(3, 2), torch.zeros(3, 2))
