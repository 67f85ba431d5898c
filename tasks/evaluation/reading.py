"""Reading back: codebooks learnt from pictures, and how often unbinding and cleanup name what a vector holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tasks.data.checks import NotInPartError
from tasks.data.factors import FACTORS, FEATURES, SHAPE, SHAPES, SYMMETRY, canonical, distinct
from tasks.data.sampling import Objects
from tasks.data.scenes import ABSENT
from tasks.evaluation.counterfactuals import SLOT, edit_by_algebra, encode, sample_edits, steps_off
from tasks.model import SceneModel
from vsa import ItemMemory

if TYPE_CHECKING:
    from jaxtyping import Int64

PICTURES = 8000
"""How many pictures codebooks are learnt from: 200 of each of 40 orientations, more of everything else."""


def empty_codebooks(model: SceneModel) -> list[ItemMemory]:
    """Give the model a codebook for each feature, with the names of its values and vectors that mean nothing yet."""
    device = model.roles.vectors.device
    books = [ItemMemory(_names(f), model.roles.dim, algebra=model.algebra).to(device) for f in range(len(FACTORS))]
    model.codebooks = nn.ModuleList(books)
    return books


def _names(feature: int) -> tuple[str, ...]:
    return SHAPES if feature == SHAPE else tuple(str(k) for k in range(len(FACTORS[feature])))


def learn_codebooks(model: SceneModel, objects: Objects, generator: torch.Generator, pictures: int = PICTURES) -> None:
    """Give the model a codebook for each feature: the prototype of a value is the mean of its pictures' feature vectors.

    Orientations that a shape cannot show count as the first that looks the same, see `tasks.data.factors.canonical`; a class that
    is another one's picture has that one's prototype.

    Args:
        model: in evaluation mode.
        objects: what the pictures show; those that were trained on.
        generator: decides which.
        pictures: how many.
    """
    classes = objects.sample(pictures, generator)
    features, shown = encode(model, classes).cpu(), canonical(classes)
    for f, book in enumerate(empty_codebooks(model)):
        sums = torch.zeros(len(book), model.dim).index_add_(0, shown[:, f], features[:, f])
        prototypes = sums / shown[:, f].bincount(minlength=len(book)).clamp(min=1)[:, None]
        same = torch.zeros(len(book), len(FACTORS), dtype=torch.int64)
        same[:, f] = torch.arange(len(book))
        with torch.no_grad():
            book.vectors.copy_(model.as_hypervectors(prototypes[distinct(same)[:, f]]))


def measure_reading(
    model: SceneModel, others: int, objects: Objects, n: int, generator: torch.Generator
) -> dict[str, dict[str, float]]:
    """How often unbinding and cleanup name the right value, before and after an edit; by feature.

    Args:
        model: in evaluation mode, with codebooks.
        others: how many objects are in a picture beside the one that is read, 0 or 1.
        objects: what the pictures are made of.
        n: pictures for each feature that is edited.
        generator: decides which.

    Returns:
        read, read_within_one: of the object as it was, over all 5 n pictures; read_edited, read_edited_within_one: of the edited
        feature after the edit; and read_untouched, of the four others after it, at most one step off. A feature that cannot be
        exchanged among these objects is left out of what is read after an edit.
    """
    before = Tally()
    after, untouched = Tally(), Tally()
    symmetry = torch.tensor(SYMMETRY)
    for f in range(len(FACTORS)):
        try:
            edits = sample_edits(n, (f,), others, objects, generator)
        except NotInPartError:  # `measure_edits` says so
            continue
        vectors, edited = edit_by_algebra(model, edits)
        own, given = symmetry[edits.first[:, SHAPE]], symmetry[edits.donors[:, f, SHAPE]]
        found = model.read(vectors, SLOT).cpu()
        found_after = model.read(edited, SLOT).cpu()
        for k in range(len(FACTORS)):
            before.add(k, steps_off(k, found[:, k], edits.first[:, k], own))
            tally, ambiguity = (after, given) if k == f else (untouched, own)
            tally.add(k, steps_off(k, found_after[:, k], edits.edited[:, k], ambiguity))
    if not before.off:  # nothing can be exchanged, but read it can be
        edits = sample_edits(n, (), others, objects, generator)
        found, own = model.read(edit_by_algebra(model, edits)[0], SLOT).cpu(), symmetry[edits.first[:, SHAPE]]
        for k in range(len(FACTORS)):
            before.add(k, steps_off(k, found[:, k], edits.first[:, k], own))
    return {
        "read": before.within(0.5),
        "read_within_one": before.within(1.5),
        "read_edited": after.within(0.5),
        "read_edited_within_one": after.within(1.5),
        "read_untouched": untouched.within(0.5),
        "read_untouched_within_one": untouched.within(1.5),
    }


class Tally:
    """How many steps off the classes of each feature were."""

    def __init__(self) -> None:
        self.off: dict[int, list[Tensor]] = {}

    def add(self, feature: int, off: Tensor) -> None:
        """Count classes of a feature that are so many steps off, [n]."""
        self.off.setdefault(feature, []).append(off)

    def within(self, most: float) -> dict[str, float]:
        """The share at most so many steps off, by feature; from one step on only of features that have an order."""
        return {
            FEATURES[f]: (torch.cat(off) < most).double().mean().item()
            for f, off in sorted(self.off.items())
            if most < 1 or FACTORS[f].ordered
        }


def read_objects(model: SceneModel, scenes: Tensor, present: Int64[Tensor, "n m 5"]) -> Tally:
    """What is read of every object of scenes.

    Args:
        model: in evaluation mode, with codebooks.
        scenes: [n, D].
        present: int64 [n, m, 5], the objects, slot by slot; ABSENT where there is none.
    """
    tally = Tally()
    for slot in range(present.shape[1]):
        there = present[:, slot, 0] != ABSENT
        truth = present[there, slot]
        if not len(truth):
            continue
        found, symmetry = model.read(scenes[there], slot).cpu(), torch.tensor(SYMMETRY)[truth[:, SHAPE]]
        for f in range(len(FACTORS)):
            tally.add(f, steps_off(f, found[:, f], truth[:, f], symmetry))
    return tally
