"""Variables of the environment: what would change the weights without a word is refused or of no effect."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks.symbolic.stages import PAIRED as TASK
from tasks.symbolic.task import Stage
from tasks.training.processes import check_environment, make_accelerator
from tests.conftest import ROOT
from tests.helpers import error
from tests.tasks.training.small import config
from vsa.errors import RangeError

TORCHRUN = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.fixture(scope="module")
def plain() -> torch.Tensor:
    return learnt()


def learnt() -> torch.Tensor:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stage, "finish", lambda *given: None)  # training is what counts here
        model, _ = TASK.learn(config(Path("unused"), steps=3, encoder="conv-small", batch_size=8))
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


@pytest.mark.parametrize(
    "variables",
    [
        {"ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "4"},
        {"ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "x"},
        {"ACCELERATE_MIXED_PRECISION": "bf16"},
        {"ACCELERATE_MIXED_PRECISION": "nonsense"},
        {"ACCELERATE_USE_CPU": "x"},
        {"ACCELERATE_USE_FSDP": "true"},
        {"ACCELERATE_USE_DEEPSPEED": "true"},
        {"ACCELERATE_USE_MEGATRON_LM": "true"},
        {"ACCELERATE_USE_PARALLELISM_CONFIG": "true"},
        {"ACCELERATE_DYNAMO_BACKEND": "eager"},
        {"ACCELERATE_DYNAMO_BACKEND": "nonsense"},
        {"ACCELERATE_TORCH_DEVICE": "cuda:7"},
        {"ACCELERATE_DEBUG_MODE": "x"},
        {"FORK_LAUNCHED": "x"},
        {"WORLD_SIZE": "2"},
        {"WORLD_SIZE": "x"},
        {"OMPI_COMM_WORLD_SIZE": "3", "PMI_SIZE": "3"},
        {"RANK": "1", "MASTER_PORT": "x"},
    ],
    ids=str,
)
def test_what_is_of_no_effect(variables: dict[str, str], plain: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert torch.equal(learnt(), plain)
    ours = {name for name in variables if name.startswith(("ACCELERATE_", "FORK_"))}
    assert variables.keys() - os.environ.keys() == ours, "the others are left as they were"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LOCAL_RANK": "0"}, "the environment has LOCAL_RANK, as of a process that torchrun started, but not RANK, WORLD_SIZE"),
        ({**TORCHRUN, "RANK": "x"}, "RANK in the environment must be a whole number, got 'x'"),
        ({**TORCHRUN, "MASTER_PORT": "-1"}, "MASTER_PORT in the environment must be a whole number, got '-1'"),
        ({**TORCHRUN, "RANK": "2"}, "RANK 2 is not one of WORLD_SIZE 2"),
        ({"NVIDIA_TF32_OVERRIDE": "1"}, "NVIDIA_TF32_OVERRIDE=1 would change how numbers are rounded; unset it"),
        ({"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"}, "would change how numbers are rounded"),
        ({"ONEDNN_DEFAULT_FPMATH_MODE": "BF16"}, "ONEDNN_DEFAULT_FPMATH_MODE=BF16 would change how numbers are rounded"),
    ],
    ids=str,
)
def test_what_is_refused(variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with error(RangeError, said):
        make_accelerator("cpu")


def test_what_torchrun_says_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**TORCHRUN, "NVIDIA_TF32_OVERRIDE": "0", "DNNL_DEFAULT_FPMATH_MODE": "strict"}.items():
        monkeypatch.setenv(name, value)
    check_environment()


SCRIPT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tasks.command_line import main
from tasks.symbolic.config import PairedConfig

def work(config):
    from tasks.symbolic.stages import PAIRED
    from tasks.report import show
    from tasks.symbolic.task import Stage
    for name in ("measure", "finish"):  # training is what counts here
        setattr(Stage, name, lambda *given: {{}})
    Stage.figures = {{}}
    show(PAIRED.run(config))
    print("x" * 100_000)

main(PairedConfig, work)
"""
SMALL = [
    "--steps",
    "1",
    "--batch-size",
    "8",
    "--dim",
    "16",
    "--device",
    "cpu",
    "--encoder",
    "conv-small",
    "--decoder",
    "conv-small",
]


def call(cwd: Path, *words: str, stdout: Any = subprocess.PIPE, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that trains a moment, as a user starts it with these variables."""
    command, environment = [sys.executable, "-c", SCRIPT, *SMALL, *words], {**os.environ, **variables}
    return subprocess.run(command, cwd=cwd, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=300)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
@pytest.mark.slow
def test_a_whole_run_in_an_odd_environment_whose_output_cannot_be_written(tmp_path: Path) -> None:
    odd = {"MPLBACKEND": "nonsense", "OMP_NUM_THREADS": "x", "CUDA_VISIBLE_DEVICES": "nonsense", "TERM": "x", "COLUMNS": "x"}
    with open("/dev/full", "w") as full:
        ended = call(tmp_path, "--out", "r/[/x]", stdout=full, **odd, PYTORCH_NO_CUDA_MEMORY_CACHING="x")
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.splitlines()[-1] == "error: cannot write to standard output: No space left on device"
    assert "Traceback" not in ended.stderr
    assert json.loads((tmp_path / "r" / "[" / "x]" / "metrics.json").read_text())["steps"] == 1, "nothing of the run is lost"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PYTORCH_JIT": "x"}, "torch cannot be imported: Unknown setting of PYTORCH_JIT"),
        (
            {"PYTORCH_CUDA_ALLOC_CONF": "nonsense"},
            "PYTORCH_CUDA_ALLOC_CONF in the environment must be options such as max_split_size_mb:128, got 'nonsense'",
        ),
    ],
)
def test_what_torch_does_not_take_is_one_line(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    ended = call(tmp_path, "--out", "run", **variables)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith(f"error: {said}")
    assert list(tmp_path.iterdir()) == []
