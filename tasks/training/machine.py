"""What, besides the settings, decides the bits of a training: versions, the device, and how many threads share a sum."""

from __future__ import annotations

import platform
from typing import Any

import torch


def machine(device: torch.device) -> dict[str, Any]:
    """What this process computes with, as JSON can hold it."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.machine()} {capability()}"
    return {"torch": torch.__version__, "device": f"{device.type}, {name}", "threads": torch.get_num_threads()}


def capability() -> str:
    """The widest instructions that torch uses on this processor, such as AVX2."""
    return torch.backends.cpu.get_cpu_capability()


def differences(before: Any, now: dict[str, Any]) -> str:
    """In words, what is otherwise than it was; empty if nothing is.

    Example:
        >>> differences({"torch": "2.6.0", "threads": 1}, {"torch": "2.6.0", "threads": 2})
        'threads 2, not 1'
    """
    stored = before if isinstance(before, dict) else {}
    return ", ".join(f"{name} {value}, not {stored.get(name)}" for name, value in now.items() if stored.get(name) != value)
