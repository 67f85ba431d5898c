"""How a file names an algebra, and how that algebra is found again without importing what a file names."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from vsa.algebra import Algebra
from vsa.errors import AlgebraError, InputError, VSAError
from vsa.lookup import get_algebra


def described(algebra: Algebra) -> str:
    """The name, the backend and the options of an algebra, as JSON.

    Example:
        >>> described(get_algebra("SBC", block_size=8))
        '{"name": "SBC", "backend": "native", "options": {"block_size": 8}}'
    """
    if is_dataclass(algebra):
        options: dict[str, Any] = asdict(algebra)  # pyright: ignore[reportArgumentType]
    else:
        size = getattr(algebra, "block_size", None)
        options = {} if size is None else {"block_size": size}
    return json.dumps({"name": algebra.name, "backend": getattr(algebra, "backend", "native"), "options": options})


def found(path: Path, text: str, given: str | Algebra | None) -> Algebra:
    """The algebra given, or else the one that a file names, if it is known here: a file's own code is never imported.

    Args:
        path: the file, for the messages.
        text: what `described` gave.
        given: the algebra that a user gave, if any.

    Raises:
        InputError: the text describes none.
        AlgebraError: the algebra is unknown here, or not the one given.
    """
    try:
        told = json.loads(text)
        name, backend, options = str(told["name"]), str(told["backend"]), dict(told["options"])
        if not options.keys().isdisjoint(("algebra", "backend")):
            raise ValueError("a name is no option of an algebra")
    except Exception as error:
        raise InputError(f"{path} does not describe an algebra ({error})") from error
    if given is not None:
        algebra = get_algebra(given)
        if algebra.name != name:
            raise AlgebraError(f"{path} was saved with the algebra {name}, not {algebra.name}")
        return algebra
    try:
        if ":" in name:
            raise AlgebraError(f"{name!r} is no name of an algebra, but of code")
        return get_algebra(name, backend, **options)
    except VSAError as error:
        raise AlgebraError(f"{path} was saved with an algebra that is not known here; give it: algebra=... ({error})") from error
