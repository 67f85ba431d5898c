"""Seeds: what is random, and made with the same seed, is different all the same unless it is the same thing."""

from __future__ import annotations

import hashlib

import torch

from vsa.algebras.checks import integer
from vsa.errors import DtypeError


def seeded(seed: int, owner: str, name: str = "") -> torch.Generator:
    """A generator of its own for each seed, owner and name, so that nothing global is read or changed.

    Hashing keeps it away from ``torch.Generator().manual_seed(seed)`` as well, and from the names of an `ItemMemory`.

    Args:
        seed: any integer.
        owner: the class that draws.
        name: tells two of one class apart, which would be the same without.

    Returns:
        A generator on the CPU.

    Raises:
        DtypeError: the seed is not an integer, or the name not a string.

    Example:
        >>> [round(torch.rand(1, generator=seeded(0, "Level", name)).item(), 4) for name in ("x", "y", "x")]
        [0.1464, 0.1364, 0.1464]
    """
    seed = integer(owner, "the seed", seed)
    if not isinstance(name, str):
        raise DtypeError(f"{owner}: the name must be a string, got {type(name).__name__}")
    text = repr((hex(seed), owner, name)).encode()  # in hexadecimal an integer may have any number of digits
    return torch.Generator().manual_seed(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little"))
