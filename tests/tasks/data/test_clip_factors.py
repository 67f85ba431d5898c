"""What data sets of clips say of their factors."""

from typing import Any

import pytest
import torch

from tasks.data import Dataset, open_dataset
from tasks.data.characters import MOTIONS
from tasks.data.circles import Circles
from tasks.data.clip_factors import coarser_of, moving_of
from tests.helpers import error
from vsa.errors import DtypeError, RangeError

CAST = open_dataset("cast")


def with_member(name: str, value: Any) -> Dataset:
    dataset = Dataset(Circles())
    setattr(dataset.given, name, value)
    return dataset


def test_the_data_sets_of_clips_say_what_moves() -> None:
    assert moving_of(CAST) == ("motion",)
    assert moving_of(open_dataset("dsprites-dynamic")) == ("x_path", "y_path")
    assert moving_of(open_dataset("dsprites-static")) == ("scale_path", "orientation_path")


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
    with error(RangeError, "the data set circles does not say which of its factors move"):
        moving_of(Dataset(Circles()))
    with error(DtypeError, "moving of the data set circles must be names of factors, got 'x'"):
        moving_of(with_member("moving", "x"))
    for names in (("x", "y"), ("z",), ()):
        with error(RangeError, "moving of the data set circles must be some of its factors (x, y), and not all", *names):
            moving_of(with_member("moving", names))


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
