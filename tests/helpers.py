"""What tests share: Hypothesis strategies, and how to expect a user's error."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import jaxtyping
import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

from vsa import Algebra, VSAError, get_algebra
from vsa.algebras.sbc import SparseBlockCode

ALGEBRAS = [
    pytest.param(get_algebra(name, backend, **options), id="-".join([backend, name, *options]))
    for name, backend, options in (
        ("MAP", "native", {}),
        ("MAP", "native", {"majority": True}),
        ("HRR", "native", {}),
        ("HRR", "native", {"unitary": True}),
        ("HRR", "native", {"exact": True}),
        ("FHRR", "native", {}),
        ("BSC", "native", {}),
        ("PackedBSC", "native", {}),
        ("VTB", "native", {}),
        ("VTB", "native", {"unitary": True}),
        ("SBC", "native", {}),
        ("SBC", "native", {"block_size": 8}),
        ("MAP", "torchhd", {}),
        ("HRR", "torchhd", {}),
        ("FHRR", "torchhd", {}),
        ("BSC", "torchhd", {}),
        ("VTB", "torchhd", {}),
        ("BSBC", "torchhd", {}),
        ("MCR", "torchhd", {}),
        ("CGR", "torchhd", {}),
    )
]

seeds = st.integers(0, 2**32 - 1)
dims = st.integers(2, 80)
batches = st.lists(st.integers(1, 3), max_size=2).map(tuple)


def fitting(algebra: Algebra, dim: int) -> int:
    """A small dimension that the algebra has vectors of, made of any number from 2 to 80."""
    if algebra.name == "VTB":
        return (2 + dim % 8) ** 2
    if algebra.name == "PackedBSC":
        return 64 * (1 + dim % 4)
    return dim * algebra.block_size if isinstance(algebra, SparseBlockCode) else dim


def double(algebra: Algebra) -> torch.dtype:
    """The algebra's dtype, in double precision where it has one, so that laws can be held tightly."""
    return {torch.float32: torch.float64, torch.complex64: torch.complex128}.get(algebra.dtype, algebra.dtype)


def vectors(algebra: Algebra, n: int, dim: int, seed: int) -> Tensor:
    """n of the algebra's own random vectors, in double precision: [n, dim]."""
    generator = torch.Generator().manual_seed(seed)
    return algebra.random(n, fitting(algebra, dim), generator=generator, dtype=double(algebra))


def anything(algebra: Algebra, batch: tuple[int, ...], dim: int, seed: int) -> Tensor:
    """Any vectors, in double precision: no unit phasors, nothing bipolar. Where elements are discrete, random vectors are any."""
    if not (algebra.dtype.is_floating_point or algebra.dtype.is_complex):
        return vectors(algebra, math.prod(batch), dim, seed).reshape(*batch, -1)
    shape = (*batch, fitting(algebra, dim))
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=double(algebra))


def close(a: Tensor, b: Tensor) -> None:
    """Equal to double precision, in shape and dtype too."""
    tolerance = 1e-9 if a.dtype in (torch.float64, torch.complex128) else 1e-5
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@contextmanager
def as_a_user() -> Iterator[None]:
    """Without the checks of shape annotations, which no user has: what counts is what the code itself says."""
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)


@contextmanager
def error(kind: type[VSAError], *parts: str) -> Iterator[pytest.ExceptionInfo[VSAError]]:
    """The block must raise this error, and its message hold all these parts, in order."""
    pattern = "(?s)" + ".*".join(re.escape(part) for part in parts)
    with as_a_user(), pytest.raises(kind, match=pattern) as caught:
        yield caught
    assert type(caught.value) is kind
    assert str(caught.value)[:1] not in ("'", '"'), "the message is quoted"
