"""Multiset: things, each so many times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from vsa.algebras.checks import explaining, number
from vsa.errors import DtypeError
from vsa.structures.base import Names, Source, Structure

if TYPE_CHECKING:
    from jaxtyping import Float, Num, Shaped


class Multiset(Structure):
    """Things, each so many times: the bundle of them.

    Args, attributes and errors are those of `Structure`.

    Source: Kanerva, "Hyperdimensional computing", Cognitive Computation 1 (2), 2009.

    Example:
        >>> from vsa import ItemMemory
        >>> memory = ItemMemory(["apple", "pear", "plum"], dim=1024, algebra="BSC")
        >>> basket = Multiset(memory).add("apple", 2).add("pear")
        >>> len(basket), basket.count("apple").round(), basket.remove("apple").count(memory["apple"]).round()
        (3, tensor(2.), tensor(1.))
        >>> memory.cleanup(basket.vector).names
        ['apple']
    """

    _first = "multiset.add(x)"

    @classmethod
    def of(
        cls,
        stack: Shaped[Tensor, "*batch n dim"] | Names,
        weights: Num[Tensor, "..."] | None = None,
        *,
        algebra: Source = "MAP",
    ) -> Multiset:
        """The multiset of a whole stack at once.

        Args:
            stack: [*batch, n, dim], with n at least 1.
            weights: how many of each, real numbers [n] or [*batch, n]; one of each if there are none.
            algebra: as in `Structure`; names need their memories.

        Raises:
            ShapeError, DtypeError, RangeError: as in `vsa.bundle`.

        Example:
            >>> from vsa import ItemMemory
            >>> memory = ItemMemory(["apple", "pear"], dim=1024)
            >>> Multiset.of(memory.vectors, torch.tensor([3.0, 1.0])).count(memory["apple"]).round()
            tensor(3.)
        """
        made = cls(algebra)
        x = made._named("symbols", stack)
        if weights is None:
            return made._plus_all(x)
        return made._plus(made.algebra.relaxation.bundle(made._sum(x), weights=weights), None)

    def add(self, x: Shaped[Tensor, "*batch dim"] | Names, weight: float = 1) -> Multiset:
        """With x as well.

        Args:
            x: [*batch, dim]; its batch broadcasts against that of the multiset.
            weight: how many, a finite number.

        Raises:
            ShapeError, DtypeError: x is not a vector of this algebra, or does not fit what is there.
            RangeError: the weight is not finite.
        """
        try:
            weight = number("Multiset", "the weight", weight)
        except DtypeError as error:
            raise DtypeError(f"{error}; Multiset.of takes a tensor of weights") from None
        x = self._named("symbols", x)
        with explaining("add", self.algebra.name, x):
            return self._plus(weight * self._sum(x), int(weight) if weight == int(weight) else None)

    def remove(self, x: Shaped[Tensor, "*batch dim"] | Names) -> Multiset:
        """With one x less; what was not there is there -1 times.

        Args:
            x: [*batch, dim].

        Raises:
            ShapeError, DtypeError: as in ``add``, or the multiset is empty.
        """
        return self._minus(self._sum(self._named("symbols", x)))

    def count(self, x: Shaped[Tensor, "*batch_x dim"] | Names) -> Float[Tensor, "*batch"]:
        """How many times x is there, as far as the noise of the others lets it be seen.

        Args:
            x: [*batch_x, dim]; broadcasts.

        Returns:
            [*batch], real. Each other entry adds noise of about (spread / dim) ** 0.5, and the similarity that the laws of the
            algebra's relaxation give two random vectors.

        Raises:
            ShapeError, DtypeError: x is not a vector like those that are there, or the multiset is empty.
        """
        return self._count(self._named("symbols", x))
