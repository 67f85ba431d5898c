"""FHRR: vectors of unit phasors, bound by adding their angles.

Plate, "Holographic reduced representation: distributed representation for cognitive structures", 2003, chapter 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, Device, Generator


@dataclass(frozen=True)
class FourierHolographicReducedRepresentation(CheckedAlgebra):
    """Complex vectors: binding multiplies, the inverse conjugates, bundling adds.

    ``normalize`` brings each element back to modulus 1; an element that is 0 has no angle, and stays 0.

    Example:
        >>> a, b = FHRR.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.allclose(FHRR.unbind(FHRR.bind(a, b), b), a, atol=1e-6)
        True
    """

    name = "FHRR"
    laws = Laws(commutative=True, associative=True, self_inverse=False, exact_unbinding=True)
    dtype = torch.complex64

    def _random(self, n: int, dim: int, generator: Generator, dtype: torch.dtype, device: Device) -> Tensor:
        angle = torch.rand(n, dim, generator=generator, dtype=dtype.to_real(), device=device) * (2 * math.pi)
        return torch.polar(torch.ones_like(angle), angle)

    def _inverse(self, x: Tensor) -> Tensor:
        return x.conj().resolve_conj()

    def _normalize(self, x: Tensor) -> Tensor:
        return x.sgn()

    def _takes(self, dtype: torch.dtype) -> bool:
        return dtype.is_complex


FHRR = FourierHolographicReducedRepresentation()
