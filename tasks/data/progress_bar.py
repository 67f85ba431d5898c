"""A progress bar for work that is counted, such as bytes or pictures: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_A_LINE = 10.0


@contextmanager
def progress_bar(
    title: str, total: float | None, unit: str, digits: int = 0, console: Console | None = None
) -> Iterator[Callable[[float], None]]:
    """Shows how much of the work is done, the rate and the time left, while the block runs.

    Args:
        title: what is done, such as "Reading dsprites.npz".
        total: how much there is, or None if nobody knows.
        unit: what is counted, such as "pictures".
        digits: of the numbers, after the point.
        console: where to show it; standard error if there is none.

    Yields:
        A function to call with what was done since the last call.

    Example:
        >>> import sys
        >>> with progress_bar("Counting", 2, "sheep", console=Console(file=sys.stdout, force_terminal=False)) as advance:
        ...     advance(1)
        Counting ...
    """
    console = console or Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[shown]}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    started = last = time.monotonic()
    task, done = bar.add_task(title, total=total, shown=""), 0.0
    if not console.is_terminal:
        console.print(f"{title} ...", markup=False, highlight=False, soft_wrap=True)

    def advance(amount: float) -> None:
        nonlocal done, last
        done, now = done + amount, time.monotonic()
        rate = done / max(now - started, 1e-9)
        of = f" of {total:,.{digits}f}" if total else ""
        shown = f"{done:,.{digits}f}{of} {unit}, {rate:,.{digits}f} {unit}/s"
        bar.update(task, completed=done, shown=shown)
        if not console.is_terminal and now - last >= SECONDS_A_LINE:
            last = now
            left = f", {(total - done) / rate:.0f} s left" if total else ""
            console.print(f"{title}: {shown}{left}", markup=False, highlight=False, soft_wrap=True)

    with bar:
        yield advance
