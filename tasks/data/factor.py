"""A factor of variation: its name, and the value of each of its classes; and how combinations of classes are counted."""

from __future__ import annotations

import keyword
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from vsa.errors import DtypeError, RangeError

if TYPE_CHECKING:
    from jaxtyping import Int64

MOST_CLASSES = 4096
"""How many classes a factor may have."""

TENTH = "tenth"
"""What no factor is called: in splits it is a number from 0 to 9 of every combination, see `tasks.data.split.combinations`."""

AXES = ("x", "y")
"""The axes of a picture: to the right, and down."""


@dataclass(frozen=True)
class Factor:
    """One factor of variation.

    Args:
        name: what it is called, everywhere: a Python identifier, because splits are written with it.
        values: the value of each class, finite numbers or distinct texts; texts are the names of the classes too.
        ordered: whether neighbouring classes look alike, so that "within one step" means something.
        periodic: whether the first class comes after the last one.
        axis: "x" or "y", if the factor is how far to the right or how far down the object lies in the picture: equal steps of the
            values are equal steps of pixels. Networks that know it draw and read objects at places they never saw.
        hue: whether the factor is the hue of something in the picture, and its values are turns of the colour circle: a third
            makes green of red. Networks that know it draw and read hues they never saw.

    Raises:
        DtypeError: the name is no text, or the values are neither numbers nor texts.
        RangeError: the name is no identifier, there are no values or too many, or they are not finite, or not distinct texts;
            or there is no such axis, or the values along it, or those of a hue, are names.

    Example:
        >>> colour = Factor("colour", ("red", "green", "blue"), ordered=False)
        >>> len(colour), colour.labels
        (3, ('red', 'green', 'blue'))
        >>> Factor("x", range(16)).labels[-1]
        '15'
    """

    name: str
    values: Sequence[float | str]
    ordered: bool = True
    periodic: bool = False
    axis: Literal["x", "y"] | None = None
    hue: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise DtypeError(f"the name of a factor must be a text, got {type(self.name).__name__}")
        if not self.name.isidentifier() or keyword.iskeyword(self.name) or self.name == TENTH:
            raise RangeError(
                f"the name of a factor must be an identifier such as 'colour', because splits are written with it, and "
                f"not 'tenth'; got {self.name!r:.100}"
            )
        object.__setattr__(self, "values", _as_values(self.name, self.values))
        if self.axis not in (None, *AXES):
            raise RangeError(f"the axis of the factor {self.name} must be 'x', 'y' or None, got {self.axis!r:.100}")
        if self.axis is not None and self.named:
            raise RangeError(f"the factor {self.name} lies along the axis {self.axis}, so its values must be numbers, not names")
        if self.hue and self.named:
            raise RangeError(f"the factor {self.name} is a hue, so its values must be turns of the colour circle, not names")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def named(self) -> bool:
        """Whether its values are texts."""
        return isinstance(self.values[0], str)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its classes: its values where they are texts, else the numbers of the classes."""
        return tuple(str(value) if self.named else str(k) for k, value in enumerate(self.values))


def _as_values(name: str, given: Sequence[float | str]) -> tuple[float | str, ...]:
    """The values as a tuple, numbers as float."""
    wrong = DtypeError(f"the values of the factor {name} must be a sequence of numbers or texts, got {type(given).__name__}")
    if isinstance(given, str | bytes) or not hasattr(given, "__iter__"):
        raise wrong
    try:
        if not 1 <= len(given) <= MOST_CLASSES:
            raise RangeError(f"the factor {name} must have from 1 to {MOST_CLASSES} values, got {len(given)}")
        values = tuple(given)
    except TypeError as error:  # it has no length, or only seems to be iterable
        raise wrong from error
    if all(isinstance(value, str) for value in values):
        if len(set(values)) < len(values):
            raise RangeError(f"the factor {name} must have distinct texts for values, got {values!r:.200}")
        return values
    try:
        numbers = tuple(float(value) for value in values if not isinstance(value, str))
    except OverflowError as error:
        raise RangeError(f"the values of the factor {name} must be finite, got {values!r:.200}") from error
    except (TypeError, ValueError, RuntimeError) as error:  # the last of tensors that hold nothing
        raise DtypeError(f"the values of the factor {name} must be numbers or texts: {error}") from error
    if len(numbers) < len(values):
        raise DtypeError(f"the values of the factor {name} must all be numbers, or all texts, got {values!r:.200}")
    if not all(map(math.isfinite, numbers)):
        raise RangeError(f"the values of the factor {name} must be finite, got {values!r:.200}")
    return numbers


def counted(classes: Int64[Tensor, "*n f"], counts: Sequence[int]) -> Int64[Tensor, "*n"]:
    """The place of each combination among all of them, the last factor running fastest.

    Args:
        classes: [..., F].
        counts: how many classes each factor has.

    Example:
        >>> counted(torch.tensor([[0, 0], [0, 2], [1, 0]]), (2, 3)).tolist()
        [0, 2, 3]
    """
    number = torch.zeros_like(classes[..., 0])
    for column, count in zip(classes.unbind(-1), counts, strict=True):
        number = number * count + column
    return number
