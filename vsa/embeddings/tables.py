"""Embeddings that look a number up in a table of vectors: Level, Circular and Thermometer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.checks import Device, explained, readable
from vsa.algebras.fourier import irfft, rfft
from vsa.algebras.hrr import HolographicReducedRepresentation
from vsa.algebras.packed_bsc import PackedBinarySpatterCode
from vsa.algebras.sbc import SparseBlockCode
from vsa.embeddings.base import Embedding, room, whole, wide
from vsa.embeddings.scales import Circle, Line
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError
from vsa.lookup import get_algebra
from vsa.seeds import seeded

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Shaped


class Table(Embedding):
    """Base of the tables: a scale says which of the vectors belongs to a number.

    Attributes:
        vectors: [num, dim], a persistent buffer; no gradient trains it.
    """

    vectors: Tensor

    def __init__(self, scale: Line | Circle, vectors: Shaped[Tensor, "num dim"], algebra: Algebra, device: Device) -> None:
        super().__init__(algebra)
        self.scale = scale
        self._keep("vectors", vectors, device)

    def forward(self, values: Float[Tensor, "*batch"]) -> Shaped[Tensor, "*batch dim"]:
        """The vectors of the levels nearest to these values, [*batch, dim]."""
        self._check_values(values, self.vectors)
        try:
            return F.embedding(self.scale.nearest(values), self.vectors)
        except RuntimeError as error:
            raise explained(error, type(self).__name__, self.algebra.name, values) from error

    def decode(self, vectors: Shaped[Tensor, "*batch dim"]) -> Float[Tensor, "*batch"]:
        """The numbers whose levels are most like these vectors, by cosine.

        Args:
            vectors: [*batch, dim], noisy or not, of the table's dtype and device.

        Returns:
            [*batch], each one of the ``num`` levels; of levels that are equally like it the lowest.

        Raises:
            ShapeError, DtypeError: they are not vectors like those of the table.
            RangeError: a vector has a NaN; it is not looked for where this is compiled or vmapped.
        """
        owner, table = type(self).__name__, self.vectors
        if not isinstance(vectors, Tensor) or vectors.ndim == 0 or vectors.shape[-1] != table.shape[-1]:
            got = f"shape {list(vectors.shape)}" if isinstance(vectors, Tensor) else type(vectors).__name__
            raise ShapeError(f"{owner}.decode: vectors must be a tensor [*batch, {table.shape[-1]}], got {got}")
        if vectors.dtype != table.dtype or vectors.device != table.device:
            raise DtypeError(
                f"{owner}.decode: the table holds {table.dtype} on {table.device}, "
                f"the vectors are {vectors.dtype} on {vectors.device}; convert them with .to(embedding.vectors)"
            )
        try:
            scores = wide(self.algebra.as_real(vectors)) @ F.normalize(wide(self.algebra.as_real(table)), dim=-1).T
        except RuntimeError as error:
            raise explained(error, f"{owner}.decode", self.algebra.name, vectors) from error
        if readable(scores) and bool(scores.isnan().any()):
            raise RangeError(f"{owner}.decode: a vector has a NaN, which is like nothing; find out where it comes from")
        return self.scale.value(scores.argmax(-1))

    def extra_repr(self) -> str:
        return f"{self.scale}, dim={self.vectors.shape[-1]}, algebra={self.algebra.name}"


class Level(Table):
    """Numbers on a line: similarity declines linearly with their distance, from 1 to that of two random vectors at the ends.

    The lowest and the highest level are random. Each level between takes its share of the elements of the highest, always the
    same first ones in an order drawn once, and the others of the lowest. In SBC whole blocks are taken, in HRR with
    ``unitary=True`` frequencies, so that each level is a vector of the algebra. Orthogonal matrices cannot be mixed so: levels of
    VTB with ``unitary=True`` have unit length but are not unitary; bind them with a random key, and unbinding is exact.

    Args:
        num: how many levels, at least 2, evenly spaced.
        dim: the dimension of the vectors.
        low: the number of the lowest level.
        high: the number of the highest.
        clip: values outside are taken to the nearest end; without it they are an error.
        algebra: a name or an algebra; MAP if there is none.
        seed: any integer.
        name: tells this embedding from others of its kind with the same seed: give each feature its own.
        device: where it is made; torch's default device if there is none. The numbers are the same on every device.

    Shapes:
        Values, floating [*batch], are rounded to the nearest level, and give [*batch, dim] of the algebra's dtype. In PackedBSC
        ``dim`` elements are dim / 64 words.

    Raises:
        RangeError: there is no such line or dimension; when called, a value is NaN, or outside without ``clip``.
        DtypeError: a number or the seed is not one; when called, the values are not floating.

    Source: Nunes, Heddes, Givargis, Nicolau, "An extension to basis-hypervectors for learning from circular data in
    hyperdimensional computing", arXiv 2205.07920, as in torchhd.embeddings.Level.

    Example:
        >>> height = Level(11, 10_000, low=1.0, high=2.0)
        >>> x = height(torch.tensor([1.0, 1.2, 1.5, 2.0]))
        >>> height.algebra.similarity(x, x[0]).round(decimals=1).abs()
        tensor([1.0000, 0.8000, 0.5000, 0.0000])
        >>> height.decode(x)
        tensor([1.0000, 1.2000, 1.5000, 2.0000])
    """

    def __init__(
        self,
        num: int,
        dim: int,
        *,
        low: float = 0.0,
        high: float = 1.0,
        clip: bool = False,
        algebra: str | Algebra = "MAP",
        seed: int = 0,
        name: str = "",
        device: Device = None,
    ) -> None:
        line, algebra = Line("Level", num, low, high, clip), get_algebra(algebra)
        vectors = _mixtures("Level", algebra, line.num, dim, seeded(seed, "Level", name), _reached)
        super().__init__(line, vectors, algebra, device)


class Circular(Table):
    """Numbers on a circle, such as angles and hours: similarity declines linearly with the way around it, and rises again.

    It is 1 for the same number and about that of two random vectors for opposite ones. Two vectors are random. Elements lie on
    the circle at places drawn once; at each number, the half circle behind it shows elements of the one, the half before it
    elements of the other, so that going on exchanges them evenly. In SBC these are whole blocks, in HRR with ``unitary=True``
    frequencies; of VTB with ``unitary=True`` the vectors are not unitary, as in ``Level``. torchhd has none for HRR and VTB.

    Args:
        num: how many levels, at least 2, evenly spaced around the circle.
        dim: the dimension of the vectors.
        period: how far it is around the circle: 2 * math.pi for angles, 24 for hours.
        algebra: a name or an algebra; MAP if there is none.
        seed: any integer.
        name: tells this embedding from others of its kind with the same seed: give each feature its own.
        device: where it is made; torch's default device if there is none. The numbers are the same on every device.

    Shapes:
        Values, floating [*batch], of any size, are taken modulo the period and rounded to the nearest level, and give
        [*batch, dim] of the algebra's dtype. In PackedBSC ``dim`` elements are dim / 64 words.

    Raises:
        RangeError: there is no such circle or dimension; when called, a value is NaN or infinite.
        DtypeError: a number or the seed is not one; when called, the values are not floating.

    Source: the profile is that of Nunes, Heddes, Givargis, Nicolau, "An extension to basis-hypervectors for learning from
    circular data in hyperdimensional computing", arXiv 2205.07920; the construction is by choice alone, and never unbinds.

    Example:
        >>> hour = Circular(24, 10_000, period=24.0, algebra="FHRR")
        >>> x = hour(torch.tensor([0.0, 6.0, 12.0, 18.0, 24.0]))
        >>> hour.algebra.similarity(x, x[0]).round(decimals=1).abs()
        tensor([1.0000, 0.5000, 0.0000, 0.5000, 1.0000])
    """

    def __init__(
        self,
        num: int,
        dim: int,
        period: float = 1.0,
        *,
        algebra: str | Algebra = "MAP",
        seed: int = 0,
        name: str = "",
        device: Device = None,
    ) -> None:
        circle, algebra = Circle("Circular", num, period), get_algebra(algebra)
        vectors = _mixtures("Circular", algebra, circle.num, dim, seeded(seed, "Circular", name), _passed)
        super().__init__(circle, vectors, algebra, device)


class Thermometer(Table):
    """Numbers on a line whose distances are exact: similarity declines linearly from 1 to -1, and nothing is random.

    Level i has its first i * dim / (num - 1) elements on and the others off: 1 and -1 in MAP and FHRR, True and False in BSC.

    Args:
        num: how many levels, from 2 to dim + 1; exactly even where num - 1 divides dim, to one element elsewhere.
        dim: the dimension of the vectors.
        low: the number of the lowest level.
        high: the number of the highest.
        clip: values outside are taken to the nearest end; without it they are an error.
        algebra: MAP, FHRR, BSC or PackedBSC, by name or as an object.
        device: where it is made; torch's default device if there is none.

    Shapes:
        Values, floating [*batch], are rounded to the nearest level, and give [*batch, dim] of the algebra's dtype. In PackedBSC
        ``dim`` elements are dim / 64 words.

    Raises:
        AlgebraError: the algebra has no opposite elements to switch between.
        RangeError: there is no such line or dimension; when called, a value is NaN, or outside without ``clip``.
        DtypeError: a number is not one; when called, the values are not floating.

    Source: Rachkovskij, Slipchenko, Kussul, Baidyk, "Sparse binary distributed encoding of scalars", Journal of Automation and
    Information Sciences 37 (6), 2005, as in torchhd.embeddings.Thermometer.

    Example:
        >>> Thermometer(5, 4)(torch.tensor([0.0, 0.25, 1.0]))
        tensor([[-1., -1., -1., -1.],
                [ 1., -1., -1., -1.],
                [ 1.,  1.,  1.,  1.]])
    """

    def __init__(
        self,
        num: int,
        dim: int,
        *,
        low: float = 0.0,
        high: float = 1.0,
        clip: bool = False,
        algebra: str | Algebra = "MAP",
        device: Device = None,
    ) -> None:
        line, algebra = Line("Thermometer", num, low, high, clip), get_algebra(algebra)
        if line.num > (dim := whole("Thermometer", "dim", dim, 1)) + 1:
            raise RangeError(f"Thermometer: {num} levels need at least {num - 1} elements to switch on, got dim={dim}")
        with room("Thermometer", line.num, dim):
            on = _reached(_even(torch.arange(dim)), line.num)
            vectors = switched("Thermometer", algebra, on, algebra.dtype)
        super().__init__(line, vectors, algebra, device)


def switched(owner: str, algebra: Algebra, on: Bool[Tensor, "*batch dim"], dtype: torch.dtype) -> Shaped[Tensor, "*batch _"]:
    """Vectors whose elements are on, which is 1 or True, or off, which is -1 or False.

    Raises:
        AlgebraError: the algebra has no such vectors.
    """
    if isinstance(algebra, PackedBinarySpatterCode):
        return algebra.pack(on)
    if algebra.name not in ("MAP", "FHRR", "BSC"):
        raise AlgebraError(
            f"{owner}: {algebra.name} has no opposite elements to switch between; MAP, FHRR, BSC and PackedBSC have. "
            "Level works for every algebra"
        )
    return on if dtype == torch.bool else torch.where(on, 1, -1).to(dtype)


def _mixtures(
    owner: str,
    algebra: Algebra,
    num: int,
    dim: int,
    generator: torch.Generator,
    rule: Callable[[Float64[Tensor, " places"], int], Bool[Tensor, "num places"]],
) -> Shaped[Tensor, "num _"]:
    """Vectors put together from two random ones: the rule is told the order of their parts, and how many vectors there are, and
    says which parts are of the second."""
    (first, second), joined = _taken_apart(algebra, algebra.random(2, dim, generator=generator))
    # Evenly spaced in a random order: unlike independent ones, each step exchanges equally many parts.
    with room(owner, num, dim):
        order = _even(torch.randperm(len(first), generator=generator))
        return joined(torch.where(rule(order, num), second, first))


def _taken_apart(algebra: Algebra, vectors: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """The parts of vectors that can be exchanged one by one, [n, places], and how to make vectors of such parts again."""
    if isinstance(algebra, PackedBinarySpatterCode):
        return algebra.unpack(vectors), algebra.pack
    if isinstance(algebra, SparseBlockCode):  # the place of the 1 in each block
        size, dtype = algebra.block_size, vectors.dtype
        return vectors.unflatten(-1, (-1, size)).argmax(-1), lambda parts: F.one_hot(parts, size).to(dtype).flatten(-2)
    if isinstance(algebra, HolographicReducedRepresentation) and algebra.unitary:  # a unitary vector has a spectrum of modulus 1
        return rfft(vectors), lambda parts: irfft(parts, vectors.shape[-1])
    return vectors, algebra.normalize


def _even(places: Shaped[Tensor, " places"]) -> Float64[Tensor, " places"]:
    """The places 0, 1, ... as evenly spaced numbers between 0 and 1, both excluded."""
    return (places.double() + 0.5) / len(places)


def _reached(order: Float64[Tensor, " places"], num: int) -> Bool[Tensor, "num places"]:
    """Which parts a level has reached on its way from 0 to 1: none at the first, all at the last."""
    return order < torch.arange(num, device=order.device)[:, None].double() / (num - 1)


def _passed(order: Float64[Tensor, " places"], num: int) -> Bool[Tensor, "num places"]:
    """Which parts lie in the half circle behind each of num evenly spaced points."""
    return (torch.arange(num, device=order.device)[:, None].double() / num - order).remainder(1) < 0.5
