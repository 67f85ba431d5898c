import math

import pytest
import torch
from hypothesis import given

from tasks.losses import kl_divergence, reconstruction
from tests.helpers import seeds


def test_binary_cross_entropy_in_closed_form() -> None:
    logits = torch.full((3, 1, 4, 4), math.log(3.0))  # probability 3/4
    on, off = torch.ones(3, 1, 4, 4, dtype=torch.uint8), torch.zeros(3, 1, 4, 4, dtype=torch.uint8)
    assert reconstruction(logits, on).item() == pytest.approx(16 * math.log(4 / 3), rel=1e-5)
    assert reconstruction(logits, off).item() == pytest.approx(16 * math.log(4), rel=1e-5)


def test_squared_error_in_closed_form() -> None:
    logits, on = torch.full((3, 1, 4, 4), math.log(3.0)), torch.ones(3, 1, 4, 4)
    assert reconstruction(logits, on, "mse").item() == pytest.approx(1.0)
    assert reconstruction(logits, on, "mse", "mean").item() == pytest.approx(1 / 16)


@given(seed=seeds)
def test_the_batch_is_averaged_and_pixels_are_summed_or_averaged(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(4, 1, 8, 8, generator=generator)
    targets = torch.randint(2, (4, 1, 8, 8), generator=generator)
    for kind in ("bce", "mse"):
        one_by_one = torch.stack([reconstruction(a[None], b[None], kind) for a, b in zip(logits, targets, strict=True)])
        torch.testing.assert_close(reconstruction(logits, targets, kind), one_by_one.mean())
        torch.testing.assert_close(reconstruction(logits, targets, kind, "mean") * 64, one_by_one.mean())


@given(seed=seeds)
def test_kl_agrees_with_torch(seed: int) -> None:
    mean, logvar = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(seed))
    posterior = torch.distributions.Normal(mean, (logvar / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = torch.distributions.kl_divergence(posterior, prior).sum((1, 2)).mean()
    torch.testing.assert_close(kl_divergence(mean, logvar), expected)
