"""A task: what is drawn, composed, learnt and measured, and the run that does all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch

from tasks.config import StageConfig
from tasks.data.dsprites import SIZE
from tasks.data.factors import FEATURES
from tasks.data.sampling import Objects
from tasks.data.schemes import SCHEMES, Batch
from tasks.data.split import Part, Split
from tasks.evaluation.reading import learn_codebooks
from tasks.losses import contrastive, guessed_cosine, kl_divergence, known_cosine, reconstruction
from tasks.model import SceneModel
from tasks.training.loop import Budget, Trained, make_accelerator, train
from tasks.training.run_folder import run_folder, write_json
from tasks.weights import save, start_from
from vsa import ItemMemory, get_algebra, load
from vsa.errors import DtypeError, PluginError
from vsa.files import replacing

IMAGE = (1, SIZE, SIZE)

Config = TypeVar("Config", bound=StageConfig)


@dataclass(frozen=True)
class Result:
    """What a run gives.

    Attributes:
        model: trained, in evaluation mode, with codebooks.
        metrics: what metrics.json holds.
        folder: where metrics.json, the figures and model.safetensors are.
    """

    model: SceneModel
    metrics: dict[str, Any]
    folder: Path


@dataclass(frozen=True)
class Task(Generic[Config]):
    """What tells one stage from another.

    Attributes:
        name: as `load_model` and checkpoints call it.
        config: the settings.
        objects: the most objects in a target, and so the slots.
        evaluate: the metrics of a trained model on such objects.
        figures: by file name, what draws a figure of a model on such objects.
    """

    name: str
    config: type[Config]
    objects: Callable[[Config], int]
    evaluate: Callable[[SceneModel, Objects, Config, torch.Generator], dict[str, Any]]
    figures: dict[str, Callable[[SceneModel, Objects, Path, torch.Generator], None]]

    def run(self, config: Config, half: bool = False) -> Result:
        """Train, measure, and write metrics.json, the figures and model.safetensors.

        Args:
            config: the settings.
            half: round the weights to half precision before they are measured, and keep them so in the file.

        Raises:
            VSAError: a setting is wrong, a plugin unknown, or the folder cannot be written; nothing half-written is left.
        """
        config.check()
        with run_folder(config.out) as folder:
            model, trained = self.learn(config)
            if half:
                model.half().float()
            save(model, self.name, config, {}, folder / "model.safetensors", half)  # measuring may fail
            metrics = asdict(trained) | self.measure(model, config) | {"config": config.as_json()}
            save(model, self.name, config, metrics, folder / "model.safetensors", half)
            self.draw(model, config, folder)
            write_json(folder / "metrics.json", metrics)
        return Result(model, metrics, folder)

    def build(self, config: Config) -> SceneModel:
        """The untrained model: encoder, feature roles, slot roles and decoder; its weights depend on the seed alone.

        Raises:
            PluginError: the encoder or decoder is unknown, or cannot be made for these pictures.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            encoder = _make("encoder", config.encoder, image=IMAGE, features=len(FEATURES), dim=config.dim)
            decoder = _make("decoder", config.decoder, image=IMAGE, dim=config.dim)
        count = self.objects(config)
        roles = _memory(FEATURES, config, 2 * config.seed, bound=True)
        slots = _memory(
            [f"object {n + 1}" for n in range(count)], config, 2 * config.seed + 1, config.slots != "none" and count > 1
        )
        return SceneModel(encoder, decoder, roles, slots, decoding=config.decoding)

    def learn(self, config: Config) -> tuple[SceneModel, Trained]:
        """A trained model in evaluation mode, and what it took; torch's random state stays as it was."""
        config.check()
        accelerator = make_accelerator(config.device, config.precision)
        model = self.build(config)
        if config.start is not None:
            start_from(model, config.start)
        generator = torch.Generator().manual_seed(config.seed)
        objects = objects_of(config, "train")
        self.batch(config, objects, torch.Generator())  # what the scheme refuses is refused before the bar
        with torch.random.fork_rng(devices=[accelerator.device] if accelerator.device.type == "cuda" else []):
            torch.manual_seed(config.seed)  # of the posterior's samples
            trained = train(
                model,
                lambda: self.batch(config, objects, generator),
                lambda composed, batch: loss(config, composed, batch),
                Budget(*config.limits()),
                learning_rate=config.learning_rate,
                weight_decay=config.weight_decay,
                accelerator=accelerator,
            )
            learn_codebooks(model, objects, generator)
        return model, trained

    def batch(self, config: Config, objects: Objects, generator: torch.Generator) -> Batch:
        """One step's data."""
        count = self.objects(config)
        batch = SCHEMES[config.scheme](config.batch_size, count, objects, generator)
        return batch.shuffled(count, generator) if config.slots == "random" else batch

    def measure(self, model: SceneModel, config: Config) -> dict[str, Any]:
        """The metrics on test combinations, over all orientations and, beside, over the identifiable subset."""
        full, subset = objects_of(config, "test"), Objects.identifiable("test", Split(config.validation, config.test))
        metrics, identifiable = (
            self.evaluate(model, objects, config, torch.Generator().manual_seed(config.seed + 1)) for objects in (full, subset)
        )
        return metrics | {"identifiable": identifiable}

    def draw(self, model: SceneModel, config: Config, folder: Path) -> None:
        """Write the figures of test combinations."""
        for name, figure in self.figures.items():
            with replacing(folder / name) as part:
                figure(model, objects_of(config, "test"), part, torch.Generator().manual_seed(config.seed))


def objects_of(config: StageConfig, part: Part) -> Objects:
    """The objects of a part of the configuration's split."""
    return Objects(part=part, split=Split(config.validation, config.test))


def loss(config: StageConfig, model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """What a configuration makes small, of a model and a batch."""
    logits, mean, logvar = model(batch, config.exchange)
    total = reconstruction(logits, batch.targets, config.loss, config.reduction)
    if config.kl:
        total = total + config.kl * kl_divergence(mean, logvar)
    if config.contrastive:
        total = total + config.contrastive * contrastive(mean, batch.values)
    if config.cosine and batch.pairs is not None:
        first, pair = mean[: 2 * len(batch.pairs.exchanged)].chunk(2)
        if config.exchange == "guessed":
            total = total + config.cosine * guessed_cosine(first, pair)[0]
        else:
            total = total + config.cosine * known_cosine(first, pair, batch.pairs.exchanged)
    return total


def _make(kind: str, name: str, **arguments: Any) -> torch.nn.Module:
    try:
        module = load(kind, name)(**arguments)
    except TypeError as error:
        raise PluginError(
            f"the {kind} {name!r} cannot be made with {', '.join(f'{k}={v}' for k, v in arguments.items())}: {error}"
        ) from error
    if not isinstance(module, torch.nn.Module):
        raise DtypeError(f"the {kind} {name!r} must make a torch.nn.Module, got {type(module).__name__}")
    return module


def _memory(names: tuple[str, ...] | list[str], config: StageConfig, seed: int, bound: bool) -> ItemMemory:
    """Random vectors of these names; identities, which bind nothing, where there shall be no binding."""
    # Unitary roles, so that unbinding is exact.
    algebra = get_algebra("HRR", unitary=True) if config.roles == "HRR" else get_algebra(config.roles.replace("none", "MAP"))
    dim = config.dim // 2 if config.roles == "FHRR" else config.dim
    if bound and config.roles != "none":
        return ItemMemory(names, dim, algebra=algebra, seed=seed)
    return ItemMemory(names, algebra=algebra, vectors=algebra.identity(dim).expand(len(names), -1).clone())
