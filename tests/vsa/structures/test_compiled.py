"""Structures and memories under torch.compile(fullgraph=True), with plain tensors and with parameters."""

import shutil
import subprocess
import sys

import pytest
import torch

from tests.conftest import ROOT

RELEASE = tuple(map(int, torch.__version__.split(".")[:2]))
pytestmark = pytest.mark.skipif(RELEASE < (2, 13), reason="torch 2.8 does not follow vars(x).update into a graph; 2.13 does")

FLOATING = ["MAP", "HRR", "FHRR", "VTB", "SBC"]


def compiles(backend: str, *cases: str) -> None:
    command = [sys.executable, "-m", "tests.vsa.structures.compiling", backend, *cases]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert ended.stdout.splitlines() == [f"{case} compiles" for case in cases]


def test_structures_and_memories_compile() -> None:
    compiles("eager", "vectors:MAP", "names:HRR+", "memory:BSC", "learnable:FHRR+")


@pytest.mark.slow
@pytest.mark.parametrize("case", ["vectors", "names", "memory", "learnable"])
def test_they_compile_in_every_algebra_with_tensors_and_parameters(case: str) -> None:
    plain = FLOATING if case == "learnable" else [*FLOATING, "BSC", "PackedBSC"]
    compiles("eager", *(f"{case}:{name}" for name in plain), *(f"{case}:{name}+" for name in FLOATING))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="inductor needs a C++ compiler, and there is none")
def test_they_compile_to_machine_code() -> None:
    compiles("inductor", "vectors:MAP", "names:HRR+", "learnable:MAP+")
