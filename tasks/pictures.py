"""Pictures and clips that a user gives, as the tensors that encoders take: what is none of them is refused in one line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tasks.data.checks import MOST, check_readable
from vsa.algebras.checks import readable
from vsa.errors import DtypeError, RangeError, ShapeError

Pictures = Tensor | np.ndarray | Image.Image | Sequence[Image.Image]
"""What may be given: [B, C, H, W], of clips [B, T, C, H, W], or pictures of PIL's."""

WHITE = (None, 1, 255)
"""What the value of a white pixel may be; None to find out."""

ROUNDED = 1e-4
"""So far outside of their range values may lie, which is what rounding does."""


def as_pictures(
    images: Any, device: torch.device, shape: Sequence[int] | None = None, white: int | None = None, prepare: bool = False
) -> Tensor:
    """Pictures as a tensor [B, C, H, W], or clips as one [B, T, C, H, W], with values from 0 to 1.

    Values are not looked at while torch compiles or maps a function over a batch, where there are none yet.

    Args:
        images: a tensor or a numpy array [B, C, H, W], of clips [B, T, C, H, W], of any real dtype or bool; or a picture of
            PIL's, or a list of them.
        device: where they shall be; arrays and pictures of PIL's are put there, tensors must be there.
        shape: C, H and W, if they are known; of clips T, C, H and W, which must be.
        white: the value of a white pixel, 1 or 255. If it is not given it is 255 for pictures of PIL's, and for those of uint8 of
            which a value is above 1; and 1 for all others.
        prepare: resize the pictures to H and W, and turn colours to greyscale or back, where they are not as they shall be.

    Returns:
        Tensors as they are, of bool as uint8; and divided by 255, float32, if white is 255.

    Raises:
        DtypeError: they are no pictures, or complex, or elsewhere.
        ShapeError: they are not [B, C, H, W] or [B, T, C, H, W], or of another length or size.
        RangeError: a value is NaN, or not from 0 to white; or they are more than 2^24.

    Example:
        >>> as_pictures(np.full((1, 1, 2, 2), 255, dtype=np.uint8), torch.device("cpu")).tolist()
        [[[[1.0, 1.0], [1.0, 1.0]]]]
        >>> photograph = Image.new("RGB", (640, 480), "white")
        >>> as_pictures(photograph, torch.device("cpu"), (1, 64, 64), prepare=True).shape
        torch.Size([1, 1, 64, 64])
    """
    if type(white) not in (int, type(None)) or white not in WHITE:
        raise RangeError(f"white, the value of a white pixel, must be 1 or 255, got {white!r}")
    if prepare and shape is None:
        raise ShapeError("this model does not know the size of its pictures, so none can be prepared for it; resize them first")
    if prepare and isinstance(images, (list, tuple)) and images and all(isinstance(image, Image.Image) for image in images):
        return torch.cat([as_pictures(image, device, shape, white, prepare) for image in images])  # of any sizes and modes
    what = "clips" if shape is not None and len(shape) == 4 else "pictures"
    eight = isinstance(images, (Image.Image, list, tuple))  # pictures of PIL's
    pictures = images if isinstance(images, Tensor) else _loaded(images, what).to(device)
    check_readable(what, pictures)
    eight = eight and pictures.dtype == torch.uint8
    if pictures.dtype == torch.bool:
        pictures = pictures.byte()
    if pictures.is_complex():
        raise DtypeError(f"{what} must be real numbers from 0 to {white or 1}, got {pictures.dtype}")
    if pictures.device != device:
        raise DtypeError(f"the {what} are on {pictures.device}, the model on {device}; move them with images.to({str(device)!r})")
    wanted = "B, C, H, W" if shape is None else f"B, {', '.join(map(str, shape))}"
    count = 4 if shape is None else 1 + len(shape)
    sized = shape is None or list(pictures.shape[1:]) == list(shape)
    if prepare and shape is not None and pictures.ndim == count:
        sized = list(pictures.shape[1:-3]) == list(shape[:-3])  # no frames are made
    if pictures.ndim != count or not sized:
        raise ShapeError(f"{what} must be [{wanted}], got {list(pictures.shape)}{_advice(pictures, shape)}")
    if len(pictures) > MOST:
        raise RangeError(f"{what}: at most {MOST} at once, got {len(pictures)}")
    if white is None:
        bright = pictures.dtype == torch.uint8 and readable(pictures) and pictures.numel() > 0 and int(pictures.max()) > 1
        white = 255 if eight or bright else 1
    if readable(pictures):
        _check_values(pictures, white, what)
    pictures = pictures if white == 1 else pictures.float() / white
    if not prepare or shape is None:
        return pictures
    prepared = _prepared(pictures.flatten(0, -4), shape[-3:])
    return prepared.unflatten(0, pictures.shape[:-3]) if len(pictures) else prepared.view(0, *shape)


def _prepared(pictures: Tensor, shape: Sequence[int]) -> Tensor:
    """Pictures [B, C, H, W] of this shape: of so many channels, and resized."""
    from torchvision.transforms.v2 import functional  # here, because it takes seconds to import

    channels = pictures.shape[1]
    if {channels, shape[0]} == {1, 3}:
        pictures = functional.rgb_to_grayscale(pictures) if shape[0] == 1 else functional.grayscale_to_rgb(pictures)
    elif channels != shape[0]:
        raise ShapeError(f"pictures of {channels} channels cannot be made to have {shape[0]}; give some of 1, 3 or {shape[0]}")
    if list(pictures.shape[2:]) == list(shape[1:]):
        return pictures
    if not pictures.shape[2] or not pictures.shape[3]:
        raise ShapeError(f"pictures without pixels cannot be resized, got {list(pictures.shape)}")
    return functional.resize(pictures.float(), list(shape[1:]), antialias=True).clamp(0, 1)


def _loaded(images: Any, what: str) -> Tensor:
    """Arrays, and pictures of PIL's, as a tensor."""
    if isinstance(images, Image.Image):
        images = [images]
    if isinstance(images, (list, tuple)) and images and all(isinstance(image, Image.Image) for image in images):
        sizes = {(image.size, image.mode) for image in images}
        if len(sizes) > 1:
            raise ShapeError(f"pictures must be of one size and mode, got {sorted(sizes)}")
        if images[0].mode not in ("1", "L", "RGB"):
            raise DtypeError(f'pictures of PIL\'s must be of the mode 1, L or RGB, got {images[0].mode}; use image.convert("L")')
        stacked = np.stack([np.asarray(image) for image in images])
        images = stacked[:, None] if stacked.ndim == 3 else stacked.transpose(0, 3, 1, 2)
    if not isinstance(images, np.ndarray):
        wanted = "[B, T, C, H, W]" if what == "clips" else "[B, C, H, W], or a picture of PIL's or a list of them"
        raise DtypeError(f"{what} must be a tensor or an array {wanted}, got {type(images).__name__}")
    if images.dtype.kind not in "biuf" or images.dtype.itemsize > 8:
        raise DtypeError(f"{what} must be real numbers, got an array of {images.dtype}")
    return torch.from_numpy(np.ascontiguousarray(images.astype(images.dtype.newbyteorder("="))))


def _advice(pictures: Tensor, shape: Sequence[int] | None) -> str:
    """What may have been meant."""
    found = list(pictures.shape)
    if len(found) == (3 if shape is None else len(shape)) and (shape is None or found == list(shape)):
        return "; one clip is a batch of one: clips[None]" if len(found) == 4 else "; one picture is a batch of one: images[None]"
    if shape is None:
        return ""
    *frames, channels, height, width = shape
    if channels == 1 and found[1:] == [*frames, height, width]:
        return f"; the channel is missing: {'clips[:, :, None]' if frames else 'images[:, None]'}"
    if found[1:] == [*frames, height, width, channels]:
        order = "0, 1, 4, 2, 3" if frames else "0, 3, 1, 2"
        return f"; the channels come last: use numpy's transpose({order}), or torch's permute"
    if frames and found[1:] == [channels, *frames, height, width]:
        return "; the frames come after the channels: use numpy's swapaxes(1, 2), or torch's transpose(1, 2)"
    return ""


def _check_values(pictures: Tensor, white: int, what: str) -> None:
    """Refuse NaN, and values outside of 0 to white."""
    if not pictures.numel():
        return
    values = pictures.detach()
    if values.dtype in (torch.uint16, torch.uint32, torch.uint64):  # of which torch knows no least and largest
        values = values.long()
    elif values.is_floating_point() and values.itemsize < 2:
        values = values.float()
    low, high = (value.item() for value in values.aminmax())
    slack = ROUNDED * white if pictures.is_floating_point() else 0
    if -slack <= low and high <= white + slack:  # a NaN is not
        return
    if math.isnan(low):
        raise RangeError(f"{what} must have values from 0 to {white}, got NaN")
    scaled = "; if 255 is white, say so: white=255" if white == 1 and low >= 0 and high <= 255 else ""
    raise RangeError(f"{what} must have values from 0 to {white}, got {low:g} to {high:g}{scaled}")
