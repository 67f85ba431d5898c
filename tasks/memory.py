"""Memory that there is not: refused before the work where that can be known, and said in one line where it cannot."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

from vsa.errors import RangeError, TrainingError, VSAError

TRAINING = 4
"""A weight takes so many times its memory while it is trained: itself, its gradient and Adam's two moments."""

ROOM = 2**30
"""What a block may always allocate: the stacks of threads, and what libraries keep for themselves."""


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
    if value * each > psutil.virtual_memory().total:
        raise RangeError(f"{name} is {value:,}: the {what} alone would take {value * each / 2**30:,.0f} GiB, more than there is")


@contextmanager
def enough_memory(when: str, advice: str) -> Iterator[None]:
    """Say what to do when memory runs out.

    Args:
        when: where it happens, such as "in step 4 on cpu".
        advice: what to do about it.

    Raises:
        TrainingError: there is not enough memory for the block.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        raise TrainingError(f"out of memory {when}; {advice}") from error


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory, which each allocator says in its own words."""
    if isinstance(error, VSAError) or not isinstance(error, (MemoryError, RuntimeError)):
        return False
    said = str(error)
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in said or "bad_alloc" in said


@contextmanager
def within_memory(times: int = TRAINING) -> Iterator[None]:
    """What the block allocates may take a share of the memory that is there; more is refused at once, and nothing is swapped.

    Linux counts what a process has for itself; elsewhere the system has to say no by itself.

    Args:
        times: the share's inverse.
    """
    if sys.platform != "linux":
        yield
        return
    import resource  # not on Windows

    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = psutil.Process().memory_info().data + max(ROOM, psutil.virtual_memory().available // times)
    resource.setrlimit(resource.RLIMIT_DATA, (limit if before == resource.RLIM_INFINITY else min(limit, before), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))
