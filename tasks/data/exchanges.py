"""Objects that exchange features with donors, so that both they and what becomes of them lie in one part of a split.

Whether a part allows for that can be said beforehand: one feature can be exchanged where two combinations of the part differ in
it alone, all of them where two differ in everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dataset import Dataset
from tasks.data.overlap import touching
from tasks.data.pairs import differ
from tasks.data.population import Population, choose, draw_until
from tasks.data.split import Part, Split

CROWD = 1024
"""Of so many combinations of a part every pair is looked at, to find those that differ in everything."""


class Exchange(NamedTuple):
    """Objects before and after an exchange.

    Attributes:
        first, edited: int64 [n, F].
        others: int64 [n, m, F], what is beside the object in the picture, and overlaps neither.
        donors: int64 [n, F, F], donor f gives feature f; it looks unlike the first in all features.
    """

    first: Tensor
    edited: Tensor
    others: Tensor
    donors: Tensor


def check_exchange(features: tuple[int, ...], population: Population) -> None:
    """Refuse an exchange between objects of a part that has none for it.

    Args:
        features: one, all of them, or none, by number.
        population: what the object is before and after it.

    Raises:
        NotInPartError: there are no such objects; the message says what they would have to be.
    """
    if not exchangeable(features, population):
        what = f"{population.dataset.features[features[0]]} alone" if len(features) == 1 else "all features"
        raise NotInPartError(f"no two combinations of the {population.part} part differ in {what}")


def exchangeable(features: tuple[int, ...], population: Population) -> bool:
    """Whether a part has two objects of which one becomes the other by that exchange.

    Raises:
        NotInPartError: the part is empty.
    """
    if not len(population.every()):
        raise population.none()
    return len(_exchangeable(features, population)) > 0


def mixed(population: Population) -> bool:
    """Whether a part has two classes of each factor, so that an object of it may have donors in it."""
    every = population.dataset.distinct(population.every())
    return len(every) > 0 and bool((every != every[:1]).any(0).all())


def sample_inside(n: int, features: tuple[int, ...], others: int, population: Population, generator: torch.Generator) -> Exchange:
    """n exchanges of which everything lies in the part: the object, its donors, and what is beside it.

    Raises:
        NotInPartError: there are none, or too few to be found.
    """

    dataset, count = population.dataset, len(population.dataset.factors)

    def draw(rows: Tensor) -> Tensor:
        first, *rest = (population.sample(len(rows), generator) for _ in range(1 + others))
        many = count if len(features) > 1 else 1
        donors = torch.stack([population.sample(len(rows), generator) for _ in range(many)], 1).expand(-1, count, -1)
        edited = first.clone()
        edited[:, features] = donors.diagonal(dim1=1, dim2=2)[:, features]
        return torch.stack([first, edited, *rest, *donors.unbind(1)], 1)

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        first, edited, *rest = drawn[:, : 2 + others].unbind(1)
        donors = drawn[:, 2 + others :]
        good = population.accept(edited) & (dataset.distinct(first)[:, None] != dataset.distinct(donors)).all(2).all(1)
        if others:
            before, after, other = (dataset.mask(dataset.observe(classes[good])) for classes in (first, edited, *rest))
            good[good.clone()] = ~touching(before | after, other)
        return good

    drawn = draw_until(n, draw, accept, "no picture and donors for an edit")
    return Exchange(drawn[:, 0], drawn[:, 1], drawn[:, 2 : 2 + others], drawn[:, 2 + others :])


def sample_across(n: int, features: tuple[int, ...], others: int, population: Population, generator: torch.Generator) -> Exchange:
    """n exchanges of which the object lies in the part, before and after; donors and what is beside it come from anywhere.

    Raises:
        NotInPartError: no such objects exist, or nothing fits beside them.
    """

    def pairs(n: int) -> tuple[Tensor, Tensor]:
        return _pairs(n, features, population, generator)

    return _with_donors(n, features, others, population, pairs, generator)


def sample_into(n: int, features: tuple[int, ...], others: int, population: Population, generator: torch.Generator) -> Exchange:
    """n exchanges after which the object lies in the part; what it was before, donors and what is beside it come from anywhere.

    Raises:
        NotInPartError: there is nothing else that the object can have been, or nothing fits beside it.
    """
    everywhere = population.anywhere()
    where = torch.tensor([f in features for f in range(len(population.dataset.factors))])
    for f in features:
        if len(everywhere.allowed[f]) < 2:
            raise NotInPartError(f"{population.dataset.features[f]} has but one class, so that nothing can be exchanged")

    def pairs(n: int) -> tuple[Tensor, Tensor]:
        edited = population.sample(n, generator)
        return differ(edited, where.expand(n, -1), everywhere, generator), edited

    return _with_donors(n, features, others, population, pairs, generator)


def _with_donors(
    n: int,
    features: tuple[int, ...],
    others: int,
    population: Population,
    pairs: Callable[[int], tuple[Tensor, Tensor]],
    generator: torch.Generator,
) -> Exchange:
    """n exchanges of objects drawn in pairs, before and after; donors and what is beside them come from anywhere."""
    everywhere, dataset, count = population.anywhere(), population.dataset, len(population.dataset.factors)

    def draw(rows: Tensor) -> Tensor:
        first, edited = pairs(len(rows))
        rest = [everywhere.sample(len(rows), generator) for _ in range(others)]
        many = range(count if len(features) > 1 else 1)
        donors = torch.stack([differ(first, torch.ones_like(first, dtype=torch.bool), everywhere, generator) for _ in many], 1)
        donors = donors.expand(-1, count, -1).clone()
        for f in features:  # of one feature there is one donor, whichever it is asked for
            donors[:, slice(None) if len(features) == 1 else slice(f, f + 1), f] = edited[:, f, None]
        return torch.stack([first, edited, *rest, *donors.unbind(1)], 1)

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        first, edited, *rest = drawn[:, : 2 + others].unbind(1)
        good = (dataset.distinct(first)[:, None] != dataset.distinct(drawn[:, 2 + others :])).all(2).all(1)
        for other in rest:
            before, after, beside = (dataset.mask(dataset.observe(classes[good])) for classes in (first, edited, other))
            good[good.clone()] = ~touching(before | after, beside)
        return good

    drawn = draw_until(n, draw, accept, f"nothing beside an object of {population.describe()}")
    return Exchange(drawn[:, 0], drawn[:, 1], drawn[:, 2 : 2 + others], drawn[:, 2 + others :])


def _pairs(n: int, features: tuple[int, ...], population: Population, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """n random objects of a part, and what they become, int64 [n, F] each."""
    found = _exchangeable(features, population)
    first = found[torch.randint(len(found), (n,), generator=generator)].long()
    if len(features) > 1:
        return first[:, 0], first[:, 1]
    edited = first.clone()
    for f in features:
        edited[:, f] = choose(population.others(first, f), generator)[0]
    return first, edited


def _exchangeable(features: tuple[int, ...], population: Population) -> Tensor:
    """Of one feature or none, the combinations [m, F] that can be edited; of all, pairs [m, 2, F] that differ in everything."""
    return _found(features, population.dataset, population.part, population.split, population.listed())


@lru_cache(maxsize=32)
def _found(features: tuple[int, ...], dataset: Dataset, part: Part, split: Split, allowed: tuple[tuple[int, ...], ...]) -> Tensor:
    every = Population(dataset, part, split, tuple(map(torch.tensor, allowed))).every()
    if not features:
        return every
    looks = dataset.distinct(every)
    if len(features) == 1:
        (f,) = features
        column = torch.zeros(len(every), dtype=torch.int64)  # the number of what else there is about a combination
        for g, count in enumerate(dataset.counts):
            column = column if g == f else column * count + looks[:, g]
        filled = torch.zeros(math.prod(dataset.counts) // dataset.counts[f], dataset.counts[f], dtype=torch.bool)
        filled[column, looks[:, f]] = True
        return every[filled.sum(1)[column] > 1]
    a, b = (torch.randperm(len(every), generator=torch.Generator().manual_seed(seed))[:CROWD] for seed in (0, 1))
    first, second = (looks[a][:, None] != looks[b]).all(-1).nonzero().unbind(1)
    return torch.stack([every[a[first]], every[b[second]]], 1)
