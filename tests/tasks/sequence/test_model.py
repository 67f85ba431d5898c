"""The sequential autoencoder: what each of its parts sees, and what it refuses."""

from typing import Any

import pytest
import torch

from decoders.conv import small as decoder
from encoders.conv import small as encoder
from tasks.normal import sample_normal
from tasks.sequence.losses import kl_of_motion
from tasks.sequence.model import SequentialAutoencoder
from tests.helpers import error
from tests.tasks.sequence.numbers import rng
from vsa.errors import ShapeError

FRAME = (3, 16, 16)


def model(**asked: Any) -> SequentialAutoencoder:
    torch.manual_seed(0)
    made = SequentialAutoencoder(encoder(FRAME, 1, 8), decoder(7, FRAME), 4, 3, width=16, hidden=8, **asked)
    made.image = (5, *FRAME)
    return made.eval()


def clips(n: int = 2) -> torch.Tensor:
    return torch.rand(n, 5, *FRAME, generator=rng(0))


@torch.no_grad()
def test_motion_is_told_of_its_frame_alone_and_content_of_all() -> None:
    made, seen = model(), clips()
    changed = seen.clone()
    changed[:, 2] = 1 - changed[:, 2]
    (content, motion), (other, moved) = made.encode(seen), made.encode(changed)
    torch.testing.assert_close(moved[:, [0, 1, 3, 4]], motion[:, [0, 1, 3, 4]])
    assert (moved[:, 2] != motion[:, 2]).any()
    assert (other != content).any()


@torch.no_grad()
def test_deviations_hide_what_is_the_same_in_all_frames() -> None:
    """A clip that stands still has the same motion whatever it shows; and the order of frames does not change content."""
    made = model(deviations=True)
    still = clips()[:, :1].expand(-1, 5, -1, -1, -1)
    motion = made.encode(still)[1]
    torch.testing.assert_close(motion, motion[:1, :1].expand_as(motion), atol=1e-5, rtol=0)
    content = made.encode(clips())[0]
    torch.testing.assert_close(made.encode(clips().flip(1))[0], content, atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_clip_is_drawn_frame_by_frame() -> None:
    made = model()
    content, motion = made.encode(clips())
    whole = made.decode(content, motion)
    assert whole.shape == (2, 5, *FRAME)
    assert 0 <= whole.min() <= whole.max() <= 1
    torch.testing.assert_close(made.decode(content, motion[:, 1:2])[:, 0], whole[:, 1])


@torch.no_grad()
def test_a_target_has_the_content_of_one_clip_and_the_motion_of_another() -> None:
    made, seen = model(), clips()
    found = made(seen, torch.tensor([[0, 1]]), noise=3)
    assert found.parameters.shape == (1, 5, *FRAME)
    assert found.used.content.equal(found.posterior.content[:1])
    assert found.used.motion.equal(found.posterior.motion[1:])
    generator = rng(3)
    content = sample_normal(found.used.content, found.used.content_logvar, generator)
    motion = sample_normal(found.used.motion, found.used.motion_logvar, generator)
    torch.testing.assert_close(found.parameters, made.parameters_of(content, motion))
    torch.testing.assert_close(found.kl, kl_of_motion(*found.used[2:], *made.prior(motion)))


@torch.no_grad()
def test_draws_of_a_posterior_scatter_about_its_mean_as_it_says() -> None:
    made = model()
    one = clips(1)
    posterior = made.posterior(one)
    content, motion = made.sampled(one.expand(400, -1, -1, -1, -1), rng(0))
    for found, mean, logvar in ((content, *posterior[:2]), (motion, *posterior[2:])):
        noise = (found - mean) / (logvar / 2).exp()
        assert noise.mean().abs() < 0.1
        assert (noise.std() - 1).abs() < 0.1


def test_codes_of_other_sizes_are_refused() -> None:
    made = model()
    with error(ShapeError, "content must be [B, 4], got [2, 3]"):
        made.decode(torch.zeros(2, 3), torch.zeros(2, 5, 3))
    with error(ShapeError, "motion must be [2, T, 3], got [1, 5, 3]"):
        made.decode(torch.zeros(2, 4), torch.zeros(1, 5, 3))


@pytest.mark.parametrize("deviations", [False, True])
def test_every_weight_learns(deviations: bool) -> None:
    made = model(deviations=deviations).train()
    found = made(clips(4), torch.tensor([[0, 1], [2, 3]]))
    parts = (found.parameters, *found.used, found.kl)
    torch.stack([part.square().mean() for part in parts]).sum().backward()
    assert not [name for name, weight in made.named_parameters() if weight.grad is None]
