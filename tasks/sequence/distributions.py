"""What is measured of the distributions over classes that a judge gives: float64 [B, K], a row for each clip; all in nats.

Source: Leplae-Arthur and Nichani, "Modeling Sequential Data with VAEs", section 4, for the disagreement and both divergences; the
inception score and the entropies are those of S3VAE and C-DSVAE.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsa.errors import ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float64


def disagreement(first: Float64[Tensor, "b k"], second: Float64[Tensor, "b k"]) -> float:
    """The share of rows whose most probable classes differ.

    Example:
        >>> disagreement(torch.tensor([[0.6, 0.4], [0.3, 0.7]]), torch.tensor([[0.9, 0.1], [0.8, 0.2]]))
        0.5
    """
    _check(first, second)
    return (first.argmax(1) != second.argmax(1)).double().mean().item()


def divergence(first: Float64[Tensor, "b k"], second: Float64[Tensor, "b k"]) -> float:
    """The mean of KL(first || second) over rows.

    A probability that underflowed to 0 counts as the smallest number that is none, so that the mean is finite.

    Example:
        >>> round(divergence(torch.tensor([[1.0, 0.0]]).double(), torch.tensor([[0.5, 0.5]]).double()), 3)  # ln 2
        0.693
    """
    _check(first, second)
    return (torch.xlogy(first, first) - first * _log(second)).sum(1).mean().item()


def divergence_of_uniform(found: Float64[Tensor, "b k"]) -> float:
    """The mean of KL(u || row), where u is uniform: the divergence of what says nothing.

    Example:
        >>> round(divergence_of_uniform(torch.tensor([[0.25, 0.75]]).double()), 4)  # (ln 2 + ln 2/3) / 2
        0.1438
    """
    return divergence(torch.full_like(found, 1 / found.shape[1]), found)


def entropy_given_clip(found: Float64[Tensor, "b k"]) -> float:
    """H(y | x), the mean entropy of the rows: how unsure the judge is of a clip.

    Example:
        >>> round(entropy_given_clip(torch.tensor([[0.5, 0.5], [1.0, 0.0]]).double()), 3)  # ln 2 / 2
        0.347
    """
    _check(found, found)
    return 0.0 - torch.xlogy(found, found).sum(1).mean().item()  # not -0.0 of what is sure


def entropy(found: Float64[Tensor, "b k"]) -> float:
    """H(y), the entropy of the mean of the rows: how varied the clips are.

    Example:
        >>> round(entropy(torch.eye(9).double()), 3)  # ln 9
        2.197
    """
    _check(found, found)
    return entropy_given_clip(found.mean(0, keepdim=True))


def inception_score(found: Float64[Tensor, "b k"]) -> float:
    """exp E KL(p(y | x) || p(y)): the number of classes where each clip is surely of one, and all are as frequent.

    Example:
        >>> round(inception_score(torch.eye(9).double()), 6)
        9.0
    """
    return math.exp(entropy(found) - entropy_given_clip(found))


def _log(found: Tensor) -> Tensor:
    return found.clamp(min=torch.finfo(found.dtype).tiny).log()


def _check(first: Tensor, second: Tensor) -> None:
    """Refuse what are not rows of as many classes.

    Raises:
        ShapeError: they are not [B, K], or there are none.
    """
    if first.ndim != 2 or first.shape != second.shape or not first.numel():
        raise ShapeError(f"distributions must be [B, K], as many each, got {list(first.shape)} and {list(second.shape)}")
