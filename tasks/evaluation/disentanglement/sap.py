"""SAP: by how much the code that predicts a factor best beats the second best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from tasks.evaluation.disentanglement.probes import standardise
from tasks.evaluation.disentanglement.representation import Representation
from vsa.errors import ShapeError


def sap(representation: Representation, *, ordered: tuple[bool, ...] | None = None) -> float:
    """The separated attribute predictability: the gap between the two codes that predict a factor best, one code at a time.

    A factor without order is predicted by thresholds on the code, one leaf of a decision tree for each class, and the score is
    the balanced accuracy on the test samples. An ordered one is fitted by a line: the squared correlation on the test samples.

    Args:
        representation: with samples to test on; with one code, the second best scores nothing.
        ordered: which factors to fit by a line, F of them; none if not given. An angle is better left to thresholds.

    Returns:
        The mean over the factors. Of a factor without order with K classes that one code alone tells, the gap is 1 - 1/K,
        because the second best is right by chance.

    Raises:
        ShapeError: `ordered` is not one for each factor, or there are no samples to test on.

    Source:
        Kumar, Sattigeri and Balakrishnan, "Variational Inference of Disentangled Latent Concepts from Unlabeled Observations",
        2018, section 3. (disentanglement_lib takes a linear support vector machine for thresholds, and plain accuracy.)

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(2), torch.arange(4))
        >>> sap(Representation(classes.float(), classes, classes.float(), classes))  # the mean of 1/2 and 3/4
        0.625
    """
    learnt, (test, tested) = representation.classes, representation.tested
    lines = (False,) * learnt.shape[1] if ordered is None else ordered
    if len(lines) != learnt.shape[1]:
        raise ShapeError(f"ordered must say yes or no for each of {learnt.shape[1]} factors, got {len(lines)}")
    train, test = standardise(representation.codes, test)  # trees compute in float32, where large codes would not differ
    gaps = []
    for k, by_line in enumerate(lines):
        if by_line:
            scores = [_squared_correlation(code, tested[:, k]) for code in test.T]
        else:
            scores = [_balanced(*both, learnt[:, k], tested[:, k]) for both in zip(train.T, test.T, strict=True)]
        second, best = sorted([0.0, *scores])[-2:]
        gaps.append(best - second)
    return float(np.mean(gaps))


def _squared_correlation(code: NDArray[np.float64], factor: NDArray[np.int64]) -> float:
    if code.max() == code.min():
        return 0.0
    code = (code - code.mean()) / np.abs(code - code.mean()).max()
    centred = factor - factor.mean()
    return float((code @ centred) ** 2 / ((code @ code) * (centred @ centred)))


def _balanced(
    train: NDArray[np.float64], test: NDArray[np.float64], learnt: NDArray[np.int64], tested: NDArray[np.int64]
) -> float:
    tree = DecisionTreeClassifier(
        criterion="entropy", max_leaf_nodes=len(np.unique(learnt)), class_weight="balanced", random_state=0
    )
    right = tree.fit(train[:, None], learnt).predict(test[:, None]) == tested
    return float(np.mean([right[tested == value].mean() for value in np.unique(tested)]))
