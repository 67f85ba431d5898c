"""The learnt prior: what it expects depends on the frames before alone, and samples follow it."""

import torch
from torch.distributions import Normal

from tasks.sequence.prior import MotionPrior
from tests.tasks.sequence.numbers import rng


def prior(motion: int = 3, hidden: int = 8) -> MotionPrior:
    return MotionPrior(motion, hidden).eval()


def test_a_frame_is_expected_of_those_before_it_and_of_no_later_one() -> None:
    made, motion = prior(), torch.randn(2, 6, 3)
    changed = motion.clone()
    changed[:, 3] += 1
    for before, after in zip(made(motion), made(changed), strict=True):
        torch.testing.assert_close(after[:, :4], before[:, :4])
        assert (after[:, 4:] != before[:, 4:]).any()


def test_the_first_frame_is_expected_of_nothing() -> None:
    made = prior()
    first, second = made(torch.randn(2, 4, 3)), made(torch.randn(2, 4, 3))
    torch.testing.assert_close(first[0][:, 0], second[0][:, 0])


@torch.no_grad()
def test_a_sample_is_as_likely_as_the_prior_says() -> None:
    """Samples, brought back to standard normal numbers by what the prior expects of them, are standard normal."""
    made = prior()
    drawn = made.sample(4000, 3, rng(0))
    mean, logvar = made(drawn)
    noise = (drawn - mean) / (logvar / 2).exp()
    assert noise.mean((0, 1)).abs().max() < 0.05
    assert (noise.var((0, 1)) - 1).abs().max() < 0.06
    assert abs(Normal(0.0, 1.0).log_prob(noise).mean().item() + 1.4189) < 0.02


@torch.no_grad()
def test_what_is_expected_goes_on_from_what_was_drawn() -> None:
    made = prior()
    torch.testing.assert_close(made.sample(3, 5, rng(0), mean=True), made(made.sample(3, 5, rng(0)))[0])


@torch.no_grad()
def test_the_same_generator_gives_the_same_motions() -> None:
    made = prior()
    assert made.sample(2, 4, rng(5)).equal(made.sample(2, 4, rng(5)))
    assert not made.sample(2, 4, rng(5)).equal(made.sample(2, 4, rng(6)))
