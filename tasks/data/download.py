"""Fetching published files: what has come is kept when the line breaks, and the whole is checked before it counts.

pooch asks for the bytes and computes the checksums. What it has not is here: going on where a line broke, and git's blob id.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from rich.console import Console

from tasks.data.progress_bar import progress_bar
from vsa.errors import InputError, OutputError, RangeError, VSAError
from vsa.files import open_file

CHECKSUM = re.compile(r"(blob|md5|sha1|sha256|sha512):[0-9a-f]+")
MB = 1e6
CHUNK = 2**14
"""Bytes that are written at once; what is less than these when the line breaks is lost."""


def fetch(
    url: str,
    path: Path,
    *,
    checksum: str,
    largest: int,
    advice: str = "fetch the file by any other means",
    timeout: float = 30,
    console: Console | None = None,
) -> None:
    """Fetch a published file, unless it is there already.

    What has come stays in a file beside it, named like it with ".part" at the end, until all is there and is what it should be.
    So the same call goes on where one broke off; a server that cannot send a part sends the whole again.

    Args:
        url: where it is; https, unless it is this machine.
        path: where the file goes, in a folder that exists.
        checksum: of its content, in lower case: "md5:", "sha1:", "sha256:" or "sha512:" and hexadecimal digits; or "blob:" and
            what git calls it, see `blob_id`.
        largest: so many bytes it has at most.
        advice: what to do when it cannot be fetched, for the messages.
        timeout: how long the server may be silent, in seconds.
        console: where to show the progress; standard error if there is none.

    Raises:
        InputError: the server cannot be reached, refuses, breaks off, or sends another file or more than `largest`; or another
            file has this name already.
        OutputError: the file cannot be written.
        RangeError: the checksum is of no such kind.

    Example:
        >>> fetch("http://example.org/a.npz", Path("a.npz"), checksum="md5:0a", largest=10**9)
        Traceback (most recent call last):
        vsa.errors.InputError: cannot fetch http://example.org/a.npz: a URL must begin with https://
    """
    loopback = _check_url(url)
    if not CHECKSUM.fullmatch(checksum):
        raise RangeError(f"checksum must be blob, md5, sha1, sha256 or sha512, a colon and digits from 0 to f, got {checksum!r}")
    kind, right = checksum.split(":")
    called = "git blob id" if kind == "blob" else kind
    if os.path.lexists(path):
        if (found := _digest(path, kind)) != right:
            raise InputError(
                f"{path} is another file (its {called} is {found}, not {right}); move it away, or choose another name"
            )
        return
    part = path.with_name(f"{path.name}.part")
    try:
        if os.path.lexists(part) and not stat.S_ISREG(part.lstat().st_mode):
            raise OutputError(f"cannot write {part}: it is not a regular file; remove it")
        if not part.exists() or _digest(part, kind) != right:
            _go_on(url, part, loopback, largest, advice, timeout, console)
        if (found := _digest(part, kind)) != right:
            part.unlink()
            raise InputError(f"{url} is not the published file: its {called} is {found}, not {right}; {advice}")
        os.replace(part, path)
    except VSAError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write {part}: {error.strerror or error}") from error


def blob_id(path: Path) -> str:
    """What git calls the content of a file: the SHA-1 of the word blob, its size, a zero byte and its bytes, in hexadecimal.

    Source: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects.

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


def _digest(path: Path, kind: str) -> str:
    if kind == "blob":
        return blob_id(path)
    from pooch import file_hash  # here, because few need it

    open_file(path).close()  # which waits for no pipe
    return file_hash(str(path), kind)


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


def _go_on(
    url: str, part: Path, loopback: bool, largest: int, advice: str, timeout: float, console: Console | None, over: bool = False
) -> None:
    """Append to the part what is missing of it, or write it anew."""
    from pooch import HTTPDownloader

    have = part.stat().st_size if part.exists() and not over else 0
    with _Part(url, part, have if have <= largest else 0, largest, advice, console) as answered:
        ask = HTTPDownloader(
            chunk_size=CHUNK,
            timeout=timeout,
            headers={"Accept-Encoding": "identity"} | ({"Range": f"bytes={answered.have}-"} if answered.have else {}),
            hooks={"response": answered.check},
            proxies={"http": "", "https": ""} if loopback else {},
        )
        try:
            ask(url, answered, None)  # pyright: ignore[reportArgumentType]  (anything that has `write`)
            answered.finish()
            return
        except _NoSuchPart:
            pass
        except VSAError:
            raise
        except (OSError, ValueError) as error:  # all errors of requests are among these
            raise answered.broken(_reason(error)) from error
    _go_on(url, part, loopback, largest, advice, timeout, console, over=True)


class _NoSuchPart(Exception):
    """The server has no bytes beyond those that there are."""


class _Part:
    """The file that pooch writes to, opened when the server has answered what was asked for."""

    def __init__(self, url: str, part: Path, have: int, largest: int, advice: str, console: Console | None) -> None:
        self.url, self.part, self.have, self.largest, self.advice, self.console = url, part, have, largest, advice, console
        self.size, self.total = have, None
        self.file: BinaryIO | None = None

    def __enter__(self) -> _Part:
        self.stack = ExitStack()
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def check(self, response: Any, **options: Any) -> None:
        """Refuse an answer that is not what was asked for, before its bytes come; each redirection is one."""
        self.stack.callback(response.close)
        status, headers = response.status_code, response.headers
        if response.is_redirect:
            to = urljoin(response.url, headers["Location"])
            if urlsplit(to).scheme != "https":
                raise self._refused(f"it leads to {to}, and only https is followed")
            return
        if status == 416 and self.have:
            raise _NoSuchPart
        if status not in (200, 206):
            raise self._refused(f"the server answers {status} {response.reason}")
        if status == 206 and not headers.get("Content-Range", "").startswith(f"bytes {self.have}-"):
            raise self._refused("the server sends another part than the one asked for")
        self.size = self.have if status == 206 else 0
        length = headers.get("Content-Length", "")
        self.total = self.size + int(length) if length.isdecimal() else None
        if self.total is not None and self.total > self.largest:
            raise InputError(f"{self.url} is not the published file: it has {self.total / MB:,.1f} MB; {self.advice}")
        total = self.total and self.total / MB
        self.advance = self.stack.enter_context(progress_bar(f"Fetching {self.part.stem}", total, "MB", 1, self.console))
        self.advance(self.size / MB)
        try:
            self.file = self.stack.enter_context(self.part.open("ab" if self.size else "wb", buffering=0))
        except OSError as error:
            raise self._unwritten(error) from error

    def write(self, chunk: bytes) -> None:
        """Append what has come, unless it is too much."""
        assert self.file is not None, "no answer has come yet"
        if self.size + len(chunk) > self.largest:
            self.part.unlink()
            raise InputError(f"{self.url} is not the published file: it has more than {self.largest / MB:,.1f} MB; {self.advice}")
        self.size += len(chunk)
        self.advance(len(chunk) / MB)
        try:
            while chunk:  # a disk that is nearly full takes a part of it
                chunk = chunk[self.file.write(chunk) :]
        except OSError as error:
            raise self._unwritten(error) from error

    def flush(self) -> None:
        """Nothing is held back."""

    def finish(self) -> None:
        """See that all has come, and wait until the disk has it."""
        assert self.file is not None, "no answer has come yet"
        if self.total is not None and self.size < self.total:
            raise self.broken("the server closed the connection")
        os.fsync(self.file.fileno())

    def broken(self, reason: str) -> InputError:
        """What to raise where the line breaks."""
        if self.file is None:
            return self._refused(reason)
        of = f" of {self.total / MB:,.1f} MB" if self.total is not None else ""
        return InputError(
            f"cannot go on fetching {self.url}: {reason}; {self.size / MB:,.1f}{of} are in {self.part}, "
            "and the same command goes on from there"
        )

    def _refused(self, reason: str) -> InputError:
        return InputError(f"cannot fetch {self.url}: {reason}; {self.advice}")

    def _unwritten(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self.part}: {error.strerror or error}")


def _reason(error: BaseException) -> str:
    """The first of the errors that led to one another, in one line."""
    while (earlier := error.__cause__ or error.__context__) is not None:
        error = earlier
    if type(error).__name__ == "IncompleteRead":
        return "the server closed the connection"
    return " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())
