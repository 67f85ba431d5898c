"""The published sheets of the LPC Sprites: where they are, how they are known, and how they and files of their layers are read.

A sheet is one variant of one layer, 13 x 21 cells of 64 pixels; 63 of the cells are frames of the nine motions. Which cells make
which frames is what the programs beside the sheets do.

Source: Li and Mandt, "Disentangled Sequential Autoencoder", 2018, https://github.com/YingzhenLi/Sprites; the sheets are of the
Liberated Pixel Cup, https://lpc.opengameart.org, under CC-BY-SA 3.0 and GPL 3.0.
"""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tasks.data.characters import ACTIONS, ATTRIBUTES, DIRECTIONS, FRAMES, SIZE, VARIANTS
from tasks.data.layers import Layers
from tasks.data.npz import opened
from vsa.errors import InputError
from vsa.files import open_file

PAGE = "https://github.com/YingzhenLi/Sprites"
COMMIT = "3ce4048c5227802bd8f1888e293fd3afdba91c0c"

SHEETS = {
    "body/0.png": "27d1ac78db37c42f35a20d15c42705efc5e58d47c236cc01423879d4f797f151",
    "body/1.png": "1535e9228357b884df80f777a0d1dac10ac35e550e4d8d077105ccad014a1460",
    "body/2.png": "7c241033b4897501cb3721b6c3a9ebfa94b13db10a539edbd9bcc3e0c2a4bcb9",
    "body/3.png": "055f5aa33fc112d8444b42fce2cf50608a9fbbf2466c54ceaa46c777589a717a",
    "body/4.png": "57f3b9c510482379aba9a32fc0de7d48e9cbe3dc40f2447283547f773b77ca72",
    "body/5.png": "91e49453aeab5ebbb4fd2b48253812895dcfb4cb1829b84e24425c66de8f04ff",
    "bottomwear/0.png": "4ec356c488e272fde2d2d0d722b12a80217871e41161d43ba784caf243969ec2",
    "bottomwear/1.png": "0674312eaa4ab548f8bb31ef95d7dbd46b41555758cec51bd6c3e9fac9a0f936",
    "bottomwear/2.png": "3b464feb0d20ff34b0ca2a6d1fd00766ad86e2229c3d56ff91379fe27588a893",
    "bottomwear/3.png": "b366e84ea0519d06cf693f51e0ee2f9ac32b3132d27c75dfdc4b6f52fca072de",
    "bottomwear/4.png": "4ed7e7702e4f50b9692c0043be04b7296a108d85ea97230fb50d13c150d98771",
    "bottomwear/5.png": "a5c5e7e33f13fe5ad37b5836a5a74fb0d2094a0877c2146961b88688ff85840d",
    "topwear/0.png": "b917edcf2b3c35d51ef57a6fad67557c5edf048785bea29db09a640d09ac9a90",
    "topwear/1.png": "e33c6cb31ed1268a2c0dc73b665b1c9b9420e22baf3321880222bdb22682368b",
    "topwear/2.png": "2b9b8fefa08894b7ea536cd62b86d494aefe6e54495c5c1d83460827b13b6448",
    "topwear/3.png": "807f5b628592f6747e2814be9435963069dba6c360577168c02f57bbe903433d",
    "topwear/4.png": "b51b17878503877e179ce4f9231713bf2b2d2d666c3ec9ee29f4e784469867a2",
    "topwear/5.png": "1b6049d43f83ebfda857cc405d1936ac9fd80be480fa6ad239024a6a75ad0372",
    "hair/0.png": "e4007b0635a239ad16cdebfe90759349ccc73dfc6836c9d19625714be185f43d",
    "hair/1.png": "fa6369f84d3310705df6d8ca8c9d515a7d211e73d2826c50a9cb5bb285652c66",
    "hair/2.png": "1b8046752be7233e829ebe9b11048e171d8d181ee6f68e07042b34f57bb8af0d",
    "hair/3.png": "333783285c5fd94ff434ae5000d2da39aac7940269f173119eaa70d34c8acfa1",
    "hair/4.png": "24df8e9b291cbd444f6c4d12d35b3d43d909cd13f04e6401e0fd8ab10216d5a2",
    "hair/5.png": "4dd471cc20e0b1cf71adcaab01c88598767e5cfe680adacdf560ca91574f17ae",
    "shoes/1.png": "d56a561616a20a12030d2d40a52eeec63e6d048871bf3b6994221869362151f1",
}
"""The sheets that are used, from the layer behind to the one in front, and the SHA-256 of each; all wear the same shoes."""

LARGEST = 2**20
"""Bytes that a sheet has at most."""

LAYERS = "d8b8af4dfc2638de844c515bae7c8a3956cc4054bd53b29007c0e97e0dabec55"
"""The SHA-256 of all used layers, in the order of the sheets, cell by cell, as red, green, blue and alpha, 0 where alpha is."""

COLUMNS, ROWS = 13, 21
FIRST = {"walk": 118, "spellcard": 13, "slash": 169}
"""The first cell of each action, seen from the left; the front is a row further down, and the right another one."""

TAKEN = {"walk": (7, 0, 1, 2, 3, 4, 5, 6), "spellcard": (0, 1, 2, 3, 4, 5, 4, 6), "slash": (0, 1, 2, 3, 4, 5, 4, 0)}
"""Which cells from the first on make the eight frames."""

WHAT_TO_DO = (
    "`vsa data download PATH --dataset lpc` fetches the sheets, and --data PATH takes the folder; "
    "or take the data set cast, figures of our own"
)


def motion_cells() -> NDArray[np.int64]:
    """The cells of a sheet that make each motion: [9, 8].

    Example:
        >>> motion_cells()[0].tolist()  # walk, seen from the front
        [138, 131, 132, 133, 134, 135, 136, 137]
    """
    down = {"left": 0, "front": 1, "right": 2}
    rows = [[FIRST[action] + COLUMNS * down[way] + k for k in TAKEN[action]] for action in ACTIONS for way in DIRECTIONS]
    return np.array(rows, dtype=np.int64)


def open_layers(path: Path) -> Layers:
    """The published layers, of a folder with the sheets as they are published, or of an npz file with the layers' cells.

    Args:
        path: the folder or the file. The file has `frame_idx` [9, 8], int64, and for each variant of each layer, `body_0` say,
            uint8 [63, 64, 64, 4].

    Raises:
        InputError: there is none, a sheet is missing, it cannot be read, or it is not what was published.
    """
    if not os.path.exists(path):  # unlike that of Path it raises nothing, whatever the name
        raise InputError(f"there is no file or folder {path}; {WHAT_TO_DO}")
    motions = motion_cells()
    used, frames = np.unique(motions, return_inverse=True)
    frames = frames.reshape(motions.shape)
    cells = _of_folder(path, used) if path.is_dir() else _of_file(path, frames, len(used))
    cells[cells[..., 3] == 0] = 0  # what does not show may be of any colour
    if (found := hashlib.sha256(cells.tobytes()).hexdigest()) != LAYERS:
        raise InputError(f"the layers of {path} are not the published ones (sha256 {found}); {WHAT_TO_DO}")
    layers = torch.from_numpy(np.ascontiguousarray(cells.transpose(0, 1, 4, 2, 3)))
    pictures = (*layers[:-1].unflatten(0, (-1, VARIANTS)), layers[-1:])
    return Layers((*ATTRIBUTES, "shoes"), pictures, torch.from_numpy(frames))


def _of_folder(path: Path, used: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The cells of all sheets [25, 63, 64, 64, 4]."""
    return np.stack([_of_sheet(path, name, used) for name in SHEETS])


def _of_sheet(path: Path, name: str, used: NDArray[np.int64]) -> NDArray[np.uint8]:
    if not os.path.exists(path / name):
        raise InputError(f"the folder {path} has no sheet {name}; {WHAT_TO_DO}")
    with open_file(path / name) as file:
        content = file.read(LARGEST + 1)
    if (found := hashlib.sha256(content).hexdigest()) != SHEETS[name]:
        raise InputError(f"{path / name} is not the published sheet (sha256 {found}, not {SHEETS[name]}); {WHAT_TO_DO}")
    with Image.open(io.BytesIO(content)) as image:
        sheet = np.asarray(image.convert("RGBA"))
    return sheet.reshape(ROWS, SIZE, COLUMNS, SIZE, 4).swapaxes(1, 2).reshape(-1, SIZE, SIZE, 4)[used]


def _of_file(path: Path, frames: NDArray[np.int64], count: int) -> NDArray[np.uint8]:
    """The same, of an npz file."""
    shape = (count, SIZE, SIZE, 4)
    with opened(path, "the layers of LPC Sprites") as file:
        found = np.concatenate(list(file.chunks("frame_idx", "<i8", (len(frames), FRAMES))))
        if not np.array_equal(found, frames):
            raise file.wrong("frame_idx is not the cells of the nine motions")
        names = [name.removesuffix(".png").replace("/", "_") for name in SHEETS]
        return np.stack([np.concatenate(list(file.chunks(name, "|u1", shape))) for name in names])
