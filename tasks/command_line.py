"""From the command line to a configuration, and from an error to one clear line."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from tasks.config import CONFIG
from tasks.json_file import read_json
from tasks.lab import check_lab
from vsa.command_line import complain
from vsa.errors import VSAError

Config = TypeVar("Config")


def main(config_class: type[Config], run: Callable[[Config], None]) -> None:
    """Read the flags of a configuration and run with it.

    A configuration with presets is read from the one that `--preset` names, and with `--resume` from the run in `--out`; the
    other flags change it.

    Exit status: 0 when all went well, 2 for a wrong flag or a VSAError (one line says what and what to do), 130 when
    interrupted by SIGINT (Ctrl-C), 143 by SIGTERM.
    """
    if status := status_of(config_class, run, sys.argv[1:]):
        sys.exit(status)


def status_of(config_class: type[Config], run: Callable[[Config], None], flags: Sequence[str], program: str | None = None) -> int:
    """The exit status of running with these flags; see `main`.

    Args:
        program: what the help calls the command.
    """
    try:
        import tyro
    except ImportError:
        return complain("this needs the package tyro: run `make demo`, or pip install -e '.[lab]'")
    before = signal.getsignal(signal.SIGTERM)
    try:
        with suppress(ValueError):  # not in the main thread, where no signal comes
            signal.signal(signal.SIGTERM, _terminate)
        config = tyro.cli(config_class, args=flags, prog=program, **_start(config_class, flags))
        check_lab()
        run(config)
    except KeyboardInterrupt as interrupt:
        print(str(interrupt) or "interrupted", file=sys.stderr)
        return getattr(interrupt, "status", 130)
    except VSAError as error:
        return complain(error)
    finally:
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, before)
    return 0


class _Terminated(KeyboardInterrupt):
    status = 143


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated("terminated")


def _start(config_class: type[Config], flags: Sequence[str]) -> dict[str, Any]:
    """The settings that the flags change, if they are not the usual ones."""
    stages: Any = config_class
    if not hasattr(config_class, "from_json"):
        return {}
    if "--resume" in flags and "--help" not in flags:
        folder = Path(_last("--out", flags) or stages().out)
        if (folder / CONFIG).exists():
            stored = read_json(folder / CONFIG).get("config")
            config = stages.from_json(stored)
            return {"default": replace(config, out=folder)}
    preset = _last("--preset", flags)
    return {} if preset is None else {"default": stages.named(preset)}


def _last(name: str, flags: Sequence[str]) -> str | None:
    """The last value of a flag, None if there is none."""
    found = None
    for place, flag in enumerate(flags):
        if flag == name:
            found = flags[place + 1] if place + 1 < len(flags) else None
        elif flag.startswith(f"{name}="):
            found = flag.partition("=")[2]
    return found
