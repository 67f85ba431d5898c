import hashlib
import io
import os
import re
import resource
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tasks.data import download as module
from tasks.data.download import CHUNK, blob_id
from tasks.data.dsprites.download import ADVICE, CHECKSUM, URL, download
from tests.helpers import error
from vsa.errors import InputError, OutputError, RangeError

CONTENT = np.random.default_rng(0).bytes(200_000)
ID = hashlib.sha1(b"blob 200000\0" + CONTENT).hexdigest()
KEPT = 100_000 // CHUNK * CHUNK
WHAT_TO_DO = (
    "fetch the file by any means from https://github.com/google-deepmind/dsprites-dataset and give it with --data PATH, or"
)


class Server(ThreadingHTTPServer):
    """Answers as it is told to, and keeps the ranges that it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.ranges = True
        self.length: int | None = -1  # -1: the true one; None: none is told
        self.cut: int | None = None  # bytes after which the connection breaks
        self.silent = threading.Event()  # until it is set, if `stalls`
        self.stalls = False
        self.status = 0
        self.location = ""
        self.content_range = ""
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/dsprites.npz"


class Handler(BaseHTTPRequestHandler):
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        server, asked = self.server, self.headers["Range"]
        server.asked.append(asked)
        if server.status:
            self.send_response(server.status)
            if server.location:
                self.send_header("Location", server.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if asked and server.ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])  # pyright: ignore[reportOptionalSubscript]
            if start >= len(server.content):
                self.send_error(416)
                return
            self.send_response(206)
            whole = f"bytes {start}-{len(server.content) - 1}/{len(server.content)}"
            self.send_header("Content-Range", server.content_range or whole)
        else:
            self.send_response(200)
        body = server.content[start:]
        if server.length is not None:
            self.send_header("Content-Length", str(len(body) if server.length < 0 else server.length))
        self.end_headers()
        self.wfile.write(body[: server.cut])
        if server.stalls:
            self.wfile.flush()
            server.silent.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.silent.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dsprites.npz"


def fetch(path: Path, url: str, timeout: float = 10, checksum: str = f"blob:{ID}", largest: int = 2**20) -> None:
    quiet = Console(file=io.StringIO(), force_terminal=False)
    module.fetch(url, path, checksum=checksum, largest=largest, advice=ADVICE, timeout=timeout, console=quiet)


def part(path: Path) -> Path:
    return path.with_name("dsprites.npz.part")


def there(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def test_the_file_is_fetched_once(server: Server, path: Path) -> None:
    fetch(path, server.url)
    assert path.read_bytes() == CONTENT
    fetch(path, server.url)
    assert server.asked == [None]
    assert there(path) == ["dsprites.npz"]


def test_the_published_file_is_asked_for_by_https() -> None:
    assert URL.startswith("https://github.com/google-deepmind/dsprites-dataset/raw/master/dsprites_ndarray_")
    assert re.fullmatch("blob:[0-9a-f]{40}", CHECKSUM)


@given(cut=st.integers(0, len(CONTENT)))
def test_what_was_fetched_is_what_git_calls_so(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.getbasetemp() / "some"
    path.write_bytes(CONTENT[:cut])
    assert blob_id(path) == hashlib.sha1(b"blob " + str(cut).encode() + b"\0" + CONTENT[:cut]).hexdigest()


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256", "sha512"])
def test_other_checksums(server: Server, path: Path, kind: str) -> None:
    right, wrong = hashlib.new(kind, CONTENT).hexdigest(), hashlib.new(kind, b"").hexdigest()
    with error(InputError, f"{server.url} is not the published file: its {kind} is {right}, not {wrong}; {WHAT_TO_DO}"):
        fetch(path, server.url, checksum=f"{kind}:{wrong}")
    assert there(path) == []
    fetch(path, server.url, checksum=f"{kind}:{right}")
    assert path.read_bytes() == CONTENT
    with error(InputError, f"{path} is another file (its {kind} is {right}, not {wrong}); move it away"):
        fetch(path, server.url, checksum=f"{kind}:{wrong}")
    os.mkfifo(path.with_name("pipe"))
    with error(InputError, "it is a pipe or a device"):
        fetch(path.with_name("pipe"), server.url, checksum=f"{kind}:{wrong}")


@pytest.mark.parametrize("checksum", ["", "abc", "crc:00", "md5:", "md5:XY", "md5:00:00"])
def test_a_checksum_of_no_kind(server: Server, path: Path, checksum: str) -> None:
    with error(RangeError, "checksum must be blob, md5, sha1, sha256 or sha512, a colon and digits", f"got {checksum!r}"):
        fetch(path, server.url, checksum=checksum)
    assert server.asked == []


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_line_keeps_the_part_and_the_next_call_goes_on(server: Server, path: Path, ranges: bool) -> None:
    server.ranges, server.cut = ranges, 100_000
    with error(
        InputError,
        f"cannot go on fetching {server.url}: the server closed the connection; 0.1 of 0.2 MB are in {part(path)}, ",
        "and the same command goes on from there",
    ):
        fetch(path, server.url)
    assert part(path).read_bytes() == CONTENT[:KEPT], "all but what was less than a chunk"
    server.cut = None
    fetch(path, server.url)
    assert server.asked == [None, f"bytes={KEPT}-"]
    assert path.read_bytes() == CONTENT
    assert there(path) == ["dsprites.npz"]


def test_a_silent_server_is_left_after_a_while(server: Server, path: Path) -> None:
    server.cut, server.stalls = 100_000, True
    with error(InputError, f"cannot go on fetching {server.url}: timed out; 0.1 of 0.2 MB are in", "goes on from there"):
        fetch(path, server.url, timeout=0.3)
    assert part(path).read_bytes() == CONTENT[:KEPT]


def test_a_server_that_tells_no_length(server: Server, path: Path) -> None:
    server.length = None
    fetch(path, server.url)
    assert path.read_bytes() == CONTENT


def test_a_whole_part_is_not_fetched_again(server: Server, path: Path) -> None:
    part(path).write_bytes(CONTENT)
    fetch(path, server.url)
    assert server.asked == []
    assert there(path) == ["dsprites.npz"]


@pytest.mark.parametrize("have", [bytes(len(CONTENT)), bytes(2 * len(CONTENT))])
def test_a_part_beyond_the_end_starts_over(server: Server, path: Path, have: bytes) -> None:
    part(path).write_bytes(have)
    fetch(path, server.url)
    assert server.asked == [f"bytes={len(have)}-", None]
    assert path.read_bytes() == CONTENT


def test_another_content_is_removed(server: Server, path: Path) -> None:
    server.content = bytes(200_000)
    found = hashlib.sha1(b"blob 200000\0" + server.content).hexdigest()
    with error(InputError, f"{server.url} is not the published file: its git blob id is {found}, not {ID}; {WHAT_TO_DO}"):
        fetch(path, server.url)
    assert there(path) == []
    server.content = CONTENT
    part(path).write_bytes(b"of something else")
    with error(InputError, "its git blob id is", f"not {ID}"):
        fetch(path, server.url)
    assert there(path) == []
    fetch(path, server.url)
    assert path.read_bytes() == CONTENT


def test_another_part_than_the_one_asked_for(server: Server, path: Path) -> None:
    server.content_range = "bytes 0-199999/200000"
    part(path).write_bytes(CONTENT[:1000])
    with error(InputError, f"cannot fetch {server.url}: the server sends another part than the one asked for; {WHAT_TO_DO}"):
        fetch(path, server.url)
    assert part(path).read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize(("status", "reason"), [(404, "Not Found"), (403, "Forbidden"), (500, "Internal Server Error")])
def test_a_server_that_refuses(server: Server, path: Path, status: int, reason: str) -> None:
    server.status = status
    with error(InputError, f"cannot fetch {server.url}: the server answers {status} {reason}; {WHAT_TO_DO}"):
        fetch(path, server.url)
    assert there(path) == []


def test_a_server_without_content(server: Server, path: Path) -> None:
    server.status = 204
    with error(InputError, "the server answers 204 No Content"):
        fetch(path, server.url)


def test_too_much(server: Server, path: Path) -> None:
    server.length = 10**12
    with error(InputError, f"{server.url} is not the published file: it has 1,000,000.0 MB; {WHAT_TO_DO}"):
        fetch(path, server.url)
    assert there(path) == []
    server.length = None
    with error(InputError, f"{server.url} is not the published file: it has more than 0.1 MB; {WHAT_TO_DO}"):
        fetch(path, server.url, largest=150_000)
    assert there(path) == []


@pytest.mark.parametrize("where", ["http://127.0.0.1:1/a", "http://example.org/a", "https:/\\", "ftp://example.org/a"])
def test_only_https_is_followed(server: Server, path: Path, where: str) -> None:
    server.status, server.location = 302, where
    with error(InputError, f"cannot fetch {server.url}: ", WHAT_TO_DO):
        fetch(path, server.url)
    assert there(path) == []


def test_https_is_followed(server: Server, path: Path) -> None:
    """To a server that has no certificate: so it was asked."""
    server.status, server.location = 302, server.url.replace("http", "https")
    with error(InputError, f"cannot fetch {server.url}: ", "SSL", WHAT_TO_DO):
        fetch(path, server.url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a",
        "ftp://127.0.0.1/a",
        "file:///etc/passwd",
        "a.npz",
        "",
        "https://",
        "http://127.0.0.1.example.org/a",
    ],
)
def test_only_https_is_asked(path: Path, url: str) -> None:
    with error(InputError, f"cannot fetch {url}: a URL must begin with https://"):
        fetch(path, url)


def test_nobody_listens(path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a"
        with error(
            InputError, f"cannot fetch {url}: Connection refused; {WHAT_TO_DO} leave --data out: the renderer draws the same"
        ):
            fetch(path, url)
    assert there(path) == []


def test_a_machine_without_a_name_server(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*args: Any, **options: Any) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    monkeypatch.setattr("requests.utils.getproxies", dict)
    with error(InputError, f"cannot fetch {URL}: Temporary failure in name resolution; {WHAT_TO_DO}"):
        download(path)


def test_a_server_that_speaks_no_http(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"220 smtp ready\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with error(InputError, f"cannot fetch http://127.0.0.1:{listening.getsockname()[1]}/a: 220 smtp ready", WHAT_TO_DO):
            fetch(path, f"http://127.0.0.1:{listening.getsockname()[1]}/a")
        thread.join()


def test_tls_that_is_none(server: Server, path: Path) -> None:
    with error(InputError, f"cannot fetch {server.url.replace('http', 'https')}: ", WHAT_TO_DO):
        fetch(path, server.url.replace("http", "https"))


def test_what_is_there_is_not_overwritten(server: Server, path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"mine")
    with error(InputError, f"{path} is another file (its git blob id is ", f"not {ID}); move it away"):
        fetch(path, server.url)
    assert path.read_bytes() == b"mine"
    with error(InputError, f"cannot read {tmp_path}: it is a folder"):
        fetch(tmp_path, server.url)
    os.mkfifo(tmp_path / "pipe")
    with error(InputError, "it is a pipe or a device"):
        fetch(tmp_path / "pipe", server.url)
    assert server.asked == []


def test_what_cannot_be_written(server: Server, path: Path) -> None:
    with error(OutputError, f"cannot write {path.parent / 'none' / 'a.npz.part'}: No such file or directory"):
        fetch(path.parent / "none" / "a.npz", server.url)
    for make in (os.mkfifo, os.mkdir):
        make(part(path))
        with error(OutputError, f"cannot write {part(path)}: it is not a regular file; remove it"):
            fetch(path, server.url)
        os.rmdir(part(path)) if part(path).is_dir() else part(path).unlink()
    part(path).symlink_to("/dev/full")
    with error(OutputError, f"cannot write {part(path)}: it is not a regular file; remove it"):
        fetch(path, server.url)


def test_a_full_disk_keeps_the_part(server: Server, path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, hard))  # a write beyond it fails, as on a full disk
    try:
        with error(OutputError, f"cannot write {part(path)}: File too large"):
            fetch(path, server.url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert part(path).read_bytes() == CONTENT[:70_000]
    fetch(path, server.url)
    assert server.asked == [None, "bytes=70000-"]
    assert there(path) == ["dsprites.npz"]
