"""For models whose latents are vectors: what a linear probe finds of each factor in each vector, and how much there is of it.

Metrics for codes ask about single numbers. A symbolic model has one vector for each feature: here a vector takes the place of a
number, and what a linear probe finds in it the place of mutual information.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

from tasks.data.checks import check_generator
from tasks.evaluation.disentanglement.dci import purity
from tasks.evaluation.disentanglement.information import entropies
from tasks.evaluation.disentanglement.representation import Array, Representation, check_codes, check_factors
from vsa.errors import RangeError

COMPONENTS, SHRINKAGE = 64, 0.01
"""The principal components that a probe sees, and how far its covariance is drawn to the identity."""


@dataclass(frozen=True)
class Slotwise:
    """What a linear probe finds of each factor in each feature vector, on samples that it was not fitted to.

    Attributes:
        accuracy: float64 [U, F], the share of right answers.
        information: float64 [U, F], what the probe's answers tell of the factor, as a share of its entropy; corrected for
            chance, so that it is 0 where they tell nothing, and 1 where they are right always.
        variance: float64 [U, F], the share of a vector's variance between the classes of the factor: of the mean squared distance
            from the mean vector, how much is that of the class means; corrected for chance. The probe finds what is there,
            however small; this is how much there is.
        chance: float64 [F], the accuracy of always answering the class that is most frequent among the training samples.
    """

    accuracy: NDArray[np.float64]
    information: NDArray[np.float64]
    variance: NDArray[np.float64]
    chance: NDArray[np.float64]

    @property
    def diagonal(self) -> float:
        """The mean accuracy of each vector for its own factor."""
        return float(np.diag(self.accuracy).mean())

    @property
    def leakage(self) -> float:
        """By how much the mean accuracy of each vector for the other factors is above chance."""
        return float((self.accuracy - self.chance)[~np.eye(*self.accuracy.shape, dtype=bool)].mean())

    def summary(self) -> dict[str, float]:
        """The numbers above, and what becomes of MIG and DCI when `information` or `variance` stands for what a code tells.

        Returns:
            diagonal and leakage; and of either matrix, gap: by how much the best vector beats the second best, mean over the
            factors; disentanglement: 1 where each vector tells of one factor alone; completeness: 1 where each factor is told
            by one vector alone.
        """
        found = {"diagonal": self.diagonal, "leakage": self.leakage}
        for name, matrix in (("information", self.information), ("variance", self.variance)):
            best = np.sort(np.vstack([np.zeros((1, matrix.shape[1])), matrix]), axis=0)
            found[f"{name}_gap"] = float((best[-1] - best[-2]).mean())
            found[f"{name}_disentanglement"] = purity(matrix)
            found[f"{name}_completeness"] = purity(matrix.T)
        return found


def slotwise(features: Array, classes: Array, generator: torch.Generator) -> Slotwise:
    """What a linear probe finds of each factor in each feature vector.

    The probe is linear discriminant analysis on at most 64 whitened principal components, fitted to a random half of the samples
    and tested on the other.

    Args:
        features: real [n, U, D], U feature vectors of each sample.
        classes: integers [n, F], F at least 2. `Dataset.canonical` gives those that a picture can show.
        generator: decides which half.

    Returns:
        See `Slotwise`. A vector that never changes tells nothing: its accuracy is chance, its information 0.

    Raises:
        DtypeError, ShapeError, RangeError: they are not as above, hold NaN, a factor has but one class, or there are too few
            samples: the probe learns every class from two or more.

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(3), torch.arange(3)).repeat(40, 1)
        >>> found = slotwise(torch.eye(3)[classes], classes, torch.Generator().manual_seed(0))
        >>> found.diagonal, round(found.summary()["variance_disentanglement"], 2)
        (1.0, 1.0)
    """
    vectors = check_codes("features", features, dimensions=3)
    factors = check_factors("classes", classes, len(vectors), factors=2)
    check_generator(generator)
    train, test = np.array_split(torch.randperm(len(vectors), generator=generator).numpy(), 2)
    if len(test) < 2:
        raise RangeError(f"there must be at least 4 samples, and better thousands, got {len(vectors)}")
    accuracy = np.empty((vectors.shape[1], factors.shape[1]))
    information = np.zeros_like(accuracy)
    Representation(vectors[train, 0], factors[train], vectors[test, 0], factors[test])  # every class can be learnt and tested
    found = [np.unique(factor, return_counts=True) for factor in factors[train].T]
    for k, (values, counts) in enumerate(found):
        if counts.min() < 2:
            alone = values[counts.argmin()]
            raise RangeError(f"class {alone} of factor {k} has one training sample, and the probe needs two; draw more samples")
    frequent = [values[counts.argmax()] for values, counts in found]
    entropy = entropies(factors[test])
    for u in range(vectors.shape[1]):
        seen, tested = whiten(vectors[train, u], vectors[test, u])
        for k in range(factors.shape[1]):
            answers = _answers(seen, factors[train, k], tested) if seen.shape[1] else np.full(len(test), frequent[k])
            accuracy[u, k] = (answers == factors[test, k]).mean()
            if len(np.unique(answers)) > 1:
                information[u, k] = _adjusted(factors[test, k], answers, float(entropy[k]))
    variance = np.array([[_between(vectors[:, u], factor) for factor in factors.T] for u in range(vectors.shape[1])])
    return Slotwise(accuracy, information, variance, (factors[test] == frequent).mean(0))


def _answers(seen: NDArray[np.float64], classes: NDArray[np.int64], tested: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE).fit(seen, classes).predict(tested))


def _adjusted(factor: NDArray[np.int64], answers: NDArray[np.int64], entropy: float) -> float:
    """What the answers tell of a factor beyond chance, over all that could be told."""
    chance = expected_mutual_information(contingency_matrix(factor, answers, sparse=True), len(factor))
    return max(0.0, (float(mutual_info_score(factor, answers)) - chance) / max(entropy - chance, 1e-12))


def _between(vectors: NDArray[np.float64], factor: NDArray[np.int64]) -> float:
    """The share of the variance of vectors [n, D] that lies between the classes of a factor [n], beyond chance."""
    centred = (vectors - vectors.mean(0))[:, vectors.max(0) > vectors.min(0)]
    if not centred.size:
        return 0.0
    centred = centred / np.abs(centred).max()
    _, place, counts = np.unique(factor, return_inverse=True, return_counts=True)
    sums = np.eye(len(counts))[place.ravel()].T @ centred
    share = float((sums**2 / counts[:, None]).sum() / (centred**2).sum())
    if len(centred) <= len(counts):  # every class has one sample: there is nothing to compare with
        return 0.0
    chance = (len(counts) - 1) / (len(centred) - 1)
    return max(0.0, (share - chance) / (1 - chance))


def whiten(train: NDArray[np.float64], test: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vectors [n, D] and [m, D] in the principal components of the first, at most 64, each of variance 1.

    Components that hold less than a millionth of the first one's variance are left out; all where the vectors never change.
    """
    mean, size = train.mean(0), np.abs(train).max()
    varied = train.max(0) > train.min(0)
    if not varied.any():
        return np.zeros((len(train), 0)), np.zeros((len(test), 0))
    centred = ((train - mean) / size)[:, varied]
    variances, directions = np.linalg.eigh(centred.T @ centred / len(train))
    kept = np.flatnonzero(variances > 1e-6 * variances[-1])[-COMPONENTS:]
    project = directions[:, kept] / np.sqrt(variances[kept])
    return centred @ project, ((test - mean) / size)[:, varied] @ project
