"""How long a training goes on, and how its learning rates change meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from vsa.errors import RangeError

WARMUP = 0.05
"""The fraction of the budget over which the learning rate rises."""

Schedule = Callable[[float], float]
"""What learning rates are multiplied by, of the fraction of the budget that is spent, 0 to 1."""


def cosine(spent: float) -> float:
    """Rise over the first twentieth, then fall to 0 as a cosine.

    Example:
        >>> round(cosine(0.5), 3), round(cosine(1.0), 3)
        (0.5, 0.0)
    """
    return min(1.0, (spent + 1e-3) / WARMUP) * (1 + math.cos(math.pi * spent)) / 2


def constant(spent: float) -> float:
    """Stay as it is."""
    return 1.0


@dataclass(frozen=True)
class Budget:
    """How long to train: so many steps, so many seconds, or whichever ends first.

    Raises:
        RangeError: neither is given, or one is not positive.
    """

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.steps is None and self.seconds is None:
            raise RangeError("a budget needs steps, seconds or both")
        if (self.steps is not None and self.steps < 1) or (self.seconds is not None and not self.seconds > 0):
            raise RangeError(f"a budget must be positive, got steps={self.steps}, seconds={self.seconds}")

    def spent(self, steps: int, seconds: float) -> float:
        """The fraction of the budget that is spent, 0 to 1."""
        return min(1.0, max(steps / (self.steps or math.inf), seconds / (self.seconds or math.inf)))
