"""ID-GAN as a task: sharp pictures from the codes of a VAE that was trained before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.data.population import Population
from tasks.data.schemes import Batch
from tasks.evaluation.drawing import measure_drawing
from tasks.id_gan.config import IDGANConfig
from tasks.id_gan.model import IDGAN, Judged
from tasks.networks import make
from tasks.provenance import Provenance
from tasks.task import Task, dataset_of, seed_of
from tasks.training.budget import constant
from tasks.vae.figures import draw_again, draw_latents
from tasks.vae.task import build_vae, pictures
from tasks.weights import open_weights
from vsa.errors import InputError


@dataclass(frozen=True)
class IDGANTask(Task[IDGANConfig, IDGAN]):
    """The task of ID-GAN."""

    def build(self, config: IDGANConfig) -> IDGAN:
        """The untrained model, with an untrained VAE; its weights depend on the seed alone."""
        vae = build_vae(config, config.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed + 1)
            dataset = dataset_of(config)
            image, features = dataset.picture, len(dataset.features)
            drawn = vae.likelihood.parameters(image)
            known = {"features": features, "dim": config.latents + config.noise, "axes": dataset.axes}
            generator = make("decoder", config.decoder, image=drawn, **known)
            # Its one number is no place.
            discriminator = make("encoder", config.encoder, image=image, features=1, dim=1, axes=(None, None))
        model = IDGAN(vae, generator, discriminator, config.noise, config.average)
        model.provenance, model.image = Provenance(self.name, config), image
        return model

    def start_from(self, model: IDGAN, path: Path) -> None:
        """Give a model the VAE of a file.

        Raises:
            InputError: there is no such file, or it holds no VAE of these networks and latents.
        """
        parts = ("encoder.", "decoder.")
        weights = {name: weight for name, weight in open_weights(path)[1].items() if name.startswith(parts)}
        try:
            model.vae.load_state_dict(weights)
        except RuntimeError as error:
            raise InputError(
                f"{path} holds no VAE of these settings: give its --latents, --encoder and --decoder; {error}"
            ) from error

    def batch(self, config: IDGANConfig, population: Population, number: int) -> Batch:
        """Random pictures."""
        batch = pictures(config.batch_size, population, torch.Generator().manual_seed(seed_of(config.seed, "batch", number)))
        return replace(batch, noise=seed_of(config.seed, "noise", number))

    def loss(self, config: IDGANConfig, model: nn.Module, batch: Batch, spent: float) -> Tensor:
        """What the generator and what the discriminator makes small; neither term has a gradient for the other side."""
        shard = batch.shard
        judged: Judged = model(shard.of(batch.pictures), noise=batch.noise + shard.process)
        generator = F.softplus(-judged.drawn) + config.information * judged.surprise
        discriminator = F.softplus(-judged.true) + F.softplus(judged.false) + config.penalty * judged.gradient
        return (generator + discriminator).mean()

    def optimizer(self, config: IDGANConfig, model: IDGAN, fused: bool) -> torch.optim.Optimizer:
        """RMSprop, with rates of its own for each side; each step is taken into the averaged generator."""
        groups = [
            {"params": [*model.generator.parameters()]},
            {"params": [*model.discriminator.parameters()], "lr": config.discriminator_rate},
        ]
        optimizer = torch.optim.RMSprop(groups, lr=config.learning_rate)
        optimizer.register_step_post_hook(lambda *given: model.average())
        return optimizer


def evaluate(model: IDGAN, population: Population, config: IDGANConfig, generator: torch.Generator) -> dict[str, Any]:
    """How the generator draws pictures from their codes."""
    return measure_drawing(model.redrawn, model.likelihood, population, config.evaluate, generator, model.device)


TASK = IDGANTask(
    name="id-gan",
    config=IDGANConfig,
    evaluate=evaluate,
    figures={"reconstructions.png": draw_again, "traversals.png": draw_latents},
    schedule=constant,
)
run, build, learn = TASK.run, TASK.build, TASK.learn
