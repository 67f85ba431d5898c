"""What the members of a data set answer, if it is what they should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tasks.data.checks import check_readable
from vsa.errors import DtypeError, RangeError, ShapeError


def as_observed(name: str, seen: Any, n: int, shape: tuple[int, ...]) -> Tensor:
    """What `observe` of the data set of this name gave for n classes: as many observations of this shape.

    Raises:
        DtypeError, ShapeError: it is something else.
    """
    wanted = f"the data set {name}: observe must give {[n, *shape]}, uint8 or floating point numbers"
    _check_tensor(wanted, f"what the data set {name} observes", seen, (n, *shape))
    if seen.dtype != torch.uint8 and not seen.is_floating_point():
        raise DtypeError(f"{wanted}, got {seen.dtype}")
    return seen


def as_number(name: str, number: str, found: Any, shape: tuple[int, ...]) -> Tensor:
    """What the number of this name of a data set is for classes [*shape, F]: an integer for each combination.

    Raises:
        DtypeError, ShapeError: it is something else.
    """
    wanted = f"the data set {name}: the number {number!r} must be integers {list(shape)}"
    _check_tensor(wanted, f"the number {number!r} of the data set {name}", found, shape)
    if found.is_floating_point() or found.is_complex() or found.dtype == torch.bool:
        raise DtypeError(f"{wanted}, got {found.dtype}")
    return found.long()


def as_steps(name: str, off: Any, shape: tuple[int, ...]) -> Tensor:
    """What `steps_off` of the data set of this name gave for classes of this shape: a number from 0 on for each.

    Raises:
        DtypeError, ShapeError, RangeError: it is something else.
    """
    wanted = f"the data set {name}: steps_off must give floating point numbers {list(shape)}"
    _check_tensor(wanted, f"what steps_off of the data set {name} gives", off, shape)
    if not off.is_floating_point():
        raise DtypeError(f"{wanted}, got {off.dtype}")
    if not (off >= 0).all():  # a NaN is not
        raise RangeError(f"{wanted}, at least 0, got {off[~(off >= 0)][0].item():g}")
    return off


def as_alternatives(name: str, seen: Any, n: int, shape: tuple[int, ...], floating: bool) -> Tensor:
    """What `alternatives` of the data set of this name gave for n classes: for each as many observations of this shape.

    Args:
        floating: whether it observes floating point numbers, else uint8.

    Raises:
        DtypeError, ShapeError: it is something else.
    """
    numbers = "floating point numbers" if floating else "uint8"
    wanted = f"the data set {name}: alternatives must give [{n}, a, {', '.join(map(str, shape))}], {numbers} as observe does"
    if not isinstance(seen, Tensor):
        raise DtypeError(f"{wanted}, got {type(seen).__name__}")
    check_readable(f"what alternatives of the data set {name} gives", seen)
    if seen.ndim != 2 + len(shape) or len(seen) != n or not seen.shape[1] or tuple(seen.shape[2:]) != shape:
        raise ShapeError(f"{wanted}, at least one of each, got {list(seen.shape)}")
    if not (seen.is_floating_point() if floating else seen.dtype == torch.uint8):
        raise DtypeError(f"{wanted}, got {seen.dtype}")
    return seen


def as_classes(name: str, call: str, found: Any, shape: tuple[int, ...], check: Callable[[Tensor], Tensor]) -> Tensor:
    """What a call of the data set of this name gave, if it is classes of this shape, and `check` finds nothing wrong with them.

    Raises:
        RangeError: it is something else.
    """
    wanted = f"the data set {name} contradicts itself: {call} must give classes"
    if not isinstance(found, Tensor) or tuple(found.shape) != shape or found.is_floating_point():
        got = f"{found.dtype} {list(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise RangeError(f"{wanted} {list(shape)}, got {got}")
    try:
        return check(found)
    except (DtypeError, RangeError) as error:
        raise RangeError(f"{wanted}: {error}") from error


def _check_tensor(wanted: str, what: str, found: Any, shape: tuple[int, ...]) -> None:
    """Refuse what is no readable tensor of this shape."""
    if not isinstance(found, Tensor):
        raise DtypeError(f"{wanted}, got {type(found).__name__}")
    check_readable(what, found)
    if tuple(found.shape) != shape:
        raise ShapeError(f"{wanted}, got {list(found.shape)}")
