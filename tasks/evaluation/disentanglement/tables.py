"""Tables of codes and classes, which most metrics are computed from: what is accepted, and what a code tells of a factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mutual_info_score
from torch import Tensor

from tasks.data.checks import MOST, check_readable, check_whole
from vsa.errors import DtypeError, RangeError, ShapeError

Table = Tensor | np.ndarray
"""A table of numbers, a row for each sample: a tensor on any device, or an array."""

BINS = 20
"""Equal-width bins that a code is cut into, between its least and its largest value: as in disentanglement_lib."""

LARGEST = 1e30
"""Codes beyond this are refused, so that their squares and sums stay finite."""


def check_codes(name: str, codes: Table, dimensions: int = 2) -> NDArray[np.float64]:
    """Codes as float64, if they are finite real numbers of so many dimensions, none of them empty.

    Raises:
        DtypeError: they are not real numbers.
        ShapeError: they have another number of dimensions, or are empty.
        RangeError: one is NaN, infinite or beyond 1e30; the message says where.
    """
    wanted = "[n, L]" if dimensions == 2 else "[n, F, D]"
    array = _array(name, codes, f"float {wanted}")
    if array.dtype.kind not in "fiu":
        raise DtypeError(f"{name} must be real numbers {wanted}, got {array.dtype}; convert them with .float()")
    if array.ndim != dimensions or not array.size:
        raise ShapeError(f"{name} must be {wanted}, none of them 0, got {list(array.shape)}")
    array = array.astype(np.float64)
    wrong = ~(np.abs(array) <= LARGEST)
    if wrong.any():
        where = tuple(np.argwhere(wrong)[0].tolist())
        raise RangeError(
            f"{name} must be finite and at most {LARGEST:g} in size, got {array[where]} at index {list(where)}; "
            f"{int(wrong.sum())} of {array.size} are not: leave them out, or look for what made them"
        )
    return array


def check_factors(name: str, classes: Table, n: int, factors: int = 1) -> NDArray[np.int64]:
    """Classes as int64, if there are n rows, at least so many factors, and at least two classes of each factor.

    Raises:
        DtypeError: they are not integers.
        ShapeError: they are not [n, F], or there are too few factors.
        RangeError: a factor has but one class.
    """
    array = _array(name, classes, "int64 [n, F]")
    if array.dtype.kind not in "iu":
        raise DtypeError(f"{name} must be integers [n, F], got {array.dtype}; the values of factors are given as class numbers")
    if array.ndim != 2 or len(array) != n or array.shape[1] < factors:
        more = f", F at least {factors}" if factors > 1 else ""
        raise ShapeError(f"{name} must be [n, F] with n = {n}, a row for each code{more}, got {list(array.shape)}")
    array = array.astype(np.int64)
    constant = (array == array[:1]).all(0)
    if constant.any():
        where = int(constant.argmax())
        raise RangeError(
            f"each factor must have two classes at least, got only class {array[0, where]} of factor {where} in {name} "
            f"({n} samples); leave that column out, or draw more samples"
        )
    return array


def check_table(codes: Table, classes: Table, factors: int = 1) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Codes [n, L] and classes [n, F] that belong together; see `check_codes` and `check_factors`."""
    checked = check_codes("codes", codes)
    return checked, check_factors("classes", classes, len(checked), factors)


Tables = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


def check_tables(train_codes: Table, train_classes: Table, test_codes: Table, test_classes: Table, factors: int = 1) -> Tables:
    """Two tables of the same codes and factors, to learn from and to test on; every tested class can be learnt.

    Raises:
        DtypeError, ShapeError, RangeError: see `check_codes` and `check_factors`; or the two do not fit; or a class is tested
            that none of the training samples has.
    """
    train = check_codes("train_codes", train_codes)
    learnt = check_factors("train_classes", train_classes, len(train), factors)
    test = check_codes("test_codes", test_codes)
    tested = check_factors("test_classes", test_classes, len(test), factors)
    for name, a, b in (("codes", train, test), ("classes", learnt, tested)):
        if a.shape[1] != b.shape[1]:
            raise ShapeError(f"train_{name} and test_{name} must have as many columns, got {list(a.shape)} and {list(b.shape)}")
    for k in range(learnt.shape[1]):
        unseen = np.setdiff1d(tested[:, k], learnt[:, k])
        if len(unseen):
            raise RangeError(
                f"class {unseen[0]} of factor {k} is tested, but none of {len(train)} training samples has it; draw more samples"
            )
    return train, learnt, test, tested


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
    check_whole("bins", bins, 2, 2**16)
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


def active(codes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which codes [n, L] are not constant: bool [L]."""
    return codes.max(0) > codes.min(0)


def standardise(train: NDArray[np.float64], test: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both tables with the mean and the deviation of the first taken out; a constant code becomes 0."""
    mean, varied = train.mean(0), active(train)
    size = np.where(varied, np.abs(train - mean).max(0), np.inf)  # squares of tiny numbers would vanish
    train, test = (train - mean) / size, (test - mean) / size
    deviation = np.where(varied, train.std(0), 1)
    return train / deviation, test / deviation


def _array(name: str, table: Table, wanted: str) -> np.ndarray:
    if not isinstance(table, Tensor | np.ndarray):
        raise DtypeError(f"{name} must be a tensor or an array, {wanted}, got {type(table).__name__}")
    if isinstance(table, Tensor):
        check_readable(name, table)
        table = table.detach().cpu()
        array = (table.float() if table.is_floating_point() and table.itemsize < 4 else table).numpy()
    else:
        array = table
    if array.ndim and len(array) > MOST:
        raise RangeError(f"{name}: at most {MOST} at once, got {len(array)}")
    return array
