"""A task: what is drawn, composed, learnt and measured, and the run that does all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from accelerate import Accelerator

from tasks.config import StageConfig
from tasks.data.dsprites import SIZE
from tasks.data.factors import FEATURES
from tasks.data.original import open_original
from tasks.data.sampling import Objects
from tasks.data.schemes import SCHEMES, Batch
from tasks.data.split import Part, Split
from tasks.evaluation.loss_figure import draw_loss
from tasks.evaluation.reading import learn_codebooks
from tasks.json_file import write_json
from tasks.losses import contrastive, guessed_cosine, kl_divergence, known_cosine, reconstruction
from tasks.model import About, SceneModel
from tasks.share import Share
from tasks.training.journal import Journal
from tasks.training.loop import Budget, Trained, train
from tasks.training.metrics_log import check_tracker, read_metrics
from tasks.training.processes import make_accelerator, means, on_first, share_of
from tasks.training.run_folder import claimed, run_folder
from tasks.weights import MODEL, save, start_from
from vsa import ItemMemory, get_algebra, load
from vsa.errors import DtypeError, PluginError, RangeError
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
        first: whether this is the first of the processes, which speaks for all.
    """

    model: SceneModel
    metrics: dict[str, Any]
    folder: Path
    first: bool = True


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
        check_tracker(config.log)
        trackers = {} if config.log == "none" else {"log_with": config.log, "project_dir": config.out}
        accelerator = make_accelerator(config.device, config.precision, **trackers)
        with ExitStack() as stack:
            folder = config.out.absolute()
            on_first(accelerator, lambda: _claim(stack, config))
            journal = Journal(folder, self.name, config, accelerator, partial(self.validate, config, accelerator))
            stack.callback(journal.close)
            model, trained = self.learn(config, accelerator, journal)
            if half:
                model.half().float()
            on_first(accelerator, lambda: save(model, self.name, config, {}, folder / MODEL, half))  # measuring may fail
            metrics = asdict(trained) | self.measure(model, config, accelerator) | {"config": config.as_json()}

            model.about = About(self.name, config, metrics)

            def write() -> None:
                save(model, self.name, config, metrics, folder / MODEL, half)
                self.draw(model, config, folder)
                write_json(folder / "metrics.json", metrics)

            on_first(accelerator, write)
        return Result(model, metrics, folder, accelerator.is_main_process)

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
        model = SceneModel(encoder, decoder, roles, slots, decoding=config.decoding)
        model.about = About(self.name, config)
        return model

    def learn(
        self, config: Config, accelerator: Accelerator | None = None, journal: Journal | None = None
    ) -> tuple[SceneModel, Trained]:
        """A trained model in evaluation mode, and what it took; torch's random state stays as it was.

        Args:
            config: the settings.
            accelerator: device and processes; as the settings say if there is none.
            journal: where checkpoints are written and looked for; nothing is written without one.
        """
        config.check()
        accelerator = make_accelerator(config.device, config.precision) if accelerator is None else accelerator
        if config.batch_size % accelerator.num_processes:
            raise RangeError(
                f"batch_size must be a multiple of the {accelerator.num_processes} processes, got {config.batch_size}"
            )
        model = self.build(config)
        if config.start is not None:
            start_from(model, config.start)
        objects = objects_of(config, "train")
        if config.data is not None:
            objects = replace(objects, render=open_original(config.data).render)
        self.batch(config, objects, 0)  # what the scheme refuses is refused before the bar
        if journal is not None:
            on_first(accelerator, lambda: journal.begin())
        with torch.random.fork_rng(devices=[accelerator.device] if accelerator.device.type == "cuda" else []):
            torch.manual_seed(seed_of(config.seed, "process", accelerator.process_index))  # for networks that draw
            trained = train(
                model,
                partial(self.batch, config, objects),
                partial(loss, config),
                Budget(*config.limits()),
                learning_rate=config.learning_rate,
                weight_decay=config.weight_decay,
                accelerator=accelerator,
                workers=config.workers,
                journal=journal,
            )
            learn_codebooks(model, objects, torch.Generator().manual_seed(seed_of(config.seed, "codebooks")))
        return model, trained

    def batch(self, config: Config, objects: Objects, number: int) -> Batch:
        """The batch of a step; it depends on the settings and the number alone, so it matters not who draws it, and when."""
        count, generator = self.objects(config), torch.Generator().manual_seed(seed_of(config.seed, "batch", number))
        batch = SCHEMES[config.scheme](config.batch_size, count, objects, generator)
        if config.slots == "random":
            batch = batch.shuffled(count, generator)
        return replace(batch, noise=seed_of(config.seed, "noise", number))

    def validate(self, config: Config, accelerator: Accelerator, model: torch.nn.Module) -> float | None:
        """The loss on a batch of validation combinations, always the same; None where too few of them are left for one."""
        try:
            batch = self.batch(config, objects_of(config, "validation"), 0).to(accelerator.device)
        except RangeError:
            return None
        model.eval()
        with torch.no_grad(), accelerator.autocast():
            value = loss(config, model, batch).item()
        model.train()
        return value

    def measure(
        self, model: SceneModel, config: Config, accelerator: Accelerator | None = None, part: Part = "test"
    ) -> dict[str, Any]:
        """The metrics on combinations of a part, over all orientations and, beside, over the identifiable subset.

        Of several processes each measures its share of the pictures; the metrics are those of all.
        """
        share = Share() if accelerator is None else share_of(accelerator)
        own = replace(config, evaluate=-(-config.evaluate // share.processes))
        full, subset = objects_of(config, part), Objects.identifiable(part, Split(config.validation, config.test))
        metrics, identifiable = (
            self.evaluate(model, objects, own, torch.Generator().manual_seed(seed_of(config.seed, "measure", share.process)))
            for objects in (full, subset)
        )
        metrics = metrics | {"identifiable": identifiable}
        return metrics if accelerator is None else means(accelerator, metrics)

    def draw(self, model: SceneModel, config: Config, folder: Path) -> None:
        """Write the figures: of test combinations, and of the loss."""
        draw_loss(read_metrics(folder / "metrics.jsonl"), folder / "loss.png")
        for name, figure in self.figures.items():
            with replacing(folder / name) as part:
                figure(model, objects_of(config, "test"), part, torch.Generator().manual_seed(config.seed))


def _claim(stack: ExitStack, config: StageConfig) -> None:
    folder = stack.enter_context(run_folder(config.out))
    stack.enter_context(claimed(folder, config.resume, config.start_over))


def seed_of(*what: int | str) -> int:
    """A seed for each purpose: unlike for unlike ones, always the same for the same.

    Example:
        >>> seed_of(0, "batch", 7) == seed_of(0, "batch", 7) != seed_of(0, "batch", 8)
        True
    """
    return int.from_bytes(hashlib.blake2b(repr(what).encode(), digest_size=7).digest(), "little")


def objects_of(config: StageConfig, part: Part) -> Objects:
    """The objects of a part of the configuration's split."""
    return Objects(part=part, split=Split(config.validation, config.test))


def loss(config: StageConfig, model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """What a configuration makes small, of a model and a batch."""
    logits, mean, logvar = model(batch, config.exchange)
    total = reconstruction(logits, batch.share.of(batch.targets), config.loss, config.reduction)
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
