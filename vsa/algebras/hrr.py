"""HRR: real vectors, bound by circular convolution.

Plate, "Holographic reduced representations", IEEE Transactions on Neural Networks 6 (3), 1995.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, Device, Generator


@dataclass(frozen=True)
class HolographicReducedRepresentation(CheckedAlgebra):
    """Binding is circular convolution, unbinding circular correlation, bundling addition.

    ``inverse`` is Plate's approximate inverse, the involution. It is exact for unitary vectors, those whose spectrum has modulus
    1; for others unbinding returns the right vector with noise (a cosine of about 0.71). The Fourier transforms of half
    precision vectors are taken in float32.

    Attributes:
        unitary: ``random`` makes unitary vectors, so that unbinding is exact.

    Example:
        >>> unitary = HolographicReducedRepresentation(unitary=True)
        >>> a, b = unitary.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.allclose(unitary.unbind(unitary.bind(a, b), b), a, atol=1e-6)
        True
    """

    unitary: bool = False

    name = "HRR"

    @property
    def laws(self) -> Laws:  # pyright: ignore[reportIncompatibleVariableOverride]  (read only, as all of it is)
        return Laws(commutative=True, associative=True, self_inverse=False, exact_unbinding=self.unitary)

    def _random(self, n: int, dim: int, generator: Generator, dtype: torch.dtype, device: Device) -> Tensor:
        made_in = torch.float64 if dtype == torch.float64 else torch.float32
        normal = torch.randn(n, dim, generator=generator, dtype=made_in, device=device)
        if self.unitary:
            normal = torch.fft.irfft(torch.fft.rfft(normal).sgn(), n=dim)
        return F.normalize(normal, dim=-1).to(dtype)

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        delta = torch.zeros(dim, dtype=dtype, device=device)
        delta[0] = 1
        return delta

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.fft.irfft(_spectrum(a) * _spectrum(b), n=a.shape[-1]).to(a.dtype)

    def _unbind(self, composite: Tensor, key: Tensor) -> Tensor:
        return torch.fft.irfft(_spectrum(composite) * _spectrum(key).conj(), n=key.shape[-1]).to(key.dtype)

    def _inverse(self, x: Tensor) -> Tensor:
        return x.flip(-1).roll(1, -1)

    def _normalize(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=-1)


HRR = HolographicReducedRepresentation()
"""HRR with ordinary keys."""


def _spectrum(x: Tensor) -> Tensor:
    return torch.fft.rfft(x.float() if x.dtype in (torch.float16, torch.bfloat16) else x)
