"""Several processes learn what one would: on one machine and on two, interrupted in between."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.shard import Shard
from tasks.symbolic.stages import PAIRED_SCENE as TASK
from tasks.training.checkpoints import Checkpoints, read_checkpoint
from tasks.training.metrics_log import read_metrics
from tasks.training.processes import ElsewhereError, make_accelerator, means, on_first, sums
from tests.conftest import ROOT
from tests.helpers import error
from vsa.errors import RangeError

FLAGS = {"steps": 12, "batch_size": 32, "dim": 64, "evaluate": 2, "device": "cpu", "seed": 3, "slots": "random"}


@given(n=st.integers(1, 40), processes=st.integers(1, 7))
def test_every_row_is_in_one_part(n: int, processes: int) -> None:
    rows = torch.arange(1, n + 1)
    parts = [Shard(process, processes).of(rows) for process in range(processes)]
    assert torch.equal(torch.cat(parts), rows)
    filled = [Shard(process, processes).padded(rows[:, None]) for process in range(processes)]
    assert len({len(part) for part in filled}) == 1, "a gather takes as many from each"
    assert torch.equal(torch.cat(filled)[:n, 0], rows)
    assert not torch.cat(filled)[n:].any()


def test_one_process_needs_nobody() -> None:
    accelerator = make_accelerator("cpu")
    assert sums(accelerator, 1.5, 2) == [1.5, 2]
    assert means(accelerator, {"iou": {"x": 0.5}, "steps": 3}) == {"iou": {"x": 0.5}, "steps": 3}
    done: list[int] = []
    on_first(accelerator, lambda: done.append(1))
    assert done == [1]
    rows = torch.ones(3, 2)
    assert Shard().gather(Shard().padded(rows), 3) is rows


def test_what_fails_in_the_first_process_fails_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    accelerator = make_accelerator("cpu")

    def fail() -> None:
        raise RangeError("wrong")

    with error(RangeError, "wrong"):
        on_first(accelerator, fail)
    monkeypatch.setattr("tasks.training.processes.sums", lambda accelerator, *numbers: [1.0])
    monkeypatch.setattr(type(accelerator), "is_main_process", False)
    with error(ElsewhereError, "the first process stopped, and said why"):
        on_first(accelerator, fail)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(out: Path, *nodes: list[str], resume: bool = False) -> list[subprocess.Popen[str]]:
    """The example of scenes under torchrun, once for each node."""
    flags = ["--out", str(out), "--checkpoint", "0", *(["--resume"] if resume else [])]
    if not resume:
        flags += [part for name, value in FLAGS.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "torch.distributed.run"]
    script = str(ROOT / "examples" / "paired_scene.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [*command, *node, script, *flags], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for node in nodes
    ]


@pytest.mark.slow
def test_two_processes_learn_what_one_does_also_when_stopped_and_on_two_nodes(tmp_path: Path) -> None:
    alone = TASK.run(TASK.config(**FLAGS, out=tmp_path / "alone", checkpoint=0))

    # Two processes on one node, asked to stop when they have begun.
    here = ["--master-addr", "127.0.0.1", "--master-port"]
    (both,) = launch(tmp_path / "both", ["--nproc-per-node", "2", *here, str(free_port())])
    checkpoints = Checkpoints(tmp_path / "both" / "checkpoints")
    deadline = time.monotonic() + 120
    while not checkpoints.paths() and both.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    both.send_signal(signal.SIGTERM)
    said = both.communicate(timeout=120)[1]
    assert "stopped at step" in said, said[-3000:]
    stopped = read_checkpoint(checkpoints.paths()[-1])
    assert stopped.metadata["processes"] == 2
    assert {name for name in stopped.tensors if name.startswith("generator")} == {"generator.cpu.0", "generator.cpu.1"}
    assert 0 < stopped.step < FLAGS["steps"]

    # They go on as one process on each of two nodes.
    port = str(free_port())
    nodes = [["--nnodes", "2", "--node-rank", str(n), "--nproc-per-node", "1", *here, port] for n in range(2)]
    running = launch(tmp_path / "both", *nodes, resume=True)
    answers = [node.communicate(timeout=180) for node in running]
    assert [node.returncode for node in running] == [0, 0], answers
    assert ["pictures:" in out for out, _ in answers] == [True, False], "one process speaks for all"

    metrics = json.loads((tmp_path / "both" / "metrics.json").read_text())
    assert (metrics["steps"], metrics["processes"]) == (12, 2)
    assert metrics["loss"] == pytest.approx(alone.metrics["loss"], rel=1e-4)
    curves = [
        [
            row[name]
            for row in read_metrics(tmp_path / run / "metrics.jsonl")
            for name in ("loss", "validation_loss")
            if name in row
        ]
        for run in ("alone", "both")
    ]
    assert len(curves[0]) == 13
    assert curves[1] == pytest.approx(curves[0], rel=1e-3)
    weights = [
        read_checkpoint(Checkpoints(tmp_path / run / "checkpoints").paths()[-1]).part("model") for run in ("alone", "both")
    ]
    assert (weights[0]["encoder.what.weight"] - weights[1]["encoder.what.weight"]).abs().max() < 1e-2
    assert not list((tmp_path / "both").rglob("*.part*"))


def test_a_batch_that_cannot_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    accelerator = make_accelerator("cpu")
    monkeypatch.setattr(type(accelerator), "num_processes", 3)
    with error(RangeError, "batch_size must be a multiple of the 3 processes, got 32"):
        TASK.learn(TASK.config(**FLAGS), accelerator)
