"""A run that is killed and resumed ends as one that was not, bit for bit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tasks.training.checkpoints import Checkpoints, read_checkpoint
from tasks.training.metrics_log import read_metrics
from tasks.training.run_folder import LOCK
from tasks.weights import KIND, MODEL
from vsa import tensor_file


def survive(folder: Path, kills: int, seconds: int) -> None:
    script = str(Path(__file__).with_name("mortal.py"))
    ended = subprocess.run(
        [sys.executable, script, str(folder), str(kills), "0"], capture_output=True, text=True, timeout=seconds
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    done = json.loads(ended.stdout.splitlines()[-1])
    assert done["kills"] == kills
    assert all(done["moments"].values()), done

    calm, mortal = (read_checkpoint(Checkpoints(folder / name / "checkpoints").paths()[-1]) for name in ("calm", "mortal"))
    assert calm.step == mortal.step == done["steps"]
    assert calm.tensors.keys() == mortal.tensors.keys()
    for name, tensor in calm.tensors.items():
        assert torch.equal(tensor, mortal.tensors[name]), name
    assert {"recent": calm.metadata["state"]["recent"], "best": calm.metadata["best"]} == {
        "recent": mortal.metadata["state"]["recent"],
        "best": mortal.metadata["best"],
    }
    curves = [
        [{name: row[name] for name in row if name not in ("seconds", "images_per_second")} for row in read_metrics(path)]
        for path in (folder / "calm" / "metrics.jsonl", folder / "mortal" / "metrics.jsonl")
    ]
    assert curves[0] == curves[1]
    models = [tensor_file.read(folder / name / MODEL, KIND)[1] for name in ("calm", "mortal")]
    assert all(torch.equal(weight, models[1][name]) for name, weight in models[0].items())
    assert not list(folder.rglob("*.part*"))
    assert not list(folder.rglob(LOCK))


def test_killed_twelve_times_also_while_writing(tmp_path: Path) -> None:
    survive(tmp_path, kills=12, seconds=200)


@pytest.mark.slow
def test_killed_a_hundred_times(tmp_path: Path) -> None:
    survive(tmp_path, kills=100, seconds=1500)
