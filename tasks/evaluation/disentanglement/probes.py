"""Linear probes, and the standardised codes that probes and trees are fitted to."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

ITERATIONS, WEAKNESS = 200, 10.0
"""For how many steps a probe is fitted, and how weakly its weights are held back (C of scikit-learn)."""


def probe(codes: NDArray[np.float64], classes: NDArray[np.int64]) -> LogisticRegression:
    """Multinomial logistic regression from codes [n, L] to classes [n], fitted for at most 200 steps."""
    with warnings.catch_warnings():  # to stop early is meant: on codes that tell all, the weights grow for ever
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=WEAKNESS, max_iter=ITERATIONS).fit(codes, classes)


def standardise(train: NDArray[np.float64], test: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Codes to learn from and codes to test on, less the mean and over the deviation of the first; a constant code becomes 0."""
    mean, varied = train.mean(0), not_constant(train)
    size = np.where(varied, np.abs(train - mean).max(0), np.inf)  # squares of tiny numbers would vanish
    train, test = (train - mean) / size, (test - mean) / size
    deviation = np.where(varied, train.std(0), 1)
    return train / deviation, test / deviation


def not_constant(codes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which codes [n, L] are not constant: bool [L]."""
    return codes.max(0) > codes.min(0)
