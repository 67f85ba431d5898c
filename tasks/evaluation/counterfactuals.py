"""Edits, measured: what the picture should now look like is observed exactly, and compared with what the decoder draws.

An edit takes features of the first object from donors that differ from it in everything; all of them from as many donors
assemble an object that was never seen. All objects, the edited one included, are combinations that were never trained on. Two
numbers judge the picture:

* the IoU with the truth, which a blob of the right size in the right place already gets most of;
* the value shown: of all values of that feature, the one whose exact picture overlaps the drawn one most. It tells whether the
  feature itself was learnt.

Both respect what cannot be known, as how far a square was turned is known up to a quarter alone: all that is right is compared,
and the best counts, see `Dataset.alternatives`. What is known of a feature is what the object tells that gave it: the donor,
where the feature was taken from one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from einops import rearrange, repeat
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dataset import Dataset
from tasks.data.exchanges import exchangeable, mixed, sample_across, sample_inside, sample_into
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.data.scenes import observe_scenes
from tasks.symbolic.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

SLOT = 0
"""The object that is edited."""


@dataclass(frozen=True)
class Edits:
    """Pictures of one or two objects, and what becomes of them when the first takes features from donors.

    Attributes:
        dataset: whose objects they are.
        features: which features are taken, by number; none where nothing is edited.
        first: int64 [n, F], the object that is edited.
        others: int64 [n, m, F], what else is in the picture, m is 0 or 1; nothing overlaps.
        donors: int64 [n, F, F], donor f gives feature f; it differs from the first in all features.
        edited: int64 [n, F], the first with the donors' features; it does not overlap the others either.
        across: whether donors and others, or the object before the edit, come from all parts of the split, because the part in
            which the edited object lies has none.
    """

    dataset: Dataset
    features: tuple[int, ...]
    first: Int64[Tensor, "n f"]
    others: Int64[Tensor, "n m f"]
    donors: Int64[Tensor, "n f f"]
    edited: Int64[Tensor, "n f"]
    across: bool = False

    @property
    def feature(self) -> int:
        """The feature that is edited, where it is only one."""
        (feature,) = self.features
        return feature

    @property
    def sources(self) -> Int64[Tensor, "n f f"]:
        """For each feature the classes of the object that gave it."""
        taken = torch.tensor([f in self.features for f in range(len(self.dataset.factors))])
        return torch.where(taken[:, None], self.donors, self.first[:, None])

    def rest(self) -> Shaped[Tensor, "n *shape"]:
        """The pictures without the first object."""
        if not self.others.shape[1]:
            return torch.zeros_like(self.dataset.observe(self.first))
        return observe_scenes(self.others, self.dataset)

    def scenes(self) -> Shaped[Tensor, "n *shape"]:
        """The pictures before the edit."""
        return torch.maximum(self.dataset.observe(self.first), self.rest())

    def truths(self) -> Shaped[Tensor, "n a *shape"]:
        """The pictures after the edit: every one that is right, that of the edited classes first."""
        return self.candidates(self.features[0], self.edited[:, self.features[0], None])[:, 0]

    def candidates(self, feature: int, values: Int64[Tensor, "n v"]) -> Shaped[Tensor, "n v a *shape"]:
        """The pictures as they would be with other classes of a feature, all that are right for each."""
        n, many = values.shape
        classes = repeat(self.edited, "n f -> n v f", v=many).clone()
        classes[..., feature] = values
        sources = repeat(self.sources, "n g f -> (n v) g f", v=many)
        pictures = self.dataset.alternatives(classes.flatten(0, 1), sources).unflatten(0, (n, many))
        return torch.maximum(pictures, rearrange(self.rest(), "n c h w -> n 1 1 c h w"))

    def best_truths(self, pictures: Shaped[Tensor, "n *shape"]) -> tuple[Shaped[Tensor, "n *shape"], Float[Tensor, " n"]]:
        """For each picture, as `Dataset.crisp` gives it, the right one that it overlaps most, and the IoU with it."""
        truths = self.truths()
        best = iou(pictures[:, None], self.dataset.crisp(truths)).max(1)
        return truths[torch.arange(len(truths)), best.indices], best.values

    def shows(self, pictures: Shaped[Tensor, "n *shape"], allowed: Int64[Tensor, " v"]) -> Int64[Tensor, " n"]:
        """Of the allowed classes, the one whose picture overlaps each picture most; -1 where none does."""
        candidates = self.dataset.crisp(self.candidates(self.feature, allowed.expand(len(pictures), -1)))
        best = iou(pictures[:, None, None], candidates).amax(2).max(1)
        return torch.where(best.values > 0, allowed[best.indices], -1)

    def steps_off(self, shown: Int64[Tensor, " n"]) -> Float[Tensor, " n"]:
        """How many steps of the grid the shown class is from the right one; infinitely many where nothing is shown.

        Classes count as far as they can be told apart, given the object that they come from and the one that shows them.
        """
        found = self.edited.clone()
        found[:, self.feature] = shown
        off = [self.dataset.steps_off(found, self.edited, sources) for sources in (self.sources, None)]
        return torch.minimum(*off)[:, self.feature]

    def split(self, size: int) -> Iterator[Edits]:
        """The same edits in parts, so that the candidates of few are in memory at once."""
        for first, others, donors, edited in zip(
            *(part.split(size) for part in (self.first, self.others, self.donors, self.edited)), strict=True
        ):
            yield Edits(self.dataset, self.features, first, others, donors, edited, self.across)


def sample_edits(n: int, features: tuple[int, ...], others: int, population: Population, generator: torch.Generator) -> Edits:
    """n edits of these features, in pictures of such objects, with so many others (0 or 1) beside the edited one.

    The object is one of these after the edit, and before it too, where there are such. So are its donors and what is beside it,
    where there are such; else they come from all parts of the split, and `Edits.across` says so.

    Raises:
        NotInPartError: no such pictures exist among these objects.
    """
    inside = exchangeable(features, population)
    if inside and features and mixed(population):
        with suppress(NotInPartError):
            found = sample_inside(n, features, others, population, generator)
            return Edits(population.dataset, features, found.first, found.others, found.donors, found.edited)
    sample = sample_across if inside else sample_into
    found = sample(n, features, others, population, generator)
    return Edits(population.dataset, features, found.first, found.others, found.donors, found.edited, across=True)


@torch.inference_mode()
def edit_by_algebra(model: SceneModel, edits: Edits) -> tuple[Float[Tensor, "n dim"], Float[Tensor, "n dim"]]:
    """The vectors [n, D] of the pictures before and after the edit by algebra, on the model's device."""
    before, after = [], []
    for part in edits.split(256):
        others = edits.others.shape[1]
        n = len(part.first)
        given = torch.cat([part.first, part.others.flatten(0, 1), *(part.donors[:, f] for f in part.features)])
        first, rest, *donors = encode(model, given, edits.dataset).split([n, n * others, *[n] * len(part.features)])
        objects = torch.cat([model.object(first)[:, None], model.object(rest).unflatten(0, (n, others))], 1)
        scene = model.scene(objects)
        before.append(scene)
        for f, donor in zip(part.features, donors, strict=True):
            scene = model.edit(scene, SLOT, edits.dataset.features[f], old=first[:, f], new=donor[:, f])
        after.append(scene)
    return torch.cat(before), torch.cat(after)


@torch.inference_mode()
def edit_from_vector(model: SceneModel, edits: Edits, before: Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
    """The vectors [n, D] after the edit, from those before it alone: what was there is what unbinding and cleanup find in them.

    Args:
        model: with codebooks.
        edits: what is taken from which donors.
        before: [n, D], the vectors of the pictures.
    """
    after = []
    for part, scene in zip(edits.split(256), before.split(256), strict=True):
        for f in part.features:
            scene = model.edit(scene, SLOT, edits.dataset.features[f], new=encode(model, part.donors[:, f], edits.dataset)[:, f])
        after.append(scene)
    return torch.cat(after)


@torch.inference_mode()
def encode(model: SceneModel, classes: Int64[Tensor, "n f"], dataset: Dataset) -> Float[Tensor, "n f dim"]:
    """The feature vectors of the pictures of such objects, on the model's device."""
    size = -(-512 // (dataset.frames or 1))  # of clips as many frames at once as of pictures
    parts = [model.features(dataset.observe(part).to(model.roles.vectors.device)) for part in classes.split(size)]
    return torch.cat(parts)


@torch.inference_mode()
def draw(model: SceneModel, vectors: Float[Tensor, "n dim"]) -> Float[Tensor, "n *t c h w"]:
    """The pictures of vectors as the model draws them, on the CPU."""
    size = 256 if model.image is None or len(model.image) == 3 else -(-256 // model.image[0])
    return torch.cat([model.decode(part).cpu() for part in vectors.split(size)])
