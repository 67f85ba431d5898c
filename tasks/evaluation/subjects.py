"""What the figures are of: objects and scenes, chosen so that a few pictures show much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from einops import repeat
from torch import Tensor

from tasks.data.dsprites import render
from tasks.data.factors import FACTORS, ORIENTATION, SHAPE, SYMMETRY
from tasks.data.sampling import Objects
from tasks.data.scenes import ABSENT, sample_scenes
from tasks.evaluation.composition import scene_vectors, truth
from tasks.evaluation.counterfactuals import Edits, encode
from tasks.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, UInt8

CROWD = 500
"""Of how many random objects one is chosen."""


def spread(n: int, feature: int, objects: Objects, generator: torch.Generator) -> Int64[Tensor, "n 5"]:
    """n random objects whose classes of one feature are spread over what may be drawn, in order.

    Where it is the orientation they are of the shapes that show most of it.
    """
    crowd = objects.sample(2000, generator)
    if feature == ORIENTATION:
        symmetry = torch.tensor(SYMMETRY)[crowd[:, SHAPE]]
        crowd = crowd[symmetry == symmetry.min()]
    crowd = crowd[crowd[:, feature].argsort(stable=True)]
    return crowd[((torch.arange(n) + 0.5) / n * len(crowd)).long()]


def sample_swaps(size: int, objects: Objects, others: int, generator: torch.Generator) -> list[Edits]:
    """For each feature the size * size edits that give an object, the same ones for each feature, the feature of a donor.

    Object i takes from donor j in edit i * size + j. What is beside an object is as little in the way as can be.
    """
    first = spread(size, SHAPE, objects, generator)
    donors = torch.stack([spread(size, f, objects, generator) for f in range(len(FACTORS))])
    edited = repeat(first, "i f -> g i j f", g=len(FACTORS), j=size).clone()
    for f in range(len(FACTORS)):
        edited[f, :, :, f] = donors[f, :, f]
    everywhere = render(edited.transpose(0, 1).flatten(0, 2)).unflatten(0, (size, -1)).amax(1) | render(first)
    rest = torch.stack([beside(everywhere, objects, generator) for _ in range(others)] or [first], 1)[:, :others]
    return [
        Edits(
            (f,),
            first.repeat_interleave(size, 0),
            rest.repeat_interleave(size, 0),
            repeat(donors[f], "j f -> (i j) g f", i=size, g=len(FACTORS)),
            edited[f].flatten(0, 1),
        )
        for f in range(len(FACTORS))
    ]


def assembled(edits: Edits) -> list[Edits]:
    """Edits of all features as their beginnings: the first feature alone, the first two, and so on."""
    parts = []
    for count in range(1, len(FACTORS) + 1):
        edited = torch.cat([edits.edited[:, :count], edits.first[:, count:]], 1)
        parts.append(Edits(edits.features[:count], edits.first, edits.others, edits.donors, edited))
    return parts


@dataclass(frozen=True)
class Exchanges:
    """Scenes, the same with one object less, and with another one more.

    Where a slot is free the new object goes there, beside all the others; where none is it replaces the one that is taken out.

    Attributes:
        before: int64 [n, slots, 5], by slot, ABSENT where there is no object.
        fewer: int64 [n, slots, 5], without one of them.
        more: int64 [n, slots, 5], with the new one.
        out: int64 [n], the slot of the one that is taken out.
        into: int64 [n], the slot of the new one.
    """

    before: Int64[Tensor, "n slots 5"]
    fewer: Int64[Tensor, "n slots 5"]
    more: Int64[Tensor, "n slots 5"]
    out: Int64[Tensor, " n"]
    into: Int64[Tensor, " n"]

    @property
    def old(self) -> Int64[Tensor, "n 5"]:
        """The objects that are taken out."""
        return self.before[torch.arange(len(self.out)), self.out]

    @property
    def new(self) -> Int64[Tensor, "n 5"]:
        """The objects that are put in."""
        return self.more[torch.arange(len(self.into)), self.into]

    @torch.inference_mode()
    def by_algebra(self, model: SceneModel) -> tuple[Float[Tensor, "n dim"], Float[Tensor, "n dim"], Float[Tensor, "n dim"]]:
        """The vectors [n, D] of the scenes, with the bound object subtracted, and with the new one added."""
        whole = scene_vectors(model, self.before)[1]
        old, new = (
            torch.stack([model.in_slot(vector, slot) for vector, slot in zip(vectors, slots.tolist(), strict=True)])
            for vectors, slots in (
                (model.object(encode(model, self.old)), self.out),
                (model.object(encode(model, self.new)), self.into),
            )
        )
        fewer = whole - old
        return whole, fewer, torch.where((self.out == self.into)[:, None].to(whole.device), fewer, whole) + new


def sample_exchanges(n: int, count: int, slots: int, objects: Objects, generator: torch.Generator) -> Exchanges:
    """n scenes of so many objects in so many slots, of which a random one is taken out and a random one put in.

    Raises:
        NotInPartError: no such scenes exist among these objects.
    """
    rows, free = torch.arange(n), count < slots
    drawn = sample_scenes(torch.full((n,), count + free), objects, generator)
    before = torch.full((n, slots, len(FACTORS)), ABSENT)
    before[:, :count] = drawn[:, :count]
    out = torch.randint(count, (n,), generator=generator)
    fewer = before.clone()
    fewer[rows, out] = ABSENT
    more = before.clone()
    into = torch.full((n,), count) if free else out
    more[rows, into] = drawn[:, count] if free else beside(truth(fewer).byte(), objects, generator)
    return Exchanges(before, fewer, more, out, into)


def beside(pictures: UInt8[Tensor, "n 64 64"], objects: Objects, generator: torch.Generator) -> Int64[Tensor, "n 5"]:
    """For each picture a random object that shares no pixel with it, or as few as can be."""
    crowd = objects.sample(len(pictures) * CROWD, generator).unflatten(0, (-1, CROWD))
    drawn = render(crowd.flatten(0, 1)).unflatten(0, crowd.shape[:2])
    shared = torch.einsum("n p, n c p -> n c", pictures.flatten(1).float(), drawn.flatten(2).float())
    return crowd[torch.arange(len(crowd)), shared.argmin(1)]
