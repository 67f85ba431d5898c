"""The objects and scenes that the figures show, sampled so that a few pictures show much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from einops import repeat
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.population import Population
from tasks.data.scenes import ABSENT, observe_scenes, sample_scenes
from tasks.evaluation.composition import scene_vectors
from tasks.evaluation.counterfactuals import Edits, encode
from tasks.symbolic.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

CROWD = 500
"""The number of random objects from which one is chosen."""


def sample_stratified(n: int, feature: int, population: Population, generator: torch.Generator) -> Int64[Tensor, "n f"]:
    """A stratified sample of n objects: random ones are sorted by one feature, and the middle one of each of n strata is taken.

    They are of those objects that show most of its classes, whatever else they are.
    """
    crowd, dataset = population.sample(2000, generator), population.dataset
    swept = crowd[:, None].expand(-1, dataset.counts[feature], -1).clone()
    swept[:, :, feature] = torch.arange(dataset.counts[feature])
    looks = dataset.canonical(swept)[:, :, feature].sort(1).values
    shown = 1 + (looks[:, 1:] != looks[:, :-1]).sum(1)
    crowd = crowd[shown == shown.max()]
    crowd = crowd[crowd[:, feature].argsort(stable=True)]
    return crowd[((torch.arange(n) + 0.5) / n * len(crowd)).long()]


def sample_swaps(size: int, population: Population, others: int, generator: torch.Generator) -> list[Edits]:
    """For each feature the size * size edits that give an object, the same ones for each feature, the feature of a donor.

    Object i takes from donor j in edit i * size + j. What is beside an object is as little in the way as can be.
    """
    dataset, count = population.dataset, len(population.dataset.factors)
    first = sample_stratified(size, 0, population, generator)
    donors = torch.stack([sample_stratified(size, f, population, generator) for f in range(count)])
    edited = repeat(first, "i f -> g i j f", g=count, j=size).clone()
    for f in range(count):
        edited[f, :, :, f] = donors[f, :, f]
    after = dataset.observe(edited.transpose(0, 1).flatten(0, 2)).unflatten(0, (size, -1)).amax(1)
    everywhere = torch.maximum(after, dataset.observe(first))
    rest = torch.stack([beside(everywhere, population, generator) for _ in range(others)] or [first], 1)[:, :others]
    return [
        Edits(
            dataset,
            (f,),
            first.repeat_interleave(size, 0),
            rest.repeat_interleave(size, 0),
            repeat(donors[f], "j f -> (i j) g f", i=size, g=count),
            edited[f].flatten(0, 1),
        )
        for f in range(count)
    ]


def assembled(edits: Edits) -> list[Edits]:
    """Edits of all features as their beginnings: the first feature alone, the first two, and so on."""
    parts = []
    for count in range(1, len(edits.features) + 1):
        edited = torch.cat([edits.edited[:, :count], edits.first[:, count:]], 1)
        parts.append(Edits(edits.dataset, edits.features[:count], edits.first, edits.others, edits.donors, edited))
    return parts


@dataclass(frozen=True)
class ObjectEdits:
    """Scenes, the same with one object less, and with another one more.

    Where a slot is free the new object goes there, beside all the others; where none is it replaces the one that is taken out.

    Attributes:
        dataset: whose objects they are.
        before: int64 [n, slots, F], by slot, ABSENT where there is no object.
        fewer: int64 [n, slots, F], without one of them.
        more: int64 [n, slots, F], with the new one.
        out: int64 [n], the slot of the one that is taken out.
        into: int64 [n], the slot of the new one.
    """

    dataset: Dataset
    before: Int64[Tensor, "n slots f"]
    fewer: Int64[Tensor, "n slots f"]
    more: Int64[Tensor, "n slots f"]
    out: Int64[Tensor, " n"]
    into: Int64[Tensor, " n"]

    @property
    def old(self) -> Int64[Tensor, "n f"]:
        """The objects that are taken out."""
        return self.before[torch.arange(len(self.out)), self.out]

    @property
    def new(self) -> Int64[Tensor, "n f"]:
        """The objects that are put in."""
        return self.more[torch.arange(len(self.into)), self.into]

    @torch.inference_mode()
    def by_algebra(self, model: SceneModel) -> tuple[Float[Tensor, "n dim"], Float[Tensor, "n dim"], Float[Tensor, "n dim"]]:
        """The vectors [n, D] of the scenes, with the bound object subtracted, and with the new one added."""
        whole = scene_vectors(model, self.before, self.dataset)[1]
        old, new = (
            torch.stack([model.in_slot(vector, slot) for vector, slot in zip(vectors, slots.tolist(), strict=True)])
            for vectors, slots in (
                (model.object(encode(model, self.old, self.dataset)), self.out),
                (model.object(encode(model, self.new, self.dataset)), self.into),
            )
        )
        fewer = whole - old
        return whole, fewer, torch.where((self.out == self.into)[:, None].to(whole.device), fewer, whole) + new


def sample_object_edits(n: int, count: int, slots: int, population: Population, generator: torch.Generator) -> ObjectEdits:
    """n scenes of so many objects in so many slots, of which a random one is taken out and a random one put in.

    Raises:
        NotInPartError: no such scenes exist among these objects.
    """
    rows, free, dataset = torch.arange(n), count < slots, population.dataset
    drawn = sample_scenes(torch.full((n,), count + free), population, generator)
    before = torch.full((n, slots, len(dataset.factors)), ABSENT)
    before[:, :count] = drawn[:, :count]
    out = torch.randint(count, (n,), generator=generator)
    fewer = before.clone()
    fewer[rows, out] = ABSENT
    more = before.clone()
    into = torch.full((n,), count) if free else out
    more[rows, into] = drawn[:, count] if free else beside(observe_scenes(fewer, dataset), population, generator)
    return ObjectEdits(dataset, before, fewer, more, out, into)


def beside(pictures: Shaped[Tensor, "n c h w"], population: Population, generator: torch.Generator) -> Int64[Tensor, "n f"]:
    """For each picture a random object that shares no pixel with it, or as few as can be."""
    dataset = population.dataset
    crowd = population.sample(len(pictures) * CROWD, generator).unflatten(0, (-1, CROWD))
    drawn = dataset.mask(dataset.observe(crowd.flatten(0, 1))).unflatten(0, crowd.shape[:2])
    shared = torch.einsum("n p, n c p -> n c", dataset.mask(pictures).flatten(1).float(), drawn.flatten(2).float())
    return crowd[torch.arange(len(crowd)), shared.argmin(1)]
