"""Being asked to stop: by Ctrl-C, by a scheduler or `kill`, by a terminal that closes, and by a reader that has gone.

It ends a run after the step that it is in, with a checkpoint.
"""

from __future__ import annotations

import signal
import threading
from types import TracebackType
from typing import Any

SIGTERM = int(signal.SIGTERM)
SIGPIPE = 13
"""Also where the system has no such signal: nobody reads what is printed."""

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C; a scheduler, or `kill`; a terminal or a connection that is closed."""


class Interrupted(KeyboardInterrupt):
    """A run was asked to stop, and has saved where it is.

    Attributes:
        status: the exit status that goes with the signal: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP, 141 for SIGPIPE.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.status = 128 + number


class Stop:
    """While it is open, signals are noted and the work goes on: `with Stop() as stop: ...`; then look at `stop.signal`.

    Signals reach the main thread only; elsewhere nothing is changed and nothing noted. What is ignored, as by nohup, stays so.

    Attributes:
        signal: the first one that came, 0 if none did.
    """

    def __init__(self) -> None:
        self.signal = 0
        self.before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self.before[number] = signal.signal(number, lambda given, frame: self.note(given))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def note(self, number: int) -> None:
        """Stop after this step, because of this signal."""
        self.signal = self.signal or number
