"""The sequential autoencoder as a task: what stays in a clip and what moves, apart, without labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from encoders.colours import Colours
from tasks.data.population import Population
from tasks.data.schemes import Batch
from tasks.networks import make
from tasks.provenance import Provenance
from tasks.sequence.config import SequenceConfig
from tasks.sequence.contents import Contents
from tasks.sequence.figures import FIGURES
from tasks.sequence.losses import agreement
from tasks.sequence.measure import CHUNK, measure
from tasks.sequence.model import Drawn, SequentialAutoencoder
from tasks.sequence.schemes import SCHEMES
from tasks.symbolic.losses import kl_divergence, reconstruction
from tasks.task import Task, declared_by, likelihood_of, seed_of

CLIPS_OF_A_MODE = 64
"""Clips for each normal of the prior of content that is fitted."""


@dataclass(frozen=True)
class SequenceTask(Task[SequenceConfig, SequentialAutoencoder]):
    """The task of the sequential autoencoder."""

    def build(self, config: SequenceConfig) -> SequentialAutoencoder:
        """The untrained model; its weights depend on the seed alone.

        Raises:
            ShapeError: the data set is one of pictures, not of clips.
        """
        dataset, likelihood = declared_by(config), likelihood_of(config)
        shape, image, codes = dataset.clip, dataset.frame, config.content + config.motion
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            encoder = make("encoder", config.encoder, image=image, features=1, dim=config.width // 2)
            decoder = make("decoder", config.decoder, image=likelihood.parameters(image), dim=codes)
            model = SequentialAutoencoder(
                encoder,
                decoder,
                config.content,
                config.motion,
                width=config.width,
                hidden=config.hidden,
                colours=Colours(image[0], config.colours, generator=torch.Generator().manual_seed(0)) if config.colours else None,
                modes=config.modes,
                deviations=config.deviations,
                likelihood=likelihood,
            )
        model.provenance, model.image = Provenance(self.name, config), shape
        return model

    def batch(self, config: SequenceConfig, population: Population, number: int) -> Batch:
        """Random clips, and the views of them that the objective asks for."""
        generator = torch.Generator().manual_seed(seed_of(config.seed, "batch", number))
        batch = SCHEMES[config.objective](config.batch_size, config.mirror, population, generator)
        return replace(batch, noise=seed_of(config.seed, "noise", number))

    def loss(self, config: SequenceConfig, model: nn.Module, batch: Batch, spent: float) -> Tensor:
        """How badly the clips are drawn, both KL terms, and what the objective asks beside them."""
        made: Drawn = model(batch.pictures, batch.sources[:, 0], noise=batch.noise, shard=batch.shard)
        error = reconstruction(made.parameters, batch.shard.of(batch.targets), likelihood_of(config))
        used = made.used
        stays = kl_divergence(used.content, used.content_logvar)
        total = error + config.beta * (settled(config.content_beta, spent) * stays + made.kl.mean())
        if config.objective == "contrast":
            n, (content, _, motion, _) = len(batch.targets), made.posterior
            stays = agreement(content[:n], content[n : 2 * n], config.temperature)
            moves = agreement(motion[:n].flatten(1), motion[2 * n :].flatten(1), config.temperature)
            total = total + config.contrast * (stays + moves)
        return total

    def optimizer(self, config: SequenceConfig, model: SequentialAutoencoder, fused: bool) -> torch.optim.Optimizer:
        """Adam."""
        return torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=0.0, fused=fused)

    def finish(self, model: SequentialAutoencoder, config: SequenceConfig, population: Population) -> None:
        """Fit the prior of content to draws of the posteriors of training clips."""
        if config.content_modes == 1:
            return
        generator = torch.Generator().manual_seed(seed_of(config.seed, "contents"))
        classes = population.sample(CLIPS_OF_A_MODE * config.content_modes, generator)
        with torch.inference_mode():
            drawn = [model.sampled(population.observe(part).to(model.device), generator)[0] for part in classes.split(CHUNK)]
        model.contents = Contents(config.content_modes, config.content).to(model.device)
        model.contents.fit(torch.cat(drawn), seed_of(config.seed, "contents"))

    def restore(self, config: SequenceConfig, weights: dict[str, Tensor]) -> SequentialAutoencoder:
        """The model of these settings and weights, with the prior of content that was fitted, if the weights have it."""
        model = self.build(config)
        if any(name.startswith("contents.") for name in weights):
            model.contents = Contents(config.content_modes, config.content)
        model.load_state_dict(weights)
        return model


def settled(coefficient: float, spent: float) -> float:
    """A coefficient that stays in the first half of the budget, and goes to 1 in the second.

    Example:
        >>> [settled(3.0, spent) for spent in (0.0, 0.5, 0.75, 1.0)]
        [3.0, 3.0, 2.0, 1.0]
    """
    return coefficient + (1 - coefficient) * max(0.0, 2 * spent - 1)


TASK = SequenceTask(name="sequence", config=SequenceConfig, evaluate=measure, figures=FIGURES)
run, build, learn = TASK.run, TASK.build, TASK.learn
