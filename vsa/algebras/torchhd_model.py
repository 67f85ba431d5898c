"""Torchhd's tensor classes, imported when the first one is asked for, and the way back to plain tensors."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vsa.errors import MissingExtraError


def model_of(name: str) -> Any:
    """The tensor class of a model.

    Raises:
        MissingExtraError: torchhd is not installed.
    """
    try:
        import torchhd
    except ImportError as error:
        raise MissingExtraError("the backend torchhd needs its package: pip install torch-hd") from error
    return getattr(torchhd, f"{name}Tensor")


def plain(x: Tensor) -> Tensor:
    """The same numbers as a plain tensor, which carries no algebra."""
    return x if type(x) is Tensor else x.as_subclass(Tensor)
