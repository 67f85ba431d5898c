"""The composition task: two pictures and the name of a factor, which together say what a third picture looks like.

The transformed picture is the reference with one factor changed; the command has the transformed one's value of that factor, and
other values of all others, as far as the part of the split has such.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError, check_whole
from tasks.data.dataset import Dataset
from tasks.data.population import Population, check_drawing, choose
from tasks.data.split import Part, Split


@dataclass(frozen=True)
class Triplets:
    """Samples of the composition task; all three pictures of each lie in one part of a split.

    Attributes:
        reference: int64 [n, F].
        command: int64 [n, F], which has the transformed one's class of the action's factor.
        transformed: int64 [n, F], the reference but for the action's factor.
        action: int64 [n], which factor is changed, by number.
    """

    reference: Tensor
    command: Tensor
    transformed: Tensor
    action: Tensor


def sample_triplets(n: int, population: Population, generator: torch.Generator) -> Triplets:
    """Random samples of the composition task.

    The reference is any combination of which some factor can be changed within the population. Its factors are tried in random
    order, and the first that can be changed takes another class, all that are possible alike often. The command starts as the
    transformed combination; each factor but the action's, one after the other, takes another class that is possible with the
    others as they then stand, and stays as it is where there is none. A class that looks the same is not another one.

    Args:
        n: how many.
        population: what all three pictures are drawn from.
        generator: decides.

    Raises:
        NotInPartError: there are no combinations, or none that differ in one factor alone.
        RangeError, DtypeError: n is no number of samples, or there is no population or generator.

    Source: Montero et al., "Lost in Latent Space", 2022, arXiv 2204.02283.

    Example:
        >>> from tasks.data.circles import Simple
        >>> drawn = sample_triplets(1, Population(Dataset(Simple())), torch.Generator().manual_seed(0))
        >>> (drawn.reference != drawn.transformed).nonzero()[:, 1].equal(drawn.action)
        True
    """
    check_whole("n", n, 0)
    check_drawing(population, generator)
    if not len(population.every()):
        raise population.none()
    start = _changeable(population.dataset, population.part, population.split, population.listed())
    if not len(start):
        raise NotInPartError(f"no two combinations of {population.describe()} differ in one factor alone")
    reference = start[torch.randint(len(start), (n,), generator=generator)].long()
    factors = range(len(population.dataset.factors))
    # The first of a random order that can be changed is any of those that can, alike often.
    action = choose(torch.stack([population.others(reference, f).any(1) for f in factors], 1), generator)[0]
    transformed = _changed(reference, [action == f for f in factors], population, generator)
    command = _changed(transformed, [action != f for f in factors], population, generator)
    return Triplets(reference, command, transformed, action)


def _changed(classes: Tensor, where: list[Tensor], population: Population, generator: torch.Generator) -> Tensor:
    """Combinations [n, F] with other classes of the factors where [F][n] says so, one after the other, if there are such."""
    result = classes.clone()
    for f, rows in enumerate(where):
        value, found = choose(population.others(result[rows], f), generator)
        result[rows, f] = torch.where(found, value, result[rows, f])
    return result


@lru_cache(maxsize=16)  # a few MB, each
def _changeable(dataset: Dataset, part: Part, split: Split, allowed: tuple[tuple[int, ...], ...]) -> Tensor:
    """Of a population the combinations [m, F] of which some factor has another class in it that looks different."""
    every = Population(dataset, part, split, tuple(map(torch.tensor, allowed))).every()
    looks, kept = dataset.distinct(every), torch.zeros(len(every), dtype=torch.bool)
    for f, count in enumerate(dataset.counts):
        line = torch.zeros(len(every), dtype=torch.int64)  # the number of what else there is about a combination
        for g, other in enumerate(dataset.counts):
            line = line if g == f else line * other + every[:, g]
        lines = math.prod(dataset.counts) // count
        # Where the least and the greatest look of a line are not the same, each of its combinations has another beside it.
        least = torch.full((lines,), count).scatter_reduce_(0, line, looks[:, f], "amin")
        greatest = torch.full((lines,), -1).scatter_reduce_(0, line, looks[:, f], "amax")
        kept |= (least < greatest)[line]
    return every[kept]
