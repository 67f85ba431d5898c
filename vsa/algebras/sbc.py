"""SBC: sparse block codes, one active element in each block, bound by circular convolution block by block.

Laiho, Poikonen, Kanerva, Lehtonen, "High-dimensional computing with sparse vectors", BioCAS 2015; Frady, Kleyko, Sommer,
"Variable binding for sparse distributed representations", IEEE TNNLS 34 (5), 2023.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, straight_through
from vsa.algebras.checks import Device, Generator
from vsa.algebras.fourier import irfft, rfft
from vsa.errors import RangeError


@dataclass(frozen=True)
class SparseBlockCode(CheckedAlgebra):
    """Real vectors [*batch, dim] of dim / block_size blocks, each with a single 1: binding adds places, modulo the block size.

    Sums of such vectors are vectors too, bound by circular convolution in each block. ``normalize`` keeps the largest element of
    each block, with a straight-through gradient; of equals the first, and a block without any positive element stays zero.

    Attributes:
        block_size: how many elements a block has; random vectors have a similarity of 1 / block_size.

    Example:
        >>> a, b = SBC.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> int(a.sum()), torch.allclose(SBC.unbind(SBC.bind(a, b), b), a, atol=1e-6)
        (64, True)
    """

    block_size: int = 16

    name = "SBC"

    def __post_init__(self) -> None:
        if not isinstance(self.block_size, int) or isinstance(self.block_size, bool) or self.block_size < 2:
            raise RangeError(f"SBC: block_size must be an integer of at least 2, got {self.block_size!r}")

    @property
    def laws(self) -> Laws:  # pyright: ignore[reportIncompatibleVariableOverride]  (read only, as all of it is)
        return Laws(
            commutative=True,
            associative=True,
            self_inverse=False,
            exact_unbinding=True,
            expected_similarity=1 / self.block_size,
            spread=1 - 1 / self.block_size,
        )

    def _misfit(self, dim: int) -> str | None:
        return f"SBC has blocks of {self.block_size}, of which dim must be a multiple" if dim % self.block_size else None

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        return torch.randint(self.block_size, (n, dim // self.block_size), generator=generator, device=device)

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        return self._ones_at(draw, dtype)

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        return self._ones_at(torch.zeros(dim // self.block_size, dtype=torch.int64, device=device), dtype)

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return self._vector(self._spectra(a) * self._spectra(b), a)

    def _unbind(self, composite: Tensor, key: Tensor) -> Tensor:
        return self._vector(self._spectra(composite) * self._spectra(key).conj(), key)

    def _multibind(self, stack: Tensor, dim: int) -> Tensor:
        return self._vector(self._spectra(stack).prod(dim - 1), stack)

    def _inverse(self, x: Tensor) -> Tensor:
        return self._blocks(x).flip(-1).roll(1, -1).flatten(-2)

    def _takes_power(self, exponent: float) -> bool:
        return float(exponent).is_integer()

    def _power(self, x: Tensor, exponent: Any) -> Tensor:
        spectra = self._spectra(x if exponent >= 0 else self._inverse(x))
        return self._vector(spectra ** abs(int(exponent)), x)

    def _normalize(self, x: Tensor) -> Tensor:
        blocks = self._blocks(x)
        best, place = blocks.max(-1)
        hard = torch.zeros_like(blocks).scatter(-1, place.unsqueeze(-1), (best > 0).to(x.dtype).unsqueeze(-1))
        return straight_through(hard.flatten(-2), x)

    def _permute(self, x: Tensor, shifts: int) -> Tensor:
        return self._blocks(x).roll(shifts, -2).flatten(-2)

    def _blocks(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.block_size))

    def _ones_at(self, places: Tensor, dtype: torch.dtype) -> Tensor:
        return (places.unsqueeze(-1) == torch.arange(self.block_size, device=places.device)).to(dtype).flatten(-2)

    def _spectra(self, x: Tensor) -> Tensor:
        return rfft(self._blocks(x))

    def _vector(self, spectra: Tensor, like: Tensor) -> Tensor:
        return irfft(spectra, self.block_size).flatten(-2).to(like.dtype)


SBC = SparseBlockCode()
"""SBC with blocks of 16."""
