"""Values that a user might pass by mistake, and how they are described."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.fuzzing.campaign import Attempt
from vsa import Algebra, get_algebra

NAMES = ("MAP", "HRR", "FHRR", "BSC", "PackedBSC", "VTB", "SBC")
OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *((name, "native", {}) for name in NAMES),
    ("MAP", "native", {"majority": True}),
    ("HRR", "native", {"unitary": True}),
    ("HRR", "native", {"exact": True}),
    ("VTB", "native", {"unitary": True}),
    ("SBC", "native", {"block_size": 8}),
    *((name, "torchhd", {}) for name in ("MAP", "HRR", "FHRR", "BSC", "VTB", "BSBC", "MCR", "CGR")),
)
DTYPES = (
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.bool, torch.int8, torch.int16, torch.int32),
    *(torch.int64, torch.uint8, torch.complex64, torch.complex128, torch.complex32, torch.float8_e4m3fn, torch.uint32),
)
HUGE = (10**9, 2**31, 10**12, 2**62, 2**63, 10**30, -(2**63), -(10**30))

NUMBERS = (0, 1, -1, 2, 3, 5, 7, 0.5, -2.5, 1e-9, 1e308, -1e308, math.nan, math.inf, -math.inf, True, False, "3", "", None, 1j)


class Nothing:
    """An object of which nobody knows anything."""

    def __repr__(self) -> str:
        return "Nothing()"


def algebra(draw: random.Random) -> Algebra:
    """One of all algebras."""
    name, backend, options = draw.choice(OPTIONS)
    return get_algebra(name, backend, **options)


def fitting(model: Algebra, draw: random.Random) -> int:
    """A dimension that the algebra has vectors of."""
    if model.name == "VTB":
        return draw.choice((4, 16, 64))
    return 64 * draw.choice((1, 2)) if model.name == "PackedBSC" else draw.choice((16, 64, 80))


def vectors(model: Algebra, draw: random.Random, *batch: int, dim: int | None = None) -> Tensor:
    """The algebra's own random vectors."""
    generator = torch.Generator().manual_seed(draw.randrange(2**32))
    made = model.random(math.prod(batch), fitting(model, draw) if dim is None else dim, generator=generator)
    return made.reshape(*batch, made.shape[-1])


def odd_number(draw: random.Random) -> Any:
    """What stands where a number should."""
    return draw.choice((*NUMBERS, *HUGE, 10**400, [1], (2,), {}, np.int64(3), torch.tensor(2), torch.tensor([1, 2]), Nothing()))


def odd_object(draw: random.Random) -> Any:
    """What stands where a tensor should, or anything else."""
    made: list[Callable[[], Any]] = [
        lambda: None,
        lambda: "heart",
        lambda: b"heart",
        lambda: 3,
        lambda: 2.5,
        lambda: [1.0, 2.0],
        lambda: [[1, -1], [1, -1]],
        lambda: [torch.ones(16), torch.ones(16)],
        lambda: (),
        dict,
        lambda: np.ones((2, 16), dtype=np.float32),
        lambda: np.array("x"),
        lambda: Nothing(),
        lambda: Nothing,
        lambda: iter([1, 2]),
        lambda: torch.float32,
        lambda: torch.Size([2, 3]),
        lambda: torch.Generator(),
        lambda: torch.nn.Linear(2, 2),
        lambda: slice(3),
    ]
    return draw.choice(made)()


def odd_tensor(draw: random.Random, model: Algebra) -> Tensor:
    """A tensor with which something is wrong, or unusual."""
    dim = fitting(model, draw)
    kinds = ("shape", "dtype", "element", "layout", "huge", "grad", "strides", "meta", "other algebra", "parameter")
    kind = draw.choice(kinds)
    if kind == "shape":
        shape = tuple(draw.choice((0, 1, 2, 3, 5, 16, 17, 63, 64, 65)) for _ in range(draw.randrange(4)))
        return torch.ones(shape, dtype=model.dtype)
    if kind == "dtype":
        return torch.zeros(*batch(draw), dim, dtype=draw.choice(DTYPES))
    x = vectors(model, draw, *(batch(draw) or (1,)), dim=dim)
    if kind == "element":
        if x.dtype.is_floating_point or x.dtype.is_complex:
            x[..., draw.randrange(x.shape[-1])] = draw.choice((math.nan, math.inf, -math.inf, 1e38, 1e-45, 0.0))
        elif x.dtype != torch.bool:
            x[..., draw.randrange(x.shape[-1])] = draw.choice((-(2**63), 2**63 - 1, -1, 1000))
        return x
    if kind == "layout":
        flat = x.reshape(-1, x.shape[-1])
        return draw.choice((flat.to_sparse, flat.to_sparse_csr))()
    if kind == "huge":
        return x[(0,) * (x.ndim - 1)].expand(draw.choice((10**7, 10**9, 2**31)), draw.choice((1, 3)), -1)
    if kind == "grad":
        return x.requires_grad_() if x.dtype.is_floating_point or x.dtype.is_complex else x
    if kind == "strides":
        return draw.choice((x.flip(0), x.mT.contiguous().mT, x.repeat_interleave(2, 0)[::2], x[:0], x.expand(2, *x.shape)))
    if kind == "meta":
        return x.to("meta")
    if kind == "parameter":
        return torch.nn.Parameter(x, requires_grad=False)
    return vectors(algebra(draw), draw, *batch(draw), 1)


def batch(draw: random.Random) -> tuple[int, ...]:
    """Small batch dimensions."""
    return tuple(draw.randrange(1, 4) for _ in range(draw.choice((0, 1, 1, 2))))


def vector(draw: random.Random, model: Algebra, dim: int, bad: float) -> Any:
    """A batch of the algebra's vectors; so often something else."""
    if draw.random() < bad:
        return odd_object(draw) if draw.random() < 0.3 else odd_tensor(draw, model)
    return vectors(model, draw, *batch(draw), 1, dim=dim).squeeze(-2)


def shown(value: object) -> str:
    """A value in short."""
    if isinstance(value, Tensor):
        unusual = [str(value.layout)] * (value.layout != torch.strided) + ["grad"] * value.requires_grad
        unusual += ["meta"] * (value.device.type == "meta") + [type(value).__name__] * (type(value) is not Tensor)
        return " ".join([f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}", *unusual])
    if isinstance(value, int) and abs(value) > 10**40:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, (list, tuple)) and any(isinstance(part, Tensor) for part in value):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, (type, Nothing)) or callable(value):
        return getattr(value, "__name__", repr(value))
    text = ascii(value)
    return text if len(text) <= 160 else f"{text[:150]}... ({len(text)} characters)"


def attempt(
    function: Callable[..., object],
    *given: object,
    named: dict[str, Any] | None = None,
    right: Callable[[Any], bool] | None = None,
    called: str = "",
) -> Attempt:
    """The call of a function with these arguments, described."""
    named = named or {}
    parts = [*map(shown, given), *(f"{name}={shown(value)}" for name, value in named.items())]
    name = called or getattr(function, "__qualname__", repr(function))
    return Attempt(f"{name}({', '.join(parts)})", lambda: function(*given, **named), right)
