"""Pairs of objects, and of scenes, that differ in some features and in no other."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from tasks.data.checks import check_generator, check_tensor, check_whole
from tasks.data.dataset import Dataset
from tasks.data.overlap import apart
from tasks.data.population import Population, check_drawing, choose, draw_until
from vsa.errors import RangeError

MOST_FEATURES = 20
"""Random sets of at most so many features are drawn."""


def differ(first: Tensor, where: Tensor, population: Population, generator: torch.Generator) -> Tensor:
    """Objects that differ from the first ones in the given features, and in no other; in any part of the split.

    Args:
        first: int64 [n, F], objects that may be drawn.
        where: bool [n, F], the features to change.
        population: which classes may be drawn.
        generator: decides.

    Returns:
        int64 [n, F]. Each changed feature is another class of those allowed, all alike often; it may be the same
        observation under another number, see `Dataset.distinct`.

    Raises:
        ShapeError: where is not bool [n, F].
        RangeError: a feature to change has but one allowed class.
    """
    check_drawing(population, generator)
    first = population.dataset.check_classes(first)
    check_tensor("the features to change", where, torch.bool, *first.shape)
    other = first.clone()
    for f, allowed in enumerate(population.allowed):
        changing = where[:, f]
        if len(allowed) < 2 and changing.any():
            raise RangeError(f"{population.dataset.features[f]} cannot differ: only class {allowed.tolist()} is allowed")
        # Go 1 to len - 1 places on in the circle of allowed classes.
        allowed = allowed.sort().values
        place = torch.searchsorted(allowed, first[changing, f])
        step = torch.randint(1, max(len(allowed), 2), place.shape, generator=generator)
        other[changing, f] = allowed[(place + step) % len(allowed)]
    return other


@dataclass(frozen=True)
class PairedScenes:
    """Scenes of two objects, and the same scenes with the first object changed.

    Attributes:
        first: int64 [n, F].
        pair: int64 [n, F], the first object with the exchanged features changed.
        second: int64 [n, F], which overlaps neither.
        exchanged: bool [n, F], the features in which first and pair differ.
    """

    first: Tensor
    pair: Tensor
    second: Tensor
    exchanged: Tensor


def sample_pairs(exchanged: Tensor, population: Population, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pairs of objects that differ in the given features and in no other.

    Args:
        exchanged: bool [n, F].
        population: what may be drawn, for both.
        generator: decides.

    Returns:
        first and pair, int64 [n, F] each.

    Raises:
        ShapeError: exchanged is not bool [n, F].
        NotInPartError: what is asked for does not exist among these objects.

    Example:
        >>> from tasks.data.circles import Circles
        >>> circles = Population(Dataset(Circles()))
        >>> first, pair = sample_pairs(torch.tensor([[True, False]]), circles, torch.Generator().manual_seed(0))
        >>> (first != pair).tolist()
        [[True, False]]
    """
    check_drawing(population, generator)
    check_tensor("exchanged", exchanged, torch.bool, "n", len(population.dataset.factors))

    def draw(rows: Tensor) -> Tensor:
        first = population.sample(len(rows), generator)
        return torch.stack([first, differ(first, exchanged[rows], population, generator)], 1)

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        return population.accept(drawn[:, 1]) & _differ_just_in(drawn, exchanged[rows], population.dataset)

    failure = f"no pair of {population.describe()} that differs in just those features"
    first, pair = draw_until(len(exchanged), draw, accept, failure).unbind(1)
    return first, pair


def sample_paired_scenes(exchanged: Tensor, population: Population, generator: torch.Generator) -> PairedScenes:
    """Paired scenes: a first object, its pair that differs in the given features, and a second that overlaps neither.

    The second is chosen from a crowd that all scenes of the batch share, so that hardly any picture is rendered in vain.

    Args:
        exchanged: bool [n, F].
        population: what may be drawn, for all three.
        generator: decides.

    Raises:
        ShapeError: exchanged is not bool [n, F].
        NotInPartError: what is asked for does not exist among these objects.
    """
    check_drawing(population, generator)
    check_tensor("exchanged", exchanged, torch.bool, "n", len(population.dataset.factors))

    def masks(classes: Tensor) -> Tensor:
        return population.dataset.mask(population.observe(classes))

    def draw(rows: Tensor) -> Tensor:
        first, pair = sample_pairs(exchanged[rows], population, generator)
        crowd = population.sample(len(rows) + 16, generator)
        taken = masks(first) | masks(pair)
        second, found = choose(apart(taken, masks(crowd)), generator)
        return torch.stack([first, pair, torch.where(found[:, None], crowd[second], -1)], 1)

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        return drawn[:, 2, 0] >= 0

    failure = f"no second object of {population.describe()} that overlaps neither of a pair"
    scenes = draw_until(len(exchanged), draw, accept, failure)
    first, pair, second = scenes.unbind(1)
    return PairedScenes(first, pair, second, exchanged)


def _differ_just_in(pairs: Tensor, exchanged: Tensor, dataset: Dataset) -> Tensor:
    """Whether the two of each pair [n, 2, F] look different in the exchanged features [n, F], and in no other: bool [n]."""
    first, pair = dataset.distinct(pairs).unbind(1)
    return ((first != pair) == exchanged).all(1)


def one_feature(n: int, features: int, generator: torch.Generator) -> Tensor:
    """Exchange masks, bool [n, features], with one feature each."""
    check_whole("n", n, 0)
    check_whole("features", features, 1)
    check_generator(generator)
    return one_hot(torch.randint(features, (n,), generator=generator), features).bool()


def random_subset(n: int, features: int, generator: torch.Generator) -> Tensor:
    """Exchange masks, bool [n, features]: any of the sets of features that are not empty, alike often."""
    check_whole("n", n, 0)
    check_whole("features", features, 1, MOST_FEATURES)
    check_generator(generator)
    return (torch.randint(1, 2**features, (n, 1), generator=generator) >> torch.arange(features)) % 2 == 1
