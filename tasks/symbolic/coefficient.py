"""The usual coefficient of the contrastive loss: it grows with the error of the pictures, beside which it shall count."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import torch

from tasks.config import RunConfig
from tasks.symbolic.config import StageConfig
from tasks.symbolic.losses import reconstruction
from tasks.task import likelihood_of, population_of, seed_of, split_of

FRACTION = 0.009
"""Of the reconstruction loss of the mean picture. It gives about 5 for dSprites, for which the coefficient was chosen."""

SAMPLED = 256
"""Training pictures, or frames of clips, of which the mean is taken."""

DIGITS = 3
"""Significant ones: sums differ in the last places with the number of threads, and the processes of a run must agree."""


def contrastive_coefficient(config: StageConfig) -> float:
    """What the contrastive loss is multiplied by: the number that was set, else a fixed fraction of the mean picture's loss.

    It is computed once for the settings that it depends on; afterwards it is looked up.

    Example:
        >>> from tasks.symbolic.config import PairedConfig
        >>> contrastive_coefficient(PairedConfig(contrastive=2.0))
        2.0
        >>> contrastive_coefficient(PairedConfig(dataset="simple", likelihood="bernoulli")) > 15
        True
    """
    if config.contrastive is not None:
        return config.contrastive
    names, split = ("dataset", "data", "likelihood", "deviation", "seed"), split_of(config)
    seen = RunConfig(validation=split.validation, test=split.test, **{name: getattr(config, name) for name in names})
    return float(f"{FRACTION * mean_picture_loss(seen, config.loss, config.reduction):.{DIGITS}g}")


@lru_cache(maxsize=8)
def mean_picture_loss(config: RunConfig, kind: Literal["bce", "mse"], reduction: Literal["sum", "mean"]) -> float:
    """The reconstruction loss of a model that draws the mean of some training pictures, whatever it is shown.

    Args:
        config: data set, split, likelihood and seed; for equal ones it is computed once.
        kind, reduction: see `reconstruction`.

    Example:
        >>> 1900 < mean_picture_loss(RunConfig(dataset="simple", likelihood="bernoulli"), "bce", "sum") < 2000
        True
    """
    population = population_of(config, "train")
    generator = torch.Generator().manual_seed(seed_of(config.seed, "mean picture"))
    pictures = population.observe(population.sample(-(-SAMPLED // (population.dataset.frames or 1)), generator)).float()
    mean = pictures.mean(0, keepdim=True).logit(1e-6)  # the parameters of both likelihoods are log odds
    return reconstruction(mean.expand_as(pictures), pictures, likelihood_of(config), kind, reduction).item()
