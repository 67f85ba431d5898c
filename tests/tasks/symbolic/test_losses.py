import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tasks.symbolic.losses import contrastive, guessed_cosine, kl_divergence, known_cosine, reconstruction
from tests.helpers import error, seeds
from vsa.errors import RangeError, ShapeError


def test_binary_cross_entropy_in_closed_form() -> None:
    logits = torch.full((3, 1, 4, 4), math.log(3.0))  # probability 3/4
    on, off = torch.ones(3, 1, 4, 4, dtype=torch.uint8), torch.zeros(3, 1, 4, 4, dtype=torch.uint8)
    assert reconstruction(logits, on).item() == pytest.approx(16 * math.log(4 / 3), rel=1e-5)
    assert reconstruction(logits, off).item() == pytest.approx(16 * math.log(4), rel=1e-5)


def test_squared_error_in_closed_form() -> None:
    logits, on = torch.full((3, 1, 4, 4), math.log(3.0)), torch.ones(3, 1, 4, 4)
    assert reconstruction(logits, on, kind="mse").item() == pytest.approx(1.0)
    assert reconstruction(logits, on, kind="mse", reduction="mean").item() == pytest.approx(1 / 16)


@given(seed=seeds)
def test_the_batch_is_averaged_and_pixels_are_summed_or_averaged(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(4, 1, 8, 8, generator=generator)
    targets = torch.randint(2, (4, 1, 8, 8), generator=generator)
    for kind in ("bce", "mse"):
        one_by_one = torch.stack([reconstruction(a[None], b[None], kind=kind) for a, b in zip(logits, targets, strict=True)])
        torch.testing.assert_close(reconstruction(logits, targets, kind=kind), one_by_one.mean())
        torch.testing.assert_close(reconstruction(logits, targets, kind=kind, reduction="mean") * 64, one_by_one.mean())


@given(seed=seeds)
def test_kl_agrees_with_torch(seed: int) -> None:
    mean, logvar = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(seed))
    posterior = torch.distributions.Normal(mean, (logvar / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = torch.distributions.kl_divergence(posterior, prior).sum((1, 2)).mean()
    torch.testing.assert_close(kl_divergence(mean, logvar), expected)


def labelled(seed: int, p: int, values: int = 3) -> tuple[Tensor, Tensor]:
    """Random features [p, 2, 6] in double precision, and random values [p, 2]."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(p, 2, 6, generator=generator, dtype=torch.float64)
    return features, torch.randint(values, (p, 2), generator=generator)


def test_contrastive_in_closed_form() -> None:
    apart, values = torch.eye(2)[[0, 0, 1, 1]][:, None], torch.tensor([[7], [7], [-1], [-1]])
    expected = math.log(1 + 2 * math.exp(-2))  # cosine 1 with one other, 0 with two, at temperature 1/2
    assert contrastive(apart, values, 0.5).item() == pytest.approx(expected, rel=1e-5)
    assert contrastive(5 * apart, values, 0.5).item() == pytest.approx(expected, rel=1e-5)
    alone = torch.tensor([[7], [7], [-1], [-2]])  # two pictures have a positive, the mean is over these
    assert contrastive(apart, alone, 0.5).item() == pytest.approx(expected, rel=1e-5)
    together = torch.ones(4, 3, 2)
    assert contrastive(together, values.expand(4, 3)).item() == pytest.approx(3 * math.log(3), rel=1e-5)


@given(seed=seeds, p=st.integers(2, 12))
def test_contrastive_is_what_the_equation_says(seed: int, p: int) -> None:
    features, values = labelled(seed, p)
    unit = features / features.norm(dim=-1, keepdim=True)
    total = 0.0
    for f in range(2):
        losses = []
        for i in range(p):
            others = [j for j in range(p) if j != i]
            everything = sum(math.exp(float(unit[i, f] @ unit[j, f]) / 0.1) for j in others)
            positives = [float(unit[i, f] @ unit[j, f]) / 0.1 for j in others if values[i, f] == values[j, f]]
            if positives:
                losses.append(-sum(s - math.log(everything) for s in positives) / len(positives))
        total += sum(losses) / len(losses) if losses else 0.0
    assert contrastive(features, values).item() == pytest.approx(total, rel=1e-4, abs=1e-4)


@given(seed=seeds, p=st.integers(1, 12))
def test_contrastive_knows_neither_order_nor_names(seed: int, p: int) -> None:
    features, values = labelled(seed, p)
    loss = contrastive(features, values)
    order = torch.randperm(p, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(contrastive(features[order], values[order]), loss)
    torch.testing.assert_close(contrastive(features, torch.tensor([-5, 40, 3])[values]), loss)
    torch.testing.assert_close(contrastive(features.flip(1), values.flip(1)), loss)


@given(seed=seeds, p=st.integers(4, 12))
def test_contrastive_is_least_where_equal_values_have_equal_vectors(seed: int, p: int) -> None:
    features, _ = labelled(seed, p)
    values = (torch.arange(p)[:, None] % 2).expand(p, 2)  # two of each at least, and opposite vectors are as far as can be
    agreed = (1.0 - 2 * values)[..., None] * torch.ones(6)
    assert contrastive(agreed, values) < contrastive(features, values)


@pytest.mark.parametrize("p", [0, 1, 3])
def test_contrastive_of_pictures_with_nothing_in_common_is_0(p: int) -> None:
    features = torch.randn(p, 2, 4, requires_grad=True)
    loss = contrastive(features, torch.arange(p)[:, None].expand(p, 2))
    loss.backward()
    assert loss.item() == 0
    assert features.grad is not None
    assert not features.grad.any()


def test_vectors_of_length_0_have_finite_losses_and_gradients() -> None:
    features = torch.cat([torch.zeros(3, 2, 4), torch.randn(3, 2, 4)]).requires_grad_()
    loss = contrastive(features, torch.arange(6)[:, None].expand(6, 2) % 2)
    loss = loss + guessed_cosine(features, features.flip(0))[0]
    loss.backward()
    assert loss.isfinite()
    assert features.grad is not None
    assert features.grad.isfinite().all()


def test_contrastive_is_exact_in_mixed_precision() -> None:
    features, values = torch.randn(8, 2, 16, requires_grad=True), torch.randint(3, (8, 2))
    with torch.autocast("cpu", torch.bfloat16):
        loss = contrastive(features, values)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, contrastive(features, values))


def test_the_cosine_losses_in_closed_form() -> None:
    first = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])[None].expand(2, 3, 2)
    pair = torch.tensor([[[2.0, 0.0], [0.0, 1.0], [3.0, 4.0]], [[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]])  # cosines 1 0 .6, 1 1 -1
    loss, exchanged = guessed_cosine(first, pair)
    assert exchanged.tolist() == [1, 2]
    assert loss.item() == pytest.approx((0.4 + 0) / 2)
    mask = torch.tensor([[True, False, True], [False, False, False]])
    assert known_cosine(first, pair, mask).item() == pytest.approx(((1 + 1 + 0.6) + 2) / 2)


@given(seed=seeds, n=st.integers(1, 6), features=st.integers(1, 5))
def test_a_guess_counts_as_if_it_were_known_and_is_the_best_single_guess(seed: int, n: int, features: int) -> None:
    first, pair = torch.randn(2, n, features, 4, generator=torch.Generator().manual_seed(seed))
    loss, guess = guessed_cosine(first, pair)
    mask = torch.nn.functional.one_hot(guess, features).bool()
    torch.testing.assert_close(known_cosine(first, pair, mask), loss)
    for k in range(features):
        other = torch.zeros_like(mask)
        other[:, k] = True
        assert known_cosine(first, pair, other) >= loss - 1e-5


@given(seed=seeds, n=st.integers(1, 6))
def test_the_cosine_losses_are_averaged_over_pairs_and_know_no_lengths(seed: int, n: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    first, pair = torch.randn(2, n, 3, 4, generator=generator)
    mask = torch.rand(n, 3, generator=generator) < 0.5
    one_by_one = [known_cosine(a[None], b[None], m[None]) for a, b, m in zip(first, pair, mask, strict=True)]
    torch.testing.assert_close(known_cosine(first, pair, mask), torch.stack(one_by_one).mean())
    torch.testing.assert_close(known_cosine(3 * first, 0.5 * pair, mask), known_cosine(first, pair, mask))
    torch.testing.assert_close(known_cosine(pair, first, mask), known_cosine(first, pair, mask))


def test_what_does_not_fit() -> None:
    features = torch.randn(4, 2, 8)
    with error(ShapeError, "[4, 2, 8] and [4, 3]"):
        contrastive(features, torch.zeros(4, 3, dtype=torch.int64))
    with error(RangeError, "temperature must be above 0, got 0"):
        contrastive(features, torch.zeros(4, 2, dtype=torch.int64), 0)
    with error(ShapeError, "[4, 2, 8] and [3, 2, 8]"):
        guessed_cosine(features, features[:3])
    with error(ShapeError, "[4, 2, 8] and [4, 2, 1]"):
        known_cosine(features, features[..., :1], torch.zeros(4, 2, dtype=torch.bool))
    with error(ShapeError, "exchanged [4, 2], got [2, 4]"):
        known_cosine(features, features, torch.zeros(2, 4, dtype=torch.bool))
