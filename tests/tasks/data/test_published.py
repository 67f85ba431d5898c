import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from rich.console import Console

from tasks.data.dataset import Dataset, open_dataset
from tasks.data.factor import Factor
from tasks.data.mpi3d import MPI3D
from tasks.data.published import unpack
from tasks.data.shapes3d.rooms import Shapes3D
from tests.helpers import error
from vsa.errors import InputError, OutputError

QUIET = Console(file=io.StringIO(), force_terminal=False)
N = 24


class Rooms(Shapes3D):
    """As many as a test needs."""

    factors = (
        Factor("hue", (0.0, 0.1)),
        Factor("scale", (0.75, 1.0, 1.25)),
        Factor("shape", ("a", "b", "c", "d"), ordered=False),
    )


class Arms(MPI3D):
    factors = Rooms.factors


CLASSES = torch.cartesian_prod(torch.arange(2), torch.arange(3), torch.arange(4))
PICTURES = np.random.default_rng(0).integers(0, 256, (N, 64, 64, 3), dtype=np.uint8)
LABELS = np.stack([np.array([0, 0.1])[CLASSES[:, 0]], np.array([0.75, 1.0, 1.25])[CLASSES[:, 1]], CLASSES[:, 2].double()], -1)


def hdf5(path: Path, **arrays: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in ({"images": PICTURES, "labels": LABELS} | arrays).items():
            if array is not None:
                file.create_dataset(name, data=array, compression="gzip", chunks=(5, *array.shape[1:]))
    return path


def npz(path: Path, save: Callable[..., None] = np.savez, **arrays: Any) -> Path:
    save(path, **({"images": PICTURES} | arrays))
    return path


FORMS = {
    "hdf5": (Rooms, lambda path: hdf5(path / "a.h5")),
    "npz": (Arms, lambda path: npz(path / "a.npz")),
    "npy": (Arms, lambda path: np.save(path / "a.npy", PICTURES) or path / "a.npy"),
    "by its bytes, not by its name": (Rooms, lambda path: hdf5(path / "a.npz")),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_picture_is_found_by_its_classes(form: str, tmp_path: Path) -> None:
    kind, write = FORMS[form]
    dataset = Dataset(kind(write(tmp_path)))
    expected = torch.from_numpy(PICTURES).permute(0, 3, 1, 2)
    order = torch.randperm(N, generator=torch.Generator().manual_seed(0))[:17].repeat(2)  # some twice, in no order
    assert torch.equal((dataset.observe(CLASSES[order]) * 255).round().byte(), expected[order])
    assert dataset.observe(CLASSES[:0]).shape == (0, 3, 64, 64)
    assert dataset.observe(CLASSES.int()[:1]).shape == (1, 3, 64, 64)


@pytest.mark.parametrize("packed", [np.savez_compressed, np.savez, None])
def test_unpacked_pictures_are_the_same(packed: Callable[..., None] | None, tmp_path: Path) -> None:
    path = hdf5(tmp_path / "a.h5") if packed is None else npz(tmp_path / "a.npz", packed)
    unpack(path, tmp_path / "b.npy", "arms", Rooms.factors, 64, console=QUIET)
    assert np.array_equal(np.load(tmp_path / "b.npy", allow_pickle=False), PICTURES)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([path.name, "b.npy"])
    assert torch.equal(Arms(tmp_path / "b.npy").observe(CLASSES), torch.from_numpy(PICTURES).permute(0, 3, 1, 2))
    with error(OutputError, "cannot write", "it is the file that is read"):
        unpack(path, path, "arms", Rooms.factors, 64, console=QUIET)
    with error(InputError, "b.npy is an npy file, of which any picture can be read: give it with --data"):
        unpack(tmp_path / "b.npy", tmp_path / "c.npy", "arms", Rooms.factors, 64, console=QUIET)
    assert not (tmp_path / "c.npy").exists()


def test_what_is_packed_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", np.savez_compressed)
    with error(InputError, f"{path} is packed", f"`vsa data unpack mpi3d {path} PATH` writes its pictures as they are (0.0 GB)"):
        Arms(path)


def as_object(array: np.ndarray) -> np.ndarray:
    wrapped = np.empty(N, dtype=object)
    wrapped[:] = [0] * N
    return wrapped


WRONG_NPZ = [
    (lambda a: a[:-1], "images would unpack to"),
    (lambda a: a.reshape(N, 3, 64, 64), f"images must be [{N}, 64, 64, 3], not [{N}, 3, 64, 64]"),
    (lambda a: a.astype(np.int8), "images must be uint8 (|u1), not int8"),
    (np.asfortranarray, "images must be in C order"),
    (as_object, "images would unpack to"),
]


@pytest.mark.parametrize(("change", "what"), WRONG_NPZ)
def test_another_npz(change: Callable[[np.ndarray], np.ndarray], what: str, tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", allow_pickle=True, images=change(PICTURES))
    with error(InputError, f"{path} is not the published file of mpi3d: {what}", "get it again"):
        Arms(path)


def test_another_npy_and_pickles(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for array, what in (
        (PICTURES[:-1], f"its array must be [{N}, 64, 64, 3], not [{N - 1}, 64, 64, 3]"),
        (PICTURES / 255, "its array must be uint8 (|u1), not float64 (<f8)"),
        (as_object(PICTURES), "its array holds pickled objects, which are never read"),
    ):
        np.save(path, array, allow_pickle=True)
        with error(InputError, f"{path} is not the published file of mpi3d: {what}; get it again"):
            Arms(path)
    np.save(path, PICTURES)
    whole = path.read_bytes()
    for data in (whole[:-1], whole + b"."):
        path.write_bytes(data)
        with error(InputError, f"it has {len(data):,} bytes instead of {len(whole):,}; get it again"):
            Arms(path)


WRONG_HDF5 = [
    ({"images": None}, "it has no array images"),
    ({"labels": None}, "it has no array labels"),
    ({"images": PICTURES[:-1]}, f"images must be [{N}, 64, 64, 3], not [{N - 1}, 64, 64, 3]"),
    ({"images": PICTURES.astype(np.int16)}, "images must be uint8 (|u1), not int16 (<i2)"),
    ({"labels": LABELS.astype(np.float32)}, "labels must be float64 (<f8), not float32 (<f4)"),
    ({"labels": LABELS[::-1]}, "labels of picture 0 are [0.1, 1.25, 3.0], out of the grid's order"),
    ({"labels": np.where(np.arange(N)[:, None] == 7, np.nan, LABELS)}, "labels of picture 7 are [nan, nan, nan]"),
]


@pytest.mark.parametrize(("changes", "what"), WRONG_HDF5)
def test_another_hdf5(changes: dict[str, Any], what: str, tmp_path: Path) -> None:
    path = hdf5(tmp_path / "a.h5", **changes)
    with error(InputError, f"{path} is not the published file of 3dshapes: {what}", "get it again"):
        Rooms(path)


def test_an_hdf5_file_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    secret = hdf5(tmp_path / "other.h5")
    path = hdf5(tmp_path / "a.h5", images=None)
    with h5py.File(path, "a") as file:
        file["images"] = h5py.ExternalLink(str(secret), "/images")
    with error(InputError, "images is a link to elsewhere"):
        Rooms(path)
    with h5py.File(path, "a") as file:
        del file["images"]
        (tmp_path / "raw").write_bytes(PICTURES.tobytes())
        file.create_dataset("images", PICTURES.shape, np.uint8, external=[(str(tmp_path / "raw"), 0, PICTURES.nbytes)])
    with error(InputError, "images lies in other files"):
        Rooms(path)
    with h5py.File(path, "a") as file:
        del file["images"]
        layout = h5py.VirtualLayout(PICTURES.shape, np.uint8)
        layout[:] = h5py.VirtualSource(str(secret), "images", PICTURES.shape)
        file.create_virtual_dataset("images", layout)
    with error(InputError, "images lies in other files"):
        Rooms(path)
    with h5py.File(path, "a") as file:
        del file["images"]
        file.create_group("images")
    with error(InputError, "images is no array"):
        Rooms(path)


@pytest.mark.parametrize("form", ["hdf5", "npz"])
def test_a_file_cut_short_is_an_error(form: str, tmp_path: Path) -> None:
    kind, write = FORMS[form]
    path = write(tmp_path)
    whole = path.read_bytes()
    for size in (3, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with error(InputError, str(path), "get it again"):
            kind(path)


def test_damage_within_a_file_is_an_error_when_it_is_read(tmp_path: Path) -> None:
    path = hdf5(tmp_path / "a.h5")
    with h5py.File(path) as file:
        chunk = file["images"].id.get_chunk_info(2)  # pictures 10 to 14
    data = bytearray(path.read_bytes())
    data[chunk.byte_offset : chunk.byte_offset + 64] = bytes(64)
    path.write_bytes(data)
    rooms = Rooms(path)
    assert rooms.observe(CLASSES[:10]).shape == (10, 3, 64, 64)
    with error(InputError, f"{path} is not the published file of 3dshapes: images is damaged", "get it again"):
        rooms.observe(CLASSES[11:12])
    with error(InputError, "images is damaged"):
        unpack(path, tmp_path / "b.npy", "3dshapes", Rooms.factors, 64, console=QUIET)
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]


def test_a_stored_member_may_stand_anywhere_in_the_zip(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, PICTURES)
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("before.npy", b"something else")
        info = zipfile.ZipInfo("images.npy")
        info.extra = b"\xca\xfe\x04\x00abcd"
        archive.writestr(info, buffer.getvalue())
    assert torch.equal(Arms(path).observe(CLASSES), torch.from_numpy(PICTURES).permute(0, 3, 1, 2))


def test_no_file_and_no_published_file_are_one_line(tmp_path: Path) -> None:
    with error(InputError, "mpi3d is read from its published file: fetch mpi3d_toy.npz", "rr-learning", "--data"):
        open_dataset("mpi3d")
    with error(InputError, f"there is no file {tmp_path / 'no'}; fetch mpi3d_toy.npz"):
        open_dataset("mpi3d", tmp_path / "no")
    with error(InputError, f"there is no file {tmp_path / 'no'}; fetch 3dshapes.h5 from https://", "leave --data out"):
        open_dataset("3dshapes", tmp_path / "no")
    with error(InputError, "it is a folder, not a file"):
        open_dataset("3dshapes", tmp_path)
    (tmp_path / "text").write_text("something else")
    with error(InputError, "is not the published file of mpi3d: it is neither npz nor HDF5, nor npy, by its first bytes"):
        open_dataset("mpi3d", tmp_path / "text")


def test_they_have_the_published_size() -> None:
    for kind, size in ((Shapes3D, 480_000), (MPI3D, 1_036_800)):
        assert np.prod([len(factor) for factor in kind.factors]) == size
        assert kind.shape == (3, 64, 64)
    assert [factor.name for factor in MPI3D.factors][-2:] == ["horizontal", "vertical"]
