"""VTB: real vectors seen as square matrices, bound by a matrix product.

Gosmann and Eliasmith, "Vector-derived transformation binding", Neural Computation 31 (5), 2019.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, refuse_overflow, unit
from vsa.algebras.checks import Device, Generator, check_flags


@dataclass(frozen=True)
class VectorDerivedTransformationBinding(CheckedAlgebra):
    """With A and B the d x d matrices of a and b, row by row, and dim = d * d: bind(a, b) is sqrt(d) A Bᵀ.

    It is neither commutative nor associative, and the key stands on the right: unbind(bind(x, key), key) is x and noise. Where
    the key stood on the left, say ``unbind(c, key, side="left")``; without it what comes back is noise. The identity, too, is
    one on the right alone.

    Attributes:
        unitary: ``random`` makes vectors whose matrices are orthogonal, so that unbinding is exact.

    Example:
        >>> unitary = VectorDerivedTransformationBinding(unitary=True)
        >>> x, key = unitary.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.allclose(unitary.unbind(unitary.bind(x, key), key), x, atol=1e-6)
        True
        >>> torch.allclose(unitary.unbind(unitary.bind(key, x), key, side="left"), x, atol=1e-6)
        True
    """

    unitary: bool = False

    name = "VTB"
    _mixes_devices = True

    def __post_init__(self) -> None:
        check_flags(self.name, unitary=self.unitary)

    @property
    def laws(self) -> Laws:  # pyright: ignore[reportIncompatibleVariableOverride]  (read only, as all of it is)
        return _UNITARY if self.unitary else _ORDINARY

    def _misfit(self, dim: int) -> str | None:
        return None if math.isqrt(dim) ** 2 == dim else "VTB needs a square dimension, such as 1024 = 32 * 32"

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        return torch.randn(n, dim, generator=generator, dtype=torch.float32, device=device)

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        draw = draw.double() if dtype == torch.float64 else draw
        if self.unitary:
            q, r = torch.linalg.qr(_matrix(draw))
            draw = (q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)).flatten(-2)  # the signs make it uniform
        return (draw / torch.linalg.vector_norm(draw, dim=-1, keepdim=True)).to(dtype)

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        d = math.isqrt(dim)
        return torch.eye(d, dtype=dtype, device=device).flatten() / d**0.5

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return _product(_matrix(a), _matrix(b).mT, a)

    def _unbind(self, composite: Tensor, key: Tensor) -> Tensor:
        return _product(_matrix(composite), _matrix(key), key)

    def _unbind_left(self, composite: Tensor, key: Tensor) -> Tensor:
        return _product(_matrix(composite).mT, _matrix(key), key)

    def _inverse(self, x: Tensor) -> Tensor:
        return _matrix(x).mT.flatten(-2)

    def _power(self, x: Tensor, exponent: Any) -> Tensor:
        # bind(bind(x, x), x) and so on multiplies by the same matrix each time.
        base = self._inverse(x) if exponent < 0 else x
        if exponent == 0:
            return super()._power(x, exponent)
        matrix = _matrix(base)
        step = matrix.mT * math.sqrt(matrix.shape[-1])
        power = (matrix @ torch.linalg.matrix_power(step, abs(int(exponent)) - 1)).flatten(-2).to(x.dtype)
        return refuse_overflow(power, x, self.name, exponent)

    def _normalize(self, x: Tensor) -> Tensor:
        return unit(x)


_ORDINARY = Laws(commutative=False, associative=False, self_inverse=False, exact_unbinding=False, key_side="right")
_UNITARY = Laws(commutative=False, associative=False, self_inverse=False, exact_unbinding=True, key_side="right")

VTB = VectorDerivedTransformationBinding()
"""VTB with ordinary keys."""


def _matrix(x: Tensor) -> Tensor:
    return x.unflatten(-1, (math.isqrt(x.shape[-1]), -1))


def _product(a: Tensor, b: Tensor, like: Tensor) -> Tensor:
    # The scale goes to the right operand, which broadcasting leaves smaller, and autocast may have changed the dtype.
    return (a @ (b * math.sqrt(a.shape[-1]))).flatten(-2).to(like.dtype)
