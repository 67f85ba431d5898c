"""Explicitness, and the linear probes behind it: how much of a factor a linear classifier finds in all codes together."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from tasks.evaluation.disentanglement.tables import Table, Tables, check_tables, standardise

ITERATIONS, WEAKNESS = 200, 10.0
"""For how many steps a probe is fitted, and how weakly its weights are held back (C of scikit-learn)."""


def explicitness(train_codes: Table, train_classes: Table, test_codes: Table, test_classes: Table) -> float:
    """How well a linear classifier ranks each class of each factor above the others: the mean area under the ROC curve.

    Args:
        train_codes, test_codes: real [n, L] and [m, L].
        train_classes, test_classes: integers [n, F] and [m, F].

    Returns:
        The mean over factors, and over the classes of each: 1 where all is told, 0.5 by chance, and where all codes are constant.

    Raises:
        DtypeError, ShapeError, RangeError: the tables are not as above, hold NaN, or a factor has but one class.

    Source:
        Ridgeway and Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss", 2018, section 3. The classifier
        is one multinomial logistic regression for a factor, on standardised codes, as in disentanglement_lib.

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(2), torch.arange(3))
        >>> explicitness(classes.float(), classes, classes.float(), classes)
        1.0
    """
    tables = check_tables(train_codes, train_classes, test_codes, test_classes)
    return ranking(tables, probabilities(tables))


def ranking(tables: Tables, likely: list[NDArray[np.float64]]) -> float:
    """The mean area under the ROC curves of the classes, given the probabilities [m, K] of each factor's."""
    areas = []
    for known, tested, of_class in zip(tables[1].T, tables[3].T, likely, strict=True):
        present = np.isin(values := np.unique(known), tested)
        areas.append(np.mean([roc_auc_score(tested == values[i], of_class[:, i]) for i in np.flatnonzero(present)]))
    return float(np.mean(areas))


def probabilities(tables: Tables) -> list[NDArray[np.float64]]:
    """How likely each class is for the test samples, by a probe of the training samples: float64 [m, K] for each factor."""
    train, test = standardise(tables[0], tables[2])
    return [probe(train, factor).predict_proba(test) for factor in tables[1].T]


def probe(codes: NDArray[np.float64], classes: NDArray[np.int64]) -> LogisticRegression:
    """Multinomial logistic regression from codes [n, L] to classes [n], fitted for at most 200 steps."""
    with warnings.catch_warnings():  # to stop early is meant: on codes that tell all, the weights grow for ever
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=WEAKNESS, max_iter=ITERATIONS).fit(codes, classes)
