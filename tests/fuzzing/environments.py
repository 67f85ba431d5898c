"""Variables of the environment, likely and absurd: a training is the same with them, or refuses them."""

from __future__ import annotations

import contextlib
import io
import os
import random
from functools import cache
from pathlib import Path

import torch
import torch._dynamo  # optimisers import it, which takes seconds: once, for all inputs

from tasks.symbolic.config import PairedConfig
from tasks.symbolic.stages import PAIRED as TASK
from tasks.symbolic.task import Stage
from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.runs import SMALL

ACCELERATE = (
    *("GRADIENT_ACCUMULATION_STEPS", "MIXED_PRECISION", "USE_CPU", "USE_FSDP", "USE_DEEPSPEED", "USE_MEGATRON_LM", "DEBUG_MODE"),
    *("USE_PARALLELISM_CONFIG", "USE_SAGEMAKER", "USE_TPU", "DYNAMO_BACKEND", "DYNAMO_MODE", "TORCH_DEVICE", "CPU_AFFINITY"),
    *(
        "FP8_BACKEND",
        "DOWNCAST_BF16",
        "BYPASS_DEVICE_MAP",
        "USE_COMPILE",
        "GRADIENT_CLIPPING",
        "DEEPSPEED_ZERO_STAGE",
        "NONSENSE",
    ),
)
OTHERS = (
    *("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE"),
    *("MV2_COMM_WORLD_SIZE", "FORK_LAUNCHED", "NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "MPLBACKEND"),
    *("DNNL_DEFAULT_FPMATH_MODE", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "COLUMNS", "TERM", "NO_COLOR", "TMPDIR", "HOME"),
)
VALUES = (
    "",
    "0",
    "1",
    "2",
    "-1",
    "x",
    "true",
    "false",
    "no",
    "bf16",
    "fp16",
    "fp8",
    "eager",
    "cuda:7",
    "nonsense",
    "9" * 40,
    "é",
)


@cache
def plain() -> torch.Tensor:
    return learnt()


def learnt() -> torch.Tensor:
    """The weights after two steps."""
    Stage.finish = lambda *given: None  # pyright: ignore[reportAttributeAccessIssue]  (in a process that ends soon)
    with contextlib.redirect_stderr(io.StringIO()):
        model, _ = TASK.learn(PairedConfig(**SMALL, steps=2, batch_size=4, contrastive=0.0))
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def environments(draw: random.Random, folder: Path) -> Attempt:
    names = [draw.choice((*(f"ACCELERATE_{name}" for name in ACCELERATE), *OTHERS)) for _ in range(draw.randrange(1, 5))]
    given = {name: draw.choice(VALUES) for name in names}  # too few for a whole torchrun, which would wait for the others
    expected = plain()
    before = dict(os.environ)

    def call() -> torch.Tensor:
        os.environ.update(given)
        try:
            return learnt()
        finally:
            os.environ.clear()
            os.environ.update(before)

    return Attempt(f"a training with {given}", call, lambda weights: torch.equal(weights, expected))


TARGETS = (Target("environments", "variables of accelerate, torchrun, MPI, matplotlib and others", environments),)
