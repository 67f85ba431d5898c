"""Which items are most like a query: the protocol of an index, the exact one, and how a change of the items is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.base import unit
from vsa.algebras.checks import explained, readable
from vsa.devices import fast_in_bfloat16, in_autocast

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

BLOCK = 2**24
"""How many numbers an intermediate result may have: 64 MB of float32."""
ROWS = 2**20
"""How many numbers are converted at once: 4 MB of float32, which stay in the cache."""
FEW = 2**16
"""So few numbers are looked at faster than anything about them is remembered."""
MANY = 2**14
"""So many answers lie so close together that only equal scores are ties."""

TINY = 2e-38
"""Keeps a length of zero from dividing."""


@runtime_checkable
class Index(Protocol):
    """A search among vectors. A memory makes one by calling ``index(vectors, algebra)``, and again when its vectors change."""

    def search(self, queries: Shaped[Tensor, "b dim"], k: int) -> tuple[Float[Tensor, "b k"], Int64[Tensor, "b k"]]:
        """The k items most like each query, best first: cosines and positions, [B, k] each, of queries [B, dim]."""
        ...


class ExactSearch:
    """Compares each query with every item, in blocks, so that a million items take less than 256 MB beside themselves.

    It multiplies the vectors as they are at that moment, in the wider of the dtypes of items and query, and in float32 at least.
    (Items in bfloat16 are compared in bfloat16 where a product of it is fast: on CUDA, and on CPUs with AMX.) Of items that are
    alike to within rounding, the first in order comes first.

    On the CPU it remembers for the next search what a few queries would wait for, and looks each time whether it is still so. The
    lengths of the items are compared with those that the items found have now, and see `Witness`; what is converted, as bits
    are, is compared with what it was made of. Many queries, and those on a GPU, which would have to wait, need the lengths anew.

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
        self._n, self._dim = vectors.shape[0], max(1, real.shape[-1])
        self._half = vectors.dtype == torch.bfloat16 and fast_in_bfloat16(vectors.device)
        self._dtype = real.dtype if self._half else torch.promote_types(real.dtype, torch.float32)
        self._remembers = vectors.is_cpu and readable(vectors)
        self._lengths: tuple[Witness, Tensor] | None = None
        self._copy: tuple[Tensor, Tensor] | None = None
        self._alias: Tensor | None = None
        if real.dtype == self._dtype and (vectors.is_complex() or vectors.dtype == self._dtype):
            alias = algebra.as_real(self._vectors)
            if not self._remembers or alias.data_ptr() == self._vectors.data_ptr():
                self._alias = alias
        # Where vectors are real ones already, their blocks are converted into the same memory, which stays in the cache.
        castable = real.shape == self._vectors[:1].shape and real.is_floating_point() and vectors.dtype != torch.bool
        self._castable = castable and (not self._remembers or bool((real == self._vectors[:1]).all()))

    def search(self, queries: Shaped[Tensor, "b dim"], k: int) -> tuple[Float[Tensor, "b k"], Int64[Tensor, "b k"]]:
        """The k items most like each query, best first: cosines and positions, [B, k] each, of queries [B, dim]."""
        if in_autocast(queries.device):
            with torch.autocast(queries.device.type, enabled=False):
                return self.search(queries, k)
        items = self._at_hand()
        if queries.shape[0] * self._n <= BLOCK:
            return self._search(items, queries, k)
        most = max(1, BLOCK // min(self._n, self._rows(items)))
        try:  # room for the answer first, so that too many queries are refused before the work begins
            scored = self._scored(self._algebra.as_real(queries[:1]).dtype)
            scores = torch.empty(len(queries), k, dtype=scored, device=queries.device)
            indices = torch.empty(len(queries), k, dtype=torch.int64, device=queries.device)
        except RuntimeError as error:
            raise explained(error, "cleanup", self._algebra.name, queries) from error
        for start in range(0, len(queries), most):
            part = slice(start, start + most)
            scores[part], indices[part] = self._search(items, queries[part], k)
        return scores, indices

    def _search(self, items: Tensor | None, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        query = self._algebra.as_real(queries)
        scored = dtype = self._dtype
        if query.dtype != scored:
            scored = dtype = self._scored(query.dtype)
            query = query.to(scored)
        # A zero query is like nothing: its products are 0, whatever they are divided by.
        seen = self._remembers and readable(query)
        length = torch.linalg.vector_norm(query, dim=-1, keepdim=True) if seen and query.shape[0] == 1 else None
        query = query / length if length is not None and 1e-18 < length.item() < 1e18 else unit(query)
        if self._half and scored != torch.float64:
            dtype = torch.bfloat16
            query = query.to(dtype)
        if dtype != self._dtype:
            items = None
        found = query.shape[0] * k
        if items is None or not seen or 2 * found >= self._n or self._n * self._dim <= FEW:
            return self._among(items, query, k, None)
        witness, lengths = self._remembered(items)
        scores, at = self._among(items, query, k, lengths)
        # Looking at the vectors takes less time now, when they have just been read.
        if items is not self._alias or (witness.unwritten() and _still(items, lengths, at)):
            return scores, at
        self._lengths = None
        return self._among(items, query, k, None)

    def _among(self, items: Tensor | None, query: Tensor, k: int, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """The search for queries of length 1, among items of these lengths, or of whatever lengths they have now."""
        # With everything at hand, as many rows at once as the scores may have numbers.
        rows = self._rows(None) if items is None else max(1, BLOCK // max(1, query.shape[0]))
        if items is not None and rows >= self._n:
            scores, at = _top(_divided(query @ items.T, _lengths(items) if lengths is None else lengths), k)
            return scores.clamp(-1, 1), at
        found = []
        for start, block in self._blocks(items, rows, query.dtype):
            length = _lengths(block) if lengths is None else lengths[start : start + len(block)]
            scores, at = _top(_divided(query @ block.T, length), min(k, len(block)))
            found.append((scores, at + start))
        scores, order = _top(torch.cat([scores for scores, _ in found], -1), k)
        at = torch.cat([at for _, at in found], -1).gather(-1, order)
        return scores.clamp(-1, 1), at

    def _remembered(self, items: Tensor) -> tuple[Witness, Tensor]:
        """The lengths of the items when they were measured, and who knows whether that is still so."""
        if (known := self._lengths) is None:
            witness = Witness(self._vectors)  # comes first, so that it notices a write while they are measured
            self._lengths = known = witness, _lengths(items)
        return known

    def _at_hand(self) -> Tensor | None:
        """All items as they are multiplied, if they are at hand: the vectors themselves, or a copy of few that are converted."""
        if self._alias is not None or not self._remembers or self._n * self._dim > BLOCK:
            return self._alias
        words, copy = _words(self._vectors), self._copy
        if copy is None or not (words.numpy() == copy[0].numpy()).all():  # in NumPy, which is many times faster at this
            self._copy = copy = words.clone(), self._algebra.as_real(self._vectors).to(self._dtype)
            self._lengths = None
        return copy[1]

    def _rows(self, items: Tensor | None) -> int:
        return max(1, (ROWS if items is None else BLOCK) // self._dim)

    def _scored(self, queried: torch.dtype) -> torch.dtype:
        """The dtype of the scores."""
        return torch.promote_types(torch.promote_types(self._dtype, queried), torch.float32)

    def _blocks(self, items: Tensor | None, rows: int, dtype: torch.dtype) -> Iterator[tuple[int, Tensor]]:
        """So many items at a time, as they are multiplied, and where each block starts."""
        if items is not None:
            yield from ((i, items[i : i + rows]) for i in range(0, self._n, rows))
        elif self._castable:
            memory = torch.empty(min(rows, self._n), self._dim, dtype=dtype, device=self._vectors.device)
            for i in range(0, self._n, rows):
                block = self._vectors[i : i + rows]
                yield i, memory[: len(block)].copy_(block)
        else:
            for i in range(0, self._n, rows):
                yield i, self._algebra.as_real(self._vectors[i : i + rows]).to(dtype)


class Witness:
    """Tells whether a tensor is still the one that it was made of, and was not written to since.

    It knows the tensor, its place in memory, torch's count of writes, and, on the CPU, some elements of each vector. What escapes
    it is a write that torch does not count (through ``.data``, NumPy or DLPack) and that touches none of these elements.

    Example:
        >>> x = torch.zeros(2, 64)
        >>> witness = Witness(x)
        >>> x.numpy()[0] = 1
        >>> witness.same(x), witness.unwritten()
        (True, False)
    """

    def __init__(self, vectors: Tensor) -> None:
        self._vectors, self._place, self._version = vectors, _place(vectors), vectors._version
        n, dim = vectors.shape
        step = max(1, dim if n > 2**13 else dim // 2) | 1  # odd, so that the elements are others in each vector
        self._looked_at = self._sample = None
        if vectors.is_cpu and not vectors.is_conj() and not vectors.is_neg():
            # An array of NumPy that shares the memory of the tensor is looked at many times faster than the tensor is.
            array = vectors.detach().view(_SAME_SIZE[vectors.element_size()]).numpy()
            self._looked_at = array.reshape(-1)[::step] if vectors.is_contiguous() else array[:, ::step]
            self._sample = self._looked_at.copy()

    def same(self, vectors: Tensor) -> bool:
        """Whether this is that tensor, in that place."""
        return vectors is self._vectors and _place(vectors) == self._place

    def unwritten(self) -> bool:
        """Whether its elements are what they were."""
        known = self._vectors._version == self._version
        return known and (self._sample is None or bool((self._looked_at == self._sample).all()))


def _place(vectors: Tensor) -> tuple[object, ...]:
    return vectors.data_ptr(), vectors.stride()


_SAME_SIZE = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64, 16: torch.complex128}
"""By how many bytes they take, dtypes that NumPy has too."""


def countable(vectors: Tensor) -> bool:
    """Whether torch counts the writes to a tensor."""
    return readable(vectors) and not vectors.is_inference()


def _words(vectors: Tensor) -> Tensor:
    """The bits of vectors, eight bytes at a time where they come in eights."""
    vectors = vectors.resolve_conj().resolve_neg().contiguous()
    size = vectors.element_size()
    eights = vectors.shape[-1] * size % 8 == 0 == vectors.storage_offset() * size % 8
    return vectors.view(torch.int64 if eights else torch.uint8)


def _still(items: Tensor, lengths: Tensor, at: Tensor) -> bool:
    """Whether the items found still have these lengths."""
    if at.numel() == 1:  # for which a single query waits
        place = int(at)
        item, then = items[place], lengths[place].item()
        return abs(item.dot(item).item() - then**2) <= 2e-5 * then**2 + TINY
    found = at.flatten()
    now, then = _lengths(items.index_select(0, found)).tolist(), lengths.index_select(0, found).tolist()
    return all(abs(new - old) <= 1e-5 * old for new, old in zip(now, then, strict=True))


def _lengths(real: Tensor) -> Tensor:
    """The lengths of real vectors, [n]; of a zero one, something that can be divided by."""
    real = real.float() if real.dtype == torch.bfloat16 else real
    length = torch.linalg.vector_norm(real, dim=-1)
    if real.is_cpu and readable(real) and length.numel():
        low, high = length.aminmax()
        if not (low.item() > 1e-18 and high.item() < 1e18):  # squares may have vanished or overflown
            odd = ((length <= 1e-18) | (length >= 1e18)).nonzero()[:, 0]
            largest = torch.linalg.vector_norm(real[odd], torch.inf, dim=-1).clamp(TINY, torch.finfo(length.dtype).max)
            length[odd] = torch.linalg.vector_norm(real[odd] / largest[:, None], dim=-1) * largest
    return length.clamp_min(TINY)


def _divided(products: Tensor, lengths: Tensor) -> Tensor:
    return products.div_(lengths) if products.dtype == lengths.dtype else products / lengths


def _top(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k best of each row, [B, n], best first. Of those that are alike to within rounding the first comes first.

    How a product is rounded depends on where in the matrix its item stands, so that equal items have nearly equal scores.
    """
    slack = 4 * (2.0**-52 if scores.dtype == torch.float64 else 2.0**-23) if k <= MANY else 0.0
    if k == 1:
        best = scores.amax(-1, keepdim=True)
        return best, (scores >= best - slack).max(-1, keepdim=True).indices
    if not (scores.is_cpu and readable(scores)):  # where counting would have to wait for the device
        best, at = _in_order(*scores.topk(scores.shape[-1], dim=-1), slack)
        return best[..., :k], at[..., :k]
    best, at = scores.topk(min(k + 1, scores.shape[-1]), dim=-1)
    apart = best[:, :-1] - best[:, 1:] > slack
    best, at = best[:, :k], at[:, :k]
    if bool(apart.all()):
        return best, at
    alike = (scores >= best[:, -1:] - slack).sum(-1)
    for row in (alike > k).nonzero()[:, 0].tolist():  # in which more are as good as the last one taken
        least, most = best[row, -1] - slack, best[row, -1] + slack
        better = at[row][best[row] > most]
        as_good = ((scores[row] >= least) & (scores[row] <= most)).nonzero()[: k - len(better), 0]
        at[row] = torch.cat([better, as_good])
    return _in_order(best, at, slack)


def _in_order(best: Tensor, at: Tensor, slack: float) -> tuple[Tensor, Tensor]:
    """Sorted scores, and their positions so arranged that those of scores that are alike ascend."""
    rank = F.pad((best[..., :-1] - best[..., 1:] > slack).cumsum(-1), (1, 0))
    n = 2**31
    return best, (rank * n + at).sort(-1).values % n
