"""The room: a floor, walls, a solid in the middle, a lamp, and a camera that goes around; what each ray of the camera sees.

The origin is on the floor under the solid, x goes to the right and y ahead for a camera that is not turned, z goes up. The
numbers were fitted to fifty pictures of the published data set, whose program is not public; the unit of length means nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from tasks.data.shapes3d.solids import Solid, solids

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

FLOOR, WALL, SOLID = range(3)
"""The surfaces that have a colour; the sky has one for all pictures, and is -1."""

SUPERSAMPLING = 2
"""Rays along each side of a pixel."""

LIFT = 1e-4
"""How far above a surface the way to the lamp begins, so that the surface itself is not in it."""


@dataclass(frozen=True)
class Scene:
    """What a picture is rendered of, but for the solid, its size and the turn of the camera.

    Attributes:
        distance, height: of the camera, from the axis of the solid and above the floor.
        pitch: by which it looks down, in radians.
        focal: its focal length, in halves of the picture's side.
        wall, top: how far from the axis the walls are, and their height.
        lamp: where it hangs.
        ambient, head, shine: the light from everywhere, that from where the camera is, and that of the lamp.
        spot: how narrow the lamp's beam is: a power of the cosine.
        fill: light from the left that falls on walls alone, so that both side walls are as in the published pictures.
        side, radius: of the cube, and of the sphere.
        cylinder, pill: radius and height.
        gloss, hardness: of the highlight of the lamp on the solid, by Blinn's model.
    """

    distance: float = 2.909
    height: float = 0.993
    pitch: float = 0.0633
    focal: float = 2.337
    wall: float = 2.63
    top: float = 1.726
    lamp: tuple[float, float, float] = (-1.261, 0.285, 6.598)
    ambient: float = 0.384
    head: float = 0.534
    shine: float = 0.634
    spot: float = 8.71
    fill: float = 0.142
    side: float = 0.86
    radius: float = 0.458
    cylinder: tuple[float, float] = (0.405, 0.835)
    pill: tuple[float, float] = (0.327, 1.337)
    gloss: float = 0.219
    hardness: float = 4.54

    @property
    def solids(self) -> tuple[Solid, ...]:
        """The solids of scale 1, by the class of the shape."""
        return solids(self.side, self.cylinder, self.radius, self.pill)


class Seen(NamedTuple):
    """What rays see: which surface, int64 [g, rays]; how brightly it is lit; and the highlight upon it, both [g, rays]."""

    surface: Tensor
    brightness: Tensor
    highlight: Tensor


class Camera(NamedTuple):
    """Where it is [g, 1, 3], the directions of its rays [g, rays, 3] row by row, and where it looks [g, 1, 3]."""

    place: Tensor
    directions: Tensor
    ahead: Tensor


def camera(scene: Scene, angles: Float[Tensor, " g"], size: int) -> Camera:
    """The camera, turned about the axis of the solid by these angles, in radians; its pictures have this height and width."""
    ticks = (torch.arange(size * SUPERSAMPLING) + 0.5) / (size * SUPERSAMPLING) * 2 - 1
    down, right = torch.meshgrid(ticks, ticks, indexing="ij")
    cos, sin = math.cos(scene.pitch), math.sin(scene.pitch)
    straight = torch.stack([right, scene.focal * cos - down * sin, -scene.focal * sin - down * cos], -1).flatten(0, 1)
    c, s, zero, one = angles.cos(), angles.sin(), torch.zeros_like(angles), torch.ones_like(angles)
    turn = torch.stack([c, -s, zero, s, c, zero, zero, zero, one], -1).view(-1, 3, 3)
    place = torch.tensor([0.0, -scene.distance, scene.height])
    return Camera((turn @ place)[:, None], straight @ turn.mT, (turn @ torch.tensor([0.0, cos, -sin]))[:, None])


def trace(scene: Scene, shape: int, scales: Float[Tensor, " g"], angles: Float[Tensor, " g"], size: int) -> Seen:
    """What the rays see of the room with one solid, of these scales, from these angles in radians.

    Example:
        >>> seen = trace(Scene(), 2, torch.ones(1), torch.zeros(1), 8)
        >>> seen.surface.view(16, 16)[[0, 6, 8, 15], 8].tolist()  # from top to bottom: sky, wall, sphere, floor
        [-1, 1, 2, 0]
    """
    eye = camera(scene, angles, size)
    solid, scale = scene.solids[shape], scales[:, None, None]
    met, solid_normal = solid(eye.place / scale, eye.directions / scale)
    surface, distance, normal = _nearest(scene, eye, met, solid_normal)
    points = eye.place + distance[..., None] * eye.directions
    surface = surface.masked_fill((surface == WALL) & (points[..., 2] > scene.top), -1)

    lamp = torch.tensor(scene.lamp)
    to_lamp = normalize(lamp - points, dim=-1)
    beam = (to_lamp * normalize(lamp, dim=0)).sum(-1).clamp_min(0) ** scene.spot
    blocked, _ = solid((points + LIFT * to_lamp) / scale, to_lamp / scale)
    in_light = blocked.isinf() | (surface == SOLID)  # a solid casts no shadow on itself, because none is hollow
    brightness = (
        scene.ambient
        + scene.head * (normal * -eye.ahead).sum(-1).clamp_min(0)
        + scene.shine * (normal * to_lamp).sum(-1).clamp_min(0) * beam * in_light
        + scene.fill * normal[..., 0].clamp_min(0) * (surface == WALL)
    )
    halfway = normalize(to_lamp - normalize(eye.directions, dim=-1), dim=-1)
    highlight = scene.gloss * (normal * halfway).sum(-1).clamp_min(0) ** scene.hardness
    return Seen(surface, brightness, highlight * (surface == SOLID))


def _nearest(
    scene: Scene, eye: Camera, met: Float[Tensor, "g rays"], solid_normal: Float[Tensor, "g rays 3"]
) -> tuple[Int64[Tensor, "g rays"], Float[Tensor, "g rays"], Float[Tensor, "g rays 3"]]:
    """The surface that each ray meets first, after how many directions, and the normal there; walls have no upper end here."""
    x, y, z = eye.directions.unbind(-1)
    floor = torch.where(z < 0, -eye.place[..., 2] / z, math.inf)
    back = torch.where(y > 0, (scene.wall - eye.place[..., 1]) / y, math.inf)
    side = torch.where(x != 0, (scene.wall * x.sign() - eye.place[..., 0]) / x, math.inf)
    distance, first = torch.stack([met, floor, back, side]).min(0)
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    plain = [torch.stack(normal, -1) for normal in ((zero, zero, one), (zero, -one, zero), (-x.sign(), zero, zero))]
    normals = torch.stack([solid_normal, *plain])
    normal = normals.gather(0, first[None, ..., None].expand(1, *first.shape, 3))[0]
    return torch.tensor([SOLID, FLOOR, WALL, WALL])[first], distance, normal
