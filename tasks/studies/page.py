"""Pages whose tables are made by a command, and whose prose is kept by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from vsa.errors import InputError
from vsa.files import replacing


def markers(name: str) -> tuple[str, str]:
    """The lines before and after a made part of a page."""
    return f"<!-- {name} -->", f"<!-- /{name} -->"


def check_page(page: Path, names: Iterable[str]) -> str:
    """The text of a page that has a place for these parts; a bare one where there is no page.

    Raises:
        InputError: a marker is missing or stands twice, or the page cannot be read.
    """
    places = [markers(name) for name in names]
    try:
        text = page.read_text() if page.exists() else "\n".join(f"{begin}\n{end}\n" for begin, end in places)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {page}: {error}") from error
    for begin, end in places:
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise InputError(f"{page} must have one line {begin} and, after it, one line {end}; what is between is replaced")
    return text


def write_page(page: Path, parts: Mapping[str, str]) -> None:
    """Put made parts in their places on a page; all that stands around them is kept. A page that is not there is made.

    Raises:
        InputError: the page has no place for a part, or cannot be read.
        OutputError: it cannot be written.
    """
    text = check_page(page, parts)
    for name, made in parts.items():
        begin, end = markers(name)
        text = f"{text.partition(begin)[0]}{begin}\n\n{made}\n\n{end}{text.partition(end)[2]}"
    with replacing(page) as part:
        part.write_text(text)
