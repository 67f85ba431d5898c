"""The published characters: from sheets made up here, and from the published layers where they are."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tasks.data import Dataset, Population, open_dataset
from tasks.data.characters import MOTIONS
from tasks.data.lpc import published
from tasks.data.lpc.characters import LPC
from tasks.data.split import named_split
from tests.conftest import ROOT
from tests.helpers import error
from vsa.errors import InputError

NAMES = [name.removesuffix(".png").replace("/", "_") for name in published.SHEETS]
USED, FRAMES = np.unique(published.motion_cells(), return_inverse=True)
ARRAYS = {"frame_idx": FRAMES.reshape(9, 8)}


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Layers that are made up, in place of the published ones: [25, 63, 64, 64, 4]."""
    made = np.random.default_rng(0).integers(0, 256, (25, len(USED), 4, 4, 4), dtype=np.uint8)
    made[..., 3] = 255 * (made[..., 3] > 128)
    made[made[..., 3] == 0] = 0
    made = made.repeat(16, 2).repeat(16, 3)
    monkeypatch.setattr(published, "LAYERS", hashlib.sha256(made.tobytes()).hexdigest())
    return made


def write_sheets(folder: Path, cells: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sheets of such layers; the cells that are not used are of any colour."""
    sums = {}
    for name, layer in zip(published.SHEETS, cells, strict=True):
        sheet = np.full((21 * 13, 64, 64, 4), 77, np.uint8)
        sheet[USED] = layer
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(sheet.reshape(21, 13, 64, 64, 4).swapaxes(1, 2).reshape(1344, 832, 4)).save(folder / name)
        sums[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(published, "SHEETS", sums)


def test_a_sheet_has_the_cells_of_the_published_program() -> None:
    found = dict(zip(MOTIONS, published.motion_cells().tolist(), strict=True))
    assert found["walk_left"] == [125, 118, 119, 120, 121, 122, 123, 124]
    assert found["walk_front"] == [138, 131, 132, 133, 134, 135, 136, 137]
    assert found["spellcard_right"] == [39, 40, 41, 42, 43, 44, 43, 45]
    assert found["slash_left"] == [169, 170, 171, 172, 173, 174, 173, 169]
    assert len(USED) == 63
    assert len(published.SHEETS) == 25


def test_sheets_and_layers_give_the_same_clips(cells: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sheets(tmp_path, cells, monkeypatch)
    np.savez_compressed(tmp_path / "layers.npz", **ARRAYS, **dict(zip(NAMES, cells, strict=True)))
    sheets, layers = LPC(tmp_path), open_dataset("lpc", tmp_path / "layers.npz")
    assert (layers.counts, layers.shape) == ((6, 6, 6, 6, 9), (8, 3, 64, 64))
    classes = torch.tensor([[0, 1, 2, 3, 4], [5, 5, 5, 5, 8], [3, 0, 4, 1, 0]])
    clips = sheets.observe(classes)
    assert torch.equal(clips, layers.given.observe(classes))
    for row, clip in zip(classes.tolist(), clips, strict=True):
        for t, cell in enumerate(ARRAYS["frame_idx"][row[4]]):
            right = Image.new("RGBA", (64, 64), "black")
            for number in (row[0], 6 + row[1], 12 + row[2], 18 + row[3], 24):
                right = Image.alpha_composite(right, Image.fromarray(cells[number, cell]))
            assert np.array_equal(clip[t].permute(1, 2, 0).numpy(), np.asarray(right)[..., :3])


def test_what_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    do = "`vsa data download PATH --dataset lpc` fetches the sheets, and --data PATH takes the folder; or take the data set cast"
    with error(InputError, "lpc is composed of published sheets", do):
        open_dataset("lpc")
    with error(InputError, f"there is no file or folder {tmp_path / 'no'}", do):
        open_dataset("lpc", tmp_path / "no")
    with error(InputError, f"the folder {tmp_path} has no sheet body/0.png", do):
        open_dataset("lpc", tmp_path)


def test_another_sheet_is_refused_before_it_is_decoded(
    cells: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sheets(tmp_path, cells, monkeypatch)
    (tmp_path / "hair" / "3.png").write_bytes(b"no picture")
    with error(InputError, f"{tmp_path / 'hair' / '3.png'} is not the published sheet (sha256 ", "`vsa data download"):
        LPC(tmp_path)
    (tmp_path / "hair" / "3.png").unlink()
    (tmp_path / "hair" / "3.png").mkdir()
    with error(InputError, "hair/3.png"):
        LPC(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hair_3": None}, "it has no array hair_3"),
        ({"frame_idx": ARRAYS["frame_idx"].T.copy().reshape(9, 8)}, "frame_idx is not the cells of the nine motions"),
        ({"frame_idx": ARRAYS["frame_idx"].astype(np.int32)}, "frame_idx"),
        ({"body_0": np.zeros((63, 64, 64, 3), np.uint8)}, "body_0"),
        ({"body_0": np.zeros((63, 64, 64, 4), np.uint8)}, "are not the published ones (sha256 "),
    ],
)
def test_other_layers_are_refused(changes: dict[str, Any], message: str, cells: np.ndarray, tmp_path: Path) -> None:
    arrays: dict[str, Any] = ARRAYS | dict(zip(NAMES, cells, strict=True)) | changes
    kept: Any = {name: array for name, array in arrays.items() if array is not None}
    np.savez(tmp_path / "a.npz", **kept)
    with error(InputError, message):
        LPC(tmp_path / "a.npz")


@pytest.fixture(scope="module")
def lpc() -> Dataset:
    path = ROOT.parent / "shared" / "data" / "lpc_layers.npz"
    if not path.exists():
        pytest.skip("the layers of the LPC Sprites are not here: they are data of others, and not part of the project")
    return open_dataset("lpc", path)


def test_the_published_characters_all_differ(lpc: Dataset) -> None:
    layers, every = lpc.given.layers, torch.cartesian_prod(*[torch.arange(6)] * 4)
    shown, colours = torch.nn.functional.pad(every, (0, 1)), set()
    for motion in range(9):
        pictures = layers.compose(shown, layers.frames[motion, 1])
        weights = torch.randint(1, 2**20, (pictures[0].numel(),)).double()
        assert len((pictures.flatten(1).double() @ weights).unique()) == 1296
    for cell in range(63):
        seen = layers.compose(shown[::5], torch.tensor(cell)).permute(0, 2, 3, 1).reshape(-1, 3).int()
        colours |= set((seen @ torch.tensor([1, 256, 65536], dtype=torch.int32)).unique().tolist())
    assert len(colours) == 190


def test_they_are_composed_as_pillow_does(lpc: Dataset) -> None:
    layers = lpc.given.layers
    assert set(layers.pictures[2][3, :, 3].unique().tolist()) == {0, 230, 253, 255}, "one top is not everywhere opaque"
    for cell in range(0, 63, 6):
        right = Image.new("RGBA", (64, 64), "black")
        for layer, variant in zip(layers.pictures, (4, 2, 3, 5, 0), strict=True):
            right = Image.alpha_composite(right, Image.fromarray(layer[variant, cell].permute(1, 2, 0).numpy()))
        seen = layers.compose(torch.tensor([4, 2, 3, 5, 0]), torch.tensor(cell))
        assert np.array_equal(seen.permute(1, 2, 0).numpy(), np.asarray(right)[..., :3])


def test_their_split_is_the_published_one(lpc: Dataset) -> None:
    split = named_split(lpc, "characters")
    assert [len(Population(lpc, part, split).every()) for part in ("train", "validation", "test")] == [8100, 900, 2664]
