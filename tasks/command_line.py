"""From the command line to a configuration, and from an error to one clear line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from tasks.lab import check_lab, complain

Config = TypeVar("Config")


def main(config_class: type[Config], run: Callable[[Config], None]) -> None:
    """Read the flags of a configuration and run with it.

    Exit status: 0 when all went well, 2 for a wrong flag or a VSAError (one line says what and what to do), 130 when
    interrupted.
    """
    try:
        import tyro
    except ImportError:
        sys.exit(complain("this needs the package tyro: run `make demo`, or pip install -e '.[lab]'"))
    try:
        config = tyro.cli(config_class)
        check_lab()
        run(config)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        from vsa.errors import VSAError  # here, because vsa imports torch, and --help must not wait for it

        if not isinstance(error, VSAError):
            raise
        sys.exit(complain(error))
