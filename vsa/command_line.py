"""The command `vsa`: what comes with the library, and, from a checkout, the laboratory.

The laboratory is not named here: the checkout's pyproject.toml says which module has its commands. Nothing is imported that help,
version and lists do not need: no torch.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

from vsa import __version__
from vsa.errors import VSAError, choices
from vsa.plugins import kinds, sources

LABORATORY = {
    "train": "learn a task: a model, what it reaches, and pictures",
    "evaluate": "measure a trained model on combinations that were never trained on",
    "edit": "exchange a feature inside a scene's vector, and draw what comes out",
    "swap": "exchange what stays of two clips for what moves, and write animations",
    "data": "fetch or write the files of data sets",
}
"""What a checkout has commands for, so that help can say so where there is none."""
COMMANDS = {**LABORATORY, "list": "what there is by name: algebras, encoders, decoders, data sets, tasks"}

ASKED = (["--help"], ["-h"])

HELP = f"""\
usage: vsa [-h] [--version] COMMAND ...

Vector symbolic architectures, and a laboratory that learns scenes as vectors.

commands:
{chr(10).join(f"  {name:10}{text}" for name, text in COMMANDS.items())}

Each command takes --help. All but `list` need a checkout of the repository.
"""


def main(words: Sequence[str] | None = None) -> None:
    """Run the command `vsa`.

    Args:
        words: what stands behind `vsa`; that of the command line if there are none.

    Exit status: 0 when all went well, 2 for a wrong word or a VSAError (one line says what and what to do), 130 when
    interrupted by SIGINT (Ctrl-C), 143 by SIGTERM, 129 by SIGHUP, 141 when nobody reads on, as behind `| head`.
    """
    if status := status_of(sys.argv[1:] if words is None else words):
        sys.exit(status)


def status_of(words: Sequence[str]) -> int:
    """The exit status of the command with these words; see `main`."""
    return status_when_read(lambda: _status_of(words))


def status_when_read(work: Callable[[], int]) -> int:
    """The exit status of work that prints: what it gives, 141 if nobody reads standard output, or 2 and one line of error."""
    try:
        status = work()
        _flush()
        return status
    except BrokenPipeError:
        _close()
        return 141
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except VSAError as error:
        return complain(error)
    except OSError as error:
        if _can_print():
            raise
        _close()
        return complain(f"cannot write to standard output: {error.strerror}")


def _flush() -> None:
    if sys.stdout is not None:  # as it is where standard output is closed
        sys.stdout.flush()


def _can_print() -> bool:
    """Whether standard output takes anything at all; what a full disk did not take may be lost by now."""
    try:
        print(flush=True)
    except OSError:
        return False
    return True


def _close() -> None:
    """Print nowhere from now on, or else Python complains when it flushes at its end."""
    with suppress(OSError, ValueError):  # a test's standard output is no file
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(message: object) -> None:
    """Print one line to standard error, if anybody reads it."""
    with suppress(OSError):
        print(message, file=sys.stderr, flush=True)


def complain(message: object) -> int:
    """Print one line to standard error; 2, the exit status that goes with it."""
    say(f"error: {message}")
    return 2


def _status_of(words: Sequence[str]) -> int:
    command, *rest = words or ["--help"]
    if command in ("--help", "-h"):
        return _say(HELP)
    if command == "--version":
        return _say(f"vsa-torch {__version__}\n")
    if command not in COMMANDS:
        return complain(f"there is no command {command!r}; {choices(command, COMMANDS)}")
    console = laboratory()
    if command == "list":
        return _list(rest)
    if console is None:
        missing = (
            f"`vsa {command}` needs a checkout: clone the repository and run it from there, as encoders, decoders and tasks "
            "are not part of the installed package"
        )
        return _say(f"vsa {command}: {COMMANDS[command]}\n\n{missing}\n") if rest[:1] in ASKED else complain(missing)
    return console.status_of(command, rest)


def laboratory() -> ModuleType | None:
    """The module that has the laboratory's commands, imported; None where the package was installed alone.

    It is named in the pyproject.toml of a checkout, under [tool.vsa], because nothing in this package names what is built on it.
    """
    root = Path(__file__).resolve().parents[1]
    try:
        name = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["vsa"]["laboratory"]
    except (OSError, ValueError, KeyError):
        return None
    if sys.path[:1] != [str(root)]:
        sys.path.insert(0, str(root))  # first, so that nobody else's module of that name is taken for ours
    return import_module(name)


def _list(words: Sequence[str]) -> int:
    plurals = {f"{kind}s": kind for kind in kinds()}
    if words[:1] in ASKED:
        return _say(
            f"usage: vsa list [{'|'.join(plurals)}]\n\n"
            "List what there is by name, and where each comes from; all kinds if none is given.\n"
        )
    if len(words) > 1:
        return complain(f"`vsa list` takes one kind, got {' '.join(words)}")
    for word in words:
        if word not in plurals:
            return complain(f"there is no kind {word!r}; {choices(word, plurals)}")
    return _say("\n".join(f"{plural}\n{lines(sources(plurals[plural]))}\n" for plural in words or plurals))


def lines(named: dict[str, str]) -> str:
    """Names and what is said of them, side by side."""
    width = max(map(len, named))
    return "\n".join(f"  {name:{width}}  {text}" for name, text in named.items())


def _say(text: str) -> int:
    print(text, end="")
    return 0
