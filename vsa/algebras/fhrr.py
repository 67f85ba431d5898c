"""FHRR: vectors of unit phasors, bound by adding their angles.

Plate, "Holographic reduced representation: distributed representation for cognitive structures", 2003, chapter 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra
from vsa.algebras.checks import Device, Generator


@dataclass(frozen=True)
class FourierHolographicReducedRepresentation(CheckedAlgebra):
    """Complex vectors: binding multiplies, the inverse conjugates, bundling adds.

    ``normalize`` brings each element back to modulus 1; an element that is 0 has no angle, and stays 0. ``power`` multiplies the
    angles, which lie in (-pi, pi].

    Example:
        >>> a, b = FHRR.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.allclose(FHRR.unbind(FHRR.bind(a, b), b), a, atol=1e-6)
        True
    """

    name = "FHRR"
    laws = Laws(commutative=True, associative=True, self_inverse=False, exact_unbinding=True, fractional_powers=True, spread=0.5)
    dtype = torch.complex64

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        return torch.empty(n, dim, dtype=torch.float32, device=device).uniform_(0, 2 * math.pi, generator=generator)

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        draw = draw.to(dtype.to_real())
        return torch.complex(draw.cos(), draw.sin())  # faster than torch.polar

    def _inverse(self, x: Tensor) -> Tensor:
        return x.conj().resolve_conj()

    def _unbind(self, composite: Tensor, key: Tensor) -> Tensor:
        return composite * key.conj()

    def _multibind(self, stack: Tensor, dim: int) -> Tensor:
        return stack.prod(dim)

    def _power(self, x: Tensor, exponent: Any) -> Tensor:
        return powered(x, exponent)

    def _normalize(self, x: Tensor) -> Tensor:
        return x.sgn()

    def _takes(self, dtype: torch.dtype) -> bool:
        return dtype in (torch.complex64, torch.complex128)


FHRR = FourierHolographicReducedRepresentation()


def powered(x: Tensor, exponent: float) -> Tensor:
    """Each angle times the exponent, and each modulus to that power; a negative power conjugates, as the inverse does."""
    modulus = x.abs()
    nothing = modulus == 0  # its power below 1 has no derivative
    modulus = torch.where(nothing, exponent == 0, torch.where(nothing, 1, modulus) ** abs(exponent))
    return torch.polar(modulus, x.angle() * exponent)
