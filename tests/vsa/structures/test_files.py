"""Structures on other devices and in other precisions, and in files."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.helpers import ALGEBRAS, as_a_user, error
from tests.vsa.test_structures import KINDS, Kind, memory_of, stack_of
from vsa import Algebra, ItemMemory, get_algebra, tensor_file
from vsa.algebras.map import MultiplyAddPermute
from vsa.errors import AlgebraError, DtypeError, InputError, OutputError, RangeError
from vsa.structures import FiniteStateAutomaton, Graph, Multiset, NGrams, Record, Sequence, Structure, Tree

every_kind = pytest.mark.parametrize("kind", KINDS)


def source_of(made: Structure) -> Any:
    """What has to be given again: a tree's branches."""
    return made.memories or None


# Devices and precisions.


@every_kind
def test_contents_move_and_change_their_precision(kind: Kind) -> None:
    for name in ("MAP", "HRR", "FHRR", "BSC"):
        algebra = get_algebra(name)
        made, _ = kind(algebra, stack_of(algebra, (2, 4)))
        assert made.total is not None
        wide = made.to(torch.float64)
        assert type(wide) is type(made)
        assert wide.length == made.length
        assert wide.total is not None
        assert wide.total.dtype == (torch.complex128 if name == "FHRR" else torch.float64)
        torch.testing.assert_close(wide.total.to(made.total.dtype), made.total)
        assert made.to("meta").vector.is_meta
        assert made.to(device="meta", dtype=torch.float64).total.is_meta  # pyright: ignore[reportOptionalMemberAccess]
    same = made.to(torch.ones(1, dtype=torch.float64))
    assert same.total is not None
    assert same.total.dtype == torch.float64


def test_names_follow_to_where_the_contents_are() -> None:
    memory = ItemMemory(list("abcd"), 64)
    there = Record(memory).set("a", "b").to("meta", torch.float64)
    assert there.set("c", "d").get("a").is_meta
    assert Tree(memory).set("ab", "c").to("meta").get("ab").is_meta
    assert memory.vectors.is_cpu
    small = Sequence(ItemMemory(list("ab"), 64, dtype=torch.int8)).append("a").to(torch.float64)
    assert small.vector.dtype == torch.int64
    assert len(small.append("b")) == 2
    assert not Record(memory).to("meta")


def test_moves_that_cannot_be() -> None:
    made = Multiset().add(torch.ones(8))
    for wrong in (torch.int8, torch.bool, "float32", [1]):
        with error((RangeError if wrong == "float32" else DtypeError), "Multiset: it cannot be moved"):
            made.to(wrong)
    with error(RangeError, "Multiset: it cannot be moved there"):
        made.to("cuda:77")
    with error(DtypeError, "MAP has no vectors of torch.float8_e4m3fn"):
        made.to(torch.float8_e4m3fn)
    with error(DtypeError, "HRR has no vectors of torch.complex64"), pytest.warns(UserWarning, match="Complex modules"):
        Multiset("HRR").add(torch.ones(8)).to(torch.complex64)


# Files.


@pytest.mark.parametrize("algebra", ALGEBRAS)
def test_what_is_loaded_is_what_was_saved(algebra: Algebra, tmp_path: Path) -> None:
    for kind in KINDS:
        made, _ = kind(algebra, stack_of(algebra, (2, 4)))
        made.save(tmp_path / "made")
        again = type(made).load(str(tmp_path / "made"), algebra=source_of(made))
        assert again.total is not None
        assert made.total is not None
        assert torch.equal(again.total, made.total)
        assert (again.total.dtype, again.length, again.algebra) == (made.total.dtype, made.length, made.algebra)
    assert os.listdir(tmp_path) == ["made"]


def test_settings_lengths_and_empty_structures_survive(tmp_path: Path) -> None:
    path, memory = tmp_path / "made", memory_of(get_algebra("HRR"), "abcd", 0, 64)
    Graph(memory, directed=False).add_edge("a", "b").save(path)
    graph = Graph.load(path, algebra=memory)
    assert graph.directed is False
    assert memory.cleanup(graph.targets("b")).names == ["a"]
    NGrams(2, memory).add(list("abc")).save(path)
    assert NGrams.load(path).n == 2
    assert len(NGrams.load(path, algebra=memory).add(["a", "b"])) == 3
    for made in (Graph(directed=False), NGrams(5), Sequence("FHRR"), Multiset("BSC"), Tree(memory)):
        made.save(path)
        again = type(made).load(path, algebra=source_of(made))
        assert (again.total, len(again), again.algebra) == (None, 0, made.algebra)
    Record(memory).set("a", "b").remove("a").save(path)
    assert len(Record.load(path)) == 0
    Record(memory, vector=memory["a"]).save(path)
    assert Record.load(path).length is None
    Sequence(memory).extend(["a", "b"]).to(torch.float64).save(path)
    word = Sequence.load(path, algebra=[memory]).append("c")
    assert (len(word), word.vector.dtype) == (3, torch.float64)
    machine = FiniteStateAutomaton([memory, memory]).add("a", "b", "c")
    machine.save(path)
    assert memory.cleanup(FiniteStateAutomaton.load(path, algebra=[memory, memory]).step("a", "b")).names == ["c"]


def test_files_of_others_and_damaged_ones(tmp_path: Path) -> None:
    path = tmp_path / "made"
    with error(InputError, "there is no file", "made"):
        Record.load(path)
    Graph().add_edge(*torch.ones(2, 8).mul(torch.tensor([[1.0], [-1.0]]))).save(path)
    with error(InputError, "is not a file of the kind 'vsa-torch Record 1', but 'vsa-torch Graph 1'"):
        Record.load(path)
    whole = path.read_bytes()
    for length in (0, 4, 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        with error(InputError, "no safetensors file, or is cut short or damaged"):
            Graph.load(path)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with error(InputError, "is not as it was written: its checksum does not match"):
        Graph.load(path)
    ItemMemory(["a"], 8).save(path)
    with error(InputError, "is not a file of the kind 'vsa-torch Graph 1', but 'vsa-torch ItemMemory 2'"):
        Graph.load(path)
    save_file({"total": torch.ones(8)}, path)
    with error(InputError, "is not a file of the kind 'vsa-torch Graph 1', but 'unnamed'"):
        Graph.load(path)
    with error(OutputError, "cannot write", "No such file or directory"):
        Graph().save(tmp_path / "nowhere" / "made")
    with error(OutputError, "cannot write", "made"):
        Multiset().add(torch.ones(8)).to("meta").save(path)
    for verb in (Graph().save, Graph.load):
        with error(DtypeError, "a path is a string or a pathlib.Path, got int"):
            verb(3)  # pyright: ignore[reportArgumentType]


def forged(path: Path, kind: str, total: torch.Tensor | None, **changes: object) -> None:
    """A file with the right checksum, and what nobody would have written."""
    described: dict[str, object] = {
        "algebra": {"name": "MAP", "backend": "native", "options": {}},
        "length": 1,
        "settings": {},
        "complex": False,
    }
    texts = {name: json.dumps(value) for name, value in (described | changes).items()}
    tensor_file.write(path, {} if total is None else {"total": total}, texts, f"vsa-torch {kind} 1")


@pytest.mark.parametrize(
    ("cls", "changes", "parts"),
    [
        (Record, {"length": -1}, ["Record: the length must be from 0 to 2^31 with a vector, got -1"]),
        (Record, {"length": "many"}, ["Record: the length must be an integer, got str"]),
        (Sequence, {"length": 0}, ["Sequence: the length must be from 1 to 2^31 with a vector, got 0"]),
        (Sequence, {"length": 10**30}, ["Sequence: the length must be from 1 to 2^31"]),
        (Sequence, {"length": None}, ["Sequence: the length must be an integer, got NoneType"]),
        (NGrams, {"settings": {"n": 1}}, ["NGrams: n must be at least 2, got 1"]),
        (NGrams, {"settings": {"n": [3]}}, ["NGrams: n must be an integer, got list"]),
        (NGrams, {}, ["cannot be loaded as a NGrams: 'n'"]),
        (Graph, {"settings": {"directed": 1}}, ["Graph: directed must be True or False, got 1"]),
        (Graph, {"settings": 3}, ["does not describe a Graph"]),
        (Multiset, {"complex": True}, ["does not describe a Multiset"]),
        (Multiset, {"algebra": "MAP"}, ["does not describe an algebra"]),
        (Multiset, {"algebra": {"name": "FHRR", "backend": "native", "options": {}}}, ["FHRR has no vectors of torch.float32"]),
    ],
)
def test_forged_files_are_refused(cls: Any, changes: dict[str, Any], parts: list[str], tmp_path: Path) -> None:
    forged(tmp_path / "made", cls.__name__, torch.ones(8), **changes)
    with error(InputError, str(tmp_path / "made"), *parts):
        cls.load(tmp_path / "made")


def test_forged_files_name_no_code_and_no_other_algebra(tmp_path: Path) -> None:
    path = tmp_path / "made"
    for name in ("os:system", "tests.helpers:error"):
        forged(path, "Multiset", torch.ones(8), algebra={"name": name, "backend": "native", "options": {}})
        with error(AlgebraError, "an algebra that is not known here", "is no name of an algebra, but of code"):
            Multiset.load(path)
    for total in (torch.tensor(1.0), torch.ones(0), torch.ones(2, 0), torch.ones(8, dtype=torch.uint8)):
        forged(path, "Multiset", total)
        with error(InputError, "cannot be loaded as a Multiset"):
            Multiset.load(path)
    forged(path, "Multiset", torch.ones(8, dtype=torch.int8))
    assert Multiset.load(path).add(torch.ones(8, dtype=torch.int8), 300).vector.tolist() == [301] * 8


def test_algebras_and_memories_are_given_again(tmp_path: Path) -> None:
    class Mine(MultiplyAddPermute):
        name = "MINE"

    path = tmp_path / "made"
    Multiset(Mine()).add(torch.ones(8)).save(path)
    with error(AlgebraError, "an algebra that is not known here; give it: algebra=...", "there is no algebra 'MINE'"):
        Multiset.load(path)
    assert Multiset.load(path, algebra=Mine()).algebra.name == "MINE"
    with error(AlgebraError, "was saved with the algebra MINE, not HRR"):
        Multiset.load(path, algebra=ItemMemory(["a"], 8, algebra="HRR"))
    Tree(memory_of(get_algebra("MAP"), "LR")).save(path)
    with error(InputError, "cannot be loaded as a Tree", "branches is an ItemMemory"), as_a_user():
        Tree.load(path)
