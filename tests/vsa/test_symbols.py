import copy
import pickle

import pytest

from vsa.symbols import Symbols


def test_names_have_places_and_an_order() -> None:
    symbols = Symbols(["a", "b", "c"])
    assert (list(symbols), len(symbols), symbols[1], symbols[-1], symbols[1:]) == (["a", "b", "c"], 3, "b", "c", ("b", "c"))
    assert (symbols.place("c"), symbols.place("d"), "a" in symbols, "d" in symbols, [] in symbols) == (
        2,
        None,
        True,
        False,
        False,
    )
    with pytest.raises(IndexError):
        symbols[3]


def test_more_names_leave_the_first_ones_as_they_are() -> None:
    first = Symbols(["a"])
    second = first.plus(["b", "c"])
    assert (list(first), list(second)) == (["a"], ["a", "b", "c"])
    assert ("b" in first, first.place("c"), second.place("c")) == (False, None, 2)
    other = first.plus(["c", "d"])  # not from the newest
    assert (list(second), list(other), second.place("c"), other.place("c")) == (["a", "b", "c"], ["a", "c", "d"], 2, 1)
    with pytest.raises(IndexError):
        first[1]


def test_copies_are_their_own() -> None:
    first = Symbols(["a"])
    first.plus(["b"])
    for other in (copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert list(other) == ["a"]
        assert list(other.plus(["c"])) == ["a", "c"]
    assert list(first) == ["a"]
