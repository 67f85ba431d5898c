"""Fourier transforms of real vectors, as torch.fft has them but for half precision, batches of 0, and expanded batches.

On some processors torch up to 2.14 refuses to transform a batch of 0, and torch 2.6 one whose vectors share memory ("MKL FFT
error: Inconsistent configuration parameters").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Complex, Float


def rfft(x: Float[Tensor, "*batch n"]) -> Complex[Tensor, "*batch n//2+1"]:
    """The spectrum of real vectors; in half precision it is computed in float32."""
    x = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    return torch.complex(x, x)[..., : x.shape[-1] // 2 + 1] if _has_none(x) else torch.fft.rfft(x.contiguous())


def irfft(spectrum: Complex[Tensor, "*batch _"], n: int) -> Float[Tensor, "*batch n"]:
    """The real vectors of n elements that have this spectrum."""
    return spectrum.real[..., :1].expand(*spectrum.shape[:-1], n) if _has_none(spectrum) else torch.fft.irfft(spectrum, n=n)


def _has_none(x: Tensor) -> bool:
    """Whether there is nothing to transform."""
    if torch.compiler.is_compiling():
        from torch.fx.experimental import symbolic_shapes

        # A size that is known only later counts as more than 0; torch before 2.8 is asked so under another name.
        known = getattr(symbolic_shapes, "guard_or_false", None) or symbolic_shapes.guard_size_oblivious
        return known(x.numel() == 0)
    while torch._C._functorch.is_functorch_wrapped_tensor(x):  # pyright: ignore[reportAttributeAccessIssue]
        x = torch._C._functorch.get_unwrapped(x)  # pyright: ignore[reportAttributeAccessIssue]  (each item of no batch has elements)
    return x.numel() == 0
