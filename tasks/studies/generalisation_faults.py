"""Which half of a model fails on what it never saw, the encoder or the decoder: a job for each model of the study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.studies.generalisation import Trial
from tasks.studies.jobs import Job, failure

if TYPE_CHECKING:
    from torch import Tensor

    from tasks.symbolic.model import SceneModel
    from tasks.vae.model import VAE, OnVAE

READ = 5000
"""Pictures of each part of which the codes are read."""

SEEN = 1000
"""Drawn pictures of each part that are judged."""

ASKED: tuple[tuple[str, str], ...] = (("dsprites", "r2r"), ("dsprites", "extrapolation"))
"""The splits of which it is asked."""


@dataclass(frozen=True)
class Fault(Job):
    """What the codes of a trained model say, and what a judge sees in the pictures that it draws.

    Attributes:
        trial: whose model it is; its folder holds it.
        folder: where the result lies.
    """

    trial: Trial
    folder: Path

    @property
    def stem(self) -> str:
        """How its file is called."""
        return f"fault-{self.trial.stem}"

    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it."""
        return {"read": READ, "seen": SEEN, **self.trial.settings()}

    def compute(self) -> dict[str, Any]:
        """Load the model, and ask both halves."""
        from tasks.loading import load_model
        from tasks.symbolic.model import SceneModel
        from tasks.vae.model import VAE, OnVAE

        model = load_model(self.trial.run)
        assert isinstance(model, SceneModel | VAE | OnVAE)
        return {"metrics": self.measure(model)}

    def measure(self, model: SceneModel | VAE | OnVAE) -> dict[str, Any]:
        """What the encoder says and what the decoder draws, and the disentanglement of codes that are numbers."""
        import torch

        from tasks.evaluation.disentanglement.dci import dci_lasso
        from tasks.evaluation.disentanglement.representation import represent
        from tasks.evaluation.generalising import measure_decoder, measure_encoder
        from tasks.symbolic.model import SceneModel
        from tasks.task import likelihood_of, population_of, seed_of

        config = self.trial.config()
        train, test = (population_of(config, part) for part in ("train", "test"))
        likelihood = likelihood_of(config)
        generator = torch.Generator().manual_seed(seed_of(self.trial.seed, "faults"))

        def codes(pictures: Tensor) -> Tensor:
            return (said(model, pictures.float()) if isinstance(model, SceneModel) else model.codes(pictures)).cpu()

        def draw(pictures: Tensor) -> Tensor:
            return likelihood.mean(model.redrawn(pictures.float()))

        found: dict[str, Any] = measure_encoder(codes, train, test, READ, generator)
        found |= measure_decoder(draw, train, test, SEEN, generator)
        if not isinstance(model, SceneModel):
            shown = represent(lambda classes: codes(train.observe(classes)), train, generator, READ, shown=True)
            found["dci_lasso"] = dci_lasso(shown)
        return found

    def summary(self, found: dict[str, Any]) -> str:
        """How right both are on what was held out, on average over the factors."""
        told = []
        for what in ("codes", "drawn"):
            scores = [value for name, value in found["metrics"].items() if name.startswith(f"{what}_test_")]
            told.append(f"{what} {sum(scores) / len(scores):.2f}")
        return ", ".join(told)


def said(model: SceneModel, pictures: Tensor) -> Tensor:
    """What feature vectors say of pictures, as numbers [B, K]: the number of a power, of others the likeness to each value."""
    import torch

    from vsa import ItemMemory

    columns = []
    for vectors, name, book in zip(model.features(pictures).unbind(1), model.roles, model.codebooks, strict=True):
        if name in model.powers:
            columns.append(model.powers[name].read(vectors)[:, None])
        else:
            assert isinstance(book, ItemMemory)
            columns.append(book.similarity(model.as_hypervectors(vectors)[:, None], book.vectors))
    return torch.cat(columns, 1)


def faults(trials: Sequence[Trial]) -> list[Fault]:
    """The jobs for the trials of the first seed whose model is there, on the splits of which it is asked."""
    return [
        Fault(trial, trial.folder)
        for trial in trials
        if (trial.dataset, trial.split) in ASKED
        and trial.seed == 0
        and trial.run.exists()
        and failure(trial.stored() or {"error": ""}) is None
    ]
