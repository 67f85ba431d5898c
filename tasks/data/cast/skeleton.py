"""How a figure stands in every cell: its joints, in pixels from the upper left, as it walks, casts a spell and slashes.

A cell is one frame of one motion: 48 of them, walk, spellcard and slash seen from the front and from the side, 8 frames each. The
figure at the side looks to the right; one that looks to the left is its mirror image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tasks.data.characters import ACTIONS, FRAMES

CENTRE = 32.0
HEAD, SHOULDER, HIP, GROUND = 23.2, 33.0, 43.5, 58.5
"""Heights of a figure that stands upright."""

UPPER_ARM, FOREARM, THIGH, SHIN = 5.5, 5.0, 7.0, 7.2


@dataclass(frozen=True)
class Skeleton:
    """The joints of figures in cells; near limbs are before the body, and far ones behind it, as far as there is a difference.

    Attributes:
        side: bool [cells], whether the figure is seen from the side.
        head: [cells, 2], its middle, x and y.
        shoulder, hip: [cells, 2], the middle between both.
        arms: [cells, 2, 3, 2], near and far: shoulder, elbow, hand.
        legs: [cells, 2, 3, 2], near and far: hip, knee, ankle.
        toes: [cells, 2, 2], which way the feet point, and how far.
    """

    side: Tensor
    head: Tensor
    shoulder: Tensor
    hip: Tensor
    arms: Tensor
    legs: Tensor
    toes: Tensor

    @property
    def cells(self) -> int:
        return len(self.side)


def skeleton() -> Skeleton:
    """The joints of all cells: by view, front and side, by action, by frame.

    Example:
        >>> skeleton().arms.shape
        torch.Size([48, 2, 3, 2])
    """
    poses = [view(action) for view in (_from_front, _from_side) for action in ACTIONS]
    side = torch.tensor([False, True]).repeat_interleave(len(ACTIONS) * FRAMES)
    return Skeleton(side, *(torch.cat(parts) for parts in zip(*poses, strict=True)))


Pose = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

# Degrees by frame. Arms: 0 hangs down, 90 points ahead (or outwards), 180 up; an elbow is bent by what is added to that.
CAST_ARM = (12, 24, 38, 62, 104, 138, 122, 70)
CAST_ELBOW = (58, 84, 98, 70, 28, 8, 22, 46)
SLASH_ARM = (-30, -78, -118, -150, -60, 34, 86, 58)
SLASH_ELBOW = (40, 62, 74, 58, 26, 4, 10, 30)
SLASH_LEAN = (-0.4, -1.2, -1.8, -1.4, 0.8, 2.2, 2.6, 1.4)
SLASH_ACROSS = (20, 70, 112, 140, 82, 14, -32, -52)
SLASH_BEND = (48, 40, 30, 14, 8, -18, -40, -30)


def _from_side(action: str) -> Pose:
    phase = 2 * math.pi * torch.arange(FRAMES) / FRAMES
    still = torch.zeros(FRAMES)
    if action == "walk":
        bob, lean = -0.7 * (2 * phase).cos(), still + 0.4
        swing = phase.sin()
        near, far = -30 * swing, 30 * swing
        arms = [(near, 14 + 10 * (1 - swing) / 2), (far, 14 + 10 * (1 + swing) / 2)]
        # The leg that goes ahead bends its knee while it is in the air, a quarter of the way before it is farthest ahead.
        legs = [(28 * swing, -44 * phase.cos().clamp(min=0)), (-28 * swing, -44 * (-phase.cos()).clamp(min=0))]
    elif action == "spellcard":
        arm, elbow = torch.tensor(CAST_ARM) * 1.0, torch.tensor(CAST_ELBOW) * 1.0
        bob, lean = -0.012 * (arm - 60), 0.012 * (arm - 60)
        arms = [(0.78 * arm, elbow), (0.78 * arm - 14, elbow + 8)]
        legs = [(still + 9, still - 6), (still - 9, still - 4)]
    else:
        arm, elbow, lean = torch.tensor(SLASH_ARM) * 1.0, torch.tensor(SLASH_ELBOW) * 1.0, torch.tensor(SLASH_LEAN)
        bob = 0.35 * lean.abs()
        arms = [(arm, elbow), (-0.35 * arm, still + 40)]
        legs = [(14 + 5 * lean, -14 - 3 * lean), (-16 - 3 * lean, still - 6)]
    hip = torch.stack([CENTRE + 0.3 * lean, HIP + bob], 1)
    shoulder = torch.stack([CENTRE + 1.3 * lean, SHOULDER + bob], 1)
    head = torch.stack([CENTRE + 1.0 + 1.9 * lean, HEAD + bob], 1)
    reach = torch.stack([_limb(shoulder + torch.tensor([0.0, 1.6]), *angles, UPPER_ARM, FOREARM) for angles in arms], 1)
    stride = torch.stack([_limb(hip, *angles, THIGH, SHIN) for angles in legs], 1)
    # Whoever stands does so on the ground: the lower foot is there, and the whole figure moves with it.
    lift = GROUND - stride[:, :, 2, 1].amax(1)
    down = torch.stack([torch.zeros_like(lift), lift if action != "walk" else lift * 0.8], 1)
    toes = torch.tensor([3.2, 0.6]).expand(FRAMES, 2, 2)
    return (
        (head + down).round(),  # in whole pixels, so that a face stays what it is
        shoulder + down,
        hip + down,
        reach + down[:, None, None],
        stride + down[:, None, None],
        toes,
    )


def _from_front(action: str) -> Pose:
    phase = 2 * math.pi * torch.arange(FRAMES) / FRAMES
    still = torch.zeros(FRAMES)
    lifted = torch.zeros(FRAMES, 2)  # how far the feet are off the ground: the one at the left of the picture, and the other
    sway, bob = still, still
    if action == "walk":
        swing, late = phase.sin(), (phase - 0.7).sin()
        sway, bob = 0.8 * swing, -0.7 * (2 * phase).cos()
        lifted = 4.2 * torch.stack([swing, -swing], 1).clamp(min=0)
        arms = [(10 + 3 * late, -12 - 26 * late.clamp(min=0)), (10 - 3 * late, -12 - 26 * (-late).clamp(min=0))]
        bent = [-late.clamp(max=0), late.clamp(min=0)]
    elif action == "spellcard":
        arm, elbow = torch.tensor(CAST_ARM) * 1.0, torch.tensor(CAST_ELBOW) * 1.0
        bob = -0.012 * (arm - 60)
        inwards = torch.where(arm < 70, -1.6 * elbow, 0.5 * elbow)
        arms, bent = [(arm, inwards), (arm, inwards)], [still, still]
    else:
        sway = 0.7 * torch.tensor(SLASH_LEAN)
        bob = 0.35 * torch.tensor(SLASH_LEAN).abs()
        arms = [(torch.tensor(SLASH_ACROSS) * 1.0, torch.tensor(SLASH_BEND) * 1.0), (18 + 6 * sway, still - 30)]
        bent = [still, still]
    hip = torch.stack([CENTRE + 0.4 * sway, HIP + bob], 1)
    shoulder = torch.stack([CENTRE + sway, SHOULDER + bob], 1)
    head = torch.stack([CENTRE + sway, HEAD + bob], 1)
    reach, stride = [], []
    for k, outwards in enumerate((-1.0, 1.0)):
        shorter = 1 - 0.22 * bent[k]  # an arm that swings ahead or back is seen shorter
        start = shoulder + torch.tensor([outwards * 6.2, 1.8])
        limb = _limb(start, *arms[k], UPPER_ARM, FOREARM)
        limb = start[:, None] + (limb - start[:, None]) * torch.tensor([outwards, 1.0])
        reach.append(start[:, None] + (limb - start[:, None]) * torch.stack([torch.ones_like(shorter), shorter], 1)[:, None])
        x = CENTRE + outwards * (4.0 if action == "slash" else 3.2) + still
        foot = torch.stack([x, GROUND - lifted[:, k]], 1)
        joint = hip + torch.tensor([outwards * 2.8, 0.0])
        knee = (joint + foot) / 2 + torch.tensor([outwards * 0.4, 0.0]) - torch.stack([still, 0.25 * lifted[:, k]], 1)
        stride.append(torch.stack([joint, knee, foot], 1))
    toes = torch.tensor([[-0.8, 1.4], [0.8, 1.4]]).expand(FRAMES, 2, 2)
    return head.round(), shoulder, hip, torch.stack(reach, 1), torch.stack(stride, 1), toes


def _limb(start: Tensor, angle: Tensor, bend: Tensor, upper: float, lower: float) -> Tensor:
    """Three joints [n, 3, 2] of a limb that starts there; degrees from hanging down, ahead is to the right."""
    first = torch.deg2rad(angle)
    second = torch.deg2rad(angle + bend)
    middle = start + upper * torch.stack([first.sin(), first.cos()], 1)
    return torch.stack([start, middle, middle + lower * torch.stack([second.sin(), second.cos()], 1)], 1)
