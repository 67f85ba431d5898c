"""How much two pictures have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsa.errors import DtypeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float


def iou(a: Bool[Tensor, "*batch_a h w"], b: Bool[Tensor, "*batch_b h w"]) -> Float[Tensor, "*batch"]:
    """Intersection over union of the pixels that are on.

    Args:
        a: bool [*batch_a, H, W].
        b: bool [*batch_b, H, W]; batch dimensions broadcast.

    Returns:
        float32 [*batch], from 0 to 1; two empty pictures agree, which is 1.

    Raises:
        DtypeError: a picture is not bool (compare probabilities with a threshold first).
        ShapeError: heights or widths differ.

    Example:
        >>> iou(torch.tensor([[True, True]]), torch.tensor([[True, False]]))
        tensor(0.5000)
    """
    for picture in (a, b):
        if picture.dtype != torch.bool:
            raise DtypeError(f"iou compares pictures of bool, got {picture.dtype}; write picture > 0.5")
    if a.ndim < 2 or a.shape[-2:] != b.shape[-2:]:
        raise ShapeError(f"iou compares pictures of one size, got {list(a.shape)} and {list(b.shape)}")
    both = (a & b).sum((-2, -1)).float()
    either = (a | b).sum((-2, -1)).float()
    return (both / either).nan_to_num(1.0)


def document_score(overlaps: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """What the source document's code calls IoU: 0 up to an IoU of 0.5, a tenth for every twentieth above, 1 only above 0.95.

    Args:
        overlaps: plain IoU [*batch], of pictures at the threshold 0.5.

    Example:
        >>> document_score(torch.tensor([0.5, 0.72, 0.96]))
        tensor([0.0000, 0.5000, 1.0000])
    """
    return (20 * (overlaps - 0.5)).clamp(0, 10).ceil() / 10
