"""MIG and modularity: read off the matrix of what each code tells of each factor."""

from __future__ import annotations

import numpy as np

from tasks.evaluation.disentanglement.tables import BINS, Table, check_table, entropies, mutual_information


def mig(codes: Table, classes: Table, *, bins: int | None = BINS) -> float:
    """The mutual information gap: how much more of a factor the best code tells than the second best, as a share of its entropy.

    Args:
        codes: real [n, L]; with one code, the second best tells nothing.
        classes: integers [n, F], the values of the factors.
        bins: how many of equal width a code is cut into; None where codes are discrete, and every value is its own.

    Returns:
        The mean over the factors, from 0 to 1; 0 where all codes are constant. A factor with more classes than bins cannot be
        told in full: its gap is at most the entropy of its binned values over its own.

    Raises:
        DtypeError, ShapeError, RangeError: the tables are not as above, hold NaN, or a factor has but one class.

    Source:
        Chen, Li, Grosse and Duvenaud, "Isolating Sources of Disentanglement in VAEs", 2018, equation 6.

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(3), torch.arange(4))
        >>> round(mig(classes.float(), classes), 6)
        1.0
    """
    table, factors = check_table(codes, classes)
    told = mutual_information(table, factors, bins) / entropies(factors)
    best = np.sort(np.vstack([np.zeros((1, told.shape[1])), told]), axis=0)
    return float((best[-1] - best[-2]).mean().clip(0, 1))


def modularity(codes: Table, classes: Table, *, bins: int | None = BINS) -> float:
    """How far each code tells of one factor alone: one minus what it tells of the others, squared, relative to its best.

    Args:
        codes: real [n, L].
        classes: integers [n, F], F at least 2.
        bins: as for `mig`.

    Returns:
        The mean over the codes, from 0 to 1; 0 where all are constant. Codes that tell nothing at all are left out
        (disentanglement_lib counts them as 0).

    Raises:
        DtypeError, ShapeError, RangeError: the tables are not as above, hold NaN, or a factor has but one class.

    Source:
        Ridgeway and Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss", 2018, section 3.

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(3), torch.arange(4))
        >>> round(modularity(classes.float(), classes), 6)
        1.0
    """
    table, factors = check_table(codes, classes, factors=2)
    told = mutual_information(table, factors, bins)
    told = told[told.max(1) > 1e-12]
    if not len(told):
        return 0.0
    squares = (told / told.max(1, keepdims=True)) ** 2
    return float((1 - (squares.sum(1) - 1) / (squares.shape[1] - 1)).mean().clip(0, 1))
