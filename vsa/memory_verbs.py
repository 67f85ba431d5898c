"""The verbs of a memory: those of its own algebra, of names as well as of vectors."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from vsa.algebra import Algebra, Side
from vsa.errors import ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float, Num, Shaped

Vectors: TypeAlias = Any
"""A name, a vector or a batch of them, or a list of names and vectors, which is a stack."""


class MemoryVerbs:
    """What can be done with hypervectors, by the algebra of the memory, so that it need not be said again.

    Each verb is that of `vsa.verbs`, and raises the same. Where a vector is wanted, a name may stand, and where a stack is
    wanted, a list of names and vectors.

    Raises:
        SymbolError: a name is not in the memory; the message shows near ones.

    Example:
        >>> from vsa import ItemMemory
        >>> memory = ItemMemory(["shape", "heart", "size", "big"], dim=1024, algebra="HRR")
        >>> record = memory.bundle([memory.bind("shape", "heart"), memory.bind("size", "big")])
        >>> memory.cleanup(memory.unbind(record, "size")).names
        ['big']
        >>> memory.similarity("heart", ["heart", "big"]).round(decimals=1).abs()
        tensor([1., 0.])
    """

    algebra: Algebra

    @abstractmethod
    def __getitem__(self, names: Any) -> Tensor: ...

    def bind(self, a: Vectors, b: Vectors) -> Shaped[Tensor, "*batch dim"]:
        """Join two vectors into one from which either can be had back with the other: see `vsa.bind`."""
        return self.algebra.bind(self._vectors_of(a), self._vectors_of(b))

    def unbind(self, composite: Vectors, key: Vectors, side: Side = "right") -> Shaped[Tensor, "*batch dim"]:
        """What was bound with this key: see `vsa.unbind`."""
        return self.algebra.unbind(self._vectors_of(composite), self._vectors_of(key), side)

    def multibind(self, stack: Vectors, dim: int = -2) -> Shaped[Tensor, "..."]:
        """The product of a stack of vectors: see `vsa.multibind`."""
        return self.algebra.multibind(self._vectors_of(stack), dim)

    def bundle(self, stack: Vectors, dim: int = -2, *, weights: Num[Tensor, "..."] | None = None) -> Shaped[Tensor, "..."]:
        """The superposition of a stack of vectors: see `vsa.bundle`."""
        return self.algebra.bundle(self._vectors_of(stack), dim, weights)

    def permute(self, x: Vectors, shifts: int = 1) -> Shaped[Tensor, "*batch dim"]:
        """The vector with its elements shifted: see `vsa.permute`."""
        return self.algebra.permute(self._vectors_of(x), shifts)

    def inverse(self, x: Vectors) -> Shaped[Tensor, "*batch dim"]:
        """The vector that undoes binding with this one: see `vsa.inverse`."""
        return self.algebra.inverse(self._vectors_of(x))

    def negative(self, x: Vectors) -> Shaped[Tensor, "*batch dim"]:
        """The vector that takes this one out of a bundle: see `vsa.negative`."""
        return self.algebra.negative(self._vectors_of(x))

    def power(self, x: Vectors, exponent: float) -> Shaped[Tensor, "*batch dim"]:
        """The vector bound with itself so many times: see `vsa.power`."""
        return self.algebra.power(self._vectors_of(x), exponent)

    def normalize(self, x: Vectors) -> Shaped[Tensor, "*batch dim"]:
        """The vector of the algebra that is nearest to this one: see `vsa.normalize`."""
        return self.algebra.normalize(self._vectors_of(x))

    def dot(self, a: Vectors, b: Vectors) -> Float[Tensor, "*batch"]:
        """The inner product: see `vsa.dot`."""
        return self.algebra.dot(self._vectors_of(a), self._vectors_of(b))

    def similarity(self, a: Vectors, b: Vectors) -> Float[Tensor, "*batch"]:
        """The cosine, in [-1, 1]: see `vsa.similarity`."""
        return self.algebra.similarity(self._vectors_of(a), self._vectors_of(b))

    def _vectors_of(self, given: Vectors) -> Any:
        """The vectors that are meant; what is none is left for the algebra to refuse."""
        if isinstance(given, str):
            return self[given]
        if not isinstance(given, (list, tuple)):
            return given
        if all(isinstance(part, str) for part in given):
            return self[list(given)]
        parts = [self._vectors_of(part) for part in given]
        if not all(isinstance(part, Tensor) for part in parts):
            return given
        if any(part.shape != parts[0].shape for part in parts):
            raise ShapeError(f"vectors of a list are a stack, so they have one shape; got {[list(part.shape) for part in parts]}")
        return torch.stack(parts)
