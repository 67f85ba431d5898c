"""The five factors of dSprites: their values and their symmetries.

A sprite is described by five classes, integers [shape, scale, orientation, x, y], in the order of the published file.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tasks.data.checks import MOST, check_readable
from tasks.data.factor import Factor
from vsa.errors import DtypeError, RangeError, ShapeError


def _linspace(low: float, high: float, n: int) -> tuple[float, ...]:
    return tuple(torch.linspace(low, high, n, dtype=torch.float64).tolist())


SHAPES = ("square", "ellipse", "heart")
FACTORS = (
    Factor("shape", SHAPES, ordered=False),
    Factor("scale", _linspace(0.5, 1, 6)),
    Factor("orientation", _linspace(0, 2 * math.pi, 40), periodic=True),  # both ends included: classes 0 and 39 look the same
    Factor("x", _linspace(0, 1, 32), axis="x"),
    Factor("y", _linspace(0, 1, 32), axis="y"),
)
VALUES = tuple(factor.values for factor in FACTORS[1:])
"""Of all but the shape: scales, orientations in radians counter-clockwise, positions from 0 (left, top) to 1 (right, bottom)."""
FEATURES = tuple(factor.name for factor in FACTORS)
SHAPE, SCALE, ORIENTATION, X, Y = range(5)
COUNTS = tuple(len(factor) for factor in FACTORS)

SYMMETRY = (4, 2, 1)
"""In how many orientations within a full turn a shape looks the same: a square 4, an ellipse 2, a heart 1."""

IDENTIFIABLE = range(10)
"""The orientation classes, 0 to 83 degrees, of which no two look the same for any shape: the identifiable classes."""


def check_classes(classes: Tensor) -> Tensor:
    """The classes as int64, if they are classes of sprites.

    Args:
        classes: integers [..., 5].

    Raises:
        DtypeError: they are not integers.
        ShapeError: the last dimension is not 5.
        RangeError: a class is negative or too large; the message says which.
    """
    if not isinstance(classes, Tensor):
        raise DtypeError(f"classes must be a tensor of integers [..., 5], got {type(classes).__name__}")
    if classes.is_floating_point() or classes.is_complex() or classes.dtype == torch.bool:
        raise DtypeError(f"classes must be integers, got {classes.dtype}; values that lie off the grid are for render_values")
    if classes.ndim == 0 or classes.shape[-1] != len(FACTORS):
        raise ShapeError(f"classes must be [..., 5] ({', '.join(FEATURES)}), got {list(classes.shape)}")
    check_readable("classes", classes)
    if classes.numel() > MOST * len(FACTORS):
        raise RangeError(f"classes: at most {MOST} objects at once, got {classes.numel() // len(FACTORS)}")
    classes = classes.long()
    wrong = (classes < 0) | (classes >= torch.tensor(COUNTS, device=classes.device))
    if wrong.any():
        where = wrong.nonzero()[0]
        factor = FACTORS[int(where[-1])]
        raise RangeError(
            f"the class of {factor.name} must be from 0 to {len(factor) - 1}, got {int(classes[tuple(where)])} "
            f"at index {where.tolist()}"
        )
    return classes


def values_of(classes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The values of classes [..., 5]: shape as int64 [...], and scale, orientation, x and y as float64 [...]."""
    columns = check_classes(classes).unbind(-1)
    scale, orientation, x, y = (
        torch.tensor(values, dtype=torch.float64, device=classes.device)[column]
        for values, column in zip(VALUES, columns[1:], strict=True)
    )
    return columns[SHAPE], scale, orientation, x, y


def distinct(classes: Tensor) -> Tensor:
    """The classes [..., 5] with one number for what looks the same: orientation 39 is a full turn, which is 0."""
    classes = check_classes(classes).clone()
    classes[..., ORIENTATION] %= len(FACTORS[ORIENTATION]) - 1
    return classes


def canonical(classes: Tensor) -> Tensor:
    """The classes as a picture shows them: of the orientations that look the same, or nearly so, the first.

    A square repeats every quarter turn, which is 9.75 steps of the grid: its orientation becomes the class nearest to what is
    left of the angle within the first quarter turn, at most half a step from the truth. An ellipse keeps the first half turn,
    a heart its full one.

    Args:
        classes: integers [..., 5].

    Returns:
        int64 [..., 5]; no orientation is above 38.

    Example:
        >>> canonical(torch.tensor([[0, 0, 10, 0, 0], [1, 0, 20, 0, 0], [2, 0, 39, 0, 0]]))[:, 2]
        tensor([0, 0, 0])
    """
    classes = distinct(classes)
    period = (len(FACTORS[ORIENTATION]) - 1) / torch.tensor(SYMMETRY, device=classes.device, dtype=torch.float64)[
        classes[..., SHAPE]
    ]
    left = classes[..., ORIENTATION] % period
    nearest = (left - 0.5).ceil()  # halves go down, so that half a step beyond the first orientation is still the first
    classes[..., ORIENTATION] = torch.where(period - left < (left - nearest).abs(), 0, nearest.long())
    return classes


def angular_distance(a: Tensor, b: Tensor, symmetry: Tensor) -> Tensor:
    """How far apart two orientations look, in radians, for a sprite that repeats `symmetry` times in a full turn.

    Args:
        a, b: angles [...], in radians.
        symmetry: [...], see SYMMETRY.

    Returns:
        [...], from 0 to pi / symmetry.
    """
    period = 2 * math.pi / symmetry
    distance = (a - b).abs() % period
    return torch.minimum(distance, period - distance)
