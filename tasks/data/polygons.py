"""Convex polygons as anti-aliased pictures: how much of each pixel a polygon covers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SUBPIXELS = 5
"""A pixel is looked at in so many places along each axis."""

CHUNK = 64
"""Pictures that are made at once."""


def regular(corners: int) -> Tensor:
    """A regular polygon of area 1 about the origin, one corner on top: float64 [corners, 2], x and y, which runs down.

    Example:
        >>> regular(4).abs().amax().item() - 0.5**0.5 < 1e-12
        True
    """
    radius = math.sqrt(2 / (corners * math.sin(2 * math.pi / corners)))
    angle = 2 * math.pi * torch.arange(corners, dtype=torch.float64) / corners
    return radius * torch.stack([angle.sin(), -angle.cos()], 1)


def square() -> Tensor:
    """A square of area 1 about the origin, its sides upright: float64 [4, 2]."""
    return 0.5 * torch.tensor([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=torch.float64)


def coverage(outline: Tensor, centres: Tensor, size: int) -> Tensor:
    """How much of each pixel a convex polygon covers, in percent of 255: uint8 [n, size, size].

    A pixel counts those of its subpixels whose centre lies inside.

    Args:
        outline: float64 [corners, 2], of x and y about the origin, in shares of the picture's side.
        centres: float64 [n, 2], where it lies, x and y from 0 (left, top) to 1 (right, bottom).
        size: height and width of a picture, in pixels.

    Example:
        >>> coverage(square(), torch.tensor([[0.5, 0.5]], dtype=torch.float64), 2).tolist()
        [[[255, 255], [255, 255]]]
    """
    parts = [_coverage(outline, part, size) for part in centres.split(CHUNK)]
    return torch.cat([torch.zeros(0, size, size, dtype=torch.uint8), *parts])


def _coverage(outline: Tensor, centres: Tensor, size: int) -> Tensor:
    corners = outline + centres[:, None]  # [n, corners, 2]
    x0, y0 = corners.unbind(-1)
    x1, y1 = corners.roll(-1, 1).unbind(-1)
    lines = (torch.arange(size * SUBPIXELS, dtype=torch.float64) + 0.5) / (size * SUBPIXELS)
    at = lines[:, None]
    crosses = (torch.minimum(y0, y1)[:, None] <= at) & (at < torch.maximum(y0, y1)[:, None])  # [n, lines, corners]
    slope = (x1 - x0) / torch.where(y1 == y0, 1, y1 - y0)
    x = x0[:, None] + (at - y0[:, None]) * slope[:, None]
    # A line meets a convex polygon in one interval.
    ends = [x.masked_fill(~crosses, math.inf).amin(-1), x.masked_fill(~crosses, -math.inf).amax(-1)]
    first, last = ((end * size * SUBPIXELS - 0.5).ceil().clamp(0, size * SUBPIXELS).float() for end in ends)
    edge = SUBPIXELS * torch.arange(size, dtype=torch.float32)
    inside = (last[..., None] - edge).clamp(0, SUBPIXELS) - (first[..., None] - edge).clamp(0, SUBPIXELS)
    covered = inside.clamp(min=0).unflatten(1, (size, SUBPIXELS)).sum(2)
    return (covered * 255 / SUBPIXELS**2).round().byte()
