"""Codebook: names and their vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import RLock
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from vsa.algebra import Algebra
from vsa.algebras.checks import Device, check_flags, integer
from vsa.devices import default_device
from vsa.errors import DtypeError, RangeError, ShapeError, SymbolError, choices
from vsa.lookup import get_algebra
from vsa.memory_verbs import MemoryVerbs
from vsa.module import VectorModule, moved
from vsa.symbols import Symbols

if TYPE_CHECKING:
    from jaxtyping import Shaped


class Codebook(MemoryVerbs, VectorModule):
    """Symbols: names with a vector each, in order. It is the half of an `ItemMemory` that leads from names to vectors.

    Args and errors are those of `ItemMemory`.

    Threads may share it. Those that change it (``add``, ``extend``, ``remove``, ``fit``) wait for one another; those that read it
    see names and vectors that belong together, as they were before a change or after it. Writing to ``vectors`` is not guarded.

    Its ``state_dict`` has the names too. A state is loaded into a memory of the same names in the same order; one that was saved
    without names is taken for such a state.

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
        device: Device = None,
        learnable: bool = False,
    ) -> None:
        super().__init__()
        self.algebra, self.seed = get_algebra(algebra), integer("ItemMemory", "the seed", seed)
        self._symbols, self._room, self._lock = Symbols(), None, RLock()
        self._dim = integer("ItemMemory", "dim", dim) if vectors is None else 0
        if vectors is None:
            with _on_cpu():
                empty = self.algebra.random(0, self._dim, dtype=dtype)
            empty = moved("ItemMemory", empty, device)
        else:
            _check_stack(vectors, "n", "dim")
            try:
                empty = vectors.detach()[:0].to(vectors.dtype if dtype is None else dtype)
            except (TypeError, RuntimeError) as error:
                raise DtypeError(f"ItemMemory: vectors are not kept in {dtype!r}; give one of torch's dtypes") from error
            self.algebra.as_real(empty)  # checks that such vectors can be kept
            empty = empty if device is None else moved("ItemMemory", empty, device)
        check_flags("ItemMemory", learnable=learnable)
        if learnable and not (empty.is_floating_point() or empty.is_complex()):
            raise DtypeError(f"ItemMemory: vectors of {empty.dtype} have no gradients; learnable ones need a floating dtype")
        self.register_buffer("vectors", empty)
        self.extend(names, vectors)
        if learnable:
            made, self._room = self.vectors, None
            del self.vectors
            self.vectors = nn.Parameter(made)

    @property
    def names(self) -> tuple[str, ...]:
        """The symbols, in order."""
        return self._symbols.as_tuple()

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
        return _place(self._symbols, name)

    def __getitem__(self, names: str | Sequence[str]) -> Shaped[Tensor, "..."]:
        """The vector of a name, [dim], or those of a list of names, [n, dim]."""
        symbols, vectors = self._whole()
        if isinstance(names, (list, tuple)):
            return vectors[[_place(symbols, name) for name in names]]
        return vectors[_place(symbols, names)]

    def __contains__(self, name: object) -> bool:
        return name in self._symbols

    def __len__(self) -> int:
        return len(self._symbols)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def extra_repr(self) -> str:
        return f"{len(self)} names, dim={self.dim}, algebra={self.algebra.name}"

    def add(self, name: str, vector: Shaped[Tensor, " dim"] | None = None) -> None:
        """Add one symbol, at the end, in a time that does not depend on how many there are. To add many, ``extend`` is faster.

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
        names = _new_names(names)
        with self._lock, torch.inference_mode(False):
            symbols, kept = self._whole()
            seen = set[str]()
            for name in names:
                if name in symbols or name in seen:
                    where = "stands twice in the list of names" if name in seen else "is in the memory already"
                    raise SymbolError(f"the name {name!r} {where}; each symbol has one vector")
                seen.add(name)
            if vectors is not None:
                _check_stack(vectors, len(names), self.dim)
                self.algebra.as_real(vectors)  # checks that they are vectors of this algebra
            elif names and not self._dim:
                raise ShapeError("this memory was made of given vectors, so new names need vectors too")
            if names:
                self._check_changeable()
                made = _vectors_of(names, self._dim, self.algebra, self.seed, kept.dtype) if vectors is None else vectors
                try:
                    made = made.detach().to(kept)
                except RuntimeError as error:
                    raise DtypeError(
                        f"ItemMemory: vectors on {made.device} cannot be moved to {kept.device}, where it is"
                    ) from error
                self.vectors = self._appended(kept, made)
                self._symbols = symbols.plus(names)

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
        names = [names] if isinstance(names, str) else _listed(names)
        with self._lock, torch.inference_mode(False):
            symbols, kept = self._whole()
            gone = {_place(symbols, name) for name in names}
            if gone:
                self._check_changeable()
                stay = [i for i in range(len(symbols)) if i not in gone]
                self.vectors, self._room = kept[stay], None
                self._symbols = Symbols(symbols[i] for i in stay)

    # Inside. A change first sets the vectors, and then the names, of which there are more or fewer than before.

    def _whole(self) -> tuple[Symbols, Tensor]:
        """Names and vectors that belong together, whatever other threads do."""
        symbols, vectors = self._symbols, self._buffers.get("vectors")  # faster than the way through nn.Module.__getattr__
        if vectors is None:
            vectors = self.vectors
        if self._symbols is symbols and vectors.ndim == 2 and vectors.shape[0] == len(symbols):
            return symbols, vectors
        with self._lock:
            symbols, vectors = self._symbols, self.vectors
        if vectors.shape[:-1] != (len(symbols),):
            raise ShapeError(
                f"the memory has {len(symbols)} names, but its vectors were set to a tensor {list(vectors.shape)}; it needs "
                f"[{len(symbols)}, dim], or add and remove, which change both"
            )
        return symbols, vectors

    def _appended(self, kept: Tensor, new: Tensor) -> Tensor:
        """The vectors and new ones after them: in the room that is left behind them, or in new room, with an eighth to spare."""
        n, dim = kept.shape
        count, room = n + len(new), self._room
        here = room is not None and room.data_ptr() == kept.data_ptr() and room.dtype == kept.dtype
        if not n:
            room = kept.new_empty(count, dim)
        elif room is None or not here or room.device != kept.device or room.shape[1] != dim or len(room) < count:
            room = kept.new_zeros(count + n // 8, dim)
            room[:n] = kept
        # Through .data, so that it counts as no write to the vectors that are there: gradients may need them.
        room.data[n:count] = new
        self._room = room
        return room.data[:count]

    def _check_changeable(self) -> None:
        if isinstance(self.vectors, nn.Parameter):
            raise SymbolError(
                "a learnable memory keeps its names, because no optimizer would learn of a longer parameter; make it when all "
                "names are there, or make another: ItemMemory([*memory.names, ...], vectors=torch.cat([...]), learnable=True)"
            )

    # Copies and states.

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            state = {**super().__getstate__(), "_room": None}
            state["_buffers"], state["_parameters"] = dict(self._buffers), dict(self._parameters)
            if self._room is not None and len(self._room) > len(self._symbols):
                state["_buffers"]["vectors"] = self.vectors.clone()  # without the room behind them
        del state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._lock = RLock()

    def get_extra_state(self) -> Tensor:
        """The names, as JSON in bytes, uint8 [n]: a tensor, so that every kind of file of weights can hold it."""
        return torch.frombuffer(bytearray(json.dumps(self.names).encode()), dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        """Nothing: a state whose names are others is refused before anything of it is loaded."""

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        with self._lock:
            super()._save_to_state_dict(destination, prefix, keep_vars)

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        key = f"{prefix}_extra_state"
        if key in state_dict and (reason := _misnamed(state_dict[key], self.names)) is not None:
            error_msgs.append(f"{prefix}vectors: {reason}")
            return
        with self._lock:
            super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        if key in missing_keys:  # a state from before names were in it
            missing_keys.remove(key)


def _place(symbols: Symbols, name: Any) -> int:
    try:
        place = symbols.place(name)
    except TypeError:  # a list, which is no name
        place = None
    if place is None:
        raise SymbolError(f"the memory has no symbol {name!r}; {choices(name, symbols)}")
    return place


def _misnamed(stored: Any, names: tuple[str, ...]) -> str | None:
    """Why a state with these names is not one of a memory with those; None if it is."""
    if isinstance(stored, Tensor) and stored.is_meta:
        return None
    try:
        theirs = json.loads(bytes(stored.cpu().numpy()))
    except (AttributeError, TypeError, ValueError, RecursionError):
        return "the names in the state cannot be read; it is damaged"
    if theirs == list(names):
        return None
    others = theirs if isinstance(theirs, list) else [theirs]
    at = next((i for i, (a, b) in enumerate(zip(others, names, strict=False)) if a != b), min(len(others), len(names)))
    first, second = (repr(x[at])[:80] if at < len(x) else "nothing" for x in (others, names))
    return (
        f"the state is of {len(others)} names, this memory has {len(names)}, and name {at} is {first} there and {second} here; "
        "load it into a memory of the same names in the same order, or use save and load"
    )


def _on_cpu() -> AbstractContextManager[object]:
    """Where tensors are made on the CPU if no device is named. It slows each call, so where that is so anyway it is nothing."""
    return nullcontext() if default_device().type == "cpu" else torch.device("cpu")


def _check_stack(vectors: Tensor, *shape: int | str) -> None:
    """Whether these are vectors of this shape, of which a name stands for any number."""
    wanted = ", ".join(map(str, shape))
    if not isinstance(vectors, Tensor) or vectors.layout is not torch.strided:
        got = vectors.layout if isinstance(vectors, Tensor) else type(vectors).__name__
        raise DtypeError(f"ItemMemory: vectors are a dense tensor [{wanted}], got {got}")
    if vectors.ndim != len(shape) or any(n != m for n, m in zip(shape, vectors.shape, strict=True) if not isinstance(n, str)):
        need = f"{shape[0]} names need vectors" if len(shape) == 2 else "a name needs a vector"
        raise ShapeError(f"ItemMemory: {need} of shape [{wanted}], got {list(vectors.shape)}")


def _new_names(names: Iterable[str]) -> list[str]:
    """Names that a memory can have, though it may have them already."""
    if isinstance(names, str):
        raise DtypeError(f"an ItemMemory takes a list of names, got the string {names!r}; write [{names!r}]")
    names = _listed(names)
    for name in names:
        if not isinstance(name, str):
            raise DtypeError(f"a name in an ItemMemory is a string, got {name!r}")
        if not name.isascii() and not _is_text(name):
            raise RangeError(f"the name {name!r} has half of a character (a lone surrogate), and cannot be written anywhere")
    return names


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
    with _on_cpu():  # the same numbers, whatever the default device is
        if hasattr(algebra, "seeded"):
            return algebra.seeded(seeds, dim, dtype=dtype)  # pyright: ignore[reportAttributeAccessIssue]
        generator = torch.Generator()
        return torch.cat([algebra.random(1, dim, generator=generator.manual_seed(one), dtype=dtype) for one in seeds])
