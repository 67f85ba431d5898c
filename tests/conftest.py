"""Shape annotations are enforced here and nowhere else: every function of the packages is checked while the tests run."""

import os

# Tests run in two processes on two cores; threads of both, and of the processes that they start, would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import typing
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

# Other people's packages come first: what follows must change how our modules are imported, not theirs.
import accelerate.state  # noqa: F401
import einops.layers.torch  # noqa: F401
import filelock  # noqa: F401
import hypothesis
import matplotlib.figure  # noqa: F401
import numpy as np
import numpy.typing
import pytest
import rich.progress  # noqa: F401
import safetensors.torch  # noqa: F401
import sklearn.discriminant_analysis
import sklearn.ensemble  # noqa: F401
import torch
import torchhd  # noqa: F401
import tyro  # noqa: F401
from jaxtyping import install_import_hook

from tests.shape_checks import checked  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("vsa", "encoders", "decoders", "tasks")

with install_import_hook(PACKAGES, "tests.shape_checks.checked"):
    typing.TYPE_CHECKING = True  # the annotations' names are imported for type checkers alone
    for package in PACKAGES:
        for module in walk_packages([str(ROOT / package)], prefix=f"{package}."):
            import_module(module.name)
    typing.TYPE_CHECKING = False

hypothesis.settings.register_profile("default", max_examples=50, deadline=None, derandomize=True)
hypothesis.settings.register_profile("long", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Each test starts from the same global random state."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def real_dsprites() -> dict[str, np.ndarray]:
    """395 images of the published file, with their classes; see the project's notes for where they come from."""
    path = ROOT.parent / "shared" / "data" / "real_dsprites.npz"
    if not path.exists():
        pytest.skip("the real dSprites images are not here: they are data of others, and not part of the project")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in ("imgs", "latents_classes")}
