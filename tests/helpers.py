"""What tests share: Hypothesis strategies, and how to expect a user's error."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import jaxtyping
import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

from vsa import Algebra, VSAError, get_algebra

ALGEBRAS = [
    pytest.param(get_algebra(name, backend, **options), id=f"{backend}-{name}{'-unitary' if options else ''}")
    for name, backend, options in (
        ("MAP", "native", {}),
        ("HRR", "native", {}),
        ("HRR", "native", {"unitary": True}),
        ("FHRR", "native", {}),
        ("MAP", "torchhd", {}),
        ("HRR", "torchhd", {}),
        ("FHRR", "torchhd", {}),
    )
]

seeds = st.integers(0, 2**32 - 1)
dims = st.integers(2, 80)
batches = st.lists(st.integers(1, 3), max_size=2).map(tuple)


def double(algebra: Algebra) -> torch.dtype:
    """The algebra's dtype in double precision, so that laws can be held tightly."""
    return torch.complex128 if algebra.dtype.is_complex else torch.float64


def vectors(algebra: Algebra, n: int, dim: int, seed: int) -> tuple[Tensor, ...]:
    """n random vectors of the algebra, in double precision."""
    return algebra.random(n, dim, generator=torch.Generator().manual_seed(seed), dtype=double(algebra)).unbind(0)


def anything(algebra: Algebra, shape: tuple[int, ...], seed: int) -> Tensor:
    """Any vectors, in double precision: no unit phasors, nothing bipolar."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=double(algebra))


def close(a: Tensor, b: Tensor) -> None:
    """Equal to double precision, in shape and dtype too."""
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


@contextmanager
def as_a_user() -> Iterator[None]:
    """Without the checks of shape annotations, which no user has: what counts is what the code itself says."""
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)


@contextmanager
def error(kind: type[VSAError], *parts: str) -> Iterator[None]:
    """The block must raise this error, and its message hold all these parts, in order."""
    pattern = "(?s)" + ".*".join(re.escape(part) for part in parts)
    with as_a_user(), pytest.raises(kind, match=pattern) as caught:
        yield
    assert type(caught.value) is kind
    assert str(caught.value)[:1] not in ("'", '"'), "the message is quoted"
