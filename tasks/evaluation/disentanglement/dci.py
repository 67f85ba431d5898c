"""DCI: disentanglement, completeness and informativeness, from how much random forests or lines use each code for each factor."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso

from tasks.data.checks import check_whole
from tasks.evaluation.disentanglement.probes import standardise
from tasks.evaluation.disentanglement.representation import Representation
from vsa.errors import DtypeError, RangeError

TREES, DEPTH, LEAF = 20, 12, 3
"""How many trees a forest has, how many questions each asks at most, and how many samples are left at the end at least."""

ALPHA, ITERATIONS = 0.02, 10_000
"""How strongly the weights of a lasso are held back, on standardised codes and factors, and for how many rounds it is fitted."""


@dataclass(frozen=True)
class DCI:
    """What `dci` measures.

    Attributes:
        disentanglement: 1 where each code is used for one factor alone, 0 where each is used for all alike.
        completeness: 1 where each factor needs one code alone, 0 where it needs all alike.
        informativeness: the share of test samples whose class is predicted right, mean over the factors.
        importance: float64 [L, F], how much each code is used for each factor; a column sums to 1, or to 0.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    importance: NDArray[np.float64]

    def scores(self) -> dict[str, float]:
        """The numbers, as `METRICS` names them."""
        names = ("disentanglement", "completeness", "informativeness")
        return {f"dci_{name}": getattr(self, name) for name in names}


def dci(representation: Representation, seed: int = 0, *, trees: int = TREES) -> DCI:
    """Disentanglement, completeness and informativeness, by a random forest for each factor.

    Each forest has 20 trees of scikit-learn's RandomForestClassifier, at most 12 deep, that look at all codes for every split,
    split for the largest gain of information, and keep at least 3 samples in a leaf. A code's importance is its part of the gain.

    Args:
        representation: of at least two factors, with samples to test on.
        seed: decides which samples each tree sees, from 0 to 2^32 - 1.
        trees: how many in each forest.

    Returns:
        See `DCI`. Where all codes are constant, disentanglement and completeness are 0, and the most frequent class is predicted.
        With one code, completeness is 1 where it is used.

    Raises:
        ShapeError: there is but one factor, or there are no samples to test on.
        DtypeError, RangeError: seed or trees are not as above.

    Source:
        Eastwood and Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations", 2018, section 2.
        (disentanglement_lib takes gradient boosted trees. The paper's informativeness is an error; this is the accuracy.)

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(2), torch.arange(3)).repeat(20, 1)
        >>> result = dci(Representation(classes.float(), classes, classes.float(), classes))
        >>> round(result.disentanglement, 6), round(result.completeness, 6), result.informativeness
        (1.0, 1.0, 1.0)
    """
    representation.check_several_factors()
    check_whole("seed", seed, 0, 2**32 - 1)
    check_whole("trees", trees, 1)
    learnt, (test, tested) = representation.classes, representation.tested
    train, test = standardise(representation.codes, test)  # trees compute in float32, where large codes would not differ
    importance, right = np.zeros((train.shape[1], learnt.shape[1])), []
    for k in range(learnt.shape[1]):
        forest = RandomForestClassifier(
            trees,
            criterion="entropy",
            max_depth=DEPTH,
            min_samples_leaf=LEAF,
            max_features=None,  # pyright: ignore[reportArgumentType]
            random_state=seed,
        ).fit(train, learnt[:, k])
        importance[:, k] = forest.feature_importances_
        right.append((forest.predict(test) == tested[:, k]).mean())
    return DCI(purity(importance), purity(importance.T), float(np.mean(right)), importance)


def dci_lasso(representation: Representation, *, alpha: float = ALPHA) -> float:
    """The disentanglement of DCI, where a code's importance for a factor is the size of its weight in a lasso.

    Codes and factors are standardised, and each factor is fitted by a linear function of all codes, whose weights cost alpha
    times their sizes. Only what is linear is seen, and a class without order, or an angle, counts by its number.

    Args:
        representation: of at least two factors; samples to test on are not needed.
        alpha: how strongly weights are held back, above 0; a factor whose every correlation is smaller uses no code.

    Returns:
        From 0, each code is used for all factors alike, or none is used, to 1, each is used for one factor alone.

    Raises:
        ShapeError: there is but one factor.
        DtypeError, RangeError: alpha is no number, or not above 0.

    Source:
        Eastwood and Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations", 2018, section 2.
        The alpha is that of Montero et al., "Lost in Latent Space", 2022.

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(4), torch.arange(4))
        >>> turned = torch.stack([classes.sum(1), classes[:, 0] - classes[:, 1]], 1)
        >>> [round(dci_lasso(Representation(codes, classes)), 6) for codes in (classes.flip(1), turned)]
        [1.0, 0.0]
    """
    representation.check_several_factors()
    if not isinstance(alpha, int | float) or isinstance(alpha, bool):
        raise DtypeError(f"alpha must be a number, got {type(alpha).__name__}")
    if not 0 < alpha < np.inf:
        raise RangeError(f"alpha must be above 0 and finite, got {alpha}")
    codes, factors = (standardise(x, x)[0] for x in (representation.codes, representation.classes.astype(np.float64)))
    with warnings.catch_warnings():  # codes that are nearly copies of each other take longer than is needed to see which are used
        warnings.simplefilter("ignore", ConvergenceWarning)
        weights = [Lasso(alpha, max_iter=ITERATIONS).fit(codes, factor).coef_ for factor in factors.T]
    return purity(np.abs(np.stack(weights, 1)))


def purity(importance: NDArray[np.float64]) -> float:
    """How far each row is one entry alone: one minus its entropy to the base of its length, weighted with what it sums to.

    Args:
        importance: float64 [a, b], not negative.

    Returns:
        From 0, every entry of a row alike or all of them 0, to 1, one entry in each. Rows of zeros do not count.

    Example:
        >>> [round(purity(importance), 6) for importance in (np.eye(3), np.ones((3, 3)), np.zeros((3, 3)))]
        [1.0, 0.0, 0.0]
    """
    sums = importance.sum(1)
    if not sums.sum() > 0:
        return 0.0
    if importance.shape[1] == 1:
        return 1.0
    shares = importance[sums > 0] / sums[sums > 0, None]
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(1) / np.log(importance.shape[1])
    return float(((1 - entropy) @ sums[sums > 0] / sums.sum()).clip(0, 1))
