"""The composition task, measured: how well the transformed picture is drawn of a reference, a command and the name of a factor.

It is judged against the very picture that the task asks for. Where reference and command leave open what that is, as how far a
square was turned is known up to a quarter alone, it is judged against the best of all that are right, too.

Beside it stand the pictures that a model was shown, drawn again, and two controls: the reference drawn as it is, as if nothing
had been asked for, and the transformed picture drawn again by a model that sees it, which no composition is expected to beat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from tasks.data.dataset import Dataset
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.data.triplets import Triplets, sample_triplets
from tasks.evaluation.counterfactuals import SLOT
from tasks.evaluation.drawing import CHUNK
from tasks.likelihood import Likelihood
from tasks.symbolic.model import SceneModel


class Shown(NamedTuple):
    """The pictures of triplets, [n, C, H, W] each, and the actions, int64 [n]."""

    reference: Tensor
    command: Tensor
    transformed: Tensor
    action: Tensor


class Parameters(NamedTuple):
    """What a model makes of them, the likelihood's parameters [n, C, H, W] each.

    Attributes:
        reference, command: drawn again.
        transformed: composed of both and the action.
        reconstruction: the transformed picture, drawn again.
    """

    reference: Tensor
    command: Tensor
    transformed: Tensor
    reconstruction: Tensor


Compose = Callable[[Shown], Parameters]
"""A model, on its own device."""


@torch.inference_mode()
def measure_triplets(
    compose: Compose, likelihood: Likelihood, population: Population, n: int, generator: torch.Generator, device: torch.device
) -> dict[str, float]:
    """Draw n samples of the composition task.

    Args:
        compose: what a model makes of pictures.
        likelihood: what its parameters say.
        population: what the samples are drawn from.
        n: how many.
        generator: decides which.
        device: where the model is.

    Returns:
        With the endings _iou, the mean IoU, and _nats, the mean negative log likelihood, summed over a picture:
        reference and command, drawn again; transformed, composed; unchanged, the reference drawn in place of the transformed
        picture; reconstruction, the transformed picture encoded and drawn again; known, the composed picture judged by the best
        of all that are right for what reference and command show, see `Dataset.alternatives`.

    Raises:
        NotInPartError: there are no such samples.
    """
    dataset = population.dataset
    triplets = sample_triplets(n, population, generator)
    overlaps: dict[str, list[Tensor]] = {}
    nats: dict[str, list[Tensor]] = {}
    for rows in torch.arange(n).split(CHUNK):
        shown = _observed(triplets, rows, population)
        drawn = Parameters(*(part.float().cpu() for part in compose(Shown(*(part.to(device) for part in shown)))))
        for name, parameters, truth in (
            ("reference", drawn.reference, shown.reference),
            ("command", drawn.command, shown.command),
            ("transformed", drawn.transformed, shown.transformed),
            ("unchanged", drawn.reference, shown.transformed),
            ("reconstruction", drawn.reconstruction, shown.transformed),
        ):
            seen = dataset.crisp(likelihood.mean(parameters))
            overlaps.setdefault(name, []).append(iou(seen, dataset.crisp(truth)))
            nats.setdefault(name, []).append(likelihood.loss(parameters, truth.float()).flatten(1).sum(1))
        right = _right(triplets, rows, dataset)
        overlap = iou(dataset.crisp(likelihood.mean(drawn.transformed))[:, None], dataset.crisp(right))
        error = likelihood.loss(drawn.transformed.repeat_interleave(right.shape[1], 0), right.flatten(0, 1).float())
        overlaps.setdefault("known", []).append(overlap.amax(1))
        nats.setdefault("known", []).append(error.flatten(1).sum(1).view(right.shape[:2]).amin(1))
    found = ((f"{name}_{kind}", parts) for kind, by in (("iou", overlaps), ("nats", nats)) for name, parts in by.items())
    return {name: torch.cat(parts).double().mean().item() for name, parts in found}


def _observed(triplets: Triplets, rows: Tensor, population: Population) -> Shown:
    """What some of the triplets look like."""
    classes = (triplets.reference[rows], triplets.command[rows], triplets.transformed[rows])
    reference, command, transformed = map(population.observe, classes)
    return Shown(reference, command, transformed, triplets.action[rows])


def _right(triplets: Triplets, rows: Tensor, dataset: Dataset) -> Tensor:
    """All transformed pictures [n, a, C, H, W] that are right for what references and commands show."""
    count = len(dataset.factors)
    taken = one_hot(triplets.action[rows], count).bool()[..., None]
    sources = torch.where(taken, triplets.command[rows][:, None], triplets.reference[rows][:, None])
    return dataset.alternatives(triplets.transformed[rows], sources)


def measure_composition(model: SceneModel, population: Population, n: int, generator: torch.Generator) -> dict[str, float]:
    """The composition task for a symbolic model, by algebra alone: nothing was learnt of it, and nothing is learnt.

    The feature vector of the action's factor is taken from the command's picture, and put in the place of the reference's.

    Args:
        model: in evaluation mode, whose features are the factors of the data set.
        population: what the samples are drawn from.
        n: how many.
        generator: decides which.

    Returns:
        As `measure_triplets`.

    Raises:
        NotInPartError: there are no such samples.
        SymbolError: the model has no feature of the name of a factor.
    """
    features = population.dataset.features

    def compose(shown: Shown) -> Parameters:
        reference, command, right = (model.features(part) for part in shown[:3])
        scenes = [model.scene(model.object(part)[:, None]) for part in (reference, command, right)]
        edited = scenes[0].clone()
        for f, name in enumerate(features):
            rows = shown.action == f
            edited[rows] = model.edit(edited[rows], SLOT, name, old=reference[rows, f], new=command[rows, f])
        return Parameters(*(model.parameters_of(part) for part in (scenes[0], scenes[1], edited, scenes[2])))

    return measure_triplets(compose, model.likelihood, population, n, generator, model.device)
