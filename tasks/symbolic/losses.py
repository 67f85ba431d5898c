"""What training makes small: the picture's error, the posterior's divergence from its prior, features that do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.likelihood import BERNOULLI, Likelihood
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64, Shaped


def reconstruction(
    parameters: Float[Tensor, "t *s c h w"],
    targets: Shaped[Tensor, "t *s c h w"],
    likelihood: Likelihood = BERNOULLI,
    kind: Literal["bce", "mse"] = "bce",
    reduction: Literal["sum", "mean"] = "sum",
) -> Float[Tensor, ""]:
    """The error of pictures, averaged over the batch.

    Args:
        parameters: [T, C, H, W], of the likelihood; of clips [T, S, C, H, W], with S frames.
        targets: the same shape, uint8 or float in [0, 1].
        likelihood: of pixels.
        kind: "bce", the negative log likelihood in nats, or "mse", the squared error of what is expected.
        reduction: "sum" or "mean" over the pixels of a picture or clip.

    Example:
        >>> import torch
        >>> reconstruction(torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4, dtype=torch.uint8))
        tensor(11.0904)
    """
    parameters, goal = parameters.float(), targets.float()
    error = likelihood.loss(parameters, goal) if kind == "bce" else (likelihood.mean(parameters) - goal).square()
    error = error.flatten(1)
    return (error.sum(1) if reduction == "sum" else error.mean(1)).mean()


def kl_divergence(mean: Float[Tensor, "p *rest"], logvar: Float[Tensor, "p *rest"]) -> Float[Tensor, ""]:
    """KL(N(mean, exp(logvar)) || N(0, 1)) in nats, summed over a picture's vectors and averaged over the batch.

    Source: Kingma and Welling, "Auto-encoding variational Bayes", 2014, appendix B.

    Example:
        >>> import torch
        >>> kl_divergence(torch.ones(2, 5, 4), torch.zeros(2, 5, 4))
        tensor(10.)
    """
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar).flatten(1).sum(1).mean()


def contrastive(
    features: Float[Tensor, "p features dim"], values: Int64[Tensor, "p features"], temperature: float = 0.1
) -> Float[Tensor, ""]:
    """How badly each feature's vectors tell its values apart: small when equal values have like vectors and others do not.

    For each feature on its own, a picture is asked to find the others of its value among all the others by cosine similarity;
    the loss is minus the log probability that it does, in nats, averaged over those of its value, then over the pictures
    that have any, and summed over the features. Where no two pictures share a value it is 0.

    Only whether two values are equal counts, not what they are.

    Args:
        features: float [P, F, D].
        values: int64 [P, F], the value of each feature in each picture.
        temperature: what the cosines are divided by, above 0.

    Raises:
        ShapeError: there is not one value for each vector.
        RangeError: the temperature is not above 0.

    Source: Khosla et al., "Supervised contrastive learning", 2020, arXiv 2004.11362, equation 2 (L_out).

    Example:
        >>> features, values = torch.eye(4).view(4, 1, 4), torch.tensor([[0], [0], [1], [1]])
        >>> contrastive(features, values)  # three others, all alike: log 3
        tensor(1.0986)
        >>> contrastive(features[values[:, 0]], values) < 0.001
        tensor(True)
    """
    if features.ndim != 3 or values.shape != features.shape[:2]:
        raise ShapeError(f"features [P, F, D] have values [P, F], got {list(features.shape)} and {list(values.shape)}")
    if not temperature > 0:
        raise RangeError(f"temperature must be above 0, got {temperature}")
    by_feature, vectors = values.T, features.float().transpose(0, 1)
    with torch.autocast(features.device.type, enabled=False):  # bfloat16 would round the logits to steps of 0.04
        products = vectors @ vectors.mT
    norms = products.diagonal(dim1=1, dim2=2).clamp(min=1e-24).sqrt()
    logits = products / (norms[:, :, None] * norms[:, None, :] * temperature)
    itself = torch.eye(len(features), dtype=torch.bool, device=features.device)
    alike = (by_feature[:, :, None] == by_feature[:, None, :]) & ~itself
    surprise = -logits.masked_fill(itself, torch.finfo(logits.dtype).min).log_softmax(-1)
    many = alike.sum(-1)
    of_picture = surprise.masked_fill(~alike, 0).sum(-1) / many.clamp(min=1)
    return (of_picture.sum(-1) / (many > 0).sum(-1).clamp(min=1)).sum()


def known_cosine(
    first: Float[Tensor, "n features dim"], pair: Float[Tensor, "n features dim"], exchanged: Bool[Tensor, "n features"]
) -> Float[Tensor, ""]:
    """How far pairs of pictures are from having like vectors but for the features in which they are known to differ.

    With c the cosine of a feature's two vectors: 1 - c for a feature that both share, max(0, c) for one that was exchanged,
    summed over the features and averaged over the pairs.

    Args:
        first: float [n, F, D], the vectors of the first picture of each pair.
        pair: float [n, F, D], of the second.
        exchanged: bool [n, F], the features in which they differ.

    Raises:
        ShapeError: the shapes do not fit.

    Example:
        >>> first = torch.eye(2).view(1, 2, 2)
        >>> known_cosine(first, first, torch.tensor([[False, True]]))
        tensor(1.)
    """
    cosines = _cosines(first, pair)
    if exchanged.shape != cosines.shape:
        raise ShapeError(f"features {list(first.shape)} need exchanged {list(cosines.shape)}, got {list(exchanged.shape)}")
    return _cosine_loss(cosines, exchanged)


def guessed_cosine(
    first: Float[Tensor, "n features dim"], pair: Float[Tensor, "n features dim"]
) -> tuple[Float[Tensor, ""], Int64[Tensor, "n"]]:
    """The same without labels: the feature in which two pictures differ is taken to be the one whose vectors are least alike.

    With c_k the cosine of feature k's two vectors and k* = argmin c_k, a pair counts sum over k != k* of (1 - c_k), plus
    max(0, c_k*). This is the mean over the pairs; dSprites VSA adds them up, which is n times as much.

    Args:
        first: float [n, F, D], the vectors of the first picture of each pair.
        pair: float [n, F, D], of the second.

    Returns:
        The loss, and k*, int64 [n]: the feature that is to be exchanged.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> first = torch.eye(2).view(1, 2, 2)
        >>> guessed_cosine(first, first * torch.tensor([[1.0], [-1.0]]))
        (tensor(0.), tensor([1]))
    """
    cosines = _cosines(first, pair)
    guess = cosines.argmin(-1)
    return _cosine_loss(cosines, F.one_hot(guess, cosines.shape[1]).bool()), guess


def _cosines(first: Tensor, pair: Tensor) -> Tensor:
    if first.ndim != 3 or first.shape != pair.shape or not first.shape[1]:
        raise ShapeError(f"pairs have features [n, F, D] of one shape, got {list(first.shape)} and {list(pair.shape)}")
    return F.cosine_similarity(first.float(), pair.float(), dim=-1)


def _cosine_loss(cosines: Tensor, exchanged: Tensor) -> Tensor:
    return torch.where(exchanged, cosines.clamp(min=0), 1 - cosines).sum(-1).sum() / max(len(cosines), 1)
