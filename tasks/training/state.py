"""Where a run is: what its checkpoints count, beside weights and moments."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from statistics import fmean

RECENT = 100
"""Of so many steps the mean loss is shown."""


@dataclass(frozen=True)
class State:
    """Where a run is.

    Attributes:
        steps: optimiser steps done; the next batch is the one of this number.
        images: target pictures learnt from.
        seconds: that it took.
        recent: the losses of the last steps, as far as they have been read.
    """

    steps: int = 0
    images: int = 0
    seconds: float = 0.0
    recent: list[float] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """The mean of the recent losses, NaN before the first."""
        return fmean(self.recent) if self.recent else math.nan

    def check(self, step: int) -> None:
        """Refuse a state that cannot be that of a checkpoint of this step: ValueError."""
        numbers = [self.seconds, *self.recent] if isinstance(self.recent, list) else [None]
        right = all(isinstance(number, (int, float)) and math.isfinite(number) for number in numbers)
        if (
            self.steps != step
            or step < 1
            or not isinstance(self.images, int)
            or self.images < 1
            or not right
            or self.seconds <= 0
        ):
            raise ValueError("its state is none")

    def after(self, images: int, seconds: float) -> State:
        """The state after one more step, the loss of which has not been read."""
        return replace(self, steps=self.steps + 1, images=self.images + images, seconds=seconds)

    def with_losses(self, losses: Iterable[float]) -> State:
        """The same with the losses of its last steps."""
        return replace(self, recent=[*self.recent, *losses][-RECENT:])
