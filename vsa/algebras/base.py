"""What every algebra here shares: the checks at the door, and what follows from binding and inversion alone.

A model is a subclass that writes only its mathematics (`_bind`, `_inverse`, ...), on tensors that were checked.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float, Num

    from vsa.algebra import Laws


Device: TypeAlias = torch.device | str | None
Generator: TypeAlias = torch.Generator | None


class CheckedAlgebra:
    """Base of the algebras: public methods check, then call the model's own mathematics.

    Shapes, errors and the meaning of each method are those of the verb of the same name in `vsa.algebra`.
    """

    name: str
    laws: Laws
    dtype: torch.dtype = torch.float32

    def random(
        self,
        n: int,
        dim: int,
        *,
        generator: Generator = None,
        dtype: torch.dtype | None = None,
        device: Device = None,
    ) -> Num[Tensor, "n dim"]:
        """n independent random vectors, [n, dim]."""
        n, dim = self._check_count("random", "n", n, 0), self._check_count("random", "dim", dim, 1)
        dtype = self._check_dtype("random", self.dtype if dtype is None else dtype)
        made = self._random(n, dim, generator, dtype, device if generator is None else generator.device)
        return made if device is None else made.to(device)

    def identity(self, dim: int, *, dtype: torch.dtype | None = None, device: Device = None) -> Num[Tensor, " dim"]:
        """The vector that binding does not notice: bind(x, identity(dim)) is x. Shape [dim]."""
        dim = self._check_count("identity", "dim", dim, 1)
        return self._identity(dim, self._check_dtype("identity", self.dtype if dtype is None else dtype), device)

    def bind(self, a: Num[Tensor, "*batch_a dim"], b: Num[Tensor, "*batch_b dim"]) -> Num[Tensor, "*batch dim"]:
        self._check_pair("bind", a, b)
        return self._bind(a, b)

    def unbind(self, composite: Num[Tensor, "*batch_a dim"], key: Num[Tensor, "*batch_b dim"]) -> Num[Tensor, "*batch dim"]:
        self._check_pair("unbind", composite, key)
        return self._unbind(composite, key)

    def bundle(self, stack: Num[Tensor, "..."], dim: int = -2) -> Num[Tensor, "..."]:
        self._check_vectors("bundle", stack, "; stack the vectors first: bundle(torch.stack([a, b]))")
        if not isinstance(dim, int) or isinstance(dim, bool):
            raise DtypeError(
                f"bundle: dim must be an integer, got {type(dim).__name__}; "
                "vectors are given as one stack: bundle(torch.stack([a, b]))"
            )
        if not -stack.ndim <= dim < stack.ndim or dim % stack.ndim == stack.ndim - 1:
            raise ShapeError(
                f"bundle: a stack of shape {list(stack.shape)} has no dimension {dim} to bundle over; "
                f"choose one of {list(range(-stack.ndim, -1)) or 'a stack [*batch, n, dim]'}"
            )
        if stack.shape[dim] == 0:
            raise ShapeError(f"bundle: a stack of shape {list(stack.shape)} is empty in dimension {dim}")
        return self._bundle(stack, dim)

    def permute(self, x: Num[Tensor, "*batch dim"], shifts: int = 1) -> Num[Tensor, "*batch dim"]:
        self._check_vectors("permute", x)
        if not isinstance(shifts, int) or isinstance(shifts, bool):
            raise DtypeError(f"permute: shifts must be an integer, got {type(shifts).__name__}")
        return self._permute(x, shifts)

    def inverse(self, x: Num[Tensor, "*batch dim"]) -> Num[Tensor, "*batch dim"]:
        self._check_vectors("inverse", x)
        return self._inverse(x)

    def normalize(self, x: Num[Tensor, "*batch dim"]) -> Num[Tensor, "*batch dim"]:
        self._check_vectors("normalize", x)
        return self._normalize(x)

    def similarity(self, a: Num[Tensor, "*batch_a dim"], b: Num[Tensor, "*batch_b dim"]) -> Float[Tensor, "*batch"]:
        self._check_pair("similarity", a, b)
        return self._similarity(a, b)

    def as_real(self, x: Num[Tensor, "*batch dim"]) -> Float[Tensor, "*batch real_dim"]:
        """Real vectors with the algebra's inner product: x itself, or real and imaginary parts side by side."""
        self._check_vectors("as_real", x)
        if x.is_complex():
            return torch.view_as_real(x.resolve_conj()).flatten(-2)
        return x if x.is_floating_point() else x.float()

    # The mathematics of a model.

    def _random(self, n: int, dim: int, generator: Generator, dtype: torch.dtype, device: Device) -> Tensor:
        raise NotImplementedError

    def _identity(self, dim: int, dtype: torch.dtype, device: Device) -> Tensor:
        return torch.ones(dim, dtype=dtype, device=device)

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b

    def _inverse(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _unbind(self, composite: Tensor, key: Tensor) -> Tensor:
        return self._bind(composite, self._inverse(key))

    def _bundle(self, stack: Tensor, dim: int) -> Tensor:
        return stack.sum(dim)

    def _permute(self, x: Tensor, shifts: int) -> Tensor:
        return x.roll(shifts, -1)

    def _normalize(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _similarity(self, a: Tensor, b: Tensor) -> Tensor:
        # Rounding can carry a cosine just past one.
        return F.cosine_similarity(self.as_real(a), self.as_real(b), dim=-1).clamp(-1, 1)

    def _takes(self, dtype: torch.dtype) -> bool:
        """Whether vectors of this algebra can have this dtype."""
        return dtype.is_floating_point

    # The checks. The first line of each is what a right call pays for.

    def _check_vectors(self, verb: str, x: Tensor, advice: str = "") -> None:
        if not isinstance(x, Tensor):
            raise DtypeError(f"{verb}: {self.name} works on tensors, got {type(x).__name__}{advice}")
        if x.ndim == 0 or x.shape[-1] == 0:
            raise ShapeError(f"{verb}: a vector [*batch, dim] is needed, got shape {list(x.shape)}")
        self._check_dtype(verb, x.dtype)
        model = type(x).__name__.removesuffix("Tensor")
        if type(x).__module__.startswith("torchhd.") and model != self.name:
            raise AlgebraError(f"{verb}: the algebra is {self.name}, but a tensor of torchhd carries {model}")

    def _check_pair(self, verb: str, a: Tensor, b: Tensor) -> None:
        alike = type(a) is Tensor is type(b) and a.shape == b.shape and a.dtype == b.dtype and a.device == b.device
        if alike and a.ndim and a.shape[-1] and self._takes(a.dtype):
            return
        self._check_vectors(verb, a)
        self._check_vectors(verb, b)
        got = f"got {list(a.shape)} and {list(b.shape)}"
        if a.shape[-1] != b.shape[-1]:
            raise ShapeError(f"{verb}: both vectors must have the same dimension, the last one; {got}")
        for m, n in zip(reversed(a.shape[:-1]), reversed(b.shape[:-1]), strict=False):
            if m != n and m != 1 and n != 1:
                raise ShapeError(f"{verb}: the batch dimensions, all but the last, do not broadcast; {got}")
        if a.dtype != b.dtype:
            raise DtypeError(f"{verb}: both must have the same dtype, got {a.dtype} and {b.dtype}; convert one with .to(...)")
        if a.device != b.device:
            raise DtypeError(f"{verb}: both must be on the same device, got {a.device} and {b.device}; move one with .to(...)")

    def _check_dtype(self, verb: str, dtype: torch.dtype) -> torch.dtype:
        if not self._takes(dtype):
            raise DtypeError(
                f"{verb}: {self.name} has no vectors of {dtype}; those that it makes itself are {self.dtype}: "
                f'random(n, dim, algebra="{self.name}")'
            )
        return dtype

    def _check_count(self, verb: str, name: str, value: int, least: int) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise DtypeError(f"{verb}: {name} must be an integer, got {type(value).__name__}")
        if operator.index(value) < least:
            raise RangeError(f"{verb}: {name} must be at least {least}, got {value}")
        return operator.index(value)
