"""What the embeddings share: an algebra, buffers that survive a change of precision, and the checks at the door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.checks import MOST_ELEMENTS, Device, integer, number
from vsa.devices import in_autocast
from vsa.errors import DtypeError, RangeError, ShapeError
from vsa.lookup import get_algebra
from vsa.module import VectorModule, moved

if TYPE_CHECKING:
    from jaxtyping import Float


class Embedding(VectorModule):
    """Base of the embeddings: numbers in, vectors of an algebra out, as plain tensors."""

    def __init__(self, algebra: str | Algebra) -> None:
        super().__init__()
        self.algebra = get_algebra(algebra)

    def _keep(self, name: str, made: Tensor, device: Device) -> None:
        """Register what was made on the CPU as a persistent buffer on the device asked for."""
        self.register_buffer(name, moved(type(self).__name__, made, device))

    def _check_values(self, values: Tensor, buffer: Tensor) -> None:
        owner = type(self).__name__
        if not isinstance(values, Tensor):
            raise DtypeError(f"{owner}: values must be a floating tensor, got {type(values).__name__}; write torch.tensor(...)")
        if not values.is_floating_point():
            raise DtypeError(f"{owner}: values must be floating, got {values.dtype}; convert them: values.float()")
        if values.layout is not torch.strided:
            raise DtypeError(f"{owner}: values must be a dense tensor, got {values.layout}; write values.to_dense()")
        if values.device != buffer.device:
            raise DtypeError(f"{owner}: the values are on {values.device}, the module on {buffer.device}; move one with .to(...)")


class FeatureEmbedding(Embedding):
    """Base of the embeddings of feature vectors [*batch, in_features]."""

    def __init__(self, in_features: int, algebra: str | Algebra) -> None:
        super().__init__(algebra)
        self.in_features = whole(type(self).__name__, "in_features", in_features, 1)

    def _check_features(self, values: Tensor, buffer: Tensor) -> None:
        self._check_values(values, buffer)
        if values.ndim == 0 or values.shape[-1] != self.in_features:
            advice = "; for a single feature write values[..., None]" if self.in_features == 1 else ""
            raise ShapeError(
                f"{type(self).__name__}: values must be [*batch, {self.in_features}], got shape {list(values.shape)}{advice}"
            )

    def _project(
        self, values: Float[Tensor, "*batch in_features"], weight: Float[Tensor, "places in_features"]
    ) -> Float[Tensor, "*batch places"]:
        """The values times the weight, in float32 at least: half precision, and autocast, would round angles."""
        self._check_features(values, weight)
        if values.dtype != weight.dtype:
            owner = type(self).__name__
            raise DtypeError(
                f"{owner}: the values are {values.dtype}, the module holds {weight.dtype}; convert one with .to(...)"
            )
        with torch.autocast(values.device.type, enabled=False) if in_autocast(values.device) else nullcontext():
            return F.linear(wide(values), wide(weight))


def wide(x: Tensor) -> Tensor:
    """The same numbers in float32 at least."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


@contextmanager
def room(owner: str, *sizes: int) -> Iterator[None]:
    """Where numbers are made, on the CPU, that may not fit in memory."""
    try:
        with torch.device("cpu"):
            yield
    except RuntimeError as error:
        raise RangeError(f"{owner}: {' times '.join(map(str, sizes))} numbers do not fit in memory; ask for fewer") from error


def whole(owner: str, name: str, value: int, least: int) -> int:
    """A whole number of at least so much, or an error that says so."""
    if (value := integer(owner, name, value)) < least:
        raise RangeError(f"{owner}: {name} must be at least {least}, got {value}")
    if value > MOST_ELEMENTS:
        raise RangeError(f"{owner}: {name} must be at most 2^48; no memory holds more")
    return value


def finite(owner: str, name: str, value: float) -> float:
    """A finite number, or an error that says so."""
    value = number(owner, name, value)
    if isinstance(value, int) and abs(value) > 2**53:
        raise RangeError(f"{owner}: {name} must be from -2^53 to 2^53, the integers that a float tells apart")
    return float(value)


def positive(owner: str, name: str, value: float) -> float:
    """A finite number above 0, or an error that says so."""
    if (found := finite(owner, name, value)) <= 0:
        raise RangeError(f"{owner}: {name} must be positive, got {value}")
    return found
