"""The comparison: which models, with which settings and budget, and what is measured of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasks.config import RunConfig
from tasks.id_gan.config import IDGANConfig
from tasks.metrics_tables import TOOK
from tasks.studies.jobs import Job
from tasks.symbolic.config import LEARNT_PLACES, PairedConfig
from tasks.vae.config import LatentConfig, VAEConfig

if TYPE_CHECKING:
    from tasks.task_model import TaskModel

TrainedOn = Literal["all", "half"]
"""What a model is trained on: all positions but a tenth of all combinations; or the left half of them alone."""

HALF = "x > 15"
"""What is never trained on for the second table: the positions beyond the middle, posX > 0.5."""

DRAWN = 1000
"""Pictures of which the drawing is measured."""

NETWORKS: dict[str, Any] = {
    "encoder": "conv-burgess",
    "decoder": "conv-burgess",
    "batch_size": 64,
    "learning_rate": 0.001,
}
"""The symbolic model with the networks and the batch of the VAEs."""


@dataclass(frozen=True)
class Entry:
    """A model in the comparison.

    Attributes:
        name: as tables call it.
        stem: as files call it.
        task: that trains it.
        config: its settings, but for seed and budget.
        told: what it is told of the pictures beside them.
    """

    name: str
    stem: str
    task: str
    config: RunConfig
    told: str = "nothing"


PAIRS = "pairs that differ in some factors, not in which"
SHARED = "which pictures share which factor"

ENTRIES = (
    Entry("VAE", "vae", "vae", VAEConfig.named("vae")),
    Entry("beta-VAE, beta 4", "beta-vae", "vae", VAEConfig.named("beta-vae")),
    Entry("capacity, C 25", "capacity", "vae", VAEConfig.named("capacity")),
    Entry("FactorVAE, gamma 20", "factor-vae", "vae", VAEConfig.named("factor-vae")),
    Entry("beta-TCVAE, beta 6", "beta-tc-vae", "vae", VAEConfig.named("beta-tc-vae")),
    Entry("Ada-GVAE", "ada-gvae", "vae", VAEConfig.named("ada-gvae"), PAIRS),
    Entry("beta-VAE, beta 4, batches of 8", "beta-vae-small", "vae", VAEConfig(preset="beta-vae", batch_size=8)),
    Entry("ID-GAN on it, batches of 8", "id-gan", "id-gan", IDGANConfig(batch_size=8)),
    Entry("symbolic, the VAEs' networks", "paired-same", "paired", PairedConfig(**NETWORKS, contrastive=5.0), SHARED),
    Entry("symbolic", "paired", "paired", PairedConfig(**LEARNT_PLACES), SHARED),
)
"""The models of the first table."""

HALVES = (
    Entry("VAE", "vae", "vae", VAEConfig.named("vae")),
    Entry("beta-VAE, beta 8", "beta-vae-8", "vae", VAEConfig(preset="beta-vae", beta=8.0)),
    Entry("FactorVAE, gamma 20", "factor-vae", "vae", VAEConfig.named("factor-vae")),
    Entry("symbolic, the VAEs' networks", "paired-same", "paired", PairedConfig(**NETWORKS, contrastive=5.0), SHARED),
    Entry("symbolic", "paired", "paired", PairedConfig(**LEARNT_PLACES), SHARED),
)
"""The models of the second table; the first three are those of Montero et al. 2021."""

PUBLISHED_HALF = {"VAE": 3577.0, "beta-VAE, beta 8": 2811.0, "FactorVAE, gamma 20": 2007.0}
"""The binary cross entropy on posX > 0.5 that Montero et al. 2021 give, in nats a picture."""


@dataclass(frozen=True)
class Trial(Job):
    """One training of an entry, and what was measured of it.

    Attributes:
        entry: what is trained.
        trained_on: which pictures.
        seed: of all that is random.
        minutes: of one CPU thread.
        samples: objects for the metrics of disentanglement.
        folder: of all trials; each keeps its run in a folder of its own.
    """

    entry: Entry
    trained_on: TrainedOn
    seed: int
    minutes: float
    samples: int
    folder: Path

    @property
    def stem(self) -> str:
        """How its file and its folder are called."""
        return f"{'half-' if self.trained_on == 'half' else ''}{self.entry.stem}-seed-{self.seed}"

    @property
    def run(self) -> Path:
        """The folder of its run."""
        return self.folder / f"{self.stem}-{self.minutes:g}-min"

    def config(self) -> RunConfig:
        """The settings of its training."""
        changed: dict[str, Any] = {"test": HALF} if self.trained_on == "half" else {}
        if isinstance(self.entry.config, LatentConfig):
            changed["samples"] = self.samples if self.trained_on == "all" else 0
        return replace(
            self.entry.config, seed=self.seed, minutes=self.minutes, device="cpu", out=self.run, resume=True, **changed
        )

    def check(self) -> None:
        """Refuse settings that cannot be, before the work.

        Raises:
            RangeError: which one, and what is allowed.
        """
        config = self.config()
        (replace(config, start=self.run) if isinstance(config, IDGANConfig) else config).check()

    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it."""
        given = {name: value for name, value in self.config().as_json().items() if name not in ("out", "start")}
        return {"task": self.entry.task, "samples": self.samples, "drawn": DRAWN, **given}

    def compute(self) -> dict[str, Any]:
        """Train, or go on with a training that was stopped; then measure."""
        from tasks.vae.task import TASK as VAE_TASK
        from vsa import load

        config = self.config()
        if isinstance(config, IDGANConfig):  # half of the budget for the VAE whose codes it draws
            half, before = self.minutes / 2, self.run.with_name(f"{self.run.name}-vae")
            common: dict[str, Any] = {"seed": self.seed, "minutes": half, "device": "cpu", "resume": True}
            VAE_TASK.run(VAEConfig(preset="beta-vae", batch_size=config.batch_size, samples=0, out=before, **common))
            config = replace(config, minutes=half, start=before)
        result = load("task", self.entry.task).run(config)
        kept = {name: result.metrics[name] for name in ("kl", "variance_of", "disentanglement") if name in result.metrics}
        return {"trained": {name: result.metrics[name] for name in TOOK}, "metrics": kept | self.measure(result.model, config)}

    def measure(self, model: TaskModel, config: RunConfig) -> dict[str, Any]:
        """What a run does not measure by itself: drawing, and for feature vectors how disentangled they are."""
        import torch

        from tasks.evaluation.drawing import measure_drawing
        from tasks.evaluation.vectors import measure_vectors
        from tasks.likelihood import Bernoulli
        from tasks.symbolic.model import SceneModel
        from tasks.task import population_of, seed_of

        generator = torch.Generator().manual_seed(seed_of(self.seed, "leaderboard"))
        found: dict[str, Any] = {
            part: measure_drawing(model.redrawn, Bernoulli(), population_of(config, part), DRAWN, generator, model.device)
            for part in (("test", "validation") if self.trained_on == "half" else ("test",))
        }
        if self.trained_on == "all" and isinstance(model, SceneModel):
            found |= measure_vectors(model, population_of(config, "test"), self.samples, generator)
        return found

    def summary(self, found: dict[str, Any]) -> str:
        """The main numbers."""
        metrics = found["metrics"]
        told = {"IoU": metrics["test"]["reconstruction_iou"], "nats": metrics["test"]["reconstruction_nats"]}
        codes = metrics.get("disentanglement", {})
        told |= {name: codes[name] for name in ("mig", "dmm") if name in codes}
        return ", ".join(f"{name} {value:.3f}" for name, value in told.items())


def trials(seeds: int, minutes: float, samples: int, folder: Path) -> list[Trial]:
    """All trials: every model has its first seed before any has its second."""
    models: tuple[tuple[TrainedOn, tuple[Entry, ...]], ...] = (("all", ENTRIES), ("half", HALVES))
    return [
        Trial(entry, trained_on, seed, minutes, samples, folder)
        for seed in range(seeds)
        for trained_on, entries in models
        for entry in entries
    ]
