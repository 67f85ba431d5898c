"""Edits, measured: what is drawn after them, and what of all this a part of a split does not allow for.

Two edits are measured on the same pictures. They differ in what is taken out of the scene's vector:

* the recomposition subtracts the very vector that was put in, which the encoder gave: what is left is as if it had never been
  there. Its numbers say how features compose;
* the edit from the vector alone subtracts what unbinding and cleanup find in the scene's vector, and knows nothing else of what
  the picture shows. Its numbers say how scenes are edited, and stand under `from_vector`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.overlap import document_score, iou
from tasks.data.population import Population
from tasks.evaluation.counterfactuals import Edits, draw, edit_by_algebra, edit_from_vector, sample_edits
from tasks.symbolic.model import SceneModel

ASSEMBLY = "assembly"
"""What stands instead of a feature where all features are exchanged."""


def measure_edits(model: SceneModel, others: int, population: Population, n: int, generator: torch.Generator) -> dict[str, Any]:
    """Reconstruction and edits of n test pictures for each feature, and n objects assembled from a donor for each.

    Args:
        model: in evaluation mode.
        others: how many objects are in a picture beside the edited one, 0 or 1.
        population: what the pictures are made of; never trained on, or the numbers mean little.
        n: pictures for each number.
        generator: decides which.

    Returns:
        reconstruction_iou: the mean over all pictures; reconstruction_document, the score of dSprites VSA of the same.
        By feature: edit_iou, the mean IoU with the truth after the edit; edit_shown, the share of pictures that show the right
        value; edit_shown_within_one, of those at most one step off (for the features that have an order). assembly_iou: the
        mean IoU with the truth after all features were taken, each from a donor of its own. from_vector: the same four names, of
        edits from the scene's vector alone, where the model has codebooks.
        Where they are not empty: left_out, by feature or "assembly", why it cannot be exchanged among these objects; and
        across_parts, a list of those (or "reconstruction") whose donors, and what is beside the object, come from all parts, or
        the object itself before it was edited.
    """
    reconstruction: list[Tensor] = []
    left_out: dict[str, str] = {}
    across: list[str] = []
    exact, alone = _Judged(), _Judged()
    dataset, everything = population.dataset, tuple(range(len(population.dataset.factors)))
    for chosen in (*((f,) for f in everything), everything):
        name = dataset.features[chosen[0]] if len(chosen) == 1 else ASSEMBLY
        try:
            edits = sample_edits(n, chosen, others, population, generator)
        except NotInPartError as error:
            left_out[name] = str(error)
            continue
        across += [name] if edits.across else []
        before, after = edit_by_algebra(model, edits)
        reconstruction.append(iou(dataset.crisp(draw(model, before)), dataset.crisp(edits.scenes())))
        exact.add(name, edits, dataset.crisp(draw(model, after)), population)
        if len(model.codebooks):
            alone.add(name, edits, dataset.crisp(draw(model, edit_from_vector(model, edits, before))), population)
    if not reconstruction:  # nothing can be exchanged, but drawn it can be
        edits = sample_edits(n, (), others, population, generator)
        across += ["reconstruction"] if others else []
        reconstruction.append(iou(dataset.crisp(draw(model, edit_by_algebra(model, edits)[0])), dataset.crisp(edits.scenes())))
    overlaps = torch.cat(reconstruction)
    return {
        "reconstruction_iou": overlaps.double().mean().item(),
        "reconstruction_document": document_score(overlaps).double().mean().item(),
        **exact.metrics(),
        **({"from_vector": alone.metrics()} if len(model.codebooks) else {}),
        **({"left_out": left_out} if left_out else {}),
        **({"across_parts": across} if across else {}),
    }


class _Judged:
    """What pictures after edits show."""

    def __init__(self) -> None:
        self.overlap: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        self.within: dict[str, float] = {}

    def add(self, name: str, edits: Edits, pictures: Tensor, population: Population) -> None:
        """Judge the pictures [n, C, H, W], as `Dataset.crisp` gives them, of edits of one feature, or of all."""
        self.overlap[name] = edits.best_truths(pictures)[1].double().mean().item()
        if len(edits.features) > 1:
            return
        parts = zip(pictures.split(64), edits.split(64), strict=True)
        off = edits.steps_off(torch.cat([part.shows(seen, population.allowed[edits.feature]) for seen, part in parts]))
        self.shown[name] = (off < 0.5).double().mean().item()
        if edits.dataset.factors[edits.feature].ordered:
            self.within[name] = (off < 1.5).double().mean().item()

    def metrics(self) -> dict[str, Any]:
        """By name, and by feature."""
        found = {"edit_iou": self.overlap, "edit_shown": self.shown, "edit_shown_within_one": self.within}
        assembly = {f"{ASSEMBLY}_iou": self.overlap.pop(ASSEMBLY)} if ASSEMBLY in self.overlap else {}
        return found | assembly
