"""Where a target's feature vectors come from in training: the schemes `one`, `subset`, `donors` and, for whole scenes, `own`.

A scheme draws a batch: pictures of single objects to encode, and for each target which of those pictures gives each feature of
each object. Composing and decoding is then the same for all of them.

* `one`: a picture and its pair, which differs in one feature; the vector of that feature is the target's own, all others
  come from the pair. This is the exchange of dSprites VSA. It does not make features compose: all but one of the
  vectors come from one picture, which agrees with the target in all that they could say.
* `subset`: the same with any set of features that differ.
* `donors`: each of the vectors comes from a picture of its own, drawn without regard to the others, so there is nothing
  but that factor that it could say. Half of the targets are so assembled; the other half are the pictures themselves.
* `own`: scenes of 2 to 5 objects, each with the vectors of its own picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError, check_whole
from tasks.data.overlap import apart
from tasks.data.pairs import MOST_FEATURES, one_feature, random_subset, sample_paired_scenes, sample_pairs
from tasks.data.population import Population, check_drawing, choose, draw_until
from tasks.data.scenes import ABSENT, FEWEST, MOST, sample_scenes
from tasks.shard import Shard
from vsa.errors import RangeError


@dataclass(frozen=True)
class Pairs:
    """Which targets differ from each other in which features.

    Attributes:
        exchanged: bool [n, F]; targets i and n + i, both of them pictures i and n + i too, differ in just these features.
    """

    exchanged: Tensor

    def sources(self, exchanged: Tensor) -> Tensor:
        """Which picture gives each feature of the 2 n targets, int64 [2 n, F]: exchanged features [n, F] are their own."""
        n = len(exchanged)
        itself, other = torch.arange(2 * n, device=exchanged.device), torch.arange(2 * n, device=exchanged.device).roll(n)
        return torch.where(exchanged.repeat(2, 1), itself[:, None], other[:, None])


@dataclass(frozen=True)
class Batch:
    """One step's data.

    Attributes:
        pictures: [P, C, H, W], single objects, to be encoded.
        values: int64 [P, F], their classes as the picture shows them; equal ones say that two pictures share a factor.
        sources: int64 [T, N, F], which picture gives feature f of object n in target t; ABSENT where there is no such object.
        targets: [T, C, H, W], the pictures to be drawn.
        pairs: how the targets pair up, where a scheme made pairs.
        slots: int64 [T, N], which slot each object takes; in order if there are none.
        noise: the seed of the noise with which posteriors are sampled.
        shard: which part of it this process encodes and draws; all of it if there is but one.
    """

    pictures: Tensor
    values: Tensor
    sources: Tensor
    targets: Tensor
    pairs: Pairs | None = None
    slots: Tensor | None = None
    noise: int = 0
    shard: Shard = Shard()  # noqa: RUF009  (it cannot change)

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on a device; nobody waits for the copies of a batch that is pinned."""
        return self._mapped(lambda tensor: tensor.to(device, non_blocking=tensor.is_pinned()))

    def pinned(self) -> Batch:
        """The same batch in memory that CUDA copies from by itself, while the host goes on."""
        return self._mapped(Tensor.pin_memory)

    def _mapped(self, change: Callable[[Tensor], Tensor]) -> Batch:
        return replace(
            self,
            pictures=change(self.pictures),
            values=change(self.values),
            sources=change(self.sources),
            targets=change(self.targets),
            pairs=None if self.pairs is None else Pairs(change(self.pairs.exchanged)),
            slots=None if self.slots is None else change(self.slots),
        )

    def shuffled(self, slots: int, generator: torch.Generator) -> Batch:
        """The same batch with the objects of each target in different slots, at random, of so many."""
        targets, count = self.sources.shape[:2]
        return replace(self, slots=torch.rand(targets, slots, generator=generator).argsort(1)[:, :count])

    def exchanging(self, exchanged: Tensor) -> Batch:
        """The same batch with other features of the first object exchanged between the two of each pair, bool [n, F].

        Raises:
            RangeError: the batch has no pairs.
        """
        if self.pairs is None:
            raise RangeError("only pairs exchange features; use the scheme one or subset")
        sources = self.sources.clone()
        sources[:, 0] = self.pairs.sources(exchanged)
        return replace(self, sources=sources)


Scheme = Callable[[int, int, Population, torch.Generator], Batch]
"""Draws a batch: of the number of targets, the number of objects in each, the population and a generator."""


def exchange_one(targets: int, count: int, population: Population, generator: torch.Generator) -> Batch:
    """Pictures or scenes and their pairs, which differ in one feature of the first object."""
    check_drawing(population, generator)
    return _exchange(one_feature(_half(targets), len(population.dataset.factors), generator), count, population, generator)


def exchange_subset(targets: int, count: int, population: Population, generator: torch.Generator) -> Batch:
    """Pictures or scenes and their pairs, which differ in a random set of features of the first object."""
    check_drawing(population, generator)
    return _exchange(random_subset(_half(targets), len(population.dataset.factors), generator), count, population, generator)


def _half(targets: int) -> int:
    if check_whole("the number of targets", targets, 0) < 2 or targets % 2:
        raise RangeError(f"a batch of which half is made from the other half must have an even size, at least 2; got {targets}")
    return targets // 2


def _exchange(exchanged: Tensor, count: int, population: Population, generator: torch.Generator) -> Batch:
    _check_count(count)
    pairs = Pairs(exchanged)
    sources = pairs.sources(exchanged)[:, None]
    if count == 1:
        classes = torch.cat(sample_pairs(exchanged, population, generator))
        pictures = population.observe(classes)
        return Batch(pictures, population.dataset.canonical(classes), sources, pictures, pairs)
    scenes = sample_paired_scenes(exchanged, population, generator)
    classes = torch.cat([scenes.first, scenes.pair, scenes.second])
    pictures = population.observe(classes)
    n = len(exchanged)
    kept = torch.arange(2 * n, 3 * n)[:, None, None].expand(n, 1, exchanged.shape[1]).repeat(2, 1, 1)  # the second, in both
    targets = torch.maximum(pictures[: 2 * n], pictures[2 * n :].repeat(2, 1, 1, 1))
    return Batch(pictures, population.dataset.canonical(classes), torch.cat([sources, kept], 1), targets, pairs)


def _check_count(count: int) -> None:
    if not isinstance(count, int) or count not in (1, 2):
        raise RangeError(f"pairs and donors make targets of 1 or 2 objects, got {count!r}")


def combine_donors(targets: int, count: int, population: Population, generator: torch.Generator) -> Batch:
    """Half as many pictures as targets; every picture is a target, and so is an object assembled from several, one a feature.

    What a donor leaves open is the canonical class of those that look the same; so is it for the object that is assembled. No
    assembled object is outside of what may be drawn. A second object is another one of these targets that does not overlap the
    first.
    """
    _check_count(count)
    check_drawing(population, generator)
    n = _half(targets)
    dataset, features = population.dataset, torch.arange(len(population.dataset.factors))
    for _ in range(100):
        classes = population.sample(n, generator)
        shown = dataset.canonical(classes)

        def draw(rows: Tensor) -> Tensor:
            return torch.randint(n, (len(rows), len(features)), generator=generator)

        def accept(rows: Tensor, drawn: Tensor, shown: Tensor = shown) -> Tensor:
            return population.accept(shown[drawn, features])

        assembled = draw_until(n, draw, accept, "no donors for an object of this part of the split")
        sources = torch.cat([torch.arange(n)[:, None].expand(n, len(features)), assembled])[:, None]
        pictures = torch.cat([population.observe(classes), population.observe(shown[assembled, features])])
        if count == 1:
            return Batch(pictures[:n], shown, sources, pictures)
        masks = dataset.mask(pictures)
        partner, found = choose(apart(masks, masks), generator)
        if found.all():
            drawn = torch.maximum(pictures, pictures[partner])
            return Batch(pictures[:n], shown, torch.cat([sources, sources[partner]], 1), drawn)
    raise NotInPartError("no room for a second object beside some of them; allow more positions, or a larger batch")


def compose_scenes(targets: int, count: int, population: Population, generator: torch.Generator) -> Batch:
    """Scenes of two to so many objects that do not overlap; every object is encoded from a picture of its own."""
    if not isinstance(count, int) or not FEWEST <= count <= MOST:
        raise RangeError(f"scenes have {FEWEST} to {MOST} objects, got at most {count!r}")
    check_whole("the number of targets", targets, 0)
    check_drawing(population, generator)
    scenes = sample_scenes(torch.randint(FEWEST, count + 1, (targets,), generator=generator), population, generator)
    present = scenes[..., 0] != ABSENT
    classes = scenes[present]
    pictures = population.observe(classes)
    sources = torch.full(scenes.shape, ABSENT)
    sources[present] = torch.arange(len(classes))[:, None].expand(-1, scenes.shape[2])
    drawn = torch.zeros(targets, *pictures.shape[1:], dtype=pictures.dtype)
    drawn.index_add_(0, present.nonzero()[:, 0], pictures)
    return Batch(pictures, population.dataset.canonical(classes), sources, drawn)


SCHEMES: dict[str, Scheme] = {"donors": combine_donors, "subset": exchange_subset, "one": exchange_one, "own": compose_scenes}


def check_scheme(name: str, population: Population, generator: torch.Generator) -> None:
    """Refuse a scheme that may ask for pairs of which this population has none, so that no later batch fails for want of them.

    Raises:
        NotInPartError: no pair differs in just some features that the scheme exchanges.
    """
    features = len(population.dataset.factors)
    if name == "one":
        sample_pairs(torch.eye(features, dtype=torch.bool), population, generator)
    if name == "subset":
        sets = torch.arange(1, 2 ** min(features, MOST_FEATURES))[:, None]
        sample_pairs((sets >> torch.arange(features)) % 2 == 1, population, generator)
