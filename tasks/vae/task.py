"""The VAE family as a task: pictures as codes of a few numbers, without labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from tasks.data.population import Population
from tasks.data.schemes import SCHEMES, Batch
from tasks.evaluation.drawing import measure_drawing
from tasks.evaluation.latents import check_codes, measure_codes, measure_latents
from tasks.networks import make
from tasks.provenance import Provenance
from tasks.symbolic.losses import reconstruction
from tasks.task import Task, dataset_of, likelihood_of, population_of, seed_of, warn_of
from tasks.training.budget import constant
from tasks.training.manifest import RunFiles
from tasks.vae.cascade import CascadeVAE
from tasks.vae.config import LatentConfig, VAEConfig
from tasks.vae.figures import FIGURES, animations
from tasks.vae.lie_group import LieGroupVAE
from tasks.vae.model import VAE, Drawn, latent_discriminator
from tasks.vae.objectives import OBJECTIVES

DISCRIMINATOR = {"lr": 1e-4, "betas": (0.5, 0.9)}
"""Of Adam, for FactorVAE's discriminator; from its paper."""


@dataclass(frozen=True)
class VAETask(Task[VAEConfig, VAE]):
    """The task of the VAE family."""

    def build(self, config: VAEConfig) -> VAE:
        """The untrained model; its weights depend on the seed alone."""
        if config.objective == "lie":
            model = build_group(config)
        elif config.classes:
            model = build_cascade(config)
        else:
            model = build_vae(config, config.seed, config.objective == "factor")
        model.provenance = Provenance(self.name, config)
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
        """How badly the batch is drawn again, and what the objective asks beside it."""
        asked: dict[str, Any] = {"averaged": True} if config.objective == "ada" else {}
        if config.classes and spent >= config.begin:
            asked["pairwise"] = config.pairwise
        drawn: Drawn = model(batch.pictures, noise=batch.noise, shard=batch.shard, **asked)
        error = reconstruction(drawn.parameters, batch.shard.of(batch.targets), likelihood_of(config), config.loss)
        return error + OBJECTIVES[config.objective](config, drawn, spent, batch.noise)

    def optimizer(self, config: VAEConfig, model: VAE, fused: bool) -> torch.optim.Optimizer:
        """Adam; FactorVAE's discriminator has rates of its own."""
        judging = [] if model.discriminator is None else [*model.discriminator.parameters()]
        its = {id(weight) for weight in judging}
        groups: list[dict[str, Any]] = [{"params": [weight for weight in model.parameters() if id(weight) not in its]}]
        if judging:
            groups.append({"params": judging, **DISCRIMINATOR})
        return torch.optim.AdamW(groups, lr=config.learning_rate, weight_decay=0.0, fused=fused)

    def rehearse(self, model: VAE, config: VAEConfig) -> None:
        """As every task, but that the metrics of disentanglement, which take long, are drawn for and not computed."""
        super().rehearse(model, replace(config, samples=0))
        warn_of_codes(config)

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
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder, decoder = _networks(config, config.latents, 1, config.latents)
        discriminator = latent_discriminator(config.latents) if discriminated else None
    vae = VAE(encoder, decoder, config.latents, discriminator, likelihood_of(config))
    vae.image = dataset_of(config).picture
    return vae


def build_cascade(config: VAEConfig) -> CascadeVAE:
    """An untrained CascadeVAE; its weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        encoder, decoder = _networks(config, config.latents, 1, config.latents + config.classes)
    model = CascadeVAE(encoder, decoder, config.latents, config.classes, likelihood_of(config))
    model.image = dataset_of(config).picture
    return model


def build_group(config: VAEConfig) -> LieGroupVAE:
    """An untrained Lie group VAE; its weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        encoder, decoder = _networks(config, 1, config.side**2, config.side**2)
        model = LieGroupVAE(encoder, decoder, config.latents, config.side, likelihood_of(config))
    model.image = dataset_of(config).picture
    return model


def _networks(config: LatentConfig, features: int, dim: int, drawn: int) -> tuple[nn.Module, nn.Module]:
    """An encoder to so many vectors of that dimension, and a decoder of vectors of `drawn` numbers."""
    dataset = dataset_of(config)
    image, axes = likelihood_of(config).parameters(dataset.picture), dataset.axes
    encoder = make("encoder", config.encoder, image=dataset.picture, features=features, dim=dim, axes=axes)
    # What is drawn has the features of the data set, however many latents tell of them.
    return encoder, make("decoder", config.decoder, image=image, features=len(dataset.features), dim=drawn, axes=axes)


def warn_of_codes(config: LatentConfig) -> None:
    """Say on standard error which metrics of disentanglement the test part does not allow for, if they are asked for."""
    if config.samples:
        generator = torch.Generator().manual_seed(seed_of(config.seed, "rehearse"))
        warn_of(check_codes(population_of(config, "test"), config.samples, generator))


def pictures(n: int, population: Population, generator: torch.Generator) -> Batch:
    """A batch of n random pictures, each its own target."""
    classes = population.sample(n, generator)
    seen = population.observe(classes)
    return Batch(seen, population.dataset.canonical(classes), torch.arange(n)[:, None, None].expand(n, 1, classes.shape[1]), seen)


def evaluate(model: VAE, population: Population, config: VAEConfig, generator: torch.Generator) -> dict[str, Any]:
    """How pictures are drawn again, what each latent holds, and how disentangled they are."""
    drawn = measure_drawing(model.redrawn, model.likelihood, population, config.evaluate, generator, model.device)
    told = measure_latents(model, population, config.evaluate, generator)
    return drawn | told | (measure_codes(model, population, config.samples, generator) if config.samples else {})


TASK = VAETask(name="vae", config=VAEConfig, evaluate=evaluate, figures=FIGURES, schedule=constant)
run, build, learn = TASK.run, TASK.build, TASK.learn
