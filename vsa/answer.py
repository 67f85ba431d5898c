"""Cleanup: what a memory answers to a query, or to a batch of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from vsa.algebras.checks import readable
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

SHOWN = 5
"""How many names its text shows."""


@dataclass(frozen=True, repr=False)
class Cleanup:
    """The items most like a query, best first.

    The answer to a single query is a sequence of (name, score): it can be counted, indexed, looped over, and is true if anything
    was found. The answer to a batch is a sequence of answers, one for each entry of the first batch dimension; it is neither true
    nor false, so that ``if`` cannot be mistaken for "all" or for "any".

    Attributes:
        indices: int64 [*batch, k], positions in the memory; -1 where the item is not above the threshold.
        scores: [*batch, k], cosines in [-1, 1].
        symbols: the memory's names as they were, which ``names`` looks up.

    Raises:
        RangeError: a name is asked for, and the query had a NaN.
        ShapeError: the truth of a batch is asked for.

    Example:
        >>> from vsa import ItemMemory
        >>> memory = ItemMemory(["heart", "square"], dim=1024)
        >>> memory.cleanup(memory["heart"])
        Cleanup(heart 1.00)
        >>> if found := memory.cleanup(2 * memory["heart"] + memory["square"], k=2, threshold=0.3):
        ...     print([name for name, score in found if score > 0.5])
        ['heart']
        >>> many = memory.cleanup(memory.vectors, k=2)
        >>> many.names
        [['heart', 'square'], ['square', 'heart']]
        >>> many, len(many), many.scores.shape, many[1].names
        (Cleanup(batch [2], k=2), 2, torch.Size([2, 2]), ['square', 'heart'])
    """

    indices: Int64[Tensor, "*batch k"]
    scores: Float[Tensor, "*batch k"]
    symbols: Sequence[str]

    @property
    def names(self) -> Any:
        """The names, as lists nested like ``indices``; what is not above the threshold is left out.

        Raises:
            RangeError: a query had a NaN.
        """
        return self._listed(lambda name, _: name)

    @property
    def pairs(self) -> Any:
        """The names with their scores, (name, score), as lists nested like ``names``.

        Raises:
            RangeError: a query had a NaN.
        """
        return self._listed(lambda name, score: (name, score))

    def __len__(self) -> int:
        return len(self.pairs) if self.indices.ndim == 1 else len(self.indices)

    def __bool__(self) -> bool:
        if self.indices.ndim > 1:
            raise ShapeError(
                f"cleanup: the answer to a batch {list(self.indices.shape[:-1])} of queries is neither true nor false; ask "
                "any(found) or all(found), or each one of found"
            )
        return len(self) > 0

    def __getitem__(self, place: int) -> Any:
        return self.pairs[place] if self.indices.ndim == 1 else self._part(self.indices[place], self.scores[place])

    def __iter__(self) -> Iterator[Any]:
        if self.indices.ndim == 1:
            return iter(self.pairs)
        return map(self._part, self.indices, self.scores)

    def __repr__(self) -> str:
        batch, k = list(self.indices.shape[:-1]), self.indices.shape[-1]
        if batch or not readable(self.scores) or math.isnan(self.scores.sum().item()):
            return f"Cleanup({f'batch {batch}' if batch else 'one query'}, k={k})"
        shown = [f"{name} {score:.2f}" for name, score in self._part(self.indices[:SHOWN], self.scores[:SHOWN])]
        left = int((self.indices >= 0).sum()) - len(shown)
        return f"Cleanup({', '.join(shown) or 'nothing'}{f' and {left} more' if left else ''})"

    def _part(self, indices: Tensor, scores: Tensor) -> Cleanup:
        return Cleanup(indices, scores, self.symbols)

    def _listed(self, shown: Callable[[str, float], Any]) -> list[Any]:
        refuse_nan(self.scores)

        symbols: Any = self.symbols

        def look_up(found: list[Any], scores: list[Any]) -> list[Any]:
            return [
                look_up(i, score) if isinstance(i, list) else shown(symbols[i], score)
                for i, score in zip(found, scores, strict=True)
                if isinstance(i, list) or i >= 0
            ]

        return look_up(self.indices.tolist(), self.scores.tolist())


def refuse_nan(scores: Tensor) -> None:
    """Raise if a query had a NaN."""
    if math.isnan(scores.item() if scores.numel() == 1 else scores.sum().item()):
        raise RangeError("cleanup: the query has a NaN, which is like nothing; find out where it comes from")
