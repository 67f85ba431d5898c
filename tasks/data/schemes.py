"""Where the five vectors of a target come from in training: `one`, `subset` or `donors`.

A scheme draws a batch: pictures of single objects to encode, and for each target scene which of those pictures gives each
feature of each object. Composing and decoding is then the same for all schemes.

* `one`: a scene and its pair, which differs in one feature; the vector of that feature is the target's own, the other four come
  from the pair. This is the exchange of the source document. It does not make features compose: four of five vectors come from
  one picture, which agrees with the target in all that they could say.
* `subset`: the same with any set of features that differ.
* `donors`: each of the five vectors comes from a picture of its own, which was drawn without regard to the other four, so
  there is nothing but that factor that it could say. Every picture of the batch is a target, and a donor for others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tasks.data.dsprites import render
from tasks.data.factors import COUNTS, FACTORS, ORIENTATION, SHAPE, SYMMETRY, X, Y
from tasks.data.sampling import Objects, PairedScenes, apart, choose, one_feature, random_subset, sample_paired_scenes
from vsa.errors import RangeError


@dataclass(frozen=True)
class Batch:
    """One step's data.

    Attributes:
        pictures: uint8 [P, 1, 64, 64], single objects, to be encoded.
        sources: int64 [T, N, 5], which picture gives feature f of object n in target t.
        targets: uint8 [T, 1, 64, 64], the scenes to be drawn.
    """

    pictures: Tensor
    sources: Tensor
    targets: Tensor

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on a device."""
        return Batch(self.pictures.to(device), self.sources.to(device), self.targets.to(device))


Scheme = Callable[[int, Objects, torch.Generator], Batch]
"""Draws a batch of so many targets, of these objects."""


def one(targets: int, objects: Objects, generator: torch.Generator) -> Batch:
    """Scenes and their pairs, which differ in one feature."""
    return _exchange(sample_paired_scenes(one_feature(_half(targets), generator), objects, generator))


def subset(targets: int, objects: Objects, generator: torch.Generator) -> Batch:
    """Scenes and their pairs, which differ in a random set of features."""
    return _exchange(sample_paired_scenes(random_subset(_half(targets), generator), objects, generator))


def _half(targets: int) -> int:
    if targets < 2 or targets % 2:
        raise RangeError(f"a batch of scenes and their pairs must have an even size, at least 2; got {targets}")
    return targets // 2


def _exchange(scenes: PairedScenes) -> Batch:
    """Each scene and each pair as a target: exchanged features are its own, the others come from its counterpart."""
    n = len(scenes.first)
    first, pair, second = torch.arange(3 * n).view(3, n, 1)
    pictures = render(torch.cat([scenes.first, scenes.pair, scenes.second]))[:, None]
    kept = second.expand(n, len(FACTORS))
    sources = torch.cat(
        [torch.stack([torch.where(scenes.exchanged, own, other), kept], 1) for own, other in ((first, pair), (pair, first))]
    )
    targets = pictures[: 2 * n] | pictures[2 * n :].repeat(2, 1, 1, 1)
    return Batch(pictures, sources, targets)


DONORS_LEAST = 32
"""The smallest batch in which donors are found."""

SHARED_BY = 6
"""How many pictures of a batch share a value, about: enough that one can give it to another."""


def donors(targets: int, objects: Objects, generator: torch.Generator) -> Batch:
    """Scenes of two objects whose ten vectors come from ten pictures of the batch.

    A batch shows few enough values of each feature that some pictures share each; over the batches all values come alike
    often. The orientation comes only from a shape that is no more symmetric than the target's: a
    square cannot tell a heart which way is up.
    """
    if targets < DONORS_LEAST:
        raise RangeError(f"the scheme donors needs a batch of at least {DONORS_LEAST} to find donors in it, got {targets}")
    classes, pictures, fits = _crowd(targets, objects, generator)
    symmetry = torch.tensor(SYMMETRY)[classes[:, SHAPE]]
    gives = classes.T[:, :, None] == classes.T[:, None, :]
    gives[ORIENTATION] &= symmetry[None, :] <= symmetry[:, None]
    gives.diagonal(dim1=1, dim2=2).fill_(False)
    donor, found = choose(gives, generator)
    own = torch.where(found, donor, torch.arange(targets)).T  # the rare picture without a donor gives to itself
    partner, _ = choose(fits, generator)
    return Batch(pictures[:, None], torch.stack([own, own[partner]], 1), (pictures | pictures[partner])[:, None])


def _crowd(n: int, objects: Objects, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Objects int64 [n, 5], their pictures, and who fits beside whom, bool [n, n], with someone for each."""
    most = [len(allowed) for allowed in objects.allowed]
    most[ORIENTATION] = min(most[ORIENTATION], max(2, n // (SHARED_BY * COUNTS[SHAPE])))
    for f in (X, Y):
        most[f] = min(most[f], max(8, n // SHARED_BY))
    for _ in range(100):
        few = tuple(a[torch.randperm(len(a), generator=generator)[:m]] for a, m in zip(objects.allowed, most, strict=True))
        classes = replace(objects, allowed=few).sample(n, generator)
        pictures = render(classes)
        fits = apart(pictures, pictures)
        if fits.any(1).all():
            return classes, pictures, fits
    raise RangeError("these objects leave no room for a second one beside some of them; allow more positions")


SCHEMES: dict[str, Scheme] = {"donors": donors, "subset": subset, "one": one}
