"""Whether what is asked for can be in this machine's memory at all, said before it is made."""

from __future__ import annotations

import os

from vsa.errors import RangeError


def memory() -> int:
    """The memory of this machine in bytes; where that is not known, more than any has."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not everywhere
        return 2**63


def check_memory(name: str, value: int, each: int, what: str) -> None:
    """Refuse a setting of which this machine cannot hold what it makes.

    Args:
        name: of the setting.
        value: how many.
        each: bytes that each takes, at the least.
        what: they are.

    Raises:
        RangeError: they take more than there is; the message says how much.

    Example:
        >>> check_memory("evaluate", 10**10, 16384, "pictures")
        Traceback (most recent call last):
        vsa.errors.RangeError: evaluate is 10,000,000,000: the pictures alone would take 152,588 GiB, more than there is
    """
    if value * each > memory():
        raise RangeError(f"{name} is {value:,}: the {what} alone would take {value * each / 2**30:,.0f} GiB, more than there is")
