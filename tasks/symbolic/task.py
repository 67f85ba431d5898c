"""The stages: tasks in which pictures are vectors that algebra composes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.data.checks import NotInPartError
from tasks.data.population import Population
from tasks.data.schemes import SCHEMES, Batch, check_scheme
from tasks.data.split import Part
from tasks.evaluation.reading import empty_codebooks, learn_codebooks
from tasks.memory import check_memory
from tasks.metrics_tables import LEFT_OUT
from tasks.networks import make
from tasks.provenance import Provenance
from tasks.symbolic.coefficient import contrastive_coefficient
from tasks.symbolic.config import StageConfig
from tasks.symbolic.losses import contrastive, guessed_cosine, kl_divergence, known_cosine, reconstruction
from tasks.symbolic.model import SceneModel
from tasks.task import Task, dataset_of, declared_by, likelihood_of, population_of, seed_of
from tasks.weights import open_weights
from vsa import ItemMemory, get_algebra
from vsa.errors import InputError

Config = TypeVar("Config", bound=StageConfig)

STARTED = ("encoder", "decoder", "dim", "roles", "dataset")
"""What a model that is started from must have in common with the one that goes on, as flags."""


@dataclass(frozen=True)
class Stage(Task[Config, SceneModel]):
    """A task that learns a `SceneModel`.

    Attributes:
        objects: the most objects in a target, and so the slots.
        clips: whether what is observed are clips, and not pictures.
    """

    objects: Callable[[Config], int] = field(kw_only=True)
    clips: bool = field(default=False, kw_only=True)

    def build(self, config: Config) -> SceneModel:
        """The untrained model: encoder, feature roles, slot roles and decoder; its weights depend on the seed alone.

        Raises:
            RangeError: so large a dimension does not fit in memory.
            ShapeError: observations are clips where pictures are wanted, or pictures where clips are.
        """
        dataset, count = declared_by(config), self.objects(config)
        features, image = dataset.features, dataset.clip if self.clips else dataset.picture
        rows = sum(dataset.counts) + len(features) * config.batch_size
        likelihood = likelihood_of(config)
        check_memory("dim", config.dim, 4 * rows, "feature vectors of the codebooks and of a batch")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            known = {"features": len(features), "dim": config.dim, "axes": dataset.axes, "hues": dataset.hues}
            encoder = make("encoder", config.encoder, image=image, **known)
            drawn = likelihood.parameters(image, count if config.decoding == "slots" else 1)
            decoder = make("decoder", config.decoder, image=drawn, powers=getattr(encoder, "powers", {}), **known)
        roles = _memory(features, config, 2 * config.seed, bound=True)
        slots = _memory(
            [f"object {n + 1}" for n in range(count)], config, 2 * config.seed + 1, config.slots != "none" and count > 1
        )
        model = SceneModel(encoder, decoder, roles, slots, decoding=config.decoding, likelihood=likelihood)
        model.provenance, model.image = Provenance(self.name, config), image
        return model

    def batch(self, config: Config, population: Population, number: int) -> Batch:
        """The batch of a step, as the scheme draws it."""
        contrastive_coefficient(config)  # before the first step, which only looks it up
        count, generator = self.objects(config), torch.Generator().manual_seed(seed_of(config.seed, "batch", number))
        batch = SCHEMES[config.scheme](config.batch_size, count, population, generator)
        if config.slots == "random":
            batch = batch.shuffled(count, generator)
        return replace(batch, noise=seed_of(config.seed, "noise", number))

    def loss(self, config: Config, model: nn.Module, batch: Batch, spent: float) -> Tensor:
        """The error of the pictures that were composed, and what the settings ask of the vectors."""
        guesses = config.exchange == "guessed" and batch.pairs is not None
        sources = partial(guessed_sources, batch) if guesses else batch.sources
        parameters, mean, logvar = model(batch.pictures, sources, batch.slots, noise=batch.noise, shard=batch.shard)
        total = reconstruction(parameters, batch.shard.of(batch.targets), likelihood_of(config), config.loss, config.reduction)
        if config.kl:
            total = total + config.kl * kl_divergence(mean, logvar)
        if coefficient := contrastive_coefficient(config):
            total = total + coefficient * contrastive(mean, batch.values)
        if config.cosine and batch.pairs is not None:
            first, pair = mean[: 2 * len(batch.pairs.exchanged)].chunk(2)
            if config.exchange == "guessed":
                total = total + config.cosine * guessed_cosine(first, pair)[0]
            else:
                total = total + config.cosine * known_cosine(first, pair, batch.pairs.exchanged)
        return total

    def optimizer(self, config: Config, model: SceneModel, fused: bool) -> torch.optim.Optimizer:
        """Adam, or AdamW where weights shall decay."""
        return torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay, fused=fused
        )

    def start_from(self, model: SceneModel, path: Path) -> None:
        """Give a model the encoder, the decoder and the roles of another, which may be of another stage.

        Raises:
            InputError: there is no such file, or its encoder, decoder or roles are of another kind or size.
        """
        parts = ("encoder.", "decoder.", "roles.")
        described, tensors = open_weights(path)
        weights = {name: weight for name, weight in tensors.items() if name.startswith(parts)}
        rest = {name: weight for name, weight in model.state_dict().items() if not name.startswith(parts)}
        try:
            model.load_state_dict(rest | weights)
        except RuntimeError as error:
            theirs = json.loads(described["config"])
            flags = " ".join(f"--{name} {theirs[name]}" for name in STARTED if name in theirs)
            raise InputError(f"cannot start from {path}: its encoder, decoder or roles are others; it has {flags}") from error

    def finish(self, model: SceneModel, config: Config, population: Population) -> None:
        """Learn the codebooks, with which vectors are read."""
        learn_codebooks(model, population, torch.Generator().manual_seed(seed_of(config.seed, "codebooks")))

    def restore(self, config: Config, weights: dict[str, Tensor]) -> SceneModel:
        """The model of these settings and weights, with codebooks if the weights have them."""
        expected = config.dim // 2 if config.roles == "FHRR" else config.dim
        if weights["roles.vectors"].shape[-1] != expected:  # before anything large is made
            raise ValueError(f"its roles are not of the dimension {config.dim}")
        model = self.build(config)
        if any(name.startswith("codebooks.") for name in weights):
            empty_codebooks(model, declared_by(config))
        model.load_state_dict(weights)
        return model

    def rehearse(self, model: SceneModel, config: Config) -> None:
        """As every task, with codebooks that mean nothing yet; and the scheme must find all the pairs that it may ask for."""
        check_scheme(config.scheme, population_of(config, "train"), torch.Generator().manual_seed(config.seed))
        empty_codebooks(model, dataset_of(config))
        super().rehearse(model, config)
        model.codebooks = nn.ModuleList()

    def measured(self, model: SceneModel, config: Config, part: Part, seed: int) -> dict[str, Any]:
        """The metrics over all classes and, beside, over the identifiable ones, if some look alike."""
        metrics = super().measured(model, config, part, seed)
        identifiable = population_of(config, part).identifiable()
        if identifiable is None:
            return metrics
        try:
            subset = self.evaluated(model, identifiable, config, seed)
        except NotInPartError as error:
            return metrics | {LEFT_OUT: metrics.get(LEFT_OUT, {}) | {"identifiable": str(error)}}
        return metrics | {"identifiable": subset}


def guessed_sources(batch: Batch, mean: Tensor) -> Tensor:
    """Which picture gives each feature of a batch's targets, if each pair exchanges the feature in which it differs most.

    Args:
        batch: of pairs.
        mean: [P, F, D], the feature vectors of its pictures.
    """
    assert batch.pairs is not None, "only pairs exchange features"
    first, pair = mean[: 2 * len(batch.pairs.exchanged)].chunk(2)
    least = F.cosine_similarity(first, pair, dim=-1).argmin(1)
    return batch.exchanging(F.one_hot(least, mean.shape[1]).bool()).sources


def _memory(names: tuple[str, ...] | list[str], config: StageConfig, seed: int, bound: bool) -> ItemMemory:
    """Random vectors of these names; identities, which bind nothing, where there shall be no binding."""
    # Unitary roles, so that unbinding is exact.
    algebra = get_algebra("HRR", unitary=True) if config.roles == "HRR" else get_algebra(config.roles.replace("none", "MAP"))
    dim = config.dim // 2 if config.roles == "FHRR" else config.dim
    if bound and config.roles != "none":
        return ItemMemory(names, dim, algebra=algebra, seed=seed)
    return ItemMemory(names, algebra=algebra, vectors=algebra.identity(dim).expand(len(names), -1).clone())
