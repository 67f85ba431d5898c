"""HRR: real vectors, bound by circular convolution.

Plate, "Holographic reduced representations", IEEE Transactions on Neural Networks 6 (3), 1995.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, refuse_overflow, unit
from vsa.algebras.checks import Device, Generator, check_flags
from vsa.algebras.fhrr import powered
from vsa.algebras.fourier import irfft, rfft


@dataclass(frozen=True)
class HolographicReducedRepresentation(CheckedAlgebra):
    """Binding is circular convolution, unbinding circular correlation, bundling addition.

    ``inverse`` is Plate's approximate inverse, the involution. It is exact for unitary vectors, those whose spectrum has modulus
    1; for others unbinding returns the right vector with noise (a cosine of about 0.71). The Fourier transforms of half
    precision vectors are taken in float32. A shift is a convolution too, so ``permute`` does not protect the order of factors.

    Attributes:
        unitary: ``random`` makes unitary vectors, so that unbinding is exact and every real power exists.
        exact: ``inverse`` and ``unbind`` divide by the spectrum. That is exact for every key, and makes noise in a bundle louder
            where the key's spectrum is small; where it is zero, nothing can be recovered, and the inverse is zero.

    Example:
        >>> unitary = HolographicReducedRepresentation(unitary=True)
        >>> a, b = unitary.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.allclose(unitary.unbind(unitary.bind(a, b), b), a, atol=1e-6)
        True
    """

    unitary: bool = False
    exact: bool = False

    name = "HRR"

    def __post_init__(self) -> None:
        check_flags(self.name, unitary=self.unitary, exact=self.exact)

    @property
    def laws(self) -> Laws:  # pyright: ignore[reportIncompatibleVariableOverride]  (read only, as all of it is)
        return _UNITARY if self.unitary else _EXACT if self.exact else _ORDINARY

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        return torch.randn(n, dim, generator=generator, dtype=torch.float32, device=device)

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        draw = draw.double() if dtype == torch.float64 else draw
        if self.unitary:
            # In double precision, because the last bit of a transform depends on how many are made together.
            spectrum = rfft(draw.double()).sgn()
            # A real vector has real ends of its spectrum. At 1 they have every real power; at -1 they would have none.
            ends = [0, dim // 2] if dim % 2 == 0 else [0]
            spectrum[..., ends] = 1
            draw = irfft(spectrum, dim)
        return (draw / torch.linalg.vector_norm(draw, dim=-1, keepdim=True)).to(dtype)

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        delta = torch.zeros(dim, dtype=dtype, device=device)
        delta[0] = 1
        return delta

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return _vector(rfft(a) * rfft(b), a)

    def _unbind(self, composite: Tensor, key: Tensor) -> Tensor:
        spectrum = rfft(key)
        return _vector(rfft(composite) * (_reciprocal(spectrum) if self.exact else spectrum.conj()), key)

    def _multibind(self, stack: Tensor, dim: int) -> Tensor:
        return _vector(rfft(stack).prod(dim), stack)

    def _inverse(self, x: Tensor) -> Tensor:
        return _vector(_reciprocal(rfft(x)), x) if self.exact else x.flip(-1).roll(1, -1)

    def _takes_power(self, exponent: float) -> bool:
        return self.unitary or float(exponent).is_integer()

    def _power(self, x: Tensor, exponent: Any) -> Tensor:
        if self.exact and exponent < 0:
            return self._power(self._inverse(x), -exponent)
        power = _vector(powered(rfft(x), exponent), x)
        return power if self.unitary else refuse_overflow(power, x, self.name, exponent)

    def _normalize(self, x: Tensor) -> Tensor:
        return unit(x)


_ORDINARY = Laws(commutative=True, associative=True, self_inverse=False, exact_unbinding=False, permute_binds=True)
_EXACT = replace(_ORDINARY, exact_unbinding=True)
_UNITARY = replace(_EXACT, fractional_powers=True, shared=2.0)

HRR = HolographicReducedRepresentation()
"""HRR with ordinary keys."""


def _vector(spectrum: Tensor, like: Tensor) -> Tensor:
    return irfft(spectrum, like.shape[-1]).to(like.dtype)


def _reciprocal(spectrum: Tensor) -> Tensor:
    nothing = spectrum == 0
    something = torch.where(nothing, 1, spectrum)
    # Not its reciprocal, which overflows inside of torch 2.6 where neither it nor its argument does.
    return torch.where(nothing, 0, something.sgn().conj() / something.abs())
