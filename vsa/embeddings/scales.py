"""Scales: evenly spaced numbers, and which of them is nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from vsa.algebras.checks import check_flags, readable
from vsa.embeddings.base import finite, positive, whole, wide
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64


@dataclass(frozen=True)
class Line:
    """`num` numbers from low to high, both included.

    Attributes:
        owner: who asks, for the messages.
        num: how many, at least 2.
        low: the first.
        high: the last.
        clip: numbers outside are taken to the nearest end; without it they are an error.

    Raises:
        DtypeError, RangeError: what is given is no number, or there is no such line.

    Example:
        >>> line = Line("Level", 11, 0.0, 1.0)
        >>> line.value(line.nearest(torch.tensor([0.26, 0.98])))
        tensor([0.3000, 1.0000])
    """

    owner: str
    num: int
    low: float
    high: float
    clip: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "num", whole(self.owner, "num", self.num, 2))
        object.__setattr__(self, "low", finite(self.owner, "low", self.low))
        object.__setattr__(self, "high", finite(self.owner, "high", self.high))
        check_flags(self.owner, clip=self.clip)
        if self.low >= self.high:
            raise RangeError(f"{self.owner}: low must be less than high, got low={self.low} and high={self.high}")

    @property
    def step(self) -> float:
        return (self.high - self.low) / (self.num - 1)

    def nearest(self, values: Float[Tensor, "*batch"]) -> Int64[Tensor, "*batch"]:
        """Which number is nearest to each value, from 0 to num - 1.

        Raises:
            RangeError: a value is NaN, or lies outside without `clip`. Values that cannot be read, because this is compiled or
                vmapped, are not checked; it is the look-up that follows that fails, with an error of torch's own.
        """
        if checked := readable(values):
            self._check(values)
        index = ((wide(values) - self.low) / self.step).round()
        # In half precision `high` itself may be rounded upwards.
        return (index.clamp(0, self.num - 1) if checked or self.clip else index).long()

    def value(self, index: Int64[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        return self.low + self.step * index

    def _check(self, values: Tensor) -> None:
        if bool(((values >= self.low) & (values <= self.high)).all()):
            return
        if bool(values.isnan().any()):
            raise RangeError(f"{self.owner}: a value is NaN, which has no place in [{self.low}, {self.high}]")
        if not self.clip:
            raise RangeError(
                f"{self.owner}: values must lie in [{self.low}, {self.high}], and these are from {values.min():g} "
                f"to {values.max():g}; with clip=True those outside are taken to the nearest end"
            )

    def __str__(self) -> str:
        return f"{self.num} levels from {self.low} to {self.high}"


@dataclass(frozen=True)
class Circle:
    """`num` numbers from 0 to the period, which is 0 again.

    Attributes:
        owner: who asks, for the messages.
        num: how many, at least 2.
        period: how far it is around the circle.

    Raises:
        DtypeError, RangeError: what is given is no number, or there is no such circle.

    Example:
        >>> hours = Circle("Circular", 24, 24.0)
        >>> hours.nearest(torch.tensor([23.8, 0.2, -1.0]))
        tensor([ 0,  0, 23])
    """

    owner: str
    num: int
    period: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "num", whole(self.owner, "num", self.num, 2))
        object.__setattr__(self, "period", positive(self.owner, "period", self.period))

    @property
    def step(self) -> float:
        return self.period / self.num

    def nearest(self, values: Float[Tensor, "*batch"]) -> Int64[Tensor, "*batch"]:
        """Which number is nearest to each value around the circle, from 0 to num - 1.

        Raises:
            RangeError: a value is NaN or infinite. Values that cannot be read, because this is compiled or vmapped, are not
                checked; it is the look-up that follows that fails, with an error of torch's own.
        """
        if readable(values) and not bool(values.isfinite().all()):
            raise RangeError(f"{self.owner}: a value is NaN or infinite, which has no place on a circle")
        return (wide(values).remainder(self.period) / self.step).round().remainder(self.num).long()

    def value(self, index: Int64[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
        return self.step * index

    def __str__(self) -> str:
        return f"{self.num} levels around a period of {self.period}"
