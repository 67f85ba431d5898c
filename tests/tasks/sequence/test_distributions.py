"""What is measured of distributions, in closed form."""

import math

import pytest
import torch
from torch import Tensor

from tasks.sequence.distributions import (
    disagreement,
    divergence,
    divergence_of_uniform,
    entropy,
    entropy_given_clip,
    inception_score,
)
from tests.helpers import error
from vsa.errors import ShapeError


def rows(*found: list[float]) -> Tensor:
    return torch.tensor(found, dtype=torch.float64)


def test_sure_predictions_of_nine_classes_have_the_ceilings() -> None:
    sure = torch.eye(9, dtype=torch.float64).repeat(5, 1)
    assert inception_score(sure) == pytest.approx(9, abs=1e-12)
    assert entropy(sure) == pytest.approx(math.log(9), abs=1e-12)
    assert str(entropy_given_clip(sure)) == "0.0"


def test_predictions_that_say_nothing_or_the_same_have_a_score_of_one() -> None:
    nothing = torch.full((4, 6), 1 / 6, dtype=torch.float64)
    assert inception_score(nothing) == pytest.approx(1)
    assert entropy_given_clip(nothing) == pytest.approx(math.log(6))
    assert inception_score(rows([0.7, 0.3], [0.7, 0.3])) == pytest.approx(1)


def test_the_score_is_the_mean_divergence_from_the_mean() -> None:
    found = torch.rand(50, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64).softmax(1)
    mean = found.mean(0, keepdim=True).expand_as(found)
    assert math.log(inception_score(found)) == pytest.approx(divergence(found, mean), abs=1e-12)


def test_divergences_by_hand() -> None:
    assert divergence(rows([0.5, 0.5], [1, 0]), rows([0.25, 0.75], [0.5, 0.5])) == pytest.approx(
        (0.5 * math.log(2) + 0.5 * math.log(2 / 3) + math.log(2)) / 2
    )
    assert divergence(rows([0.2, 0.8]), rows([0.2, 0.8])) == 0
    assert divergence_of_uniform(rows([0.5, 0.5])) == pytest.approx(0)
    # The mean of -ln q, less ln 6: a judge that is sure by 1e-14 has some 26 nats, as in the published table.
    sure = rows([1 - 5e-14, *[1e-14] * 5])
    assert divergence_of_uniform(sure) == pytest.approx(5 / 6 * 14 * math.log(10) - math.log(6))
    assert math.isfinite(divergence(rows([0.5, 0.5]), rows([1, 0])))


def test_disagreement_counts_the_most_probable_classes() -> None:
    first, second = rows([0.6, 0.4], [0.6, 0.4], [0.1, 0.9]), rows([0.9, 0.1], [0.4, 0.6], [0.2, 0.8])
    assert disagreement(first, second) == pytest.approx(1 / 3)


def test_only_rows_of_as_many_classes_are_compared() -> None:
    with error(ShapeError, "distributions must be [B, K], as many each, got [1, 2] and [2, 2]"):
        divergence(rows([0.5, 0.5]), rows([0.5, 0.5], [0.5, 0.5]))
    with error(ShapeError, "got [0, 2] and [0, 2]"):
        entropy(torch.zeros(0, 2))
