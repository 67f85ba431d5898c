"""A turn of a circle as a feature vector: a power that is the same again after a whole turn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from encoders.power import Power
from vsa.embeddings import FractionalPower

if TYPE_CHECKING:
    from jaxtyping import Float, Float64, Int64

BANDWIDTH = 0.05
"""How far apart turns become unrelated: 18 degrees."""


class Turn(Power):
    """Numbers of turns as feature vectors of norm sqrt(dim), and back: 0.25, 1.25 and -0.75 have one vector.

    The phases of a whole turn are whole multiples of a circle: the harmonics of the circle, drawn at random. All vectors are
    bound with one random unitary vector. Without it that of 0 would be the unit of binding, a single large element, which other
    features do not hide as they hide a vector that is spread.

    Args:
        dim: the dimension of the vectors.
        bandwidth: how far apart turns become unrelated, in turns; much less than a half.
        name: tells the vectors of this power from those of another.
        seed: any integer.

    Example:
        >>> hue = Turn(1024, name="hue")
        >>> green = hue(torch.tensor([1 / 3]))
        >>> round(hue.read(hue.moved(green, 1.5)).item(), 3)
        0.833
    """

    start: Tensor

    def __init__(self, dim: int, *, bandwidth: float = BANDWIDTH, name: str = "", seed: int = 0) -> None:
        super().__init__(dim, -bandwidth, 1 + bandwidth, name=name, seed=seed)  # a little more, as both ends are one

        def harmonics(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
            return (torch.randn(shape, generator=generator) / (2 * math.pi * bandwidth)).round() * (2 * math.pi * bandwidth)

        self.embedding = FractionalPower(1, dim, bandwidth=bandwidth, kernel=harmonics, algebra="HRR", seed=seed, name=name)
        start = FractionalPower(1, dim, kernel="sinc", algebra="HRR", seed=seed, name=f"start of {name}")
        self.register_buffer("start", start(torch.ones(1)))

    def forward(self, numbers: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch dim"]:
        """The feature vectors of turns."""
        return self.embedding.algebra.bind(super().forward(numbers), self.start)

    def read(self, vectors: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch"]:
        """The turns from 0 to 1 whose vectors are most like these; noise is allowed."""
        return super().read(self.embedding.algebra.unbind(vectors.float(), self.start)) % 1

    def along(
        self, values: Float64[Tensor, " v"], shown: Int64[Tensor, " n"], numbers: Float64[Tensor, " n"]
    ) -> Float64[Tensor, " v"]:
        """The turns of all values of a factor, whose values are turns: they differ from those that were read by one angle alone.

        Example:
            >>> values = torch.tensor([0.0, 0.25, 0.5, 0.75], dtype=torch.float64)
            >>> Turn(64).along(values, torch.tensor([0, 1]), torch.tensor([0.9, 0.15], dtype=torch.float64)).round(decimals=2)
            tensor([-0.1000,  0.1500,  0.4000,  0.6500], dtype=torch.float64)
        """
        angles = 2 * math.pi * (numbers - values[shown])
        return values + torch.atan2(angles.sin().mean(), angles.cos().mean()) / (2 * math.pi)
