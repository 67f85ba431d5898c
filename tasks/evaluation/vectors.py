"""How disentangled feature vectors are: what each tells of each factor, and what changes when one is exchanged.

The metrics of numbers are not taken of them. A number for each vector needs a readout that is fitted to labels, and then the
classifier is what is measured: the true classes have the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tasks.data.population import Population
from tasks.evaluation.counterfactuals import draw, encode
from tasks.evaluation.disentanglement.slots import slotwise
from tasks.evaluation.latents import measure_exchange
from tasks.symbolic.model import SceneModel

if TYPE_CHECKING:
    from jaxtyping import Float


def measure_vectors(model: SceneModel, population: Population, samples: int, generator: torch.Generator) -> dict[str, Any]:
    """The metrics of a model of single objects.

    Args:
        model: of single objects.
        population: what is encoded.
        samples: objects for the probes to learn from, and as many to test on.
        generator: decides which.

    Returns:
        slots: of `slotwise` the accuracy, information, variance and chance, lists by feature vector, then by factor, as far as
        pictures show them; and its summary. disentanglement: DMM and DCM of feature vectors that are exchanged, judged on the
        picture that is decoded.
    """
    dataset = population.dataset
    classes = population.sample(2 * samples, generator)
    found = slotwise(encode(model, classes, dataset).cpu(), dataset.canonical(classes), generator)
    exchanged = measure_exchange(
        lambda given: encode(model, given, dataset).cpu(), lambda units: redraw(model, units), population, generator
    )
    matrices = {name: getattr(found, name).tolist() for name in ("accuracy", "information", "variance")}
    chance = dict(zip(dataset.features, found.chance.tolist(), strict=True))
    return {
        "slots": {**matrices, "chance": chance, **found.summary()},
        "disentanglement": exchanged,
    }


@torch.inference_mode()
def redraw(model: SceneModel, features: Float[Tensor, "n f dim"]) -> Float[Tensor, "n c h w"]:
    """The pictures of single objects of these feature vectors, on the CPU."""
    return draw(model, model.scene(model.object(features.to(model.device))[:, None]))
