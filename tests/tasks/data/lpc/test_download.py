"""Fetching sheets, from a server of this machine."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasks.data.lpc import download as module
from tasks.data.lpc.published import COMMIT
from tests.helpers import error
from vsa.command_line import status_of
from vsa.errors import InputError, OutputError

SHEETS = {f"{layer}/{n}.png": f"{layer} {n}".encode() for layer in ("body", "shoes") for n in range(2)}


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of what a server publishes as the sheets."""
    folder = tmp_path / "published"
    for name, content in SHEETS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    monkeypatch.setattr(module, "SHEETS", {name: hashlib.sha256(content).hexdigest() for name, content in SHEETS.items()})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        monkeypatch.setattr(module, "URL", f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder
        server.shutdown()
        thread.join()


def test_the_sheets_are_asked_for_at_one_commit_by_https() -> None:
    assert module.URL.startswith("https://raw.githubusercontent.com/YingzhenLi/Sprites/")
    assert module.URL.endswith(f"/{COMMIT}")


def test_all_sheets_are_fetched_and_what_is_there_is_not_fetched_again(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sheets"
    (published / "shoes/0.png").rename(published / "hidden")
    assert status_of(["data", "download", str(folder), "--dataset", "lpc"]) == 2
    assert f"cannot fetch {module.URL}/shoes/0.png: the server answers 404 File not found" in capsys.readouterr().err
    (published / "hidden").rename(published / "shoes/0.png")
    (published / "body/0.png").unlink()
    assert status_of(["data", "download", str(folder), "--dataset", "lpc"]) == 0
    assert capsys.readouterr().out == f"folder: {folder}\n"
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png")}
    assert found == SHEETS
    assert len(list(folder.rglob("*.*"))) == len(SHEETS)


def test_other_sheets_and_places_are_refused(published: Path, tmp_path: Path) -> None:
    (published / "body/1.png").write_bytes(b"another")
    with error(InputError, f"{module.URL}/body/1.png is not the published file: its sha256 is "):
        module.download(tmp_path / "sheets")
    with error(OutputError, f"cannot write {tmp_path / 'no/sheets'}: there is no folder {tmp_path / 'no'}; make it first"):
        module.download(tmp_path / "no/sheets")
    (tmp_path / "file").write_text("x")
    with error(OutputError, f"cannot make the folder {tmp_path / 'file/body'}: Not a directory"):
        module.download(tmp_path / "file")
