import hashlib
import io
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tasks.data.dsprites.factors import COUNTS
from tasks.data.dsprites.original import grid, open_original
from tasks.data.dsprites.original_writer import write_original
from tasks.data.dsprites.renderer import render
from tests.helpers import error
from vsa.errors import OutputError

FEW = (3, 2, 3, 2, 2)
N = 72
QUIET = Console(file=io.StringIO(), force_terminal=False)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("writer") / "small.npz"
    write_original(path, counts=FEW, console=QUIET)
    return path


def test_it_is_a_file_that_numpy_reads_without_unpickling(small: Path) -> None:
    with np.load(small) as file:
        arrays: dict[str, Any] = dict(file)
    assert list(arrays) == ["metadata", "imgs", "latents_classes", "latents_values"]
    assert {name: (array.dtype.str, array.shape) for name, array in arrays.items() if name != "metadata"} == {
        "imgs": ("|u1", (N, 64, 64)),
        "latents_classes": ("<i8", (N, 6)),
        "latents_values": ("<f8", (N, 6)),
    }
    assert np.array_equal(arrays["imgs"], render(grid(np.arange(N), FEW)))
    assert arrays["latents_classes"][-1].tolist() == [0, 2, 1, 2, 1, 1]
    assert arrays["latents_values"][-1].tolist() == pytest.approx([1, 3, 0.6, 4 * np.pi / 39, 1 / 31, 1 / 31])
    assert arrays["metadata"].shape == ()
    assert '"latents_sizes": [1, 3, 2, 3, 2, 2]' in str(arrays["metadata"])


def test_the_same_pictures_are_the_same_bytes(small: Path, tmp_path: Path) -> None:
    write_original(tmp_path / "again.npz", counts=FEW, console=QUIET)
    assert (tmp_path / "again.npz").read_bytes() == small.read_bytes()


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("none", "file"):
        with error(OutputError, f"cannot write {tmp_path / name / 'a.npz'}: there is no folder {tmp_path / name}; make it"):
            write_original(tmp_path / name / "a.npz", counts=FEW, console=QUIET)
    with error(OutputError, f"cannot write {tmp_path}: it is a folder"):
        write_original(tmp_path, counts=FEW, console=QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("limit", [0, 1000, 2700])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, small: Path, limit: int) -> None:
    assert limit < small.stat().st_size
    path = tmp_path / "a.npz"
    path.write_text("before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))  # a write beyond it fails, as on a full disk
    try:
        with error(OutputError, f"cannot write {path}: File too large"):
            write_original(path, counts=FEW, console=QUIET)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_the_whole_set(tmp_path: Path) -> None:
    path = tmp_path / "dsprites.npz"
    start = time.perf_counter()
    write_original(path)
    written = time.perf_counter()
    original = open_original(path)
    opened_in, peak = time.perf_counter() - written, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    digest = "faaf9cf5fa6256819224cb831e7fe802f7e166a63fda58f12c5f1c6eec3f5ea0"
    assert hashlib.sha256(original.words.data).hexdigest() == digest
    for start_at in range(0, int(np.prod(COUNTS)), 4096):
        classes = grid(np.arange(start_at, min(start_at + 4096, np.prod(COUNTS))), COUNTS)
        assert np.array_equal(original.render(classes), render(classes))
    print(
        f"written in {written - start:.1f} s, {path.stat().st_size / 1e6:.1f} MB; read and checked in {opened_in:.1f} s; "
        f"at most {peak:.2f} GB of memory"
    )
