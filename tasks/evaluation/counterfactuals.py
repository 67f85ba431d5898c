"""Edits, measured: what the picture should now look like is rendered exactly, and compared with what the decoder draws.

An edit takes features of the first object from donors that differ from it in everything; all five from five donors assemble
an object that was never seen. All objects, the edited one included, are combinations that were never trained on. Two numbers
judge the picture:

* the IoU with the truth, which a blob of the right size in the right place already gets most of;
* the value shown: of all values of that feature, the one whose exact rendering overlaps the picture most. It tells whether the
  feature itself was learnt.

Both respect what cannot be known: a square gives its orientation only up to a quarter turn, an ellipse up to half a turn. It is
the donor that gives it when the orientation is edited, and the object itself when its shape becomes another. All these turns,
rendered at the exact angle, are right, and the best one counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from einops import rearrange, repeat
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dsprites import SIZE, render, render_values
from tasks.data.exchanges import check_exchange, mixed, sample_across, sample_inside
from tasks.data.factors import FACTORS, FEATURES, ORIENTATION, SHAPE, SYMMETRY, angular_distance, values_of
from tasks.data.sampling import Objects
from tasks.evaluation.overlap import iou
from tasks.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64, UInt8

SLOT = 0
"""The object that is edited."""


@dataclass(frozen=True)
class Edits:
    """Pictures of one or two objects, and what becomes of them when the first takes features from donors.

    Attributes:
        features: which features are taken, of 0 to 4; none where nothing is edited.
        first: int64 [n, 5], the object that is edited.
        others: int64 [n, m, 5], what else is in the picture, m is 0 or 1; nothing overlaps.
        donors: int64 [n, 5, 5], donor f gives feature f; it differs from the first in all five features.
        edited: int64 [n, 5], the first with the donors' features; it does not overlap the others either.
        across: whether donors and others come from all parts of the split, because that of the object has none.
    """

    features: tuple[int, ...]
    first: Int64[Tensor, "n 5"]
    others: Int64[Tensor, "n m 5"]
    donors: Int64[Tensor, "n 5 5"]
    edited: Int64[Tensor, "n 5"]
    across: bool = False

    @property
    def feature(self) -> int:
        """The feature that is edited, where it is only one."""
        (feature,) = self.features
        return feature

    def rest(self) -> UInt8[Tensor, "n 64 64"]:
        """The pictures without the first object."""
        if not self.others.shape[1]:
            return torch.zeros(len(self.first), SIZE, SIZE, dtype=torch.uint8)
        return render(self.others.flatten(0, 1)).unflatten(0, self.others.shape[:2]).amax(1)

    def scenes(self) -> UInt8[Tensor, "n 64 64"]:
        """The pictures before the edit."""
        return render(self.first) | self.rest()

    def truths(self) -> UInt8[Tensor, "n turns 64 64"]:
        """The pictures after the edit: every one that is right, the grid's own first."""
        return self.candidates(self.features[0], self.edited[:, self.features[0], None])[:, 0]

    def candidates(self, feature: int, values: Int64[Tensor, "n v"]) -> UInt8[Tensor, "n v turns 64 64"]:
        """The pictures as they would be with other classes of a feature, in all turns that cannot be told apart."""
        turns = torch.arange(max(SYMMETRY) if {ORIENTATION, SHAPE} & {*self.features} else 1)
        classes = repeat(self.edited, "n f -> n v t f", v=values.shape[1], t=len(turns)).clone()
        classes[..., feature] = values[:, :, None]
        shape, scale, orientation, x, y = values_of(classes)
        orientation = orientation + (2 * math.pi / self._ambiguity())[:, None, None] * turns
        pictures = render_values(*(value.flatten() for value in (shape, scale, orientation, x, y)))
        return pictures.unflatten(0, shape.shape) | rearrange(self.rest(), "n h w -> n 1 1 h w")

    def best_truths(self, pictures: Bool[Tensor, "n 64 64"]) -> tuple[UInt8[Tensor, "n 64 64"], Float[Tensor, " n"]]:
        """For each picture the right one that it overlaps most, and the IoU with it."""
        truths = self.truths()
        best = iou(pictures[:, None], truths.bool()).max(1)
        return truths[torch.arange(len(truths)), best.indices], best.values

    def shows(self, pictures: Bool[Tensor, "n 64 64"], allowed: Int64[Tensor, " v"]) -> Int64[Tensor, " n"]:
        """Of the allowed classes, the one whose rendering overlaps each picture most; -1 where none does."""
        candidates = self.candidates(self.feature, allowed.expand(len(pictures), -1))
        best = iou(pictures[:, None, None], candidates.bool()).amax(2).max(1)
        return torch.where(best.values > 0, allowed[best.indices], -1)

    def steps_off(self, shown: Int64[Tensor, " n"]) -> Float[Tensor, " n"]:
        """How many steps of the grid the shown class is from the right one; infinitely many where nothing is shown.

        Orientations count as far as they can be told apart, given the shape that they come from and the one that shows them.
        """
        symmetry = torch.maximum(self._ambiguity(), torch.tensor(SYMMETRY)[self.edited[:, SHAPE]])
        return steps_off(self.feature, shown, self.edited[:, self.feature], symmetry)

    def split(self, size: int) -> Iterator[Edits]:
        """The same edits in parts, so that the candidates of few are in memory at once."""
        for first, others, donors, edited in zip(
            *(part.split(size) for part in (self.first, self.others, self.donors, self.edited)), strict=True
        ):
            yield Edits(self.features, first, others, donors, edited, self.across)

    def _ambiguity(self) -> Tensor:
        """In how many turns the sprite that gives the orientation looks the same, int64 [n]."""
        giver = self.donors[:, ORIENTATION] if ORIENTATION in self.features else self.first
        return torch.tensor(SYMMETRY)[giver[:, SHAPE]]


def steps_off(feature: int, found: Tensor, right: Tensor, symmetry: Tensor) -> Tensor:
    """How many steps of the grid apart two classes of a feature are, float32 [n].

    Args:
        feature: which, 0 to 4.
        found: int64 [n]; -1 is infinitely far.
        right: int64 [n].
        symmetry: int64 [n], in how many orientations what shows them looks the same; it matters to the orientation alone.
    """
    if feature != ORIENTATION:
        return (found - right).abs().float().masked_fill(found < 0, math.inf)
    angles = torch.tensor(FACTORS[ORIENTATION].values, dtype=torch.float64)
    return (angular_distance(angles[found], angles[right], symmetry) / angles[1]).float().masked_fill(found < 0, math.inf)


def sample_edits(n: int, features: tuple[int, ...], others: int, objects: Objects, generator: torch.Generator) -> Edits:
    """n edits of these features, in pictures of such objects, with so many others (0 or 1) beside the edited one.

    The object is one of these before and after the edit. So are its donors and what is beside it, where there are such; else
    they come from all parts of the split, and `Edits.across` says so.

    Raises:
        NotInPartError: no such pictures exist among these objects.
    """
    check_exchange(features, objects)
    if features and mixed(objects):
        try:
            found = sample_inside(n, features, others, objects, generator)
            return Edits(features, found.first, found.others, found.donors, found.edited)
        except NotInPartError:
            pass
    found = sample_across(n, features, others, objects, generator)
    return Edits(features, found.first, found.others, found.donors, found.edited, across=True)


@torch.inference_mode()
def edit_by_algebra(model: SceneModel, edits: Edits) -> tuple[Float[Tensor, "n dim"], Float[Tensor, "n dim"]]:
    """The vectors [n, D] of the pictures before and after the edit by algebra, on the model's device."""
    before, after = [], []
    for part in edits.split(256):
        others = edits.others.shape[1]
        n = len(part.first)
        given = torch.cat([part.first, part.others.flatten(0, 1), *(part.donors[:, f] for f in part.features)])
        first, rest, *donors = encode(model, given).split([n, n * others, *[n] * len(part.features)])
        objects = torch.cat([model.object(first)[:, None], model.object(rest).unflatten(0, (n, others))], 1)
        scene = model.scene(objects)
        before.append(scene)
        for f, donor in zip(part.features, donors, strict=True):
            scene = model.edit(scene, SLOT, FEATURES[f], old=first[:, f], new=donor[:, f])
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
            scene = model.edit(scene, SLOT, FEATURES[f], new=encode(model, part.donors[:, f])[:, f])
        after.append(scene)
    return torch.cat(after)


@torch.inference_mode()
def encode(model: SceneModel, classes: Int64[Tensor, "n 5"]) -> Float[Tensor, "n 5 dim"]:
    """The feature vectors of the pictures of such objects, on the model's device."""
    parts = [model.features(render(part)[:, None].to(model.roles.vectors.device)) for part in classes.split(512)]
    return torch.cat(parts)


@torch.inference_mode()
def draw(model: SceneModel, vectors: Float[Tensor, "n dim"]) -> Float[Tensor, "n 64 64"]:
    """The pictures of vectors as the model draws them: probabilities on the CPU."""
    return torch.cat([model.decode(part)[:, 0].cpu() for part in vectors.split(256)])
