from functools import partial

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from tasks.data.shapes3d.solids import Solid, box, capsule, cylinder, sphere


def in_box(points: Tensor) -> Tensor:
    return ((points - torch.tensor([0.0, 0.0, 0.5])).abs() <= 0.5).all(-1)


def in_cylinder(points: Tensor) -> Tensor:
    return (points[..., :2].norm(dim=-1) <= 0.4) & (points[..., 2] >= 0) & (points[..., 2] <= 0.9)


def in_sphere(points: Tensor) -> Tensor:
    return (points - torch.tensor([0.0, 0.0, 0.5])).norm(dim=-1) <= 0.5


def in_capsule(points: Tensor) -> Tensor:
    middle = points[..., 2].clamp(0.3, 0.9)
    return (points - torch.stack([torch.zeros_like(middle), torch.zeros_like(middle), middle], -1)).norm(dim=-1) <= 0.3


SOLIDS = {
    "cube": (partial(box, side=1.0), in_box),
    "cylinder": (partial(cylinder, radius=0.4, height=0.9), in_cylinder),
    "sphere": (partial(sphere, radius=0.5), in_sphere),
    "pill": (partial(capsule, radius=0.3, height=1.2), in_capsule),
}


def some_rays(n: int) -> tuple[Tensor, Tensor]:
    """From outside, towards places in and about the solids."""
    generator = torch.Generator().manual_seed(0)
    origin = normalize(torch.randn(n, 3, generator=generator), dim=-1) * 3
    target = torch.rand(n, 3, generator=generator) * torch.tensor([1.6, 1.6, 1.6]) - torch.tensor([0.8, 0.8, 0.2])
    return origin, (target - origin) * (0.5 + torch.rand(n, 1, generator=generator))


@pytest.mark.parametrize("name", SOLIDS)
def test_a_ray_is_free_before_the_solid_and_inside_behind_it(name: str) -> None:
    solid, inside = SOLIDS[name]
    origin, direction = some_rays(4000)
    distance, normal = solid(origin, direction)
    hit = distance.isfinite()
    assert 500 < hit.sum() < 3900
    length = direction.norm(dim=-1)
    steps = torch.linspace(0, 5, 1001)
    path = origin[:, None] + normalize(direction, dim=-1)[:, None] * steps[:, None]
    within = inside(path)
    first = torch.where(within.any(1), steps[within.int().argmax(1)], torch.inf)
    assert (hit | first.isinf()).all(), "a solid was walked through"
    both = hit & first.isfinite()
    assert ((first - distance * length)[both] <= 0.0051).all()
    assert ((first - distance * length)[both] >= -1e-4).all()
    grazed = hit & first.isinf()
    assert grazed.float().mean() < 0.01, "only what lies between two steps"
    assert normal[hit].norm(dim=-1).sub(1).abs().max() < 1e-4
    assert ((normal * direction).sum(-1)[hit] <= 1e-5).all(), "a normal looks outwards"
    there = (origin + distance[:, None] * direction)[hit]
    assert not inside(there + 1e-3 * normal[hit]).any()
    assert inside(there - 1e-3 * normal[hit]).float().mean() > 0.99


@pytest.mark.parametrize("name", SOLIDS)
def test_what_is_behind_the_ray_or_beside_it_is_not_hit(name: str) -> None:
    solid: Solid = SOLIDS[name][0]
    origin = torch.tensor([[0.0, -3.0, 0.4], [0.0, -3.0, 0.4], [0.0, -3.0, 0.4], [0.0, 0.0, 5.0], [0.0, 0.0, 5.0]])
    ways = torch.tensor([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
    distance, normal = solid(origin, ways)
    assert distance.isfinite().tolist() == [True, False, False, True, False]
    depth = {"cube": 0.5, "cylinder": 0.4, "sphere": (0.5**2 - 0.1**2) ** 0.5, "pill": 0.3}[name]
    top = {"cube": 1.0, "cylinder": 0.9, "sphere": 1.0, "pill": 1.2}[name]
    assert distance[[0, 3]].tolist() == pytest.approx([3 - depth, 5 - top], abs=1e-5)
    assert normal[3].tolist() == pytest.approx([0, 0, 1], abs=1e-5)
    doubled, _ = solid(origin, 2 * ways)
    torch.testing.assert_close(doubled, distance / 2)
