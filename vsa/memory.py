"""ItemMemory: names and their vectors, and the way back from a noisy vector to a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vsa import capacity, expression, memory_file
from vsa.algebra import Algebra
from vsa.algebras.base import unit
from vsa.algebras.checks import Device, explained, integer, number, readable
from vsa.answer import Cleanup, refuse_nan
from vsa.codebook import Codebook
from vsa.devices import default_device
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, VSAError
from vsa.search import ExactSearch, Index, Witness, countable

if TYPE_CHECKING:
    from jaxtyping import Num, Shaped


class ItemMemory(Codebook):
    """Symbols: names with a vector each. A module, so its vectors move and are saved with the model that holds it.

    The vector of a name depends on the seed, the dimension and the name alone, not on what else the memory holds: two programs
    that use the same seed agree without talking. It is a mapping: ``memory["heart"]``, ``memory[["heart", "square"]]``, ``in``,
    ``len``, and iteration in order. It has the verbs of its own algebra, which take names as well as vectors:
    ``memory.bind("shape", "heart")``; see `vsa.memory_verbs.MemoryVerbs`. What threads may do is in `vsa.codebook.Codebook`.

    Args:
        names: the symbols, in order, each once.
        dim: the dimension of the vectors.
        algebra: a name or an algebra; MAP if there is none.
        seed: any integer.
        vectors: [n, dim], to use instead of random ones; then dim is theirs.
        dtype: what the vectors are kept in, one that the algebra takes. In MAP, int8 is exact and a quarter the size.
        device: where the vectors are, like those of any torch module: torch's default device (``with torch.device(...)``) if none
            is named, or that of the vectors given. The numbers are the same on every device.
        learnable: the vectors are a parameter, which gradients train, and whose names do not change, so that an optimizer never
            holds one that is no longer there; without it they are a buffer.
        index: makes the search from vectors and algebra, see `vsa.search.Index`; exact search if there is none.

    Attributes:
        vectors: [n, dim], in the order of ``names``.

    Raises:
        SymbolError: a name stands twice.
        DtypeError: a name is not a string, the seed not an integer, or the vectors are not of this algebra.
        ShapeError: there are not as many vectors as names.
        RangeError: there is no such device.

    Example:
        >>> memory = ItemMemory(["heart", "square", "ellipse"], dim=1024)
        >>> noisy = memory["heart"] + 2 * torch.randn(1024, generator=torch.Generator().manual_seed(0))
        >>> memory.cleanup(noisy).names
        ['heart']
    """

    def __init__(
        self,
        names: Iterable[str] = (),
        dim: int = 1024,
        *,
        algebra: str | Algebra = "MAP",
        seed: int = 0,
        vectors: Shaped[Tensor, "n dim"] | None = None,
        dtype: torch.dtype | None = None,
        device: Device = None,
        learnable: bool = False,
        index: Callable[[Tensor, Algebra], Index] = ExactSearch,
    ) -> None:
        super().__init__(names, dim, algebra=algebra, seed=seed, vectors=vectors, dtype=dtype, device=device, learnable=learnable)
        self._make_index, self._searched = index, None

    def fit(self, vectors: Shaped[Tensor, "n dim"], labels: Sequence[str]) -> ItemMemory:
        """Learn a prototype for each label: the bundle of all vectors that have it, added as a new symbol.

        Args:
            vectors: [n, dim], examples.
            labels: a name for each of them; new names are added in the order in which they come first.

        Returns:
            The memory itself.

        Raises:
            ShapeError: there are not as many labels as vectors, or none, or the dimension is another.
            SymbolError: a label is in the memory already, or the memory is learnable.
            RangeError: the memory's integer dtype cannot hold a prototype.

        Source: Kleyko et al., "A survey on hyperdimensional computing", ACM Computing Surveys 55 (9), 2023, on centroids.

        Example:
            >>> concepts = ItemMemory(["cat", "dog"], dim=1024)
            >>> noise = torch.randn(40, 1024, generator=torch.Generator().manual_seed(0))
            >>> examples = concepts[["cat", "dog"] * 20] + noise
            >>> learnt = ItemMemory(dim=1024).fit(examples, ["meows", "barks"] * 20)
            >>> learnt.cleanup(concepts.vectors).names
            [['meows'], ['barks']]
        """
        if not isinstance(vectors, Tensor) or not isinstance(labels, (list, tuple)):
            raise DtypeError(
                f"fit: vectors are a tensor [n, {self.dim}], and labels a list of n names; "
                f"got {type(vectors).__name__} and {type(labels).__name__}"
            )
        if not all(isinstance(label, str) for label in labels):
            raise DtypeError(f"fit: a label is a string, got {next(label for label in labels if not isinstance(label, str))!r}")
        if vectors.ndim != 2 or not len(vectors) or len(vectors) != len(labels) or vectors.shape[-1] != self.dim:
            raise ShapeError(
                f"fit: {len(labels)} labels need at least one vector, in shape [{len(labels)}, {self.dim}]; "
                f"got {list(vectors.shape)}"
            )
        places = {label: i for i, label in enumerate(dict.fromkeys(labels))}
        at = torch.tensor([places[label] for label in labels], device=vectors.device)
        parts = self.algebra.to_sum(vectors)
        parts = parts if parts.is_floating_point() or parts.is_complex() else parts.long()
        total = parts.new_zeros(len(places), parts.shape[-1]).index_add(0, at, parts)
        prototypes = self.algebra.from_sum(total)
        kept = self.vectors.dtype
        exact = kept.is_floating_point or kept.is_complex or not readable(prototypes)
        if not (exact or torch.equal(prototypes.to(kept).to(prototypes.dtype), prototypes)):
            raise RangeError(f"fit: the memory keeps {kept}, which cannot hold a prototype; make it with dtype=torch.float32")
        self.extend(places, prototypes)
        return self

    def parse(self, text: str) -> Shaped[Tensor, " dim"]:
        """The vector of an expression: "shape * heart + scale * ~big".

        ``*`` binds, ``+`` and ``-`` bundle (a number before a ``*`` is a weight), ``~`` is the inverse, ``** 2`` a power,
        ``>> 1`` permutes, and parentheses group. A name with spaces or signs stands in quotes. Of a product the key comes first:
        in VTB, where only a key on the right can be undone, ``shape * heart`` is bind(heart, shape).

        Args:
            text: an expression over the memory's names.

        Returns:
            [dim].

        Raises:
            ExpressionError: the text is not an expression; the message shows where.
            SymbolError: a name is not in the memory; the message shows near ones.

        Source: the notation of nengo-spa's vocabularies.

        Example:
            >>> memory = ItemMemory(["shape", "heart", "size", "big"], dim=1024)
            >>> scene = memory.parse("shape * heart + size * big")
            >>> memory.cleanup(memory.unbind(scene, "shape")).names
            ['heart']
        """
        return expression.evaluate(text, self.algebra, self)

    # Cleanup.

    def cleanup(
        self,
        query: Shaped[Tensor, "*batch dim"],
        k: int = 1,
        threshold: float | None = None,
        *,
        false_alarm: float | None = None,
    ) -> Cleanup:
        """The k items most like each query, by cosine.

        Args:
            query: [*batch, dim], of the memory's algebra and device.
            k: how many, at most the number of items.
            threshold: the least cosine of an answer; what is below is left out, and an empty answer is no error.
            false_alarm: instead of a threshold, how often a random query may be answered: see `vsa.capacity.threshold`.

        Returns:
            A Cleanup with indices and scores [*batch, k], best first; its ``names`` are nested lists of the same shape. Of items
            that are alike to within rounding, the first in the memory comes first. Scores are of the wider of the dtypes of query
            and items, float32 at least, and carry gradients to the query, and to the memory if it is learnable.

        Raises:
            ShapeError, DtypeError: the query is not a vector like those of the memory.
            RangeError: the memory is empty, k is less than 1 or more than it holds, the threshold is not a cosine, or the query
                has a NaN.
                Where looking would cost a synchronisation (on a GPU) or is impossible (compiled, vmapped), a NaN comes back as
                a score of NaN, and it is ``names`` that raises.

        Example:
            >>> memory = ItemMemory(["heart", "square"], dim=1024)
            >>> memory.cleanup(-memory["square"] + 0.5 * memory["heart"]).names
            ['heart']
            >>> memory.cleanup(torch.randn(1024, generator=torch.Generator().manual_seed(0)), false_alarm=0.01).names
            []
        """
        symbols, vectors = self._whole()
        self._check_query("cleanup", query, vectors)
        if type(k) is not int or not 1 <= k <= len(symbols):
            k = _count(k, len(symbols))
        if false_alarm is not None:
            if threshold is not None:
                raise RangeError("cleanup: give a threshold or a rate of false alarms, not both")
            threshold = capacity.threshold(self.algebra, self._elements(), len(symbols), false_alarm)
        elif threshold is not None and not -1 <= (threshold := _taken(number, given := threshold, 2.0)) <= 1:
            raise RangeError(f"cleanup: the threshold is a cosine, from -1 to 1; got {given!r}")
        try:
            flat = query if query.ndim == 2 else query.reshape(-1, vectors.shape[-1])
            scores, indices = self._index_of(vectors, looked := readable(query)).search(flat.detach(), k)
        except RuntimeError as error:
            raise explained(error, "cleanup", self.algebra.name, query) from error
        if query.ndim != 2:
            scores, indices = scores.view(*query.shape[:-1], k), indices.view(*query.shape[:-1], k)
        if (query.requires_grad or vectors.requires_grad) and torch.is_grad_enabled():
            scores = self._cosines(vectors, query, indices)
        if looked and scores.is_cpu and readable(vectors):
            refuse_nan(scores)
        if threshold is not None:
            indices = torch.where(scores >= threshold, indices, -1)
        return Cleanup(indices, scores, symbols)

    def soft_cleanup(self, query: Num[Tensor, "*batch dim"], temperature: float = 0.1) -> Num[Tensor, "*batch dim"]:
        """The items' mean, weighted by how like the query they are: cleanup with a gradient, to query and memory.

        Args:
            query: [*batch, dim], of the memory's algebra and device.
            temperature: of the softmax over cosines; towards 0 it is cleanup, towards infinity the mean of all items.

        Returns:
            [*batch, dim], of the wider of the dtypes of query and memory, in which it is computed too (in float32 at least).

        Raises:
            ShapeError, DtypeError: the query is not a vector like those of the memory.
            AlgebraError: the algebra's elements are discrete, so nothing lies between two items.
            RangeError: the temperature is not positive, or the memory is empty.

        Source: Ramsauer et al., "Hopfield networks is all you need", ICLR 2021.

        Example:
            >>> memory = ItemMemory(["heart", "square"], dim=1024)
            >>> noisy = memory["heart"] + torch.randn(1024, generator=torch.Generator().manual_seed(0))
            >>> clean = memory.soft_cleanup(noisy, temperature=0.05)
            >>> memory.algebra.similarity(clean, memory["heart"]) > 0.999
            tensor(True)
        """
        vectors = self._whole()[1]
        self._check_query("soft_cleanup", query, vectors)
        if not (vectors.is_floating_point() or vectors.is_complex()):
            raise AlgebraError(
                f"soft_cleanup: nothing lies between vectors of {vectors.dtype} in {self.algebra.name}; use cleanup, "
                "or a memory of floating vectors"
            )
        _refuse_empty("soft_cleanup", len(vectors))
        if not (temperature := _taken(number, given := temperature, 0)) > 0:
            raise RangeError(f"soft_cleanup: needs a positive temperature; got {given!r}")
        try:
            kind = torch.promote_types(vectors.dtype, query.dtype)
            weights = (self._cosines(vectors, query) / float(min(temperature, 1e300))).softmax(-1)  # an integer can be more
            wide = torch.promote_types(kind, weights.dtype)
            return (weights.to(wide) @ vectors.to(wide)).to(kind)
        except RuntimeError as error:
            raise explained(error, "soft_cleanup", self.algebra.name, query) from error

    def changed(self) -> None:
        """Forget what earlier searches found out about the vectors.

        Every change is noticed by itself, except one: a write that torch does not count (through ``.data``, NumPy or DLPack) to a
        few elements of a vector which make it shorter, if the vector is not looked at: some elements of each vector are, and
        those of the items that are found. An index of your own, and vectors on another device than the CPU that it has copied,
        know of no write that torch does not count. After such a write, say so.

        Example:
            >>> memory = ItemMemory(["heart", "square"], dim=1024)
            >>> memory.vectors.numpy()[0, 3] = 0
            >>> memory.changed()
        """
        self._searched = None

    # Files.

    def save(self, path: str | Path) -> None:
        """Write names and vectors to a safetensors file, all at once: a file that was there before stays until then.

        Args:
            path: where to; the folder must exist.

        Raises:
            OutputError: it cannot be written.
            DtypeError: the path is neither a string nor a Path.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     ItemMemory(["heart"], dim=64).save(f"{folder}/memory.safetensors")
            ...     ItemMemory.load(f"{folder}/memory.safetensors").names
            ('heart',)
        """
        symbols, vectors = self._whole()
        memory_file.write(_path("save", path), vectors.detach(), list(symbols), self.algebra, seed=self.seed, dim=self._dim)

    @classmethod
    def load(cls, path: str | Path, *, algebra: str | Algebra | None = None, device: Device = None, **options: Any) -> ItemMemory:
        """The memory that ``save`` wrote. No file runs code.

        Args:
            path: the file.
            algebra: needed only if it was saved with an algebra of your own, which has to be given again.
            device: where the vectors shall be; torch's default device if none is named.
            options: ``learnable`` and ``index``, as for a new memory.

        Raises:
            InputError: there is no such file, or it is not one of ours, or not as it was written.
            AlgebraError: the algebra it was saved with is unknown here, or not the one given.
            RangeError: there is no such device.
        """
        stored = memory_file.read(_path("load", path), algebra)
        device = default_device() if device is None else device
        memory = cls(stored.names, algebra=stored.algebra, seed=stored.seed, vectors=stored.vectors, device=device, **options)
        memory._dim = stored.dim
        return memory

    # Inside.

    def _index_of(self, vectors: Tensor, looked: bool) -> Index:
        """The index of the vectors as they are now: made again when they were exchanged or written to."""
        if looked and (searched := self._searched) is not None:
            witness, index = searched
            if witness.same(vectors) and (type(index) is ExactSearch or witness.unwritten()):  # the former sees to it by itself
                return index
        if not looked or not countable(vectors):
            return self._make_index(vectors, self.algebra)
        witness = Witness(vectors)  # comes first, so that it notices a write while the index is made
        self._searched = witness, self._make_index(vectors, self.algebra)
        return self._searched[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_searched": None}

    def _elements(self) -> int:
        """The dimension in the sense of the theory: that which ``random`` is asked for."""
        elements = getattr(self.algebra, "_elements", None)
        return self.dim if elements is None else elements(self.vectors)

    def _cosines(self, vectors: Tensor, query: Tensor, indices: Tensor | None = None) -> Tensor:
        """How like each item, or these items, a query is, with gradients: [*batch, n], or [*batch, k]."""
        items, direction = self.algebra.as_real(vectors), self.algebra.as_real(query)
        wide = torch.promote_types(torch.promote_types(items.dtype, direction.dtype), torch.float32)
        items, direction = unit(items.to(wide)), unit(direction.to(wide))
        if indices is None:
            return direction @ items.T
        return (direction.unsqueeze(-2) * items[indices]).sum(-1).clamp(-1, 1)

    def _check_query(self, verb: str, query: Tensor, vectors: Tensor) -> None:
        dim = vectors.shape[-1]
        if not isinstance(query, Tensor) or query.ndim == 0 or query.shape[-1] != dim:
            got = f"shape {list(query.shape)}" if isinstance(query, Tensor) else type(query).__name__
            raise ShapeError(f"{verb}: the query must be a tensor [*batch, {dim}], got {got}")
        if query.device != vectors.device:
            raise DtypeError(f"{verb}: the memory is on {vectors.device}, the query on {query.device}; move it with .to(...)")


def _count(k: Any, items: int) -> int:
    """How many items to find, if there are so many."""
    _refuse_empty("cleanup", items)
    if not 1 <= (count := _taken(integer, k, 0)) <= items:
        raise RangeError(f"cleanup: k must be an integer from 1 to {items}, the number of items; got {k!r}")
    return count


def _taken(check: Callable[[str, str, Any], Any], value: Any, otherwise: float) -> Any:
    """The number that an argument is; if it is none, one that is out of range."""
    try:
        return check("", "", value)
    except VSAError:
        return otherwise


def _refuse_empty(verb: str, items: int) -> None:
    if not items:
        raise RangeError(f"{verb}: the memory is empty; add names to it first")


def _path(verb: str, path: str | Path) -> Path:
    if not isinstance(path, (str, Path)):
        raise DtypeError(f"{verb}: a path is a string or a pathlib.Path, got {type(path).__name__}")
    return Path(path)
