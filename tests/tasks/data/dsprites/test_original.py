import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tasks.data.dsprites.factors import COUNTS
from tasks.data.dsprites.original import Original, grid, open_original, sample
from tasks.data.dsprites.original_writer import write_original
from tasks.data.dsprites.renderer import render
from tasks.data.npz import opened
from tests.helpers import as_a_user, error
from vsa.errors import DtypeError, InputError, RangeError, ShapeError

FEW = (3, 2, 3, 2, 2)
N = 72
QUIET = Console(file=io.StringIO(), force_terminal=False)
CLASSES = grid(np.arange(N), FEW)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "small.npz"
    write_original(path, counts=FEW, console=QUIET)
    return path


@pytest.fixture
def arrays(small: Path) -> dict[str, Any]:
    with np.load(small) as file:
        return dict(file)


def read(path: Path) -> Original:
    return open_original(path, counts=FEW, console=QUIET)


def test_what_is_written_is_what_is_read(small: Path) -> None:
    original = read(small)
    assert np.array_equal(original.render(CLASSES), render(CLASSES))
    shuffled = torch.from_numpy(CLASSES)[torch.randperm(N)].to(torch.int32)
    assert torch.equal(original.render(shuffled), render(shuffled))
    assert original.render(np.zeros((0, 5), int)).shape == (0, 64, 64)
    assert isinstance(original.render(CLASSES.tolist()), np.ndarray)


def test_any_order_of_the_members_and_no_packing_will_do(arrays: dict[str, Any], tmp_path: Path) -> None:
    del arrays["metadata"]
    np.savez(tmp_path / "other.npz", **dict(reversed(arrays.items())))
    assert np.array_equal(read(tmp_path / "other.npz").render(CLASSES), arrays["imgs"])


def test_a_header_of_python_2_is_read_and_the_pickle_beside_it_is_not(arrays: dict[str, Any], tmp_path: Path) -> None:
    def header(descr: str, shape: str) -> bytes:
        text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()

    path = tmp_path / "old.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.npy", header("|O", "()") + pickle.dumps(Unpickled()))
        archive.writestr("imgs.npy", header("|u1", f"({N}L, 64L, 64L)") + arrays["imgs"].tobytes())
        archive.writestr("latents_classes.npy", header("<i8", f"({N}L, 6L)") + arrays["latents_classes"].tobytes())
        archive.writestr("latents_values.npy", header("<f8", f"({N}L, 6L)") + arrays["latents_values"].tobytes())
    assert np.array_equal(read(path).render(CLASSES), arrays["imgs"])


def unpickle() -> None:
    pytest.fail("it was unpickled")


class Unpickled:
    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return unpickle, ()


def as_object(array: np.ndarray) -> np.ndarray:
    wrapped = np.empty(array.shape[:1], dtype=object)
    wrapped[:] = [Unpickled() for _ in array]
    return wrapped


def changed(index: tuple[Any, ...], value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[index] = value
        return array

    return change


WRONG = [
    ("imgs", as_object, "imgs would unpack to"),
    ("imgs", lambda a: a.astype(bool), "imgs must be uint8 (|u1), not bool"),
    ("imgs", lambda a: a.astype(np.int8), "imgs must be uint8 (|u1), not int8"),
    ("imgs", lambda a: a.reshape(N, 4096), f"imgs must be [{N}, 64, 64], not [{N}, 4096]"),
    ("imgs", lambda a: a[:-1], "imgs would unpack to"),
    ("imgs", lambda a: a.astype(float), "imgs would unpack to"),
    ("imgs", np.asfortranarray, "imgs must be in C order"),
    ("imgs", lambda a: a * 255, "picture 0 has pixels that are neither 0 nor 1"),
    ("imgs", changed((5, 0, 0), 2), "picture 5 has pixels that are neither 0 nor 1"),
    ("imgs", lambda a: 1 - a, "picture 0 (shape 0, scale 0, orientation 0, x 0, y 0) differs", f"{N} of {N}"),
    ("imgs", changed((N - 1, 63, slice(3)), 1), "picture 71 (shape 2, scale 1, orientation 2, x 1, y 1) differs", "in 3 pixels"),
    ("imgs", lambda a: np.roll(a, 1, 0), "differs from the renderer's"),
    ("latents_classes", lambda a: a[:, ::-1].copy(), "latents_classes of picture 1 are [1, 0, 0, 0, 0, 0]"),
    ("latents_classes", lambda a: a.astype(np.int32), "latents_classes would unpack to"),
    ("latents_classes", lambda a: a.astype(">i8"), "latents_classes must be int64 (<i8), not >i8"),
    ("latents_classes", lambda a: a.astype(float), "latents_classes must be int64 (<i8), not float64"),
    ("latents_classes", changed((7, 0), np.iinfo(np.int64).min), "latents_classes of picture 7"),
    ("latents_values", changed((8, 3), np.nan), "latents_values of picture 8 are", "nan"),
    ("latents_values", changed((8, 3), 1e-5), "latents_values of picture 8 are"),
    ("latents_values", lambda a: a - np.eye(6)[1], "latents_values of picture 0 are [1.0, 0.0, 0.5"),
]


@pytest.mark.parametrize(("name", "change", "what"), [(w[0], w[1], w[2:]) for w in WRONG])
def test_another_array(
    arrays: dict[str, Any], tmp_path: Path, name: str, change: Callable[[np.ndarray], np.ndarray], what: tuple[str, ...]
) -> None:
    path = tmp_path / "wrong.npz"
    np.savez_compressed(path, allow_pickle=True, **(arrays | {name: change(arrays[name])}))
    with error(InputError, f"{path} is not the published file of dSprites: ", *what, "get it again"):
        read(path)


def test_objects_are_refused_by_their_header_whatever_their_size(small: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([None]), allow_pickle=True)
    rewrite(small, tmp_path / "pickle.npz", {"imgs.npy": buffer.getvalue().ljust(N * 4096 + 128, b".")})
    with error(InputError, "imgs holds pickled objects, which are never read"):
        read(tmp_path / "pickle.npz")


def rewrite(source: Path, target: Path, members: dict[str, bytes | None], method: int = zipfile.ZIP_DEFLATED) -> None:
    """The file with members replaced, or left out where None."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", method) as new:
        for name in old.namelist():
            content = members.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)


@pytest.mark.parametrize("name", ["imgs", "latents_classes", "latents_values"])
def test_members_that_are_none(small: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "wrong.npz"
    with zipfile.ZipFile(small) as archive:
        content = archive.read(f"{name}.npy")
    rewrite(small, path, {f"{name}.npy": None})
    with error(InputError, str(path), f"it has no array {name}"):
        read(path)
    for damaged in (b"\0" + content[1:], content[:8] + b"\xff\xff" + content[10:], content[:10] + b"(" * 118 + content[128:]):
        rewrite(small, path, {f"{name}.npy": damaged})
        with error(InputError, str(path), f"{name} has no header of an array"):
            read(path)
    for length in (-1, 1):
        rewrite(small, path, {f"{name}.npy": content[:-1] if length < 0 else content + b"\0"})
        with error(InputError, str(path), f"{name} does not have the size that its header tells"):
            read(path)
    for bomb in (b"", content[:100], content + bytes(10**6)):
        rewrite(small, path, {f"{name}.npy": bomb})
        with error(InputError, str(path), f"{name} would unpack to {len(bomb):,} bytes instead of"):
            read(path)
    rewrite(small, path, {}, zipfile.ZIP_LZMA)
    with error(InputError, str(path), "is encrypted or packed in a way that numpy does not write"):
        read(path)


def test_a_header_that_lies_about_the_size_is_found_out(small: Path, tmp_path: Path) -> None:
    """A member that is longer or shorter than the zip's directory tells."""
    for extra in (b"\0" * 10**6, None):
        path = tmp_path / "liar.npz"
        with zipfile.ZipFile(small) as archive:
            content = archive.read("imgs.npy")
        packed = content + extra if extra else content[:-1000]
        rewrite(small, path, {"imgs.npy": packed})
        data = path.read_bytes()
        told, true = (len(size).to_bytes(4, "little") for size in (packed, content))
        assert data.count(told) == 2
        path.write_bytes(data.replace(told, true))
        with error(InputError, str(path), "imgs is damaged (", ")"):
            read(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    with error(InputError, f"there is no file {tmp_path / 'none.npz'}", "vsa data download", "leave --data out"):
        read(tmp_path / "none.npz")
    with error(InputError, f"cannot read {tmp_path}: it is a folder"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with error(InputError, f"cannot read {tmp_path / 'pipe'}: it is a pipe or a device"):
        read(tmp_path / "pipe")
    with error(InputError, "it is a pipe or a device"):
        read(Path("/dev/zero"))
    with error(InputError, "there is no file"):
        read(Path("nul\0"))
    for content in (b"", b"PK", b"<html>404</html>", pickle.dumps(Unpickled()), os.urandom(1000)):
        (tmp_path / "wrong.npz").write_bytes(content)
        with error(InputError, f"{tmp_path / 'wrong.npz'} is not an npz file, or is cut short or damaged", "get it again"):
            read(tmp_path / "wrong.npz")
    np.save(tmp_path / "array.npy", np.zeros(3))
    with error(InputError, "array.npy is not an npz file"):
        read(tmp_path / "array.npy")


def test_a_set_of_another_size(small: Path) -> None:
    with error(InputError, f"{small} is not the published file", "latents_classes would unpack to", "instead of 35,389,440"):
        open_original(small, console=QUIET)


def same_or_an_error(path: Path) -> None:
    with as_a_user():
        try:
            original = read(path)
        except InputError as wrong:
            assert str(path) in str(wrong)  # noqa: PT017
        else:
            assert np.array_equal(original.render(CLASSES), render(CLASSES))


@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_is_an_error(small: Path, tmp_path_factory: pytest.TempPathFactory, cut: float) -> None:
    data = small.read_bytes()
    path = tmp_path_factory.getbasetemp() / "cut.npz"
    path.write_bytes(data[: int(cut * len(data))])
    with error(InputError, str(path)):
        read(path)


@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), end=st.booleans())
def test_a_changed_byte_is_an_error_or_changes_no_picture(
    small: Path, tmp_path_factory: pytest.TempPathFactory, where: float, flip: int, end: bool
) -> None:
    data = bytearray(small.read_bytes())
    span = 400 if end else len(data)  # the zip's directory is at the end
    data[len(data) - span + int(where * span)] ^= flip
    path = tmp_path_factory.getbasetemp() / "flipped.npz"
    path.write_bytes(data)
    same_or_an_error(path)


def test_classes_that_are_none(small: Path) -> None:
    original = read(small)
    with error(RangeError, "class of orientation must be from 0 to 39, got 40", "[1, 2]"):
        original.render([[0, 0, 0, 0, 0], [0, 0, 40, 0, 0]])
    with error(RangeError, "class of x must be from 0 to 31, got -1"):
        original.render(torch.tensor([[0, 0, 0, -1, 0]]))
    with error(DtypeError, "classes must be integers, got torch.float64"):
        original.render(np.zeros((1, 5)))
    with error(DtypeError, "classes must hold numbers, got <U5"):
        original.render(np.array([["heart"] * 5]))
    with error(ShapeError, "[..., 5] (shape, scale, orientation, x, y), got [1, 6]"):
        original.render(np.zeros((1, 6), int))
    with error(ShapeError, "classes must be [N, 5], got [5]"):
        original.render(np.zeros(5, int))


def test_the_sample_is_spread_over_the_set_and_has_its_corners() -> None:
    numbers = sample(COUNTS)
    assert 1950 < len(numbers) <= 2032
    assert np.diff(numbers).max() < 2000
    classes = grid(numbers, COUNTS)
    assert all(len(np.unique(column)) == count for column, count in zip(classes.T, COUNTS, strict=True))
    corners = (classes == 0) | (classes == np.array(COUNTS) - 1)
    assert corners.all(1).sum() == 32


def test_progress_is_a_line_where_there_is_no_terminal(small: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=False, width=20)
    open_original(small, counts=FEW, console=console)
    assert console.file.getvalue() == "Reading small.npz ...\n"  # pyright: ignore[reportAttributeAccessIssue]
    terminal = Console(file=io.StringIO(), force_terminal=True, width=120)
    open_original(small, counts=FEW, console=terminal)
    assert "72 of 72 pictures" in terminal.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


def test_arrays_come_in_parts(small: Path) -> None:
    with opened(small, "dSprites") as file:
        parts = list(file.chunks("imgs", "|u1", (N, 64, 64), rows=5))
    assert [len(part) for part in parts] == [5] * 14 + [2]
    assert np.array_equal(np.concatenate(parts), render(CLASSES))
