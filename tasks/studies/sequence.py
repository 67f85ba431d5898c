"""The study of sequences: which models are trained on clips, and what judges say of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks.config import RunConfig
from tasks.metrics_tables import TOOK
from tasks.sequence.config import SequenceConfig
from tasks.sequence_symbolic.config import SequenceFramesConfig, SequenceSymbolicConfig
from tasks.studies.jobs import Job, succeeded

JUDGED = 500
"""Test clips in each measurement."""

REPETITIONS = 5
"""Of the successors' protocol, each with other clips."""

JUDGE_STEPS = 600
"""Batches that the learnt judge learns from."""

MOVING = ("dsprites-dynamic", "dsprites-static")
"""The data sets of the MSD benchmark, which our renderer makes."""

PRECISION = "bfloat16"
"""Of matrix products: two thirds of the time of float32 on processors that have it, and right on all."""

DOCUMENT: dict[str, Any] = {"batch_size": 24, "steps": 6000}
"""The budget of the document's models: 144,000 clips, 16 times all that there are."""


@dataclass(frozen=True)
class Entry:
    """A model of the study.

    Attributes:
        stem: as files call it.
        name: as tables call it.
        task: that trains it.
        config: its settings, but for the data set's and the seed.
        told: what it is told of the clips beside them.
        dataset: which it is trained on; None for the characters that the study is about.
    """

    stem: str
    name: str
    task: str
    config: RunConfig
    told: str = "nothing"
    dataset: str | None = None


def _sequence(preset: str, **settings: Any) -> SequenceConfig:
    return replace(SequenceConfig.named(preset), **settings)


VIEWS: dict[str, Any] = {"batch_size": 16, "steps": 12000}
"""The budget of the model of two views: 192,000 clips."""

ENTRIES = (
    Entry("document", "the document's", "sequence", _sequence("document", **DOCUMENT)),
    Entry("document-256", "the same, f of 256", "sequence", _sequence("document-256", **DOCUMENT)),
    Entry("beta-6", "the same, beta 6", "sequence", _sequence("beta-6", **DOCUMENT)),
    Entry("beta-150", "the same, beta 150", "sequence", _sequence("beta-150", batch_size=24, steps=1500)),
    Entry("contrast", "contrast", "sequence", _sequence("contrast", **DOCUMENT)),
    Entry("views", "two views", "sequence", _sequence("default", **VIEWS)),
    Entry("donors", "donors", "sequence", _sequence("donors", **VIEWS), "which clips share the character, and which the motion"),
)
"""The sequential autoencoders."""

SYMBOLIC = (
    Entry(
        "symbolic", "one vector a clip", "sequence-symbolic", SequenceSymbolicConfig(steps=9000), "which clips share which factor"
    ),
    Entry(
        "frames",
        "frames bound with times",
        "sequence-frames",
        SequenceFramesConfig(steps=4000),
        "which frames share which factor",
    ),
)
"""The symbolic models."""

FACTORS = tuple(
    Entry(dataset, dataset, "sequence", _sequence("default", mirror=False, batch_size=16, steps=3000), dataset=dataset)
    for dataset in MOVING
)
"""The model of two views on the MSD benchmark's data sets. A mirror would change what stays there, the orientation."""


@dataclass(frozen=True)
class Characters:
    """The clips that the study is about.

    Attributes:
        dataset: their name; of frames of them it is followed by -frames.
        data: their files, if they are read from files.
    """

    dataset: str
    data: Path | None


@dataclass(frozen=True)
class JudgeJob(Job):
    """The training of the learnt judge.

    Attributes:
        characters: what it judges.
        steps: batches that it learns from.
        folder: of its file.
    """

    characters: Characters
    steps: int
    folder: Path

    @property
    def stem(self) -> str:
        """How its files begin."""
        return f"judge-{self.characters.dataset}"

    @property
    def file(self) -> Path:
        """Its weights."""
        return self.path.with_suffix(".safetensors")

    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it."""
        return {"dataset": self.characters.dataset, "steps": self.steps}

    def compute(self) -> dict[str, Any]:
        """Train it, write its weights, and try it on clips that it has not seen."""
        import torch

        from tasks.sequence.learnt_judge import train_judge
        from tasks.task import population_of

        config = SequenceConfig(dataset=self.characters.dataset, data=self.characters.data)
        judge = train_judge(population_of(config, "train"), self.steps)
        judge.save(self.file)
        test = population_of(config, "test")
        classes = test.sample(JUDGED, torch.Generator().manual_seed(0))
        said = judge.read(test.observe(classes))
        right = {name: (said[name] == classes[:, f]).double().mean().item() for f, name in enumerate(test.dataset.features)}
        return {"metrics": {"right": right}}

    def summary(self, found: dict[str, Any]) -> str:
        """How often it is right."""
        return ", ".join(f"{name} {share:.3f}" for name, share in found["metrics"]["right"].items())


@dataclass(frozen=True)
class Trial(Job):
    """One training of an entry, and what was measured of it.

    Attributes:
        entry: what is trained.
        characters: what on, if the entry does not say.
        judge: of the job whose judge is asked too.
        steps: of its training; its own if none is given.
        judged: clips in each measurement.
        seed: of all that is random.
        folder: of all trials; each keeps its run in a folder of its own.
    """

    entry: Entry
    characters: Characters
    judge: JudgeJob
    steps: int | None
    judged: int
    seed: int
    folder: Path

    @property
    def stem(self) -> str:
        """How its file and its folder are called."""
        return self.entry.stem if self.seed == 0 else f"{self.entry.stem}-seed-{self.seed}"

    @property
    def run(self) -> Path:
        """The folder of its run."""
        return self.folder / self.stem

    def config(self) -> RunConfig:
        """The settings of its training."""
        changed: dict[str, Any] = {"seed": self.seed, "device": "cpu", "precision": PRECISION, "out": self.run, "resume": True}
        if self.steps is not None:
            changed["steps"] = self.steps
        if self.entry.dataset is not None:
            changed |= {"dataset": self.entry.dataset, "split": "published"}
        else:
            frames = "-frames" if isinstance(self.entry.config, SequenceFramesConfig) else ""
            changed |= {"dataset": self.characters.dataset + frames, "data": self.characters.data}
        return replace(self.entry.config, **changed)

    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it."""
        given = {name: value for name, value in self.config().as_json().items() if name not in ("out", "data")}
        return {"task": self.entry.task, "judged": self.judged, "repetitions": REPETITIONS, **given}

    def compute(self) -> dict[str, Any]:
        """Train, or go on with a training that was stopped; then measure, with weights that are rounded as they are shipped."""
        from vsa import load

        result = load("task", self.entry.task).run(self.config(), half=True)
        trained = {name: result.metrics[name] for name in TOOK}
        own = {name: value for name, value in result.metrics.items() if name not in (*TOOK, "config")}
        return {"trained": trained, "metrics": own | self.measure(result.model)}

    def measure(self, model: Any) -> dict[str, Any]:
        """What a run does not measure by itself: what judges say."""
        import torch

        from tasks.sequence.exact import ExactJudge
        from tasks.sequence.factor_metrics import measure_factors
        from tasks.sequence.learnt_judge import load_judge
        from tasks.sequence.protocol import measure_all
        from tasks.task import population_of, seed_of

        if self.entry.task != "sequence":
            return {}
        population = population_of(self.config(), "test")
        generator = torch.Generator().manual_seed(seed_of(self.seed, "judges"))
        if self.entry.dataset is not None:
            return {"factors": measure_factors(model, population, self.judged, generator)}
        judges = {"exact": ExactJudge(population.dataset), "learnt": load_judge(self.judge.file)}
        return measure_all(model, population, judges, self.judged, generator, REPETITIONS)

    def summary(self, found: dict[str, Any]) -> str:
        """The main numbers."""
        metrics = found["metrics"]
        told = {name: metrics[name] for name in ("reconstruction_error", "read_all") if name in metrics}
        if "sampled" in metrics:
            told["clean"] = metrics["sampled"]["drawn"]["clean"]
        return ", ".join(f"{name} {value:.4f}" for name, value in told.items())


SHIPPED = {"views": "sequence", "symbolic": "sequence-symbolic"}
"""The models that `load_model` gives, and by which name."""


def ship(trials: list[Trial], folder: Path) -> list[Path]:
    """Write the weights that are shipped, in half precision and without paths, of the trials that have ended.

    Args:
        trials: of the study.
        folder: for the weights.

    Returns:
        The files.

    Raises:
        OutputError: one cannot be written.
    """
    from tasks.loading import load_model
    from tasks.weights import save

    written = []
    for trial in trials:
        found = succeeded(trial) if trial.stem in SHIPPED else None
        if found is not None:
            path = folder / f"{SHIPPED[trial.stem]}.safetensors"
            metrics = found["trained"] | found["metrics"]
            save(load_model(trial.run), trial.entry.task, trial.config().without_paths(), metrics, path, half=True)
            written.append(path)
    return written


def trials(characters: Characters, judge: JudgeJob, steps: int | None, judged: int, folder: Path, seed: int = 0) -> list[Trial]:
    """All trials, in the order in which they are begun."""
    every = (*ENTRIES, *SYMBOLIC, *FACTORS)
    return [Trial(entry, characters, judge, steps, judged, seed, folder) for entry in every]
