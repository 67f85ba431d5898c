"""Clips in the files of others: animations, folders of them, and arrays. A file that claims too much is refused unread."""

from __future__ import annotations

import os
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image, ImageSequence
from torch import Tensor

from tasks.pictures import as_pictures
from vsa.errors import InputError, RangeError, VSAError
from vsa.files import open_file

ANIMATIONS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG"}
ARRAYS = (".npy", ".npz")
NAMED = "clips"
"""Which array of an npz file is taken where there are several."""

DAMAGE = (
    *(OSError, EOFError, SyntaxError, ValueError, IndexError, KeyError, TypeError, OverflowError, RuntimeError),
    *(struct.error, zlib.error, zipfile.BadZipFile, Image.DecompressionBombError),
)
"""What Pillow, numpy and zipfile raise on one damaged file or another; RuntimeError for a member that wants a password."""

MOST_BYTES, MOST_VALUES, MOST_FRAMES, MOST_SIDE, MOST_CLIPS = 2**28, 2**26, 1000, 2048, 10_000
"""So many bytes a file has at most, values all clips together, frames a clip, pixels a side of it, and clips a folder."""


def read_clips(path: Path) -> list[Tensor]:
    """The clips of a file or a folder, float32 [T, C, H, W] each, with values from 0 to 1.

    Args:
        path: an animation (GIF, WebP or APNG); a folder of such, one clip each, in the order of their names; or an array, npy or
            npz, [T, H, W, C], [N, T, H, W, C] or channels first, uint8 or float. An npz file has one array, or one named clips.

    Returns:
        Colours for animations, over black where they are transparent. The files of a folder may be of different sizes.

    Raises:
        InputError: there is none, it is damaged or too large, or holds something else.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(Path(folder, "a.npy"), np.zeros((8, 64, 64, 3), np.uint8))
        ...     [list(clip.shape) for clip in read_clips(Path(folder, "a.npy"))]
        [[8, 3, 64, 64]]
    """
    if os.path.isdir(path):  # unlike that of Path it raises nothing, whatever the name
        return _of_folder(path)
    if path.suffix.lower() in ARRAYS:
        return list(_of_array(path))
    if path.suffix.lower() in ANIMATIONS or not os.path.exists(path):
        return [_of_animation(path, MOST_VALUES)]
    raise InputError(f"{path} is no file of clips; give one of {', '.join((*ANIMATIONS, *ARRAYS))}, or a folder of animations")


def _of_folder(path: Path) -> list[Tensor]:
    try:
        names = sorted(name for name in os.listdir(path) if Path(name).suffix.lower() in ANIMATIONS and name[0] != ".")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if not names:
        raise InputError(f"the folder {path} has no animations; give one with files {', '.join(ANIMATIONS)}")
    if len(names) > MOST_CLIPS:
        raise InputError(f"the folder {path} has {len(names):,} animations, and at most {MOST_CLIPS:,} are read at once")
    left, clips = MOST_VALUES, []
    for name in names:
        clips.append(_of_animation(path / name, left))
        left -= clips[-1].numel()
    return clips


def _of_animation(path: Path, most: int) -> Tensor:
    """All frames of an animation, of at most so many values."""
    frames: list[NDArray[np.uint8]] = []
    with open_file(path) as file:
        _check_bytes(path, os.fstat(file.fileno()).st_size)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about pictures that are large, which are refused below
                with Image.open(file, formats=sorted(set(ANIMATIONS.values()))) as image:
                    size = image.size
                    for number, frame in enumerate(ImageSequence.Iterator(image)):
                        _check_frame(path, number + 1, frame.size, size, most)
                        if number == 0 and getattr(image, "default_image", False):
                            continue  # what is shown where animations are not, and no part of this one
                        shown = frame.convert("RGBA")
                        frames.append(np.asarray(Image.alpha_composite(Image.new("RGBA", size, "black"), shown).convert("RGB")))
        except VSAError:
            raise
        except DAMAGE as error:
            raise InputError(f"{path} is no animation, or is damaged ({_line(error)})") from error
    if len(frames) < 2:
        raise InputError(f"{path} is one picture, not an animation")
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255


def _check_frame(path: Path, number: int, found: tuple[int, int], size: tuple[int, int], most: int) -> None:
    if max(found) > MOST_SIDE:
        raise InputError(f"{path} is too large: {found[0]} x {found[1]} pixels, and at most {MOST_SIDE} x {MOST_SIDE} are read")
    if found != size:
        raise InputError(f"{path} has frames of different sizes: {size[0]} x {size[1]}, then {found[0]} x {found[1]}")
    if number > MOST_FRAMES:
        raise InputError(f"{path} is too large: it has more than {MOST_FRAMES:,} frames")
    if 3 * number * found[0] * found[1] > most:
        raise InputError(f"{path} is too large: at most {MOST_VALUES:,} values are read at once")


def _check_bytes(path: Path, size: int) -> None:
    if size > MOST_BYTES:
        raise InputError(f"{path} is too large: {size:,} bytes, and at most {MOST_BYTES:,} are read")


def _of_array(path: Path) -> Tensor:
    """The clips of an array [N, T, C, H, W]."""
    with open_file(path) as file:
        try:
            if path.suffix.lower() == ".npy":
                array = _array(path, file)
            else:
                with zipfile.ZipFile(file) as archive, archive.open(_member(path, archive)) as member:
                    array = _array(path, member)
        except VSAError:
            raise
        except DAMAGE as error:
            raise InputError(f"{path} is no array of numpy's, or is damaged ({_line(error)})") from error
    shape = list(array.shape)
    if array.ndim == 4:
        array = array[None]
    if array.ndim != 5 or 0 in shape or not {array.shape[2], array.shape[4]} & {1, 3}:
        wanted = "[T, H, W, C], [N, T, H, W, C], or channels first, with 1 or 3 channels"
        raise InputError(f"{path} must hold clips {wanted}, got {shape}")
    if array.shape[2] not in (1, 3):
        array = array.transpose(0, 1, 4, 2, 3)
    try:
        white = None if array.dtype == np.uint8 else 1
        return as_pictures(array, torch.device("cpu"), array.shape[1:], white).float()
    except RangeError as error:
        raise InputError(f"{path} must have values from 0 to 255 in uint8, or from 0 to 1; {error}") from error


def _member(path: Path, archive: zipfile.ZipFile) -> str:
    names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    if len(names) == 1 or NAMED in names:
        return f"{NAMED if NAMED in names else names[0]}.npy"
    listed = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") or "none"
    raise InputError(f"{path} must have one array, or one named {NAMED}, got {listed}")


def _array(path: Path, file: Any) -> NDArray[Any]:
    """The array of an npy file, whose header is judged before anything else is read."""
    if (version := npy.read_magic(file)) != (1, 0):  # the others are for fields, and their headers can be of any size
        raise InputError(f"{path} is an npy file of the version {version[0]}.{version[1]}, and 1.0 is read")
    shape, fortran, dtype = npy.read_array_header_1_0(file)
    if dtype.hasobject:
        raise InputError(f"{path} holds pickled objects, which are never read")
    if dtype.kind not in "buf" or dtype.itemsize > 8 or (dtype.kind == "u" and dtype.itemsize > 1):
        raise InputError(f"{path} must hold uint8 or float, got {dtype}")
    count = 1
    for side in shape:
        count *= side
    if not 0 <= count <= MOST_VALUES or min(shape, default=0) < 0:
        raise InputError(f"{path} is too large: {list(shape)} values, and at most {MOST_VALUES:,} are read at once")
    data = file.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise InputError(f"{path} is cut short: {len(data):,} bytes of {count * dtype.itemsize:,}")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _line(error: Exception) -> str:
    """An error in one short line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
