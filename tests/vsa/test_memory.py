import copy
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.helpers import batches, error, seeds
from vsa import ItemMemory, bind, bundle, get_algebra, unbind
from vsa.errors import DtypeError, RangeError, ShapeError, SymbolError

NAMES = ("shape", "scale", "orientation", "x", "y")
every_name = pytest.mark.parametrize("algebra", ["MAP", "HRR", "FHRR"])


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
    assert ItemMemory(["shape"], 12)["shape"].tolist() == [1, -1, 1, 1, -1, -1, 1, 1, 1, 1, -1, 1]


@every_name
@given(seed=seeds, shape=batches)
def test_cleanup_finds_noisy_items_whatever_the_batch(algebra: str, seed: int, shape: tuple[int, ...]) -> None:
    memory = ItemMemory(NAMES, 256, algebra=algebra)
    generator = torch.Generator().manual_seed(seed)
    wanted = torch.randint(len(memory), shape, generator=generator)
    items = memory.vectors[wanted]
    noise = torch.randn(items.shape, generator=generator, dtype=items.dtype) * items.abs().square().mean().sqrt()
    found = memory.cleanup(items + noise)
    assert found.indices.shape == (*shape, 1)
    assert torch.equal(found.indices[..., 0], wanted)
    expected = memory.algebra.similarity(items + noise, items)
    torch.testing.assert_close(found.scores[..., 0], expected, rtol=1e-4, atol=1e-5)


def test_cleanup_gives_the_best_k_in_order_with_their_names() -> None:
    memory = ItemMemory(["a", "b", "c"], 512)
    query = 3 * memory["b"] + 2 * memory["c"] + memory["a"]
    found = memory.cleanup(query, k=3)
    assert found.names == ["b", "c", "a"]
    assert memory.cleanup(torch.stack([memory["a"], memory["c"]])).names == [["a"], ["c"]]
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


def test_a_record_is_read_back_by_unbinding_and_cleanup() -> None:
    roles, fillers = ItemMemory(["shape", "size"], 1024), ItemMemory(["heart", "square", "big", "small"], 1024)
    record = bundle(bind(roles.vectors, fillers[["heart", "small"]]))
    assert fillers.cleanup(unbind(record, roles.vectors)).names == [["heart"], ["small"]]


def test_scores_carry_gradients_to_the_query() -> None:
    memory = ItemMemory(NAMES, 64)
    query = torch.zeros(64, requires_grad=True)
    memory.cleanup(query).scores.sum().backward()
    assert query.grad is not None
    assert query.grad.isfinite().all()


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
    assert list(model.state_dict()) == ["roles.vectors"]
    assert model.to(torch.float64)["roles"].vectors.dtype == torch.float64
    assert model.to("meta")["roles"].vectors.device.type == "meta"

    memory, other = ItemMemory(NAMES, 32, seed=1), ItemMemory(NAMES, 32, seed=2)
    torch.save(memory.state_dict(), tmp_path / "memory.pt")
    other.load_state_dict(torch.load(tmp_path / "memory.pt", weights_only=True))
    assert torch.equal(other.vectors, memory.vectors)
    assert torch.equal(copy.deepcopy(memory)["x"], memory["x"])


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


def test_vectors_that_do_not_fit() -> None:
    with error(ShapeError, "2 names need vectors of shape [2, dim], got [3, 8]"):
        ItemMemory(["a", "b"], vectors=torch.ones(3, 8))
    with error(DtypeError, "FHRR has no vectors of torch.float32"):
        ItemMemory(["a", "b"], vectors=torch.ones(2, 8), algebra="FHRR")


def test_queries_that_do_not_fit() -> None:
    memory = ItemMemory(NAMES, 8)
    with error(ShapeError, "cleanup", "[*batch, 8], got shape [2, 7]"):
        memory.cleanup(torch.ones(2, 7))
    with error(ShapeError, "cleanup", "[*batch, 8], got list"):
        memory.cleanup([1.0])  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "torch.float32 on cpu", "torch.float64 on cpu", ".to(memory.vectors)"):
        memory.cleanup(torch.ones(8, dtype=torch.float64))
    with error(RangeError, "has a NaN"):
        memory.cleanup(torch.full((8,), torch.nan))
    for k in (0, 6, True, 1.0):
        with error(RangeError, "k must be an integer from 1 to 5", f"got {k!r}"):
            memory.cleanup(torch.ones(8), k=k)  # pyright: ignore[reportArgumentType]
