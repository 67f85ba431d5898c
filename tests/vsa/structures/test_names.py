"""Structures that are made of memories take names for vectors."""

import numpy as np
import pytest
import torch

from tests.helpers import ALGEBRAS, as_a_user, close, error
from tests.vsa.test_structures import memory_of, read, same
from vsa import Algebra, ItemMemory, get_algebra
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, SymbolError
from vsa.structures import FiniteStateAutomaton, Graph, Multiset, NGrams, Record, Sequence, Tree

every_algebra = pytest.mark.parametrize("algebra", ALGEBRAS)


@every_algebra
def test_a_name_stands_for_its_vector_in_every_method(algebra: Algebra) -> None:
    a, b = memory_of(algebra, "xyz", 1, 64), memory_of(algebra, "abc", 2, 64)
    x, y, z = a.vectors
    p, q, r = b.vectors

    record, by_hand = Record([a, b]).set("x", "a").set("y", "b"), Record(algebra).set(x, p).set(y, q)
    same(record, by_hand)
    same(Record.of(["x", "y"], ["a", "b"], algebra=[a, b]), by_hand)
    close(record.get("x"), by_hand.get(x))
    close(record.get(["x", "y"]), by_hand.get(a.vectors[:2]))
    close(record.roles_of("b"), by_hand.roles_of(q))
    same(record.replace("x", "c"), by_hand.replace(x, r, b))
    same(record.remove("x"), by_hand.remove(x, b))

    bag, by_hand = Multiset(b).add("a", 2).add("b"), Multiset(algebra).add(p, 2).add(q)
    same(bag, by_hand)
    same(Multiset.of(["a", "a", "b"], algebra=b), by_hand)
    same(Multiset.of(("a", "b"), torch.tensor([2.0, 1.0]), algebra=b), by_hand)
    same(bag.remove("a"), by_hand.remove(p))
    close(bag.count(["a", "c"]), by_hand.count(torch.stack([p, r])))

    word, by_hand = Sequence(b).append("c").extend(["a", "b"]), Sequence.of(torch.stack([r, p, q]), algebra=algebra)
    same(word, by_hand)
    same(Sequence.of(["c", "a", "b"], algebra=b), by_hand)
    close(word.find("a"), by_hand.find(p))
    same(word.replace(0, "b"), by_hand.replace(0, q, b))

    pairs, by_hand = NGrams(2, b).add(["a", "b", "c"]), NGrams.of(b.vectors, 2, algebra=algebra)
    same(pairs, by_hand)
    same(NGrams.of(list("abc"), 2, algebra=b), by_hand)
    same(pairs.remove(["b", "c"]), by_hand.remove(b.vectors[1:]))
    close(pairs.count(["a", "b"]), by_hand.count(b.vectors[:2]))
    close(pairs.next(["a"]), by_hand.next(b.vectors[:1]))

    for directed in (True, False):
        roads = Graph(b, directed=directed).add_edge("a", "b").add_edge("b", "c")
        by_hand = Graph.of(b.vectors[:2], b.vectors[1:], directed=directed, algebra=algebra)
        same(roads, by_hand)
        same(Graph.of(["a", "b"], ["b", "c"], directed=directed, algebra=b), by_hand)
        same(roads.remove_edge("a", "b"), by_hand.remove_edge(p, q))
        close(roads.targets("b"), by_hand.targets(q))
        close(roads.sources("b"), by_hand.sources(q))
        close(roads.count("a", "b"), by_hand.count(p, q))

    tree, by_hand = Tree([a, b]).set("xy", "a").set("", "b"), Tree(a).set("xy", p).set("", q)
    same(tree, by_hand)
    assert tree.branches is a
    same(tree.replace("xy", "c"), by_hand.replace("xy", r, b))
    same(tree.remove("xy"), by_hand.remove("xy", b))

    machine = FiniteStateAutomaton([a, b]).add("x", "a", "y").add("y", "b", "z")
    by_hand = FiniteStateAutomaton(algebra).add(x, p, y).add(y, q, z)
    same(machine, by_hand)
    same(FiniteStateAutomaton.of(["x", "y"], ["a", "b"], ["y", "z"], algebra=[a, b]), by_hand)
    same(machine.remove("x", "a", "y"), by_hand.remove(x, p, y))
    close(machine.step("x", "a"), by_hand.step(x, p))
    close(machine.run("x", ["a", "b"]), by_hand.run(x, b.vectors[:2], a))
    close(machine.symbols("x", "y"), by_hand.symbols(x, y))
    close(machine.count("x", "a", "y"), by_hand.count(x, p, y))


@pytest.mark.parametrize("name", ["HRR", "FHRR", "BSC", "VTB", "SBC"])
def test_the_algebra_is_that_of_the_memory(name: str) -> None:
    memory = ItemMemory(list("xyab"), algebra=name)
    for kind in (Multiset, Record, Sequence, Graph, FiniteStateAutomaton, Tree):
        assert kind(memory).algebra is kind([memory]).algebra is memory.algebra
        assert kind(memory).memories == (memory,)
    assert NGrams(2, memory).algebra is memory.algebra
    record = Record(memory).set("x", "a").set("y", "b")
    assert memory.cleanup(record.get(["x", "y"])).names == [["a"], ["b"]]
    stack = torch.stack([memory["x"], memory["a"]])
    assert torch.equal(Sequence(memory).extend(["x", memory["a"]]).vector, Sequence.of(stack, algebra=name).vector)
    assert torch.equal(record.get([["x", "y"]]), record.get(memory[["x", "y"]][None]))
    # Vectors are taken beside names, and another memory beside the structure's own.
    few = ItemMemory(["b"], algebra=name)
    assert read(memory, record.remove(memory["y"], few).set("y", memory["x"]).get("y")) == "x"


def test_names_follow_the_contents_to_another_precision() -> None:
    for name, wide in (("HRR", torch.float64), ("FHRR", torch.complex128)):
        memory = ItemMemory(list("xyab"), 64, algebra=name)
        vector = Record(memory).set("x", "a").vector.to(wide)
        record = Record(memory, vector=vector).set("y", "b").replace("x", "b")
        assert record.vector.dtype == record.get("y").dtype == wide
    with torch.no_grad():
        branches = ItemMemory(["L", "R"], 64)
        tree = Tree(branches, vector=branches["L"].double() * branches["R"].double(), length=1)
        assert tree.get("LR").dtype == torch.float64


def test_entries_are_counted_where_that_is_known() -> None:
    memory = ItemMemory(list("abcd"), 64)
    one = memory["a"]
    assert len(Record(memory).set("a", "b").set("b", "c").replace("a", "c")) == 2
    assert len(Record.of(["a", "b"], ["c", "d"], algebra=memory).remove("a")) == 1
    assert len(Multiset(memory).add("a", 2).add("b").remove("b").add("a", 3.0)) == 5
    assert len(Sequence(memory).extend(["a", "b"]).append("c").replace(0, "d")) == 3
    assert len(NGrams(2, memory).add(list("abca")).add(list("ab")).remove(list("abc"))) == 2
    for directed in (True, False):
        graph = Graph.of(list("ab"), list("cd"), directed=directed, algebra=memory)
        assert len(graph.add_edge("a", "b")) == 3
        assert len(graph.remove_edge("a", "c")) == 1
    assert len(Tree(memory).set("ab", "c").set("", "d").replace("ab", "d").remove("")) == 1
    machine = FiniteStateAutomaton.of(list("ab"), list("cd"), list("ba"), algebra=memory)
    assert len(machine.add("a", "d", "a")) == 3
    assert len(machine.remove("a", "c", "b")) == 1
    assert len(Record(memory, vector=one, length=4).set("a", "b")) == 5
    assert len(Graph(memory).add_edge("a", "b").remove_edge("a", "c").remove_edge("a", "d")) == 0
    for unknown in (Record(memory, vector=one).set("a", "b"), Multiset.of(one[None], torch.ones(1)), Multiset().add(one, 0.5)):
        assert unknown.length is None
        with error(RangeError, f"how many entries this {type(unknown).__name__} has is not known", "length=..."):
            len(unknown)
    assert not Multiset(memory)
    assert Multiset(memory, vector=one)
    with as_a_user():
        assert len(Multiset(memory).add("a", np.int64(2)).add("b", np.float32(1))) == 3  # pyright: ignore[reportArgumentType]


# What a user can get wrong.


def test_names_that_cannot_be_looked_up() -> None:
    memory = ItemMemory(["heart", "square"], 8)
    with error(SymbolError, "no symbol 'hart'", "did you mean 'heart'"):
        Multiset(memory).add("hart")
    for given in ("heart", ["heart", "square"]):
        with error(DtypeError, "Multiset: the name 'heart' is looked up in a memory, and there is none", "Multiset(memory)"):
            Multiset("MAP").add(given)
    for wrong in (["heart", 3], b"heart"):
        with error(DtypeError, f"MAP works on tensors, got {type(wrong).__name__}"):
            Multiset(memory).add(wrong)  # pyright: ignore[reportArgumentType]
    with error(ShapeError, "Sequence: a stack of vectors [*batch, n, dim] is needed, got shape [8]"):
        Sequence(memory).extend("heart")
    with error(DtypeError, "this Record needs an ItemMemory of the fillers that may be there, got NoneType"):
        Record().set(torch.ones(8), torch.ones(8)).remove(torch.ones(8))


def test_memories_that_do_not_go_together() -> None:
    memory, other = ItemMemory(["a"], 16), ItemMemory(["b"], 16, algebra="HRR")
    with error(AlgebraError, "the memory holds vectors of Holo", "this Record those of Multiply"):
        Record([memory, other])
    with error(RangeError, "Record: a memory for roles and one for fillers is enough, got 3"):
        Record([memory] * 3)
    with error(RangeError, "Graph: a memory for symbols is enough, got 2"):
        Graph([memory, memory])
    for wrong in ([], [memory, "b"], {"a": memory}, 3):
        with error(AlgebraError, "an algebra is a name or an object"):
            Record(wrong)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "Graph: directed must be True or False, got 1"):
        Graph(directed=1)  # pyright: ignore[reportArgumentType]
    wide = ItemMemory(["a", "b"], 32)
    with error(ShapeError, "bind", "same dimension", "[16] and [32]"):
        Record([wide, memory]).set("b", "a")
    Record([ItemMemory(["a"], 16, algebra=get_algebra("HRR", unitary=True)), other]).set("a", "b")
