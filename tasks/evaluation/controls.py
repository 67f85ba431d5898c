"""Controls of every IoU: what a disc overlaps of an object, and what the nearest picture does that was trained on.

A model that knows where an object is and how large has the first for nothing; one that shows the most similar picture that it
remembers has the second. An IoU says something where it is above both.

    python -m tasks.evaluation.controls --dataset circles --test "x > 15"
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.dataset import Dataset, open_dataset
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.data.split import Part, Split, named_split
from tasks.metrics_tables import controls_in_words

if TYPE_CHECKING:
    from jaxtyping import Int64, Shaped

MEASURED = 500
"""Objects of which the controls are the mean."""

CHUNK = 64
"""Objects whose neighbours are looked at at once."""


def measure_controls(population: Population, n: int = MEASURED, seed: int = 0) -> dict[str, float]:
    """The IoU of both controls with the exact pictures of single objects.

    Args:
        population: what is measured, such as the test part of a split.
        n: how many of them.
        seed: decides which; the same seed gives the same ones.

    Returns:
        disc_iou: of a disc of the object's area at its centre of mass; neighbour_iou: of the nearest object of the training part.

    Raises:
        NotInPartError: there are no such objects, or none in the training part.

    Example:
        >>> from tasks.data.circles import Circles
        >>> found = measure_controls(Population(Dataset(Circles()), "test"))
        >>> round(found["disc_iou"], 2), round(found["neighbour_iou"], 2)
        (0.8, 0.75)
    """
    disc, neighbour = _measured(population.dataset, population.part, population.split, population.listed(), n, seed)
    return {"disc_iou": disc, "neighbour_iou": neighbour}


@lru_cache(maxsize=64)  # a run asks for the same ones before its training and after it
def _measured(
    dataset: Dataset, part: Part, split: Split, allowed: tuple[tuple[int, ...], ...], n: int, seed: int
) -> tuple[float, float]:
    """The IoU of the disc, and of the nearest neighbour."""
    population = Population(dataset, part, split, tuple(map(torch.tensor, allowed)))
    classes = population.sample(n, torch.Generator().manual_seed(seed))
    seen = dataset.observe(classes)
    truths = dataset.crisp(seen)
    near = dataset.crisp(dataset.observe(nearest(classes, dataset, population.split)))
    return iou(dataset.crisp(discs(seen)), truths).double().mean().item(), iou(near, truths).double().mean().item()


def measure_canonical(population: Population, n: int = MEASURED, seed: int = 0) -> float:
    """The IoU of the true pictures of the classes that objects are known by, where some look the same or nearly so.

    It is a ceiling for what is drawn of a value that is known as a class alone.

    Args:
        population: what is measured, such as the test part of a split.
        n: how many objects.
        seed: decides which; the same seed gives the same ones.

    Example:
        >>> from tasks.data.circles import Circles
        >>> measure_canonical(Population(Dataset(Circles()), "test"))  # no two circles look the same
        1.0
    """
    dataset = population.dataset
    classes = population.sample(n, torch.Generator().manual_seed(seed))
    known = dataset.observe(dataset.canonical(classes))
    return iou(dataset.crisp(known), dataset.crisp(dataset.observe(classes))).double().mean().item()


def discs(pictures: Shaped[Tensor, "n c h w"]) -> Shaped[Tensor, "n c h w"]:
    """For each picture a disc of as many pixels as are not black, at their centre, and of their mean colour.

    Example:
        >>> picture = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
        >>> picture[0, 0, 10, 20:23] = 1
        >>> drawn = discs(picture)
        >>> int(drawn.sum()), int(drawn[0, 0, 10, 21])
        (3, 1)
    """
    on = (pictures > 0).any(1)
    rows, columns = (torch.arange(size, dtype=torch.float64) for size in on.shape[1:])
    area = on.flatten(1).sum(1)
    x, y = ((on.sum(axis) * pixels).sum(1) / area.clamp(min=1) for axis, pixels in ((1, columns), (2, rows)))
    distance = (columns - x[:, None]).square()[:, None, :] + (rows - y[:, None]).square()[:, :, None]
    rank = distance.flatten(1).argsort(dim=1, stable=True).argsort(dim=1)
    disc = (rank < area[:, None]).view_as(on)
    colour = pictures.double().sum((2, 3)) / area.clamp(min=1)[:, None]
    return (disc[:, None] * colour[:, :, None, None]).to(pictures.dtype)


def nearest(classes: Int64[Tensor, "n f"], dataset: Dataset, split: Split) -> Int64[Tensor, "n f"]:
    """For each object one of those of the training part that are the fewest steps of the grid away.

    A step changes one factor by one class: a periodic factor goes round, and of one without order every other class is one step
    away. Where several are equally near it is that which each step leads to whose picture overlaps the object's most.

    Args:
        classes: int64 [n, F].
        dataset: whose classes they are.
        split: says what the training part is.

    Raises:
        NotInPartError: the training part is empty.
    """
    steps = _steps(dataset, split)
    return torch.cat([_nearest(dataset.distinct(part), dataset, steps) for part in classes.split(CHUNK)])


def _nearest(here: Tensor, dataset: Dataset, steps: Tensor) -> Tensor:
    truths = dataset.crisp(dataset.observe(here))
    while (left := steps[tuple(here.T)]).any():
        around, there = _neighbours(here, dataset)
        closer = there & (steps[tuple(around.unbind(-1))] < left[:, None])
        seen = dataset.crisp(dataset.observe(around.flatten(0, 1))).unflatten(0, around.shape[:2])
        best = iou(seen, truths[:, None]).masked_fill(~closer, -1).argmax(1)
        here = torch.where((left > 0)[:, None], around[torch.arange(len(here)), best], here)
    return here


def _neighbours(classes: Tensor, dataset: Dataset) -> tuple[Tensor, Tensor]:
    """What is a step away of each, int64 [n, m, F], and whether it exists, bool [n, m]."""
    moved, there = [], []
    for f, (factor, count) in enumerate(zip(dataset.factors, dataset.scattering, strict=True)):
        round_ = factor.periodic or not factor.ordered
        offsets = (-1, 1) if factor.ordered else dict.fromkeys(step % count for step in (-1, 1, *range(2, count)) if step % count)
        for step in offsets:
            other = classes.clone()
            other[:, f] += step
            there.append(torch.full((len(classes),), True) if round_ else (other[:, f] >= 0) & (other[:, f] < count))
            other[:, f] = other[:, f] % count
            moved.append(other)
    return torch.stack(moved, 1), torch.stack(there, 1)


@lru_cache(maxsize=8)
def _steps(dataset: Dataset, split: Split) -> Tensor:
    """How many steps each combination is from the training part, int16, one axis for each factor."""
    grid = dataset.scattering
    every = torch.cartesian_prod(*(torch.arange(count) for count in grid)).view(-1, len(grid))
    reached = split.contains("train", every, dataset).view(grid)
    if not reached.any():
        raise Population(dataset, "train", split).none()
    steps = torch.where(reached, 0, -1).short()
    for step in range(1, sum(grid)):
        if reached.all():
            break
        grown = reached.clone()
        for f, (factor, count) in enumerate(zip(dataset.factors, grid, strict=True)):
            if not factor.ordered:
                grown |= reached.any(f, keepdim=True)
            elif factor.periodic:
                grown |= reached.roll(1, f) | reached.roll(-1, f)
            elif count > 1:
                grown.narrow(f, 1, count - 1).logical_or_(reached.narrow(f, 0, count - 1))
                grown.narrow(f, 0, count - 1).logical_or_(reached.narrow(f, 1, count - 1))
        steps[grown & ~reached] = step
        reached = grown
    return steps


def controls_of(dataset: Dataset, test: str = Split.test, validation: str = Split.validation) -> str:
    """A sentence with both controls of the test part of a split, for pages.

    Raises:
        NotInPartError: its test part or its training part is empty.
    """
    return controls_in_words(measure_controls(Population(dataset, "test", Split(validation, test))))


@dataclass(frozen=True)
class ControlsConfig:
    """Print both controls of a split: of its test part, and of the identifiable classes in it, if some look alike."""

    dataset: str = "dsprites"
    """A name that `vsa list datasets` shows, of a data set of pictures, that of a plugin, or package.module:Class."""
    validation: str = Split.validation
    """Which combinations are for choosing settings."""
    test: str = Split.test
    """Which combinations are measured."""
    split: str | None = None
    """What is held out, by a name that the data set has for it, instead."""
    pictures: int = MEASURED
    """Objects of which the controls are the mean."""
    seed: int = 0
    """Decides which objects."""


def show(config: ControlsConfig) -> None:
    """Print the controls of a split."""
    dataset = open_dataset(config.dataset)
    split = Split(config.validation, config.test) if config.split is None else named_split(dataset, config.split)
    whole = Population(dataset, "test", split)
    for name, population in (("all", whole), ("identifiable classes", whole.identifiable())):
        if population is not None and len(population.every()):
            print(f"{name}: {controls_in_words(measure_controls(population, config.pictures, config.seed))}")


if __name__ == "__main__":
    from tasks.command_line import main

    main(ControlsConfig, show)
