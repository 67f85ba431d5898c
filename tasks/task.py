"""A task: what is learnt, from which pictures, and how it is measured; and the run that does all of it."""

from __future__ import annotations

import hashlib
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from tasks.config import CONFIG, RunConfig
from tasks.data.checks import NotInPartError
from tasks.data.dataset import Dataset, open_dataset
from tasks.data.declared import Declared, declared
from tasks.data.population import Population
from tasks.data.schemes import Batch
from tasks.data.split import Part, Split, named_split
from tasks.evaluation.controls import measure_controls
from tasks.evaluation.loss_figure import draw_loss
from tasks.likelihood import Likelihood, make_likelihood
from tasks.measured import as_metrics, without_nan
from tasks.memory import TRAINING, check_memory, enough_memory, within_memory
from tasks.metrics_tables import left_out
from tasks.provenance import Provenance
from tasks.shard import Shard
from tasks.task_model import TaskModel
from tasks.training.budget import Budget, Schedule, cosine
from tasks.training.loop import train
from tasks.training.manifest import RunFiles
from tasks.training.metrics_log import check_tracker, read_metrics
from tasks.training.processes import make_accelerator, means, on_first, shard_of
from tasks.training.record import RunRecord
from tasks.training.run import Trained
from tasks.training.run_folder import claimed, run_folder
from tasks.weights import MODEL, open_weights, save
from vsa.errors import InputError, RangeError

REHEARSED = 8
"""Pictures for each number that is measured before the training."""

Config = TypeVar("Config", bound=RunConfig)
Model = TypeVar("Model", bound=TaskModel)


@dataclass(frozen=True)
class Result(Generic[Model]):
    """What a run gives.

    Attributes:
        model: trained, in evaluation mode.
        metrics: what metrics.json holds.
        folder: where metrics.json, the figures and model.safetensors are.
        first: whether this is the first of the processes, which speaks for all.
    """

    model: Model
    metrics: dict[str, Any]
    folder: Path
    first: bool = True


@dataclass(frozen=True)
class Task(ABC, Generic[Config, Model]):
    """What tells one task from another; a new one says how to build, what to draw, and what to make small.

    Attributes:
        name: as checkpoints and the command line call it.
        config: the settings.
        evaluate: the metrics of a trained model on a population.
        figures: by file name, what draws a figure of a model on a population.
        schedule: what the learning rates are multiplied by, of the fraction of the budget that is spent.
    """

    name: str
    config: type[Config]
    evaluate: Callable[[Model, Population, Config, torch.Generator], dict[str, Any]]
    figures: Mapping[str, Callable[[Model, Population, Path, torch.Generator], None]]
    schedule: Schedule = cosine

    @abstractmethod
    def build(self, config: Config) -> Model:
        """The untrained model; its weights depend on the seed alone.

        Raises:
            PluginError: the encoder or decoder is unknown, or cannot be made for these pictures.
        """

    @abstractmethod
    def batch(self, config: Config, population: Population, number: int) -> Batch:
        """The batch of a step; it depends on the settings and the number alone, so it matters not who draws it, and when."""

    @abstractmethod
    def loss(self, config: Config, model: nn.Module, batch: Batch, spent: float) -> Tensor:
        """What training makes small, a scalar.

        Args:
            config: the settings.
            model: that of `build`, as accelerate wraps it.
            batch: on the model's device.
            spent: the fraction of the budget that is spent, 0 to 1.
        """

    @abstractmethod
    def optimizer(self, config: Config, model: Model, fused: bool) -> torch.optim.Optimizer:
        """What changes the weights; the learning rates of its groups are the highest ones.

        Args:
            config: the settings.
            model: that of `build`.
            fused: whether the device has fused steps.
        """

    def start_from(self, model: Model, path: Path) -> None:
        """Give a model the weights of another.

        Raises:
            InputError: there is no such file, or its weights are others.
        """
        try:
            model.load_state_dict(open_weights(path)[1])
        except RuntimeError as error:
            raise InputError(f"cannot start from {path}: {error}") from error

    def finish(self, model: Model, config: Config, population: Population) -> None:
        """What is left to do when the training has ended; nothing, if not said otherwise."""

    def restore(self, config: Config, weights: dict[str, Tensor]) -> Model:
        """The model of these settings and weights.

        Raises:
            ValueError, RuntimeError: the weights are others.
        """
        model = self.build(config)
        model.load_state_dict(weights)
        return model

    def rehearse(self, model: Model, config: Config) -> None:
        """Measure the untrained model on a few pictures, so that what cannot be measured is known before the training.

        What the split leaves out is said on standard error; the numbers are of no use, and forgotten.

        Raises:
            VSAError: what `measured` refuses.
            DtypeError: a metric is nothing that JSON can hold.
        """
        check_memory("evaluate", config.evaluate, bytes_of(dataset_of(config)), "pictures")
        training = model.training
        with torch.random.fork_rng(devices=[]):
            few = replace(config, evaluate=min(config.evaluate, REHEARSED))
            metrics = as_metrics(self.measured(model.eval(), few, "test", seed_of(config.seed, "rehearse")))
        model.train(training)
        warn_of(left_out(metrics))

    def measured(self, model: Model, config: Config, part: Part, seed: int) -> dict[str, Any]:
        """The metrics on combinations of a part."""
        return self.evaluated(model, population_of(config, part), config, seed)

    def evaluated(self, model: Model, population: Population, config: Config, seed: int) -> dict[str, Any]:
        """What `evaluate` says of a model on such objects, as JSON can hold it; with the controls of its IoU."""
        found = as_metrics(self.evaluate(model, population, config, torch.Generator().manual_seed(seed)))
        return found | ({"controls": measure_controls(population)} if "reconstruction_iou" in found else {})

    def run(self, config: Config, half: bool = False) -> Result[Model]:
        """Train, measure, and write metrics.json, the figures and model.safetensors.

        Args:
            config: the settings.
            half: round the weights to half precision before they are measured, and keep them so in the file.

        Raises:
            VSAError: a setting is wrong, a plugin unknown, or the folder cannot be written; nothing half-written is left.
        """
        config.check()
        check_tracker(config.log)
        if config.split is not None:
            split_of(config)  # a name that is unknown is refused before the folder is touched
        files = RunFiles(config.out.absolute())
        trackers = {} if config.log == "none" else {"log_with": config.log, "project_dir": files.path / "tracker"}
        accelerator = make_accelerator(config.device, config.precision, **trackers)
        with ExitStack() as stack:
            on_first(accelerator, lambda: self._claim(stack, config, files))
            record = RunRecord(files, self.name, config, accelerator, partial(self.validate, config, accelerator))
            stack.callback(record.close)
            model, trained = self.learn(config, accelerator, record)
            if half:
                model.half().float()
            # Measuring may fail.
            on_first(accelerator, lambda: save(model, self.name, config, {}, files.place(MODEL), half))
            metrics = asdict(trained) | self.measure(model, config, accelerator) | {"config": config.as_json()}

            model.provenance = Provenance(self.name, config, metrics)

            def write() -> None:
                save(model, self.name, config, metrics, files.place(MODEL), half)
                self.draw(model, config, files)
                files.write_json("metrics.json", metrics)

            on_first(accelerator, write)
        return Result(model, metrics, files.path, accelerator.is_main_process)

    def _claim(self, stack: ExitStack, config: Config, files: RunFiles) -> None:
        stack.enter_context(run_folder(files.path))
        names = [CONFIG, "metrics.jsonl", "metrics.json", MODEL, "checkpoints", *self.pictures(config)]
        names += [] if config.log == "none" else ["tracker"]
        stack.enter_context(claimed(files, names, config.resume, config.start_over))

    def learn(
        self, config: Config, accelerator: Accelerator | None = None, record: RunRecord | None = None
    ) -> tuple[Model, Trained]:
        """A trained model in evaluation mode, and what it took; torch's random state stays as it was.

        Args:
            config: the settings.
            accelerator: device and processes; as the settings say if there is none.
            record: where checkpoints are written and looked for; nothing is written without one.
        """
        config.check()
        accelerator = make_accelerator(config.device, config.precision) if accelerator is None else accelerator
        if config.batch_size % accelerator.num_processes:
            raise RangeError(
                f"batch_size must be a multiple of the {accelerator.num_processes} processes, got {config.batch_size}"
            )
        check_memory("batch_size", config.batch_size, bytes_of(dataset_of(config)), "pictures")
        advice = "lower --batch-size or --dim, or take a smaller --encoder or --decoder"
        with enough_memory("when the model was made", advice), within_memory(TRAINING if accelerator.device.type == "cpu" else 1):
            model = self.build(config)
        if config.start is not None:
            self.start_from(model, config.start)
        population = population_of(config, "train")
        with enough_memory("when a batch was drawn", advice), within_memory(1):
            self.batch(config, population, 0)  # what the scheme refuses is refused before the bar
        if record is not None:
            on_first(accelerator, lambda: self.rehearse(model, config))
        with torch.random.fork_rng(devices=[accelerator.device] if accelerator.device.type == "cuda" else []):
            torch.manual_seed(seed_of(config.seed, "process", accelerator.process_index))  # for networks that draw
            trained = train(
                model,
                partial(self.batch, config, population),
                partial(self.loss, config),
                Budget(*config.limits()),
                optimizer=self.optimizer(config, model, accelerator.device.type != "mps"),
                schedule=self.schedule,
                accelerator=accelerator,
                workers=config.workers,
                record=record,
            )
            self.finish(model, config, population)
        return model, trained

    def validate(self, config: Config, accelerator: Accelerator, model: nn.Module) -> float | None:
        """The loss on a batch of validation combinations, always the same; None where too few of them are left for one."""
        try:
            batch = self.batch(config, population_of(config, "validation"), 0).to(accelerator.device)
        except RangeError:
            return None
        model.eval()
        with torch.no_grad(), accelerator.autocast():
            value = self.loss(config, model, batch, 1.0).item()
        model.train()
        return value

    def measure(
        self, model: Model, config: Config, accelerator: Accelerator | None = None, part: Part = "test"
    ) -> dict[str, Any]:
        """The metrics on combinations of a part.

        Of several processes each measures its shard of the pictures; the metrics are those of all.

        Raises:
            DtypeError: a metric is nothing that JSON can hold.
            RangeError: so many pictures do not fit in memory.
        """
        check_memory("evaluate", config.evaluate, bytes_of(dataset_of(config)), "pictures")
        shard = Shard() if accelerator is None else shard_of(accelerator)
        shared = replace(config, evaluate=-(-config.evaluate // shard.processes))
        metrics = as_metrics(self.measured(model, shared, part, seed_of(config.seed, "measure", shard.process)))
        return without_nan(metrics if accelerator is None else means(accelerator, metrics))

    def pictures(self, config: Config) -> list[str]:
        """The names of the files that `draw` may write."""
        return ["loss.png", *self.figures]

    def draw(self, model: Model, config: Config, files: RunFiles) -> None:
        """Write the figures: of the loss, and of test combinations, but those for which there are none."""
        with files.replacing("loss.png") as part:
            draw_loss(read_metrics(files.path / "metrics.jsonl"), part)
        for name, figure in self.figures.items():
            with suppress(NotInPartError), files.replacing(name) as part:
                figure(model, population_of(config, "test"), part, torch.Generator().manual_seed(config.seed))


def warn_of(left_out: dict[str, str]) -> None:
    """Say on standard error what is not going to be measured, by name, and why."""
    for name, why in left_out.items():
        print(f"will not be measured: {name}: {why}", file=sys.stderr)


def seed_of(*what: int | str) -> int:
    """A seed for each purpose: unlike for unlike ones, always the same for the same.

    Example:
        >>> seed_of(0, "batch", 7) == seed_of(0, "batch", 7) != seed_of(0, "batch", 8)
        True
    """
    return int.from_bytes(hashlib.blake2b(repr(what).encode(), digest_size=7).digest(), "little")


def population_of(config: RunConfig, part: Part) -> Population:
    """The combinations of a part of the configuration's split."""
    return Population(dataset_of(config), part, split_of(config))


def split_of(config: RunConfig) -> Split:
    """The split of the configuration: by its name, or by its expressions.

    Raises:
        RangeError: the data set has none of this name.
    """
    if config.split is None:
        return Split(config.validation, config.test)
    return named_split(dataset_of(config), config.split)


def dataset_of(config: RunConfig) -> Dataset:
    """The data set of the configuration; opened once."""
    return _opened(config.dataset, config.data)


def declared_by(config: RunConfig) -> Declared:
    """What the data set of the configuration declares, of which a model is built; its files need not be here.

    Raises:
        InputError: its files are not here, and without them it does not say so.
    """
    try:
        return dataset_of(config)
    except InputError:
        if (found := declared(config.dataset)) is None:
            raise
        return found


@lru_cache(maxsize=8)
def _opened(name: str, data: Path | None) -> Dataset:
    return open_dataset(name, data)


def likelihood_of(config: RunConfig) -> Likelihood:
    """The likelihood of the configuration, for its data set."""
    binary = config.likelihood == "auto" and dataset_of(config).binary
    return make_likelihood(config.likelihood, binary, config.deviation)


def bytes_of(dataset: Dataset) -> int:
    """How many bytes a picture takes as it is drawn by a model."""
    return 4 * math.prod(dataset.shape)
