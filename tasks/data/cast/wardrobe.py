"""The layers of the cast: six bodies, pants, tops and heads of hair, and one pair of shoes, painted for every cell."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.data.cast.shapes import Canvas, Distance, capsule, oval, pixels, slab, star, union, where, without
from tasks.data.cast.skeleton import Skeleton

SKINS = {"ivory": "ffe0c8", "peach": "f0b088", "tan": "c98a58", "brown": "8f5a36", "umber": "644030", "moss": "8fbf6a"}
PANTS = {
    "trousers": "e8e4dc",
    "shorts": "d8a848",
    "breeches": "c83838",
    "skirt": "4878d8",
    "flares": "48a090",
    "kilt": "70903c",
}
TOPS = {
    "shirt": "a83850",
    "tee": "50b8e0",
    "tunic": "e8d8a8",
    "vest": "a0a4b0",
    "jersey": "e88030",
    "coat": "7858b0",
}
HAIRS = {"short": "8c5430", "long": "f0cc58", "spiky": "f05828", "tail": "38b0a8", "afro": "9848c8", "crest": "f070b0"}

NOWHERE = 99.0
"""A distance that is inside of nothing."""


def colours(names: dict[str, str]) -> Tensor:
    """The colours by variant, [variants, 3] from 0 to 1, of hexadecimal digits."""
    return torch.tensor([[int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)] for digits in names.values()])


def bodies(figure: Skeleton) -> Tensor:
    """Bodies in six colours of skin: uint8 [6, cells, 4, 64, 64]."""
    canvas, skin = Canvas(len(SKINS), figure.cells), colours(SKINS)
    near, far = (arm(figure, k, 1.9, 1.7) for k in (0, 1))
    canvas.paint(far, 0.85 * skin)
    canvas.paint(leg(figure, 1, 2.5, 2.0), 0.85 * skin)
    canvas.paint(leg(figure, 0, 2.5, 2.0), skin)
    canvas.paint(torso(figure, 0.0, 2.0), skin)
    canvas.paint(capsule(figure.shoulder, figure.head, 2.7), 0.88 * skin)
    canvas.paint(skull(figure), skin, 0.5, 0.9)
    face(canvas, figure, skin)
    canvas.paint(only(~figure.side, far), skin)
    canvas.paint(near, skin)
    return canvas.pictures


def pants(figure: Skeleton) -> Tensor:
    """Trousers, shorts, breeches, a skirt, flares and a kilt: uint8 [6, cells, 4, 64, 64]."""
    cut = {"trousers": (1.0, 2.9, 2.6), "shorts": (0.45, 3.3, 3.3), "breeches": (0.66, 3.3, 2.8), "flares": (0.92, 2.7, 3.7)}
    layers = []
    for name, colour in zip(PANTS, colours(PANTS), strict=True):
        canvas, colour = Canvas(1, figure.cells), colour[None]
        if name in cut:
            for k, dark in ((1, 0.82), (0, 1.0)):
                canvas.paint(leg(figure, k, *cut[name][1:], cut[name][0]), dark * colour)
            canvas.paint(hips(figure, 2.6), colour)
        else:
            long = 12.0 if name == "skirt" else 7.5
            cloth = skirt(figure, long)
            canvas.paint(cloth, colour)
            if name == "kilt":
                stripes = torch.maximum(cloth + 1, (pixels()[..., 0] + 0.5).remainder(4) - 1)
                canvas.dot(stripes, 0.6 * colour)
        canvas.clear(union(arm(figure, 0, 1.9, 1.7), only(~figure.side, arm(figure, 1, 1.9, 1.7))))
        layers.append(canvas.pictures)
    return torch.cat(layers)


def tops(figure: Skeleton) -> Tensor:
    """A shirt, a tee, a tunic, a vest, a jersey and a coat: uint8 [6, cells, 4, 64, 64]."""
    sleeves = {"shirt": 1.0, "tee": 0.42, "tunic": 0.55, "vest": 0.0, "jersey": 1.0, "coat": 1.0}
    lengths = {"tunic": 4.5, "coat": 7.0}
    layers = []
    for name, colour in zip(TOPS, colours(TOPS), strict=True):
        canvas, colour, share = Canvas(1, figure.cells), colour[None], sleeves[name]
        if share:
            canvas.paint(arm(figure, 1, 2.5, 2.3, share), 0.82 * colour)
        below = lengths.get(name, 0.0)
        cloth = torso(figure, 0.6, 1.5 + below, 0.16 * below)
        canvas.paint(cloth, colour)
        trim(canvas, figure, name, cloth, colour)
        bare = [arm(figure, 0, 1.9, 1.7), only(~figure.side, arm(figure, 1, 1.9, 1.7))]
        canvas.clear(union(*bare))
        if share:
            for sleeve in (only(~figure.side, arm(figure, 1, 2.5, 2.3, share)), arm(figure, 0, 2.5, 2.3, share)):
                canvas.paint(sleeve, colour)
                if name == "jersey":
                    canvas.dot(
                        torch.maximum(sleeve + 1, (pixels()[..., 1] - figure.shoulder[:, 1, None, None]).remainder(4) - 1.6),
                        0 * colour + 0.95,
                    )
        if share == 1:
            hands = [oval(figure.arms[:, k, 2], 1.9, 1.9) for k in (0, 1)]
            canvas.clear(union(hands[0], only(~figure.side, hands[1])))
        layers.append(canvas.pictures)
    return torch.cat(layers)


def trim(canvas: Canvas, figure: Skeleton, name: str, cloth: Distance, colour: Tensor) -> None:
    """What is on the front of a top: stripes, a belt, buttons."""
    x, y = pixels().unbind(-1)
    down = y - figure.shoulder[:, 1, None, None]
    middle = x - where(figure.side, NOWHERE + 0 * cloth, figure.shoulder[:, 0, None, None] + 0 * cloth)
    if name == "jersey":
        canvas.dot(torch.maximum(cloth + 1, down.remainder(4) - 1.6), 0 * colour + 0.95)
    if name == "tunic":
        canvas.dot(torch.maximum(cloth + 0.2, (down - 9.5).abs() - 1.0), torch.tensor([[0.45, 0.25, 0.12]]))
    if name == "vest":
        canvas.dot(torch.maximum(cloth + 1, (down - 4.5).abs() - 0.8), 0.62 * colour)
        canvas.dot(torch.maximum(cloth + 1, (down - 8.5).abs() - 0.8), 0.62 * colour)
    if name == "coat":
        canvas.dot(torch.maximum(cloth + 0.6, middle.abs() - 1.0), torch.tensor([[0.96, 0.93, 0.78]]))
    if name == "shirt":
        canvas.dot(torch.maximum(cloth + 0.6, middle.abs() + down.clamp(min=0) - 3.0), torch.tensor([[0.98, 0.9, 0.9]]))


def hairs(figure: Skeleton) -> Tensor:
    """Short, long, spiky, in a tail, an afro and a crest: uint8 [6, cells, 4, 64, 64]."""
    layers = []
    for name, colour in zip(HAIRS, colours(HAIRS), strict=True):
        canvas = Canvas(1, figure.cells)
        for shape in style(figure, name):
            canvas.paint(shape, colour[None], 0.5)
        layers.append(canvas.pictures)
    return torch.cat(layers)


def style(figure: Skeleton, name: str) -> list[Distance]:
    """The shapes of a style, from the one behind to the one in front."""
    side = figure.side

    def at(x: float, y: float, x_side: float | None = None, y_side: float | None = None) -> Tensor:
        """A place by the head, where it is seen from the front, and from the side."""
        places = torch.tensor([[x, y], [x if x_side is None else x_side, y if y_side is None else y_side]])
        return figure.head + places[side.long()]

    opening = where(side, oval(at(0, 0, 4.6, 3.4), 6.0, 6.4), oval(at(0, 3.6), 5.8, 6.2))
    line = pixels()[..., 1] - figure.head[:, 1, None, None]
    cap = without(oval(at(0, -0.8, -0.6), 8.6, 8.8), opening)
    if name == "short":
        return [torch.maximum(cap, line - 2.5)]
    if name == "long":
        sides = [capsule(at(-7.0, 1), at(-7.4, 11), 2.4, 2.8), capsule(at(7.0, 1), at(7.4, 11), 2.4, 2.8)]
        return [
            where(side, capsule(at(0, 0, -4.6, 1), at(0, 0, -6.2, 13), 4.2, 3.4), union(*sides)),
            torch.maximum(cap, line - 4),
        ]
    if name == "spiky":
        spikes = star(at(0, -1.4, -1.0), 7.2, 4.6, 9, 0.35)
        return [torch.maximum(without(spikes, opening), line - 3.5)]
    if name == "tail":
        tail = capsule(at(5.5, -7.5, -7.5, -4.5), at(10.0, 5.0, -12.5, 7.5), 2.6, 1.6)
        return [tail, torch.maximum(without(oval(at(0, -0.4, -0.4), 8.0, 8.4), opening), line - 1.5)]
    if name == "afro":
        small = where(side, oval(at(0, 0, 5.6, 3.8), 6.4, 6.4), oval(at(0, 4.4), 5.6, 5.8))
        return [torch.maximum(without(oval(at(0, -2.6, -2.4), 11.6, 11.4), small), line - 5.5)]
    crest = union(
        *(capsule(at(0, 0, x, y), at(0, 0, 1.32 * x, 1.5 * y), 2.4, 1.5) for x, y in ((5, -6.6), (0.5, -8), (-4, -7), (-7, -3)))
    )
    return [where(side, crest, capsule(at(0, -12.5), at(0, -5.5), 1.8, 2.6))]


def shoes(figure: Skeleton) -> Tensor:
    """One pair for all: uint8 [1, cells, 4, 64, 64]."""
    canvas, leather = Canvas(1, figure.cells), torch.tensor([[0.86, 0.68, 0.36]])
    for k, dark in ((1, 0.82), (0, 1.0)):
        ankle = figure.legs[:, k, 2]
        canvas.paint(capsule(ankle + torch.tensor([0.0, 0.6]), ankle + figure.toes[:, k], 2.3, 2.0), dark * leather, 0.5)
    return canvas.pictures


def arm(figure: Skeleton, k: int, upper: float, lower: float, share: float = 1.0) -> Distance:
    """An arm, or so much of it from the shoulder on."""
    return _limb(figure.arms[:, k], upper, lower, share)


def leg(figure: Skeleton, k: int, upper: float, lower: float, share: float = 1.0) -> Distance:
    """A leg, or so much of it from the hip on."""
    return _limb(figure.legs[:, k], upper, lower, share)


def _limb(joints: Tensor, upper: float, lower: float, share: float) -> Distance:
    start, middle, end = joints.unbind(1)
    half = (upper + lower) / 2
    if share <= 0.5:
        return capsule(start, torch.lerp(start, middle, 2 * share), upper, half)
    return union(capsule(start, middle, upper, half), capsule(middle, torch.lerp(middle, end, 2 * share - 1), half, lower))


def torso(figure: Skeleton, wider: float, longer: float, flared: float = 0.0) -> Distance:
    """From the shoulders to below the hip."""
    side = figure.side[:, None, None]
    above, below = torch.where(side, 3.6, 6.4) + wider, torch.where(side, 3.3, 5.2) + wider + flared
    down = torch.tensor([0.0, longer])
    return slab(figure.shoulder - torch.tensor([0.0, 1.0]), figure.hip + down, above, below)


def hips(figure: Skeleton, longer: float) -> Distance:
    """Where pants are one."""
    side = figure.side[:, None, None]
    width = torch.where(side, 3.7, 5.4)
    return slab(figure.hip - torch.tensor([0.0, 3.0]), figure.hip + torch.tensor([0.0, longer]), width, width)


def skirt(figure: Skeleton, long: float) -> Distance:
    """From the hip down, as wide at its hem as the legs are apart."""
    side = figure.side[:, None, None]
    knees = figure.legs[:, :, 1].mean(1)
    apart = (figure.legs[:, 0, 2, 0] - figure.legs[:, 1, 2, 0]).abs()[:, None, None]
    hem = torch.where(side, 4.2 + 0.3 * apart, 6.6) * torch.tensor(0.75 + 0.021 * long)
    bottom = torch.stack([knees[:, 0], figure.hip[:, 1] + long], 1)
    return slab(figure.hip - torch.tensor([0.0, 3.0]), bottom, torch.where(side, 3.7, 5.2), hem)


def skull(figure: Skeleton) -> Distance:
    """The head, with an ear at each side that is seen."""
    ears = [oval(figure.head + torch.tensor([x, 2.0]), 1.8, 2.2) for x in (-7.4, 7.4)]
    return union(oval(figure.head, 7.6, 8.2), only(~figure.side, union(*ears)))


def face(canvas: Canvas, figure: Skeleton, skin: Tensor) -> None:
    """Eyes and a mouth."""
    dark = torch.tensor([[0.1, 0.08, 0.16]]).expand_as(skin)
    for front, side in ((-3.0, 4.2), (3.0, NOWHERE)):
        x = torch.where(figure.side, side, front)
        eye = figure.head + torch.stack([x, torch.full_like(x, 2.6)], 1)
        canvas.dot(oval(eye - torch.tensor([0.0, 0.4]), 1.9, 1.9), 0 * skin + 0.97)
        canvas.dot(oval(eye + torch.stack([0.5 * figure.side, 0 * x], 1), 1.05, 1.6), dark)
    x = torch.where(figure.side, 5.2, 0.0)
    mouth = figure.head + torch.stack([x, torch.full_like(x, 5.4)], 1)
    canvas.dot(torch.maximum(oval(mouth, 1.5, 0.7), oval(figure.head, 7.6, 8.2) + 1), 0.62 * skin)


def only(choice: Tensor, distance: Distance) -> Distance:
    """A shape in some cells alone, bool [cells]."""
    return torch.where(choice[:, None, None], distance, NOWHERE)
