"""Edits, measured: what the scene should now look like is rendered exactly, and compared with what the decoder draws.

An edit takes one feature of the first object from a donor that differs from it in everything. All objects, the edited one
included, are combinations that were never trained on. Two numbers judge the picture:

* the IoU with the truth, which a blob of the right size in the right place already gets most of;
* the value shown: of all values of that feature, the one whose exact rendering overlaps the picture most. It tells whether the
  feature itself was learnt.

Both respect what cannot be known: a square gives its orientation only up to a quarter turn, an ellipse up to half a turn. It is
the donor that gives it when the orientation is edited, and the object itself when its shape becomes another. All these turns,
rendered at the exact angle, are right, and the best one counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from einops import rearrange, repeat
from torch import Tensor

from tasks.data.dsprites import render, render_values
from tasks.data.factors import FACTORS, FEATURES, ORIENTATION, SHAPE, SYMMETRY, angular_distance, distinct, values_of
from tasks.data.sampling import Objects, draw_until, overlap
from tasks.evaluation.overlap import iou
from tasks.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64, UInt8

SLOT = 0
"""The object that is edited."""


@dataclass(frozen=True)
class Edits:
    """Scenes of two objects, and what becomes of them when the first takes one feature from a donor.

    Attributes:
        feature: which feature, 0 to 4.
        first, second: int64 [n, 5], the objects of the scene, which do not overlap.
        donor: int64 [n, 5], which differs from the first in all five features.
        edited: int64 [n, 5], the first with the donor's feature; it does not overlap the second either.
    """

    feature: int
    first: Int64[Tensor, "n 5"]
    second: Int64[Tensor, "n 5"]
    donor: Int64[Tensor, "n 5"]
    edited: Int64[Tensor, "n 5"]

    def scenes(self) -> UInt8[Tensor, "n 64 64"]:
        """The scenes before the edit."""
        return render(self.first) | render(self.second)

    def truths(self) -> UInt8[Tensor, "n turns 64 64"]:
        """The scenes after the edit: every picture that is right, the grid's own first."""
        return self.candidates(self.edited[:, self.feature, None])[:, 0]

    def candidates(self, values: Int64[Tensor, "n v"]) -> UInt8[Tensor, "n v turns 64 64"]:
        """The scenes as they would be with other classes of the edited feature, in all turns that cannot be told apart."""
        turns = torch.arange(max(SYMMETRY) if self.feature in (ORIENTATION, SHAPE) else 1)
        classes = repeat(self.edited, "n f -> n v t f", v=values.shape[1], t=len(turns)).clone()
        classes[..., self.feature] = values[:, :, None]
        shape, scale, orientation, x, y = values_of(classes)
        orientation = orientation + (2 * math.pi / self._ambiguity())[:, None, None] * turns
        pictures = render_values(*(value.flatten() for value in (shape, scale, orientation, x, y)))
        first = pictures.unflatten(0, shape.shape)
        return first | rearrange(render(self.second), "n h w -> n 1 1 h w")

    def best_truths(self, pictures: Bool[Tensor, "n 64 64"]) -> tuple[UInt8[Tensor, "n 64 64"], Float[Tensor, " n"]]:
        """For each picture the right one that it overlaps most, and the IoU with it."""
        truths = self.truths()
        best = iou(pictures[:, None], truths.bool()).max(1)
        return truths[torch.arange(len(truths)), best.indices], best.values

    def shows(self, pictures: Bool[Tensor, "n 64 64"], allowed: Int64[Tensor, " v"]) -> Int64[Tensor, " n"]:
        """Of the allowed classes, the one whose rendering overlaps each picture most; -1 where none does."""
        scores = iou(pictures[:, None, None], self.candidates(allowed.expand(len(pictures), -1)).bool())
        best = scores.amax(2).max(1)
        return torch.where(best.values > 0, allowed[best.indices], -1)

    def steps_off(self, shown: Int64[Tensor, " n"]) -> Float[Tensor, " n"]:
        """How many steps of the grid the shown class is from the right one; infinitely many where nothing is shown.

        Orientations count as far as they can be told apart, given the shape that they come from and the one that shows them.
        """
        right = self.edited[:, self.feature]
        if self.feature != ORIENTATION:
            return (shown - right).abs().float().masked_fill(shown < 0, math.inf)
        angles = torch.tensor(FACTORS[ORIENTATION].values, dtype=torch.float64)
        symmetry = torch.maximum(self._ambiguity(), torch.tensor(SYMMETRY)[self.edited[:, SHAPE]])
        off = angular_distance(angles[shown], angles[right], symmetry) / angles[1]
        return off.float().masked_fill(shown < 0, math.inf)

    def _ambiguity(self) -> Tensor:
        """In how many turns the sprite that gives the orientation looks the same, int64 [n]."""
        giver = self.donor if self.feature == ORIENTATION else self.first
        return torch.tensor(SYMMETRY)[giver[:, SHAPE]]


def sample_edits(n: int, feature: int, objects: Objects, generator: torch.Generator) -> Edits:
    """n edits of a feature, of such objects.

    Raises:
        RangeError: no such scenes exist among these objects.
    """

    def draw(rows: Tensor) -> Tensor:
        first, second, donor = (objects.sample(len(rows), generator) for _ in range(3))
        edited = first.clone()
        edited[:, feature] = donor[:, feature]
        return torch.stack([first, second, donor, edited], 1)

    def accept(rows: Tensor, drawn: Tensor) -> Tensor:
        first, second, donor, edited = drawn.unbind(1)
        good = objects.accept(edited) & (distinct(first) != distinct(donor)).all(1)
        first_picture, second_picture, edited_picture = (render(c[good]) for c in (first, second, edited))
        good[good.clone()] = ~overlap(first_picture | edited_picture, second_picture)
        return good

    return Edits(feature, *draw_until(n, draw, accept, "no scene and donor for an edit").unbind(1))


@torch.inference_mode()
def edit_by_algebra(model: SceneModel, edits: Edits) -> tuple[Float[Tensor, "n 64 64"], Float[Tensor, "n 64 64"]]:
    """The scenes as the model draws them, before and after the edit by algebra: probabilities [n, 64, 64], on the CPU."""
    before, after = [], []
    device = model.roles.vectors.device
    for rows in torch.arange(len(edits.first)).split(256):
        first, second, donor = (
            model.features(render(classes[rows])[:, None].to(device)) for classes in (edits.first, edits.second, edits.donor)
        )
        scene = model.scene(torch.stack([model.object(first), model.object(second)], 1))
        f = edits.feature
        edited = model.edit(scene, SLOT, FEATURES[f], old=first[:, f], new=donor[:, f])
        before.append(model.decode(scene)[:, 0].cpu())
        after.append(model.decode(edited)[:, 0].cpu())
    return torch.cat(before), torch.cat(after)


def measure(model: SceneModel, objects: Objects, n: int, generator: torch.Generator) -> dict[str, Any]:
    """Reconstruction and edits of n held-out scenes for each feature.

    Args:
        model: in evaluation mode.
        objects: what the scenes are made of; held out, or the numbers mean little.
        n: scenes for each feature.
        generator: decides which.

    Returns:
        reconstruction_iou: the mean over all 5 n scenes. By feature: edit_iou, the mean IoU with the truth after the edit;
        edit_shown, the share of pictures that show the right value; edit_shown_within_one, of those at most one step off
        (for the features that have an order).
    """
    reconstruction: list[Tensor] = []
    edit_iou, edit_shown, edit_within = {}, {}, {}
    for f, factor in enumerate(FACTORS):
        edits = sample_edits(n, f, objects, generator)
        before, after = edit_by_algebra(model, edits)
        reconstruction.append(iou(before > 0.5, edits.scenes().bool()))
        pictures = after > 0.5
        edit_iou[factor.name] = edits.best_truths(pictures)[1].double().mean().item()
        parts = zip(pictures.split(64), _split(edits, 64), strict=True)
        shown = torch.cat([part.shows(seen, objects.allowed[f]) for seen, part in parts])
        off = edits.steps_off(shown)
        edit_shown[factor.name] = (off < 0.5).double().mean().item()
        if factor.ordered:
            edit_within[factor.name] = (off < 1.5).double().mean().item()
    return {
        "reconstruction_iou": torch.cat(reconstruction).double().mean().item(),
        "edit_iou": edit_iou,
        "edit_shown": edit_shown,
        "edit_shown_within_one": edit_within,
    }


def _split(edits: Edits, size: int) -> list[Edits]:
    """The same edits in parts, so that the candidates of few are in memory at once."""
    parts = zip(*(classes.split(size) for classes in (edits.first, edits.second, edits.donor, edits.edited)), strict=True)
    return [Edits(edits.feature, *part) for part in parts]
