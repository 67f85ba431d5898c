import math

import pytest
import torch
from torch import Tensor, nn

from tasks.data.schemes import Batch
from tasks.training.budget import Budget, constant
from tasks.training.loop import train
from tasks.training.processes import make_accelerator
from tests.helpers import error
from vsa.errors import RangeError, TrainingError


class Line(nn.Module):
    """Two weights, to be learnt from targets alone."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.rates: list[float] = []

    def forward(self, batch: Batch) -> Tensor:
        return (self.weight - torch.tensor([1.0, -2.0])).square().sum()


def loss(model: nn.Module, batch: Batch, spent: float) -> Tensor:
    return model(batch)


def adam(model: nn.Module, rate: float = 0.1) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.0)


def draw(number: int) -> Batch:
    whole = torch.int64
    return Batch(
        torch.zeros(1, 1, 4, 4), torch.zeros(1, 5, dtype=whole), torch.zeros(1, 1, 5, dtype=whole), torch.zeros(8, 1, 4, 4)
    )


def test_it_learns_and_says_what_it_took() -> None:
    model = Line()
    trained = train(model, draw, loss, Budget(steps=300), optimizer=adam(model), accelerator=make_accelerator("cpu"))
    assert trained.steps == 300
    assert trained.images_per_second == pytest.approx(300 * 8 / trained.seconds)
    assert trained.device == "cpu"
    assert trained.loss < 1e-3
    assert not model.training
    torch.testing.assert_close(model.weight, torch.tensor([1.0, -2.0]), atol=0.01, rtol=0)


def test_minutes_end_it_too() -> None:
    model = Line()
    trained = train(model, draw, loss, Budget(seconds=0.3), optimizer=adam(model), accelerator=make_accelerator("cpu"))
    assert 0.3 <= trained.seconds < 2
    assert trained.steps > 1


def test_whichever_ends_first() -> None:
    assert Budget(steps=10, seconds=100).spent(5, 10) == 0.5
    assert Budget(steps=10, seconds=100).spent(1, 60) == 0.6
    assert Budget(steps=10).spent(20, 0) == 1


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    rates: list[float] = []

    class Watched(torch.optim.AdamW):
        def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            rates.append(self.param_groups[0]["lr"])
            super().step(closure)

    model = Line()
    optimizer = Watched(model.parameters(), lr=0.2)
    train(model, draw, loss, Budget(steps=100), optimizer=optimizer, accelerator=make_accelerator("cpu"))
    assert len(rates) == 100
    peak = rates.index(max(rates))
    assert 4 <= peak <= 6
    assert max(rates) == pytest.approx(0.2, rel=0.05)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 0.001
    assert rates[0] < 0.01


def test_groups_keep_their_own_rates_and_a_constant_schedule_keeps_all() -> None:
    model, other = Line(), nn.Parameter(torch.zeros(1))
    groups = [{"params": [model.weight]}, {"params": [other], "lr": 0.5}]
    optimizer = torch.optim.RMSprop(groups, lr=0.2)
    train(model, draw, loss, Budget(steps=3), optimizer=optimizer, schedule=constant, accelerator=make_accelerator("cpu"))
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.5]


def test_the_loss_is_told_how_much_of_the_budget_is_spent() -> None:
    told: list[float] = []

    def listen(model: nn.Module, batch: Batch, spent: float) -> Tensor:
        told.append(spent)
        return model(batch)

    model = Line()
    train(model, draw, listen, Budget(steps=4), optimizer=adam(model), accelerator=make_accelerator("cpu"))
    assert told == [0, 0.25, 0.5, 0.75]


def test_the_same_seed_gives_the_same_weights() -> None:
    def noisy(model: nn.Module, batch: Batch, spent: float) -> Tensor:
        return model(batch) * torch.rand(())

    weights = []
    for _ in range(2):
        torch.manual_seed(5)
        model = Line()
        train(model, draw, noisy, Budget(steps=20), optimizer=adam(model), accelerator=make_accelerator("cpu"))
        weights.append(model.weight.detach().clone())
    assert torch.equal(*weights)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_run(bad: float) -> None:
    def broken(model: nn.Module, batch: Batch, spent: float) -> Tensor:
        return model(batch) * bad

    model = Line()
    with error(TrainingError, f"the loss became {bad} at step 1", "learning rate, now 0.1"):
        train(model, draw, broken, Budget(steps=5), optimizer=adam(model), accelerator=make_accelerator("cpu"))


def test_bfloat16_when_asked_for() -> None:
    seen: list[torch.dtype] = []

    def watch(model: nn.Module, batch: Batch, spent: float) -> Tensor:
        seen.append((torch.ones(4, 4) @ torch.ones(4, 4)).dtype)
        return model(batch)

    for precision, dtype in (("bfloat16", torch.bfloat16), ("float32", torch.float32)):
        accelerator = make_accelerator("cpu", precision)
        model = Line()
        trained = train(model, draw, watch, Budget(steps=1), optimizer=adam(model), accelerator=accelerator)
        assert trained.precision == precision
        assert seen[-1] == dtype


def test_bfloat16_where_the_hardware_is_fast_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for amx in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda amx=amx: {"amx_bf16": amx}, raising=False)
        assert make_accelerator("cpu").mixed_precision == ("bf16" if amx else "no")


def test_budgets_and_devices_that_do_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    with error(RangeError, "a budget needs steps, seconds or both"):
        Budget()
    with error(RangeError, "a budget must be positive, got steps=0"):
        Budget(steps=0)
    with error(RangeError, "a budget must be positive", "seconds=nan"):
        Budget(seconds=math.nan)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with error(RangeError, "no device 'cuda' here", "cpu"):
        make_accelerator("cuda")
