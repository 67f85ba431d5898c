"""The command `vsa`: what comes with the library, and, from a checkout, the laboratory.

Nothing is imported here that help, version and lists do not need: no torch, and none of the laboratory's packages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module

from vsa import __version__
from vsa.errors import VSAError, choices
from vsa.plugins import BUILT_IN, checkout, sources

LABORATORY = {
    "train": "learn a task: a model, what it reaches, and pictures",
    "evaluate": "measure a trained model on combinations that were never trained on",
    "edit": "exchange a feature inside a scene's vector, and draw what comes out",
    "data": "fetch or write the file of dSprites",
}
COMMANDS = {**LABORATORY, "list": "what there is by name: algebras, encoders, decoders, tasks"}

HELP = f"""\
usage: vsa [-h] [--version] COMMAND ...

Vector symbolic architectures, and a laboratory that learns scenes as vectors.

commands:
{chr(10).join(f"  {name:10}{text}" for name, text in COMMANDS.items())}

Each command takes --help. All but `list` need a checkout of the repository.
"""

TRAIN_HELP = """\
usage: vsa train TASK [flags]

Learn a task; write metrics.json, figures and model.safetensors into the folder --out, and print the tables.

tasks:
{}

A task of your own is named package.module:attribute. `vsa train TASK --help` shows its flags.
"""

DATA_HELP = """\
usage: vsa data download PATH
       vsa data write PATH

download: fetch the published file of dSprites, 26 MB, and check it; what broke off goes on.
write: render all 737,280 pictures into a file of the published layout.
"""

LIST_HELP = f"""\
usage: vsa list [{"|".join(f"{kind}s" for kind in BUILT_IN)}]

List what there is by name, and where each comes from; all four kinds if none is given.
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
    asked = rest[:1] in (["--help"], ["-h"])
    if command in ("--help", "-h"):
        return _say(HELP)
    if command == "--version":
        return _say(f"vsa-torch {__version__}\n")
    if command not in COMMANDS:
        return complain(f"there is no command {command!r}; {choices(command, COMMANDS)}")
    if command == "list":
        return _say(LIST_HELP) if asked else _list(rest)
    if command == "train" and asked:
        return _say(TRAIN_HELP.format(_lines(sources("task"))))
    if command == "data" and asked:
        return _say(DATA_HELP)
    root = checkout()
    if root is None:
        missing = (
            f"`vsa {command}` needs a checkout: clone the repository and run it from there, as encoders, decoders and tasks "
            "are not part of the installed package"
        )
        return _say(f"vsa {command}: {COMMANDS[command]}\n\n{missing}\n") if asked else complain(missing)
    sys.path.insert(0, str(root))  # first, so that nobody else's module called `tasks` is taken for ours
    return import_module("tasks.console").status_of(command, rest)


def _list(words: Sequence[str]) -> int:
    kinds = {f"{kind}s": kind for kind in BUILT_IN}
    if len(words) > 1:
        return complain(f"`vsa list` takes one kind, got {' '.join(words)}")
    for word in words:
        if word not in kinds:
            return complain(f"there is no kind {word!r}; {choices(word, kinds)}")
    parts = [f"{plural}\n{_lines(sources(kinds[plural]))}\n" for plural in words or kinds]
    return _say("\n".join(parts))


def _lines(named: dict[str, str]) -> str:
    width = max(map(len, named))
    return "\n".join(f"  {name:{width}}  {text}" for name, text in named.items())


def _say(text: str) -> int:
    print(text, end="")
    return 0
