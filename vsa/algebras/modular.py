"""Models whose elements are integers modulo block_size: BSBC, MCR and CGR, as torchhd has them.

Laiho et al., "High-dimensional computing with sparse vectors", BioCAS 2015 (BSBC); Snaider and Franklin, "Modular composite
representation", Cognitive Computation 6, 2014 (MCR); Yu et al., "Understanding hyperdimensional computing for parallel
single-pass learning", NeurIPS 2022 (CGR).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, weighted_sum
from vsa.algebras.checks import Device, Generator, readable, refuse_nan
from vsa.algebras.fhrr import FHRR
from vsa.algebras.fourier import irfft, rfft
from vsa.algebras.sbc import SparseBlockCode
from vsa.algebras.torchhd_model import model_of, plain
from vsa.errors import AlgebraError, RangeError


class ModularModel(CheckedAlgebra):
    """A model whose elements are integers modulo block_size, bound by adding them: BSBC, MCR and CGR.

    That is a line of torch for each verb, so torchhd's tensors are taken and given, but not used.

    They differ in similarity (the share of equal elements in BSBC, the circular distance in the others) and in the bundle (the
    most frequent element, of equals the lowest, in BSBC and CGR; the angle of the sum of phasors, rounded, in MCR, where
    phasors that cancel give 0).
    """

    backend = "torchhd"
    dtype = torch.int64

    def __init__(self, name: str, block_size: int = 16) -> None:
        if not isinstance(block_size, int) or isinstance(block_size, bool) or block_size < 2:
            raise RangeError(f"{name}: block_size must be an integer of at least 2, got {block_size!r}")
        self.name, self.block_size = name, block_size
        self._model = model_of(name)
        kernel = self._kernel()
        self.laws = Laws(
            commutative=True,
            associative=True,
            self_inverse=block_size == 2,
            exact_unbinding=True,
            bundling="majority",
            expected_similarity=round(kernel.mean().item(), 12),
            spread=kernel.var(correction=0).item(),
        )
        # The square root of the kernel: rows whose inner products are similarities. Circulant, so Fourier finds it.
        root = irfft(rfft(kernel).real.clamp_min(0).sqrt() + 0j, block_size)
        steps = torch.arange(block_size)
        self._features = root[(steps[:, None] - steps) % block_size].float()

    @property
    def relaxation(self) -> CheckedAlgebra:
        return FHRR if self.name == "MCR" else SparseBlockCode(self.block_size)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModularModel) and (other.name, other.block_size) == (self.name, self.block_size)

    def __hash__(self) -> int:
        return hash((ModularModel, self.name, self.block_size))

    def __repr__(self) -> str:
        return f"TorchhdAlgebra({self.name!r}, block_size={self.block_size})"

    def _kernel(self) -> Tensor:
        """The similarity of an element with one that differs by 0, 1, ..., block_size - 1."""
        steps = torch.arange(self.block_size, dtype=torch.float64)
        if self.name == "BSBC":
            return (steps == 0).double()
        return 1 - 4 * torch.minimum(steps, self.block_size - steps) / self.block_size

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        return torch.randint(self.block_size, (n, dim), generator=generator, device=device)

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        return draw.to(dtype)

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        return torch.zeros(dim, dtype=dtype, device=device)

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return self._returned((plain(a) + plain(b)) % self.block_size, a, b)

    def _unbind(self, composite: Tensor, key: Tensor) -> Tensor:
        return self._returned((plain(composite) - plain(key)) % self.block_size, composite, key)

    def _multibind(self, stack: Tensor, dim: int) -> Tensor:
        return self._returned((plain(stack).sum(dim) % self.block_size).to(stack.dtype), stack)

    def _inverse(self, x: Tensor) -> Tensor:
        return self._returned(-plain(x) % self.block_size, x)

    def _permute(self, x: Tensor, shifts: int) -> Tensor:
        return self._returned(plain(x).roll(shifts, -1), x)

    def _negative(self, x: Tensor) -> Tensor:
        raise AlgebraError(f"negative: {self.name} has no vector that is opposite to another")

    def _normalize(self, x: Tensor) -> Tensor:
        return x

    def _to_sum(self, x: Tensor) -> Tensor:
        if self.name == "MCR":
            # In double precision: where phasors nearly cancel, rounding would move an angle past a tie.
            angle = self._places(x).double() * (2 * torch.pi / self.block_size)
            return torch.complex(angle.cos(), angle.sin())
        places = torch.arange(self.block_size, device=x.device)
        return (self._places(x).unsqueeze(-1) == places).float().flatten(-2)

    def _from_sum(self, total: Tensor) -> Tensor:
        refuse_nan(total, self.name)
        if self.name == "MCR":
            # Opposite phasors cancel up to rounding, and angles halfway between two elements are ties up to rounding: what is
            # this close is decided the same way, whatever the order of the sum.
            angle = torch.where(total.abs() > 1e-4, total.angle(), 0)
            return (angle * (self.block_size / (2 * torch.pi)) + 0.5001).floor().long() % self.block_size
        return total.unflatten(-1, (-1, self.block_size)).argmax(-1)

    def _bundle(self, stack: Tensor, dim: int, weights: Tensor | None) -> Tensor:
        if weights is None and self.name != "MCR":
            return self._returned(plain(stack).mode(dim).values, stack)
        return self._returned(self._from_sum(weighted_sum(self._to_sum(stack), dim, weights)).to(stack.dtype), stack)

    def _similarity(self, a: Tensor, b: Tensor) -> Tensor:
        if self.name == "BSBC":
            return (plain(a) == plain(b)).sum(-1, dtype=torch.float32) / a.shape[-1]
        a, b = self._places(a), self._places(b)
        steps = (a - b).abs()
        return 1 - torch.minimum(steps, self.block_size - steps).sum(-1).float() * (4 / self.block_size / a.shape[-1])

    def _as_real(self, x: Tensor) -> Tensor:
        return self._features.to(x.device)[self._places(x).long()].flatten(-2)

    def _takes(self, dtype: torch.dtype) -> bool:
        return dtype in (torch.int16, torch.int32, torch.int64)

    def _places(self, x: Tensor) -> Tensor:
        x = plain(x)
        if x.numel() and readable(x):
            low, high = (int(bound) for bound in x.aminmax())
            if low < 0 or high >= self.block_size:
                raise RangeError(f"{self.name}: elements are from 0 to {self.block_size - 1}; these are from {low} to {high}")
        return x

    def _returned(self, result: Tensor, *given: Tensor) -> Tensor:
        if not any(isinstance(x, self._model) for x in given):
            return result
        wrapped = result.as_subclass(self._model)
        wrapped.block_size = self.block_size
        return wrapped
