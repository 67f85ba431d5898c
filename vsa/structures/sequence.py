"""Sequence: items in order, each at its position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vsa.algebras.checks import explaining, integer
from vsa.errors import RangeError
from vsa.memory import ItemMemory
from vsa.structures.base import Names, Source, Structure

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped


class Sequence(Structure):
    """Items in order: the bundle of permute(item, position), the first at position 0.

    Positions are told apart up to dim of them, in SBC up to dim / block_size, after which ``permute`` comes round again.

    Args:
        algebra, vector: as in `Structure`.
        length: how many items the vector holds, which must be known.

    Source: Sahlgren, Holst, Kanerva, "Permutations as a means to encode order in word space", CogSci 2008.

    Example:
        >>> from vsa import ItemMemory
        >>> letters = ItemMemory("a b c d".split(), dim=1024, algebra="FHRR")
        >>> word = Sequence(letters).extend(["d", "a", "d"]).append("c")
        >>> letters.cleanup(torch.stack([word.get(i) for i in range(len(word))])).names
        [['d'], ['a'], ['d'], ['c']]
        >>> word.find("a").argmax()
        tensor(1)
        >>> letters.cleanup(word.replace(-1, "b").get(-1)).names
        ['b']
    """

    length: int  # pyright: ignore[reportIncompatibleVariableOverride]  (it is always known)
    _first = "sequence.append(x)"
    _least = 1

    def __init__(self, algebra: Source = "MAP", *, vector: Shaped[Tensor, "*batch dim"] | None = None, length: int = 0) -> None:
        super().__init__(algebra, vector=vector, length=integer("Sequence", "the length", length))

    @classmethod
    def of(cls, stack: Shaped[Tensor, "*batch n dim"] | Names, *, algebra: Source = "MAP") -> Sequence:
        """The sequence of a whole stack at once.

        Args:
            stack: [*batch, n, dim], the items in order, with n at least 1.
            algebra: as in `Structure`; names need their memories.

        Raises:
            ShapeError, DtypeError: it is not a stack of vectors of this algebra.
        """
        return cls(algebra).extend(stack)

    def append(self, x: Shaped[Tensor, "*batch dim"] | Names) -> Sequence:
        """With one more item at the end.

        Args:
            x: [*batch, dim]; its batch broadcasts against that of the sequence.

        Raises:
            ShapeError, DtypeError: x is not a vector of this algebra, or does not fit what is there.
        """
        return self._plus(self._sum(self.algebra.permute(self._named("symbols", x), self.length)))

    def extend(self, stack: Shaped[Tensor, "*batch n dim"] | Names) -> Sequence:
        """With a stack of items at the end, in order.

        Args:
            stack: [*batch, n, dim], with n at least 1.

        Raises:
            ShapeError, DtypeError: it is not a stack of vectors of this algebra, or does not fit what is there.
        """
        stack = self._named("symbols", stack)
        self._size(stack)
        return self._plus_all(self._placed(self.algebra.permute(stack, self.length)))

    def get(self, index: int) -> Shaped[Tensor, "*batch dim"]:
        """The item at a position, with the noise of the others.

        Args:
            index: the position; a negative one counts from the end.

        Returns:
            [*batch, dim].

        Raises:
            RangeError: there is no such position, or it is not an integer.
            ShapeError: the sequence is empty.
        """
        return self.algebra.permute(self.vector, -self._position(index))

    def replace(self, index: int, new: Shaped[Tensor, "*batch dim"] | Names, memory: ItemMemory | None = None) -> Sequence:
        """With a new item at a position, whatever the old one was; each row of a batch may have had its own.

        Args:
            index: the position; a negative one counts from the end.
            new: [*batch, dim].
            memory: the symbols among which the old item is found by cleanup; the sequence's own if there is none.

        Raises:
            RangeError: there is no such position, or it is not an integer.
            ShapeError, DtypeError: as in ``append``, or the sequence is empty.
            AlgebraError: the memory is of another algebra.
        """
        permute, position = self.algebra.permute, self._position(index)
        old, new = self._cleaned("symbols", self.get(index), memory), self._named("symbols", new)
        return self._minus(self._sum(permute(old, position)))._plus(self._sum(permute(new, position)))

    def find(self, x: Shaped[Tensor, "*batch_x dim"] | Names) -> Float[Tensor, "*batch length"]:
        """How much each position is like x; ``argmax(-1)`` says where x most likely is.

        Args:
            x: [*batch_x, dim]; broadcasts.

        Returns:
            [*batch, length], cosines with the whole sequence.

        Raises:
            ShapeError, DtypeError: x is not a vector like those that are there, or the sequence is empty.
        """
        vector, x = self.vector.unsqueeze(-2), self._named("symbols", x)
        self.algebra.to_sum(x)  # checks that it is a vector
        with explaining("find", self.algebra.name, x):
            placed = self._placed(x.unsqueeze(-2).expand(*x.shape[:-1], self.length, -1))
        return self.algebra.similarity(vector, placed)

    def _placed(self, stack: Shaped[Tensor, "*batch n dim"]) -> Shaped[Tensor, "*batch n dim"]:
        """Each vector of a stack permuted by where it stands: bit by bit of its place, for all vectors at once."""
        places = torch.arange(stack.shape[-2], device=stack.device).unsqueeze(-1)
        for bit in range((stack.shape[-2] - 1).bit_length()):
            stack = torch.where((places >> bit & 1).bool(), self.algebra.permute(stack, 1 << bit), stack)
        return stack

    def _position(self, index: Any) -> int:
        self._contents()
        index = integer("Sequence", "the index", index)
        if not -self.length <= index < self.length:
            raise RangeError(f"Sequence: the index must be from {-self.length} to {self.length - 1}, got {index}")
        return index % self.length
