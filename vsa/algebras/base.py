"""What every algebra here shares: the checks at the door, and what follows from binding and inversion alone.

A model is a subclass that writes only its mathematics (`_bind`, `_inverse`, ...), on tensors that were checked.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from vsa.algebra import Laws, Side
from vsa.algebras.checks import Checks, Device, Generator, explained, integer, readable, unmade
from vsa.devices import in_autocast
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float, Num, Shaped


class CheckedAlgebra(Checks):
    """Base of the algebras: public methods check, then call the model's own mathematics.

    Shapes, errors and the meaning of each method are those of the verb of the same name in `vsa.verbs`.
    """

    laws: Laws
    backend = "native"

    @property
    def relaxation(self) -> CheckedAlgebra:
        return self

    def random(
        self,
        n: int,
        dim: int,
        *,
        generator: Generator = None,
        dtype: torch.dtype | None = None,
        device: Device = None,
    ) -> Shaped[Tensor, "n dim"]:
        n, dim = self._check_count("random", "n", n, 0), self._check_dim("random", dim)
        dtype = self._check_dtype("random", self.dtype if dtype is None else dtype)
        self._check_size("random", n, dim)
        self._check_source("random", generator, device)
        try:
            draw = self._draw(n, dim, generator, device if generator is None else generator.device)
            made = self._form(draw, dim, dtype)
            return made if device is None else made.to(device)
        except (RuntimeError, AssertionError) as error:
            raise unmade(error, "random", self.name, f"{n} vectors of dim={dim}", device) from error

    def seeded(self, seeds: list[int], dim: int, *, dtype: torch.dtype | None = None) -> Shaped[Tensor, "n dim"]:
        """One random vector for each seed, [n, dim], on the CPU: the vector of a seed does not depend on the others."""
        dim = self._check_dim("seeded", dim)
        dtype = self._check_dtype("seeded", self.dtype if dtype is None else dtype)
        self._check_size("seeded", len(seeds), dim)
        generator = torch.Generator()
        none = self._form(self._draw(0, dim, generator, None), dim, dtype)
        try:
            made = none.new_empty(len(seeds), none.shape[-1])
        except RuntimeError as error:
            raise unmade(error, "seeded", self.name, f"{len(seeds)} vectors of dim={dim}", None) from error
        for start in range(0, len(seeds), 1024):  # few enough to stay in the cache
            draws = [self._draw(1, dim, generator.manual_seed(seed), None) for seed in seeds[start : start + 1024]]
            made[start : start + 1024] = self._form(torch.cat(draws), dim, dtype)
        return made

    def identity(self, dim: int, *, dtype: torch.dtype | None = None, device: Device = None) -> Shaped[Tensor, " dim"]:
        dim = self._check_dim("identity", dim)
        dtype = self._check_dtype("identity", self.dtype if dtype is None else dtype)
        self._check_size("identity", 1, dim)
        self._check_source("identity", None, device)
        try:
            return self._identity(dim, dtype, device)
        except (RuntimeError, AssertionError) as error:
            raise unmade(error, "identity", self.name, f"a vector of dim={dim}", device) from error

    def bind(self, a: Shaped[Tensor, "*batch_a dim"], b: Shaped[Tensor, "*batch_b dim"]) -> Shaped[Tensor, "*batch dim"]:
        try:
            a, b = self._check_pair("bind", a, b)
            return self._bind(a, b)
        except RuntimeError as error:
            raise explained(error, "bind", self.name, a, b) from error

    def unbind(
        self, composite: Shaped[Tensor, "*batch_a dim"], key: Shaped[Tensor, "*batch_b dim"], side: Side = "right"
    ) -> Shaped[Tensor, "*batch dim"]:
        try:
            composite, key = self._check_pair("unbind", composite, key)
            if side == "right":
                return self._unbind(composite, key)
            if side == "left":
                return self._unbind_left(composite, key)
        except RuntimeError as error:
            raise explained(error, "unbind", self.name, composite, key) from error
        raise RangeError(f'unbind: side is where the key stood in bind, "right" or "left"; got {side!r}')

    def multibind(self, stack: Shaped[Tensor, "..."], dim: int = -2) -> Shaped[Tensor, "..."]:
        try:
            dim = self._check_stack("multibind", stack, dim)
            return self._multibind(stack, dim)
        except RuntimeError as error:
            raise explained(error, "multibind", self.name, stack) from error

    def bundle(
        self, stack: Shaped[Tensor, "..."], dim: int = -2, weights: Num[Tensor, "..."] | None = None
    ) -> Shaped[Tensor, "..."]:
        try:
            dim = self._check_stack("bundle", stack, dim)
            if weights is not None:
                weights = self._check_weights(stack, dim, weights)
            return self._bundle(stack, dim, weights)
        except RuntimeError as error:
            raise explained(error, "bundle", self.name, stack) from error

    def permute(self, x: Shaped[Tensor, "*batch dim"], shifts: int = 1) -> Shaped[Tensor, "*batch dim"]:
        try:
            self._check_vectors("permute", x)
            shifts = integer("permute", "shifts", shifts)
            if not -(2**31) < shifts < 2**31:  # more than torch counts
                shifts %= self._elements(x)
            return self._permute(x, shifts)
        except RuntimeError as error:
            raise explained(error, "permute", self.name, x) from error

    def inverse(self, x: Shaped[Tensor, "*batch dim"]) -> Shaped[Tensor, "*batch dim"]:
        try:
            self._check_vectors("inverse", x)
            return self._inverse(x)
        except RuntimeError as error:
            raise explained(error, "inverse", self.name, x) from error

    def negative(self, x: Shaped[Tensor, "*batch dim"]) -> Shaped[Tensor, "*batch dim"]:
        try:
            self._check_vectors("negative", x)
            return self._negative(x)
        except RuntimeError as error:
            raise explained(error, "negative", self.name, x) from error

    def power(self, x: Shaped[Tensor, "*batch dim"], exponent: float) -> Shaped[Tensor, "*batch dim"]:
        try:
            self._check_vectors("power", x)
            return self._power(x, self._check_exponent(exponent))
        except RuntimeError as error:
            raise explained(error, "power", self.name, x) from error

    def normalize(self, x: Shaped[Tensor, "*batch dim"]) -> Shaped[Tensor, "*batch dim"]:
        try:
            self._check_vectors("normalize", x)
            return self._normalize(x)
        except RuntimeError as error:
            raise explained(error, "normalize", self.name, x) from error

    def dot(self, a: Shaped[Tensor, "*batch_a dim"], b: Shaped[Tensor, "*batch_b dim"]) -> Float[Tensor, "*batch"]:
        try:
            a, b = self._check_pair("dot", a, b)
            return _inner(_wide(self._as_real(a)), _wide(self._as_real(b)))
        except RuntimeError as error:
            raise explained(error, "dot", self.name, a, b) from error

    def similarity(self, a: Shaped[Tensor, "*batch_a dim"], b: Shaped[Tensor, "*batch_b dim"]) -> Float[Tensor, "*batch"]:
        try:
            a, b = self._check_pair("similarity", a, b)
            return self._similarity(a, b)
        except RuntimeError as error:
            raise explained(error, "similarity", self.name, a, b) from error

    def to_sum(self, x: Shaped[Tensor, "*batch dim"]) -> Num[Tensor, "*batch sum_dim"]:
        try:
            self._check_vectors("to_sum", x)
            return self._to_sum(x)
        except RuntimeError as error:
            raise explained(error, "to_sum", self.name, x) from error

    def from_sum(self, total: Num[Tensor, "*batch sum_dim"]) -> Shaped[Tensor, "*batch dim"]:
        try:
            self.relaxation._check_vectors("from_sum", total)
            return self._from_sum(total)
        except RuntimeError as error:
            raise explained(error, "from_sum", self.name, total) from error

    def as_real(self, x: Shaped[Tensor, "*batch dim"]) -> Float[Tensor, "*batch real_dim"]:
        try:
            self._check_vectors("as_real", x)
            return self._as_real(x)
        except RuntimeError as error:
            raise explained(error, "as_real", self.name, x) from error

    # The mathematics of a model. `dim` of a stack is negative.

    def _draw(self, n: int, dim: int, generator: Generator, device: Device) -> Tensor:
        """The random numbers of n vectors, [n, ...]: the same ones, whatever dtype they will have."""
        raise NotImplementedError

    def _form(self, draw: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        """The vectors that these random numbers make."""
        raise NotImplementedError

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        return torch.ones(dim, dtype=dtype, device=device)

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b

    def _inverse(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _unbind(self, composite: Tensor, key: Tensor) -> Tensor:
        return self._bind(composite, self._inverse(key))

    def _unbind_left(self, composite: Tensor, key: Tensor) -> Tensor:
        return self._unbind(composite, key)

    def _multibind(self, stack: Tensor, dim: int) -> Tensor:
        first, *others = stack.unbind(dim)
        for other in others:
            first = self._bind(first, other)
        return first

    def _bundle(self, stack: Tensor, dim: int, weights: Tensor | None) -> Tensor:
        return self._from_sum(weighted_sum(self._to_sum(stack), dim, weights))

    def _to_sum(self, x: Tensor) -> Tensor:
        return x

    def _from_sum(self, total: Tensor) -> Tensor:
        return total

    def _permute(self, x: Tensor, shifts: int) -> Tensor:
        return x.roll(shifts, -1)

    def _negative(self, x: Tensor) -> Tensor:
        return -x

    def _takes_power(self, exponent: float) -> bool:
        return self.laws.fractional_powers or float(exponent).is_integer()

    def _elements(self, x: Tensor) -> int:
        """The dimension that ``random`` was asked for."""
        return x.shape[-1]

    def _power(self, x: Tensor, exponent: Any) -> Tensor:
        base = x if exponent >= 0 else self._inverse(x)
        if exponent == 0:
            return self._identity(self._elements(x), x.dtype, x.device).expand_as(x).clone()
        left = abs(int(exponent))
        if not self.laws.associative:
            return reduce(self._bind, [base] * left)
        result = None
        while True:  # the powers of two of which the exponent is the sum are enough
            if left & 1:
                result = base if result is None else self._bind(result, base)
            left >>= 1
            if not left and result is not None:
                return result
            base = self._bind(base, base)

    def _normalize(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _similarity(self, a: Tensor, b: Tensor) -> Tensor:
        a, b = _wide(self._as_real(a)), _wide(self._as_real(b))
        (a, length), (b, other) = _in_range(a), _in_range(b)
        # Rounding can carry a cosine just past one.
        return (_inner(a, b) / (length * other).squeeze(-1)).clamp(-1, 1)

    def _as_real(self, x: Tensor) -> Tensor:
        if x.is_complex():
            return torch.view_as_real(x.resolve_conj()).flatten(-2)
        return x if x.is_floating_point() else x.float()


def weighted_sum(stack: Tensor, dim: int, weights: Tensor | None) -> Tensor:
    """The sum of a stack over a dimension, each vector times its weight; of integers in int64, or in the weights' dtype. What is
    half precision is multiplied and added in float32."""
    if weights is not None:
        exact = not (stack.is_floating_point() or stack.is_complex())
        dtype = (weights.dtype if weights.is_floating_point() else torch.int64) if exact else stack.dtype
        wide = torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype
        return (stack.to(wide) * weights.to(wide).unsqueeze(-1)).sum(dim).to(dtype)
    if stack.dtype == torch.int64 and stack.numel() and readable(stack):
        low, high = (int(bound) for bound in stack.aminmax())
        if max(-low, high) * stack.shape[dim] >= 2**63:
            raise RangeError("bundle: the sum of these integers would overflow int64; make them floating: stack.double()")
    return stack.sum(dim)


def refuse_overflow(power: Tensor, x: Tensor, name: str, exponent: float) -> Tensor:
    """The power, unless it is beyond the range of its dtype: sums of what overflowed are NaN, and hide why."""
    if readable(power) and not bool(power.isfinite().all()) and bool(x.isfinite().all()):
        raise RangeError(
            f"power: the power {exponent} of these vectors of {name} overflows {power.dtype}; vectors of unitary=True keep their "
            "length in every power; of others, take a lower power, or double precision: x.double()"
        )
    return power


def unit(x: Tensor) -> Tensor:
    """The same direction with length 1; a zero vector stays zero, and has a finite gradient."""
    wide, length = _in_range(_wide(x))
    return (wide / length).to(x.dtype)


def _in_range(x: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors of the same directions whose products neither overflow nor vanish, and their lengths, [*batch, 1]; 1 for a zero."""
    if x.device.type == "cpu" and x.numel() and readable(x):  # here a look costs little, and nearly always saves the scaling
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        seen = length.detach()
        low, high = (seen, seen) if seen.numel() == 1 else seen.aminmax()
        if low.item() > 1e-18 and high.item() < 1e18:
            return x, length
    largest = torch.linalg.vector_norm(x.detach(), torch.inf, dim=-1, keepdim=True)
    x = x / torch.where((largest > 0) & (largest < torch.inf), largest, 1)
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x, torch.where(length > 0, length, 1)


def straight_through(hard: Tensor, x: Tensor) -> Tensor:
    """The hard choice, with the derivative of x, backward and forward. A NaN in x stays one."""
    if x.requires_grad or forward_ad._current_level >= 0:
        finite = torch.where(x.isfinite(), x, 0)  # infinity minus itself would be NaN
        hard = hard + (finite - finite.detach())
    return torch.where(x.isnan(), x, hard)


def _inner(a: Tensor, b: Tensor) -> Tensor:
    """The inner products of real vectors. With one vector it is a matrix product, which autocast would make coarser."""
    if b.ndim == 1 and a.ndim > 1 and not in_autocast(a.device):
        return a @ b
    return (a * b).sum(-1)


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
