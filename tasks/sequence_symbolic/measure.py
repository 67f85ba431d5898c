"""Clips, measured: what is read of their vectors, and what is drawn after edits by algebra, against the exact clips.

Errors are squared differences of values from 0 to 1, averaged over all values of a clip. An edit is judged against the exact
clip of the edited classes, which no model drew; what it costs is said as a multiple of the error of reconstruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.dataset import Dataset
from tasks.data.population import Population
from tasks.evaluation.counterfactuals import SLOT, Edits, edit_by_algebra, edit_from_vector, sample_edits
from tasks.metrics_tables import LEFT_OUT
from tasks.symbolic.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64

CHUNK = 32
"""Clips that are drawn at once."""

MEAN_OF = 256
"""Training clips of which the mean clip is taken."""


def measure_clips(model: SceneModel, population: Population, n: int, generator: torch.Generator) -> dict[str, Any]:
    """What n test clips for each number say of a model of clips.

    Args:
        model: in evaluation mode, with codebooks.
        population: what the clips show; never trained on, or the numbers mean little.
        n: clips for each factor that is edited.
        generator: decides which.

    Returns:
        read, by factor, and read_all: the share of clips of which unbinding and cleanup name it rightly, and all factors.
        reconstruction_error: of clips that are encoded and drawn again. By factor: edit_error, of clips one of whose factors
        was edited from the clip's vector alone, its new vector a donor's; codebook_error, the same with the new vector of the
        codebook; recomposed_error, where the very vector that was put in is taken out; edit_ratio, edit_error over the
        reconstruction error of the same clips; read_edited, how often the edited factor is read rightly then, and
        read_untouched, all others. assembly_error and assembly_ratio: where all factors come from donors of their own.
        without_model: unedited_error, of the exact clip before the edit, by factor; mean_error, of the mean training clip; and
        neighbour_error, of the nearest of those training clips that differ in one factor. left_out: by factor, why it cannot
        be exchanged among these clips.
    """
    dataset, everything = population.dataset, tuple(range(len(population.dataset.factors)))
    by_name: dict[str, dict[str, float]] = {name: {} for name in (*EDITED, "unedited_error")}
    left_out: dict[str, str] = {}
    errors: list[Tensor] = []
    right: list[Tensor] = []
    assembly: dict[str, float] = {}
    for chosen in (*((f,) for f in everything), everything):
        name = dataset.features[chosen[0]] if len(chosen) == 1 else "assembly"
        try:
            edits = sample_edits(n, chosen, 0, population, generator)
        except NotInPartError as error:
            left_out[name] = str(error)
            continue
        before, recomposed = edit_by_algebra(model, edits)
        after = edit_from_vector(model, edits, before)
        drawn, edited = drawn_errors(model, before, edits.first, dataset), drawn_errors(model, after, edits.edited, dataset)
        if len(chosen) > 1:
            assembly = {"assembly_error": _mean(edited), "assembly_ratio": _mean(edited) / _mean(drawn)}
            continue
        errors.append(drawn)
        right.append(_read(model, before, edits.first, dataset))
        now = _read(model, after, edits.edited, dataset)
        f = edits.feature
        known = model.edit(before, SLOT, name, new=model.prototype(name, edits.edited[:, f].to(model.device)))
        found = {
            "edit_error": _mean(edited),
            "edit_ratio": _mean(edited) / _mean(drawn),
            "codebook_error": _mean(drawn_errors(model, known, edits.edited, dataset)),
            "recomposed_error": _mean(drawn_errors(model, recomposed, edits.edited, dataset)),
            "read_edited": _mean(now[:, f]),
            "read_untouched": _mean(now[:, [k for k in everything if k != f]]),
            "unedited_error": _mean(exact_errors(edits, dataset)),
        }
        for key, value in found.items():
            by_name[key][name] = value
    if not errors:  # nothing can be exchanged, but drawn and read it can be
        edits = sample_edits(n, (), 0, population, generator)
        before, _ = edit_by_algebra(model, edits)
        errors.append(drawn_errors(model, before, edits.first, dataset))
        right.append(_read(model, before, edits.first, dataset))
    read = torch.cat(right)
    controls = {"unedited_error": by_name.pop("unedited_error")} | measure_controls(population, min(n, 100), generator)
    return {
        "reconstruction_error": _mean(torch.cat(errors)),
        "read": dict(zip(dataset.features, read.double().mean(0).tolist(), strict=True)),
        "read_all": _mean(read.all(1)),
        **by_name,
        **assembly,
        "without_model": controls,
        **({LEFT_OUT: left_out} if left_out else {}),
    }


EDITED = ("edit_error", "edit_ratio", "codebook_error", "recomposed_error", "read_edited", "read_untouched")
"""What is measured of edits, by factor."""


@torch.inference_mode()
def drawn_errors(
    model: SceneModel, vectors: Float[Tensor, "n dim"], classes: Int64[Tensor, "n f"], dataset: Dataset
) -> Float[Tensor, " n"]:
    """The squared error a value of what a model draws of vectors, against the exact clips of classes."""
    parts = zip(vectors.split(CHUNK), classes.split(CHUNK), strict=True)
    return torch.cat([errors_of(model.decode(part).cpu(), dataset.observe(shown)) for part, shown in parts])


def errors_of(drawn: Float[Tensor, "n *shape"], exact: Tensor) -> Float[Tensor, " n"]:
    """The squared error a value of each observation.

    Example:
        >>> errors_of(torch.full((1, 2, 1, 1, 1), 0.5), torch.ones(1, 2, 1, 1, 1, dtype=torch.uint8))
        tensor([0.2500])
    """
    return (drawn - exact.float()).square().flatten(1).mean(1)


def exact_errors(edits: Edits, dataset: Dataset) -> Float[Tensor, " n"]:
    """The error of the exact clip before an edit: of who does not edit at all."""
    parts = zip(edits.first.split(CHUNK), edits.edited.split(CHUNK), strict=True)
    return torch.cat([errors_of(dataset.observe(first).float(), dataset.observe(edited)) for first, edited in parts])


def measure_controls(population: Population, n: int, generator: torch.Generator) -> dict[str, float]:
    """The errors of two that have no model: the mean training clip, and the nearest of the training clips one factor away.

    Args:
        population: what is measured.
        n: how many clips.
        generator: decides which.

    Returns:
        mean_error; and neighbour_error, of those clips from which a training clip differs in one factor, if there are any.
    """
    dataset = population.dataset
    trained = Population(dataset, "train", population.split)
    every = trained.sample(MEAN_OF, torch.Generator().manual_seed(0))
    mean = torch.stack([dataset.observe(part).float().mean(0) for part in every.split(CHUNK)]).mean(0, keepdim=True)
    classes = population.sample(n, generator)
    exact = dataset.observe(classes)
    near: list[Tensor] = []
    for shown, clip in zip(classes, exact, strict=True):
        around = torch.cat([_others(shown, f, trained) for f in range(len(dataset.factors))])
        if len(around):
            near.append(errors_of(dataset.observe(around).float(), clip[None].expand(len(around), *clip.shape)).min()[None])
    found = {"mean_error": _mean(errors_of(mean.expand(len(exact), *mean.shape[1:]), exact))}
    return found | ({"neighbour_error": _mean(torch.cat(near))} if near else {})


def _others(classes: Int64[Tensor, " f"], factor: int, population: Population) -> Int64[Tensor, "m f"]:
    """The combinations of a population that differ from one in this factor alone."""
    allowed = population.others(classes[None], factor)[0].nonzero()[:, 0]
    around = classes.expand(len(allowed), -1).clone()
    around[:, factor] = allowed
    return around


def _read(model: SceneModel, vectors: Tensor, classes: Tensor, dataset: Dataset) -> Bool[Tensor, "n f"]:
    """Whether each factor is read rightly, of what clips show."""
    return dataset.steps_off(model.read(vectors, SLOT).cpu(), classes) < 0.5


def _mean(values: Tensor) -> float:
    return values.double().mean().item()
