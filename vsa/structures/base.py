"""What every structure shares: contents kept as a sum, names and what they stand for, and keys made of several vectors."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

import torch
from torch import Tensor

from vsa.algebra import Algebra, carried_by
from vsa.algebras.checks import explaining, integer
from vsa.algebras.fourier import irfft, rfft
from vsa.errors import AlgebraError, DtypeError, InputError, RangeError, ShapeError, VSAError
from vsa.lookup import get_algebra
from vsa.memory import ItemMemory
from vsa.module import VectorModule
from vsa.structures import file

if TYPE_CHECKING:
    from jaxtyping import Float, Num, Shaped

S = TypeVar("S", bound="Structure")

Source: TypeAlias = str | Algebra | ItemMemory | Sequence[ItemMemory]
"""What a structure is made of: the name of an algebra, an algebra, or the memories of the names that are put in."""

Names: TypeAlias = str | list[Any] | tuple[Any, ...]
"""A name stands for its vector, [dim], and a list of n names, or of names and vectors, for a stack, [n, dim]."""


class Structure:
    """Base of the structures: an algebra, and the sum of what was put in. It never changes; its methods return a new one.

    Args:
        algebra: a name or an algebra; or an `ItemMemory`, whose algebra it is, and whose names may then stand for their vectors
            wherever a method takes vectors. Where a class has names of two kinds, such as roles and fillers, it may be a list of
            two memories, in that order.
        vector: [*batch, dim], contents to begin with: a structure that was made elsewhere, by the verbs or by a network. Where
            bundling is a majority, it counts as one entry, since how clear each vote was is forgotten. Empty if none is given.
        length: how many entries the vector holds, if that is known.

    Attributes:
        algebra: the algebra.
        memories: the memories of names, as they were given; none if it was an algebra.
        total: [*batch, sum_dim], the contents as `Algebra.to_sum` gives them, where addition is the bundle; None while empty.
        length: how many entries there are, those put in less those taken out; None if a vector was given without a length, or
            there are weights. ``len`` says the same.

    Raises:
        AlgebraError: the algebra is unknown, or the memories have different ones.
        ShapeError, DtypeError: the vector is not one of this algebra.
        RangeError: the length is not one, or there are too many memories.
    """

    algebra: Algebra
    memories: tuple[ItemMemory, ...]
    total: Num[Tensor, "*batch sum_dim"] | None
    length: int | None
    _first: ClassVar[str] = ""  # how to put something into an empty one
    _kinds: ClassVar[tuple[str, ...]] = ("symbols",)  # of names, in the order of the memories
    _settings: ClassVar[tuple[str, ...]] = ()  # what else is said when one is made
    _least: ClassVar[int] = 0  # how many entries a vector can hold

    def __init__(
        self, algebra: Source = "MAP", *, vector: Shaped[Tensor, "*batch dim"] | None = None, length: int | None = None
    ) -> None:
        owner = type(self).__name__
        memories = memories_of(algebra)
        if len(memories) > len(self._kinds):
            raise RangeError(f"{owner}: a memory for {' and one for '.join(self._kinds)} is enough, got {len(memories)}")
        found = memories[0].algebra if memories else get_algebra(algebra)  # pyright: ignore[reportArgumentType]
        vars(self).update(algebra=found, memories=memories, total=None, length=0)
        for memory in memories[1:]:
            self._check_algebra(memory)
        if length is not None:
            length = integer(owner, "the length", length)
            if not (self._least <= length <= 2**31 if vector is not None else length == 0):
                needed = "0 without a vector" if vector is None else f"from {self._least} to 2^31 with a vector"
                raise RangeError(f"{owner}: the length must be {needed}, got {length}")
        if vector is not None:
            vars(self).update(total=self._sum(vector), length=length)

    @property
    def vector(self) -> Shaped[Tensor, "*batch dim"]:
        """The hypervector of the whole structure, [*batch, dim]: the bundle of all entries.

        Raises:
            ShapeError: the structure is empty.
        """
        return self.algebra.from_sum(self._contents())

    def __len__(self) -> int:
        if self.length is None:
            raise RangeError(
                f"how many entries this {type(self).__name__} has is not known: it was made of a vector without length=..., "
                "or has weights"
            )
        return max(self.length, 0)

    def __bool__(self) -> bool:
        return self.total is not None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} does not change, so {name} cannot be set; its methods return a new one")

    def __repr__(self) -> str:
        contents = "empty" if self.total is None else f"total={list(self.total.shape)}"
        return f"{type(self).__name__}(algebra={self.algebra.name}, {contents})"

    def _with(self: S, **changes: Any) -> S:
        changed = copy(self)
        vars(changed).update(changes)
        return changed

    # Devices and files.

    def to(self: S, *args: Any, **kwargs: Any) -> S:
        """On another device, or in another precision, with the arguments of `torch.nn.Module.to`. Sums of integers stay integers.

        Names may be used there: what a memory has for them follows the contents. The memories stay where they are.

        Args:
            args, kwargs: a device, a floating dtype, or both; or a tensor that has both.

        Raises:
            DtypeError: the dtype is not a floating one, or not one of this algebra.
            RangeError: there is no such device.

        Example:
            >>> from vsa.structures import Record
            >>> memory = ItemMemory(["size", "big"], dim=64)
            >>> Record(memory).set("size", "big").to(torch.float64).get("size").dtype
            torch.float64
        """
        if self.total is None:
            return self
        holder = VectorModule()
        holder.register_buffer("total", self.total)
        try:
            total = holder.to(*args, **kwargs).get_buffer("total")
        except TypeError as error:
            raise DtypeError(f"{type(self).__name__}: it cannot be moved so ({_first_line(error)})") from error
        except (RuntimeError, AssertionError) as error:
            raise RangeError(f"{type(self).__name__}: it cannot be moved there ({_first_line(error)})") from error
        self.algebra.from_sum(total)  # checks that the algebra has such a dtype
        return self._with(total=total)

    def save(self, path: str | Path) -> None:
        """Write the contents to a safetensors file, all at once: a file that was there before stays until then.

        Args:
            path: where to; the folder must exist.

        Raises:
            OutputError: it cannot be written.
            DtypeError: the path is neither a string nor a Path.

        Example:
            >>> import tempfile
            >>> from vsa.structures import Record
            >>> memory = ItemMemory(["size", "big"], dim=1024)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     Record(memory).set("size", "big").save(f"{folder}/record.safetensors")
            ...     record = Record.load(f"{folder}/record.safetensors", algebra=memory)
            >>> memory.cleanup(record.get("size")).names, len(record)
            (['big'], 1)
        """
        settings = {name: getattr(self, name) for name in self._settings}
        length = None if self.length is None else max(self.length, 0)
        file.write(path, type(self).__name__, file.Stored(self.total, self.algebra, length, settings))

    @classmethod
    def load(cls: type[S], path: str | Path, *, algebra: Source | None = None) -> S:
        """What ``save`` wrote, on the CPU.

        Args:
            path: the file.
            algebra: as for a new structure: the memories, which the file does not hold, if names will be used. An algebra is
                needed only if it is one of your own.

        Raises:
            InputError: there is no such file, or it is not one of this structure, or not as it was written.
            AlgebraError: the algebra it was saved with is unknown here, or not the one given.
            DtypeError: the path is neither a string nor a Path.
        """
        memories = () if algebra is None else memories_of(algebra)
        stored = file.read(path, cls.__name__, memories[0].algebra if memories else algebra)  # pyright: ignore[reportArgumentType]
        total, source = stored.total, memories or stored.algebra
        try:
            settings = {name: stored.settings[name] for name in cls._settings}
            if total is None:
                return cls._made(source, **settings)
            made = cls._made(source, vector=stored.algebra.from_sum(total), length=stored.length, **settings)
        except (VSAError, KeyError) as error:
            raise InputError(f"{path} cannot be loaded as a {cls.__name__}: {error}") from error
        return made._with(total=total if total.is_floating_point() or total.is_complex() else total.long())

    @classmethod
    def _made(cls: type[S], algebra: Source, **settings: Any) -> S:
        return cls(algebra, **settings)

    # Contents.

    def _contents(self) -> Tensor:
        if self.total is None:
            raise ShapeError(f"this {type(self).__name__} is empty, and has no vector yet; put something in first: {self._first}")
        return self.total

    def _sum(self, x: Shaped[Tensor, "*batch dim"]) -> Num[Tensor, "*batch sum_dim"]:
        """The vectors where addition is the bundle; integers in int64, as ``bundle`` adds them."""
        x = self.algebra.to_sum(x)
        x = x if carried_by(x) is None else x.as_subclass(Tensor)  # of torchhd, it carries an algebra that a sum need not have
        with explaining(type(self).__name__, self.algebra.name, x):
            return x if x.is_floating_point() or x.is_complex() else x.long()

    def _plus_all(self: S, entries: Shaped[Tensor, "*batch n dim"]) -> S:
        """With a stack of entries."""
        return self._plus(self.algebra.relaxation.bundle(self._sum(entries)), entries.shape[-2])

    def _plus(self: S, part: Num[Tensor, "*batch sum_dim"], entries: int | None = 1) -> S:
        """With a part of so many entries."""
        length = None if self.length is None or entries is None else self.length + entries
        if self.total is None:
            return self._with(total=part, length=length)
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
            return self._with(total=self.total + part, length=length)

    def _minus(self: S, part: Num[Tensor, "*batch sum_dim"], entries: int = 1) -> S:
        self._contents()
        with explaining(type(self).__name__, self.algebra.name, part):
            return self._plus(-part, -entries)

    def _count(self, entry: Shaped[Tensor, "*batch_x dim"]) -> Float[Tensor, "*batch"]:
        """How many times an entry is there: exact for one alone, with the noise of the others where there are more."""
        entry, dot = self._sum(entry), self.algebra.relaxation.dot
        return dot(self._contents(), entry) / dot(entry, entry)

    def _key(self, *parts: Tensor) -> Tensor:
        """One key of several vectors, which tells their order: the first is permuted once, the second twice, and so on, so that
        none stands for another, nor for the value that is bound with the key."""
        return reduce(self.algebra.bind, (permuted(self.algebra, x, place) for place, x in enumerate(parts, 1)))

    def _size(self, stack: Shaped[Tensor, "*batch n dim"]) -> int:
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

    # Names.

    def _named(self, kind: str, x: Shaped[Tensor, "..."] | Names) -> Shaped[Tensor, "..."]:
        """The vectors that names of a kind stand for, like those that are there; what is none is for the algebra to refuse."""
        if not isinstance(x, (str, list, tuple)):
            return x
        if self.memories:
            found = self._memory(kind)._vectors_of(x)
            return self._like_contents(found) if isinstance(found, Tensor) else found
        if name := x if isinstance(x, str) else next((part for part in x if isinstance(part, str)), ""):
            raise DtypeError(
                f"{type(self).__name__}: the name {name!r} is looked up in a memory, and there is none; "
                f"make it with one, as in {type(self).__name__}(memory), or give vectors"
            )
        return x  # pyright: ignore[reportReturnType]

    def _memory(self, kind: str) -> ItemMemory:
        return self.memories[min(self._kinds.index(kind), len(self.memories) - 1)]

    def _like_contents(self, x: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
        """A memory's vectors on the device of the contents, and in their precision, which ``to`` may have changed."""
        held = self.total
        if held is None:
            return x
        if (x.is_complex() and held.is_complex()) or (x.is_floating_point() and held.is_floating_point()):
            return x.to(held)
        return x.to(held.device)

    def _cleaned(self, kind: str, noisy: Shaped[Tensor, "*batch dim"], memory: ItemMemory | None) -> Shaped[Tensor, "*batch dim"]:
        """The symbols of a kind that are most like these vectors: those of the memory given, or of the structure's own."""
        if memory is None and self.memories:
            memory = self._memory(kind)
        if not isinstance(memory, ItemMemory):
            owner, got = type(self).__name__, type(memory).__name__
            raise DtypeError(f"this {owner} needs an ItemMemory of the {kind} that may be there, got {got}")
        self._check_algebra(memory)
        return self._like_contents(memory.vectors[memory.cleanup(noisy).indices[..., 0]])

    def _check_algebra(self, memory: ItemMemory) -> None:
        ours, theirs = self.algebra, memory.algebra
        # Options such as unitary=True make other vectors of the same kind; another block size shows in the law.
        if ours.name != theirs.name or ours.laws.expected_similarity != theirs.laws.expected_similarity:
            name = type(self).__name__
            raise AlgebraError(f"the memory holds vectors of {theirs}, this {name} those of {ours}; give both the same algebra")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def memories_of(source: Source) -> tuple[ItemMemory, ...]:
    """The memories among what a structure can be made of."""
    if isinstance(source, ItemMemory):
        return (source,)
    listed = isinstance(source, (list, tuple)) and source and all(isinstance(memory, ItemMemory) for memory in source)
    return tuple(source) if listed else ()  # pyright: ignore[reportArgumentType, reportReturnType]


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
