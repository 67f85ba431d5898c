"""Runs that are stopped, refused, resumed, damaged: what is said, what is left, and that going on ends the same."""

import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from safetensors.torch import save_file

from tasks import load_model
from tasks.command_line import status_of
from tasks.symbolic.config import LEARNT_PLACES, PairedConfig
from tasks.symbolic.stages import PAIRED, PAIRED_SCENE
from tasks.symbolic.task import Stage
from tasks.task import Task
from tasks.training.checkpoints import Checkpoint, Checkpoints, read_checkpoint
from tasks.training.metrics_log import read_metrics
from tasks.training.run_folder import LOCK
from tests.helpers import as_a_user, error
from tests.tasks.training import small
from tests.tasks.training.small import config
from vsa.errors import InputError, OutputError, RangeError, TrainingError


def only_train(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training is what counts here."""
    for name in ("measure", "draw"):
        monkeypatch.setattr(Task, name, lambda *given: {})
    monkeypatch.setattr(Stage, "finish", lambda *given: None)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    only_train(monkeypatch)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The end of a run that nobody disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        only_train(patch)
        folder = tmp_path_factory.mktemp("calm")
        PAIRED.run(config(folder))
    return read_checkpoint(checkpoints(folder)[-1])


def status(settings: PairedConfig) -> int:
    """The exit status of a command that runs with these settings."""

    def work(flags: PairedConfig) -> None:
        PAIRED.run(settings)

    return status_of(PairedConfig, work, [])


def checkpoints(folder: Path) -> list[Path]:
    return Checkpoints(folder / "checkpoints").paths()


def same(folder: Path, calm: Checkpoint) -> None:
    """The run in the folder ended as the calm one, bit for bit."""
    ended = read_checkpoint(checkpoints(folder)[-1])
    assert ended.step == calm.step
    assert ended.metadata["state"]["recent"] == calm.metadata["state"]["recent"]
    assert ended.tensors.keys() == calm.tensors.keys()
    assert all(torch.equal(tensor, calm.tensors[name]) for name, tensor in ended.tensors.items())


@contextmanager
def killed_after(step: int) -> Iterator[None]:
    """The run ends at once when the checkpoint of this step is written."""

    class KilledError(Exception):
        pass

    write = Checkpoints.write

    def watch(self: Checkpoints, checkpoint: Checkpoint, best: int | None = None) -> Path:
        path = write(self, checkpoint, best)
        if checkpoint.step == step:
            raise KilledError
        return path

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "write", watch)
        with pytest.raises(KilledError):
            yield


def test_what_a_run_keeps(tmp_path: Path) -> None:
    result = PAIRED.run(config(tmp_path, steps=25))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"config.json", "manifest.json", "metrics.jsonl", "metrics.json", "model.safetensors", "checkpoints"}
    best = read_checkpoint(checkpoints(tmp_path)[-1]).metadata["best"]["step"]
    assert {int(path.stem.partition("-")[2]) for path in checkpoints(tmp_path)} == {24, 25, best}
    newest = read_checkpoint(checkpoints(tmp_path)[-1])
    assert set(newest.metadata) >= {"task", "version", "machine", "config", "state", "schedule", "best", "processes", "optimizer"}
    assert newest.metadata["state"]["steps"] == newest.step == 25
    assert {name.partition(".")[0] for name in newest.tensors} == {"model", "optimizer", "generator"}
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert [row["step"] for row in rows if "loss" in row] == [10, 20]
    assert [row["step"] for row in rows if "validation_loss" in row] == list(range(1, 26))
    assert rows[-1]["validation_loss"] == newest.metadata["best"]["loss"] or best != 25
    assert result.metrics["loss"] == pytest.approx(sum(newest.metadata["state"]["recent"]) / 25)


def test_a_resumed_run_ends_as_one_that_was_never_stopped(tmp_path: Path, calm: Checkpoint) -> None:
    for step in (2, 3, 5):
        with killed_after(step):
            PAIRED.run(config(tmp_path, resume=True))
    PAIRED.run(config(tmp_path, resume=True))
    same(tmp_path, calm)
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.jsonl")] == [1, 2, 3, 4, 5, 6]
    PAIRED.run(config(tmp_path, resume=True))  # there is nothing left to do
    same(tmp_path, calm)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_changes_nothing(tmp_path: Path, calm: Checkpoint, workers: int) -> None:
    PAIRED.run(config(tmp_path, workers=workers))
    same(tmp_path, calm)


@pytest.mark.parametrize(("encoder", "expected"), [("Terminated", 143), ("Interrupted", 130), ("HungUp", 129)])
def test_signals_save_and_end_it(tmp_path: Path, encoder: str, expected: int, capsys: pytest.CaptureFixture[str]) -> None:
    settings = config(tmp_path, encoder=f"{small.__name__}:{encoder}", checkpoint=1000)
    assert status(settings) == expected
    assert capsys.readouterr().err.endswith(f"stopped at step 4; go on with --out {tmp_path} --resume --trust\n")
    assert [path.name for path in checkpoints(tmp_path)] == ["step-000000004.safetensors"]
    assert load_model(tmp_path, trust=True).roles.dim == 32, "it can be looked at meanwhile"


def test_a_reader_that_has_gone_saves_and_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind `2>&1 | head -1`: here after the first line."""
    reader, writer = os.pipe()
    with suppress(BrokenPipeError), open(writer, "w", buffering=1) as pipe, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", pipe)
        os.close(reader)
        assert status(config(tmp_path, checkpoint=1000)) == 141
    assert [path.name for path in checkpoints(tmp_path)] == ["step-000000002.safetensors"]
    PAIRED.run(config(tmp_path, resume=True))
    assert read_checkpoint(checkpoints(tmp_path)[-1]).step == 6


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
def test_progress_that_cannot_be_shown_stops_nothing(tmp_path: Path, calm: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    with suppress(OSError), open("/dev/full", "w", buffering=1) as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", full)
        assert status(config(tmp_path)) == 0
    same(tmp_path, calm)


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path, calm: Checkpoint) -> None:
    """As nohup does it: the same training goes on when its terminal has gone."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        settings = config(tmp_path, encoder=f"{small.__name__}:HungUp")
        assert status(settings) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert read_checkpoint(checkpoints(tmp_path)[-1]).step == 6


def test_going_on_with_another_number_of_threads_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    PAIRED.run(config(tmp_path, steps=1))
    threads = torch.get_num_threads()
    assert read_checkpoint(checkpoints(tmp_path)[-1]).metadata["machine"]["threads"] == threads
    PAIRED.run(config(tmp_path, steps=2, resume=True))
    assert "goes on" not in capsys.readouterr().err
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads + 1)
    PAIRED.run(config(tmp_path, steps=3, resume=True))
    expected = (
        f"warning: the run in {tmp_path} goes on with threads {threads + 1}, not {threads}; its weights will not be the same"
    )
    assert expected in capsys.readouterr().err


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    PAIRED.run(config(tmp_path, steps=2))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with error(OutputError, f"there is a run in {tmp_path} already (checkpoints/step-", "--resume", "--start-over", "--out"):
        PAIRED.run(config(tmp_path, steps=2))
    lock = FileLock(tmp_path / LOCK)
    with lock:
        for how in ({"resume": True}, {"start_over": True}):
            with error(OutputError, f"another run is at work in {tmp_path}", "--out"):
                PAIRED.run(config(tmp_path, steps=2, **how))
    (tmp_path / LOCK).unlink(missing_ok=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    with error(RangeError, "start_over must be off with --resume"):
        PAIRED.run(config(tmp_path, resume=True, start_over=True))
    PAIRED.run(config(tmp_path, steps=3, start_over=True))
    assert read_checkpoint(checkpoints(tmp_path)[-1]).step == 3
    assert len(checkpoints(tmp_path)) <= 3
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_model_without_checkpoints_is_not_trained_over(tmp_path: Path) -> None:
    PAIRED.run(config(tmp_path, steps=1))
    for path in checkpoints(tmp_path):
        path.unlink()
    with error(OutputError, f"there is a model in {tmp_path}, but no checkpoint", "--start", "--start-over"):
        PAIRED.run(config(tmp_path, steps=1, resume=True))


def test_what_may_change_when_it_goes_on(tmp_path: Path) -> None:
    PAIRED.run(config(tmp_path, steps=2))
    for name, value in (("kl", 0.5), ("batch_size", 64), ("encoder", "conv-small"), ("precision", "bfloat16")):
        with error(RangeError, f"{name}: the run in {tmp_path} was begun with", f"not {value}", "--start-over"):
            PAIRED.run(replace(config(tmp_path, steps=2, resume=True), **{name: value}))
    with error(InputError, "is of the task 'paired', not 'paired-scene'"):
        PAIRED_SCENE.run(PAIRED_SCENE.config(**vars(config(tmp_path, resume=True))))
    PAIRED.run(config(tmp_path, steps=4, evaluate=2, workers=1, resume=True))
    assert read_checkpoint(checkpoints(tmp_path)[-1]).step == 4


def test_the_command_line_goes_on_with_the_stored_settings(tmp_path: Path) -> None:
    PAIRED.run(config(tmp_path, steps=2, kl=0.25))
    seen: list[PairedConfig] = []
    assert status_of(PairedConfig, seen.append, ["--resume", "--trust", "--out", str(tmp_path), "--steps", "4"]) == 0
    assert seen == [config(tmp_path, steps=4, kl=0.25, resume=True, trust=True)]
    (tmp_path / "config.json").write_text('{"config": {"kl": "much"}}')
    with as_a_user():
        assert status_of(PairedConfig, seen.append, ["--resume", f"--out={tmp_path}"]) == 2


DAMAGE = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "altered": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    "no checkpoint": lambda content: b"x" * len(content),
    "a pickle": lambda content: pickle.dumps({"model": 1}),
}


@pytest.mark.parametrize(
    "how", [how if how in ("cut short", "a pickle") else pytest.param(how, marks=pytest.mark.slow) for how in DAMAGE]
)
def test_the_checkpoint_before_a_damaged_one_is_used(
    tmp_path: Path, calm: Checkpoint, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with killed_after(4):
        PAIRED.run(config(tmp_path))
    newest = checkpoints(tmp_path)[-1]
    newest.write_bytes(DAMAGE[how](newest.read_bytes()))
    PAIRED.run(config(tmp_path, resume=True))
    same(tmp_path, calm)
    said = capsys.readouterr().err
    assert f"warning: {newest} is" in said
    assert "going back to the checkpoint before it" in said
    assert newest.with_suffix(".damaged").exists(), "nothing is lost"


def test_foreign_and_hopeless_checkpoints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with killed_after(3):
        PAIRED.run(config(tmp_path))
    good = checkpoints(tmp_path)[-1]
    metadata = read_checkpoint(good).metadata
    for kind, wrong in (
        (InputError, {"state": {"steps": 1}, "best": None}),
        (InputError, {**metadata, "state": {**metadata["state"], "colour": "red"}}),
        (InputError, {**metadata, "state": {**metadata["state"], "steps": 4}}),
        (InputError, {**metadata, "state": {**metadata["state"], "recent": ["low"]}}),
        (InputError, {**metadata, "best": {"loss": "low", "step": []}}),
        (RangeError, {**metadata, "config": {**metadata["config"], "batch_size": "many"}}),
        (RangeError, {**metadata, "config": []}),
        (RangeError, {**metadata, "config": {**metadata["config"], "colour": "red"}}),
    ):
        Checkpoints(tmp_path / "checkpoints").write(Checkpoint(9, {**metadata, **wrong}, read_checkpoint(good).tensors))
        with error(kind, ""):
            PAIRED.run(config(tmp_path, resume=True))
    for path in checkpoints(tmp_path):
        save_file({"x": torch.zeros(1)}, path)
    with error(InputError, "no checkpoint in", "is whole", "--start-over"):
        PAIRED.run(config(tmp_path, resume=True))
    assert "is not a file of the kind 'vsa-torch checkpoint 1', but 'unnamed'" in capsys.readouterr().err


def test_a_loss_that_is_no_number_stops_at_the_last_good_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = config(tmp_path / "run", encoder=f"{small.__name__}:NotANumber", decoder="what-where", checkpoint=1000, seed=5)
    assert status(settings) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    good = tmp_path / "run" / "checkpoints" / "step-000000003.safetensors"
    assert said.startswith("error: the loss became nan at step 4, with ")
    for part in ("batch_size 32", "learning_rate 0.003", "seed 5", f"the last checkpoint is {good}: start from it with --start"):
        assert part in said
    assert all(weight.isfinite().all() for weight in read_checkpoint(good).part("model").values())
    with error(InputError, "cannot start from", "its encoder, decoder or roles are others"):
        PAIRED.run(config(tmp_path / "other", start=good))
    again = replace(settings, out=tmp_path / "again", steps=3, start=tmp_path / "run", learning_rate=0.001)
    assert PAIRED.run(again).metrics["steps"] == 3


def test_weights_that_are_no_numbers_are_never_kept(tmp_path: Path) -> None:
    with error(TrainingError, "a weight is no number after step 1", "learning_rate 1e+38", "no checkpoint was written"):
        PAIRED.run(config(tmp_path, learning_rate=1e38))
    assert checkpoints(tmp_path) == []


def test_no_memory_left(tmp_path: Path) -> None:
    parts = ["out of memory in step 4 on cpu", "--batch-size", "the last checkpoint is", "step-000000003.safetensors"]
    with error(TrainingError, *parts):
        PAIRED.run(config(tmp_path, encoder=f"{small.__name__}:OutOfMemory"))


@contextmanager
def quota(size: int) -> Iterator[None]:
    """No file may be larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_quota_that_is_used_up(tmp_path: Path, calm: Checkpoint) -> None:
    with killed_after(2):
        PAIRED.run(config(tmp_path))
    there = checkpoints(tmp_path)
    with quota(there[-1].stat().st_size // 2), error(OutputError, "cannot write", "step-000000003", "File too large"):
        PAIRED.run(config(tmp_path, resume=True))
    assert checkpoints(tmp_path) == there
    assert not list(tmp_path.rglob("*.part*"))
    PAIRED.run(config(tmp_path, resume=True))
    same(tmp_path, calm)


@contextmanager
def disk(folder: Path, size: int) -> Iterator[None]:
    """A small disk in memory, mounted at a folder."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk in memory can only be mounted by root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is of Linux")
def test_a_full_and_a_read_only_disk(tmp_path: Path, calm: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    PAIRED.run(config(tmp_path / "sized", steps=1))
    size = checkpoints(tmp_path / "sized")[0].stat().st_size
    folder = tmp_path / "disk"
    folder.mkdir()
    with disk(folder, int(2.5 * size)):
        assert status(config(folder / "run")) == 2
        said = capsys.readouterr().err.splitlines()[-1]
        assert said.startswith(f"error: cannot write {folder / 'run' / 'checkpoints' / 'step-'}"[:-1])
        assert said.endswith("No space left on device")
        there = [read_checkpoint(path).step for path in checkpoints(folder / "run")]
        assert there == [1, 2], "those before it are whole"
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        with error(OutputError, f"cannot write to the folder {folder / 'run'}", "Read-only file system", "--out"):
            PAIRED.run(config(folder / "run", resume=True))
        subprocess.run(["mount", "-o", f"remount,rw,size={20 * size}", str(folder)], check=True)
        PAIRED.run(config(folder / "run", resume=True))
        same(folder / "run", calm)


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with killed_after(2):
        PAIRED.run(config(tmp_path))
    (tmp_path / "metrics.jsonl").write_text("no json\n" * 3)
    with error(InputError, "line 1 of", "metrics.jsonl is no row of metrics"):
        PAIRED.run(config(tmp_path, resume=True))
    (tmp_path / "metrics.jsonl").unlink()
    if os.path.exists("/dev/full"):
        (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
        with error(OutputError, "that is not of the run", "metrics.jsonl (a link); choose another folder with --out"):
            PAIRED.run(config(tmp_path, resume=True))


@pytest.mark.parametrize(("steps", "settings", "loss"), [(4, {}, 818.56), (20, LEARNT_PLACES, 768.478)])
def test_a_short_run_has_the_loss_that_it_always_had(steps: int, settings: dict[str, Any], loss: float) -> None:
    """Drift: another result means that the data, the model or the training changed.

    Places that are computed are learnt so fast that the rounding of one thread or two tells after twenty steps.
    """
    _, trained = PAIRED.learn(PairedConfig(steps=steps, batch_size=64, dim=64, device="cpu", seed=0, **settings))
    assert trained.loss == pytest.approx(loss, rel=2e-3)


def test_settings_of_all_types_are_checked(tmp_path: Path) -> None:
    wrong: list[tuple[str, Any, str]] = [
        ("steps", 2.5, "steps must be a whole number or none, got 2.5"),
        ("batch_size", True, "batch_size must be a whole number, got True"),
        ("learning_rate", "high", "learning_rate must be a number, got 'high'"),
        ("device", "abacus", "device must be one of auto, cpu, cuda, mps, got 'abacus'"),
        ("out", "here", "out must be a path, got 'here'"),
        ("resume", 1, "resume must be true or false, got 1"),
        ("test", None, "test must be a text, got None"),
        ("workers", 65, "workers must be from 0 to 64, got 65"),
        ("checkpoint", -1, "checkpoint must be at least 0, got -1"),
    ]
    for name, value, message in wrong:
        with error(RangeError, message):
            PAIRED.run(config(**{"out": tmp_path / "run", name: value}))
    assert list(tmp_path.iterdir()) == []
