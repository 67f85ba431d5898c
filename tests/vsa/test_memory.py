import pickle
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from torch import Tensor

from tests.conftest import ROOT
from tests.helpers import ALGEBRAS, batches, error, fitting, seeds
from vsa import Algebra, Cleanup, ItemMemory, bind, bundle, get_algebra, unbind
from vsa.capacity import threshold
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, SymbolError

NAMES = ("shape", "scale", "orientation", "x", "y")
every_name = pytest.mark.parametrize("algebra", ["MAP", "HRR", "FHRR"])
every_algebra = pytest.mark.parametrize("algebra", ALGEBRAS)


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


@every_algebra
def test_cleanup_is_the_algebra_s_own_similarity(algebra: Algebra) -> None:
    memory = ItemMemory(NAMES, fitting(algebra, 40), algebra=algebra)
    queries = algebra.bundle(memory.vectors[torch.tensor([[0, 1, 2], [2, 3, 4]])])
    found = memory.cleanup(queries, k=5)
    expected = algebra.similarity(queries[:, None], memory.vectors)
    torch.testing.assert_close(found.scores, expected.gather(1, found.indices), rtol=1e-4, atol=1e-4)
    assert (found.scores.diff(dim=-1) <= 0).all()


def test_what_is_below_the_threshold_is_left_out() -> None:
    memory = ItemMemory(["a", "b", "c"], 512)
    query = torch.stack([3 * memory["b"] + memory["a"], memory["c"], torch.randn(512)])
    found = memory.cleanup(query, k=2, threshold=0.25)
    assert found.names == [["b", "a"], ["c"], []]
    assert found.indices.tolist() == [[1, 0], [2, -1], [-1, -1]]
    assert memory.cleanup(query[2], threshold=0.25).names == []


def test_the_automatic_threshold_keeps_its_rate_of_false_alarms() -> None:
    memory = ItemMemory([str(i) for i in range(100)], 1024)
    queries = torch.randn(4000, 1024)
    answered = memory.cleanup(queries, false_alarm=0.05).indices >= 0
    assert answered.float().mean().item() == pytest.approx(0.05, abs=0.015)
    assert (memory.cleanup(memory.vectors + queries[:100], false_alarm=0.001).indices[:, 0] == torch.arange(100)).all()
    packed = ItemMemory(["a"], 1024, algebra="PackedBSC")
    assert packed.cleanup(~packed["a"], false_alarm=0.01).names == []
    assert packed.cleanup(packed["a"], threshold=threshold("BSC", 1024, 1, 0.01)).names == ["a"]


def test_a_memory_of_integers_answers_bundles() -> None:
    memory = ItemMemory(NAMES, 512, dtype=torch.int8)
    assert memory.cleanup(bundle(memory[["x", "y"]]), k=2).names in (["x", "y"], ["y", "x"])
    noisy = memory.vectors.float() + torch.randn(5, 512)
    expected = ItemMemory(NAMES, 512).cleanup(noisy)
    torch.testing.assert_close(memory.cleanup(noisy).scores, expected.scores)


@pytest.mark.parametrize("change", ["fill", "replace", "load", "add", "convert"])
def test_answers_follow_when_items_change(change: str) -> None:
    memory = ItemMemory(["a", "b"], 256)
    old, new = memory["a"].clone(), torch.randn(256)
    assert memory.cleanup(old).names == ["a"]
    if change == "fill":
        memory.vectors[0] = 7 * new
    elif change == "replace":
        memory.vectors = torch.stack([new, memory["b"]])
    elif change == "load":
        memory.load_state_dict({"vectors": torch.stack([new, memory["b"]])})
    elif change == "add":
        memory.add("c", new)
    else:
        memory.vectors[0] = new
        memory = memory.to(torch.float64)
    found = memory.cleanup(new.to(memory.vectors.dtype))
    assert found.names in (["a"], ["c"])
    assert found.scores.item() == pytest.approx(1, abs=1e-6)


def test_any_index_can_be_plugged_in() -> None:
    class Backwards:
        def __init__(self, vectors: Tensor, algebra: Algebra) -> None:
            self.n = len(vectors)

        def search(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
            order = torch.arange(self.n).flip(0)[:k].expand(len(queries), k)
            return torch.linspace(1, 0.5, k).expand(len(queries), k), order

    memory = ItemMemory(NAMES, 16, index=Backwards)
    assert memory.cleanup(torch.ones(16), k=2).names == ["y", "x"]


def test_cleanup_vmaps() -> None:
    memory = ItemMemory(NAMES, 64)
    queries = torch.randn(3, 2, 64)
    expected = memory.cleanup(queries, k=2)
    indices, scores = torch.vmap(lambda query: _indices_and_scores(memory.cleanup(query, k=2, threshold=-1)))(queries)
    assert torch.equal(indices, expected.indices)
    torch.testing.assert_close(scores, expected.scores)


def _indices_and_scores(found: Cleanup) -> tuple[Tensor, Tensor]:
    return found.indices, found.scores


def test_cleanup_compiles_whole_and_leaves_a_nan_to_names() -> None:
    """In a process of its own: the checks of shape annotations do not compile."""
    code = """
import torch
from vsa import ItemMemory, VSAError
memory = ItemMemory(["a", "b", "c"], 64)
queries = torch.randn(3, 2, 64)
compiled = torch.compile(memory.cleanup, fullgraph=True, backend="eager")
found, expected = compiled(queries, k=2), memory.cleanup(queries, k=2)
assert torch.equal(found.indices, expected.indices)
torch.testing.assert_close(found.scores, expected.scores)
assert found.names == expected.names
memory.vectors.neg_()
torch.testing.assert_close(compiled(queries, k=2).scores, memory.cleanup(queries, k=2).scores)
found = compiled(torch.full((64,), torch.nan))
assert found.scores.isnan().all()
try:
    print(found.names)
except VSAError as error:
    assert "the query has a NaN" in str(error)
else:
    raise SystemExit("a NaN had a name")
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_it_can_be_pickled_and_copied_with_its_cache() -> None:
    memory = ItemMemory(NAMES, 64)
    memory.cleanup(memory["x"])
    again = pickle.loads(pickle.dumps(memory))
    assert again.cleanup(memory["x"]).names == ["x"]


# Soft cleanup and prototypes.


@every_name
def test_soft_cleanup_is_attention_with_gradients(algebra: str) -> None:
    memory = ItemMemory(NAMES, 128, algebra=algebra, learnable=True)
    query = (memory.vectors.detach()[2] * 2).requires_grad_()
    clean = memory.soft_cleanup(query, temperature=0.01)
    torch.testing.assert_close(clean, memory["orientation"])
    torch.testing.assert_close(memory.soft_cleanup(query, temperature=1e6), memory.vectors.mean(0), atol=1e-5, rtol=1e-4)
    memory.soft_cleanup(query, temperature=0.3).abs().square().sum().backward()
    for tensor in (query, memory.vectors):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0
    assert memory.soft_cleanup(torch.zeros_like(query)).shape == (128,)


def test_a_learnable_memory_learns_from_scores() -> None:
    memory = ItemMemory(NAMES, 64, learnable=True)
    memory.cleanup(torch.randn(3, 64)).scores.sum().backward()
    assert memory.vectors.grad is not None
    assert memory.vectors.grad.isfinite().all()


@every_algebra
def test_prototypes_are_bundles_of_examples(algebra: Algebra) -> None:
    dim = fitting(algebra, 40)
    examples = algebra.random(5, dim)
    memory = ItemMemory(dim=dim, algebra=algebra).fit(examples, ["a", "b", "a", "b", "a"])
    assert memory.names == ("a", "b")
    assert algebra.similarity(memory["a"], algebra.bundle(examples[[0, 2, 4]])).item() == pytest.approx(1, abs=1e-5)
    assert algebra.similarity(memory["b"], algebra.bundle(examples[[1, 3]])).item() == pytest.approx(1, abs=1e-5)


# What a user can get wrong.


def test_queries_that_do_not_fit() -> None:
    memory = ItemMemory(NAMES, 8)
    with error(ShapeError, "cleanup", "[*batch, 8], got shape [2, 7]"):
        memory.cleanup(torch.ones(2, 7))
    with error(ShapeError, "cleanup", "[*batch, 8], got list"):
        memory.cleanup([1.0])  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "MAP has no vectors of torch.complex64"):
        memory.cleanup(torch.ones(8, dtype=torch.complex64))
    with error(DtypeError, "the memory is on cpu, the query on meta"):
        memory.cleanup(torch.ones(8, device="meta"))
    with error(RangeError, "has a NaN"):
        memory.cleanup(torch.full((8,), torch.nan))
    for k in (0, 6, True, 1.0):
        with error(RangeError, "k must be an integer from 1 to 5", f"got {k!r}"):
            memory.cleanup(torch.ones(8), k=k)  # pyright: ignore[reportArgumentType]
    for wrong in (-1.5, float("nan")):
        with error(RangeError, "the threshold is a cosine, from -1 to 1", f"got {wrong}"):
            memory.cleanup(torch.ones(8), threshold=wrong)
    with error(RangeError, "a threshold or a rate of false alarms, not both"):
        memory.cleanup(torch.ones(8), threshold=0.5, false_alarm=0.1)
    with error(RangeError, "false_alarm"):
        memory.cleanup(torch.ones(8), false_alarm=0.0)
    with error(RangeError, "k must be an integer from 1 to 0"):
        ItemMemory(dim=8).cleanup(torch.ones(8))


def test_soft_cleanups_and_fits_that_cannot_be() -> None:
    memory = ItemMemory(NAMES, 64)
    with error(RangeError, "soft_cleanup: needs a positive temperature", "got 0"):
        memory.soft_cleanup(torch.ones(64), temperature=0)
    with error(AlgebraError, "nothing lies between vectors of torch.bool in BSC"):
        ItemMemory(NAMES, 64, algebra="BSC").soft_cleanup(torch.ones(64, dtype=torch.bool))
    with error(ShapeError, "fit: 1 labels need at least one vector, in shape [1, 64]; got [2, 64]"):
        memory.fit(torch.ones(2, 64), ["a"])
    with error(SymbolError, "'x' is in the memory already"):
        memory.fit(torch.ones(1, 64), ["x"])
    with error(RangeError, "torch.int8, which cannot hold a prototype", "dtype=torch.float32"):
        ItemMemory(dim=64, dtype=torch.int8).fit(torch.ones(300, 64), ["a"] * 300)
    with error(ShapeError, "made of given vectors, so new names need vectors too"):
        ItemMemory(["a"], vectors=torch.ones(1, 64)).add("b")
    assert get_algebra("MAP") == memory.algebra
