"""The table of experiments: the rows of the source document, those that it lacks, one run of a row, and the page of all runs."""

from __future__ import annotations

import hashlib
import json
import platform
import statistics
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import asdict, dataclass
from os import devnull
from pathlib import Path
from typing import Any, Literal

import torch

from tasks.config import PairedConfig, PairedSceneConfig, StageConfig
from tasks.evaluation.counterfactuals import measure
from tasks.json_file import write_json
from tasks.paired import TASK as PAIRED
from tasks.paired_scene import TASK as PAIRED_SCENE
from tasks.task import Task, objects_of
from vsa.errors import InputError, VSAError

Model = Literal["PD", "PSD"]
"""The document's names of two of its models: paired dSprites, and paired scenes of dSprites."""

TASKS: dict[Model, Task[Any]] = {"PD": PAIRED, "PSD": PAIRED_SCENE}
CONFIGS: dict[Model, type[StageConfig]] = {"PD": PairedConfig, "PSD": PairedSceneConfig}

SMALL: dict[str, Any] = {
    "encoder": "conv-small",
    "decoder": "conv-small",
    "decoding": "whole",
    "contrastive": 0.0,
    "batch_size": 64,
    "learning_rate": 0.001,
}
"""Plain convolutions, small enough for a laptop: the document's losses can be compared without its 126 M weights."""


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        number: from 1; up to 17 the document's own.
        model: what is learnt.
        settings: what differs from the task's default settings.
        quality: the document's verdict, "Good" or "Bad"; empty where it has none.
    """

    number: int
    model: Model
    settings: dict[str, Any]
    quality: str = ""

    def config(self, **budget: Any) -> StageConfig:
        """The settings of a run: those of the row, on the CPU, with this seed, budget and number of test pictures."""
        return CONFIGS[self.model](**self.settings, **budget, device="cpu")

    def cells(self) -> list[str]:
        """What the row is, for people."""
        config = self.config()
        network = config.encoder if config.encoder == config.decoder else f"{config.encoder}, {config.decoder}"
        extra = f" + {config.contrastive:g} contrastive" if config.contrastive else ""
        sources = {"one": f"pair, {config.exchange}", "subset": "pair, subset known", "donors": "five donors", "own": "own"}
        loss = f"{config.loss.upper()} {config.reduction}{extra}"
        return [str(self.number), self.model, network, loss, f"{config.kl:g}", f"{config.cosine:g}", sources[config.scheme]]

    def __str__(self) -> str:
        number, model, network, loss, kl, cosine, sources = self.cells()
        return f"row {number} ({model}, {network}, {loss}, KL {kl}, cosine {cosine}, {sources})"


def _document(model: Model, loss: str, reduction: str, kl: float, cosine: float) -> tuple[Model, dict[str, Any]]:
    """Pairs that differ in one feature: with a cosine loss the document has no labels, and guesses which."""
    losses = {"loss": loss, "reduction": reduction, "kl": kl, "cosine": cosine}
    return model, SMALL | losses | {"scheme": "one", "exchange": "guessed" if cosine else "known"}


_ROWS: list[tuple[tuple[Model, dict[str, Any]], str]] = [
    (_document("PD", "mse", "sum", 1.0, 0.0), "Bad"),
    (_document("PD", "mse", "sum", 1.0, 1.0), "Bad"),
    (_document("PD", "mse", "mean", 1.0, 0.0), "Bad"),
    (_document("PD", "mse", "mean", 0.1, 0.0), "Bad"),
    (_document("PD", "mse", "mean", 0.01, 0.0), "Bad"),
    (_document("PD", "mse", "mean", 0.001, 0.0), "Bad"),
    (_document("PD", "mse", "mean", 1.0, 1.0), "Bad"),
    (_document("PD", "mse", "mean", 0.1, 1.0), "Bad"),
    (_document("PD", "mse", "mean", 0.01, 1.0), "Bad"),
    (_document("PD", "mse", "mean", 0.001, 1.0), "Bad"),
    (_document("PD", "bce", "sum", 1.0, 0.0), "Bad"),
    (_document("PD", "bce", "sum", 1.0, 1.0), "Bad"),
    (_document("PD", "bce", "sum", 0.1, 1.0), "Bad"),
    (_document("PD", "bce", "sum", 0.0, 1.0), "Good"),
    (_document("PD", "bce", "sum", 0.01, 1.0), "Good"),
    (_document("PSD", "bce", "sum", 0.01, 1.0), "Good"),
    (_document("PSD", "bce", "sum", 0.001, 1.0), "Bad"),
    # Without these the document's table cannot say whether its cosine loss helps: no good row of it does without.
    (_document("PD", "bce", "sum", 0.0, 0.0), ""),
    (_document("PD", "bce", "sum", 0.01, 0.0), ""),
    (_document("PD", "bce", "sum", 0.001, 0.0), ""),
    # The same losses and network, other sources of the five vectors.
    (("PD", SMALL | {"scheme": "subset", "kl": 0.001}), ""),
    (("PSD", SMALL | {"scheme": "subset", "kl": 0.001}), ""),
    (("PD", SMALL | {"scheme": "donors", "kl": 0.001}), ""),
    (("PSD", SMALL | {"scheme": "donors", "kl": 0.001}), ""),
    # The project's own settings.
    (("PD", {}), ""),
    (("PSD", {}), ""),
]
ROWS = tuple(Row(number, *row, quality) for number, (row, quality) in enumerate(_ROWS, 1))
"""All rows: the document's seventeen, and nine more."""


@dataclass(frozen=True)
class Run:
    """One training of a row, and the file that holds what came of it.

    Attributes:
        row: what is learnt, and how.
        config: its settings, with seed and budget.
        folder: where the file lies.
    """

    row: Row
    config: StageConfig
    folder: Path

    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it, as JSON can hold it."""
        return {"model": self.row.model} | {name: value for name, value in self.config.as_json().items() if name != "out"}

    @property
    def path(self) -> Path:
        """The file, named after row, seed and a digest of all settings, so that other budgets have files of their own."""
        digest = hashlib.sha256(json.dumps(self.settings(), sort_keys=True).encode()).hexdigest()[:8]
        return self.folder / f"row-{self.row.number:02}-seed-{self.config.seed}-{digest}.json"

    def stored(self) -> dict[str, Any] | None:
        """What its file holds: `metrics`, or an `error` that training ended in, or a `crash`; None if it was not run.

        Raises:
            InputError: there is a file, but it holds something else.
        """
        try:
            found = json.loads(self.path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path} is not the result of a run ({error}); remove it, and it is run again") from error
        if not isinstance(found, dict) or found.get("settings") != self.settings():
            raise InputError(f"{self.path} holds the result of other settings; remove it, and it is run again")
        return found

    def done(self) -> bool:
        """Whether it need not be run again. That the loss became NaN is a result; that something broke is none."""
        found = self.stored()
        return found is not None and "crash" not in found


def work(run: Run) -> None:
    """Train and measure on one CPU thread, and write the file of the run, whatever happens."""
    torch.set_num_threads(1)
    started = time.perf_counter()
    result: dict[str, Any] = {"settings": run.settings(), "machine": machine()}
    try:
        with open(devnull, "w") as nothing, redirect_stderr(nothing):  # several bars at once would be unreadable
            model, trained = TASKS[run.row.model].learn(run.config)
        # The same pictures for all rows, so that their difference is not the pictures'.
        generator = torch.Generator().manual_seed(run.config.seed + 1)
        others = TASKS[run.row.model].objects(run.config) - 1
        metrics = measure(model, others, objects_of(run.config, "test"), run.config.evaluate, generator)
        result |= {"trained": asdict(trained), "metrics": metrics}
    except VSAError as error:
        result["error"] = str(error)
    except Exception:
        result["crash"] = traceback.format_exc()
    write_json(run.path, result | {"seconds": time.perf_counter() - started})


def machine() -> str:
    """What this process computes with."""
    threads = f"{torch.get_num_threads()} thread{'s' * (torch.get_num_threads() > 1)}"
    return f"torch {torch.__version__}, {platform.machine()} with {torch.backends.cpu.get_cpu_capability()}, {threads} a run"


MEASURED: dict[str, Callable[[dict[str, Any]], float]] = {
    "reconstruction IoU": lambda metrics: metrics["reconstruction_iou"],
    "mean edit IoU": lambda metrics: statistics.mean(metrics["edit_iou"].values()),
    "lowest edit IoU": lambda metrics: min(metrics["edit_iou"].values()),
    "assembly IoU": lambda metrics: metrics["assembly_iou"],
    "right value shown": lambda metrics: statistics.mean(metrics["edit_shown"].values()),
}
"""The numbers of a run that the table shows."""


def table(runs: Sequence[Run], command: str) -> str:
    """The table, of what is there of these runs, with how it was made; Markdown."""
    found = [(run, stored) for run in runs if (stored := run.stored()) is not None]
    heads = ["row", "model", "network", "image loss", "KL", "cosine", "vectors from", "document", "seeds", "steps", *MEASURED]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in ROWS:
        ended = [stored for run, stored in found if run.row == row and "metrics" in stored]
        numbers = [[number(stored["metrics"]) for stored in ended] for number in MEASURED.values()]
        steps = f"{statistics.mean(stored['trained']['steps'] for stored in ended):.0f}" if ended else ""
        cells = [*row.cells(), row.quality, str(len(ended)), steps, *map(_spread, numbers)]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", _how(runs, [stored for _, stored in found], command)]
    failed = [(run, stored.get("error") or stored["crash"].strip()) for run, stored in found if "metrics" not in stored]
    if failed:
        lines += ["", "Without a result:", ""]
        lines += [f"* row {run.row.number}, seed {run.config.seed}: {why.splitlines()[-1]}" for run, why in failed]
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    """Mean and sample standard deviation."""
    if not values:
        return ""
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{spread}"


def _how(runs: Sequence[Run], found: list[dict[str, Any]], command: str) -> str:
    """Budget, machine and command of a table."""
    config = runs[0].config
    limits = [f"{config.minutes:g} min"] if config.minutes is not None else []
    limits += [f"{config.steps} steps"] if config.steps is not None else []
    machines = sorted({stored["machine"] for stored in found})
    precisions = sorted({stored["trained"]["precision"] for stored in found if "trained" in stored})
    return (
        f"Each run was trained for {' or '.join(limits)} and measured on test combinations, {config.evaluate} pictures for each "
        f"number: mean ± standard deviation over the seeds. The time is the same for all rows, the steps in it are not. "
        f"The machine: {'; '.join([*machines, *precisions]) or 'nothing was run yet'}. The command: `{command}`."
    )
