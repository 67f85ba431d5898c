"""A number as a feature vector: a fractional power, so that a vector can be computed, moved and read for any number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vsa.embeddings import FractionalPower
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float, Float64, Int64


class Power(nn.Module):
    """Numbers of a range as feature vectors of norm sqrt(dim), and back.

    No number has weights of its own: the vector of one that was never seen is computed like that of any other.

    Args:
        dim: the dimension of the vectors.
        low: the least number that is read.
        high: the greatest.
        bandwidths: how far apart numbers become unrelated; of several, equal parts of the frequencies have one each, so that
            numbers far apart are still a little alike.
        name: tells the vectors of this power from those of another.
        seed: any integer.

    Raises:
        RangeError: there is no bandwidth, or one is not positive.

    Example:
        >>> place = Power(1024, 0, 64, name="x")
        >>> here = place(torch.tensor([10.5]))
        >>> round(place.read(place.moved(here, 3.25)).item(), 3)
        13.75
    """

    def __init__(
        self, dim: int, low: float, high: float, *, bandwidths: Sequence[float] = (1.0,), name: str = "", seed: int = 0
    ) -> None:
        super().__init__()
        self.low, self.high = float(low), float(high)
        widths = torch.tensor(bandwidths)
        if not len(widths) or not bool((widths > 0).all()):
            raise RangeError(f"the bandwidths must be positive, at least one of them, got {tuple(bandwidths)}")

        def normal(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
            return torch.randn(shape, generator=generator) / widths[torch.arange(shape[0]) % len(widths), None]

        self.embedding = FractionalPower(1, dim, bandwidth=1.0, kernel=normal, algebra="HRR", seed=seed, name=name)

    def forward(self, numbers: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch dim"]:
        """The feature vectors of numbers, inside of the range or not."""
        return self.embedding(numbers.float()[..., None]) * self.embedding.dim**0.5

    def moved(self, vectors: Float[Tensor, "*batch dim"], by: float | Float[Tensor, "*batch"]) -> Float[Tensor, "*batch dim"]:
        """The vectors of numbers that are larger by so much: each is bound with the power of the difference."""
        step = torch.as_tensor(by, dtype=torch.float32, device=vectors.device)
        return self.embedding.algebra.bind(vectors, self.embedding(step[..., None]))

    def read(self, vectors: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch"]:
        """The numbers of the range whose vectors are most like these; noise is allowed."""
        return self.embedding.decode(vectors.float(), self.low, self.high)

    def along(
        self, values: Float64[Tensor, " v"], shown: Int64[Tensor, " n"], numbers: Float64[Tensor, " n"]
    ) -> Float64[Tensor, " v"]:
        """The numbers of all values of a factor, on the line through those of some.

        Args:
            values: of the factor.
            shown: which of them some pictures show.
            numbers: that were read of these.

        Example:
            >>> values = torch.arange(4.0, dtype=torch.float64)
            >>> Power(64, 0, 9).along(values, torch.tensor([0, 1]), torch.tensor([1.0, 3.0], dtype=torch.float64)).round()
            tensor([1., 3., 5., 7.], dtype=torch.float64)
        """
        design = torch.stack([values[shown], torch.ones_like(numbers)], 1)
        slope, start = torch.linalg.lstsq(design, numbers[:, None], driver="gelsd").solution[:, 0]
        return slope * values + start
