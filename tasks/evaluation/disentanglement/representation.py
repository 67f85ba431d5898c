"""A representation as metrics see it: the codes of samples beside the true classes of their factors, checked in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tasks.data.checks import MOST, check_readable, check_whole
from tasks.data.population import Population, check_drawing
from tasks.evaluation.disentanglement.probes import probe, standardise
from vsa.errors import DtypeError, RangeError, ShapeError

Array = Tensor | np.ndarray
"""Numbers, a row for each sample: a tensor on any device, or an array."""

Encode = Callable[[Tensor], Tensor]
"""From the classes of objects, int64 [n, F], to their codes, float [n, L]."""

BINS = 20
"""Equal-width bins that a code is cut into, between its least and its largest value: as in disentanglement_lib."""

SAMPLES = 10_000
"""Objects to learn from, and as many others to test on."""

LARGEST = 1e30
"""Codes beyond this are refused, so that their squares and sums stay finite."""


@dataclass(frozen=True, init=False, eq=False)
class Representation:
    """The codes of samples, and the classes of the factors that these samples have: what every metric is a function of.

    Args:
        codes: real [n, L], to learn from.
        classes: integers [n, F], the values of the factors.
        test_codes, test_classes: real [m, L] and integers [m, F], of other samples, for metrics that test what they learnt.
        bins: how many of equal width a code is cut into, where a metric counts information; None where codes are discrete, and
            every value is its own.

    Attributes:
        codes, test_codes: float64; those to test on are None where none were given, and so are their classes.
        classes, test_classes: int64.
        bins: as given.

    Raises:
        DtypeError, ShapeError, RangeError: codes and classes are not as above or do not belong together, a code is NaN, a factor
            has but one class, or a class is tested that none of the samples to learn from has.

    Example:
        >>> classes = torch.cartesian_prod(torch.arange(3), torch.arange(4))
        >>> Representation(classes.float(), classes).codes.shape
        (12, 2)
    """

    codes: NDArray[np.float64]
    classes: NDArray[np.int64]
    test_codes: NDArray[np.float64] | None
    test_classes: NDArray[np.int64] | None
    bins: int | None

    def __init__(
        self,
        codes: Array,
        classes: Array,
        test_codes: Array | None = None,
        test_classes: Array | None = None,
        *,
        bins: int | None = BINS,
    ) -> None:
        if bins is not None:
            check_whole("bins", bins, 2, 2**16)
        learnt = check_codes("codes", codes)
        checked: dict[str, Any] = {"codes": learnt, "classes": check_factors("classes", classes, len(learnt)), "bins": bins}
        tested: dict[str, Any] = {"test_codes": test_codes, "test_classes": test_classes}
        if test_codes is not None and test_classes is not None:
            tested["test_codes"] = check_codes("test_codes", test_codes)
            tested["test_classes"] = check_factors("test_classes", test_classes, len(tested["test_codes"]))
            _check_same_columns(checked, tested)
        elif test_codes is not None or test_classes is not None:
            raise ShapeError("test_codes and test_classes belong together, got only one of them")
        for name, value in (checked | tested).items():
            object.__setattr__(self, name, value)

    @property
    def tested(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The codes and classes to test on.

        Raises:
            ShapeError: there are none.
        """
        if self.test_codes is None or self.test_classes is None:
            raise ShapeError("this metric tests what it learnt on other samples: give test_codes and test_classes, too")
        return self.test_codes, self.test_classes

    def check_several_factors(self) -> None:
        """Refuse a representation of one factor, where a metric compares factors.

        Raises:
            ShapeError: there is but one factor.
        """
        if self.classes.shape[1] < 2:
            raise ShapeError(f"classes must be [n, F], F at least 2, got {list(self.classes.shape)}")

    @cached_property
    def probabilities(self) -> list[NDArray[np.float64]]:
        """How likely each class is for the test samples, by a linear probe of the others: float64 [m, K] for each factor.

        Several metrics need it, and fitting takes long.
        """
        train, test = standardise(self.codes, self.tested[0])
        return [probe(train, factor).predict_proba(test) for factor in self.classes.T]


def represent(
    encode: Encode,
    population: Population,
    generator: torch.Generator,
    n: int = SAMPLES,
    *,
    shown: bool = False,
    bins: int | None = BINS,
) -> Representation:
    """The codes and classes of n random objects to learn from, and of n others to test on.

    Args:
        encode: classes int64 [n, F] to codes float [n, L].
        population: which may be drawn. A factor with one allowed class is left out.
        generator: decides.
        n: how many objects.
        shown: count classes that look alike as one, see `Dataset.canonical`.
        bins: as for `Representation`.

    Raises:
        DtypeError, ShapeError, RangeError: an argument is not as above, the codes are not float [n, L] or hold NaN, or a class is
            tested that none of the objects to learn from has.
    """
    check_drawing(population, generator)
    check_whole("n", n, 2)
    if not callable(encode):
        raise DtypeError(f"encode must be a function from classes [n, F] to codes [n, L], got {type(encode).__name__}")
    varied = [f for f, allowed in enumerate(population.allowed) if len(allowed.unique()) > 1]
    if len(varied) < 2:
        raise RangeError(f"two factors at least must have more than one allowed class, got {len(varied)}")
    parts: list[Array] = []
    for _ in range(2):
        drawn = population.sample(n, generator)
        with torch.inference_mode():
            codes = encode(drawn.clone())
        if len(check_codes("what encode returns", codes)) != n:
            raise ShapeError(f"encode must return codes [{n}, L] for classes [{n}, F], got {list(codes.shape)}")
        parts += [codes, (population.dataset.canonical(drawn) if shown else drawn)[:, varied]]
    return Representation(*parts, bins=bins)


def check_codes(name: str, codes: Array, dimensions: int = 2) -> NDArray[np.float64]:
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


def check_factors(name: str, classes: Array, n: int, factors: int = 1) -> NDArray[np.int64]:
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


def _check_same_columns(learnt: dict[str, Any], tested: dict[str, Any]) -> None:
    """Refuse samples to test on that have other codes or factors than those to learn from, or a class that cannot be learnt."""
    for name in ("codes", "classes"):
        a, b = learnt[name], tested[f"test_{name}"]
        if a.shape[1] != b.shape[1]:
            raise ShapeError(f"{name} and test_{name} must have as many columns, got {list(a.shape)} and {list(b.shape)}")
    n = len(learnt["classes"])
    for k, known in enumerate(learnt["classes"].T):
        unseen = np.setdiff1d(tested["test_classes"][:, k], known)
        if len(unseen):
            raise RangeError(
                f"class {unseen[0]} of factor {k} is tested, but none of {n} training samples has it; draw more samples"
            )


def _array(name: str, given: Array, wanted: str) -> np.ndarray:
    if not isinstance(given, Tensor | np.ndarray):
        raise DtypeError(f"{name} must be a tensor or an array, {wanted}, got {type(given).__name__}")
    if isinstance(given, Tensor):
        check_readable(name, given)
        given = given.detach().cpu()
        array = (given.float() if given.is_floating_point() and given.itemsize < 4 else given).numpy()
    else:
        array = given
    if array.ndim and len(array) > MOST:
        raise RangeError(f"{name}: at most {MOST} at once, got {len(array)}")
    return array
