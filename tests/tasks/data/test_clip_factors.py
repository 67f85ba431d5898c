"""What data sets of clips say of their factors."""

from typing import Any

import pytest
import torch

from tasks.data import Dataset, open_dataset
from tasks.data.cast.figures import Cast
from tasks.data.characters import MOTIONS
from tasks.data.circles import Circles
from tasks.data.clip_factors import coarser_of, dynamic_of
from tests.helpers import error
from vsa.errors import DtypeError, RangeError

CAST = open_dataset("cast")


def with_member(name: str, value: Any) -> Dataset:
    dataset = Dataset(Circles())
    setattr(dataset.given, name, value)
    return dataset


def test_the_data_sets_of_clips_say_what_moves() -> None:
    assert dynamic_of(CAST) == ("motion",)
    assert dynamic_of(open_dataset("dsprites-dynamic")) == ("x_path", "y_path")
    assert dynamic_of(open_dataset("dsprites-static")) == ("scale_path", "orientation_path")


def test_a_motion_is_an_action_in_a_direction() -> None:
    action, direction = coarser_of(CAST)
    found = zip(action.classes.tolist(), direction.classes.tolist(), strict=True)
    assert [f"{action.labels[a]}_{direction.labels[d]}" for a, d in found] == list(MOTIONS)
    assert action.of == direction.of == "motion"
    assert coarser_of(Dataset(Circles())) == ()


def test_probabilities_of_classes_are_summed() -> None:
    action, direction = coarser_of(CAST)
    said = torch.arange(9.0)[None] / 36
    assert torch.allclose(action.sums(said) * 36, torch.tensor([[3.0, 12.0, 21.0]]))
    assert torch.allclose(direction.sums(said) * 36, torch.tensor([[9.0, 12.0, 15.0]]))


def test_a_data_set_that_does_not_say_what_moves_is_refused() -> None:
    with error(RangeError, "the data set circles does not say which of its factors change within a clip"):
        dynamic_of(Dataset(Circles()))

    class Restless(Cast):
        dynamic = tuple(factor.name for factor in Cast.factors)

    with error(RangeError, "all factors of the data set cast change within a clip, and none is left that stays"):
        dynamic_of(Dataset(Restless()))


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (["half"], DtypeError, "must map factors to coarser ones by name"),
        ({"x": ("left", "right")}, DtypeError, "must map factors to coarser ones by name"),
        ({"z": {"half": ("left",)}}, RangeError, "names 'z', which is no factor (x, y)"),
        ({"x": {"half": "left"}}, DtypeError, "'half' must have a text for each class of x"),
        ({"x": {"half": ("left",)}}, RangeError, "half must have 32 texts, and a name of its own, got 1"),
        ({"x": {"y": ("left",) * 32}}, RangeError, "y must have 32 texts, and a name of its own, got 32"),
    ],
)
def test_coarser_factors_that_contradict_the_data_set_are_refused(value: Any, kind: type, words: str) -> None:
    with error(kind, words):
        coarser_of(with_member("coarser", value))
