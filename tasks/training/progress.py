"""Progress of a long run: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Piped(Console):
    """A console that says when nobody reads it, where rich would end the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Progress:
    """Shows the fraction of the budget spent, steps, images per second, loss and the time left.

    Where it cannot be shown, as on a terminal that has gone, the work goes on without.

    Args:
        steps, seconds: the budget, for the title.
        shown: whether to show anything; one of several processes does.
        console: where to show it; standard error if there is none.

    Attributes:
        closed: whether the one who read it has gone.
    """

    def __init__(self, steps: int | None, seconds: float | None, shown: bool = True, console: Console | None = None) -> None:
        self.console = console or Piped(stderr=True, quiet=not shown)
        self.closed = False
        limits = [f"{seconds / 60:g} min"] if seconds else []
        limits += [f"{steps} steps"] if steps else []
        self.title = f"Training ({' or '.join(limits)})"
        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f}%"),
            TextColumn("step {task.fields[steps]}  {task.fields[rate]:.0f} images/s  loss {task.fields[loss]:.4g}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task(self.title, total=1.0, steps=0, rate=0.0, loss=float("nan"))
        self.next_line = 0.0

    def __enter__(self) -> Progress:
        self._show(self.bar.start)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._show(self.bar.stop)

    def update(self, spent: float, steps: int, rate: float, loss: float) -> None:
        """Show where the run is: fraction of the budget, steps, images per second, mean recent loss."""
        self.bar.update(self.task, completed=spent, steps=steps, rate=rate, loss=loss)
        if not self.console.is_terminal and spent >= self.next_line:
            self.next_line = math.floor(10 * spent + 1) / 10
            line = f"{self.title}: {spent:4.0%}  step {steps}  {rate:.0f} images/s  loss {loss:.4g}"
            self._show(lambda: self.console.print(line, markup=False, soft_wrap=True))

    def _show(self, show: Callable[[], object]) -> None:
        try:
            show()
        except BrokenPipeError:
            self.closed = self.console.quiet = True
        except OSError:
            self.console.quiet = True
