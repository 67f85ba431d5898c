"""Memory that runs out: found before a machine begins to swap where that can be, and said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

from vsa.errors import TrainingError, VSAError

TRAINING = 4
"""A weight takes so many times its memory while it is trained: itself, its gradient and Adam's two moments."""


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
        said = str(error)
        out = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in said or "bad_alloc" in said
        if not out or isinstance(error, VSAError):
            raise
        raise TrainingError(f"out of memory {when}; {advice}") from error


@contextmanager
def within_memory(times: int = TRAINING) -> Iterator[None]:
    """What the block allocates may take a share of the memory that is there; more is refused at once, and nothing is swapped.

    Args:
        times: the share's inverse.
    """
    try:
        import resource
    except ImportError:  # as on Windows, where the system itself has to say no
        yield
        return
    before, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = psutil.Process().memory_info().vms + psutil.virtual_memory().available // times
    resource.setrlimit(resource.RLIMIT_AS, (limit if before == resource.RLIM_INFINITY else min(limit, before), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, most))
