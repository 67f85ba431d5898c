"""What a judge is asked for, how it is scored, and what it finds."""

import pytest
import torch
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.factor import Factor
from tasks.evaluation.judge import judge, judge_of, nominal, scores, targets
from tests.helpers import error
from tests.tasks.evaluation.bars import BARS, SEEN, STEPS, TEST, TRAIN, Bars, generator
from vsa.errors import DtypeError, RangeError, ShapeError


def test_targets_by_hand() -> None:
    found = targets(torch.tensor([[1, 11, 0, 4, 0], [2, 0, 7, 4, 0]]), BARS)
    turn = torch.tensor(2 * torch.pi * 4 / 5, dtype=torch.float64)
    expected = [[0, 1, 0, 0.5, -0.5, 1, 0, 0], [0, 0, 1, -0.5, 0.5, turn.cos(), turn.sin(), 0]]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), msg="hues of what is not blue look alike")
    assert [nominal(factor) for factor in BARS.factors] == [True, False, False, False, False]


def test_a_full_turn_of_a_period_with_both_ends_is_none() -> None:
    hearts = torch.tensor([[2, 0, 0, 0, 0], [2, 0, 39, 0, 0], [2, 0, 13, 0, 0]])
    angles = targets(hearts, DSPRITES)[:, 4:6]
    third = torch.tensor(2 * torch.pi / 3, dtype=torch.float64)
    torch.testing.assert_close(angles, torch.stack([*torch.eye(2)[[0, 0]].double(), torch.stack([third.cos(), third.sin()])]))


def test_r2_by_hand() -> None:
    classes = torch.tensor([[0, 0, 0, 0, 0], [0, 11, 0, 0, 0]])
    said = targets(classes, BARS)
    said[:, 3] = torch.tensor([-0.5, 0.0])
    said[:, :3] = torch.tensor([[1.0, 0.9, 0.0], [0.2, 0.3, 0.0]])
    found = scores(said, classes, BARS)
    assert found == {"colour": 0.5, "x": pytest.approx(1 - 0.25 / 0.5)}


def test_a_judge_is_trained_once_and_its_seed_decides() -> None:
    before = torch.get_rng_state()
    first = judge_of(BARS, 5, 3)
    assert judge_of(BARS, 5, 3) is first
    assert torch.equal(before, torch.get_rng_state()), "the global generator is left alone"
    assert not first.training
    judge_of.cache_clear()
    with torch.inference_mode():
        again = judge_of(BARS, 5, 3)
    for a, b in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b)
    assert not torch.equal(next(judge_of(BARS, 6, 3).parameters()), next(first.parameters()))


def test_pictures_of_any_size_have_a_judge_wherever_they_were_made() -> None:
    with torch.inference_mode():
        greys = (torch.arange(4) / 3)[:, None, None, None].expand(4, 1, 1, 3)

    class Dot:
        name, factors, shape = "dot", (Factor("grey", range(4)),), (1, 1, 3)

        def observe(self, classes: Tensor) -> Tensor:
            with torch.inference_mode():
                return greys[classes[:, 0]]

        def canonical(self, classes: Tensor) -> Tensor:
            return classes

    dot = Dataset(Dot())
    classes = torch.arange(4)[:, None]
    assert judge(dot.observe(classes), classes, dot, steps=100)["grey"] > 0.9


def test_given_pictures_are_judged_as_they_are() -> None:
    classes = TEST.sample(100, generator())
    found = judge(BARS.observe(classes), classes, BARS, steps=STEPS)
    assert list(found) == list(SEEN)
    assert min(found.values()) > 0.9
    assert judge(BARS.observe(classes.roll(1, 0)), classes, BARS, steps=STEPS)["x"] < 0.5


def test_mistakes_are_said() -> None:
    classes = TRAIN.sample(3, generator())
    with error(ShapeError, "pictures must be [3, 4, 12, 16], one for each of the classes", "got [2, 4, 12, 16]"):
        judge(BARS.observe(classes[:2]), classes, BARS, steps=1)
    with error(DtypeError, "pictures must be a tensor", "got list"):
        judge([], classes, BARS)  # pyright: ignore[reportArgumentType]
    with error(RangeError, "seed must be from 0"):
        judge(BARS.observe(classes), classes, BARS, seed=-1)
    with error(DtypeError, "dataset must be a tasks.data.Dataset, got Bars"):
        judge_of(Bars())  # pyright: ignore[reportArgumentType]
