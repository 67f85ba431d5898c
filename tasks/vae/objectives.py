"""What each objective of the VAE family asks of a batch, beside that it is drawn again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from tasks.task import dataset_of, seed_of
from tasks.vae.cascade import cascade, let_in
from tasks.vae.config import VAEConfig
from tasks.vae.losses import capacity_penalty, decomposed_kl, density_ratio, discrimination, kl_of_latents
from tasks.vae.model import Drawn
from tasks.vae.wasserstein import discrepancy, of_prior, widths
from vsa.errors import ShapeError

Objective = Callable[[VAEConfig, Drawn, float, int], Tensor]
"""A scalar, of the settings, what the model made of a batch, the share of the budget that is spent, and the seed of noise."""


def of_beta(config: VAEConfig, drawn: Drawn, spent: float, noise: int) -> Tensor:
    """The KL, beta times; also Ada-GVAE's, whose posteriors are averaged before."""
    return config.beta * kl_of_latents(drawn.mean, drawn.logvar).sum()


def of_capacity(config: VAEConfig, drawn: Drawn, spent: float, noise: int) -> Tensor:
    """The distance of the KL from a capacity that grows over the first half of the budget."""
    return capacity_penalty(kl_of_latents(drawn.mean, drawn.logvar).sum(), config.gamma, config.capacity * min(1.0, 2 * spent))


def of_factor(config: VAEConfig, drawn: Drawn, spent: float, noise: int) -> Tensor:
    """The KL and the total correlation, and what the discriminator that tells the latter makes small."""
    if drawn.joint is None or drawn.told is None:
        raise ShapeError("the objective factor needs a model with a discriminator")
    kl = kl_of_latents(drawn.mean, drawn.logvar).sum()
    return kl + config.gamma * density_ratio(drawn.joint) + discrimination(*drawn.told)


def of_correlation(config: VAEConfig, drawn: Drawn, spent: float, noise: int) -> Tensor:
    """The KL in three parts, of which the total correlation counts beta times."""
    size = math.prod(dataset_of(config).counts)
    information, correlation, rest = decomposed_kl(drawn.sample, drawn.mean, drawn.logvar, size)
    return information + config.beta * correlation + rest


def of_discrepancy(config: VAEConfig, drawn: Drawn, spent: float, noise: int) -> Tensor:
    """How far the codes of the batch are from as many samples of the prior, and how far posteriors are from variance 1."""
    generator = torch.Generator(drawn.sample.device).manual_seed(seed_of(noise, "prior"))  # not that of the posteriors
    prior = of_prior(drawn.sample, config.variance, generator)
    return config.gamma * discrepancy(drawn.sample, prior) + config.logvar * widths(drawn.logvar)


def of_cascade(config: VAEConfig, drawn: Drawn, spent: float, noise: int) -> Tensor:
    """The KL, beta times for latents that are let in, gamma times for those that are not yet."""
    inside = let_in(spent, config.interval, config.begin if config.classes else None)
    return cascade(kl_of_latents(drawn.mean, drawn.logvar), inside, config.beta, config.gamma)


def of_group(config: VAEConfig, drawn: Drawn, spent: float, noise: int) -> Tensor:
    """The KL, the products of the basis, and how far the encoder's matrices are from those of the codes."""
    if drawn.group is None:
        raise ShapeError("the objective lie needs a model with a group")
    crossing, apart = drawn.group
    return config.beta * kl_of_latents(drawn.mean, drawn.logvar).sum() + config.gamma * crossing + config.nearness * apart


OBJECTIVES: Mapping[str, Objective] = {
    "beta": of_beta,
    "capacity": of_capacity,
    "factor": of_factor,
    "tc": of_correlation,
    "ada": of_beta,
    "mmd": of_discrepancy,
    "cascade": of_cascade,
    "lie": of_group,
}
"""By the name of the setting."""
