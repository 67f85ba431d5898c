"""What a user can get wrong when data is drawn, and what is said then."""

from __future__ import annotations

import torch
from torch import Tensor

from vsa.errors import DtypeError, RangeError, ShapeError

MOST = 2**24
"""How many of anything may be drawn at once: pictures of so many take 64 GiB."""


class NotInPartError(RangeError):
    """A part of a split has none of what is to be drawn from it: it is empty, or too uniform."""


def check_whole(name: str, value: int, least: int, most: int = MOST) -> int:
    """An integer in this range, or an error that says so."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise DtypeError(f"{name} must be an integer, got {type(value).__name__}")
    if not least <= value <= most:
        raise RangeError(f"{name} must be from {least} to {most}, got {value if abs(value) < 10**20 else 'far more'}")
    return value


def check_generator(generator: torch.Generator) -> None:
    """A generator, or an error that says how to make one."""
    if not isinstance(generator, torch.Generator):
        raise DtypeError(
            f"the generator decides, so there must be one: torch.Generator().manual_seed(0); got {type(generator).__name__}"
        )


def check_tensor(name: str, x: Tensor, dtype: torch.dtype, *shape: int | str) -> None:
    """A tensor of this dtype and shape, in which a name stands for any size, and of which numbers can be read."""
    wanted = f"{str(dtype).removeprefix('torch.')} [{', '.join(map(str, shape))}]"
    if not isinstance(x, Tensor):
        raise DtypeError(f"{name} must be a tensor, {wanted}, got {type(x).__name__}")
    right = x.ndim == len(shape) and all(n == m for n, m in zip(shape, x.shape, strict=True) if not isinstance(n, str))
    if x.dtype != dtype or not right:
        raise ShapeError(f"{name} must be {wanted}, got {x.dtype} {list(x.shape)}")
    check_readable(name, x)
    if len(x) > MOST:
        raise RangeError(f"{name}: at most {MOST} at once, got {len(x)}")


def check_readable(name: str, x: Tensor) -> None:
    """Whether a tensor is dense and holds numbers."""
    if x.layout is not torch.strided or x.is_meta:
        raise DtypeError(f"{name} must be a dense tensor that holds numbers, got {x.layout} on {x.device}")
