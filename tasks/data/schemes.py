"""Where a target's feature vectors come from in training: `one`, `subset`, `donors` or, for whole scenes, `own`.

A scheme draws a batch: pictures of single objects to encode, and for each target which of those pictures gives each feature of
each object. Composing and decoding is then the same for all of them.

* `one`: a picture and its pair, which differs in one feature; the vector of that feature is the target's own, the other four
  come from the pair. This is the exchange of the source document. It does not make features compose: four of five vectors come
  from one picture, which agrees with the target in all that they could say.
* `subset`: the same with any set of features that differ.
* `donors`: each of the five vectors comes from a picture of its own, drawn without regard to the other four, so there is nothing
  but that factor that it could say. Half of the targets are so assembled; the other half are the pictures themselves.
* `own`: scenes of 2 to 5 objects, each with the vectors of its own picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError, check_whole
from tasks.data.factors import FACTORS, canonical
from tasks.data.sampling import (
    Objects,
    apart,
    check_drawing,
    choose,
    draw_until,
    one_feature,
    random_subset,
    sample_paired_scenes,
    sample_pairs,
)
from tasks.data.scenes import ABSENT, FEWEST, MOST, sample_scenes
from tasks.share import Share
from vsa.errors import RangeError


@dataclass(frozen=True)
class Pairs:
    """Which targets differ from each other in which features.

    Attributes:
        exchanged: bool [n, 5]; targets i and n + i, both of them pictures i and n + i too, differ in just these features.
    """

    exchanged: Tensor

    def sources(self, exchanged: Tensor) -> Tensor:
        """Which picture gives each feature of the 2 n targets, int64 [2 n, 5]: exchanged features [n, 5] are their own."""
        n = len(exchanged)
        own, other = torch.arange(2 * n, device=exchanged.device), torch.arange(2 * n, device=exchanged.device).roll(n)
        return torch.where(exchanged.repeat(2, 1), own[:, None], other[:, None])


@dataclass(frozen=True)
class Batch:
    """One step's data.

    Attributes:
        pictures: uint8 [P, 1, 64, 64], single objects, to be encoded.
        values: int64 [P, 5], their classes as the picture shows them; equal ones say that two pictures share a factor.
        sources: int64 [T, N, 5], which picture gives feature f of object n in target t; ABSENT where there is no such object.
        targets: uint8 [T, 1, 64, 64], the pictures to be drawn.
        pairs: how the targets pair up, where a scheme made pairs.
        slots: int64 [T, N], which slot each object takes; in order if there are none.
        noise: the seed of the noise with which posteriors are sampled.
        share: which part of it this process encodes and draws; all of it if there is but one.
    """

    pictures: Tensor
    values: Tensor
    sources: Tensor
    targets: Tensor
    pairs: Pairs | None = None
    slots: Tensor | None = None
    noise: int = 0
    share: Share = Share()  # noqa: RUF009  (it cannot change)

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on a device."""
        return replace(
            self,
            pictures=self.pictures.to(device),
            values=self.values.to(device),
            sources=self.sources.to(device),
            targets=self.targets.to(device),
            pairs=None if self.pairs is None else Pairs(self.pairs.exchanged.to(device)),
            slots=None if self.slots is None else self.slots.to(device),
        )

    def shuffled(self, slots: int, generator: torch.Generator) -> Batch:
        """The same batch with the objects of each target in different slots, at random, of so many."""
        targets, count = self.sources.shape[:2]
        return replace(self, slots=torch.rand(targets, slots, generator=generator).argsort(1)[:, :count])

    def exchanging(self, exchanged: Tensor) -> Batch:
        """The same batch with other features of the first object exchanged between the two of each pair, bool [n, 5].

        Raises:
            RangeError: the batch has no pairs.
        """
        if self.pairs is None:
            raise RangeError("only pairs exchange features; use the scheme one or subset")
        sources = self.sources.clone()
        sources[:, 0] = self.pairs.sources(exchanged)
        return replace(self, sources=sources)


Scheme = Callable[[int, int, Objects, torch.Generator], Batch]
"""Draws a batch of so many targets, of so many objects each, of these objects."""


def one(targets: int, count: int, objects: Objects, generator: torch.Generator) -> Batch:
    """Pictures or scenes and their pairs, which differ in one feature of the first object."""
    return _exchange(one_feature(_half(targets), generator), count, objects, generator)


def subset(targets: int, count: int, objects: Objects, generator: torch.Generator) -> Batch:
    """Pictures or scenes and their pairs, which differ in a random set of features of the first object."""
    return _exchange(random_subset(_half(targets), generator), count, objects, generator)


def _half(targets: int) -> int:
    if check_whole("the number of targets", targets, 0) < 2 or targets % 2:
        raise RangeError(f"a batch of which half is made from the other half must have an even size, at least 2; got {targets}")
    return targets // 2


def _exchange(exchanged: Tensor, count: int, objects: Objects, generator: torch.Generator) -> Batch:
    _check_count(count)
    pairs = Pairs(exchanged)
    sources = pairs.sources(exchanged)[:, None]
    if count == 1:
        classes = torch.cat(sample_pairs(exchanged, objects, generator))
        pictures = objects.render(classes)[:, None]
        return Batch(pictures, canonical(classes), sources, pictures, pairs)
    scenes = sample_paired_scenes(exchanged, objects, generator)
    classes = torch.cat([scenes.first, scenes.pair, scenes.second])
    pictures = objects.render(classes)[:, None]
    n = len(exchanged)
    kept = torch.arange(2 * n, 3 * n)[:, None, None].expand(n, 1, len(FACTORS)).repeat(2, 1, 1)  # the second, in both
    targets = pictures[: 2 * n] | pictures[2 * n :].repeat(2, 1, 1, 1)
    return Batch(pictures, canonical(classes), torch.cat([sources, kept], 1), targets, pairs)


def _check_count(count: int) -> None:
    if not isinstance(count, int) or count not in (1, 2):
        raise RangeError(f"pairs and donors make targets of 1 or 2 objects, got {count!r}")


def donors(targets: int, count: int, objects: Objects, generator: torch.Generator) -> Batch:
    """Half as many pictures as targets; every picture is a target, and so is an object assembled from five of them.

    An orientation that a donor's shape leaves open is the first of those that look the same; so is it for the object that is
    assembled. No assembled object is outside of what may be drawn. A second object is another one of these targets that does not
    overlap the first.
    """
    _check_count(count)
    check_drawing(objects, generator)
    n = _half(targets)
    features = torch.arange(len(FACTORS))
    for _ in range(100):
        classes = objects.sample(n, generator)
        shown = canonical(classes)

        def draw(rows: Tensor) -> Tensor:
            return torch.randint(n, (len(rows), len(FACTORS)), generator=generator)

        def accept(rows: Tensor, drawn: Tensor, shown: Tensor = shown) -> Tensor:
            return objects.accept(shown[drawn, features])

        assembled = draw_until(n, draw, accept, "no five donors for an object of this part of the split")
        sources = torch.cat([torch.arange(n)[:, None].expand(n, len(FACTORS)), assembled])[:, None]
        pictures = torch.cat([objects.render(classes), objects.render(shown[assembled, features])])
        if count == 1:
            return Batch(pictures[:n, None], shown, sources, pictures[:, None])
        partner, found = choose(apart(pictures, pictures), generator)
        if found.all():
            drawn = (pictures | pictures[partner])[:, None]
            return Batch(pictures[:n, None], shown, torch.cat([sources, sources[partner]], 1), drawn)
    raise NotInPartError("no room for a second object beside some of them; allow more positions, or a larger batch")


def own(targets: int, count: int, objects: Objects, generator: torch.Generator) -> Batch:
    """Scenes of two to so many objects that do not overlap; every object is encoded from a picture of its own."""
    if not isinstance(count, int) or not FEWEST <= count <= MOST:
        raise RangeError(f"scenes have {FEWEST} to {MOST} objects, got at most {count!r}")
    check_whole("the number of targets", targets, 0)
    check_drawing(objects, generator)
    scenes = sample_scenes(torch.randint(FEWEST, count + 1, (targets,), generator=generator), objects, generator)
    present = scenes[..., 0] != ABSENT
    classes = scenes[present]
    pictures = objects.render(classes)
    sources = torch.full(scenes.shape, ABSENT)
    sources[present] = torch.arange(len(classes))[:, None].expand(-1, len(FACTORS))
    drawn = torch.zeros(targets, *pictures.shape[1:], dtype=torch.uint8)
    drawn.index_add_(0, present.nonzero()[:, 0], pictures)
    return Batch(pictures[:, None], canonical(classes), sources, drawn[:, None])


SCHEMES: dict[str, Scheme] = {"donors": donors, "subset": subset, "one": one, "own": own}


def check_scheme(name: str, objects: Objects, generator: torch.Generator) -> None:
    """Refuse a scheme that may ask for pairs of which these objects have none, so that no later batch fails for want of them.

    Raises:
        NotInPartError: no pair differs in just some features that the scheme exchanges.
    """
    masks = {"one": torch.eye(5, dtype=torch.bool), "subset": (torch.arange(1, 32)[:, None] >> torch.arange(5)) % 2 == 1}
    if name in masks:
        sample_pairs(masks[name], objects, generator)
