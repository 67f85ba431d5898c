"""What every structure shares: contents kept as a sum, keys made of several vectors, and the way back to a symbol."""

from __future__ import annotations

from copy import copy
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from vsa.algebra import Algebra, get_algebra
from vsa.algebras.checks import explaining
from vsa.algebras.fourier import irfft, rfft
from vsa.errors import AlgebraError, DtypeError, ShapeError
from vsa.memory import ItemMemory

if TYPE_CHECKING:
    from jaxtyping import Float, Num, Shaped

S = TypeVar("S", bound="Structure")


class Structure:
    """Base of the structures: an algebra, and the sum of what was put in. It never changes; its methods return a new one.

    Args:
        algebra: a name or an algebra.
        vector: [*batch, dim], contents to begin with: a structure that was made elsewhere, by the verbs or by a network. Where
            bundling is a majority, it counts as one entry, since how clear each vote was is forgotten. Empty if none is given.

    Attributes:
        algebra: the algebra.
        total: [*batch, sum_dim], the contents as `Algebra.to_sum` gives them, where addition is the bundle; None while empty.

    Raises:
        AlgebraError: the algebra is unknown.
        ShapeError, DtypeError: the vector is not one of this algebra.
    """

    algebra: Algebra
    total: Num[Tensor, "*batch sum_dim"] | None
    _first = ""  # how to put something into an empty one

    def __init__(self, algebra: str | Algebra = "MAP", *, vector: Shaped[Tensor, "*batch dim"] | None = None) -> None:
        vars(self).update(algebra=get_algebra(algebra), total=None)
        if vector is not None:
            vars(self).update(total=self._sum(vector))

    @property
    def vector(self) -> Shaped[Tensor, "*batch dim"]:
        """The hypervector of the whole structure, [*batch, dim]: the bundle of all entries.

        Raises:
            ShapeError: the structure is empty.
        """
        return self.algebra.from_sum(self._contents())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} does not change, so {name} cannot be set; its methods return a new one")

    def __repr__(self) -> str:
        contents = "empty" if self.total is None else f"total={list(self.total.shape)}"
        return f"{type(self).__name__}(algebra={self.algebra.name}, {contents})"

    def _with(self: S, **changes: Any) -> S:
        changed = copy(self)
        vars(changed).update(changes)
        return changed

    def _contents(self) -> Tensor:
        if self.total is None:
            raise ShapeError(f"this {type(self).__name__} is empty, and has no vector yet; put something in first: {self._first}")
        return self.total

    def _sum(self, x: Shaped[Tensor, "*batch dim"]) -> Num[Tensor, "*batch sum_dim"]:
        """The vectors where addition is the bundle; integers in int64, as ``bundle`` adds them."""
        x = self.algebra.to_sum(x).as_subclass(Tensor)  # of torchhd, it would carry an algebra that a sum need not have
        with explaining(type(self).__name__, self.algebra.name, x):
            return x if x.is_floating_point() or x.is_complex() else x.long()

    def _bundle(self, entries: Shaped[Tensor, "*batch n dim"], weights: Tensor | None = None) -> Num[Tensor, "*batch sum_dim"]:
        return self.algebra.relaxation.bundle(self._sum(entries), weights=weights)

    def _plus(self: S, part: Num[Tensor, "*batch sum_dim"]) -> S:
        if self.total is None:
            return self._with(total=part)
        name, held, given = type(self).__name__, self.total.shape, part.shape
        batches = zip(reversed(held[:-1]), reversed(given[:-1]), strict=False)
        if held[-1] != given[-1] or any(m != n and m != 1 and n != 1 for m, n in batches):
            raise ShapeError(
                f"what is added to this {name} does not fit what it holds: as sums they are {list(given)} and {list(held)}; "
                "the last dimension must be the same, and those before it broadcast"
            )
        if part.dtype != self.total.dtype or part.device != self.total.device:
            raise DtypeError(
                f"what is added to this {name} is {part.dtype} on {part.device} as a sum, what it holds {self.total.dtype} "
                f"on {self.total.device}; convert one with .to(...)"
            )
        with explaining(name, self.algebra.name, self.total, part):
            return self._with(total=self.total + part)

    def _minus(self: S, part: Num[Tensor, "*batch sum_dim"]) -> S:
        self._contents()
        with explaining(type(self).__name__, self.algebra.name, part):
            return self._plus(-part)

    def _count(self, entry: Shaped[Tensor, "*batch_x dim"]) -> Float[Tensor, "*batch"]:
        """How many times an entry is there: exact for one alone, with the noise of the others where there are more."""
        entry, dot = self._sum(entry), self.algebra.relaxation.dot
        return dot(self._contents(), entry) / dot(entry, entry)

    def _key(self, *parts: Tensor) -> Tensor:
        """One key of several vectors, which tells their order: the first is permuted once, the second twice, and so on, so that
        none stands for another, nor for the value that is bound with the key."""
        return reduce(self.algebra.bind, (permuted(self.algebra, x, place) for place, x in enumerate(parts, 1)))

    def _cleaned(self, noisy: Shaped[Tensor, "*batch dim"], memory: ItemMemory) -> Shaped[Tensor, "*batch dim"]:
        """The symbols of the memory that are most like these vectors."""
        name = type(self).__name__
        if not isinstance(memory, ItemMemory):
            raise DtypeError(f"this {name} needs an ItemMemory of the symbols that may be there, got {type(memory).__name__}")
        ours, theirs = self.algebra, memory.algebra
        # Options such as unitary=True make other vectors of the same kind; another block size shows in the law.
        if ours.name != theirs.name or ours.laws.expected_similarity != theirs.laws.expected_similarity:
            raise AlgebraError(f"the memory holds vectors of {theirs}, this {name} those of {ours}; give both the same algebra")
        return memory.vectors[memory.cleanup(noisy).indices[..., 0]]

    def _length(self, stack: Shaped[Tensor, "*batch n dim"]) -> int:
        """How many vectors a stack holds."""
        if not isinstance(stack, Tensor):
            raise DtypeError(
                f"{type(self).__name__}: a stack of vectors is a tensor [*batch, n, dim], got {type(stack).__name__}"
            )
        if stack.ndim < 2:
            raise ShapeError(
                f"{type(self).__name__}: a stack of vectors [*batch, n, dim] is needed, got shape {list(stack.shape)}"
            )
        return stack.shape[-2]


def permuted(algebra: Algebra, x: Shaped[Tensor, "*batch dim"], places: int) -> Shaped[Tensor, "*batch dim"]:
    """x permuted so that binding notices: the permuted a bound with b is not a bound with the permuted b.

    In HRR a shift is itself a binding, so it says nothing of order. There the angles of the spectrum are shifted, as FHRR shifts
    them: what is unitary stays so, and -places undoes it.
    """
    if not algebra.laws.permute_binds:
        return algebra.permute(x, places)
    algebra.as_real(x)  # checks that it is a vector
    dim = x.shape[-1]
    with explaining("permute", algebra.name, x):
        spectrum = rfft(x)
    # The spectrum of a real vector begins with a real number, which has no angle, and ends with one if dim is even.
    first, angles, last = spectrum.tensor_split((1, (dim + 1) // 2), -1)
    return irfft(torch.cat([first, angles.roll(places, -1), last], -1), dim).to(x.dtype)
