"""Being asked to stop: SIGINT (Ctrl-C) and SIGTERM (a scheduler, or `kill`) end a run after the step that it is in."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A run was asked to stop, and has saved where it is.

    Attributes:
        status: the exit status that goes with the signal: 130 for SIGINT, 143 for SIGTERM.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.status = 128 + number


class Stop:
    """While it is open, signals are noted and the work goes on: `with Stop() as stop: ...`; then look at `stop.signal`.

    Signals reach the main thread only; elsewhere nothing is changed and nothing noted.

    Attributes:
        signal: the first one that came, 0 if none did.
    """

    def __init__(self) -> None:
        self.signal = 0
        self.before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            self.before = {number: signal.signal(number, self._note) for number in STOPPING}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = self.signal or number
