"""A torch module that holds hypervectors, and how they get to its device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from vsa.algebras.checks import Device
from vsa.devices import default_device
from vsa.errors import DtypeError, RangeError


class VectorModule(nn.Module):
    """A module whose complex vectors survive ``.to(dtype)``, which would drop their imaginary parts.

    Example:
        >>> module = VectorModule()
        >>> module.register_buffer("phasor", torch.tensor([1j]))
        >>> module.to(torch.float64).phasor
        tensor([0.+1.j], dtype=torch.complex128)
    """

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        return super()._apply(lambda x: _converted(fn, x), recurse)


def moved(owner: str, x: Tensor, device: Device) -> Tensor:
    """A tensor that was made on the CPU, so that it is the same everywhere, on a device; on torch's default one if none is given.

    Args:
        owner: who asks, for the messages.
        x: any tensor.
        device: where to.

    Raises:
        DtypeError: it is neither a device nor a string.
        RangeError: there is no such device, or no room on it.
    """
    if not (device is None or isinstance(device, (str, torch.device))):
        raise DtypeError(f'{owner}: a device is a torch.device or a string such as "cpu", got {type(device).__name__}')
    device = default_device() if device is None else device
    try:
        return x.to(device)
    except (RuntimeError, AssertionError) as error:
        raise RangeError(f"{owner}: cannot be made on {device} ({str(error).partition(chr(10))[0][:200]})") from error


def _converted(fn: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What `fn`, which moves or converts a real tensor, makes of any tensor."""
    if not x.is_complex():
        return fn(x)
    parts = fn(torch.view_as_real(x))
    # No algebra has complex numbers of half precision.
    return fn(x) if parts.is_complex() else torch.view_as_complex(parts.to(torch.promote_types(parts.dtype, torch.float32)))
