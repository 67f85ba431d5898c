"""What is learnt: data, composition, training and measurement, and one file for each task that puts them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.weights import load_model

__all__ = ["load_model"]


def __getattr__(name: str) -> object:
    # On demand, because it imports torch, and the command line's --help must not wait for that.
    if name == "load_model":
        from tasks.weights import load_model

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
