"""Figures of a VAE: pictures drawn again, and what each latent does to one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.evaluation.latent_figures import draw_reconstructions, draw_traversals, write_gif
from tasks.evaluation.latents import ACTIVE, Coder, codes_of, draw_codes, posteriors

SHOWN = 10
"""Pictures in the figure of reconstructions."""

MEASURED = 500
"""Pictures of which the posterior variances are averaged."""


def _variances(model: Coder, population: Population, generator: torch.Generator) -> Tensor:
    """The average posterior variance of each latent, [L]."""
    return posteriors(model, population.sample(MEASURED, generator), population.dataset)[1].exp().mean(0)


def draw_again(model: Coder, population: Population, path: Path, generator: torch.Generator) -> None:
    """Pictures, and what the model draws of them."""
    classes, dataset = population.sample(SHOWN, generator), population.dataset
    drawn = draw_codes(model, codes_of(model, classes, dataset))
    overlaps = iou(dataset.crisp(drawn), dataset.crisp(dataset.observe(classes)))
    draw_reconstructions(dataset.observe(classes), drawn, overlaps, path)


def draw_latents(model: Coder, population: Population, path: Path, generator: torch.Generator) -> None:
    """A picture whose latents are changed from -3 to 3 one after the other, those that tell most first."""
    variances = _variances(model, population, generator)
    code = codes_of(model, population.sample(1, generator), population.dataset)[0]
    draw_traversals(partial(draw_codes, model), code, variances.argsort().tolist(), variances, path)


def animations(model: Coder, population: Population, generator: torch.Generator) -> Iterator[tuple[int, Callable[[Path], Any]]]:
    """Each active latent, and what writes an animation of it."""
    variances = _variances(model, population, generator)
    code = codes_of(model, population.sample(1, generator), population.dataset)[0]
    for latent in (variances < ACTIVE).nonzero()[:, 0].tolist():
        yield latent, partial(write_gif, partial(draw_codes, model), code, latent)


FIGURES = {"reconstructions.png": draw_again, "traversals.png": draw_latents}
