"""Vectors of small integers: sums are of int64, keys and entries of fewer bits."""

import pytest
import torch
from torch import Tensor

from tests.vsa.test_structures import KINDS, Kind, stack_of
from vsa import MAP, ItemMemory, bundle, unbind
from vsa.factorization import resonator
from vsa.structures import FiniteStateAutomaton, Graph, Multiset, Record, Sequence, Tree

every_dtype = pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.int32, torch.int64])


@every_dtype
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.__name__ != "tree"])
def test_integers_answer_as_floats_do(kind: Kind, dtype: torch.dtype) -> None:
    x = stack_of(MAP, (2, 4))
    made, answers = kind(MAP, x.to(dtype))
    expected, wanted = kind(MAP, x)
    assert made.vector.dtype == torch.int64
    for found, right in zip([made.vector, *answers], [expected.vector, *wanted], strict=True):
        torch.testing.assert_close(found.to(right.dtype), right)


@every_dtype
def test_memories_of_integers_serve_every_structure(dtype: torch.dtype) -> None:
    memory, other = ItemMemory(list("abcd"), dtype=dtype, seed=1), ItemMemory(["L", "R"], dtype=dtype)

    def names(noisy: Tensor) -> list[str]:
        return memory.cleanup(noisy).names

    record = Record(memory).set("a", "b").set("c", "d")
    assert names(record.replace("a", "d").get("a")) == ["d"]
    assert len(record.remove("a")) == 1
    assert names(Sequence(memory).extend(list("abc")).replace(1, "d").get(1)) == ["d"]
    assert names(Graph(memory, directed=False).add_edge("a", "b").targets("b")) == ["a"]
    assert names(Tree([other, memory]).set("LR", "a").set("R", "b").replace("LR", "c").get("LR")) == ["c"]
    assert names(FiniteStateAutomaton([memory, other]).add("a", "L", "b").add("b", "R", "c").run("a", ["L", "R"])) == ["c"]
    assert Multiset(memory).add("a", 300).count("a") == 300


@every_dtype
def test_expressions_and_factors_of_integers(dtype: torch.dtype) -> None:
    memory = ItemMemory(list("abc"), dtype=dtype)
    a, b, c = memory.vectors
    found = memory.parse("(a + b) * c")
    assert torch.equal(found, (a.long() + b.long()) * c)
    assert torch.equal(unbind(bundle(torch.stack([a * c, b * c])), c), unbind(found, c))
    assert memory.cleanup(unbind(found, c), k=2).names == memory.cleanup(memory.parse("a + b"), k=2).names
    books = [ItemMemory(list("abc"), dtype=dtype, seed=seed) for seed in (1, 2)]
    product = books[0]["b"] * books[1]["c"]
    for composite in (product, bundle(torch.stack([product, product]))):  # of the codebooks' dtype, and of int64
        assert resonator(composite, books).names == ["b", "c"]
