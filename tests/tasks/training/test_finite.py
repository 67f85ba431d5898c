"""Losses that are read late, as on CUDA: the same training, which never learns from what is no number."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tasks.symbolic.stages import PAIRED
from tasks.symbolic.task import Stage
from tasks.task import Task
from tasks.training import finite
from tasks.training.budget import Budget
from tasks.training.checkpoints import Checkpoint, Checkpoints, read_checkpoint
from tasks.training.loop import train
from tasks.training.metrics_log import read_metrics
from tasks.training.processes import make_accelerator
from tests.helpers import error
from tests.tasks.training import small
from tests.tasks.training.small import config
from tests.tasks.training.test_loop import Line, draw
from vsa.errors import TrainingError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training is what counts here."""
    for name in ("measure", "draw"):
        monkeypatch.setattr(Task, name, lambda *given: {})
    monkeypatch.setattr(Stage, "finish", lambda *given: None)


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the CPU is taken for a device that works on its own."""
    monkeypatch.setattr(finite, "LATE", ("cpu",))


def newest(folder: Path) -> Checkpoint:
    return read_checkpoint(Checkpoints(folder / "checkpoints").paths()[-1])


@pytest.mark.slow
def test_it_is_the_same_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("at once", "late"):
        if name == "late":
            late(monkeypatch)
        PAIRED.run(config(tmp_path / name, steps=15, checkpoint=1000))
        PAIRED.run(config(tmp_path / name, steps=23, checkpoint=1000, resume=True))
    at_once, read_late = (newest(tmp_path / name) for name in ("at once", "late"))
    assert at_once.metadata["state"]["recent"] == read_late.metadata["state"]["recent"]
    assert len(read_late.metadata["state"]["recent"]) == 23
    assert at_once.tensors.keys() == read_late.tensors.keys()
    assert all(torch.equal(tensor, read_late.tensors[key]) for key, tensor in at_once.tensors.items())
    rows = [
        [(row["step"], row.get("loss"), row.get("learning_rate")) for row in read_metrics(tmp_path / name / "metrics.jsonl")]
        for name in ("at once", "late")
    ]
    assert rows[0] == rows[1]
    assert [step for step, loss, _ in rows[1] if loss is not None] == [10, 20]


def test_a_loss_is_read_with_each_row_and_not_in_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    before = finite.LossWatch.read

    def watched(self: finite.LossWatch) -> list[float]:
        found = before(self)
        read.append(len(found))
        return found

    monkeypatch.setattr(finite.LossWatch, "read", watched)
    late(monkeypatch)
    model = Line()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    trained = train(
        model,
        draw,
        lambda model, batch, spent: model(batch),
        Budget(steps=34),
        optimizer=optimizer,
        accelerator=make_accelerator("cpu"),
    )
    assert read == [1, 9, 10, 10, 4]
    assert trained.steps == 34
    assert not hasattr(optimizer, "found_inf"), "the optimiser is left as it was"


def test_the_weights_before_a_loss_that_is_no_number_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"encoder": f"{small.__name__}:NotANumber", "decoder": "what-where", "checkpoint": 1000, "steps": 25}
    for name in ("at once", "late"):
        if name == "late":
            late(monkeypatch)
        good = tmp_path / name / "checkpoints" / "step-000000003.safetensors"
        parts = (
            "the loss became nan at step 4, with ",
            "batch_size 32",
            f"the last checkpoint is {good}: start from it with --start",
        )
        with error(TrainingError, *parts):
            PAIRED.run(config(tmp_path / name, **settings))
    at_once, read_late = (newest(tmp_path / name) for name in ("at once", "late"))
    assert at_once.step == read_late.step == 3
    assert at_once.metadata["state"]["recent"] == read_late.metadata["state"]["recent"]
    for part in ("model", "optimizer"):
        stored = read_late.part(part)
        changed = {name for name, tensor in at_once.part(part).items() if not torch.equal(tensor, stored[name])}
        # Statistics of batch norms are of what went through them, also of the batches after it.
        assert not {name for name in changed if "running" not in name and "batches_tracked" not in name}


def test_an_optimiser_that_cannot_leave_out_a_step_keeps_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(monkeypatch)
    monkeypatch.setattr(
        type(PAIRED), "optimizer", lambda self, config, model, fused: torch.optim.RMSprop(model.parameters(), lr=0.001)
    )
    with error(TrainingError, "the loss became nan at step 4, with ", "no checkpoint was written in"):
        PAIRED.run(config(tmp_path / "none", encoder=f"{small.__name__}:NotANumber", checkpoint=1000, steps=25))
    with error(TrainingError, "the loss became nan at step 4, with ", "the last checkpoint is", "step-000000003"):
        PAIRED.run(config(tmp_path / "each", encoder=f"{small.__name__}:NotANumber", steps=25))
    assert newest(tmp_path / "each").step == 3


def test_the_first_loss_is_read_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch)
    monkeypatch.setattr(type(PAIRED), "loss", lambda self, config, model, batch, spent: next(model.parameters()).sum() * math.nan)
    with error(TrainingError, "the loss became nan at step 1", "no checkpoint was written in"):
        PAIRED.run(config(tmp_path / "run", steps=25))
    assert not (tmp_path / "run").exists()


def test_whether_weights_are_numbers() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    assert finite.finite(model)
    assert finite.finite(nn.Flatten()), "one without weights"
    norm = model[1]
    assert isinstance(norm, nn.BatchNorm1d)
    assert isinstance(norm.running_mean, Tensor)
    norm.running_mean[1] = math.inf
    assert not finite.finite(model)
