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


def stopping() -> list[int]:
    """Ctrl-C; a scheduler, or `kill`; a terminal or a connection that is closed, if that is not ignored, as under nohup."""
    hung_up = getattr(signal, "SIGHUP", None)  # which Windows has not
    ignored = hung_up is None or signal.getsignal(hung_up) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if ignored or hung_up is None else [hung_up])]


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

    Signals reach the main thread only; elsewhere nothing is changed and nothing noted.

    Attributes:
        signal: the first one that came, 0 if none did.
    """

    def __init__(self) -> None:
        self.signal = 0
        self.before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for number in stopping():
                self.before[number] = signal.signal(number, lambda given, frame: self.note(given))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def note(self, number: int) -> None:
        """Stop after this step, because of this signal."""
        self.signal = self.signal or number
