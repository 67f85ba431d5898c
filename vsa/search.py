"""Which items are most like a query: the answer, the protocol of an index, and the exact one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.checks import explained, readable
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

BLOCK = 2**24
"""How many numbers an intermediate result may have: 64 MB of float32."""
ROWS = 2**20
"""How many numbers are converted at once: 4 MB of float32, which stay in the cache."""

TINY = 1e-30
"""Keeps a length of zero from dividing."""


@dataclass(frozen=True)
class Cleanup:
    """The items most like a query, best first.

    Attributes:
        indices: int64 [*batch, k], positions in the memory; -1 where the item is not above the threshold.
        scores: [*batch, k], cosines in [-1, 1].
        symbols: the memory's names, which ``names`` looks up.

    Example:
        >>> from vsa import ItemMemory
        >>> memory = ItemMemory(["heart", "square"], dim=1024)
        >>> found = memory.cleanup(memory.vectors, k=2)
        >>> found.names
        [['heart', 'square'], ['square', 'heart']]
        >>> found.scores.shape
        torch.Size([2, 2])
    """

    indices: Int64[Tensor, "*batch k"]
    scores: Float[Tensor, "*batch k"]
    symbols: tuple[str, ...]

    @property
    def names(self) -> Any:
        """The names, as lists nested like ``indices``; what is not above the threshold is left out.

        Raises:
            RangeError: a query had a NaN.
        """
        refuse_nan(self.scores)

        def look_up(found: list[Any]) -> list[Any]:
            return [look_up(i) if isinstance(i, list) else self.symbols[i] for i in found if isinstance(i, list) or i >= 0]

        return look_up(self.indices.tolist())


@runtime_checkable
class Index(Protocol):
    """A search among vectors. A memory makes one by calling ``index(vectors, algebra)``, and again when its vectors change."""

    def search(self, queries: Shaped[Tensor, "b dim"], k: int) -> tuple[Float[Tensor, "b k"], Int64[Tensor, "b k"]]:
        """The k items most like each query, best first: cosines and positions, [B, k] each, of queries [B, dim]."""
        ...


class ExactSearch:
    """Compares each query with every item, in blocks, so that a million items take less than 256 MB beside themselves.

    The lengths of the items are computed once. Items in bfloat16 are compared in bfloat16 where a product of it is fast (on CUDA,
    and on CPUs with AMX); all other kinds in float32 at least, block by block, whatever they are kept in.

    Args:
        vectors: [n, dim], vectors of the algebra.
        algebra: an algebra.

    Source: the inner product of ``algebra.as_real``, and nothing approximate.

    Example:
        >>> from vsa import MAP
        >>> items = MAP.random(5, 1024, generator=torch.Generator().manual_seed(0))
        >>> scores, indices = ExactSearch(items, MAP).search(items[[3, 1]], k=1)
        >>> indices.tolist(), scores.tolist()
        ([[3], [1]], [[1.0], [1.0]])
    """

    def __init__(self, vectors: Shaped[Tensor, "n dim"], algebra: Algebra) -> None:
        self._vectors, self._algebra = vectors.detach(), algebra
        real = algebra.as_real(self._vectors[:1])
        fast_half = vectors.dtype == torch.bfloat16 and _fast_in_bfloat16(vectors.device)
        self._dtype = real.dtype if fast_half else torch.promote_types(real.dtype, torch.float32)
        # What need not be converted, or is small, is kept as it is multiplied.
        ready = vectors.dtype == self._dtype or vectors.is_complex()
        self._operand = self._real(self._vectors) if ready or len(vectors) * real.shape[-1] <= BLOCK else None
        # Where vectors are real ones already, their blocks are converted into the same memory, which stays in the cache.
        self._castable = real.shape == self._vectors[:1].shape and torch.is_floating_point(real) and vectors.dtype != torch.bool
        self._castable = self._castable and (not readable(real) or bool((real == self._vectors[:1]).all()))
        self._rows = max(1, (BLOCK if self._operand is not None else ROWS) // max(1, real.shape[-1]))
        lengths = [torch.linalg.vector_norm(block.float(), dim=-1) for _, block in self._blocks(self._rows)]
        lengths = torch.cat(lengths) if lengths else torch.ones(0, device=vectors.device)
        self._lengths = torch.where(lengths > 0, lengths, 1).to(torch.promote_types(self._dtype, torch.float32))
        # Most memories have items of one length; then it is enough to divide what was found.
        self._length = 0.0
        if len(vectors) and readable(lengths) and bool((self._lengths - self._lengths[0]).abs().max() <= 1e-6 * self._lengths[0]):
            self._length = self._lengths[0].item()

    def search(self, queries: Shaped[Tensor, "b dim"], k: int) -> tuple[Float[Tensor, "b k"], Int64[Tensor, "b k"]]:
        """The k items most like each query, best first: cosines and positions, [B, k] each, of queries [B, dim]."""
        kind = queries.device.type
        if torch.is_autocast_enabled(kind):
            with torch.autocast(kind, enabled=False):
                return self.search(queries, k)
        most = max(1, BLOCK // min(max(1, len(self._vectors)), self._rows))
        if len(queries) <= most:
            return self._search(queries, k)
        try:  # room for the answer first, so that too many queries are refused before the work begins
            scores = torch.empty(len(queries), k, dtype=self._lengths.dtype, device=queries.device)
            indices = torch.empty(len(queries), k, dtype=torch.int64, device=queries.device)
        except RuntimeError as error:
            raise explained(error, "cleanup", self._algebra.name, queries) from error
        for start in range(0, len(queries), most):
            scores[start : start + most], indices[start : start + most] = self._search(queries[start : start + most], k)
        return scores, indices

    def _search(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        query = self._algebra.as_real(queries)
        query = query if query.dtype == self._dtype else query.to(self._dtype)
        n = len(self._vectors)
        if self._operand is not None and n * len(query) <= BLOCK:
            best, at = _top(self._similar(query, self._operand, 0), k)
        else:
            found = []
            # With everything at hand, as many rows at once as the scores may have numbers.
            rows = self._rows if self._operand is None else max(1, BLOCK // len(query))
            for start, block in self._blocks(rows):
                best, at = _top(self._similar(query, block, start), min(k, len(block)))
                found.append((best, at + start))
            best, order = _top(torch.cat([best for best, _ in found], -1), k)
            at = torch.cat([at for _, at in found], -1).gather(-1, order)
        # A zero query is like nothing: its products are 0, whatever they are divided by.
        length = torch.linalg.vector_norm(query, dim=-1, keepdim=True).to(self._lengths.dtype)
        return (best / (length * (self._length or 1)).clamp_min(TINY)).clamp(-1, 1), at

    def _similar(self, query: Tensor, block: Tensor, start: int) -> Tensor:
        """The products with these items; over the items' lengths, unless they are all the same."""
        products = query @ block.T
        return products if self._length else products / self._lengths[start : start + len(block)]

    def _blocks(self, rows: int) -> Iterator[tuple[int, Tensor]]:
        """So many items at a time, as they are multiplied, and where each block starts."""
        n = len(self._vectors)
        if self._operand is not None:
            yield from ((i, self._operand[i : i + rows]) for i in range(0, n, rows))
        elif self._castable:
            memory = torch.empty(min(rows, n), self._vectors.shape[-1], dtype=self._dtype, device=self._vectors.device)
            for i in range(0, n, rows):
                block = self._vectors[i : i + rows]
                yield i, memory[: len(block)].copy_(block)
        else:
            for i in range(0, n, rows):
                yield i, self._real(self._vectors[i : i + rows])

    def _real(self, vectors: Tensor) -> Tensor:
        return self._algebra.as_real(vectors).to(self._dtype)


def _top(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    if k == 1:  # many times faster than topk
        best, at = scores.max(-1, keepdim=True)
        return best, at
    best, at = scores.topk(k, dim=-1)
    return best, at


def _fast_in_bfloat16(device: torch.device) -> bool:
    return device.type == "cuda" or (device.type == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16", False)))


def version_of(vectors: Tensor) -> int | None:
    """A number that changes whenever the tensor is written to; None where nobody counts."""
    return vectors._version if readable(vectors) and not vectors.is_inference() else None


def refuse_nan(scores: Tensor) -> None:
    """Raise if a query had a NaN."""
    if math.isnan(scores.item() if scores.numel() == 1 else scores.sum().item()):
        raise RangeError("cleanup: the query has a NaN, which is like nothing; find out where it comes from")
