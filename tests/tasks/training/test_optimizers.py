"""Any optimiser of torch can be kept in a checkpoint and goes on as if nothing had been."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tasks.symbolic.stages import PAIRED
from tasks.symbolic.task import Stage
from tasks.task import Task
from tasks.training.checkpoints import Checkpoints, read_checkpoint
from tasks.training.optimizers import OptimizerState
from tests.helpers import error
from tests.tasks.training.small import config
from vsa.errors import DtypeError, InputError, TrainingError

Make = Callable[[list[dict[str, Any]]], torch.optim.Optimizer]


class Counting(torch.optim.SGD):
    """Keeps numbers beside its tensors, and what it has learnt of all weights among the settings of a group."""

    def __init__(self, groups: list[dict[str, Any]]) -> None:
        super().__init__(groups, lr=0.1, momentum=0.9)
        for group in self.param_groups:
            group["k"], group["sums"] = 0, [0.0]

    def step(self, closure: Any = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().step(closure)
        for group in self.param_groups:
            group["k"] += 1
            group["sums"].append(group["k"] / 3)
            for weight in group["params"]:
                if weight.grad is not None:
                    state = self.state[weight]
                    state["steps"] = state.get("steps", 0) + 1
                    state["pair"] = (state["steps"], None)
                    weight.data.sub_(0.01 / state["steps"] * group["k"])


OPTIMIZERS: dict[str, Make] = {
    "SGD": lambda groups: torch.optim.SGD(groups, lr=0.1),
    "SGD with momentum": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda groups: torch.optim.Adam(groups, lr=0.1),
    "Adam with amsgrad": lambda groups: torch.optim.Adam(groups, lr=0.1, amsgrad=True),
    "AdamW, fused": lambda groups: torch.optim.AdamW(groups, lr=0.1, fused=True),
    "NAdam": lambda groups: torch.optim.NAdam(groups, lr=0.1),
    "RAdam": lambda groups: torch.optim.RAdam(groups, lr=0.1),
    "Adamax": lambda groups: torch.optim.Adamax(groups, lr=0.1),
    "Adagrad": lambda groups: torch.optim.Adagrad(groups, lr=0.1),
    "Adadelta": lambda groups: torch.optim.Adadelta(groups, lr=0.1),
    "Adafactor": lambda groups: torch.optim.Adafactor(groups, lr=0.1),
    "ASGD": lambda groups: torch.optim.ASGD(groups, lr=0.1),
    "Rprop": lambda groups: torch.optim.Rprop(groups, lr=0.1),
    "RMSprop": lambda groups: torch.optim.RMSprop(groups, lr=0.1, centered=True, momentum=0.5),
    "one with numbers of its own": Counting,
}


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))


def groups(model: nn.Module) -> list[dict[str, Any]]:
    return [{"params": list(part.parameters())} for part in model.children()]


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    """The last layer's bias has no gradient."""
    for step in steps:
        inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        loss = (model(inputs) - model[1].bias).square().mean()  # pyright: ignore[reportIndexIssue, reportOptionalMemberAccess]
        optimizer.zero_grad()
        loss.backward()
        list(model.parameters())[-1].grad = None
        optimizer.step()


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_what_is_restored_goes_on_as_if_nothing_had_been(make: Make) -> None:
    model = network()
    optimizer = make(groups(model))
    state = OptimizerState(optimizer)
    learn(model, optimizer, range(4))
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    tensors, rest = state.stored()
    tensors, rest = {name: tensor.clone() for name, tensor in tensors.items()}, json.loads(json.dumps(rest))
    learn(model, optimizer, range(4, 9))

    again = network(seed=1)
    fresh = make(groups(again))
    other = OptimizerState(fresh)
    other.restore(tensors, rest)
    again.load_state_dict(weights)
    found, settings = other.stored()
    assert settings == state_of(rest)
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())
    learn(again, fresh, range(4, 9))
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name
        assert weight.isfinite().all()
    final, at_the_end = state.stored(), other.stored()
    assert json.dumps(final[1]) == json.dumps(at_the_end[1])
    assert all(torch.equal(at_the_end[0][name], tensor) for name, tensor in final[0].items())


def state_of(rest: dict[str, Any]) -> dict[str, Any]:
    """What JSON made of it, with the tuples that there were."""
    values = {name: tuple(value) if name.endswith("pair") else value for name, value in rest["values"].items()}
    return {**rest, "values": values}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda tensors, rest: rest.update({"class": "torch.optim.sgd.SGD"}),
            "it is of torch.optim.sgd.SGD, not torch.optim.adam",
        ),
        (lambda tensors, rest: tensors.pop("0.exp_avg"), "weight 0 has exp_avg_sq, step, not exp_avg, exp_avg_sq, step"),
        (lambda tensors, rest: tensors.update({"0.more": torch.ones(1)}), "weight 0 has exp_avg, exp_avg_sq, more, step"),
        (lambda tensors, rest: tensors.update({"0.exp_avg": torch.ones(4, 3)}), "exp_avg of weight 0 is torch.float32 [4, 3]"),
        (lambda tensors, rest: tensors.update({"0.exp_avg": torch.ones(3, 4).double()}), "is torch.float64 [3, 4], not [3, 4]"),
        (lambda tensors, rest: tensors.update({"9.exp_avg": torch.ones(1)}), "it has 10 weights, not 4"),
        (lambda tensors, rest: tensors.update({"x.exp_avg": torch.ones(1)}), "invalid literal for int"),
        (lambda tensors, rest: tensors.update({"-1.exp_avg": torch.ones(1)}), "weights, not 4"),
        (lambda tensors, rest: rest["values"].update({"0.exp_avg": 3}), "exp_avg of weight 0 is a int, not a Tensor"),
        (lambda tensors, rest: rest.update({"values": []}), "no attribute 'items'"),
        (lambda tensors, rest: rest.update({"groups": []}), "shorter"),
        (lambda tensors, rest: rest.update({"groups": [{"gremlin": 1}, {}]}), "gremlin"),
        (lambda tensors, rest: rest.clear(), "'class'"),
    ],
)
def test_the_state_of_another_optimiser(change: Callable[..., Any], said: str) -> None:
    model = network()
    optimizer = torch.optim.Adam(groups(model))
    state = OptimizerState(optimizer)
    learn(model, optimizer, range(2))
    tensors, rest = state.stored()
    change(tensors, rest)
    with error(InputError, "the checkpoint has the optimiser of other weights: ", said):
        OptimizerState(torch.optim.Adam(groups(network()))).restore(tensors, rest)
    with error(InputError, "the checkpoint has the optimiser of other weights: "):
        OptimizerState(torch.optim.Adam(groups(network()))).restore(tensors, None)


@pytest.mark.parametrize("value", [object(), {1}, {"a": 1}, [torch.ones(1)], b"x", print, 1j])
def test_what_no_checkpoint_holds(value: Any) -> None:
    model = network()
    optimizer = torch.optim.SGD(groups(model))
    state = OptimizerState(optimizer)
    optimizer.state[next(model.parameters())]["memory"] = value
    with error(DtypeError, "torch.optim.sgd.SGD cannot be kept in a checkpoint: its 'memory' is", type(value).__name__):
        state.stored()


@pytest.mark.parametrize("make", [pytest.param(torch.optim.SGD, marks=pytest.mark.slow), torch.optim.Adam])
def test_a_run_with_another_optimiser_goes_on_bit_for_bit(
    make: Callable[..., torch.optim.Optimizer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("measure", "draw"):
        monkeypatch.setattr(Task, name, lambda *given: {})
    monkeypatch.setattr(Stage, "finish", lambda *given: None)
    monkeypatch.setattr(Stage, "optimizer", lambda self, config, model, fused: make(model.parameters(), lr=1e-4))
    PAIRED.run(config(tmp_path / "calm", steps=4))
    stopped = config(tmp_path / "stopped", steps=4)
    loss, calls = PAIRED.loss, []

    def failing(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 5:  # the third step: each of the first two was validated too
            raise MemoryError
        return loss(*given)

    with monkeypatch.context() as patch:
        patch.setattr(Stage, "loss", lambda self, *given: failing(*given))
        with pytest.raises(TrainingError):
            PAIRED.run(stopped)
    PAIRED.run(config(tmp_path / "stopped", steps=4, resume=True))
    ends = [read_checkpoint(Checkpoints(tmp_path / name / "checkpoints").paths()[-1]) for name in ("calm", "stopped")]
    assert ends[0].tensors.keys() == ends[1].tensors.keys()
    assert all(torch.equal(tensor, ends[1].tensors[name]) for name, tensor in ends[0].tensors.items())
    assert ends[0].metadata["optimizer"] == ends[1].metadata["optimizer"]
