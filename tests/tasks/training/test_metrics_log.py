import json
import os
from pathlib import Path
from typing import Any

import pytest

from tasks.symbolic.stages import PAIRED
from tasks.symbolic.task import Stage
from tasks.task import Task
from tasks.training.manifest import RunFiles
from tasks.training.metrics_log import MetricsLog, check_tracker, read_metrics, start_tracker
from tasks.training.processes import make_accelerator
from tests.helpers import error
from tests.tasks.training.small import config
from vsa.errors import InputError, MissingExtraError, OutputError, VSAError


def test_rows_are_there_as_soon_as_they_are_written(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl", 0, make_accelerator("cpu"))
    log.write(1, loss=0.1)
    assert read_metrics(tmp_path / "metrics.jsonl") == [{"step": 1, "loss": 0.1}]
    log.write(2, loss=1 / 3)
    log.close()
    assert read_metrics(tmp_path / "metrics.jsonl")[1]["loss"] == 1 / 3, "every digit"


def test_what_is_computed_again_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps({"step": step}) + "\n" for step in (10, 20, 30)) + '{"step": 40, "lo')
    log = MetricsLog(path, 20, make_accelerator("cpu"))
    log.write(30, loss=0.5)
    log.close()
    assert read_metrics(path) == [{"step": 10}, {"step": 20}, {"step": 30, "loss": 0.5}]
    MetricsLog(path, 0, make_accelerator("cpu")).close()
    assert read_metrics(path) == [], "another run begins"


def test_what_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with error(InputError, "there is no file"):
        read_metrics(path)
    for first in ("text", "[1]", '{"loss": 1}', '{"step": "one"}', "[" * 100_000):
        path.write_text(f'{first}\n{{"step": 1}}\n{{"step": 2}}\n')
        with error(InputError, f"line 1 of {path} is no row of metrics"):
            read_metrics(path)
    with error(OutputError, "cannot write", "No such file"):
        MetricsLog(tmp_path / "nowhere" / "metrics.jsonl", 0, make_accelerator("cpu"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
def test_a_full_disk(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl", 0, make_accelerator("cpu"))
    log.file.close()
    log.file = open("/dev/full", "w", buffering=1)  # noqa: SIM115  (the log closes it)
    with error(OutputError, "cannot write", "metrics.jsonl", "No space left on device"):
        log.write(1, loss=0.5)
    with error(OutputError, "cannot write", "No space left on device"):
        log.sync()
    with error(OutputError, "cannot write", "No space left on device"):
        log.close()


def test_a_tracker_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.training.metrics_log.find_spec", lambda name: None)
    check_tracker("none")
    for name in ("tensorboard", "wandb"):
        with error(MissingExtraError, f"--log {name} needs the package {name}", f"pip install -e '.[{name}]'"):
            PAIRED.run(config(tmp_path / "run", log=name))
    assert list(tmp_path.iterdir()) == []


def test_a_tracker_that_cannot_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **named: Any) -> None:
        raise ConnectionError("no account")

    accelerator = make_accelerator("cpu")
    monkeypatch.setattr(accelerator, "init_trackers", refuse)
    with error(VSAError, "wandb cannot be started: no account", "WANDB_MODE=offline"):
        start_tracker(accelerator, "wandb", RunFiles(tmp_path), {})


@pytest.fixture
def only_train(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("measure", "draw"):
        monkeypatch.setattr(Task, name, lambda *given: {})
    monkeypatch.setattr(Stage, "finish", lambda *given: None)


@pytest.mark.usefixtures("only_train")
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_is_told_the_same(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install -e '.[tensorboard]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    PAIRED.run(config(tmp_path, steps=20, log="tensorboard"))
    (events,) = (tmp_path / "tracker" / "vsa-torch").glob("events.out.tfevents.*")
    written = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "tracker").rglob("*") if path.is_file()}
    assert written <= RunFiles(tmp_path).listed
    told = EventAccumulator(str(events.parent)).Reload()
    rows = read_metrics(tmp_path / "metrics.jsonl")
    for name in ("loss", "validation_loss"):
        written = [(row["step"], row[name]) for row in rows if name in row]
        assert [(scalar.step, scalar.value) for scalar in told.Scalars(name)] == [
            (step, pytest.approx(value, rel=1e-6)) for step, value in written
        ]


@pytest.mark.usefixtures("only_train")
@pytest.mark.filterwarnings("ignore")
def test_weights_and_biases_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="wandb is not installed: pip install -e '.[wandb]'")
    for name, value in (("MODE", "offline"), ("SILENT", "true"), ("ERROR_REPORTING", "false")):
        monkeypatch.setenv(f"WANDB_{name}", value)
    PAIRED.run(config(tmp_path, steps=10, log="wandb"))
    assert list(tmp_path.glob("tracker/wandb/offline-run-*/run-*.wandb"))
