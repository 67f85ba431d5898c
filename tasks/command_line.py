"""From the command line to a configuration, and from an error to one clear line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from tasks.config import CONFIG, RunConfig
from tasks.dependencies import check_dependencies
from tasks.json_file import read_json
from tasks.training.signals import stopping
from vsa.command_line import complain, say, status_when_read
from vsa.errors import InputError, RangeError, VSAError
from vsa.plugins import check_typed

Config = TypeVar("Config")


def main(config_class: type[Config], run: Callable[[Config], None]) -> None:
    """Read the flags of a configuration and run with it.

    A configuration with presets is read from the one that `--preset` names, and with `--resume` from the run in `--out`; the
    other flags change it.

    Exit status: 0 when all went well, 2 for a wrong flag or a VSAError (one line says what and what to do), 130 when
    interrupted by SIGINT (Ctrl-C), 143 by SIGTERM, 129 by SIGHUP, 141 when nobody reads on, as behind `| head`.
    """
    if status := status_when_read(lambda: status_of(config_class, run, sys.argv[1:])):
        sys.exit(status)


def status_of(config_class: type[Config], run: Callable[[Config], None], flags: Sequence[str], program: str | None = None) -> int:
    """The exit status of running with these flags; see `main`.

    Args:
        program: what the help calls the command.

    Raises:
        BrokenPipeError: nobody reads standard output.
    """
    try:
        import tyro
    except ImportError:
        return complain("this needs the package tyro: run `make demo`, or pip install -e '.[lab]'")
    # Pictures are files, never shown; a name that matplotlib does not know would end the work.
    os.environ.pop("MPLBACKEND", None)
    try:
        with _ending():
            config = tyro.cli(config_class, args=flags, prog=program, **_start(config_class, flags))
            for kind in ("encoder", "decoder"):
                check_typed(kind, _last(f"--{kind}", flags) or "")
            if _last("--split", flags) not in (None, "None") and _holds_out(flags):
                raise RangeError("--split says what is held out, and so do --test and --validation: choose one")
            check_dependencies()
            _check_torch()
            run(config)
    except KeyboardInterrupt as interrupt:
        say(str(interrupt) or "interrupted")
        return getattr(interrupt, "status", 130)
    except VSAError as error:
        return complain(error)
    return 0


def _check_torch() -> None:
    """Import torch, which refuses some variables of the environment as it is imported.

    Raises:
        VSAError: which there are, and what it says.
    """
    for name in ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"):  # of which torch ends the process
        if not all(":" in part for part in os.environ.get(name, ":").split(",")):
            raise VSAError(f"{name} in the environment must be options such as max_split_size_mb:128, got {os.environ[name]!r}")
    try:
        import torch  # noqa: F401  (all that runs needs it)
    except (RuntimeError, ValueError) as error:
        there = ", ".join(name for name in os.environ if name.startswith(("PYTORCH_", "TORCH")))
        said = (str(error).strip().splitlines() or [""])[0]
        raise VSAError(f"torch cannot be imported: {said}; unset what is wrong of {there or 'the environment'}") from error


class _Ended(KeyboardInterrupt):
    def __init__(self, number: int) -> None:
        super().__init__("terminated" if number == signal.SIGTERM else "hung up")
        self.status = 128 + number


@contextmanager
def _ending() -> Iterator[None]:
    """Signals that end a process are raised as exceptions, so that what is half-written is removed."""
    before: dict[int, Any] = {}

    def end(number: int, frame: FrameType | None) -> None:
        raise _Ended(number)

    try:
        for number in stopping():
            if number != signal.SIGINT:  # which Python itself raises
                before[number] = signal.signal(number, end)
    except ValueError:  # not in the main thread, where no signal comes
        pass
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(config_class: type[Config], flags: Sequence[str]) -> dict[str, Any]:
    """The settings that the flags change, if they are not the usual ones."""
    stages: Any = config_class
    if not hasattr(config_class, "from_json"):
        return {}
    if "--resume" in flags and "--help" not in flags:
        folder = Path(_last("--out", flags) or stages().out)
        if os.path.exists(folder / CONFIG):  # unlike that of Path it raises nothing, whatever the name
            config = stages.from_json(read_json(folder / CONFIG).get("config"))
            _check_trusted(config, folder / CONFIG, flags)
            return {"default": replace(config, out=folder)}
    preset = _last("--preset", flags)
    if preset is None and not _holds_out(flags):
        return {}
    config = stages.named(preset or "default")
    # Whoever says what is held out wants no usual split beside it.
    return {"default": replace(config, split=None) if _holds_out(flags) else config}


def _holds_out(flags: Sequence[str]) -> bool:
    """Whether the user says by expressions what is held out."""
    return any(_last(flag, flags) is not None for flag in ("--test", "--validation"))


def _check_trusted(config: RunConfig, path: Path, flags: Sequence[str]) -> None:
    """Refuse code that a file names, and that the user did not name himself.

    Raises:
        InputError: which, and what to do.
    """
    for name, value in config.code().items():
        flag = f"--{name.replace('_', '-')}"
        if "--trust" not in flags and _last(flag, flags) is None:
            raise InputError(
                f"{path} names the {name} {value!r}, code that is no part of this project; if you know it, name it again with "
                f"{flag} {value}, or go on with --resume --trust"
            )


def _last(name: str, flags: Sequence[str]) -> str | None:
    """The last value of a flag, None if there is none."""
    found = None
    for place, flag in enumerate(flags):
        if flag == name:
            found = flags[place + 1] if place + 1 < len(flags) else None
        elif flag.startswith(f"{name}="):
            found = flag.partition("=")[2]
    return found
