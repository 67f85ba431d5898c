"""What every test gets, and what each process that runs tests does first."""

from __future__ import annotations

import os
import platform
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import numpy as np

# Tests run in two processes on two cores; threads of both, and of the processes that they start, would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """A process that only hands tests to others need not wait for what running them takes."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        import_module("tests.preparation")


def pytest_report_header() -> str:
    """What the tests run with, which is what a report of a failure has to say."""
    packages = [f"{name} {version(name)}" for name in ("torch", "torch-hd", "numpy", "accelerate", "safetensors", "hypothesis")]
    return f"with: python {platform.python_version()}, {', '.join(packages)}, {platform.machine()}"


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Each test starts from the same global random state."""
    import torch

    torch.manual_seed(0)


@pytest.fixture(scope="session")
def real_dsprites() -> dict[str, np.ndarray]:
    """395 images of the published file, with their classes; see the project's notes for where they come from."""
    import numpy as np

    path = ROOT.parent / "shared" / "data" / "real_dsprites.npz"
    if not path.exists():
        pytest.skip("the real dSprites images are not here: they are data of others, and not part of the project")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in ("imgs", "latents_classes")}
