"""The five factors of dSprites: their values, their symmetries, and which combinations are held out from training.

A sprite is described by five classes, integers [shape, scale, orientation, x, y], in the order of the published file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vsa.errors import DtypeError, RangeError, ShapeError


@dataclass(frozen=True)
class Factor:
    """One factor of variation.

    Attributes:
        name: what it is called, everywhere.
        values: the value of each class. Shapes are their own class numbers; orientations are in radians; positions go from 0
            (left, top) to 1 (right, bottom).
        ordered: whether neighbouring classes look alike, so that "within one step" means something.
    """

    name: str
    values: tuple[float, ...]
    ordered: bool = True

    def __len__(self) -> int:
        return len(self.values)


def _linspace(low: float, high: float, n: int) -> tuple[float, ...]:
    return tuple(torch.linspace(low, high, n, dtype=torch.float64).tolist())


SHAPES = ("square", "ellipse", "heart")
FACTORS = (
    Factor("shape", (0.0, 1.0, 2.0), ordered=False),
    Factor("scale", _linspace(0.5, 1, 6)),
    Factor("orientation", _linspace(0, 2 * math.pi, 40)),  # both ends included: classes 0 and 39 look the same
    Factor("x", _linspace(0, 1, 32)),
    Factor("y", _linspace(0, 1, 32)),
)
FEATURES = tuple(factor.name for factor in FACTORS)
SHAPE, SCALE, ORIENTATION, X, Y = range(5)
COUNTS = tuple(len(factor) for factor in FACTORS)

SYMMETRY = (4, 2, 1)
"""In how many orientations within a full turn a shape looks the same: a square 4, an ellipse 2, a heart 1."""

IDENTIFIABLE = range(10)
"""The orientation classes, 0 to 83 degrees, of which no two look the same for any shape: the identifiable subset."""


def check_classes(classes: Tensor) -> Tensor:
    """The classes as int64, if they are classes of sprites.

    Args:
        classes: integers [..., 5].

    Raises:
        DtypeError: they are not integers.
        ShapeError: the last dimension is not 5.
        RangeError: a class is negative or too large; the message says which.
    """
    if classes.is_floating_point() or classes.is_complex() or classes.dtype == torch.bool:
        raise DtypeError(f"classes must be integers, got {classes.dtype}; values that lie off the grid are for render_values")
    if classes.ndim == 0 or classes.shape[-1] != len(FACTORS):
        raise ShapeError(f"classes must be [..., 5] ({', '.join(FEATURES)}), got {list(classes.shape)}")
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
        torch.tensor(factor.values, dtype=torch.float64, device=classes.device)[column]
        for factor, column in zip(FACTORS[1:], columns[1:], strict=True)
    )
    return columns[SHAPE], scale, orientation, x, y


def distinct(classes: Tensor) -> Tensor:
    """The classes [..., 5] with one number for what looks the same: orientation 39 is a full turn, which is 0."""
    classes = check_classes(classes).clone()
    classes[..., ORIENTATION] %= len(FACTORS[ORIENTATION]) - 1
    return classes


HELD_OUT = 0.1
"""The share of all combinations that is never trained on."""


def held_out(classes: Tensor) -> Tensor:
    """Which combinations are never trained on: one in ten, scattered evenly, the same ones everywhere.

    Combinations that are the same picture fall on the same side.

    Args:
        classes: integers [..., 5].

    Returns:
        bool [...].

    Example:
        >>> held_out(torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]))
        tensor([ True, False])
    """
    shape, scale, orientation, x, y = distinct(classes).unbind(-1)
    number = (((shape * 6 + scale) * 39 + orientation) * 32 + x) * 32 + y
    # A bijective mix of 31-bit integers (multiply, fold the high bits down, twice), so that neighbours part.
    for _ in range(2):
        number = (number * 0x45D9F3B) & 0x7FFFFFFF
        number = number ^ (number >> 15)
    return number % round(1 / HELD_OUT) == 0


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
