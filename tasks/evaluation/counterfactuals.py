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
from typing import TYPE_CHECKING, Any

import torch
from einops import rearrange, repeat
from torch import Tensor

from tasks.data.dsprites import SIZE, render, render_values
from tasks.data.factors import FACTORS, FEATURES, ORIENTATION, SHAPE, SYMMETRY, angular_distance, distinct, values_of
from tasks.data.sampling import Objects, draw_until, overlap
from tasks.evaluation.overlap import document_score, iou
from tasks.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64, UInt8

SLOT = 0
"""The object that is edited."""


@dataclass(frozen=True)
class Edits:
    """Pictures of one or two objects, and what becomes of them when the first takes features from donors.

    Attributes:
        features: which features are taken, of 0 to 4.
        first: int64 [n, 5], the object that is edited.
        others: int64 [n, m, 5], what else is in the picture, m is 0 or 1; nothing overlaps.
        donors: int64 [n, 5, 5], donor f gives feature f; it differs from the first in all five features.
        edited: int64 [n, 5], the first with the donors' features; it does not overlap the others either.
    """

    features: tuple[int, ...]
    first: Int64[Tensor, "n 5"]
    others: Int64[Tensor, "n m 5"]
    donors: Int64[Tensor, "n 5 5"]
    edited: Int64[Tensor, "n 5"]

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
            yield Edits(self.features, first, others, donors, edited)

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

    Raises:
        RangeError: no such pictures exist among these objects.
    """

    def draw(rows: Tensor) -> Tensor:
        first, *rest = (objects.sample(len(rows), generator) for _ in range(1 + others))
        many = len(FACTORS) if len(features) > 1 else 1
        donors = torch.stack([objects.sample(len(rows), generator) for _ in range(many)], 1).expand(-1, len(FACTORS), -1)
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
    return Edits(features, drawn[:, 0], drawn[:, 2 : 2 + others], drawn[:, 2 + others :], drawn[:, 1])


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
def encode(model: SceneModel, classes: Int64[Tensor, "n 5"]) -> Float[Tensor, "n 5 dim"]:
    """The feature vectors of the pictures of such objects, on the model's device."""
    parts = [model.features(render(part)[:, None].to(model.roles.vectors.device)) for part in classes.split(512)]
    return torch.cat(parts)


@torch.inference_mode()
def draw(model: SceneModel, vectors: Float[Tensor, "n dim"]) -> Float[Tensor, "n 64 64"]:
    """The pictures of vectors as the model draws them: probabilities on the CPU."""
    return torch.cat([model.decode(part)[:, 0].cpu() for part in vectors.split(256)])


def measure(model: SceneModel, others: int, objects: Objects, n: int, generator: torch.Generator) -> dict[str, Any]:
    """Reconstruction and edits of n test pictures for each feature, and n objects assembled from five donors.

    Args:
        model: in evaluation mode.
        others: how many objects are in a picture beside the edited one, 0 or 1.
        objects: what the pictures are made of; never trained on, or the numbers mean little.
        n: pictures for each number.
        generator: decides which.

    Returns:
        reconstruction_iou: the mean over all 6 n pictures; reconstruction_document, the source document's score of the same.
        By feature: edit_iou, the mean IoU with the truth after the edit; edit_shown, the share of pictures that show the right
        value; edit_shown_within_one, of those at most one step off (for the features that have an order). assembly_iou: the
        mean IoU with the truth after all five features were taken from five donors.
    """
    reconstruction: list[Tensor] = []
    edit_iou, edit_shown, edit_within = {}, {}, {}
    assembly = 0.0
    everything = list(range(len(FACTORS)))
    for chosen in (*([f] for f in everything), everything):
        edits = sample_edits(n, tuple(chosen), others, objects, generator)
        before, after = (draw(model, vectors) > 0.5 for vectors in edit_by_algebra(model, edits))
        reconstruction.append(iou(before, edits.scenes().bool()))
        overlaps = edits.best_truths(after)[1].double().mean().item()
        if len(chosen) > 1:
            assembly = overlaps
            continue
        factor = FACTORS[chosen[0]]
        edit_iou[factor.name] = overlaps
        parts = zip(after.split(64), edits.split(64), strict=True)
        off = edits.steps_off(torch.cat([part.shows(seen, objects.allowed[chosen[0]]) for seen, part in parts]))
        edit_shown[factor.name] = (off < 0.5).double().mean().item()
        if factor.ordered:
            edit_within[factor.name] = (off < 1.5).double().mean().item()
    overlaps = torch.cat(reconstruction)
    return {
        "reconstruction_iou": overlaps.double().mean().item(),
        "reconstruction_document": document_score(overlaps).double().mean().item(),
        "edit_iou": edit_iou,
        "edit_shown": edit_shown,
        "edit_shown_within_one": edit_within,
        "assembly_iou": assembly,
    }
