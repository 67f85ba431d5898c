"""NGrams: the runs of n neighbours in sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from vsa.algebras.checks import integer
from vsa.errors import RangeError, ShapeError
from vsa.structures.base import Names, Source, Structure

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped


class NGrams(Structure):
    """The runs of n neighbours in sequences: the bundle of bind(last item, key of the n - 1 before it).

    Of these, the nearest is permuted once, the one before it twice, and so on; where binding commutes, the run a, b, c is thus
    the product of c, permuted b and twice permuted a.

    Args:
        n: how long the runs are, at least 2; what you want for 1 is a Multiset.
        algebra, vector, length: as in `Structure`; the length is how many runs there are.

    Raises:
        RangeError: n is not an integer of at least 2.

    Source: Joshi, Halseth, Kanerva, "Language geometry using random indexing", Quantum Interaction 2016.

    Example:
        >>> from vsa import ItemMemory
        >>> letters = ItemMemory(list("abrcd"), dim=4096)
        >>> trigrams = NGrams.of(list("abracadabra"), n=3, algebra=letters)
        >>> len(trigrams), trigrams.count(letters[["a", "b", "r"]]).round()
        (9, tensor(2.))
        >>> letters.cleanup(trigrams.next(["c", "a"])).names
        ['d']
    """

    n: int
    _first = "ngrams.add(stack)"
    _settings = ("n",)

    def __init__(
        self,
        n: int = 3,
        algebra: Source = "MAP",
        *,
        vector: Shaped[Tensor, "*batch dim"] | None = None,
        length: int | None = None,
    ) -> None:
        if (n := integer("NGrams", "n", n)) < 2:
            raise RangeError(f"NGrams: n must be at least 2, got {n}; for single items there is Multiset")
        super().__init__(algebra, vector=vector, length=length)
        vars(self).update(n=n)

    @classmethod
    def of(cls, stack: Shaped[Tensor, "*batch length dim"] | Names, n: int = 3, *, algebra: Source = "MAP") -> NGrams:
        """The n-grams of a sequence.

        Args:
            stack: [*batch, length, dim], its items in order, at least n.
            n: how long the runs are.
            algebra: as in `Structure`; names need their memories.

        Raises:
            ShapeError, DtypeError: it is not a stack of vectors of this algebra, or is shorter than n.
            RangeError: n is not an integer of at least 2.
        """
        return cls(n, algebra).add(stack)

    @classmethod
    def _made(cls, algebra: Source, n: int = 3, **settings: Any) -> NGrams:
        return cls(n, algebra, **settings)

    def add(self, stack: Shaped[Tensor, "*batch length dim"] | Names) -> NGrams:
        """With the n-grams of another sequence as well.

        Args:
            stack: [*batch, length, dim], its items in order, at least n.

        Raises:
            ShapeError, DtypeError: it is not a stack of vectors of this algebra, is shorter than n, or does not fit the others.
        """
        return self._plus_all(self._grams(self._named("symbols", stack)))

    def remove(self, stack: Shaped[Tensor, "*batch length dim"] | Names) -> NGrams:
        """Without the n-grams of a sequence.

        Args:
            stack: [*batch, length, dim], its items in order, at least n.

        Raises:
            ShapeError, DtypeError: as in ``add``, or there are no n-grams yet.
        """
        grams = self._grams(self._named("symbols", stack))
        return self._minus(self.algebra.relaxation.bundle(self._sum(grams)), grams.shape[-2])

    def count(self, ngram: Shaped[Tensor, "*batch_n n dim"] | Names) -> Float[Tensor, "*batch"]:
        """How many times an n-gram is there, as far as the noise of the others lets it be seen.

        Args:
            ngram: [*batch_n, n, dim]; broadcasts.

        Returns:
            [*batch], real; see `Multiset.count` for its noise.

        Raises:
            ShapeError, DtypeError: it is not a stack of n vectors like those that are there, or there are none yet.
        """
        return self._count(self._grams(self._exactly(self.n, "an n-gram", ngram)).squeeze(-2))

    def next(self, prefix: Shaped[Tensor, "*batch_n m dim"] | Names) -> Shaped[Tensor, "*batch dim"]:
        """What follows these n - 1 items: the bundle of all that did, with the noise of the other n-grams.

        Args:
            prefix: [*batch_n, n - 1, dim], in order; broadcasts.

        Returns:
            [*batch, dim].

        Raises:
            ShapeError, DtypeError: it is not a stack of n - 1 vectors like those that are there, or there are none yet.
        """
        before = self._exactly(self.n - 1, "the items before the last", prefix)
        return self.algebra.unbind(self.vector, self._keys(before).squeeze(-2))

    def _grams(self, stack: Shaped[Tensor, "*batch length dim"]) -> Shaped[Tensor, "*batch runs dim"]:
        if (length := self._size(stack)) < self.n:
            raise ShapeError(f"NGrams: a sequence of {length} items has no run of n={self.n}; got shape {list(stack.shape)}")
        return self.algebra.bind(stack[..., self.n - 1 :, :], self._keys(stack[..., :-1, :]))

    def _keys(self, stack: Shaped[Tensor, "*batch length dim"]) -> Shaped[Tensor, "*batch runs dim"]:
        """The key of each run of n - 1 neighbours, the nearest to what follows them first."""
        runs = stack.shape[-2] - self.n + 2
        return self._key(*(stack[..., i : i + runs, :] for i in reversed(range(self.n - 1))))

    def _exactly(self, size: int, what: str, stack: Shaped[Tensor, "*batch m dim"] | Names) -> Shaped[Tensor, "*batch m dim"]:
        stack = self._named("symbols", stack)
        if self._size(stack) != size:
            raise ShapeError(f"NGrams: {what} must be [*batch, {size}, dim] for n={self.n}, got {list(stack.shape)}")
        return stack
