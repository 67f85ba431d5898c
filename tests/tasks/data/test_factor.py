from typing import Any

import numpy as np
import pytest
import torch

from tasks.data.factor import MOST_CLASSES, Factor
from tests.helpers import as_a_user, error
from vsa.errors import DtypeError, RangeError


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (("red", "green"), ("red", "green")),
        (["red"], ("red",)),
        (range(3), (0.0, 1.0, 2.0)),
        ([True, 0.5, -2], (1.0, 0.5, -2.0)),
        (np.linspace(0, 1, 3), (0.0, 0.5, 1.0)),
        (torch.tensor([1, 2]), (1.0, 2.0)),
        ((0.5, 0.5), (0.5, 0.5)),  # two classes may look alike
    ],
)
def test_values_are_a_tuple_of_numbers_or_of_texts(given: Any, values: tuple[float | str, ...]) -> None:
    with as_a_user():
        factor = Factor("colour", given)
    assert factor.values == values
    assert [type(value) for value in factor.values] == [type(value) for value in values]
    assert len(factor) == len(values)
    assert factor.named == isinstance(values[0], str)
    assert factor.labels == (values if factor.named else tuple(map(str, range(len(values)))))


def test_a_factor_is_ordered_and_ends_unless_it_says_otherwise() -> None:
    factor = Factor("x", range(3))
    assert (factor.ordered, factor.periodic) == (True, False)
    assert factor == Factor("x", (0, 1, 2))
    assert hash(factor) == hash(Factor("x", (0, 1, 2)))
    assert factor != Factor("x", range(3), periodic=True)


@pytest.mark.parametrize("name", ["", "a b", "0x", "x-y", "x.value", "in", "None", "lambda", "tenth", "x\n", "\0"])
def test_a_name_that_no_split_could_say(name: str) -> None:
    with error(RangeError, "must be an identifier such as 'colour', because splits are written with it", f"got {name!r}"):
        Factor(name, range(2))


@pytest.mark.parametrize("name", ["x", "_", "size_2", "größe"])
def test_a_name_that_splits_can_say(name: str) -> None:
    assert Factor(name, range(2)).name == name


@pytest.mark.parametrize("name", [None, 3, b"x", ("x",)])
def test_a_name_that_is_no_text(name: Any) -> None:
    with error(DtypeError, f"the name of a factor must be a text, got {type(name).__name__}"):
        Factor(name, range(2))


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ("red", DtypeError, "must be a sequence of numbers or texts, got str"),
        (3, DtypeError, "must be a sequence of numbers or texts, got int"),
        (None, DtypeError, "must be a sequence of numbers or texts, got NoneType"),
        (iter([1, 2]), DtypeError, "must be a sequence of numbers or texts, got list_iterator"),
        (("red", 1), DtypeError, "must all be numbers, or all texts, got ('red', 1)"),
        ((1j,), DtypeError, "must be numbers or texts: "),
        ((None,), DtypeError, "must be numbers or texts: "),
        (([1], [2]), DtypeError, "must be numbers or texts: "),
        ((10**400,), RangeError, "must be finite"),
        (("red", "green", "red"), RangeError, "must have distinct texts for values, got ('red', 'green', 'red')"),
        ((0.0, float("nan")), RangeError, "must be finite, got (0.0, nan)"),
        ((float("inf"),), RangeError, "must be finite, got (inf,)"),
        ((), RangeError, f"must have from 1 to {MOST_CLASSES} values, got 0"),
        (range(MOST_CLASSES + 1), RangeError, f"must have from 1 to {MOST_CLASSES} values, got {MOST_CLASSES + 1}"),
        (range(10**12), RangeError, f"must have from 1 to {MOST_CLASSES} values, got {10**12}"),
        (torch.tensor(3), DtypeError, "must be a sequence of numbers or texts, got Tensor"),
        (torch.empty(2, device="meta"), DtypeError, "must be numbers or texts: "),
    ],
)
def test_values_that_cannot_be(values: Any, kind: type[DtypeError], message: str) -> None:
    with error(kind, "the ", "factor colour ", message):
        Factor("colour", values)


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ({"hue": True}, "the factor colour is a hue, so its values must be turns of the colour circle, not names"),
        ({"axis": "x"}, "the factor colour lies along the axis x, so its values must be numbers, not names"),
        ({"axis": "z"}, "the axis of the factor colour must be 'x', 'y' or None, got 'z'"),
    ],
)
def test_names_are_neither_places_nor_hues(says: dict[str, Any], message: str) -> None:
    with error(RangeError, message):
        Factor("colour", ("red", "green"), **says)
