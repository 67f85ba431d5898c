"""What a user can get wrong in any algebra, and what is said then.

The first line of each check is what a right call pays for.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import TypeAlias

import torch
from torch import Tensor

from vsa.algebra import PLAIN, carried_by
from vsa.devices import default_device
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, VSAError

Device: TypeAlias = torch.device | str | None
Generator: TypeAlias = torch.Generator | None

FLOATING = frozenset((torch.float32, torch.float64, torch.float16, torch.bfloat16))
"""The real dtypes that torch computes with; those of eight bits are for storage alone."""
MOST_ELEMENTS = 2**48
"""More than any memory holds, and few enough that no size overflows."""
TAKEN: dict[torch.dtype, tuple[str, ...]] = {
    **dict.fromkeys(FLOATING, ("MAP", "HRR", "VTB", "SBC")),
    **dict.fromkeys((torch.complex64, torch.complex128), ("FHRR",)),
    **dict.fromkeys((torch.int8, torch.int16, torch.int32), ("MAP",)),
    torch.int64: ("MAP", "PackedBSC"),
    torch.bool: ("BSC",),
}
"""By dtype, the algebras of the library that have such vectors. They are built on this file, so it does not ask them."""


def readable(x: Tensor) -> bool:
    """Whether the values of a tensor can be looked at: not while it is compiled or vmapped, nor where it has none."""
    if torch.compiler.is_compiling():
        return False
    return x.device.type != "meta" and not torch._C._functorch.is_functorch_wrapped_tensor(x)  # pyright: ignore[reportAttributeAccessIssue]


def _broadcast(shape: torch.Size, other: torch.Size) -> bool:
    """Whether vectors of these shapes have one dimension, and batches that broadcast."""
    both = min(len(shape), len(other))
    batches = zip(shape[-both:-1], other[-both:-1], strict=True)
    return shape[-1:] == other[-1:] and all(m == n or m == 1 or n == 1 for m, n in batches)


def _is_integer(dtype: torch.dtype) -> bool:
    return not (dtype.is_floating_point or dtype.is_complex or dtype == torch.bool)


def refuse_nan(total: Tensor, name: str) -> None:
    """A choice would hide a NaN, so it must not come so far."""
    if not total.dtype.is_floating_point and not total.is_complex():
        return
    if readable(total) and bool(total.isnan().any()):
        raise RangeError(f"from_sum: the sum has a NaN, on which {name} cannot decide; find out where it comes from")


def explained(error: RuntimeError, verb: str, name: str, *given: Tensor) -> VSAError:
    """The user's mistake behind what torch refused.

    There are four that a check before the work would cost more than they are worth: tensors that are not dense, different
    devices, more than memory holds, and a dtype that torch does not implement there. Any other error is raised again as it is: it
    is no mistake of the user's but a bug, here, in a plugin or in torch.
    """
    if isinstance(error, torch.OutOfMemoryError):  # of an accelerator; who makes batches smaller catches it by this name
        raise error
    for x in given:
        check_dense(verb, name, x)
    devices = dict.fromkeys(x.device for x in given)
    if len(devices) > 1:
        raise DtypeError(
            f"{verb}: both must be on the same device, got {' and '.join(map(str, devices))}; move one with .to(...)"
        ) from error
    got = " and ".join(f"{x.dtype} {list(x.shape)} on {x.device}" for x in given)
    reason = str(error).partition("\n")[0][:200]
    if any(text in reason for text in _MEMORY):
        return ShapeError(f"{verb}: what {name} makes of these does not fit in memory; got {got} ({reason})")
    if any(text in reason for text in _UNIMPLEMENTED):
        return DtypeError(f"{verb}: torch cannot do what {name} needs with such tensors; got {got} ({reason})")
    raise error


def unmade(error: RuntimeError | AssertionError, verb: str, name: str, what: str, device: Device) -> VSAError:
    """The user's mistake where torch cannot make vectors: there is no such device here, or not the memory. Any other error is
    raised again as it is."""
    reason = str(error).partition("\n")[0][:200]
    if isinstance(error, torch.OutOfMemoryError):
        raise error
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):  # AssertionError is what a torch without CUDA says
        return RangeError(f"{verb}: {name} cannot make {what} on {device or default_device()} ({reason})")
    if any(text in reason for text in _MEMORY):
        return RangeError(f"{verb}: {name} cannot make {what}; that does not fit in memory ({reason})")
    raise error


_MEMORY = (
    "allocate memory",
    "not enough memory",
    "out of memory",
    "ALLOC_FAILED",
    "size calculation overflowed",
    "integer multiplication overflow",
)
_UNIMPLEMENTED = ("not implemented for '", "Could not run 'aten::", "Unsupported dtype")
"""What torch says in such cases; it has no classes of errors for them."""


def check_dense(verb: str, name: str, x: Tensor) -> None:
    """Whether a tensor has a value at each place, all of them side by side."""
    if x.is_nested:
        raise DtypeError(f"{verb}: {name} works on dense tensors, got a nested one; write x.to_padded_tensor(0.0)")
    if x.layout is not torch.strided:
        raise DtypeError(f"{verb}: {name} works on dense tensors, got {x.layout}; write x.to_dense()")


@contextmanager
def explaining(verb: str, name: str, *given: Tensor) -> Iterator[None]:
    """``explained``, around what takes long enough for it not to matter."""
    try:
        yield
    except RuntimeError as error:
        raise explained(error, verb, name, *given) from error


def integer(verb: str, name: str, value: object) -> int:
    """The whole number that an argument is: Python's, or a scalar of NumPy.

    Neither True nor an array or a tensor is one, also if it has no dimension: what it holds would have to be fetched.

    Raises:
        DtypeError: it is not an integer.

    Example:
        >>> import numpy as np
        >>> integer("permute", "shifts", np.int64(3))
        3
    """
    if type(value) is int:
        return value
    if isinstance(value, bool) or not isinstance(value, (Integral, torch.SymInt)):
        raise DtypeError(f"{verb}: {name} must be an integer, got {type(value).__name__}")
    return operator.index(value)


def number(verb: str, name: str, value: object) -> int | float:
    """The real number that an argument is: an integer as above, a float, or a scalar of NumPy.

    Raises:
        DtypeError: it is not a number.
        RangeError: it is NaN or infinite, or more than a float can be.

    Example:
        >>> import numpy as np
        >>> number("power", "the exponent", np.float32(0.5))
        0.5
    """
    if type(value) is int:
        return value
    if type(value) is not float:
        if isinstance(value, bool) or not isinstance(value, (Real, torch.SymInt, torch.SymFloat)):
            raise DtypeError(f"{verb}: {name} must be a number, got {type(value).__name__}")
        if isinstance(value, (Integral, torch.SymInt)):
            return operator.index(value)
    try:
        found = float(value)
    except OverflowError:  # of a fraction
        found = math.inf
    if not math.isfinite(found):
        raise RangeError(f"{verb}: {name} must be finite, got {value}")
    return found


def check_flags(name: str, **flags: bool) -> None:
    """Whether these options of an algebra are True or False."""
    for flag, value in flags.items():
        if not isinstance(value, bool):
            raise DtypeError(f"{name}: {flag} must be True or False, got {value!r}")


class Checks:
    """The checks at the door of an algebra."""

    name: str
    dtype: torch.dtype = torch.float32
    _mixes_devices = False
    """Whether torch would do what it consists of on two devices: a matrix product takes a tensor on the meta device."""

    def _takes(self, dtype: torch.dtype) -> bool:
        """Whether vectors of this algebra can have this dtype."""
        return dtype in FLOATING

    def _takes_power(self, exponent: float) -> bool:
        """Whether its vectors have this power."""
        raise NotImplementedError

    def _misfit(self, dim: int) -> str | None:
        """Why vectors of this algebra cannot have this dimension; None if they can."""
        return None

    def _check_vectors(self, verb: str, x: Tensor, advice: str = "") -> torch.Size:
        """Their shape."""
        if type(x) in PLAIN:
            shape, dtype = x.shape, x.dtype
            right = shape and shape[-1] and self._misfit(shape[-1]) is None and (dtype is self.dtype or self._takes(dtype))
            if right and x.layout is torch.strided:
                return shape
        if not isinstance(x, Tensor):
            raise DtypeError(f"{verb}: {self.name} works on tensors, got {type(x).__name__}{advice}")
        check_dense(verb, self.name, x)
        if x.ndim == 0 or x.shape[-1] == 0:
            raise ShapeError(f"{verb}: a vector [*batch, dim] is needed, got shape {list(x.shape)}")
        self._check_dtype(verb, x.dtype)
        if (reason := self._misfit(x.shape[-1])) is not None:
            raise ShapeError(f"{verb}: {reason}; got shape {list(x.shape)}")
        if (model := carried_by(x)) not in (None, self.name):
            raise AlgebraError(f"{verb}: the algebra is {self.name}, but a tensor of torchhd carries {model}")
        return x.shape

    def _check_pair(self, verb: str, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Both as the mathematics takes them: integers of different width in the wider of the two."""
        if type(a) in PLAIN and type(b) in PLAIN:
            shape, other, dtype = a.shape, b.shape, a.dtype
            alike = dtype is b.dtype and (shape == other or _broadcast(shape, other)) and shape and shape[-1]
            right = alike and (dtype is self.dtype or self._takes(dtype)) and self._misfit(shape[-1]) is None
            # Tensors that are not dense, or on two devices, torch itself refuses, and ``explained`` says so.
            if right and (not self._mixes_devices or a.device == b.device):
                return a, b
        self._check_vectors(verb, a)
        self._check_vectors(verb, b)
        got = f"got {list(a.shape)} and {list(b.shape)}"
        if a.shape[-1] != b.shape[-1]:
            raise ShapeError(f"{verb}: both vectors must have the same dimension, the last one; {got}")
        if not _broadcast(a.shape, b.shape):
            raise ShapeError(f"{verb}: the batch dimensions, all but the last, do not broadcast; {got}")
        if a.device != b.device:
            raise DtypeError(f"{verb}: both must be on the same device, got {a.device} and {b.device}; move one with .to(...)")
        if a.dtype == b.dtype:
            return a, b
        if not (_is_integer(a.dtype) and _is_integer(b.dtype)):
            raise DtypeError(f"{verb}: both must have the same dtype, got {a.dtype} and {b.dtype}; convert one with .to(...)")
        wider = torch.promote_types(a.dtype, b.dtype)
        return a.to(wider), b.to(wider)

    def _check_stack(self, verb: str, stack: Tensor, dim: int) -> int:
        """The dimension to go over, counted from the end."""
        shape = self._check_vectors(verb, stack, f"; stack the vectors first: {verb}(torch.stack([a, b]))")
        if type(dim) is not int:
            try:
                dim = integer(verb, "dim", dim)
            except DtypeError as error:
                raise DtypeError(f"{error}; vectors are given as one stack: {verb}(torch.stack([a, b]))") from None
        n = len(shape)
        if not -n <= dim < n or dim in (-1, n - 1):
            raise ShapeError(
                f"{verb}: a stack of shape {list(shape)} has no dimension {dim} to {verb} over; "
                f"choose one of {list(range(-n, -1)) or 'a stack [*batch, n, dim]'}"
            )
        if shape[dim] == 0:
            raise ShapeError(f"{verb}: a stack of shape {list(shape)} is empty in dimension {dim}")
        return dim if dim < 0 else dim - n

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
        if not isinstance(dtype, torch.dtype):
            raise DtypeError(f"{verb}: a dtype is one of torch's, such as {self.dtype}; got {dtype!r}")
        if not self._takes(dtype):
            others = TAKEN.get(dtype, ())
            have = f"{', '.join(others)} {'have' if len(others) > 1 else 'has'}"
            hint = f', but {have}: name it, algebra="{others[0]}"' if others else ""
            raise DtypeError(
                f"{verb}: {self.name} has no vectors of {dtype}{hint}; those that {self.name} makes itself are {self.dtype}: "
                f'random(n, dim, algebra="{self.name}")'
            )
        return dtype

    def _check_dim(self, verb: str, dim: int) -> int:
        dim = self._check_count(verb, "dim", dim, 1)
        if (reason := self._misfit(dim)) is not None:
            raise RangeError(f"{verb}: {reason}; got dim={dim}")
        return dim

    def _check_size(self, verb: str, n: int, dim: int) -> None:
        if max(n, 1) * dim > MOST_ELEMENTS:
            raise RangeError(f"{verb}: {max(n, 1)} times {dim} elements fit in no memory")

    def _check_source(self, verb: str, generator: Generator, device: Device) -> None:
        """Whether these are a generator and a device."""
        if generator is not None and not isinstance(generator, torch.Generator):
            raise DtypeError(f"{verb}: the generator must be a torch.Generator, got {type(generator).__name__}")
        if device is None or isinstance(device, torch.device):
            return
        if not isinstance(device, str):
            raise DtypeError(f'{verb}: a device is a torch.device or a string such as "cpu", got {type(device).__name__}')
        try:
            torch.device(device)
        except RuntimeError as error:
            raise RangeError(f'{verb}: there is no device {device!r}; write "cpu", "cuda" or "cuda:1"') from error

    def _check_count(self, verb: str, name: str, value: int, least: int) -> int:
        if (count := integer(verb, name, value)) < least:
            raise RangeError(f"{verb}: {name} must be at least {least}, got {value}")
        return count

    def _check_exponent(self, exponent: float) -> int | float:
        exponent = number("power", "the exponent", exponent)
        if abs(exponent) > 2**53:
            raise RangeError("power: the exponent must be from -2^53 to 2^53, the numbers that a float tells apart")
        if not self._takes_power(exponent):
            raise RangeError(
                f"power: {self.name} has whole powers alone, got {exponent}; FHRR, and HRR with unitary=True, have all"
            )
        return exponent
