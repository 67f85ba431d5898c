"""The composition task: a picture with one factor of another, told which, by CompositionNet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from tasks.composition.config import CompositionConfig
from tasks.composition.figures import FIGURES
from tasks.composition.model import Composed, CompositionNet
from tasks.composition.operators import OPERATORS
from tasks.data.checks import NotInPartError
from tasks.data.population import Population
from tasks.data.schemes import Batch
from tasks.data.triplets import sample_triplets
from tasks.evaluation.composing import Compose, Parameters, Shown, measure_triplets
from tasks.evaluation.drawing import measure_drawing
from tasks.evaluation.latents import measure_codes
from tasks.provenance import Provenance
from tasks.symbolic.losses import reconstruction
from tasks.task import Task, dataset_of, likelihood_of, seed_of
from tasks.training.budget import constant
from tasks.vae.losses import kl_of_latents
from tasks.vae.task import build_vae, warn_of_codes


@dataclass(frozen=True)
class CompositionTask(Task[CompositionConfig, CompositionNet]):
    """The composition task."""

    def build(self, config: CompositionConfig) -> CompositionNet:
        """The untrained model; its weights depend on the seed alone."""
        vae, actions = build_vae(config, config.seed), len(dataset_of(config).factors)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(config.seed, "operator"))
            operator = OPERATORS[config.operator](config.latents, actions)
        model = CompositionNet(vae, operator, actions)
        model.provenance, model.image = Provenance(self.name, config), vae.image
        return model

    def batch(self, config: CompositionConfig, population: Population, number: int) -> Batch:
        """Random triplets: references and their commands are encoded; they and the transformed pictures are targets.

        The sources say from which picture each factor of a target comes, so they hold the actions.
        """
        generator = torch.Generator().manual_seed(seed_of(config.seed, "batch", number))
        triplets = sample_triplets(config.batch_size, population, generator)
        n, count = triplets.reference.shape
        classes = torch.cat([triplets.reference, triplets.command])
        pictures, transformed = population.observe(classes), population.observe(triplets.transformed)
        own = torch.arange(2 * n)[:, None].expand(-1, count)
        taken = torch.where(one_hot(triplets.action, count).bool(), own[n:], own[:n])
        return Batch(
            pictures,
            population.dataset.canonical(classes),
            torch.cat([own, taken])[:, None],
            torch.cat([pictures, transformed]),
            noise=seed_of(config.seed, "noise", number),
        )

    def loss(self, config: CompositionConfig, model: nn.Module, batch: Batch, spent: float) -> Tensor:
        """The error of the three pictures of a triplet, and beta times the KL of its two posteriors."""
        n = len(batch.pictures) // 2
        action = batch.sources[2 * n :, 0] >= n
        composed: Composed = model(batch.pictures, action, noise=batch.noise, shard=batch.shard)
        error = reconstruction(composed.parameters, batch.shard.of(batch.targets), likelihood_of(config))
        return 3 * error + config.beta * 2 * kl_of_latents(composed.mean, composed.logvar).sum()

    def optimizer(self, config: CompositionConfig, model: CompositionNet, fused: bool) -> torch.optim.Optimizer:
        """Adam."""
        return torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=0.0, fused=fused)

    def rehearse(self, model: CompositionNet, config: CompositionConfig) -> None:
        """As every task, but that the metrics of disentanglement, which take long, are drawn for and not computed."""
        super().rehearse(model, replace(config, samples=0))
        warn_of_codes(config)


def composing(model: CompositionNet) -> Compose:
    """What a model makes of the pictures of triplets. Codes are the means of the posteriors."""

    def compose(shown: Shown) -> Parameters:
        reference, command, right = (model.codes(part) for part in shown[:3])
        codes = (reference, command, model.compose(reference, command, shown.action), right)
        return Parameters(*map(model.parameters_of, codes))

    return compose


def evaluate(
    model: CompositionNet, population: Population, config: CompositionConfig, generator: torch.Generator
) -> dict[str, Any]:
    """How the three pictures of triplets are drawn, in this part and, under `train`, in the training part; and what codes hold.

    Where a part has no triplets, `left_out` says so.
    """

    def triplets(part: Population) -> dict[str, float]:
        return measure_triplets(composing(model), model.likelihood, part, config.evaluate, generator, model.device)

    found: dict[str, Any] = measure_drawing(model.redrawn, model.likelihood, population, config.evaluate, generator, model.device)
    left_out: dict[str, str] = {}
    try:
        found["triplets"] = triplets(population)
    except NotInPartError as error:
        left_out["triplets"] = str(error)
    found["train"] = triplets(replace(population, part="train"))
    if config.samples:
        held = measure_codes(model.vae, population, config.samples, generator)
        left_out |= held.pop("left_out", {})
        found |= held
    return found | ({"left_out": left_out} if left_out else {})


TASK = CompositionTask(name="composition", config=CompositionConfig, evaluate=evaluate, figures=FIGURES, schedule=constant)
run, build, learn = TASK.run, TASK.build, TASK.learn
