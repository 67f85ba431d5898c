"""Figures of CompositionNet: samples of the composition task, and what the net draws of them."""

from __future__ import annotations

from pathlib import Path

import torch

from tasks.composition.model import CompositionNet
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.data.triplets import sample_triplets
from tasks.evaluation.colours import coloured, rgb
from tasks.evaluation.grid import Panel, write_panels
from tasks.evaluation.latents import draw_codes, posteriors
from tasks.vae.figures import draw_latents

SHOWN = 10
"""Triplets in the figure."""


@torch.inference_mode()
def draw_triplets(model: CompositionNet, population: Population, path: Path, generator: torch.Generator) -> None:
    """Reference, command, the factor that is asked for, the transformed picture as it is right, and as the model draws it."""
    dataset = population.dataset
    triplets = sample_triplets(SHOWN, population, generator)
    given = (triplets.reference, triplets.command, triplets.transformed)
    reference, command = (posteriors(model.vae, classes, dataset)[0].to(model.device) for classes in given[:2])
    drawn = draw_codes(model.vae, model.compose(reference, command, triplets.action.to(model.device)))
    overlaps = iou(dataset.crisp(drawn), dataset.crisp(dataset.observe(triplets.transformed)))
    panel = Panel(
        torch.stack([*(coloured(dataset.observe(classes)) for classes in given), rgb(drawn)]),
        rows=("reference", "command", "transformed", "drawn"),
        notes={
            1: [dataset.features[f] for f in triplets.action.tolist()],
            3: [f"IoU {overlap:.2f}" for overlap in overlaps.tolist()],
        },
    )
    write_panels(
        path, [panel], "Below each command the factor that the transformed picture has of it; all others are the reference's."
    )


def draw_codes_of(model: CompositionNet, population: Population, path: Path, generator: torch.Generator) -> None:
    """A picture whose latents are changed one after the other."""
    draw_latents(model.vae, population, path, generator)


FIGURES = {"triplets.png": draw_triplets, "traversals.png": draw_codes_of}
