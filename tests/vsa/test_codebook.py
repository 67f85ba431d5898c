import copy
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import nn

from tests.helpers import ALGEBRAS, as_a_user, error, fitting
from vsa import Algebra, ItemMemory, get_algebra
from vsa.errors import DtypeError, RangeError, ShapeError, SymbolError

NAMES = ("shape", "scale", "orientation", "x", "y")
every_name = pytest.mark.parametrize("algebra", ["MAP", "HRR", "FHRR"])
every_algebra = pytest.mark.parametrize("algebra", ALGEBRAS)


@every_name
def test_names_lead_to_vectors(algebra: str) -> None:
    memory = ItemMemory(NAMES, 64, algebra=algebra)
    assert (len(memory), memory.dim, tuple(memory), memory.names) == (5, 64, NAMES, NAMES)
    assert "scale" in memory
    assert "colour" not in memory
    assert memory.vectors.dtype == get_algebra(algebra).dtype
    assert torch.equal(memory["scale"], memory.vectors[1])
    assert torch.equal(memory[["y", "shape"]], memory.vectors[[4, 0]])
    assert memory.index("x") == 3
    assert repr(memory) == f"ItemMemory(5 names, dim=64, algebra={algebra})"


@given(seed=st.integers(-(2**70), 2**70), others=st.lists(st.text(), unique=True, max_size=4))
def test_a_vector_depends_on_seed_and_name_alone(seed: int, others: list[str]) -> None:
    names = [*others, "it"] if "it" not in others else others
    assert torch.equal(ItemMemory(names, 32, seed=seed)["it"], ItemMemory(["it"], 32, seed=seed)["it"])


def test_different_names_and_seeds_give_different_vectors() -> None:
    first, second = ItemMemory(NAMES, 256, seed=0), ItemMemory(NAMES, 256, seed=1)
    both = torch.cat([first.vectors, second.vectors])
    assert ((both @ both.T / 256).fill_diagonal_(0).abs() < 0.3).all()


def test_the_vectors_of_a_seed_never_change() -> None:
    assert ItemMemory(["shape"], 12)["shape"].tolist() == [1, -1, -1, -1, -1, 1, -1, -1, 1, -1, -1, 1]


@every_algebra
def test_names_made_together_are_names_made_alone(algebra: Algebra) -> None:
    dim = fitting(algebra, 12)
    together, other = ItemMemory(NAMES, dim, algebra=algebra, seed=3), ItemMemory((), dim, algebra=algebra, seed=3)
    for name in reversed(NAMES):
        other.add(name)
    assert torch.equal(together[list(NAMES)], other[list(NAMES)])
    assert other.names == tuple(reversed(NAMES))


@pytest.mark.parametrize("name", ["HRR", "VTB", "FHRR"])
def test_not_a_bit_depends_on_how_many_are_made_together(name: str) -> None:
    algebra = get_algebra(name, unitary=True) if name == "HRR" else get_algebra(name)
    names = [str(i) for i in range(40)]
    together = ItemMemory(names, 10_000, algebra=algebra)
    assert all(torch.equal(together[name], ItemMemory([name], 10_000, algebra=algebra)[name]) for name in names)


@pytest.mark.slow
def test_a_hundred_thousand_names_take_seconds() -> None:
    started = time.perf_counter()
    memory = ItemMemory((str(i) for i in range(100_000)), 1024)
    assert time.perf_counter() - started < 5
    assert len(memory) == 100_000


def test_symbols_come_and_go() -> None:
    memory = ItemMemory(["a", "b"], 64)
    kept = memory["b"].clone()
    memory.extend(["c", "d"])
    memory.add("e", 2 * torch.ones(64))
    memory.remove(["a", "c"])
    assert memory.names == tuple(memory) == ("b", "d", "e")
    assert torch.equal(memory["b"], kept)
    assert memory["e"].tolist() == [2] * 64
    assert (memory.index("d"), len(memory), memory.vectors.shape) == (1, 3, (3, 64))
    memory.add("a")
    assert torch.equal(memory["a"], ItemMemory(["a"], 64)["a"])
    memory.extend([])
    memory.remove(memory.names)
    assert (len(memory), list(memory.state_dict()["vectors"].shape)) == (0, [0, 64])


def test_a_mistake_changes_nothing() -> None:
    memory = ItemMemory(["a", "b"], 8)
    before = memory.vectors.clone()
    with error(SymbolError, "the name 'a' is in the memory already"):
        memory.extend(["c", "a"])
    with error(SymbolError, "no symbol 'z'"):
        memory.remove(["a", "z"])
    with error(ShapeError, "a name needs a vector of shape [8], got [7]"):
        memory.add("c", torch.ones(7))
    with error(DtypeError, "MAP has no vectors of torch.complex64"):
        memory.add("c", torch.ones(8, dtype=torch.complex64))
    assert memory.names == ("a", "b")
    assert torch.equal(memory.vectors, before)


def test_vectors_are_kept_in_the_dtype_that_is_asked_for() -> None:
    for dtype in (torch.int8, torch.bfloat16):
        memory = ItemMemory(NAMES, 64, dtype=dtype)
        memory.add("z")
        assert memory.vectors.dtype == memory["x"].dtype == dtype
        assert torch.equal(memory.vectors.float(), ItemMemory([*NAMES, "z"], 64).vectors)
    with error(DtypeError, "HRR has no vectors of torch.int8"):
        ItemMemory(NAMES, 64, algebra="HRR", dtype=torch.int8)


def test_a_learnable_memory_is_a_parameter() -> None:
    memory = ItemMemory(NAMES, 32, learnable=True)
    memory["x"].sum().backward()
    assert memory.vectors.grad is not None
    assert [list(p.shape) for p in memory.parameters()] == [[5, 32]]
    assert memory.vectors.requires_grad


def test_a_learnable_memory_keeps_its_names_so_that_its_optimizer_keeps_its_parameter() -> None:
    memory = ItemMemory(NAMES, 32, learnable=True)
    before = memory.vectors
    for change in (
        lambda: memory.add("z"),
        lambda: memory.extend(["z"], torch.ones(1, 32)),
        lambda: memory.remove("x"),
        lambda: memory.fit(torch.ones(1, 32), ["z"]),
    ):
        with error(
            SymbolError, "a learnable memory keeps its names", "no optimizer would learn of a longer parameter", "ItemMemory("
        ):
            change()
    memory.extend([])
    memory.remove([])
    assert memory.vectors is before
    longer = ItemMemory([*memory.names, "z"], vectors=torch.cat([memory.vectors, torch.ones(1, 32)]), learnable=True)
    assert torch.equal(longer["x"], memory["x"])


def test_vectors_can_be_given() -> None:
    vectors = torch.randn(2, 16, requires_grad=True)
    memory = ItemMemory(["a", "b"], vectors=vectors)
    assert memory.dim == 16
    assert torch.equal(memory.vectors, vectors)
    assert not memory.vectors.requires_grad
    with torch.no_grad():
        vectors.zero_()
    assert memory["a"].abs().sum() > 0


def test_it_moves_saves_and_copies_with_the_model_that_holds_it(tmp_path: Path) -> None:
    model = nn.ModuleDict({"roles": ItemMemory(NAMES, 32, seed=1)})
    assert list(model.parameters()) == []
    assert list(model.state_dict()) == ["roles.vectors", "roles._extra_state"]
    assert model.to(torch.float64)["roles"].vectors.dtype == torch.float64
    assert model.to("meta")["roles"].vectors.device.type == "meta"

    memory, other = ItemMemory(NAMES, 32, seed=1), ItemMemory(NAMES, 32, seed=2)
    torch.save(memory.state_dict(), tmp_path / "memory.pt")
    other.load_state_dict(torch.load(tmp_path / "memory.pt", weights_only=True))
    assert torch.equal(other.vectors, memory.vectors)
    assert torch.equal(copy.deepcopy(memory)["x"], memory["x"])


# Names in a state.


def test_a_state_is_loaded_under_the_names_it_was_saved_with(tmp_path: Path) -> None:
    one, same = ItemMemory(["cat", "dög ☃"], 32, seed=1), ItemMemory(["cat", "dög ☃"], 32, seed=2)
    turned = ItemMemory(["dög ☃", "cat"], 32)
    model, other = nn.ModuleDict({"pets": one}), nn.ModuleDict({"pets": turned})
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    torch.save(model.state_dict(), tmp_path / "model.pt")
    for state in (
        model.state_dict(),
        load_file(tmp_path / "model.safetensors"),
        torch.load(tmp_path / "model.pt", weights_only=True),
    ):
        nn.ModuleDict({"pets": same}).load_state_dict(state)
        assert torch.equal(same.vectors, one.vectors)
        before = turned.vectors.clone()
        for options in ({}, {"strict": False}, {"assign": True}):
            with pytest.raises(
                RuntimeError, match="name 0 is 'cat' there and 'dög ☃' here; load it into a memory of the same names"
            ):
                other.load_state_dict(state, **options)
            assert torch.equal(turned.vectors, before)
    with pytest.raises(
        RuntimeError, match="the state is of 2 names, this memory has 1, and name 1 is 'dög ☃' there and nothing here"
    ):
        ItemMemory(["cat"], 32).load_state_dict(one.state_dict())
    with pytest.raises(RuntimeError, match="the names in the state cannot be read"):
        one.load_state_dict({**one.state_dict(), "_extra_state": torch.tensor([91, 255], dtype=torch.uint8)})
    meta = ItemMemory(["cat", "dög ☃"], 32, device="meta")
    meta.load_state_dict(one.state_dict(), assign=True)
    assert torch.equal(meta.vectors, one.vectors)


def test_a_state_from_before_names_were_in_it_is_loaded(tmp_path: Path) -> None:
    one, two = ItemMemory(NAMES, 32, seed=1), ItemMemory(NAMES, 32)
    other = nn.ModuleDict({"roles": two})
    assert not any(other.load_state_dict({"roles.vectors": one.vectors}, strict=True))
    assert torch.equal(two.vectors, one.vectors)
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        other.load_state_dict({"roles.vectors": one.vectors, "roles.others": one.vectors})


# Growing.


def test_adding_takes_the_same_time_however_many_there_are() -> None:
    """Counted, not timed: how often all of them are copied."""
    memory = ItemMemory([f"old {i}" for i in range(5000)], 16)
    made = 0
    new_zeros = torch.Tensor.new_zeros

    def counted(self: torch.Tensor, *shape: int) -> torch.Tensor:
        nonlocal made
        made += 1
        return new_zeros(self, *shape)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "new_zeros", counted)
        for i in range(600):
            memory.add(f"new {i}")
    assert made == 1
    assert torch.equal(memory["new 599"], ItemMemory(["new 599"], 16)["new 599"])
    assert memory.index("new 599") == len(memory) - 1 == 5599
    assert len(memory.vectors) == 5600


def test_what_was_handed_out_does_not_grow_and_is_not_written_to() -> None:
    memory = ItemMemory(["a"], 8)
    for name in "bcdefghij":
        vectors, names = memory.vectors, memory.names
        query = torch.randn(8, requires_grad=True)
        loss = (vectors * query).square().sum()  # saves the vectors for its gradient
        memory.add(name)
        loss.backward()
        assert (len(vectors), len(names), len(memory)) == (len(memory) - 1, len(memory) - 1, len(memory))
        assert torch.equal(memory.vectors[:-1], vectors)
    memory.remove("a")
    memory.extend(["a", "k"])
    assert memory.names == (*"bcdefghij", "a", "k")
    for name in memory:
        assert torch.equal(memory[name], ItemMemory([name], 8)[name])


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda memory: pickle.loads(pickle.dumps(memory))])
def test_copies_that_grow_leave_each_other_alone(copied: Callable[[ItemMemory], ItemMemory]) -> None:
    memory = ItemMemory([str(i) for i in range(20)], 8)
    memory.add("common")
    other = copied(memory)
    memory.add("mine")
    other.add("its")
    memory.add("its")
    assert (memory.names[-2:], other.names[-2:]) == (("mine", "its"), ("common", "its"))
    for one in (memory, other):
        assert all(torch.equal(one[name], ItemMemory([name], 8)[name]) for name in one)
        one.remove("common")
        assert "common" not in one


@pytest.mark.parametrize("change", ["double", "meta", "assign", "load", "inference"])
def test_it_grows_after_its_vectors_were_exchanged(change: str) -> None:
    memory = ItemMemory([str(i) for i in range(20)], 8)
    memory.add("a")
    if change == "double":
        memory.double()
    elif change == "meta":
        memory.to("meta")
    elif change == "assign":
        memory.vectors = torch.ones(21, 8)
    elif change == "load":
        memory.load_state_dict({"vectors": torch.ones(21, 8)}, assign=True)
    before = memory.vectors
    with torch.inference_mode(change == "inference"):
        memory.extend(["b", "c"])
    assert (memory.vectors.dtype, memory.vectors.device, memory.vectors.shape) == (before.dtype, before.device, (23, 8))
    if change != "meta":
        assert torch.equal(memory.vectors[:21], before)
        assert torch.equal(memory["c"], ItemMemory(["c"], 8)["c"].to(before.dtype))
    assert not memory.vectors.is_inference()


def test_a_state_and_a_pickle_hold_no_more_than_the_vectors() -> None:
    memory = ItemMemory([str(i) for i in range(1000)], 64)
    memory.add("a")
    assert len(pickle.dumps(memory)) < 1.1 * 1001 * 64 * 4
    assert memory.state_dict()["vectors"].shape == (1001, 64)


def test_complex_vectors_keep_their_angles_in_another_precision() -> None:
    memory = ItemMemory(NAMES, 32, algebra="FHRR")
    before = memory.vectors.clone()
    assert torch.equal(memory.to(torch.float64).vectors, before.to(torch.complex128))


def test_names_that_are_not_there() -> None:
    memory = ItemMemory(NAMES, 8)
    with error(SymbolError, "no symbol 'shpe'", "did you mean 'shape'", "There are: shape, scale"):
        memory["shpe"]
    with error(SymbolError, "no symbol 'colour'"):
        memory[["shape", "colour"]]
    with error(SymbolError, "no symbol 0"):
        memory[0]  # pyright: ignore[reportArgumentType]
    with pytest.raises(KeyError):
        memory["colour"]


def test_names_that_cannot_be() -> None:
    with error(SymbolError, "'a' stands twice"):
        ItemMemory(["a", "b", "a"], 8)
    with error(DtypeError, "a name in an ItemMemory is a string, got 3"):
        ItemMemory(["a", 3], 8)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "takes a list of names, got the string 'shape'", "['shape']"):
        ItemMemory("shape", 8)
    with error(DtypeError, "seed must be an integer, got float"):
        ItemMemory(["a"], 8, seed=1.0)  # pyright: ignore[reportArgumentType]
    with error(RangeError, "dim must be at least 1, got 0"):
        ItemMemory(["a"], 0)
    with error(RangeError, "half of a character"):
        ItemMemory(["a", "b\ud800"], 8)
    with error(DtypeError, "takes a list of names, got int"):
        ItemMemory(3, 8)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "takes a list of names, got NoneType"):
        ItemMemory(["a"], 8).remove(None)  # pyright: ignore[reportArgumentType]
    with as_a_user():
        assert [] not in ItemMemory(["a"], 8)


def test_vectors_that_do_not_fit() -> None:
    with error(ShapeError, "2 names need vectors of shape [2, 8], got [3, 8]"):
        ItemMemory(["a", "b"], vectors=torch.ones(3, 8))
    with error(ShapeError, "n names need vectors of shape [n, dim], got []"):
        ItemMemory(["a"], vectors=torch.tensor(1.0))
    with error(DtypeError, "vectors are a dense tensor [n, dim], got list"):
        ItemMemory(["a"], vectors=[[1.0]])  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "vectors are a dense tensor [2], got torch.sparse_coo"):
        ItemMemory(["a"], 2).add("b", torch.ones(2).to_sparse())
    with error(DtypeError, "vectors on meta cannot be moved to cpu"):
        ItemMemory(["a"], 2).add("b", torch.ones(2, device="meta"))
    with error(DtypeError, "vectors on meta cannot be moved to cpu"):
        ItemMemory(dim=64, algebra="PackedBSC").fit(torch.ones(3, 1, dtype=torch.int64, device="meta"), ["a", "b", "a"])
    with error(DtypeError, "vectors of torch.bool have no gradients"):
        ItemMemory(["a"], algebra="BSC", learnable=True)
    with error(DtypeError, "learnable must be True or False, got 1"):
        ItemMemory(["a"], learnable=1)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "MAP has no vectors of torch.complex64"):
        ItemMemory(["a"], vectors=torch.ones(1, 8), dtype=torch.complex64)
    with error(DtypeError, "FHRR has no vectors of torch.float32"):
        ItemMemory(["a", "b"], vectors=torch.ones(2, 8), algebra="FHRR")
