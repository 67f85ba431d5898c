"""Clips as animations and as rows of frames, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from vsa.errors import RangeError, ShapeError
from vsa.files import replacing

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

COLOURS = 256
"""What a palette of GIF holds."""

GAP = 2
"""Pixels between clips side by side, and between frames in a row."""

DURATION = 120
"""Milliseconds of a frame, if nothing else is said."""

MOST_SIDE, MOST_VALUES = 2**16 - 1, 2**28
"""So many pixels a side of a file has at most, which is GIF's limit, and values a file."""


def write_gif(path: Path, clip: Float[Tensor, "t c h w"], duration: int = DURATION, scale: int = 1) -> None:
    """Write a clip as a GIF that repeats for ever, one frame of the file for each of the clip.

    All frames have one palette: the clip's own colours if they are at most 256, so that they are exact, else 256 that Pillow
    chooses. Frames that equal those before them are written too, so that the file has as many as the clip.

    Args:
        path: the file; one that is there is replaced when the new one is whole.
        clip: [T, C, H, W] from 0 to 1, of 1 or 3 channels.
        duration: of a frame in milliseconds, of which GIF keeps tens.
        scale: a pixel becomes a square of so many.

    Raises:
        ShapeError: it is no such clip.
        RangeError: the duration or the scale is out of range, or the file would be too large.
        OutputError: it cannot be written.

    Example:
        >>> import tempfile
        >>> from tasks.clip_files import read_clips
        >>> still = torch.zeros(4, 3, 8, 8)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_gif(Path(folder, "still.gif"), still)
        ...     torch.equal(read_clips(Path(folder, "still.gif"))[0], still)
        True
    """
    if not 10 <= duration <= 655_350:
        raise RangeError(f"the duration of a frame must be from 10 to 655350 milliseconds, got {duration}")
    check_file(clip[None], scale)
    frames, palette = _indexed(_pixels(clip))
    with replacing(path) as part, part.open("wb") as file:
        for number, indices in enumerate(frames.repeat(scale, 1).repeat(scale, 2)):
            frame = Image.frombytes("P", indices.shape[::-1], indices.tobytes())
            frame.putpalette(palette)
            if number == 0:
                file.writelines(GifImagePlugin.getheader(frame.copy(), None, {"loop": 0, "duration": duration})[0])
            file.writelines(GifImagePlugin.getdata(frame, duration=duration, disposal=1))
        file.write(b";")


def write_rows(path: Path, clips: Float[Tensor, "n t c h w"], scale: int = 1) -> None:
    """Write clips as a PNG, a row of frames each.

    Args:
        path, scale: as of `write_gif`.
        clips: [N, T, C, H, W] from 0 to 1, of 1 or 3 channels.

    Raises: as of `write_gif`.
    """
    check_file(clips, scale, rows=True)
    rows = np.stack([_tiled(_pixels(clip)) for clip in clips])
    whole = _tiled(rows.swapaxes(1, 2)).swapaxes(0, 1)
    with replacing(path) as part:
        Image.fromarray(whole.repeat(scale, 0).repeat(scale, 1)).save(part, format="PNG")


def beside(clips: Float[Tensor, "rows columns t c h w"]) -> Float[Tensor, "t c height width"]:
    """One clip in which these stand in rows and columns, with white between them.

    Example:
        >>> beside(torch.zeros(2, 3, 8, 1, 4, 4)).shape
        torch.Size([8, 1, 10, 16])
    """
    rows, columns, frames, channels, height, width = clips.shape
    whole = torch.ones(frames, channels, rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, device=clips.device)
    for row in range(rows):
        for column in range(columns):
            down, right = row * (height + GAP), column * (width + GAP)
            whole[..., down : down + height, right : right + width] = clips[row, column]
    return whole


def check_file(clips: Tensor, scale: int, rows: bool = False) -> None:
    """Refuse what no file is written of: other than clips, or too large.

    Raises:
        ShapeError, RangeError: as of `write_gif`.
    """
    if clips.ndim != 5 or 0 in clips.shape or clips.shape[2] not in (1, 3):
        raise ShapeError(f"clips to write must be [N, T, C, H, W] of 1 or 3 channels, got {list(clips.shape)}")
    n, frames, _, height, width = clips.shape
    if rows:
        height, width = n * (height + GAP) - GAP, frames * (width + GAP) - GAP
    values = 3 * scale**2 * height * width * (1 if rows else frames)
    if scale < 1 or scale * max(height, width) > MOST_SIDE or values > MOST_VALUES:
        raise RangeError(
            f"a file of {scale * width} x {scale * height} pixels is none that can be written; a pixel becomes a square of "
            f"scale, which must be 1 or more, and a file has at most {MOST_SIDE:,} pixels a side and {MOST_VALUES:,} values"
        )


def _pixels(clip: Tensor) -> NDArray[np.uint8]:
    """Colours [T, H, W, 3] from 0 to 255."""
    bytes_ = clip.detach().cpu().float().mul(255).round().clamp(0, 255).byte()
    return bytes_.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().numpy()


def _indexed(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], bytes]:
    """Each pixel's place in one palette, and the palette."""
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, places = np.unique(packed, return_inverse=True)
    if len(colours) <= COLOURS:
        table = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1).astype(np.uint8)
        return places.reshape(packed.shape).astype(np.uint8), table.tobytes().ljust(3 * COLOURS, b"\0")
    tall = Image.fromarray(pixels.reshape(-1, *pixels.shape[2:])).quantize(COLOURS, dither=Image.Dither.NONE)
    return np.asarray(tall).reshape(packed.shape), bytes(tall.getpalette("RGB") or ()).ljust(3 * COLOURS, b"\0")


def _tiled(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames [T, H, W, 3] from left to right, with white between them."""
    gap = np.full((frames.shape[1], GAP, 3), 255, np.uint8)
    return np.concatenate([part for frame in frames for part in (gap, frame)][1:], 1)
