"""Codebook: names and their vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vsa.algebra import Algebra, get_algebra
from vsa.algebras.checks import check_flags
from vsa.errors import DtypeError, RangeError, ShapeError, SymbolError, choices
from vsa.module import VectorModule

if TYPE_CHECKING:
    from jaxtyping import Shaped


class Codebook(VectorModule):
    """Symbols: names with a vector each, in order. It is the half of an `ItemMemory` that leads from names to vectors.

    Args and errors are those of `ItemMemory`.

    Example:
        >>> codebook = Codebook(["heart", "square"], dim=64)
        >>> codebook["square"].equal(Codebook(["square"], dim=64)["square"])
        True
    """

    vectors: Tensor

    def __init__(
        self,
        names: Iterable[str] = (),
        dim: int = 1024,
        *,
        algebra: str | Algebra = "MAP",
        seed: int = 0,
        vectors: Shaped[Tensor, "n dim"] | None = None,
        dtype: torch.dtype | None = None,
        learnable: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise DtypeError(f"ItemMemory: the seed must be an integer, got {type(seed).__name__}")
        self.algebra, self.seed = get_algebra(algebra), seed
        self._index: dict[str, int] = {}
        self._names: tuple[str, ...] = ()
        if vectors is not None:
            self._dim = 0
            _check_stack(vectors, "n", "dim")
            try:
                empty = vectors.detach()[:0].to(vectors.dtype if dtype is None else dtype)
            except (TypeError, RuntimeError) as error:
                raise DtypeError(f"ItemMemory: vectors are not kept in {dtype!r}; give one of torch's dtypes") from error
            self.algebra.as_real(empty)  # checks that such vectors can be kept
        else:
            self._dim = dim
            empty = self.algebra.random(0, dim, dtype=dtype)
        check_flags("ItemMemory", learnable=learnable)
        if learnable and not (empty.is_floating_point() or empty.is_complex()):
            raise DtypeError(f"ItemMemory: vectors of {empty.dtype} have no gradients; learnable ones need a floating dtype")
        if learnable:
            self.vectors = nn.Parameter(empty)
        else:
            self.register_buffer("vectors", empty)
        self.extend(names, vectors)

    @property
    def names(self) -> tuple[str, ...]:
        """The symbols, in order."""
        return self._names

    @property
    def dim(self) -> int:
        """The last dimension of the vectors (in PackedBSC, the number of words)."""
        return self.vectors.shape[-1]

    # A mapping.

    def index(self, name: str) -> int:
        """Where a name stands in ``names``, and its vector in ``vectors``.

        Raises:
            SymbolError: the memory has no such name; the message shows near ones.

        Example:
            >>> Codebook(["heart", "square"]).index("square")
            1
        """
        try:
            return self._index[name]
        except (KeyError, TypeError):
            raise SymbolError(f"the memory has no symbol {name!r}; {choices(name, self.names)}") from None

    def __getitem__(self, names: str | Sequence[str]) -> Shaped[Tensor, "..."]:
        """The vector of a name, [dim], or those of a list of names, [n, dim]."""
        if isinstance(names, (list, tuple)):
            return self.vectors[[self.index(name) for name in names]]
        return self.vectors[self.index(names)]  # pyright: ignore[reportArgumentType]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._index

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def extra_repr(self) -> str:
        return f"{len(self)} names, dim={self.dim}, algebra={self.algebra.name}"

    def add(self, name: str, vector: Shaped[Tensor, " dim"] | None = None) -> None:
        """Add one symbol, at the end. To add many, ``extend`` is faster.

        Args:
            name: a name that the memory does not have yet.
            vector: [dim], of the memory's dtype; without it, the name's own random one.

        Raises:
            SymbolError, DtypeError, ShapeError: as in ``extend``.

        Example:
            >>> memory = Codebook(["heart"], dim=64)
            >>> memory.add("square")
            >>> memory.names
            ('heart', 'square')
        """
        if vector is not None:
            _check_stack(vector, self.dim)
        self.extend([name], None if vector is None else vector[None])

    def extend(self, names: Iterable[str], vectors: Shaped[Tensor, "n dim"] | None = None) -> None:
        """Add symbols, at the end, in order: all of them, or none if there is a mistake in one.

        Args:
            names: names that the memory does not have yet, each once.
            vectors: [n, dim], of the memory's algebra; without them, the names' own random ones.

        Raises:
            SymbolError: a name is there already, or stands twice.
            DtypeError: a name is not a string, or the vectors are not of the memory's algebra.
            ShapeError: there are not as many vectors as names, or they have another dimension.

        Example:
            >>> memory = Codebook(["heart"], dim=64)
            >>> memory.extend(["square", "ellipse"])
            >>> len(memory), memory.vectors.shape
            (3, torch.Size([3, 64]))
        """
        if isinstance(names, str):
            raise DtypeError(f"an ItemMemory takes a list of names, got the string {names!r}; write [{names!r}]")
        names, index = _listed(names), dict(self._index)
        for name in names:
            if not isinstance(name, str):
                raise DtypeError(f"a name in an ItemMemory is a string, got {name!r}")
            if not name.isascii() and not _is_text(name):
                raise RangeError(f"the name {name!r} has half of a character (a lone surrogate), and cannot be written anywhere")
            if name in index:
                where = "is in the memory already" if name in self._index else "stands twice in the list of names"
                raise SymbolError(f"the name {name!r} {where}; each symbol has one vector")
            index[name] = len(index)
        if vectors is None:
            if not self._dim and names:
                raise ShapeError("this memory was made of given vectors, so new names need vectors too")
            vectors = _vectors_of(names, self._dim, self.algebra, self.seed, self.vectors.dtype) if names else self.vectors[:0]
        else:
            _check_stack(vectors, len(names), self.dim)
            self.algebra.as_real(vectors)  # checks that they are vectors of this algebra
        self._replace(torch.cat([self.vectors.detach(), vectors.detach().to(self.vectors)]))
        self._index, self._names = index, tuple(index)

    def remove(self, names: str | Iterable[str]) -> None:
        """Forget a symbol, or each one of a list; those after it move up.

        Raises:
            SymbolError: the memory has no such name; then nothing is forgotten.

        Example:
            >>> memory = Codebook(["heart", "square", "ellipse"], dim=64)
            >>> memory.remove("square")
            >>> memory.names, memory.index("ellipse")
            (('heart', 'ellipse'), 1)
        """
        gone = {self.index(name) for name in ([names] if isinstance(names, str) else _listed(names))}
        kept = [name for name, i in self._index.items() if i not in gone]
        self._replace(self.vectors.detach()[[self._index[name] for name in kept]])
        self._index, self._names = {name: i for i, name in enumerate(kept)}, tuple(kept)

    def _replace(self, vectors: Tensor) -> None:
        if isinstance(self.vectors, nn.Parameter):
            self.vectors = nn.Parameter(vectors, requires_grad=self.vectors.requires_grad)
        else:
            self.vectors = vectors


def _check_stack(vectors: Tensor, *shape: int | str) -> None:
    """Whether these are vectors of this shape, of which a name stands for any number."""
    wanted = ", ".join(map(str, shape))
    if not isinstance(vectors, Tensor) or vectors.layout is not torch.strided:
        got = vectors.layout if isinstance(vectors, Tensor) else type(vectors).__name__
        raise DtypeError(f"ItemMemory: vectors are a dense tensor [{wanted}], got {got}")
    if vectors.ndim != len(shape) or any(n != m for n, m in zip(shape, vectors.shape, strict=True) if not isinstance(n, str)):
        need = f"{shape[0]} names need vectors" if len(shape) == 2 else "a name needs a vector"
        raise ShapeError(f"ItemMemory: {need} of shape [{wanted}], got {list(vectors.shape)}")


def _listed(names: Iterable[str]) -> list[str]:
    try:
        return list(names)
    except TypeError as error:
        raise DtypeError(f"an ItemMemory takes a list of names, got {type(names).__name__}") from error


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _vectors_of(names: list[str], dim: int, algebra: Algebra, seed: int, dtype: torch.dtype) -> Tensor:
    """The names' own random vectors, [n, dim]."""
    seeds = [
        int.from_bytes(hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest(), "little", signed=True)
        for name in names
    ]
    if hasattr(algebra, "seeded"):
        return algebra.seeded(seeds, dim, dtype=dtype)  # pyright: ignore[reportAttributeAccessIssue]
    generator = torch.Generator()
    return torch.cat([algebra.random(1, dim, generator=generator.manual_seed(one), dtype=dtype) for one in seeds])
