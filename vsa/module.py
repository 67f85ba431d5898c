"""A torch module that holds hypervectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


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


def _converted(fn: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What `fn`, which moves or converts a real tensor, makes of any tensor."""
    if not x.is_complex():
        return fn(x)
    parts = fn(torch.view_as_real(x))
    # No algebra has complex numbers of half precision.
    return fn(x) if parts.is_complex() else torch.view_as_complex(parts.to(torch.promote_types(parts.dtype, torch.float32)))
