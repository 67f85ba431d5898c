"""Batches in order, drawn ahead by threads if there are any."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import TypeVar

Drawn = TypeVar("Drawn")


def prefetch(draw: Callable[[int], Drawn], first: int, workers: int) -> Generator[Drawn, None, None]:
    """draw(first), draw(first + 1), and so on without end; what they give may depend on the number alone.

    Args:
        draw: makes number n.
        first: where to begin.
        workers: how many threads draw ahead, two each at most; with 0 each is drawn when it is asked for.

    Example:
        >>> batches = prefetch(lambda n: n * n, 3, workers=2)
        >>> next(batches), next(batches)
        (9, 16)
    """
    if not workers:
        yield from map(draw, count(first))
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="batches") as pool:
        numbers = count(first)
        ahead: deque[Future[Drawn]] = deque(pool.submit(draw, next(numbers)) for _ in range(2 * workers))
        try:
            while True:
                drawn = ahead.popleft().result()
                ahead.append(pool.submit(draw, next(numbers)))
                yield drawn
        finally:
            for future in ahead:
                future.cancel()
