"""Fetching the published file of dSprites: what was fetched is kept when the line breaks, and checked before it counts."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console

from tasks.data.counting import counting
from vsa.errors import InputError, OutputError
from vsa.files import open_file

PAGE = "https://github.com/google-deepmind/dsprites-dataset"
URL = f"{PAGE}/raw/master/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
BLOB = "d98996d3f8ee1550e06b9d4ed78d0beb478910d5"
"""What git calls the file's content: the SHA-1 of its size and its bytes."""

LARGEST = 64 * 2**20
MB = 1e6
CHUNK = 2**16

WHAT_TO_DO = (
    f"fetch the file by any means from {PAGE} and give it with --data PATH, "
    "or leave --data out: the renderer draws the same pictures"
)


def download(path: Path, url: str = URL, blob: str = BLOB, *, timeout: float = 30, console: Console | None = None) -> None:
    """Fetch the published file, unless it is there already.

    What has come stays in a file beside it, named like it with ".part" at the end, until all is there and is what it should be.
    So the same call goes on where one broke off; a server that cannot send a part sends the whole again.

    Args:
        path: where the file goes, in a folder that exists.
        url: where it is; https, unless it is this machine.
        blob: its git blob id, 40 hexadecimal digits.
        timeout: how long the server may be silent, in seconds.
        console: where to show the progress; standard error if there is none.

    Raises:
        InputError: the server cannot be reached, refuses, breaks off, or sends another file or more than 64 MiB; or another file
            has this name already.
        OutputError: the file cannot be written.

    Source: https://github.com/google-deepmind/dsprites-dataset; https://git-scm.com/book/en/v2/Git-Internals-Git-Objects.
    """
    loopback = _check_url(url)
    if os.path.lexists(path):
        if (found := blob_id(path)) != blob:
            raise InputError(
                f"{path} is another file (its git blob id is {found}, not {blob}); move it away, or choose another name"
            )
        return
    part = path.with_name(f"{path.name}.part")
    try:
        if os.path.lexists(part) and not stat.S_ISREG(part.lstat().st_mode):
            raise OutputError(f"cannot write {part}: it is not a regular file; remove it")
        if not part.exists() or blob_id(part) != blob:
            _fetch(part, url, loopback, timeout, console)
        if (found := blob_id(part)) != blob:
            part.unlink()
            raise InputError(f"{url} is not the published file: its git blob id is {found}, not {blob}; {WHAT_TO_DO}")
        os.replace(part, path)
    except (InputError, OutputError):
        raise
    except OSError as error:
        raise OutputError(f"cannot write {part}: {error.strerror or error}") from error


def blob_id(path: Path) -> str:
    """What git calls the content of a file: the SHA-1 of the word blob, its size, a zero byte and its bytes, in hexadecimal.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:  # git hash-object gives the same
        ...     blob_id(Path(file.name))
        'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    with open_file(path) as file:
        digest = hashlib.sha1(b"blob %d\0" % os.fstat(file.fileno()).st_size)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _check_url(url: str) -> bool:
    """Whether the URL is of this machine."""
    try:
        parts = urlsplit(url)
        loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
        right = bool(parts.hostname) and parts.scheme in (("http", "https") if loopback else ("https",))
    except ValueError:
        loopback = right = False
    if not right:
        raise InputError(f"cannot fetch {url}: a URL must begin with https://")
    return loopback


class _OnlyToHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urlsplit(newurl).scheme != "https":
            fp.close()
            raise InputError(f"cannot fetch {req.full_url}: it leads to {newurl}, and only https is followed; {WHAT_TO_DO}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(part: Path, url: str, loopback: bool, timeout: float, console: Console | None) -> None:
    """Append to the part what is missing of it, or write it anew."""
    have = part.stat().st_size if part.exists() else 0
    have = have if have <= LARGEST else 0
    with _answer(url, have, loopback, timeout) as response:
        start = have if _goes_on(response, have) else 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        if total is not None and total > LARGEST:
            raise InputError(f"{url} is not the published file: it has {total / MB:,.1f} MB; {WHAT_TO_DO}")
        with (
            part.open("ab" if start else "wb") as file,
            counting(f"Fetching {part.stem}", total and total / MB, "MB", 1, console) as advance,
        ):
            advance(start / MB)
            size = start
            try:
                for chunk in _chunks(response):
                    size += len(chunk)
                    if size > LARGEST:
                        part.unlink()
                        raise InputError(
                            f"{url} is not the published file: it has more than {LARGEST / MB:,.1f} MB; {WHAT_TO_DO}"
                        )
                    file.write(chunk)
                    advance(len(chunk) / MB)
                if total is not None and size < total:
                    raise _Gone("the server closed the connection")
            except _Gone as error:
                of = f" of {total / MB:,.1f} MB" if total is not None else ""
                raise InputError(
                    f"cannot go on fetching {url}: {error}; {size / MB:,.1f}{of} are in {part}, "
                    "and the same command goes on from there"
                ) from error
            file.flush()
            os.fsync(file.fileno())


class _Gone(Exception):
    """The server is gone."""


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            chunk = response.read1(CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _Gone(_reason(error)) from error
        if not chunk:
            return
        yield chunk


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason) or type(error).__name__


def _goes_on(response: http.client.HTTPResponse, have: int) -> bool:
    return response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")


@contextlib.contextmanager
def _answer(url: str, have: int, loopback: bool, timeout: float) -> Iterator[http.client.HTTPResponse]:
    """The answer to a request for all from the byte `have` on; for the whole if the server has no such bytes."""
    handlers: list[urllib.request.BaseHandler] = [_OnlyToHttps()]
    if loopback:
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        response = urllib.request.build_opener(*handlers).open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:
            with _answer(url, 0, loopback, timeout) as whole:
                yield whole
            return
        raise InputError(f"cannot fetch {url}: the server answers {error.code} {error.reason}; {WHAT_TO_DO}") from error
    except InputError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise InputError(f"cannot fetch {url}: {_reason(error)}; {WHAT_TO_DO}") from error
    with response:
        if response.status == 206 and not _goes_on(response, have):
            raise InputError(f"cannot fetch {url}: the server sends another part than the one asked for; {WHAT_TO_DO}")
        if response.status not in (200, 206):
            raise InputError(f"cannot fetch {url}: the server answers {response.status} {response.reason}; {WHAT_TO_DO}")
        yield response
