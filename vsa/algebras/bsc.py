"""BSC: binary vectors, bound by exclusive or.

Kanerva, "Binary spatter-coding of ordered K-tuples", ICANN 1996.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, weighted_sum
from vsa.algebras.bits import bits_of, fixed_words, random_words
from vsa.algebras.checks import Device, Generator, readable, refuse_nan
from vsa.algebras.map import MAP, MultiplyAddPermute


@dataclass(frozen=True)
class BinarySpatterCode(CheckedAlgebra):
    """Vectors of bool: binding is exclusive or, bundling the majority, the similarity of a and b is 1 - 2 hamming(a, b) / dim.

    It is MAP with 0 for 1 and 1 for -1: ``to_sum`` and ``as_real`` translate. A tie is decided like a coin that falls the same
    way each time for the same vectors: by a fixed random bit and the votes at two other places. So an even bundle that is
    permuted is the bundle of the permuted vectors but for its ties.

    A bundle of bundles forgets how clear each vote was. To collect vectors one by one, add up ``to_sum`` of each and take
    ``from_sum`` at the end, as the structures do.

    Example:
        >>> a, b = BSC.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.equal(BSC.unbind(BSC.bind(a, b), b), a)
        True
    """

    name = "BSC"
    laws = Laws(commutative=True, associative=True, self_inverse=True, exact_unbinding=True, bundling="majority")
    dtype = torch.bool

    @property
    def relaxation(self) -> MultiplyAddPermute:
        return MAP

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        return random_words(n, -(-dim // 64), generator, device)

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        made = bits_of(draw, 0, 1, dtype)
        return made if made.shape[-1] == dim else made[..., :dim].contiguous()

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        return torch.zeros(dim, dtype=dtype, device=device)

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return a ^ b

    def _inverse(self, x: Tensor) -> Tensor:
        return x

    def _multibind(self, stack: Tensor, dim: int) -> Tensor:
        return reduce(xor, stack.unbind(dim))

    def _bundle(self, stack: Tensor, dim: int, weights: Tensor | None) -> Tensor:
        if weights is not None:
            return self._from_sum(weighted_sum(self._to_sum(stack), dim, weights))
        n = stack.shape[dim]
        ones = count_ones(stack, dim)
        return ones > n // 2 if n % 2 else self._settled(ones > n // 2, ones == n // 2)

    def _to_sum(self, x: Tensor) -> Tensor:
        return self._as_real(x)

    def _from_sum(self, total: Tensor) -> Tensor:
        refuse_nan(total, self.name)
        return self._settled(total < 0, total == 0)

    def _settled(self, majority: Tensor, tied: Tensor) -> Tensor:
        """The majority, 0 in a tie, with the coins that decide ties.

        Each is a fixed random bit, which is not like its own shift, turned by the votes at two other places; else the ties of
        any two bundles would agree.
        """
        step = 64 * (self._elements(majority) // 192)  # about a third, in whole words
        turned = self._permute(majority, step) ^ self._permute(majority, 2 * step)
        return majority | (tied & (self._coins(majority) ^ turned))

    def _coins(self, like: Tensor) -> Tensor:
        """A fixed random vector."""
        dim = like.shape[-1]
        return bits_of(fixed_words(-(-dim // 64), like.device), 0, 1, torch.bool)[:dim]

    def _similarity(self, a: Tensor, b: Tensor) -> Tensor:
        return 1 - self._distance(a, b) * (2 / self._elements(a))

    def _distance(self, a: Tensor, b: Tensor) -> Tensor:
        """How many bits differ, in float32."""
        return (a ^ b).float().sum(-1)

    def _negative(self, x: Tensor) -> Tensor:
        return ~x

    def _normalize(self, x: Tensor) -> Tensor:
        return x

    def _as_real(self, x: Tensor) -> Tensor:
        return 1 - 2 * x.float()

    def _takes(self, dtype: torch.dtype) -> bool:
        return dtype == torch.bool


BSC = BinarySpatterCode()


def count_ones(stack: Tensor, dim: int) -> Tensor:
    """How many of a stack of bool are True; in the smallest integers that can count them, because that is the fastest."""
    if stack.shape[dim] > 255:
        return stack.sum(dim)
    ones = stack.view(torch.uint8) if readable(stack) else stack.to(torch.uint8)  # torch.vmap views no dtypes before 2.8
    return sum(ones.unbind(dim), start=torch.zeros((), dtype=torch.uint8, device=stack.device))
