"""What a user can get wrong in any algebra, and what is said then.

The first line of each check is what a right call pays for.
"""

from __future__ import annotations

import operator
from typing import TypeAlias

import torch
from torch import Tensor

from vsa.algebra import carried_by
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError

Device: TypeAlias = torch.device | str | None
Generator: TypeAlias = torch.Generator | None


def readable(x: Tensor) -> bool:
    """Whether the values of a tensor can be looked at: not while it is compiled or vmapped, nor where it has none."""
    if torch.compiler.is_compiling():
        return False
    return x.device.type != "meta" and not torch._C._functorch.is_functorch_wrapped_tensor(x)  # pyright: ignore[reportAttributeAccessIssue]


def _broadcast(shape: torch.Size, other: torch.Size) -> bool:
    """Whether vectors of these shapes have one dimension, and batches that broadcast."""
    batches = zip(shape[-2::-1], other[-2::-1], strict=False)
    return shape[-1:] == other[-1:] and all(m == n or m == 1 or n == 1 for m, n in batches)


def refuse_nan(total: Tensor, name: str) -> None:
    """A choice would hide a NaN, so it must not come so far."""
    if not total.dtype.is_floating_point and not total.is_complex():
        return
    if readable(total) and bool(total.isnan().any()):
        raise RangeError(f"from_sum: the sum has a NaN, on which {name} cannot decide; find out where it comes from")


class Checks:
    """The checks at the door of an algebra."""

    name: str
    dtype: torch.dtype = torch.float32

    def _takes(self, dtype: torch.dtype) -> bool:
        """Whether vectors of this algebra can have this dtype."""
        return dtype.is_floating_point

    def _misfit(self, dim: int) -> str | None:
        """Why vectors of this algebra cannot have this dimension; None if they can."""
        return None

    def _check_vectors(self, verb: str, x: Tensor, advice: str = "") -> None:
        if not isinstance(x, Tensor):
            raise DtypeError(f"{verb}: {self.name} works on tensors, got {type(x).__name__}{advice}")
        if x.ndim == 0 or x.shape[-1] == 0:
            raise ShapeError(f"{verb}: a vector [*batch, dim] is needed, got shape {list(x.shape)}")
        self._check_dtype(verb, x.dtype)
        if (reason := self._misfit(x.shape[-1])) is not None:
            raise ShapeError(f"{verb}: {reason}; got shape {list(x.shape)}")
        if (model := carried_by(x)) not in (None, self.name):
            raise AlgebraError(f"{verb}: the algebra is {self.name}, but a tensor of torchhd carries {model}")

    def _check_pair(self, verb: str, a: Tensor, b: Tensor) -> None:
        if type(a) is Tensor is type(b):
            shape, other, dtype = a.shape, b.shape, a.dtype
            alike = (shape == other or _broadcast(shape, other)) and dtype is b.dtype and a.device == b.device
            if alike and shape and shape[-1] and self._misfit(shape[-1]) is None and (dtype is self.dtype or self._takes(dtype)):
                return
        self._check_vectors(verb, a)
        self._check_vectors(verb, b)
        got = f"got {list(a.shape)} and {list(b.shape)}"
        if a.shape[-1] != b.shape[-1]:
            raise ShapeError(f"{verb}: both vectors must have the same dimension, the last one; {got}")
        if not _broadcast(a.shape, b.shape):
            raise ShapeError(f"{verb}: the batch dimensions, all but the last, do not broadcast; {got}")
        if a.dtype != b.dtype:
            raise DtypeError(f"{verb}: both must have the same dtype, got {a.dtype} and {b.dtype}; convert one with .to(...)")
        if a.device != b.device:
            raise DtypeError(f"{verb}: both must be on the same device, got {a.device} and {b.device}; move one with .to(...)")

    def _check_stack(self, verb: str, stack: Tensor, dim: int) -> None:
        self._check_vectors(verb, stack, f"; stack the vectors first: {verb}(torch.stack([a, b]))")
        if not isinstance(dim, int) or isinstance(dim, bool):
            raise DtypeError(
                f"{verb}: dim must be an integer, got {type(dim).__name__}; "
                f"vectors are given as one stack: {verb}(torch.stack([a, b]))"
            )
        if not -stack.ndim <= dim < stack.ndim or dim % stack.ndim == stack.ndim - 1:
            raise ShapeError(
                f"{verb}: a stack of shape {list(stack.shape)} has no dimension {dim} to {verb} over; "
                f"choose one of {list(range(-stack.ndim, -1)) or 'a stack [*batch, n, dim]'}"
            )
        if stack.shape[dim] == 0:
            raise ShapeError(f"{verb}: a stack of shape {list(stack.shape)} is empty in dimension {dim}")

    def _check_weights(self, stack: Tensor, dim: int, weights: Tensor) -> Tensor:
        """The weights as [*batch, n], one for each vector of the stack."""
        if not isinstance(weights, Tensor) or weights.is_complex() or weights.dtype == torch.bool:
            got = weights.dtype if isinstance(weights, Tensor) else type(weights).__name__
            raise DtypeError(f"bundle: weights must be a tensor of real numbers, got {got}")
        if weights.device != stack.device:
            raise DtypeError(f"bundle: the stack is on {stack.device}, the weights on {weights.device}; move them with .to(...)")
        n, expected = stack.shape[dim], list(stack.shape[:-1])
        if list(weights.shape) not in ([n], expected):
            raise ShapeError(f"bundle: weights must be [{n}], or {expected}, one for each vector; got {list(weights.shape)}")
        if weights.is_floating_point() and readable(weights) and not bool(weights.isfinite().all()):
            raise RangeError("bundle: a weight is NaN or infinite")
        if list(weights.shape) == expected:
            return weights
        shape = [1] * (stack.ndim - 1)
        shape[dim % stack.ndim] = n
        return weights.view(shape)

    def _check_dtype(self, verb: str, dtype: torch.dtype) -> torch.dtype:
        if not self._takes(dtype):
            raise DtypeError(
                f"{verb}: {self.name} has no vectors of {dtype}; those that it makes itself are {self.dtype}: "
                f'random(n, dim, algebra="{self.name}")'
            )
        return dtype

    def _check_dim(self, verb: str, dim: int) -> int:
        dim = self._check_count(verb, "dim", dim, 1)
        if (reason := self._misfit(dim)) is not None:
            raise RangeError(f"{verb}: {reason}; got dim={dim}")
        return dim

    def _check_count(self, verb: str, name: str, value: int, least: int) -> int:
        if (count := self._check_integer(verb, name, value)) < least:
            raise RangeError(f"{verb}: {name} must be at least {least}, got {value}")
        return count

    def _check_integer(self, verb: str, name: str, value: int) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__") or isinstance(value, Tensor):
            raise DtypeError(f"{verb}: {name} must be an integer, got {type(value).__name__}")
        return operator.index(value)

    def _check_exponent(self, exponent: float, exists: bool) -> None:
        if isinstance(exponent, bool) or not isinstance(exponent, (int, float)):
            raise DtypeError(f"power: the exponent must be a number, got {type(exponent).__name__}")
        if exponent != exponent or exponent in (float("inf"), float("-inf")):
            raise RangeError(f"power: the exponent must be finite, got {exponent}")
        if not exists:
            raise RangeError(
                f"power: {self.name} has whole powers alone, got {exponent}; FHRR, and HRR with unitary=True, have all"
            )
