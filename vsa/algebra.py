"""What an algebra is, how to get one, and the verbs that work with any of them.

A hypervector is an ordinary tensor; its last dimension is the vector, all dimensions before it are a batch. The algebra that
gives its numbers a meaning is an argument: a name (``algebra="HRR"``) or an object. Without one it is MAP, except for tensors
of torchhd, which carry their own.

Conventions, the same for every algebra: ``unbind`` takes the composite first and the key second; ``bundle`` takes one stack and
sums over a dimension of it; ``similarity`` is a cosine in [-1, 1]; nothing is normalised unless you say ``normalize``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from vsa.errors import AlgebraError, choices
from vsa.plugins import load, names

if TYPE_CHECKING:
    from jaxtyping import Float, Num


@dataclass(frozen=True)
class Laws:
    """What holds for an algebra, as data: the tests and the documentation read it.

    Attributes:
        commutative: bind(a, b) is bind(b, a).
        associative: bind(bind(a, b), c) is bind(a, bind(b, c)).
        self_inverse: inverse(x) is x, for the vectors that ``random`` makes.
        exact_unbinding: unbind(bind(a, key), key) is a, for the keys that ``random`` makes. Where it is not, what comes back
            is a and noise.

    Example:
        >>> get_algebra("MAP").laws.self_inverse, get_algebra("HRR").laws.self_inverse
        (True, False)
    """

    commutative: bool
    associative: bool
    self_inverse: bool
    exact_unbinding: bool


@runtime_checkable
class Algebra(Protocol):
    """A vector symbolic architecture: what can be done with its hypervectors.

    Any object with these members is one; nothing needs to be inherited or registered. Tensors are [*batch, dim], and batch
    dimensions broadcast. Mistakes raise a VSAError.
    """

    @property
    def name(self) -> str:
        """The short name, such as "MAP"."""
        ...

    @property
    def laws(self) -> Laws:
        """What holds for this algebra."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """The dtype that ``random`` and ``identity`` make where none is asked for."""
        ...

    def random(
        self,
        n: int,
        dim: int,
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor: ...

    def identity(self, dim: int, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None) -> Tensor: ...

    def bind(self, a: Tensor, b: Tensor) -> Tensor: ...

    def unbind(self, composite: Tensor, key: Tensor) -> Tensor: ...

    def bundle(self, stack: Tensor, dim: int = -2) -> Tensor: ...

    def permute(self, x: Tensor, shifts: int = 1) -> Tensor: ...

    def inverse(self, x: Tensor) -> Tensor: ...

    def normalize(self, x: Tensor) -> Tensor: ...

    def similarity(self, a: Tensor, b: Tensor) -> Tensor: ...

    def as_real(self, x: Tensor) -> Tensor:
        """The same vectors as real ones, whose inner product is the algebra's own: what a search needs."""
        ...


def get_algebra(algebra: str | Algebra = "MAP", backend: str = "native", **options: Any) -> Algebra:
    """The algebra of that name.

    Args:
        algebra: "MAP", "HRR", "FHRR", the name of a plugin, "package.module:Class", or an algebra, which is returned as it is.
        backend: "native", or "torchhd" to run torchhd's implementation of that model.
        options: arguments of the algebra, such as ``unitary=True`` for HRR.

    Raises:
        AlgebraError: the name or the backend is unknown.

    Example:
        >>> get_algebra("HRR").name
        'HRR'
        >>> get_algebra("HRR", unitary=True).laws.exact_unbinding
        True
    """
    if not isinstance(algebra, str):
        if not callable(getattr(algebra, "unbind", None)):
            raise AlgebraError(f"an algebra is a name or an object that can bind and unbind; got {algebra!r}")
        return algebra
    return _make(algebra, backend, options) if options else _default(algebra, backend)


@cache
def _default(name: str, backend: str) -> Algebra:
    return _make(name, backend, {})


def _make(name: str, backend: str, options: dict[str, Any]) -> Algebra:
    if backend not in ("native", "torchhd"):
        raise AlgebraError(f"there is no backend {backend!r}. There are: native, torchhd")
    if backend == "native" and ":" not in name and name not in (known := names("algebra")):
        raise AlgebraError(f"there is no algebra {name!r}; {choices(name, known)}")
    try:
        if backend == "torchhd":
            from vsa.algebras.torchhd import TorchhdAlgebra

            return TorchhdAlgebra(name, **options)
        return load("algebra", name)(**options)
    except TypeError as error:
        raise AlgebraError(f"the algebra {name} does not take these options: {options} ({error})") from error


def _model_of(x: object) -> str | None:
    """The model that a torchhd tensor carries ("HRR" of an HRRTensor), without importing torchhd."""
    cls = type(x)
    if cls is Tensor or not cls.__module__.startswith("torchhd."):
        return None
    return cls.__name__.removesuffix("Tensor")


def _resolve(algebra: str | Algebra | None, *tensors: Tensor) -> Algebra:
    """The algebra to use for these tensors: the one they carry, the one named, or MAP."""
    carried = {model for x in tensors if (model := _model_of(x)) is not None}
    if not carried:
        return get_algebra("MAP" if algebra is None else algebra)
    if algebra is not None:
        chosen = get_algebra(algebra)
        if carried != {chosen.name}:
            raise AlgebraError(
                f"the algebra is {chosen.name}, but a tensor of torchhd carries {', '.join(sorted(carried))}; "
                "name that algebra, or make it a plain tensor first: x.as_subclass(torch.Tensor)"
            )
    if len(carried) > 1:
        raise AlgebraError(f"tensors of different algebras cannot be mixed: {', '.join(sorted(carried))}")
    return get_algebra(carried.pop(), backend="torchhd")


def bind(
    a: Num[Tensor, "*batch_a dim"], b: Num[Tensor, "*batch_b dim"], *, algebra: str | Algebra | None = None
) -> Num[Tensor, "*batch dim"]:
    """Join two vectors into one that resembles neither, and from which either can be had back with the other.

    Args:
        a: [*batch_a, dim].
        b: [*batch_b, dim], of the same dtype and device; batch dimensions broadcast.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype.

    Raises:
        ShapeError: the dimensions differ, or the batches do not broadcast.
        DtypeError: the dtypes or devices differ, or the algebra cannot use them.
        AlgebraError: the algebra is unknown, or not the one that a tensor of torchhd carries.

    Source: Kanerva, "Hyperdimensional computing", 2009, and the papers named in each file of vsa/algebras.

    Example:
        >>> shape, heart = random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> similarity(bind(shape, heart), heart).abs() < 0.1
        tensor(True)
    """
    return _resolve(algebra, a, b).bind(a, b)


def unbind(
    composite: Num[Tensor, "*batch_a dim"],
    key: Num[Tensor, "*batch_b dim"],
    *,
    algebra: str | Algebra | None = None,
) -> Num[Tensor, "*batch dim"]:
    """What was bound with this key: the composite comes first, the key second.

    Args:
        composite: [*batch_a, dim], a bound vector, or a bundle of them.
        key: [*batch_b, dim].
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim]. Exact where the algebra's laws say so, with noise where they do not, and with the noise of the other
        entries where the composite is a bundle.

    Raises:
        ShapeError, DtypeError, AlgebraError: as in ``bind``.

    Example:
        >>> shape, heart = random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.equal(unbind(bind(shape, heart), shape), heart)
        True
    """
    return _resolve(algebra, composite, key).unbind(composite, key)


def bundle(stack: Num[Tensor, "..."], dim: int = -2, *, algebra: str | Algebra | None = None) -> Num[Tensor, "..."]:
    """The superposition of a stack of vectors: one vector that resembles each of them.

    Args:
        stack: [*batch, n, dim], with n at least 1.
        dim: the dimension to sum over, not the last; -2 if none is given.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], a plain sum, of the same dtype (integers are summed in int64). Call ``normalize`` to bring it back among
        the algebra's own vectors.

    Raises:
        ShapeError: there is no such dimension, it is the vectors' own, or it is empty.
        DtypeError: it is not one tensor, or the algebra cannot use its dtype.

    Example:
        >>> a, b, c = random(3, 1024, generator=torch.Generator().manual_seed(0))
        >>> similarity(bundle(torch.stack([a, b])), torch.stack([a, b, c])) > 0.5
        tensor([ True,  True, False])
    """
    return _resolve(algebra, stack).bundle(stack, dim)


def permute(x: Num[Tensor, "*batch dim"], shifts: int = 1, *, algebra: str | Algebra | None = None) -> Num[Tensor, "*batch dim"]:
    """Shift the elements of each vector in a circle: the result resembles nothing, and -shifts undoes it.

    Args:
        x: [*batch, dim].
        shifts: by how many places, to the right.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype.

    Raises:
        ShapeError, DtypeError: x is not a vector, or shifts not an integer.

    Example:
        >>> permute(torch.tensor([1.0, 2.0, 3.0]))
        tensor([3., 1., 2.])
    """
    return _resolve(algebra, x).permute(x, shifts)


def inverse(x: Num[Tensor, "*batch dim"], *, algebra: str | Algebra | None = None) -> Num[Tensor, "*batch dim"]:
    """The vector that undoes binding: unbind(c, x) is bind(c, inverse(x)).

    Args:
        x: [*batch, dim].
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype.

    Raises:
        ShapeError, DtypeError: x is not a vector of this algebra.

    Example:
        >>> inverse(torch.tensor([1.0, 2.0, 3.0]), algebra="HRR")
        tensor([1., 3., 2.])
    """
    return _resolve(algebra, x).inverse(x)


def normalize(x: Num[Tensor, "*batch dim"], *, algebra: str | Algebra | None = None) -> Num[Tensor, "*batch dim"]:
    """The nearest of the algebra's own vectors: bipolar in MAP, of unit length in HRR, of unit phasors in FHRR.

    Args:
        x: [*batch, dim].
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch, dim], of the same dtype. A zero (in MAP and FHRR an element, in HRR a vector) says nothing either way, and
        stays zero.

    Raises:
        ShapeError, DtypeError: x is not a vector of this algebra.

    Example:
        >>> normalize(torch.tensor([3.0, -0.5, 0.0]))
        tensor([ 1., -1.,  0.])
    """
    return _resolve(algebra, x).normalize(x)


def similarity(
    a: Num[Tensor, "*batch_a dim"], b: Num[Tensor, "*batch_b dim"], *, algebra: str | Algebra | None = None
) -> Float[Tensor, "*batch"]:
    """The cosine of two vectors, in [-1, 1] for every algebra: 1 for the same, about 0 for unrelated ones.

    Args:
        a: [*batch_a, dim].
        b: [*batch_b, dim]; batch dimensions broadcast, so a[:, None] against b compares all with all.
        algebra: a name or an algebra; MAP if there is none.

    Returns:
        [*batch], real. 0 where a vector is zero; its gradient is finite there.

    Raises:
        ShapeError, DtypeError, AlgebraError: as in ``bind``.

    Example:
        >>> x = random(3, 1024, generator=torch.Generator().manual_seed(0))
        >>> similarity(x[:, None], x).round(decimals=1).diagonal()
        tensor([1., 1., 1.])
    """
    return _resolve(algebra, a, b).similarity(a, b)


def random(
    n: int,
    dim: int,
    *,
    algebra: str | Algebra | None = None,
    generator: torch.Generator | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Num[Tensor, "n dim"]:
    """Independent random vectors, any two of them nearly orthogonal.

    Args:
        n: how many.
        dim: how long each is.
        algebra: a name or an algebra; MAP if there is none.
        generator: where the numbers come from, on any device; torch's own generator if there is none.
        dtype: of the result; the algebra's own if none is given.
        device: of the result; the generator's own if none is given.

    Returns:
        [n, dim]. MAP: each element -1 or 1. HRR: of unit length, uniform on the sphere. FHRR: unit phasors.

    Raises:
        RangeError: n is negative or dim not positive.
        DtypeError: n or dim is not an integer, or the algebra has no such dtype.

    Example:
        >>> random(2, 1024, algebra="FHRR", generator=torch.Generator().manual_seed(0)).shape
        torch.Size([2, 1024])
    """
    return _resolve(algebra).random(n, dim, generator=generator, dtype=dtype, device=device)
