"""The learnt prior: what it expects depends on the frames before alone, and samples follow it."""

import torch
from torch.distributions import Normal

from tasks.sequence.losses import kl_of_first, kl_of_motion
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


@torch.no_grad()
def test_a_motion_begins_near_one_of_the_modes_as_often_as_it_has_a_share() -> None:
    made = MotionPrior(2, 8, modes=3).eval()
    made.begins.copy_(torch.tensor([[0.0, 0.0, -8.0, -8.0], [9.0, 0.0, -8.0, -8.0], [0.0, 9.0, -8.0, -8.0]]))
    made.shares.copy_(torch.tensor([0.2, 0.3, 0.5]).log())
    first = made.sample(3000, 2, rng(0))[:, 0]
    nearest = torch.cdist(first, made.begins[:, :2]).min(1)
    assert nearest.values.max() < 0.2
    shares = nearest.indices.bincount(minlength=3) / 3000
    torch.testing.assert_close(shares, torch.tensor([0.2, 0.3, 0.5]), atol=0.03, rtol=0)
    assert made.sample(5, 2, rng(0), mean=True)[:, 0].round().unique(dim=0).tolist() != []


def test_with_modes_the_other_frames_cost_what_they_cost_without() -> None:
    one, many = MotionPrior(2, 8), MotionPrior(2, 8, modes=4)
    many.load_state_dict(one.state_dict(), strict=False)
    mean, logvar, drawn = torch.randn(3, 5, 2, 3).unbind(-1)
    first = kl_of_first(mean[:, 0], logvar[:, 0], many.shares.log_softmax(0), *many.begins.chunk(2, 1))
    without = one.kl(mean, logvar, drawn) - kl_of_motion(mean[:, :1], logvar[:, :1], *(part[:, :1] for part in one(drawn)))
    torch.testing.assert_close(many.kl(mean, logvar, drawn), first + without)
