"""From the command line to a configuration, and from an error to one clear line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from tasks.lab import check_lab, complain
from vsa.errors import VSAError

Config = TypeVar("Config")


def main(config_class: type[Config], run: Callable[[Config], None]) -> None:
    """Read the flags of a configuration and run with it.

    A configuration with presets is read from the one that `--preset` names; the other flags change it.

    Exit status: 0 when all went well, 2 for a wrong flag or a VSAError (one line says what and what to do), 130 when
    interrupted.
    """
    try:
        import tyro
    except ImportError:
        sys.exit(complain("this needs the package tyro: run `make demo`, or pip install -e '.[lab]'"))
    try:
        preset = _preset(sys.argv[1:])
        named: Any = getattr(config_class, "named", None)
        start = {} if preset is None or named is None else {"default": named(preset)}
        config = tyro.cli(config_class, **start)
        check_lab()
        run(config)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if not isinstance(error, VSAError):
            raise
        sys.exit(complain(error))


def _preset(flags: list[str]) -> str | None:
    """What the last --preset of the flags names."""
    found = None
    for place, flag in enumerate(flags):
        if flag == "--preset":
            found = flags[place + 1] if place + 1 < len(flags) else None
        elif flag.startswith("--preset="):
            found = flag.partition("=")[2]
    return found
