"""The VAE family as a task: pictures as codes of a few numbers, without labels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from tasks.about import About
from tasks.data.population import Population
from tasks.data.schemes import SCHEMES, Batch
from tasks.evaluation.drawing import measure_drawing
from tasks.evaluation.latents import check_codes, measure_codes, measure_latents
from tasks.networks import make
from tasks.symbolic.losses import reconstruction
from tasks.task import Task, dataset_of, likelihood_of, population_of, seed_of, warn_of
from tasks.training.budget import constant
from tasks.training.manifest import RunFiles
from tasks.vae.config import LatentConfig, VAEConfig
from tasks.vae.figures import FIGURES, animations
from tasks.vae.losses import capacity, decomposed_kl, density_ratio, discrimination, kl_of_latents
from tasks.vae.model import VAE, Drawn, latent_discriminator

DISCRIMINATOR = {"lr": 1e-4, "betas": (0.5, 0.9)}
"""Of Adam, for FactorVAE's discriminator; from its paper."""


@dataclass(frozen=True)
class VAETask(Task[VAEConfig, VAE]):
    """The task of the VAE family."""

    def build(self, config: VAEConfig) -> VAE:
        """The untrained model; its weights depend on the seed alone."""
        model = build_vae(config, config.seed, config.objective == "factor")
        model.about = About(self.name, config)
        return model

    def batch(self, config: VAEConfig, population: Population, number: int) -> Batch:
        """Random pictures; for Ada-GVAE pairs that differ in a random set of features, which are not told."""
        generator = torch.Generator().manual_seed(seed_of(config.seed, "batch", number))
        if config.objective == "ada":
            batch = SCHEMES["subset"](config.batch_size, 1, population, generator)
        else:
            batch = pictures(config.batch_size, population, generator)
        return replace(batch, noise=seed_of(config.seed, "noise", number))

    def loss(self, config: VAEConfig, model: nn.Module, batch: Batch, spent: float) -> Tensor:
        """The negative ELBO, with what the objective makes of its second term."""
        drawn: Drawn = model(batch.pictures, noise=batch.noise, averaged=config.objective == "ada", share=batch.share)
        error = reconstruction(drawn.parameters, batch.share.of(batch.targets), likelihood_of(config))
        kl = kl_of_latents(drawn.mean, drawn.logvar).sum()
        if config.objective == "capacity":
            return error + capacity(kl, config.gamma, config.capacity * min(1.0, 2 * spent))
        if config.objective == "tc":
            information, correlation, rest = decomposed_kl(
                drawn.sample, drawn.mean, drawn.logvar, math.prod(dataset_of(config).counts)
            )
            return error + information + config.beta * correlation + rest
        if drawn.joint is not None and drawn.told is not None:
            return error + kl + config.gamma * density_ratio(drawn.joint) + discrimination(*drawn.told)
        return error + config.beta * kl

    def optimizer(self, config: VAEConfig, model: VAE, fused: bool) -> torch.optim.Optimizer:
        """Adam; FactorVAE's discriminator has rates of its own."""
        groups: list[dict[str, Any]] = [{"params": [*model.encoder.parameters(), *model.decoder.parameters()]}]
        if model.discriminator is not None:
            groups.append({"params": [*model.discriminator.parameters()], **DISCRIMINATOR})
        return torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=0.0, fused=fused)

    def rehearse(self, model: VAE, config: VAEConfig) -> None:
        """As every task, but that the metrics of disentanglement, which take long, are drawn for and not computed."""
        super().rehearse(model, replace(config, samples=0))
        if config.samples:
            generator = torch.Generator().manual_seed(seed_of(config.seed, "rehearse"))
            warn_of(check_codes(population_of(config, "test"), config.samples, generator))

    def pictures(self, config: VAEConfig) -> list[str]:
        """The names of the figures, and of an animation for each latent."""
        return [*super().pictures(config), *(f"z{latent}.gif" for latent in range(config.latents))]

    def draw(self, model: VAE, config: VAEConfig, files: RunFiles) -> None:
        """Write the figures, and an animation of each latent that tells something."""
        super().draw(model, config, files)
        for latent, animate in animations(model, population_of(config, "test"), torch.Generator().manual_seed(config.seed)):
            with files.replacing(f"z{latent}.gif") as part:
                animate(part)


def build_vae(config: LatentConfig, seed: int, discriminated: bool = False) -> VAE:
    """An untrained VAE; its weights depend on the seed alone."""
    dataset = dataset_of(config)
    likelihood = likelihood_of(config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = make("encoder", config.encoder, image=dataset.picture, features=config.latents, dim=1)
        decoder = make("decoder", config.decoder, image=likelihood.parameters(dataset.picture), dim=config.latents)
        discriminator = latent_discriminator(config.latents) if discriminated else None
    vae = VAE(encoder, decoder, config.latents, discriminator, likelihood)
    vae.image = dataset.picture
    return vae


def pictures(n: int, population: Population, generator: torch.Generator) -> Batch:
    """A batch of n random pictures, each its own target."""
    classes = population.sample(n, generator)
    seen = population.observe(classes)
    return Batch(seen, population.dataset.canonical(classes), torch.arange(n)[:, None, None].expand(n, 1, classes.shape[1]), seen)


def evaluate(model: VAE, population: Population, config: VAEConfig, generator: torch.Generator) -> dict[str, Any]:
    """How pictures are drawn again, what each latent holds, and how disentangled they are."""
    drawn = measure_drawing(
        lambda given: model.parameters_of(model.codes(given)),
        model.likelihood,
        population,
        config.evaluate,
        generator,
        model.device,
    )
    told = measure_latents(model, population, config.evaluate, generator)
    return drawn | told | (measure_codes(model, population, config.samples, generator) if config.samples else {})


TASK = VAETask(name="vae", config=VAEConfig, evaluate=evaluate, figures=FIGURES, schedule=constant)
run, build, learn = TASK.run, TASK.build, TASK.learn
