"""ItemMemory: names and their vectors, and the way back from a noisy vector to a name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vsa.algebra import Algebra, get_algebra
from vsa.errors import DtypeError, RangeError, ShapeError, SymbolError, choices

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Num


@dataclass(frozen=True)
class Cleanup:
    """The items most like a query, best first.

    Attributes:
        indices: int64 [*batch, k], positions in the memory.
        scores: [*batch, k], cosines in [-1, 1].
        symbols: the memory's names, which ``names`` looks up.

    Example:
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
        """The names, as lists nested like ``indices``."""

        def look_up(index: Any) -> Any:
            return [look_up(i) for i in index] if isinstance(index, list) else self.symbols[index]

        return look_up(self.indices.tolist())


class ItemMemory(nn.Module):
    """Symbols: names with a fixed vector each. A module, so its vectors move and are saved with the model that holds it.

    The vector of a name depends on the seed, the dimension and the name alone, not on what else the memory holds: two programs
    that use the same seed agree without talking.

    Args:
        names: the symbols, in order, each once.
        dim: the dimension of the vectors.
        algebra: a name or an algebra; MAP if there is none.
        seed: any integer.
        vectors: [n, dim], to use instead of random ones; then dim is theirs.

    Attributes:
        vectors: [n, dim], a persistent buffer, in the order of ``names``; no gradient trains it.

    Raises:
        SymbolError: a name stands twice.
        DtypeError: a name is not a string, the seed not an integer, or the vectors are not of this algebra.
        ShapeError: there are not as many vectors as names.

    Example:
        >>> memory = ItemMemory(["heart", "square", "ellipse"], dim=1024)
        >>> noisy = memory["heart"] + 2 * torch.randn(1024, generator=torch.Generator().manual_seed(0))
        >>> memory.cleanup(noisy).names
        ['heart']
    """

    vectors: Tensor

    def __init__(
        self,
        names: Iterable[str],
        dim: int = 1024,
        *,
        algebra: str | Algebra = "MAP",
        seed: int = 0,
        vectors: Num[Tensor, "n dim"] | None = None,
    ) -> None:
        super().__init__()
        if isinstance(names, str):
            raise DtypeError(f"ItemMemory takes a list of names, got the string {names!r}; write [{names!r}]")
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise DtypeError(f"ItemMemory: the seed must be an integer, got {type(seed).__name__}")
        self.names = tuple(names)
        self.algebra = get_algebra(algebra)
        self._index: dict[str, int] = {}
        for name in self.names:
            if not isinstance(name, str):
                raise DtypeError(f"a name in an ItemMemory is a string, got {name!r}")
            if name in self._index:
                raise SymbolError(f"the name {name!r} stands twice in the list of names; each symbol has one vector")
            self._index[name] = len(self._index)
        if vectors is None:
            vectors = torch.cat(
                [self.algebra.random(0, dim)] + [self.algebra.random(1, dim, generator=_stream(seed, n)) for n in self.names]
            )
        elif vectors.ndim != 2 or len(vectors) != len(self.names):
            raise ShapeError(
                f"ItemMemory: {len(self.names)} names need vectors of shape [{len(self.names)}, dim], got {list(vectors.shape)}"
            )
        else:
            self.algebra.as_real(vectors)  # checks that they are vectors of this algebra
        self.register_buffer("vectors", vectors.detach().clone())

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return self.vectors.shape[-1]

    def index(self, name: str) -> int:
        """Where a name stands in ``names``, and its vector in ``vectors``.

        Raises:
            SymbolError: the memory has no such name; the message shows near ones.

        Example:
            >>> ItemMemory(["heart", "square"]).index("square")
            1
        """
        try:
            return self._index[name]
        except (KeyError, TypeError):
            raise SymbolError(f"the memory has no symbol {name!r}; {choices(name, self.names)}") from None

    def __getitem__(self, names: str | Sequence[str]) -> Num[Tensor, "..."]:
        """The vector of a name, [dim], or those of a list of names, [n, dim]."""
        if isinstance(names, (list, tuple)):
            return self.vectors[[self.index(name) for name in names]]
        return self.vectors[self.index(names)]  # pyright: ignore[reportArgumentType]

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def extra_repr(self) -> str:
        return f"{len(self)} names, dim={self.dim}, algebra={self.algebra.name}"

    def cleanup(self, query: Num[Tensor, "*batch dim"], k: int = 1) -> Cleanup:
        """The k items most like each query, by cosine.

        Args:
            query: [*batch, dim], of the memory's dtype and device.
            k: how many, at most the number of items.

        Returns:
            A Cleanup with indices and scores [*batch, k], best first; its ``names`` are nested lists of the same shape. Scores
            carry gradients to the query.

        Raises:
            ShapeError, DtypeError: the query is not a vector like those of the memory.
            RangeError: k is less than 1 or more than the memory holds, or the query has a NaN.

        Example:
            >>> memory = ItemMemory(["heart", "square"], dim=1024)
            >>> memory.cleanup(-memory["square"] + 0.5 * memory["heart"]).names
            ['heart']
        """
        if not isinstance(query, Tensor) or query.ndim == 0 or query.shape[-1] != self.dim:
            got = f"shape {list(query.shape)}" if isinstance(query, Tensor) else type(query).__name__
            raise ShapeError(f"cleanup: the query must be a tensor [*batch, {self.dim}], got {got}")
        if query.dtype != self.vectors.dtype or query.device != self.vectors.device:
            raise DtypeError(
                f"cleanup: the memory holds {self.vectors.dtype} on {self.vectors.device}, "
                f"the query is {query.dtype} on {query.device}; convert it with .to(memory.vectors)"
            )
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= len(self):
            raise RangeError(f"cleanup: k must be an integer from 1 to {len(self)}, the number of items; got {k!r}")
        cosines = F.normalize(self.algebra.as_real(query), dim=-1) @ F.normalize(self.algebra.as_real(self.vectors), dim=-1).T
        if cosines.isnan().any():
            raise RangeError("cleanup: the query has a NaN, which is like nothing; find out where it comes from")
        scores, indices = cosines.clamp(-1, 1).topk(k, dim=-1)
        return Cleanup(indices, scores, self.names)


def _stream(seed: int, name: str) -> torch.Generator:
    """A generator of its own for each seed and name."""
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little", signed=True))
