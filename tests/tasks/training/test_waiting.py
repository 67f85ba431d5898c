"""No step waits for a device: what a task computes on CUDA is traced without values, where asking for one is an error."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from tasks.composition.config import CompositionConfig
from tasks.composition.task import TASK as COMPOSITION
from tasks.id_gan.config import IDGANConfig
from tasks.id_gan.task import TASK as ID_GAN
from tasks.symbolic.config import PairedConfig, PairedSceneConfig, SceneConfig
from tasks.symbolic.stages import PAIRED, PAIRED_SCENE, SCENE
from tasks.task import Task, population_of
from tasks.training import finite
from tasks.training.budget import Budget
from tasks.training.loop import train
from tasks.training.processes import make_accelerator
from tasks.vae.cascade import assign
from tasks.vae.config import VAEConfig
from tasks.vae.task import TASK as VAE
from tests.tasks.training.test_loop import Line, draw, loss

SMALL: dict[str, Any] = {"batch_size": 8, "device": "cpu"}

CASES = {
    "paired": (PAIRED, PairedConfig(**SMALL, dim=32)),
    "paired, guessed": (PAIRED, PairedConfig(**SMALL, dim=32, scheme="one", exchange="guessed", cosine=1.0)),
    "paired, HRR": (PAIRED, PairedConfig(**SMALL, dim=32, roles="HRR", scheme="subset", cosine=1.0)),
    "paired, the document's": (PAIRED, PairedConfig(**SMALL, dim=32, encoder="conv", decoder="conv")),
    "paired-scene": (PAIRED_SCENE, PairedSceneConfig(**SMALL, dim=32, slots="random")),
    "scene": (SCENE, SceneConfig(**SMALL, dim=32)),
    **{f"vae, {name}": (VAE, replace(VAEConfig.named(name), **SMALL)) for name in VAEConfig.PRESETS if name != "cascade-vae"},
    "id-gan": (ID_GAN, IDGANConfig(**SMALL)),
    **{
        f"composition, {operator}": (COMPOSITION, CompositionConfig(**SMALL, operator=operator))
        for operator in ("linear", "interpolation", "fixed", "mlp")
    },
}


class Seeded(torch.Generator):
    """A generator of the CPU, for lack of a device that has one."""

    def __new__(cls, device: object = None) -> "Seeded":
        return super().__new__(cls, "cpu")  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("case", CASES)
def test_no_loss_asks_for_a_value(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task: Task[Any, Any]
    task, config = CASES[case]
    device = "cpu" if task is ID_GAN else "cuda"  # it takes a gradient, which autograd has no threads for without a device
    model, batch = task.build(config).train(), task.batch(config, population_of(config, "train"), 0)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        for module in model.modules():
            for name, weight in module._parameters.items():
                if weight is not None:
                    module._parameters[name] = nn.Parameter(mode.from_tensor(weight.detach()).to(device), weight.requires_grad)
            for name, buffer in module._buffers.items():
                module._buffers[name] = None if buffer is None else mode.from_tensor(buffer).to(device)
        traced = batch._mapped(mode.from_tensor).to(device)
        monkeypatch.setattr(torch, "Generator", Seeded)
        loss = task.loss(config, model, traced, 0.5)
        assert (loss.device.type, loss.shape) == (device, ())
        with pytest.raises(DataDependentOutputException):
            loss.item()


def test_cascade_vae_waits_for_the_costs_of_classes_and_for_nothing_before_there_are_any() -> None:
    """Its assignment is solved on the CPU: the one exception."""
    config = replace(VAEConfig.named("cascade-vae"), **SMALL)
    model, batch = VAE.build(config).train(), VAE.batch(config, population_of(config, "train"), 0)
    with Asked() as asked:
        VAE.loss(config, model, batch, 0.2)
    assert asked.found == []
    with FakeTensorMode(allow_non_fake_inputs=True) as mode, pytest.raises(DataDependentOutputException):
        assign(mode.from_tensor(torch.zeros(8, 3)), 0.001)


class Asked(TorchDispatchMode):
    """Notes every operation that gives a value of a tensor to Python, or a tensor whose shape depends on values."""

    WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket.__name__ in self.WAITING:
            self.found.append(str(func))
        return func(*args, **(kwargs or {}))


def test_no_step_of_the_loop_asks_for_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def learn() -> list[str]:
        model = Line()
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
        with Asked() as asked:
            train(model, draw, loss, Budget(steps=25), optimizer=optimizer, accelerator=make_accelerator("cpu"))
        return asked.found

    assert learn() == ["aten._local_scalar_dense.default"] * 25, "on a CPU, which reads its own memory, the loss of each step"
    monkeypatch.setattr(finite, "LATE", ("cpu",))
    assert learn() == []
