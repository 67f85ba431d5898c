"""Objects that exchange features with donors, so that both they and what becomes of them lie in one part of a split.

Whether a part allows for that can be said beforehand: one feature can be exchanged where two combinations of the part differ in
it alone, all five where two differ in everything.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dsprites import render
from tasks.data.factors import COUNTS, FEATURES, distinct
from tasks.data.sampling import Objects, choose, differ, draw_until, overlap
from tasks.data.split import Part, Split

CROWD = 1024
"""Of so many combinations of a part every pair is looked at, to find those that differ in everything."""


class Exchange(NamedTuple):
    """Objects before and after an exchange.

    Attributes:
        first, edited: int64 [n, 5].
        others: int64 [n, m, 5], what is beside the object in the picture, and overlaps neither.
        donors: int64 [n, 5, 5], donor f gives feature f; it looks unlike the first in all five features.
    """

    first: Tensor
    edited: Tensor
    others: Tensor
    donors: Tensor


def check_exchange(features: tuple[int, ...], objects: Objects) -> None:
    """Refuse an exchange that a part has no objects for.

    Args:
        features: one of 0 to 4, all of them, or none.
        objects: what the object is before and after it.

    Raises:
        NotInPartError: there are no such objects; the message says what they would have to be.
    """
    if not len(objects.every()):
        raise objects.none()
    found = _exchangeable(features, objects)
    if not len(found):
        what = f"{FEATURES[features[0]]} alone" if len(features) == 1 else "all features"
        raise NotInPartError(f"no two combinations of the {objects.part} part differ in {what}")


def mixed(objects: Objects) -> bool:
    """Whether a part has two classes of each factor, so that an object of it may have donors in it."""
    every = distinct(objects.every())
    return len(every) > 0 and bool((every != every[:1]).any(0).all())


def sample_inside(n: int, features: tuple[int, ...], others: int, objects: Objects, generator: torch.Generator) -> Exchange:
    """n exchanges of which everything lies in the part: the object, its donors, and what is beside it.

    Raises:
        NotInPartError: there are none, or too few to be found.
    """

    def draw(rows: Tensor) -> Tensor:
        first, *rest = (objects.sample(len(rows), generator) for _ in range(1 + others))
        many = len(FEATURES) if len(features) > 1 else 1
        donors = torch.stack([objects.sample(len(rows), generator) for _ in range(many)], 1).expand(-1, len(FEATURES), -1)
        edited = first.clone()
        edited[:, features] = donors.diagonal(dim1=1, dim2=2)[:, features]
        return torch.stack([first, edited, *rest, *donors.unbind(1)], 1)

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        first, edited, *rest = drawn[:, : 2 + others].unbind(1)
        donors = drawn[:, 2 + others :]
        good = objects.accept(edited) & (distinct(first)[:, None] != distinct(donors)).all(2).all(1)
        if others:
            before, after, other = (render(classes[good]) for classes in (first, edited, *rest))
            good[good.clone()] = ~overlap(before | after, other)
        return good

    drawn = draw_until(n, draw, accept, "no picture and donors for an edit")
    return Exchange(drawn[:, 0], drawn[:, 1], drawn[:, 2 : 2 + others], drawn[:, 2 + others :])


def sample_across(n: int, features: tuple[int, ...], others: int, objects: Objects, generator: torch.Generator) -> Exchange:
    """n exchanges of which the object lies in the part, before and after; donors and what is beside it come from anywhere.

    Raises:
        NotInPartError: no such objects exist, or nothing fits beside them.
    """
    everywhere = objects.anywhere()

    def draw(rows: Tensor) -> Tensor:
        first, edited = _pairs(len(rows), features, objects, generator)
        rest = [everywhere.sample(len(rows), generator) for _ in range(others)]
        many = range(len(FEATURES) if len(features) > 1 else 1)
        donors = torch.stack([differ(first, torch.ones_like(first, dtype=torch.bool), everywhere, generator) for _ in many], 1)
        donors = donors.expand(-1, len(FEATURES), -1).clone()
        for f in features:  # of one feature there is one donor, whichever it is asked for
            donors[:, slice(None) if len(features) == 1 else slice(f, f + 1), f] = edited[:, f, None]
        return torch.stack([first, edited, *rest, *donors.unbind(1)], 1)

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        first, edited, *rest = drawn[:, : 2 + others].unbind(1)
        good = (distinct(first)[:, None] != distinct(drawn[:, 2 + others :])).all(2).all(1)
        for other in rest:
            good[good.clone()] = ~overlap(render(first[good]) | render(edited[good]), render(other[good]))
        return good

    drawn = draw_until(n, draw, accept, f"nothing beside an object of {objects.describe()}")
    return Exchange(drawn[:, 0], drawn[:, 1], drawn[:, 2 : 2 + others], drawn[:, 2 + others :])


def _pairs(n: int, features: tuple[int, ...], objects: Objects, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """n random objects of a part, and what they become, int64 [n, 5] each."""
    found = _exchangeable(features, objects)
    first = found[torch.randint(len(found), (n,), generator=generator)].long()
    if len(features) > 1:
        return first[:, 0], first[:, 1]
    edited = first.clone()
    for f in features:
        column = first[:, None].expand(-1, COUNTS[f], -1).clone()
        column[:, :, f] = torch.arange(COUNTS[f])
        allowed = torch.zeros(COUNTS[f], dtype=torch.bool).index_fill_(0, objects.allowed[f], True)
        there = objects.accept(column) & allowed & (distinct(column)[:, :, f] != distinct(first)[:, None, f])
        edited[:, f] = choose(there, generator)[0]
    return first, edited


def _exchangeable(features: tuple[int, ...], objects: Objects) -> Tensor:
    """Of one feature or none, the combinations [m, 5] that can be edited; of all, pairs [m, 2, 5] that differ in everything."""
    return _found(features, tuple(tuple(classes.tolist()) for classes in objects.allowed), objects.part, objects.split)


@lru_cache(maxsize=32)
def _found(features: tuple[int, ...], allowed: tuple[tuple[int, ...], ...], part: Part, split: Split) -> Tensor:
    every = Objects(tuple(map(torch.tensor, allowed)), part, split).every()
    if not features:
        return every
    looks = distinct(every)
    if len(features) == 1:
        (f,) = features
        column = torch.zeros(len(every), dtype=torch.int64)  # the number of what else there is about a combination
        for g, count in enumerate(COUNTS):
            column = column if g == f else column * count + looks[:, g]
        filled = torch.zeros(math.prod(COUNTS) // COUNTS[f], COUNTS[f], dtype=torch.bool)
        filled[column, looks[:, f]] = True
        return every[filled.sum(1)[column] > 1]
    a, b = (torch.randperm(len(every), generator=torch.Generator().manual_seed(seed))[:CROWD] for seed in (0, 1))
    first, second = (looks[a][:, None] != looks[b]).all(-1).nonzero().unbind(1)
    return torch.stack([every[a[first]], every[b[second]]], 1)
