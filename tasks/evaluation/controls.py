"""Controls of every IoU: what a disc overlaps of a sprite, and what the nearest picture does that was trained on.

A model that knows where a sprite is and how large has the first for nothing; one that shows the most similar picture that it
remembers has the second. An IoU says something where it is above both.

    python -m tasks.evaluation.controls --test "shape == heart and x < 8"
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.dsprites import SIZE, render
from tasks.data.factors import COUNTS, ORIENTATION, SHAPE
from tasks.data.sampling import Objects
from tasks.data.split import Split
from tasks.evaluation.overlap import iou
from tasks.tables import controls_in_words

if TYPE_CHECKING:
    from jaxtyping import Bool, Int64

MEASURED = 500
"""Objects of which the controls are the mean."""


def measure_controls(objects: Objects, n: int = MEASURED, seed: int = 0) -> dict[str, float]:
    """The IoU of both controls with the exact renderings of single objects.

    Args:
        objects: what is measured, such as the test part of a split.
        n: how many of them.
        seed: decides which; the same seed gives the same ones.

    Returns:
        disc_iou: of a disc of the sprite's area at its centre of mass; neighbour_iou: of the nearest sprite of the training part.

    Raises:
        NotInPartError: there are no such objects, or none in the training part.

    Example:
        >>> found = measure_controls(Objects(part="test"))
        >>> round(found["disc_iou"], 2), round(found["neighbour_iou"], 2)
        (0.76, 0.87)
    """
    classes = objects.sample(n, torch.Generator().manual_seed(seed))
    truths = render(classes).bool()
    near = render(nearest(classes, objects.split)).bool()
    return {
        "disc_iou": iou(discs(truths), truths).double().mean().item(),
        "neighbour_iou": iou(near, truths).double().mean().item(),
    }


def discs(pictures: Bool[Tensor, "n 64 64"]) -> Bool[Tensor, "n 64 64"]:
    """For each picture a disc of as many pixels at its centre of mass.

    Example:
        >>> picture = torch.zeros(1, 64, 64, dtype=torch.bool)
        >>> picture[0, 10, 20:23] = True
        >>> drawn = discs(picture)
        >>> int(drawn.sum()), bool(drawn[0, 10, 21])
        (3, True)
    """
    pixels = torch.arange(SIZE, dtype=torch.float64)
    area = pictures.flatten(1).sum(1)
    x, y = ((pictures.sum(axis) * pixels).sum(1) / area.clamp(min=1) for axis in (1, 2))
    distance = (pixels - x[:, None]).square()[:, None, :] + (pixels - y[:, None]).square()[:, :, None]
    rank = distance.flatten(1).argsort(dim=1, stable=True).argsort(dim=1)
    return (rank < area[:, None]).view_as(pictures)


def nearest(classes: Int64[Tensor, "n 5"], split: Split) -> Int64[Tensor, "n 5"]:
    """For each object one of those of the training part that are the fewest steps of the grid away.

    A step changes one factor by one class: the orientation goes round, and every other shape is one step away. Where several are
    equally near it is that which each step leads to whose picture overlaps the object's most.

    Args:
        classes: int64 [n, 5].
        split: says what the training part is.

    Raises:
        NotInPartError: the training part is empty.
    """
    steps = _steps(split)
    classes = classes.clone()
    classes[:, ORIENTATION] %= _GRID[ORIENTATION]
    truths, here = render(classes).bool(), classes
    while (left := steps[tuple(here.T)]).any():
        around, there = _neighbours(here)
        closer = there & (steps[tuple(around.unbind(-1))] < left[:, None])
        overlaps = iou(render(around.flatten(0, 1)).bool().unflatten(0, around.shape[:2]), truths[:, None])
        best = overlaps.masked_fill(~closer, -1).argmax(1)
        here = torch.where((left > 0)[:, None], around[torch.arange(len(here)), best], here)
    return here


_GRID = tuple(count - (f == ORIENTATION) for f, count in enumerate(COUNTS))  # the last orientation is the first


def _neighbours(classes: Tensor) -> tuple[Tensor, Tensor]:
    """What is a step away of each, int64 [n, 10, 5], and whether it exists, bool [n, 10]."""
    moved, there = [], []
    for f, count in enumerate(_GRID):
        for step in (-1, 1):
            other = classes.clone()
            other[:, f] += step
            round_ = f in (SHAPE, ORIENTATION)  # from each of three shapes a step in both directions leads to both others
            there.append(torch.full((len(classes),), True) if round_ else (other[:, f] >= 0) & (other[:, f] < count))
            other[:, f] = other[:, f] % count
            moved.append(other)
    return torch.stack(moved, 1), torch.stack(there, 1)


@lru_cache(maxsize=8)
def _steps(split: Split) -> Tensor:
    """How many steps each combination is from the training part, int64, one axis for each factor."""
    every = torch.cartesian_prod(*(torch.arange(count) for count in _GRID))
    reached = split.contains("train", every).view(_GRID)
    if not reached.any():
        raise Objects(part="train", split=split).none()
    steps = torch.where(reached, 0, -1)
    for step in range(1, sum(_GRID)):
        if reached.all():
            break
        grown = reached.clone()
        for f, count in enumerate(_GRID):
            if f in (SHAPE, ORIENTATION):
                grown |= reached.roll(1, f) | reached.roll(-1, f)
            else:
                grown.narrow(f, 1, count - 1).logical_or_(reached.narrow(f, 0, count - 1))
                grown.narrow(f, 0, count - 1).logical_or_(reached.narrow(f, 1, count - 1))
        steps[grown & ~reached] = step
        reached = grown
    return steps


def controls_of(test: str = Split.test, validation: str = Split.validation) -> str:
    """A sentence with both controls of the test part of a split, for pages.

    Raises:
        NotInPartError: its test part or its training part is empty.
    """
    return controls_in_words(measure_controls(Objects(part="test", split=Split(validation, test))))


@dataclass(frozen=True)
class ControlsConfig:
    """Print both controls of a split: of its test part, and of the orientations in it that every shape shows."""

    validation: str = Split.validation
    """Which combinations are for choosing settings."""
    test: str = Split.test
    """Which combinations are measured."""
    pictures: int = MEASURED
    """Objects of which the controls are the mean."""
    seed: int = 0
    """Decides which objects."""


def show(config: ControlsConfig) -> None:
    """Print the controls of a split."""
    split = Split(config.validation, config.test)
    for name, objects in (("all", Objects(part="test", split=split)), ("0 to 83 degrees", Objects.identifiable("test", split))):
        if len(objects.every()):
            print(f"{name}: {controls_in_words(measure_controls(objects, config.pictures, config.seed))}")


if __name__ == "__main__":
    from tasks.command_line import main

    main(ControlsConfig, show)
