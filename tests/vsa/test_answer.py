import torch

from tests.helpers import error
from vsa import Cleanup, ItemMemory
from vsa.errors import RangeError, ShapeError


def answer(indices: list[int], scores: list[float]) -> Cleanup:
    return Cleanup(torch.tensor(indices), torch.tensor(scores), ("heart", "square", "ellipse"))


def test_the_answer_to_one_query_is_a_sequence_of_names_with_scores() -> None:
    found = answer([2, 0, -1], [0.75, 0.5, 0.25])
    assert found.names == ["ellipse", "heart"]
    assert found.pairs == list(found) == [("ellipse", 0.75), ("heart", 0.5)]
    assert (len(found), found[0], found[-1]) == (2, ("ellipse", 0.75), ("heart", 0.5))
    assert found
    nothing = answer([-1], [0.2])
    assert not nothing
    assert (nothing.names, nothing.pairs, len(nothing)) == ([], [], 0)


def test_the_answer_to_a_batch_is_a_sequence_of_answers() -> None:
    memory = ItemMemory(["a", "b", "c"], 512)
    found = memory.cleanup(torch.stack([memory["a"], torch.randn(512), memory["c"]]), k=2, threshold=0.3)
    assert found.names == [["a"], [], ["c"]]
    assert found.pairs == [[("a", 1.0)], [], [("c", 1.0)]]
    assert len(found) == 3
    assert [one.names for one in found] == found.names
    assert [bool(one) for one in found] == [True, False, True]
    assert any(found)
    assert not all(found)
    assert found[2].pairs == [("c", 1.0)]
    with error(ShapeError, "the answer to a batch [3] of queries is neither true nor false", "any(found) or all(found)"):
        bool(found)
    deeper = memory.cleanup(torch.randn(2, 3, 512))
    assert (len(deeper), len(deeper[0]), len(deeper[0][0])) == (2, 3, 1)


def test_its_text_is_short() -> None:
    assert repr(answer([2, 0, -1], [0.75, 0.5, 0.25])) == "Cleanup(ellipse 0.75, heart 0.50)"
    assert repr(answer([-1], [0.25])) == "Cleanup(nothing)"
    memory = ItemMemory([str(i) for i in range(1000)], 16)
    found = memory.cleanup(memory.vectors[:2], k=9)
    assert repr(found) == "Cleanup(batch [2], k=9)"
    assert repr(found[0]).endswith(" and 4 more)")
    assert len(repr(found[0])) < 100
    assert repr(answer([0], [float("nan")])) == "Cleanup(one query, k=1)"
    assert repr(ItemMemory(["a"], 16, device="meta").cleanup(torch.ones(16, device="meta"))) == "Cleanup(one query, k=1)"


def test_a_nan_has_no_name() -> None:
    found = answer([0], [float("nan")])
    for look in (lambda: found.names, lambda: found.pairs, lambda: bool(found), lambda: len(found), lambda: found[0]):
        with error(RangeError, "the query has a NaN"):
            look()


def test_it_knows_the_names_as_they_were() -> None:
    memory = ItemMemory(["a", "b"], 64)
    found = memory.cleanup(memory["b"])
    memory.remove("a")
    memory.add("c")
    assert found.names == ["b"]
    assert tuple(found.symbols) == ("a", "b")
