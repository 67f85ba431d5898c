"""The study of combinations that were never seen: which models, data sets and splits, and what is measured of each.

The splits, and the published numbers beside ours, are those of Montero et al., "The role of disentanglement in generalisation",
ICLR 2021, and "Lost in Latent Space", NeurIPS 2022.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.composition.config import CompositionConfig
from tasks.config import RunConfig
from tasks.metrics_tables import TOOK
from tasks.studies.jobs import Job
from tasks.studies.leaderboard import NETWORKS, SHARED, Entry
from tasks.symbolic.config import PairedConfig
from tasks.vae.config import LatentConfig, VAEConfig

if TYPE_CHECKING:
    import torch

    from tasks.data.population import Population
    from tasks.symbolic.model import SceneModel
    from tasks.task_model import TaskModel

DRAWN = 2000
"""Pictures of each part of which the drawing is measured."""

EDITED = 300
"""Pictures for each number of the edits, of what is read, and of the composition task."""

SAME: dict[str, Any] = {"encoder": "window", "decoder": "patch"}
"""The networks of the control: the window, the place and the patch of the symbolic model, and no symbols."""

PLACE = "which factors are places"
HUES = "which are places or hues"
ACTIONS = "which factor is to be taken"

SYMBOLIC = Entry("symbolic", "symbolic", "paired", PairedConfig(), f"{SHARED}; {HUES}")
CONTROL = Entry("VAE, the symbolic model's window and patch", "control", "vae", VAEConfig(preset="vae", beta=1.0, **SAME), PLACE)

ENTRIES = (
    SYMBOLIC,
    Entry("symbolic, plain convolutions", "symbolic-plain", "paired", PairedConfig(**NETWORKS), SHARED),
    CONTROL,
    Entry("VAE", "vae", "vae", VAEConfig.named("vae")),
    Entry("beta-VAE, beta 8", "beta-vae", "vae", VAEConfig(preset="beta-vae", beta=8.0)),
    Entry("FactorVAE, gamma 20", "factor-vae", "vae", VAEConfig.named("factor-vae")),
    Entry("FactorVAE, gamma 100", "factor-vae-100", "vae", VAEConfig(preset="factor-vae", objective="factor", gamma=100.0)),
    Entry("WAE-MMD", "wae", "vae", VAEConfig.named("wae")),
    Entry("information cascade", "cascade", "vae", VAEConfig.named("information-cascade")),
    Entry("CascadeVAE", "cascade-vae", "vae", VAEConfig.named("cascade-vae")),
    Entry("Lie group VAE", "lie-group", "vae", VAEConfig.named("lie-group-vae")),
    Entry("CompositionNet, fixed interpolation", "composition", "composition", CompositionConfig(), ACTIONS),
    Entry(
        "CompositionNet, interpolation",
        "composition-interpolation",
        "composition",
        CompositionConfig(operator="interpolation"),
        ACTIONS,
    ),
    Entry("CompositionNet, linear", "composition-linear", "composition", CompositionConfig(operator="linear"), ACTIONS),
    Entry("CompositionNet, MLP", "composition-mlp", "composition", CompositionConfig(operator="mlp"), ACTIONS),
)
"""The models, in the order of the tables."""

SHIPPED: Mapping[str, PairedConfig] = {
    "paired-r2r": PairedConfig(split="r2r", steps=5000, evaluate=500, contrastive=5.18),
    "paired-half": PairedConfig(split="extrapolation", steps=5000, evaluate=500, contrastive=5.18),
}
"""The models in weights/ that never saw squares on the right, and never saw anything there.

They were trained when the usual coefficient of the contrastive loss was still that of all places."""

SPLITS: tuple[tuple[str, str], ...] = (
    ("dsprites", "r2r"),
    ("dsprites", "extrapolation"),
    ("dsprites", "r2e"),
    ("circles", "centre"),
    ("simple", "centre"),
    ("3dshapes", "r2r"),
    ("3dshapes", "extrapolation"),
)
"""By data set, the names of its splits."""

PUBLISHED: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("dsprites", "r2e"): {"VAE": 8.06, "beta-VAE, beta 8": 24.6, "FactorVAE, gamma 20": 27.5},
    ("dsprites", "r2r"): {"VAE": 200.4, "beta-VAE, beta 8": 216.0, "FactorVAE, gamma 100": 100.6},
    ("dsprites", "extrapolation"): {"VAE": 3577.0, "beta-VAE, beta 8": 2811.0, "FactorVAE, gamma 20": 2007.0},
}
"""The binary cross entropy of the test part that Montero et al. 2021 give, in nats a picture, after 30 passes over the data."""


@dataclass(frozen=True)
class Trial(Job):
    """One training of a model on a split, and what was measured of it.

    Attributes:
        entry: what is trained.
        dataset, split: on what, by name.
        seed: of all that is random.
        minutes: of one CPU thread.
        folder: of all trials; each keeps its run in a folder of its own.
    """

    entry: Entry
    dataset: str
    split: str
    seed: int
    minutes: float
    folder: Path

    @property
    def stem(self) -> str:
        """How its file and its folder are called."""
        return f"{self.dataset}-{self.split}-{self.entry.stem}-seed-{self.seed}"

    @property
    def run(self) -> Path:
        """The folder of its run."""
        return self.folder / f"{self.stem}-{self.minutes:g}-min"

    def config(self) -> RunConfig:
        """The settings of its training."""
        common: dict[str, Any] = {"seed": self.seed, "minutes": self.minutes, "device": "cpu", "out": self.run, "resume": True}
        if isinstance(self.entry.config, LatentConfig):
            common["samples"] = 0
        if isinstance(self.entry.config, PairedConfig) and self.dataset == "3dshapes":
            common["batch_size"] = 64  # as the others'; the pictures are large, and the usual 256 would be few steps
        return replace(self.entry.config, dataset=self.dataset, split=self.split, **common)

    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it."""
        given = {name: value for name, value in self.config().as_json().items() if name not in ("out", "start")}
        return {"task": self.entry.task, "drawn": DRAWN, "edited": EDITED, **given}

    def compute(self) -> dict[str, Any]:
        """Train, or go on with a training that was stopped; then measure."""
        from vsa import load

        config = self.config()
        result = load("task", self.entry.task).run(config)
        return {"trained": {name: result.metrics[name] for name in TOOK}, "metrics": self.measure(result.model, config)}

    def measure(self, model: TaskModel, config: RunConfig) -> dict[str, Any]:
        """What is drawn of both parts; and of a model that composes, edits, what is read, and the composition task."""
        import torch

        from tasks.composition.model import CompositionNet
        from tasks.composition.task import composing
        from tasks.data.checks import NotInPartError
        from tasks.evaluation.composing import measure_composition, measure_triplets
        from tasks.evaluation.drawing import measure_drawing
        from tasks.symbolic.model import SceneModel
        from tasks.task import likelihood_of, population_of, seed_of

        generator = torch.Generator().manual_seed(seed_of(self.seed, "generalisation"))
        likelihood, found = likelihood_of(config), {}
        for part in ("test", "train"):
            population = population_of(config, part)
            found[part] = measure_drawing(model.redrawn, likelihood, population, DRAWN, generator, model.device)
            with suppress(NotInPartError):  # there may be no combinations for the composition task
                if isinstance(model, SceneModel):
                    found[part]["triplets"] = measure_composition(model, population, EDITED, generator)
                if isinstance(model, CompositionNet):
                    device = model.device
                    triplets = measure_triplets(composing(model), likelihood, population, EDITED, generator, device)
                    found[part]["triplets"] = triplets
            if isinstance(model, SceneModel):
                found[part] |= by_algebra(model, population, generator)
        return found

    def summary(self, found: dict[str, Any]) -> str:
        """The main numbers."""
        test, train = found["metrics"]["test"], found["metrics"]["train"]
        told = f"IoU {test['reconstruction_iou']:.3f} ({train['reconstruction_iou']:.3f} trained)"
        return f"{told}, {test['reconstruction_nats']:.1f} nats"


def by_algebra(model: SceneModel, population: Population, generator: torch.Generator) -> dict[str, Any]:
    """What a symbolic model does with objects of a part by algebra: edits, and what is read of them."""
    from tasks.evaluation.editing import measure_edits
    from tasks.evaluation.reading import measure_reading

    found = measure_edits(model, 0, population, EDITED, generator) | measure_reading(model, 0, population, EDITED, generator)
    return {name: numbers for name, numbers in found.items() if not name.startswith("reconstruction")}


def trials(
    seeds: int, minutes: float, folder: Path, splits: Sequence[tuple[str, str]] = SPLITS, entries: Sequence[Entry] = ENTRIES
) -> list[Trial]:
    """All trials: every model has its first seed on every split before any has its second."""
    return [
        Trial(entry, dataset, split, seed, minutes, folder)
        for seed in range(seeds)
        for dataset, split in splits
        for entry in entries
    ]
