"""A grid of beta-VAEs that never see the right of the picture, and ID-GANs on four of them: does anything appear there?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.config import RunConfig
from tasks.id_gan.config import IDGANConfig
from tasks.metrics_tables import Table
from tasks.studies.jobs import Job, failure, results
from tasks.vae.config import VAEConfig

if TYPE_CHECKING:
    from tasks.evaluation.latents import Coder

LATENTS, BETAS, RATES, THRESHOLDS = (3, 5, 10), (0.5, 5.0, 100.0), (1e-4, 1e-5), (5, 16, 32)
"""The grid of the source; with the threshold 32 nothing is left out."""

CHOSEN = ((3, 0.5), (3, 5.0), (5, 0.5), (5, 5.0))
"""Latents and beta of the four on which the source trains an ID-GAN; learning rate 1e-4, threshold 16."""

DRAWN = 500
"""Pictures of which the drawing is measured."""

FEWEST = 20
"""Pixels that make a sprite; the smallest of the data set has 28."""


@dataclass(frozen=True)
class Setting:
    """A place in the grid.

    Attributes:
        latents, beta, rate: of the beta-VAE.
        threshold: only positions x up to this class are trained on.
    """

    latents: int
    beta: float
    rate: float
    threshold: int

    def __str__(self) -> str:
        return f"{self.latents} latents, beta {self.beta:g}, lr {self.rate:g}, x <= {self.threshold}"

    @property
    def stem(self) -> str:
        """As files call it."""
        return f"z-{self.latents}-beta-{self.beta:g}-lr-{self.rate:g}-x-{self.threshold}"

    def settings(self) -> dict[str, Any]:
        """What a VAE and an ID-GAN of this place have in common."""
        unseen = f"x > {self.threshold}" if self.threshold < 31 else "tenth == 0"
        return {"latents": self.latents, "test": unseen, "device": "cpu"}


GRID = tuple(Setting(*place) for place in product(LATENTS, BETAS, RATES, THRESHOLDS))
FOUR = tuple(Setting(latents, beta, 1e-4, 16) for latents, beta in CHOSEN)


@dataclass(frozen=True)
class Training(Job):
    """The training of a beta-VAE of the grid, or of an ID-GAN on one, and what it draws.

    Attributes:
        setting: its place in the grid.
        minutes: of one CPU thread.
        batch_size: pictures in a step.
        seed: of all that is random.
        folder: for the model and the numbers.
        vae: the training of the VAE whose codes an ID-GAN draws; None for a VAE.
    """

    setting: Setting
    minutes: float
    batch_size: int
    seed: int
    folder: Path
    vae: Training | None = None

    @property
    def stem(self) -> str:
        """How its files are called."""
        return f"{'vae' if self.vae is None else 'id-gan'}-{self.setting.stem}-seed-{self.seed}"

    @property
    def model(self) -> Path:
        """The file of its model."""
        return self.path.with_suffix(".safetensors")

    def config(self) -> RunConfig:
        """The settings of the training."""
        common = self.setting.settings() | {"minutes": self.minutes, "batch_size": self.batch_size, "seed": self.seed}
        if self.vae is not None:
            return IDGANConfig(**common, start=self.vae.model)
        return VAEConfig(**common, beta=self.setting.beta, learning_rate=self.setting.rate)

    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it."""
        config = {name: value for name, value in self.config().as_json().items() if name not in ("out", "start")}
        return config | {"vae": None if self.vae is None else self.vae.settings()}

    def compute(self) -> dict[str, Any]:
        """Train, keep the model, and measure; of an ID-GAN its VAE comes first, if it is not there."""
        from tasks.studies.running import do
        from tasks.weights import save
        from vsa import load

        if self.vae is not None and not self.vae.model.exists():
            do(self.vae)
        name = "vae" if self.vae is None else "id-gan"
        config = self.config()
        model, trained = load("task", name).learn(config)
        save(model, name, config, {}, self.model)
        return {"trained": asdict(trained), "metrics": self.measure(model, config)}

    def measure(self, model: Coder, config: RunConfig) -> dict[str, Any]:
        """How seen and unseen positions are drawn, and where generated sprites lie."""
        import torch

        from tasks.evaluation.drawing import measure_drawing
        from tasks.likelihood import Bernoulli
        from tasks.task import population_of, seed_of

        generator = torch.Generator().manual_seed(seed_of(self.seed, "positions"))

        parts = ("validation", "test") if self.setting.threshold < 31 else ("validation",)
        found: dict[str, Any] = {
            {"validation": "seen", "test": "unseen"}[part]: measure_drawing(
                model.redrawn, Bernoulli(), population_of(config, part), DRAWN, generator, model.device
            )
            for part in parts
        }
        return found | generated(model, self.setting.threshold, generator)

    def summary(self, found: dict[str, Any]) -> str:
        """The main numbers."""
        metrics = found["metrics"]
        shown = {part: metrics[part]["reconstruction_nats"] for part in ("seen", "unseen") if part in metrics}
        return ", ".join([f"{found['trained']['steps']} steps", *(f"{part} {nats:.0f} nats" for part, nats in shown.items())])


def generated(model: Coder, threshold: int, generator: Any) -> dict[str, float]:
    """Of codes drawn from the prior: how many are drawn as a sprite, and how many of these lie beyond the threshold.

    Returns:
        sprites: the share of pictures with twenty pixels or more above 0.5; beyond: of those, the share whose centroid lies at
        positions of x that were never trained on, 0 where there are no sprites.
    """
    import torch

    from tasks.data.dsprites.nearest import place
    from tasks.evaluation.latents import draw_codes

    pictures = draw_codes(model, torch.randn(DRAWN, model.latents, generator=generator))[:, 0] > 0.5
    sprites = pictures[pictures.flatten(1).sum(1) >= FEWEST]
    beyond = (place(sprites)[:, 0] > threshold + 0.5).double().mean().item() if len(sprites) else 0.0
    return {"sprites": len(sprites) / len(pictures), "beyond": beyond}


def trainings(minutes: float, long: float, batch_size: int, seed: int, folder: Path) -> tuple[list[Training], list[Training]]:
    """The trainings of the grid, and those of the ID-GANs, which start from VAEs that were trained for longer."""
    grid = [Training(setting, minutes, batch_size, seed, folder) for setting in GRID]
    vaes = [Training(setting, long, batch_size, seed, folder) for setting in FOUR]
    return grid, [replace(vae, vae=vae) for vae in vaes]


NUMBERS: dict[str, Callable[[dict[str, Any]], float | None]] = {
    "steps": lambda stored: stored["trained"]["steps"],
    "nats, seen": lambda stored: stored["metrics"]["seen"]["reconstruction_nats"],
    "nats, unseen": lambda stored: stored["metrics"].get("unseen", {}).get("reconstruction_nats"),
    "IoU, seen": lambda stored: stored["metrics"]["seen"]["reconstruction_iou"],
    "IoU, unseen": lambda stored: stored["metrics"].get("unseen", {}).get("reconstruction_iou"),
    "grey / white, seen": lambda stored: stored["metrics"]["seen"]["grey_over_white"],
    "sprites generated": lambda stored: stored["metrics"]["sprites"],
    "of these beyond": lambda stored: stored["metrics"]["beyond"] if "unseen" in stored["metrics"] else None,
}
"""What the tables show of each training."""


def table(jobs: Sequence[Training]) -> str:
    """What is there of these trainings, with the controls of IoU where positions are unseen; Markdown."""
    from tasks.data.dsprites.sprites import DSPRITES
    from tasks.evaluation.controls import controls_of

    rows = []
    for job, stored in results(jobs):
        if failure(stored) is not None:
            continue
        numbers = [number(stored) for number in NUMBERS.values()]
        cells = ("" if value is None else f"{value:.0f}" if value >= 10 else f"{value:.2f}" for value in numbers)
        rows.append((f"{'VAE' if job.vae is None else 'ID-GAN'}: {job.setting}", *cells))
    unseen = sorted({job.setting.threshold for job in jobs if job.setting.threshold < 31})
    controls = [f"Of IoU at x > {threshold}, {controls_of(DSPRITES, f'x > {threshold}')}" for threshold in unseen]
    return "\n\n".join([Table("", ("model", *NUMBERS), tuple(rows)).markdown(), *controls])
