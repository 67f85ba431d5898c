"""Mutual information between codes and factors, and what is read off it: MIG and modularity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mutual_info_score

from tasks.evaluation.disentanglement.representation import BINS, Representation


def mig(representation: Representation) -> float:
    """The mutual information gap: how much more of a factor the best code tells than the second best, as a share of its entropy.

    Args:
        representation: with one code, the second best tells nothing. Nothing is tested.

    Returns:
        The mean over the factors, from 0 to 1; 0 where all codes are constant. A factor with more classes than bins cannot be
        told in full: its gap is at most the entropy of its binned values over its own.

    Source:
        Chen, Li, Grosse and Duvenaud, "Isolating Sources of Disentanglement in VAEs", 2018, equation 6.

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(3), torch.arange(4))
        >>> round(mig(Representation(classes.float(), classes)), 6)
        1.0
    """
    told = information(representation) / entropies(representation.classes)
    best = np.sort(np.vstack([np.zeros((1, told.shape[1])), told]), axis=0)
    return float((best[-1] - best[-2]).mean().clip(0, 1))


def modularity(representation: Representation) -> float:
    """How far each code tells of one factor alone: one minus what it tells of the others, squared, relative to its best.

    Args:
        representation: of at least two factors. Nothing is tested.

    Returns:
        The mean over the codes, from 0 to 1; 0 where all are constant. Codes that tell nothing at all are left out
        (disentanglement_lib counts them as 0).

    Raises:
        ShapeError: there is but one factor.

    Source:
        Ridgeway and Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss", 2018, section 3.

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(3), torch.arange(4))
        >>> round(modularity(Representation(classes.float(), classes)), 6)
        1.0
    """
    representation.check_several_factors()
    told = information(representation)
    told = told[told.max(1) > 1e-12]
    if not len(told):
        return 0.0
    squares = (told / told.max(1, keepdims=True)) ** 2
    return float((1 - (squares.sum(1) - 1) / (squares.shape[1] - 1)).mean().clip(0, 1))


def information(representation: Representation) -> NDArray[np.float64]:
    """What each code tells of each factor, in nats, of the samples to learn from: float64 [L, F]."""
    return mutual_information(representation.codes, representation.classes, representation.bins)


def discretise(codes: NDArray[np.float64], bins: int | None = BINS) -> NDArray[np.int64]:
    """Each code [n, L] as the number of its bin, int64 [n, L]; a constant code is in one bin.

    Args:
        codes: float64 [n, L].
        bins: how many of equal width between the least and the largest value of a code; None: every value is its own.

    Example:
        >>> discretise(np.array([[0.0], [0.4], [1.0]]), bins=2)[:, 0].tolist()
        [0, 0, 1]
    """
    if bins is None:
        return np.stack([np.unique(code, return_inverse=True)[1].ravel() for code in codes.T], 1).astype(np.int64)
    low, high = codes.min(0), codes.max(0)
    place = (codes - low) / np.where(high > low, high - low, 1)
    return np.minimum((place * bins).astype(np.int64), bins - 1)


def mutual_information(codes: NDArray[np.float64], classes: NDArray[np.int64], bins: int | None = BINS) -> NDArray[np.float64]:
    """What each code tells of each factor, in nats: float64 [L, F].

    The plug-in estimate from counts, which is too large by about (bins - 1) (classes - 1) / 2n where there is nothing to tell.
    """
    binned = discretise(codes, bins)
    told = [[max(0.0, float(mutual_info_score(factor, code))) for factor in classes.T] for code in binned.T]
    return np.array(told)


def entropies(classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """The entropy of each factor [n, F] in nats: float64 [F]."""
    shares = [np.unique(factor, return_counts=True)[1] / len(factor) for factor in classes.T]
    return np.array([-(share * np.log(share)).sum() for share in shares])
