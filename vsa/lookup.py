"""Which algebra is meant: one that is named, or the one that tensors carry."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vsa.algebra import PLAIN, Algebra, carried_by
from vsa.errors import AlgebraError, choices
from vsa.plugins import load, names


def get_algebra(algebra: str | Algebra = "MAP", backend: str = "native", **options: Any) -> Algebra:
    """The algebra of that name.

    Args:
        algebra: "MAP", "HRR", "FHRR", "BSC", "PackedBSC", "VTB", "SBC", the name of a plugin, "package.module:Class", or an
            algebra, which is returned as it is.
        backend: "native", or "torchhd" to run torchhd's implementation: MAP, HRR, FHRR, BSC, VTB, BSBC, MCR or CGR.
        options: arguments of the algebra, such as ``unitary=True`` for HRR.

    Raises:
        AlgebraError: the name or the backend is unknown.

    Example:
        >>> get_algebra("HRR").name
        'HRR'
        >>> get_algebra("HRR", unitary=True).laws.exact_unbinding
        True
    """
    if isinstance(algebra, str):
        if backend not in _BACKENDS:
            raise AlgebraError(f"there is no backend {backend!r}. There are: {', '.join(_BACKENDS)}")
        if options:
            return _make(algebra, backend, options)
        made = _natives if backend == "native" else _torchhds
        if (found := made.get(algebra)) is None:
            found = made[algebra] = _make(algebra, backend, {})
        return found
    if isinstance(algebra, type) or not callable(getattr(algebra, "multibind", None)):
        raise AlgebraError(f"an algebra is a name or an object that can bind and unbind; got {algebra!r}")
    return algebra


_BACKENDS = ("native", "torchhd")
_natives: dict[str, Algebra] = {}  # algebras do not change, so one of each is enough
_torchhds: dict[str, Algebra] = {}


def _make(name: str, backend: str, options: dict[str, Any]) -> Algebra:
    if backend == "native" and ":" not in name and name not in (known := names("algebra")):
        raise AlgebraError(f"there is no algebra {name!r}; {choices(name, known)}")
    try:
        if backend == "torchhd":
            from vsa.algebras.torchhd import TorchhdAlgebra

            return TorchhdAlgebra(name, **options)
        made = load("algebra", name)(**options)
    except TypeError as error:
        raise AlgebraError(f"the algebra {name} does not take these options: {options} ({error})") from error
    if not isinstance(made, Algebra):
        raise AlgebraError(f"what {name!r} makes is no algebra, but {type(made).__name__}")
    return made


def resolve(algebra: str | Algebra | None, a: Tensor | None = None, b: Tensor | None = None) -> Algebra:
    """The algebra to use for these tensors: the one that they carry, the one named, or MAP.

    Raises:
        AlgebraError: it is unknown, or not the one that a tensor of torchhd carries, or the tensors carry different ones.

    Example:
        >>> resolve(None, torch.ones(3)).name
        'MAP'
    """
    if (a is None or type(a) in PLAIN) and (b is None or type(b) in PLAIN):
        if algebra is None:
            algebra = "MAP"
        if isinstance(algebra, str):
            found = _natives.get(algebra)
            return get_algebra(algebra) if found is None else found
        return algebra if hasattr(type(algebra), "multibind") else get_algebra(algebra)
    carried = {model: x for x in (a, b) if (model := carried_by(x)) is not None}
    if not carried:
        return get_algebra("MAP" if algebra is None else algebra)
    if len(carried) > 1:
        raise AlgebraError(f"tensors of different algebras cannot be mixed: {', '.join(sorted(carried))}")
    ((model, x),) = carried.items()
    if algebra is not None and get_algebra(algebra).name != model:
        raise AlgebraError(
            f"the algebra is {get_algebra(algebra).name}, but a tensor of torchhd carries {model}; "
            "name that algebra, or make it a plain tensor first: x.as_subclass(torch.Tensor)"
        )
    size = getattr(x, "block_size", None)
    return get_algebra(model, "torchhd") if size is None else get_algebra(model, "torchhd", block_size=size)
