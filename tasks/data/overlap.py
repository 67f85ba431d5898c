"""How much two pictures have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from tasks.data.checks import check_readable, check_tensor
from vsa.errors import DtypeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Shaped


def iou(a: Shaped[Tensor, "*batch_a c h w"], b: Shaped[Tensor, "*batch_b c h w"]) -> Float[Tensor, "*batch"]:
    """How alike pictures are: what both have of what at least one has, pixel by pixel.

    For pictures of bool it is the intersection over the union of the pixels that are on. For others it is the same of amounts,
    the sum of the lesser values over the sum of the greater ones (the Ruzicka similarity).

    Args:
        a: [*batch_a, C, H, W], bool, or floating point numbers that are not negative.
        b: [*batch_b, C, H, W], the same; batch dimensions broadcast.

    Returns:
        float32 [*batch], from 0 to 1; two empty pictures agree, which is 1.

    Raises:
        DtypeError: one is bool and the other is not, or they are integers (compare with a threshold first).
        ShapeError: channels, heights or widths differ.

    Example:
        >>> iou(torch.tensor([[[True, True]]]), torch.tensor([[[True, False]]]))
        tensor(0.5000)
        >>> iou(torch.tensor([[[1.0, 0.5]]]), torch.tensor([[[0.5, 0.5]]]))
        tensor(0.6667)
    """
    for picture in (a, b):
        if not isinstance(picture, Tensor):
            raise DtypeError(f"iou compares two tensors, got {type(picture).__name__}")
        check_readable("pictures", picture)
    kinds = {
        "bool" if picture.dtype == torch.bool else "float" if picture.is_floating_point() else str(picture.dtype)
        for picture in (a, b)
    }
    if len(kinds) > 1 or not kinds <= {"bool", "float"}:
        raise DtypeError(f"iou compares two pictures of bool, or two of floating point numbers, got {a.dtype} and {b.dtype}")
    if a.ndim < 3 or a.shape[-3:] != b.shape[-3:]:
        raise ShapeError(f"iou compares pictures [C, H, W] of one size, got {list(a.shape)} and {list(b.shape)}")
    if a.dtype == torch.bool:
        both, either = (a & b).sum((-3, -2, -1)).float(), (a | b).sum((-3, -2, -1)).float()
    else:
        both, either = torch.minimum(a, b).float().sum((-3, -2, -1)), torch.maximum(a, b).float().sum((-3, -2, -1))
    return (both / either).nan_to_num(1.0)


def touching(a: Bool[Tensor, "n h w"], b: Bool[Tensor, "n h w"]) -> Bool[Tensor, " n"]:
    """Which masks share a pixel with the other of their row."""
    _check_masks(a, b)
    if len(a) != len(b):
        raise ShapeError(f"there must be as many masks as others, got {len(a)} and {len(b)}")
    return (a & b).flatten(1).any(1)


def apart(a: Bool[Tensor, "n h w"], b: Bool[Tensor, "m h w"]) -> Bool[Tensor, "n m"]:
    """Which of the masks a share no pixel with which of b, on the CPU."""
    _check_masks(a, b)
    shared = torch.zeros(len(a), len(b), dtype=torch.int64)
    both = torch.empty_like(shared)
    # 64 pixels are one integer: three times as fast as a product of matrices of pixels.
    for word_a, word_b in zip(_words(a), _words(b), strict=True):
        shared |= torch.bitwise_and(word_a[:, None], word_b, out=both)
    return shared == 0


def _words(masks: Tensor) -> Tensor:
    """Masks [n, H, W] with a bit for a pixel: int64 [words, n]."""
    pixels = masks.flatten(1).cpu()
    whole = pad(pixels, (0, -pixels.shape[1] % 64)).numpy()
    return torch.from_numpy(np.packbits(whole, axis=1).view(np.int64).T.copy())


def _check_masks(a: Tensor, b: Tensor) -> None:
    for masks in (a, b):
        check_tensor("masks", masks, torch.bool, "n", "h", "w")
    if a.shape[1:] != b.shape[1:]:
        raise ShapeError(f"masks must be of one size, got {list(a.shape)} and {list(b.shape)}")


def document_score(overlaps: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """What the code of dSprites VSA calls IoU: 0 up to an IoU of 0.5, a tenth for every twentieth above, 1 only above 0.95.

    Args:
        overlaps: plain IoU [*batch], of pictures at the threshold 0.5.

    Example:
        >>> document_score(torch.tensor([0.5, 0.72, 0.96]))
        tensor([0.0000, 0.5000, 1.0000])
    """
    return (20 * (overlaps - 0.5)).clamp(0, 10).ceil() / 10
