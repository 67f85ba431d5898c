"""Shape annotations are enforced here and nowhere else: every function of the packages is checked while the tests run."""

import os
import typing
from importlib import import_module
from pkgutil import walk_packages

# Other people's packages come first: what follows must change how our modules are imported, not theirs.
import accelerate.state  # noqa: F401
import einops.layers.torch  # noqa: F401
import filelock  # noqa: F401
import huggingface_hub.repocard  # noqa: F401
import hypothesis
import matplotlib.figure  # noqa: F401
import numpy.typing  # noqa: F401
import rich.progress  # noqa: F401
import safetensors.torch  # noqa: F401
import sklearn.discriminant_analysis
import sklearn.ensemble  # noqa: F401
import torch
import torchhd  # noqa: F401
import tyro  # noqa: F401
from jaxtyping import install_import_hook

from tests.conftest import ROOT
from tests.shape_checks import checked  # noqa: F401

PACKAGES = ("vsa", "encoders", "decoders", "tasks")

with install_import_hook(PACKAGES, "tests.shape_checks.checked"):
    typing.TYPE_CHECKING = True  # the annotations' names are imported for type checkers alone
    for package in PACKAGES:
        for module in walk_packages([str(ROOT / package)], prefix=f"{package}."):
            import_module(module.name)
    typing.TYPE_CHECKING = False

hypothesis.settings.register_profile("default", max_examples=25, deadline=None, derandomize=True)
hypothesis.settings.register_profile("long", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

torch.set_num_threads(1)
