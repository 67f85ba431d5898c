"""Multiset: things, each so many times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.checks import explaining
from vsa.errors import RangeError
from vsa.structures.base import Structure

if TYPE_CHECKING:
    from jaxtyping import Float, Num, Shaped


class Multiset(Structure):
    """Things, each so many times: the bundle of them.

    Args, attributes and errors are those of `Structure`.

    Source: Kanerva, "Hyperdimensional computing", Cognitive Computation 1 (2), 2009.

    Example:
        >>> from vsa import ItemMemory
        >>> memory = ItemMemory(["apple", "pear", "plum"], dim=1024, algebra="BSC")
        >>> basket = Multiset("BSC").add(memory["apple"], 2).add(memory["pear"])
        >>> basket.count(memory["apple"]).round(), basket.remove(memory["apple"]).count(memory["apple"]).round()
        (tensor(2.), tensor(1.))
        >>> memory.cleanup(basket.vector).names
        ['apple']
    """

    _first = "multiset.add(x)"

    @classmethod
    def of(
        cls,
        stack: Shaped[Tensor, "*batch n dim"],
        weights: Num[Tensor, "..."] | None = None,
        *,
        algebra: str | Algebra = "MAP",
    ) -> Multiset:
        """The multiset of a whole stack at once.

        Args:
            stack: [*batch, n, dim], with n at least 1.
            weights: how many of each, real numbers [n] or [*batch, n]; one of each if there are none.
            algebra: a name or an algebra.

        Raises:
            ShapeError, DtypeError, RangeError: as in `vsa.bundle`.

        Example:
            >>> from vsa import ItemMemory
            >>> memory = ItemMemory(["apple", "pear"], dim=1024)
            >>> Multiset.of(memory.vectors, torch.tensor([3.0, 1.0])).count(memory["apple"]).round()
            tensor(3.)
        """
        made = cls(algebra)
        return made._plus(made._bundle(stack, weights))

    def add(self, x: Shaped[Tensor, "*batch dim"], weight: float = 1) -> Multiset:
        """With x as well.

        Args:
            x: [*batch, dim]; its batch broadcasts against that of the multiset.
            weight: how many, a finite number.

        Raises:
            ShapeError, DtypeError: x is not a vector of this algebra, or does not fit what is there.
            RangeError: the weight is not a finite number.
        """
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
            raise RangeError(
                f"Multiset: the weight must be a finite number, got {weight!r}; Multiset.of takes a tensor of weights"
            )
        with explaining("add", self.algebra.name, x):
            return self._plus(weight * self._sum(x))

    def remove(self, x: Shaped[Tensor, "*batch dim"]) -> Multiset:
        """With one x less; what was not there is there -1 times.

        Args:
            x: [*batch, dim].

        Raises:
            ShapeError, DtypeError: as in ``add``, or the multiset is empty.
        """
        return self._minus(self._sum(x))

    def count(self, x: Shaped[Tensor, "*batch_x dim"]) -> Float[Tensor, "*batch"]:
        """How many times x is there, as far as the noise of the others lets it be seen.

        Args:
            x: [*batch_x, dim]; broadcasts.

        Returns:
            [*batch], real. Each other entry adds noise of about (spread / dim) ** 0.5, and the similarity that the laws of the
            algebra's relaxation give two random vectors.

        Raises:
            ShapeError, DtypeError: x is not a vector like those that are there, or the multiset is empty.
        """
        return self._count(x)
