"""The paired scene: learn scenes of two objects from their features, edit them by algebra, measure, and write it all down."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize

from tasks.config import PairedSceneConfig
from tasks.data.dsprites import SIZE
from tasks.data.factors import FEATURES
from tasks.data.sampling import Objects
from tasks.data.schemes import SCHEMES, Batch
from tasks.evaluation.counterfactuals import measure
from tasks.evaluation.figures import draw_edits
from tasks.losses import kl_divergence, reconstruction
from tasks.model import SceneModel
from tasks.training.loop import Budget, Trained, make_accelerator, train
from tasks.training.run_folder import replacing, run_folder, write_json
from vsa import ItemMemory, load
from vsa.errors import DtypeError, PluginError, RangeError

IMAGE = (1, SIZE, SIZE)
SLOTS = ("first", "second")


@dataclass(frozen=True)
class Result:
    """What a run gives.

    Attributes:
        model: trained, in evaluation mode.
        metrics: what metrics.json holds.
        folder: where metrics.json, edits.png and model.safetensors are.
    """

    model: SceneModel
    metrics: dict[str, Any]
    folder: Path


def run(config: PairedSceneConfig) -> Result:
    """Train, measure, and write metrics.json, edits.png and model.safetensors.

    Raises:
        VSAError: a setting is wrong, a plugin unknown, or the folder cannot be written; nothing half-written is left.
    """
    config.check()
    with run_folder(config.out) as folder:
        model, trained = learn(config)
        with replacing(folder / "model.safetensors") as part:
            save(model, config, part)
        metrics = asdict(trained) | evaluate(model, config) | {"config": config.as_json()}
        with replacing(folder / "edits.png") as part:
            draw_edits(model, Objects(held_out=True), part, torch.Generator().manual_seed(config.seed))
        write_json(folder / "metrics.json", metrics)
    return Result(model, metrics, folder)


def build(config: PairedSceneConfig) -> SceneModel:
    """The untrained model: encoder, feature roles, slot roles and decoder; its weights depend on the seed alone.

    Raises:
        PluginError: the encoder or decoder is unknown, or cannot be made for these pictures.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        encoder = _make("encoder", config.encoder, image=IMAGE, features=len(FEATURES), dim=config.dim)
        decoder = _make("decoder", config.decoder, image=IMAGE, dim=config.dim)
    roles = ItemMemory(FEATURES, config.dim, seed=config.seed)
    slots = ItemMemory(SLOTS, config.dim, seed=config.seed + 1)
    return SceneModel(encoder, decoder, roles, slots)


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


def learn(config: PairedSceneConfig) -> tuple[SceneModel, Trained]:
    """A model trained as the configuration says, in evaluation mode, and what it took; torch's random state stays as it was."""
    config.check()
    accelerator = make_accelerator(config.device, config.precision)
    model = build(config)
    generator = torch.Generator().manual_seed(config.seed)
    scheme, objects = SCHEMES[config.scheme], Objects()
    scheme(config.batch_size, objects, torch.Generator())  # a batch size that the scheme refuses is refused before the bar

    def loss(composed: torch.nn.Module, batch: Batch) -> torch.Tensor:
        logits, mean, logvar = composed(batch)
        error = reconstruction(logits, batch.targets, config.loss, config.reduction)
        return error + config.kl * kl_divergence(mean, logvar)

    with torch.random.fork_rng(devices=[accelerator.device] if accelerator.device.type == "cuda" else []):
        torch.manual_seed(config.seed)  # of the posterior's samples
        trained = train(
            model,
            lambda: scheme(config.batch_size, objects, generator),
            loss,
            Budget(config.steps, None if config.minutes is None else 60 * config.minutes),
            learning_rate=config.learning_rate,
            accelerator=accelerator,
        )
    return model, trained


def evaluate(model: SceneModel, config: PairedSceneConfig) -> dict[str, Any]:
    """The metrics of held-out scenes, over all orientations and, beside, over the identifiable subset."""
    n, seed = config.evaluate, config.seed + 1
    metrics = measure(model, Objects(held_out=True), n, torch.Generator().manual_seed(seed))
    subset = measure(model, Objects.identifiable(held_out=True), n, torch.Generator().manual_seed(seed))
    return metrics | {"identifiable": subset}


def save(model: SceneModel, config: PairedSceneConfig, path: Path) -> None:
    """Write weights and configuration as one safetensors file."""
    weights = {name: weight.detach().cpu().contiguous() for name, weight in model.state_dict().items()}
    path.write_bytes(serialize(weights, {"task": "paired-scene", "config": json.dumps(config.as_json())}))


def load_run(path: Path) -> SceneModel:
    """The model of a run, in evaluation mode on the CPU: from model.safetensors or the folder that holds it.

    Raises:
        RangeError: there is no such file, or it does not hold a paired scene model.
    """
    path = path / "model.safetensors" if path.is_dir() else path
    try:
        with safe_open(path, framework="pt") as file:
            stored = json.loads((file.metadata() or {})["config"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no mapping)
        model = build(PairedSceneConfig(**stored | {"out": Path(stored["out"])}))
        model.load_state_dict(weights)
    except FileNotFoundError as error:
        raise RangeError(f"there is no model at {path}; train one with examples/paired_scene.py") from error
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise RangeError(f"{path} does not hold a paired scene model: {error}") from error
    return model.eval()
