"""MAP: bipolar vectors, multiplied element by element.

Gayler, "Multiplicative binding, representation operators and analogy", 1998; arXiv cs/0412059.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, Device, Generator


@dataclass(frozen=True)
class MultiplyAddPermute(CheckedAlgebra):
    """Binding multiplies, bundling adds, and a vector of -1 and 1 undoes itself.

    The bundle is kept as a sum (MAP-I). ``normalize`` takes the sign, with a straight-through gradient; a tie stays 0. Vectors
    may be floating or integer.

    Example:
        >>> a, b = MAP.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.equal(MAP.unbind(MAP.bind(a, b), b), a)
        True
    """

    name = "MAP"
    laws = Laws(commutative=True, associative=True, self_inverse=True, exact_unbinding=True)

    def _random(self, n: int, dim: int, generator: Generator, dtype: torch.dtype, device: Device) -> Tensor:
        bits = torch.randint(0, 2, (n, dim), generator=generator, dtype=torch.int8, device=device)
        return (2 * bits - 1).to(dtype)

    def _inverse(self, x: Tensor) -> Tensor:
        return x

    def _normalize(self, x: Tensor) -> Tensor:
        sign = x.sign()
        return sign + (x - x.detach()) if x.requires_grad else sign

    def _takes(self, dtype: torch.dtype) -> bool:
        return not dtype.is_complex and dtype != torch.bool


MAP = MultiplyAddPermute()
