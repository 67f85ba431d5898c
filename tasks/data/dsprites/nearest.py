"""The exact renderer as a judge: which sprite a picture is most like."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from tasks.data.checks import check_tensor
from tasks.data.dsprites.factors import COUNTS, ORIENTATION, canonical
from tasks.data.dsprites.renderer import SIZE, render
from tasks.data.overlap import iou

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64

CHUNK = 64
"""Pictures that are compared at once."""

MIDDLE = 16
"""The class of x and y at which sprites are compared by their moments."""


class Moments(NamedTuple):
    """Of pictures: the area, the centroid in pixels, and the central moments of second to fourth order, as lengths.

    Attributes:
        centre: float32 [n, 2], x and y.
        shape: float32 [n, 13], the square root of the area, and the roots of the moments with their signs.
    """

    centre: Tensor
    shape: Tensor


def _moments(pictures: Bool[Tensor, "n 64 64"]) -> Moments:
    on = pictures.double()
    area = on.sum((1, 2))
    weight = on / area.clamp(min=1)[:, None, None]
    pixels = torch.arange(SIZE, dtype=torch.float64)
    x, y = (weight.sum(1) * pixels).sum(1), (weight.sum(2) * pixels).sum(1)
    dx, dy = pixels - x[:, None], pixels - y[:, None]
    found = [area.sqrt()]
    for order in (2, 3, 4):  # a square's orientation shows in the fourth
        for i in range(order + 1):
            moment = torch.einsum("n h w, n h, n w -> n", weight, dy ** (order - i), dx**i)
            found.append(moment.sign() * moment.abs() ** (1 / order))
    return Moments(torch.stack([x, y], 1).float(), torch.stack(found, 1).float())


class Sprites(NamedTuple):
    """All sprites in the middle: classes int64 [702, 5] and their moments."""

    classes: Tensor
    moments: Moments


@lru_cache(maxsize=1)
def _sprites() -> Sprites:
    classes = torch.cartesian_prod(*(torch.arange(count) for count in COUNTS[:3]), torch.tensor([MIDDLE]), torch.tensor([MIDDLE]))
    classes = classes[classes[:, ORIENTATION] < COUNTS[ORIENTATION] - 1]  # the last is the first
    return Sprites(classes, _moments(render(classes).bool()))


@lru_cache(maxsize=1)
def _step() -> float:
    """How many pixels a sprite moves from one class of x to the next."""
    ends = render(torch.tensor([[0, 0, 0, 0, MIDDLE], [0, 0, 0, 31, MIDDLE]])).bool()
    first, last = _moments(ends).centre[:, 0].tolist()
    return (last - first) / 31


@lru_cache(maxsize=1)
def _middle() -> Tensor:
    """Where in pixels the centroid of a square in the middle lies, float32 [2]."""
    return _moments(render(torch.tensor([[0, 5, 0, MIDDLE, MIDDLE]])).bool()).centre[0]


@torch.inference_mode()
def nearest_sprite(pictures: Bool[Tensor, "n 64 64"], candidates: int = 32) -> Int64[Tensor, "n 5"]:
    """The classes of the sprite whose exact rendering overlaps each picture most.

    Of all shapes, scales and orientations those are tried whose area and moments are most like the picture's, each where its
    centroid is the picture's. Orientations that a shape cannot show are the first of those that look the same.

    Args:
        pictures: bool [n, 64, 64], what was decoded, compared with 0.5.
        candidates: how many are tried.

    Returns:
        int64 [n, 5]; of a picture without a pixel some small sprite.

    Raises:
        DtypeError, ShapeError: the pictures are not as above.

    Example:
        >>> nearest_sprite(render(torch.tensor([[2, 3, 10, 7, 30]])).bool())
        tensor([[ 2,  3, 10,  7, 30]])
    """
    check_tensor("pictures", pictures, torch.bool, "n", SIZE, SIZE)
    found = [_nearest(part, candidates) for part in pictures.split(CHUNK)]
    return torch.cat([torch.zeros(0, len(COUNTS), dtype=torch.int64), *found])


def place(pictures: Bool[Tensor, "n 64 64"]) -> Float[Tensor, "n 2"]:
    """Where the centroid of a picture lies, as classes of x and y, between which it may be: float32 [n, 2]."""
    return (_moments(pictures).centre - _middle()) / _step() + MIDDLE


def _nearest(pictures: Tensor, candidates: int) -> Tensor:
    sprites, seen = _sprites(), _moments(pictures)
    likely = torch.cdist(seen.shape, sprites.moments.shape).topk(candidates, largest=False).indices
    offset = (seen.centre[:, None] - sprites.moments.centre[likely]) / _step()
    classes = sprites.classes[likely].clone()
    classes[..., 3:] = (classes[..., 3:] + offset.round().long()).clamp(0, 31)
    overlaps = iou(pictures[:, None, None], render(classes.flatten(0, 1)).bool().unflatten(0, (*classes.shape[:2], 1)))
    return canonical(classes[torch.arange(len(classes)), overlaps.argmax(1)])
