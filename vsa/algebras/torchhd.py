"""The torchhd backend: any of its models behind the same protocol, on plain tensors.

Heddes et al., "Torchhd", JMLR 24 (255), 2023. It is imported when the first such algebra is made, not before. Where torchhd 5.8.4
is wrong (products of several HRR vectors), random (ties in BSC), biased (ties in MAP, zeros in FHRR), has no gradient (similarity
at zero), does not broadcast (VTB) or, with torch 2.13 and 2.14, fails on an empty batch (HRR), this backend is not.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, weighted_sum
from vsa.algebras.bsc import BSC
from vsa.algebras.checks import Device, Generator
from vsa.algebras.fhrr import FHRR
from vsa.algebras.hrr import HRR
from vsa.algebras.map import MAP
from vsa.algebras.modular import ModularModel
from vsa.algebras.torchhd_model import model_of, plain
from vsa.algebras.vtb import VTB
from vsa.errors import AlgebraError, choices
from vsa.plugins import TORCHHD

NATIVE: dict[str, CheckedAlgebra] = {algebra.name: algebra for algebra in (MAP, HRR, FHRR, BSC, VTB)}
"""The library's own algebras of which torchhd has a model too."""


def TorchhdAlgebra(name: str, **options: Any) -> CheckedAlgebra:
    """One of torchhd's models. Plain tensors in give plain tensors out; a tensor of torchhd in gives one out.

    Args:
        name: MAP, HRR, FHRR, BSC, VTB, or, with integers from 0 to block_size - 1 for elements: BSBC, MCR and CGR.
        options: block_size, 16 if none is given, of the last three.

    Raises:
        AlgebraError: torchhd's model of that name is not known here.
        RangeError: block_size is not an integer of at least 2.
        MissingExtraError: torchhd is not installed.

    Example:
        >>> MAP = TorchhdAlgebra("MAP")
        >>> a, b = MAP.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.equal(MAP.unbind(MAP.bind(a, b), b), a)
        True
        >>> TorchhdAlgebra("MCR", block_size=64).laws.commutative
        True
    """
    if name not in TORCHHD:
        raise AlgebraError(f"there is no algebra {name!r} in the backend torchhd; {choices(name, TORCHHD)}")
    return ModularModel(name, **options) if name in ("BSBC", "MCR", "CGR") else PeerModel(name, **options)


class PeerModel(CheckedAlgebra):
    """A model that is native here too: its laws are those of the native one."""

    backend = "torchhd"

    def __init__(self, name: str) -> None:
        self.name = name
        self._native: Any = NATIVE[name]
        self.laws: Laws = self._native.laws
        self.dtype = self._native.dtype
        self._mixes_devices = self._native._mixes_devices
        self._model = model_of(name)

    @property
    def relaxation(self) -> CheckedAlgebra:
        return self if self.laws.bundling == "sum" else self._native.relaxation

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PeerModel) and other.name == self.name

    def __hash__(self) -> int:
        return hash((PeerModel, self.name))

    def __repr__(self) -> str:
        return f"TorchhdAlgebra({self.name!r})"

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        return plain(self._model.random(n, dim, generator=generator, dtype=self.dtype, device=device))

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        return draw if dtype == self.dtype else self._native._normalize(draw.to(dtype))

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        return plain(self._model.identity(1, dim, dtype=dtype, device=device))[0]

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        if self.name == "VTB" and a.shape != b.shape:
            a, b = torch.broadcast_tensors(plain(a), plain(b))
        if self.name == "HRR" and 0 in (a.numel(), b.numel()):
            return self._returned(self._wrap(self._native._bind(plain(a), plain(b))), a, b)
        return self._returned(self._wrap(a).bind(self._wrap(b)), a, b)

    def _unbind_left(self, composite: Tensor, key: Tensor) -> Tensor:
        # In VTB the inverse transposes a matrix, and a transposed product is the product of the two in the other order.
        return self._unbind(self._inverse(composite) if self.name == "VTB" else composite, key)

    def _bundle(self, stack: Tensor, dim: int, weights: Tensor | None) -> Tensor:
        if self.laws.bundling == "majority" or weights is not None:
            return self._from_sum(weighted_sum(self._to_sum(plain(stack)), dim, weights))
        return self._returned(self._wrap(stack.movedim(dim, -2)).multibundle(), stack)

    def _to_sum(self, x: Tensor) -> Tensor:
        return self._native._to_sum(x)

    def _from_sum(self, total: Tensor) -> Tensor:
        return self._native._from_sum(total)

    def _permute(self, x: Tensor, shifts: int) -> Tensor:
        return self._returned(self._wrap(x).permute(shifts), x)

    def _inverse(self, x: Tensor) -> Tensor:
        return self._returned(self._wrap(x).inverse(), x)

    def _negative(self, x: Tensor) -> Tensor:
        return self._returned(self._wrap(x).negative(), x)

    def _takes_power(self, exponent: float) -> bool:
        return self._native._takes_power(exponent)

    def _power(self, x: Tensor, exponent: Any) -> Tensor:
        return self._native._power(plain(x), exponent)

    def _normalize(self, x: Tensor) -> Tensor:
        return self._native._normalize(x)

    def _as_real(self, x: Tensor) -> Tensor:
        return self._native._as_real(plain(x))

    def _misfit(self, dim: int) -> str | None:
        return self._native._misfit(dim)

    def _takes(self, dtype: torch.dtype) -> bool:
        return dtype in self._model.supported_dtypes and self._native._takes(dtype)

    def _wrap(self, x: Tensor) -> Any:
        return x if isinstance(x, self._model) else x.as_subclass(self._model)

    def _returned(self, result: Tensor, *given: Tensor) -> Tensor:
        return result if any(isinstance(x, self._model) for x in given) else plain(result)
