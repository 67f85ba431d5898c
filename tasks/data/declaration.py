"""What a data set declares of itself, if it can be: its factors, the shape of an observation, what can be told apart."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tasks.data.factor import TENTH, Factor
from vsa.errors import DtypeError, RangeError, ShapeError


@dataclass(frozen=True)
class HeldOut:
    """A named split of a data set: what is held out of the training.

    Attributes:
        test: which combinations are for the test, an expression as `tasks.data.split.combinations` reads it.
        validation: which of the rest are for choosing settings; a scattered tenth.
        says: what is held out, in words; and what is weak about it.
    """

    test: str
    validation: str = "tenth == 1"
    says: str = ""


def as_splits(name: str, given: Any) -> dict[str, HeldOut]:
    """The named splits of the data set of this name; a text is the expression of a test."""
    if not isinstance(given, Mapping):
        raise DtypeError(f"the splits of the data set {name} must map names to expressions, got {type(given).__name__}")
    found = {}
    for key, value in given.items():
        held_out = HeldOut(value) if isinstance(value, str) else value
        if not isinstance(key, str) or not isinstance(held_out, HeldOut):
            raise DtypeError(
                f"the splits of the data set {name} must be texts, or tasks.data.declaration.HeldOut, by name; got "
                f"{key!r:.100}: {value!r:.100}"
            )
        found[key] = held_out
    return found


def as_numbers(name: str, features: tuple[str, ...], given: Any) -> dict[str, Callable[[Tensor], Tensor]]:
    """The numbers of combinations that the data set of this name has beside its factors, which have these names."""
    if not isinstance(given, Mapping):
        raise DtypeError(f"the numbers of the data set {name} must map names to functions of classes, got {type(given).__name__}")
    for key, value in given.items():
        if not isinstance(key, str) or not callable(value):
            raise DtypeError(
                f"the numbers of the data set {name} must be functions of classes, by name; got {key!r:.100}: {value!r:.100}"
            )
        if not key.isidentifier() or keyword.iskeyword(key) or key in (*features, TENTH):
            raise RangeError(
                f"the name of a number of the data set {name} must be an identifier that no factor has, and not '{TENTH}', "
                f"because splits are written with it; got {key!r:.100}"
            )
    return dict(given)


def as_factors(name: str, given: Any) -> tuple[Factor, ...]:
    """The factors of the data set of this name."""
    if not isinstance(given, (tuple, list)) or not given or not all(isinstance(factor, Factor) for factor in given):
        raise DtypeError(f"the factors of the data set {name} must be a sequence of tasks.data.Factor, got {given!r:.200}")
    names = [factor.name for factor in given]
    if len(set(names)) < len(names):
        raise RangeError(f"the factors of the data set {name} must have distinct names, got {', '.join(names)}")
    return tuple(given)


def as_shape(name: str, given: Any) -> tuple[int, ...]:
    """The shape of its observations."""
    right = isinstance(given, (tuple, list)) and len(given) in (3, 4) and all(type(size) is int and size > 0 for size in given)
    if not right:
        raise ShapeError(
            f"the shape of the data set {name} must be channels, height and width, of clips with the number of frames before, "
            f"got {given!r:.200}"
        )
    return tuple(given)


def as_dynamic(name: str, features: tuple[str, ...], shape: tuple[int, ...], given: Any) -> tuple[str, ...]:
    """Which of these factors of the data set of this name change within a clip, in the order of the factors."""
    if isinstance(given, str) or not isinstance(given, (tuple, list, frozenset, set)):
        raise DtypeError(f"dynamic of the data set {name} must be a tuple of names of factors, got {given!r:.100}")
    if unknown := [each for each in given if each not in features]:
        raise RangeError(f"dynamic of the data set {name} names {unknown[0]!r:.100}, which is none of {', '.join(features)}")
    if given and len(shape) != 4:
        raise ShapeError(f"dynamic of the data set {name}: nothing changes within an observation {list(shape)}, which is no clip")
    return tuple(feature for feature in features if feature in given)


def as_identifiable(name: str, factors: tuple[Factor, ...], given: Any) -> tuple[Tensor, ...] | None:
    """By factor, the classes of which no two look alike; None if nothing is given, because all are such."""
    if given is None:
        return None
    try:
        found = tuple([int(k) for k in classes] for classes in given)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise DtypeError(f"identifiable of the data set {name} must be the classes of each factor: {error}") from error
    if len(found) != len(factors) or not all(found):
        raise ShapeError(
            f"identifiable of the data set {name} must be some classes of each of {len(factors)} factors, "
            f"got {list(map(len, found))} of them"
        )
    for factor, classes in zip(factors, found, strict=True):
        if not all(0 <= k < len(factor) for k in classes):
            raise RangeError(
                f"identifiable of the data set {name}: the classes of {factor.name} are from 0 to {len(factor) - 1}, "
                f"got {classes[:8]!r:.200}"
            )
    return tuple(torch.tensor(classes, dtype=torch.int64) for classes in found)
