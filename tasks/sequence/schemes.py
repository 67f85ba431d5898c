"""What a sequential autoencoder is shown in a step: clips, and of which of them the content and the motion of each target are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.clip_factors import dynamic_of
from tasks.data.population import Population, draw_until
from tasks.data.schemes import Batch
from tasks.sequence.augment import mirrored, recoloured, reordered

if TYPE_CHECKING:
    from jaxtyping import Bool, Int64

Scheme = Callable[[int, bool, Population, torch.Generator], Batch]
"""Of the number of targets, whether views that tell content are mirrored, what may be drawn, and a generator that decides."""


def themselves(n: int, mirror: bool, population: Population, generator: torch.Generator) -> Batch:
    """Each clip is drawn of its own content and motion."""
    classes, clips = _drawn(n, population, generator)
    return Batch(clips, classes, sources(torch.arange(n), torch.arange(n)), clips)


def views(n: int, mirror: bool, population: Population, generator: torch.Generator) -> Batch:
    """Each clip is drawn of the content of one view of it, and of the motion of another; itself it is not shown."""
    classes, clips = _drawn(n, population, generator)
    seen = torch.cat(both(clips, mirror, generator))
    return Batch(seen, classes.repeat(2, 1), sources(torch.arange(n), n + torch.arange(n)), clips)


def contrasted(n: int, mirror: bool, population: Population, generator: torch.Generator) -> Batch:
    """Each clip is drawn of its own content and motion; both views of it follow, for codes to agree with."""
    classes, clips = _drawn(n, population, generator)
    seen = torch.cat([clips, *both(clips, mirror, generator)])
    return Batch(seen, classes.repeat(3, 1), sources(torch.arange(n), torch.arange(n)), clips)


def donated(n: int, mirror: bool, population: Population, generator: torch.Generator) -> Batch:
    """Each clip is drawn of the content of one that shares what stays, and of the motion of one that shares what moves.

    Raises:
        RangeError: the data set does not say which of its factors change within a clip.
    """
    dataset = population.dataset
    dynamic_of(dataset)  # which refuses one that does not say
    classes, clips = _drawn(n, population, generator)
    donors = torch.cat([donor(classes, where, population, generator) for where in (dataset.moves, ~dataset.moves)])
    seen = population.observe(donors).float()
    return Batch(seen, dataset.canonical(donors), sources(torch.arange(n), n + torch.arange(n)), clips)


def donor(
    classes: Int64[Tensor, "n f"], where: Bool[Tensor, " f"], population: Population, generator: torch.Generator
) -> Int64[Tensor, "n f"]:
    """Classes of clips that may be drawn, the same but in these factors, which are drawn anew.

    Raises:
        NotInPartError: there is none.
    """

    def draw(rows: Tensor) -> Tensor:
        return torch.where(where, population.anywhere().sample(len(rows), generator), classes[rows])

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        return population.accept(drawn)

    return draw_until(len(classes), draw, accept, f"no donor of {population.describe()} that shares the other factors")


def both(clips: Tensor, mirror: bool, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A view of each clip that tells what stays, and one that tells what moves."""
    stays = reordered(clips, generator)
    return mirrored(stays, generator) if mirror else stays, recoloured(clips, generator)


def sources(content: Tensor, motion: Tensor) -> Tensor:
    """As a batch has them, int64 [n, 1, 2]: which clip gives the content of each target, and which its motion."""
    return torch.stack([content, motion], 1)[:, None]


def _drawn(n: int, population: Population, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The classes of random clips, as they show them, and the clips, from 0 to 1."""
    classes = population.sample(n, generator)
    return population.dataset.canonical(classes), population.observe(classes).float()


SCHEMES: Mapping[str, Scheme] = {"elbo": themselves, "contrast": contrasted, "views": views, "donors": donated}
"""By the name of the objective."""
