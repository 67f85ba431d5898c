"""MAP: bipolar vectors, multiplied element by element.

Gayler, "Multiplicative binding, representation operators and analogy", 1998; arXiv cs/0412059.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vsa.algebra import Laws
from vsa.algebras.base import CheckedAlgebra, straight_through, weighted_sum
from vsa.algebras.bits import bits_of, random_words
from vsa.algebras.checks import FLOATING, Device, Generator, check_flags, readable
from vsa.errors import RangeError


@dataclass(frozen=True)
class MultiplyAddPermute(CheckedAlgebra):
    """Binding multiplies, and a vector of -1 and 1 undoes itself.

    ``normalize`` takes the sign, with a straight-through gradient; a tie stays 0. Vectors may be floating or integer; integers
    are bundled in int64, and a product that would not fit their dtype is an error.

    Attributes:
        majority: bundling takes the sign of the sum (MAP-B). Without it, the sum is kept (MAP-I).

    Example:
        >>> a, b = MAP.random(2, 1024, generator=torch.Generator().manual_seed(0))
        >>> torch.equal(MAP.unbind(MAP.bind(a, b), b), a)
        True
        >>> MultiplyAddPermute(majority=True).bundle(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))
        tensor([1., 0.])
    """

    majority: bool = False

    name = "MAP"

    def __post_init__(self) -> None:
        check_flags(self.name, majority=self.majority)

    @property
    def laws(self) -> Laws:  # pyright: ignore[reportIncompatibleVariableOverride]  (read only, as all of it is)
        return _MAJORITY if self.majority else _SUM

    @property
    def relaxation(self) -> MultiplyAddPermute:
        return MAP

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        return random_words(n, -(-dim // 64), generator, device)

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        made = bits_of(draw, 1, -1, dtype)
        return made if made.shape[-1] == dim else made[..., :dim].contiguous()

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        if not a.is_floating_point():
            self._check_product("bind", a, b)
        return a * b

    def _inverse(self, x: Tensor) -> Tensor:
        return x

    def _multibind(self, stack: Tensor, dim: int) -> Tensor:
        if not stack.is_floating_point():
            self._check_product("multibind", *stack.unbind(dim))
        return stack.prod(dim, dtype=stack.dtype)

    def _bundle(self, stack: Tensor, dim: int, weights: Tensor | None) -> Tensor:
        return self._from_sum(weighted_sum(stack, dim, weights))

    def _from_sum(self, total: Tensor) -> Tensor:
        return self._normalize(total) if self.majority else total

    def _normalize(self, x: Tensor) -> Tensor:
        return straight_through(x.sign(), x) if x.is_floating_point() else x.sign()

    def _takes(self, dtype: torch.dtype) -> bool:
        return dtype in FLOATING or dtype in _INTEGERS

    def _check_product(self, verb: str, *factors: Tensor) -> None:
        """Whether these integers can be multiplied in their dtype."""
        if not all(x.numel() and readable(x) for x in factors):
            return
        largest = 1
        for x in factors:
            low, high = (int(bound) for bound in x.aminmax())
            largest *= max(-low, high)
        dtype = factors[0].dtype
        if largest > torch.iinfo(dtype).max:
            raise RangeError(f"{verb}: a product as large as {largest} would overflow {dtype}; make them floating: x.float()")


_SUM = Laws(commutative=True, associative=True, self_inverse=True, exact_unbinding=True)
_MAJORITY = Laws(commutative=True, associative=True, self_inverse=True, exact_unbinding=True, bundling="majority")
_INTEGERS = (torch.int8, torch.int16, torch.int32, torch.int64)

MAP = MultiplyAddPermute()
"""MAP whose bundles are sums."""
