"""Clips that a user gives, as models of clips take them: checked, and fitted to what a model takes if the user asks for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tasks.pictures import as_pictures
from vsa.errors import ShapeError


def as_clips(
    clips: Any, device: torch.device, shape: Sequence[int], white: int | None = None, prepare: bool = False, fit: bool = False
) -> Tensor:
    """Clips as a tensor [B, T, C, H, W] with values from 0 to 1, checked like pictures.

    Args:
        clips: a tensor or a numpy array [B, T, C, H, W] of any real dtype or bool.
        device: where they shall be; arrays are put there, tensors must be there.
        shape: T, C, H and W that they shall have.
        white: the value of a white pixel, 1 or 255; if it is not given, 255 for those of uint8 with a value above 1, else 1.
        prepare: resize the frames to H and W, and turn colours to greyscale or back, where they are not as they shall be.
        fit: do that, and take T frames evenly spaced from the first to the last where there are more.

    Returns:
        As of `tasks.pictures.as_pictures`.

    Raises:
        DtypeError: they are no clips, or complex, or elsewhere.
        ShapeError: the shape is not one of clips; or they have other sizes, and are not to be prepared or cannot be.
        RangeError: a value is NaN, or not from 0 to white.

    Example:
        >>> long = torch.arange(9).div(8).view(1, 9, 1, 1, 1).expand(1, 9, 1, 4, 4)
        >>> as_clips(long, torch.device("cpu"), (5, 1, 2, 2), fit=True)[0, :, 0, 0, 0].tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if len(shape) != 4:
        raise ShapeError(f"clips have T, C, H and W, got the shape {list(shape)} of pictures")
    if fit:
        clips = _thinned(clips, shape[0])
    found = getattr(clips, "shape", ())
    if len(found) == 5 and found[1] != shape[0] and found[2] in (1, 3) and list(found[1:3]) != [shape[1], shape[0]]:
        frames = f"this model takes clips of {shape[0]} frames, got {found[1]}"
        few = "frames are never made up" if found[1] < shape[0] else "choose some, or take them evenly spaced: fit=True"
        raise ShapeError(f"{frames}; {few}")
    return as_pictures(clips, device, shape, white, prepare or fit)


def _thinned(clips: Any, frames: int) -> Any:
    """Frames of clips, evenly spaced, where there are more than so many."""
    found = getattr(clips, "shape", ())
    if len(found) != 5 or found[1] <= frames:
        return clips
    return clips[:, evenly(found[1], frames)]


def evenly(there: int, wanted: int) -> list[int]:
    """Which frames are taken of those there are: evenly spaced from the first to the last, halves up.

    Example:
        >>> evenly(10, 4)
        [0, 3, 6, 9]
    """
    if wanted == 1:
        return [0]
    return [(2 * k * (there - 1) + wanted - 1) // (2 * (wanted - 1)) for k in range(wanted)]
