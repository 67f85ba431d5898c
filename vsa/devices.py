"""What a device is good at, whichever torch is asked."""

from __future__ import annotations

import torch


def fast_in_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies matrices faster in bfloat16 than in float32: GPUs that have such products, and CPUs with AMX.

    A torch that cannot say so of the CPU, as before 2.8, is taken for one on a CPU without.

    Example:
        >>> fast_in_bfloat16(torch.device("meta"))
        False
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = getattr(torch.cpu, "get_capabilities", dict)
    return device.type == "cpu" and bool(capabilities().get("amx_bf16", False))


def in_autocast(device: torch.device) -> bool:
    """Whether autocast is on for a device; on one that knows no autocast, it is not.

    Example:
        >>> in_autocast(torch.device("cpu")), in_autocast(torch.device("meta"))
        (False, False)
    """
    return device.type != "meta" and torch.is_autocast_enabled(device.type)


def default_device() -> torch.device:
    """Where torch makes a tensor that is asked for without a device; ``with torch.device(...)`` counts in every version.

    Example:
        >>> with torch.device("meta"):
        ...     default_device()
        device(type='meta')
    """
    return torch.empty(0).device
