"""What a task measured, as JSON can hold it: numbers, texts, lists, and names for them; what is no number is said to be none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from tasks.metrics_tables import LEFT_OUT
from vsa.errors import DtypeError


def as_metrics(found: Any) -> dict[str, Any]:
    """Metrics as Python has them, whatever a task's own `evaluate` returned.

    Args:
        found: a dictionary by name; of numbers, also tensors and arrays of numpy's, of texts and None, of lists and dictionaries
            of these.

    Raises:
        DtypeError: it is something else; the message says which metric.

    Example:
        >>> as_metrics({"iou": np.float32(0.5), "by": {"x": np.arange(2)}})
        {'iou': 0.5, 'by': {'x': [0, 1]}}
    """
    if not isinstance(found, dict):
        raise DtypeError(f"evaluate must return a dictionary of metrics by name, got {type(found).__name__}")
    try:
        return _plain(found, "")
    except RecursionError as error:
        raise DtypeError("metrics must not be in themselves, or nested a thousand deep") from error


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value.item() if isinstance(value, np.generic) else value  # numpy's float64 is a float, too
    if isinstance(value, dict):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise DtypeError(f"metrics{_of(name)} must have names, which are texts; got {wrong[0]!r}")
        return {key: _plain(part, f"{name}, {key}" if name else key) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part, name) for part in value]
    if isinstance(value, Tensor) and not value.is_meta:
        value = value.detach().cpu()
        value = (value.float() if value.is_floating_point() else value.to_dense()).numpy()
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf":
        return value.tolist()
    raise DtypeError(
        f"the metric {name!r} must be a number, a text, or a list or dictionary of these, got {type(value).__name__}"
    )


def _of(name: str) -> str:
    return f" of {name!r}" if name else ""


def without_nan(metrics: dict[str, Any]) -> dict[str, Any]:
    """The same with None for what is not finite, as JSON has no such numbers; `left_out` names it.

    Example:
        >>> without_nan({"iou": {"x": float("nan")}})
        {'iou': {'x': None}, 'left_out': {'iou, x': 'it is nan'}}
    """
    named: dict[str, str] = {}

    def null(value: float, name: str) -> float | None:
        if not isinstance(value, float) or math.isfinite(value):
            return value
        named[name] = f"it is {value}"
        return None

    found = mapped(metrics, null)
    return found | {LEFT_OUT: found.get(LEFT_OUT, {}) | named} if named else found


def mapped(metrics: dict[str, Any], function: Callable[[Any, str], Any]) -> dict[str, Any]:
    """Metrics with a function applied to all numbers in them; it is told the names that lead to a number, too."""
    return {key: _mapped(value, function, key) for key, value in metrics.items()}


def _mapped(value: Any, function: Callable[[Any, str], Any], name: str) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(part, function, f"{name}, {key}") for key, part in value.items()}
    if isinstance(value, list):
        return [_mapped(part, function, name) for part in value]
    return function(value, name) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def numbers(metrics: dict[str, Any]) -> list[float]:
    """All numbers in metrics, in order.

    Example:
        >>> numbers({"iou": {"x": 0.5}, "why": "no reason", "each": [1, 2]})
        [0.5, 1, 2]
    """
    found: list[float] = []
    mapped(metrics, lambda value, name: found.append(value))
    return found
