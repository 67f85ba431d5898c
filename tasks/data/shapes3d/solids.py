"""Where rays meet a cube, a cylinder, a sphere and a capsule: analytic intersections, a whole batch at once.

Every solid stands on the floor, z = 0, about the z axis. A ray is a point and a direction [..., 3] of any length; what comes back
is how many directions lie between the point and the solid, infinite where the ray misses it, and the outward normal [..., 3].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

Hit = tuple[Tensor, Tensor]
Solid = Callable[[Tensor, Tensor], Hit]


def box(origin: Tensor, direction: Tensor, side: float) -> Hit:
    """A cube of this side."""
    half = side / 2
    near, far = _slab(origin - torch.tensor([0.0, 0.0, half]), direction, half)
    enter, axis = near.max(-1)
    normal = -torch.nn.functional.one_hot(axis, 3) * direction.sign()
    return _first(enter, enter <= far.amin(-1)), normal


def cylinder(origin: Tensor, direction: Tensor, radius: float, height: float) -> Hit:
    """An upright cylinder."""
    round_near, round_far = _quadratic(origin[..., :2], direction[..., :2], radius)
    low, high = _slab(origin[..., 2:] - height / 2, direction[..., 2:], height / 2)
    flat_near, flat_far = low[..., 0], high[..., 0]
    enter = torch.maximum(round_near, flat_near)
    radial = torch.nn.functional.pad(origin[..., :2] + enter.nan_to_num(0, 0, 0)[..., None] * direction[..., :2], (0, 1)) / radius
    up = torch.tensor([0.0, 0.0, 1.0]) * -direction[..., 2:].sign()
    normal = torch.where((flat_near > round_near)[..., None], up, radial)
    return _first(enter, enter <= torch.minimum(round_far, flat_far)), normal


def sphere(origin: Tensor, direction: Tensor, radius: float, height: float | None = None) -> Hit:
    """A sphere, whose centre is at this height; if none is given, it stands on the floor."""
    centre = torch.tensor([0.0, 0.0, radius if height is None else height])
    near, _ = _quadratic(origin - centre, direction, radius)
    where = origin + near.nan_to_num(0, 0, 0)[..., None] * direction
    return _first(near, near.isfinite()), (where - centre) / radius


def capsule(origin: Tensor, direction: Tensor, radius: float, height: float) -> Hit:
    """An upright cylinder with hemispheres for ends, of this height with them."""
    near, _ = _quadratic(origin[..., :2], direction[..., :2], radius)
    where = origin + near.nan_to_num(0, 0, 0)[..., None] * direction
    between = (where[..., 2] >= radius) & (where[..., 2] <= height - radius)
    hits = [
        (_first(near, near.isfinite() & between), torch.nn.functional.pad(where[..., :2], (0, 1)) / radius),
        sphere(origin, direction, radius),
        sphere(origin, direction, radius, height - radius),
    ]
    distance, which = torch.stack([hit for hit, _ in hits]).min(0)
    normals = torch.stack([normal for _, normal in hits])
    return distance, normals.gather(0, which[None, ..., None].expand(1, *which.shape, 3))[0]


def solids(side: float, cylinder_size: tuple[float, float], radius: float, pill_size: tuple[float, float]) -> tuple[Solid, ...]:
    """A cube, a cylinder, a sphere and a pill of these sizes: radius and height where there are two."""
    return (
        partial(box, side=side),
        partial(cylinder, radius=cylinder_size[0], height=cylinder_size[1]),
        partial(sphere, radius=radius),
        partial(capsule, radius=pill_size[0], height=pill_size[1]),
    )


def _slab(origin: Tensor, direction: Tensor, half: float) -> tuple[Tensor, Tensor]:
    """Where a ray enters and leaves -half to half, along each axis."""
    safe = torch.where(direction.abs() < 1e-12, 1e-12, direction)
    a, b = (-half - origin) / safe, (half - origin) / safe
    return torch.minimum(a, b), torch.maximum(a, b)


def _quadratic(origin: Tensor, direction: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Where a ray enters and leaves a circle or a sphere about the origin; infinite, both, where it does not."""
    a = direction.square().sum(-1).clamp_min(1e-12)
    b = (origin * direction).sum(-1)
    square = b.square() - a * (origin.square().sum(-1) - radius**2)
    root = square.clamp_min(0).sqrt()
    misses = square < 0
    return ((-b - root) / a).masked_fill(misses, math.inf), ((-b + root) / a).masked_fill(misses, math.inf)


def _first(distance: Tensor, hits: Tensor) -> Tensor:
    """The distance, where the ray hits what lies ahead of it."""
    return distance.masked_fill(~hits | (distance <= 0) | distance.isnan(), math.inf)
