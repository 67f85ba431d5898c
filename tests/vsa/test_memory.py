import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from torch import Tensor

from tests.conftest import ROOT
from tests.helpers import ALGEBRAS, as_a_user, batches, error, fitting, seeds
from vsa import Algebra, Cleanup, ItemMemory, bind, bundle, get_algebra, unbind
from vsa.capacity import threshold
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, SymbolError
from vsa.search import ExactSearch

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


def _through_vector_to_parameters(memory: ItemMemory, new: Tensor) -> None:
    torch.nn.utils.vector_to_parameters(torch.cat([new, *memory.vectors.detach()[1:]]), [memory.vectors])


def _through_foreach(memory: ItemMemory, new: Tensor) -> None:
    with torch.no_grad():
        torch._foreach_mul_([memory.vectors[0]], 0.0)  # pyright: ignore[reportPrivateImportUsage]
        torch._foreach_add_([memory.vectors[0]], [new])  # pyright: ignore[reportPrivateImportUsage]


def _through_an_optimizer(memory: ItemMemory, new: Tensor, fused: bool) -> None:
    """Vectors that a step of 1 takes exactly to the new one."""
    memory.vectors.requires_grad_()
    memory.vectors.grad = torch.zeros_like(memory.vectors)
    memory.vectors.grad[0] = memory.vectors.detach()[0] - new
    torch.optim.SGD([memory.vectors], lr=1.0, fused=fused, foreach=not fused).step()
    memory.vectors.requires_grad_(False)
    memory.vectors.grad = None


def _in_place(memory: ItemMemory, new: Tensor) -> None:
    memory.vectors[:1] = new


CHANGES = {
    "in place": _in_place,
    "through another view": lambda memory, new: memory.vectors.view(-1)[: len(new)].copy_(new),
    "clamped and filled": lambda memory, new: memory.vectors[0].clamp_(0, 0).add_(new),
    "through data": lambda memory, new: memory.vectors.data.__setitem__(0, new),
    "by data": lambda memory, new: setattr(memory.vectors, "data", torch.stack([new, *memory.vectors.detach()[1:]])),
    "through detach": lambda memory, new: memory.vectors.detach()[0].copy_(new),
    "through NumPy": lambda memory, new: memory.vectors.detach().numpy().__setitem__(0, new.numpy()),
    "through DLPack": lambda memory, new: torch.from_dlpack(memory.vectors.detach())[0].copy_(new),
    "through buffers": lambda memory, new: next(iter([*memory.buffers(), *memory.parameters()])).data[0].copy_(new),
    "by vector_to_parameters": _through_vector_to_parameters,
    "by foreach": _through_foreach,
    "by an optimizer of many": lambda memory, new: _through_an_optimizer(memory, new, fused=False),
    "by a fused optimizer": lambda memory, new: _through_an_optimizer(memory, new, fused=True),
    "by assignment": lambda memory, new: setattr(memory, "vectors", torch.stack([new, *memory.vectors.detach()[1:]])),
    "by load": lambda memory, new: memory.load_state_dict({"vectors": torch.stack([new, *memory.vectors.detach()[1:]])}),
    "by load and assign": lambda memory, new: memory.load_state_dict(
        {"vectors": torch.stack([new, *memory.vectors.detach()[1:]])}, assign=True
    ),
}


@pytest.mark.parametrize("size", [1.0, 0.001, 1000.0])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("learnable", [False, True])
def test_answers_follow_however_items_are_changed(change: str, learnable: bool, size: float) -> None:
    if learnable and change == "by assignment":
        pytest.skip("torch refuses to put a tensor where a parameter is")
    memory = ItemMemory([str(i) for i in range(300)], 256, learnable=learnable)  # so large that something is remembered
    new = size * torch.randn(256, generator=torch.Generator().manual_seed(0))
    assert memory.cleanup(memory["7"].detach()).names == ["7"]
    with torch.no_grad():
        CHANGES[change](memory, new)
    found = memory.cleanup(new)
    assert found.names == ["0"]
    assert found.scores.item() == pytest.approx(1, abs=1e-6)
    assert memory.cleanup(memory["7"].detach() + 0.1 * torch.randn(256), k=2).names[0] == "7"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_answers_follow_when_items_are_converted(dtype: torch.dtype) -> None:
    memory = ItemMemory([str(i) for i in range(300)], 256)
    memory.cleanup(memory["7"])
    memory.vectors[0] = new = torch.randn(256)
    memory.cleanup(new)
    found = memory.to(dtype).cleanup(new.to(dtype))
    assert (found.names, found.scores.item()) == (["0"], pytest.approx(1, abs=1e-3))


@pytest.mark.parametrize("algebra", ["BSC", "PackedBSC", "MAP"])
def test_answers_follow_when_bits_and_integers_are_written_behind_torch_s_back(algebra: str) -> None:
    memory = ItemMemory([str(i) for i in range(300)], 256, algebra=algebra, dtype=torch.int8 if algebra == "MAP" else None)
    new = memory.algebra.random(1, 256, dtype=memory.vectors.dtype)[0]
    assert memory.cleanup(memory["7"]).names == ["7"]
    memory.vectors.numpy()[0] = new.numpy()
    assert memory.cleanup(new).pairs == [("0", 1.0)]
    memory.vectors.data[0] = memory["7"]
    assert memory.cleanup(memory["7"], k=2).pairs == [("0", 1.0), ("7", 1.0)]


def test_answers_follow_whatever_the_strides_are() -> None:
    memory = ItemMemory([str(i) for i in range(300)], 256, vectors=torch.randn(256, 300).T)
    assert memory.vectors.is_contiguous()
    for vectors in (torch.randn(256, 300).T, torch.randn(300, 512)[:, ::2], torch.randn(1, 256).expand(300, 256)):
        memory.vectors = vectors
        query = torch.randn(256)
        memory.cleanup(query)
        memory.vectors.data[0] = query / 1000
        assert memory.cleanup(query).names == ["0"]
    phasors = ItemMemory(["a", "b"], 64, algebra="FHRR")
    for conjugated in (phasors.vectors.conj(), phasors.vectors.conj().mT.contiguous().mT):
        assert ItemMemory(["a", "b"], vectors=conjugated, algebra="FHRR").cleanup(conjugated[1]).names == ["b"]
        phasors.vectors = conjugated
        assert phasors.cleanup(conjugated[1]).names == ["b"]


def test_one_large_element_written_behind_torch_s_back_makes_no_winner() -> None:
    memory = ItemMemory([str(i) for i in range(300)], 256)
    query = memory["7"].clone()
    memory.cleanup(query)
    memory.vectors.data[0, 100] = 1000 * query[100]
    assert memory.cleanup(query).names == ["7"]


def test_what_cannot_be_noticed_can_be_said() -> None:
    memory = ItemMemory([str(i) for i in range(300)], 256)
    memory.vectors[0] *= 1e-3
    memory.vectors[0, 100] = 1e3
    query = memory["0"].clone()
    query[100] = 0
    memory.cleanup(query)
    memory.vectors.data[0, 100] = 0  # the one element that matters
    memory.changed()
    assert memory.cleanup(query).names == ["0"]


def test_an_index_of_one_s_own_is_made_again_when_items_change() -> None:
    made = []

    class Counted(ExactSearch):
        def __init__(self, vectors: Tensor, algebra: Algebra) -> None:
            made.append(vectors)
            super().__init__(vectors.clone(), algebra)

    memory = ItemMemory(NAMES, 256, index=Counted)
    new = torch.randn(256)
    memory.cleanup(new)
    memory.cleanup(new)
    assert len(made) == 1
    memory.vectors.data[0] = new
    assert memory.cleanup(new).names == ["shape"]
    memory.add("z", -new)
    assert memory.cleanup(-new).names == ["z"]
    assert len(made) == 3


def test_names_and_vectors_that_were_parted_are_refused() -> None:
    memory = ItemMemory(["a", "b"], 8)
    memory.vectors = torch.ones(3, 8)
    with error(ShapeError, "has 2 names, but its vectors were set to a tensor [3, 8]", "[2, dim]"):
        memory.cleanup(torch.ones(8))
    with error(ShapeError, "has 2 names"):
        memory["a"]


# Precision, ties and numbers.


@every_name
@pytest.mark.parametrize("items", [torch.float32, torch.float64])
def test_the_wider_of_both_dtypes_is_computed_in(algebra: str, items: torch.dtype) -> None:
    model = get_algebra(algebra)
    double = {torch.float32: torch.float64, torch.complex64: torch.complex128}[model.dtype]
    kept = double if items == torch.float64 else model.dtype
    memory = ItemMemory([str(i) for i in range(300)], 256, algebra=algebra, dtype=kept, learnable=True)
    query = model.random(2, 256, dtype=double) + 0.3 * memory.vectors.detach()[[5, 9]]
    expected = model.similarity(query[:, None], memory.vectors.detach().to(double))
    with torch.no_grad():
        found = memory.cleanup(query, k=3)
    assert found.scores.dtype == torch.float64
    torch.testing.assert_close(found.scores, expected.topk(3).values, rtol=0, atol=1e-13)
    torch.testing.assert_close(memory.cleanup(query, k=3).scores, found.scores, rtol=0, atol=1e-13)
    soft = memory.soft_cleanup(query)
    assert soft.dtype == double
    weights = (expected / 0.1).softmax(-1).to(double)
    torch.testing.assert_close(soft, weights @ memory.vectors.to(double), rtol=1e-12, atol=1e-12)


@every_name
def test_cleanup_and_soft_cleanup_have_the_right_gradients(algebra: str) -> None:
    model = get_algebra(algebra)
    double = {torch.float32: torch.float64, torch.complex64: torch.complex128}[model.dtype]
    memory = ItemMemory(NAMES, 8, algebra=algebra)
    query = torch.randn(2, 8, dtype=double, requires_grad=True)
    items = memory.vectors.to(double).requires_grad_()

    def with_items(verb: str, items: Tensor, query: Tensor) -> Tensor:
        found = torch.func.functional_call(_Calls(memory, verb), {"memory.vectors": items}, (query,))
        return found if isinstance(found, Tensor) else found.scores

    for verb in ("soft_cleanup", "cleanup"):
        assert torch.autograd.gradcheck(lambda items, query, verb=verb: with_items(verb, items, query), (items, query))
    assert torch.autograd.gradcheck(memory.soft_cleanup, (query,))


class _Calls(torch.nn.Module):
    def __init__(self, memory: ItemMemory, verb: str) -> None:
        super().__init__()
        self.memory, self.verb = memory, verb

    def forward(self, query: Tensor) -> Any:
        return getattr(self.memory, self.verb)(query)


def test_half_precision_is_searched_in_single() -> None:
    memory = ItemMemory(NAMES, 64, dtype=torch.float16)
    found = memory.cleanup(memory["x"])
    assert (found.names, found.scores.dtype) == (["x"], torch.float32)
    assert memory.soft_cleanup(memory["x"]).dtype == torch.float16
    assert memory.soft_cleanup(memory["x"].float()).dtype == torch.float32


def test_numbers_may_be_numpy_s() -> None:
    two: Any = np.int64(2)
    half: Any = np.float32(0.5)
    with as_a_user():
        memory = ItemMemory(NAMES, 32 * two, seed=two)
        query = memory["x"] + 0.6 * memory["y"]
        assert memory.cleanup(query, k=two, threshold=half / 2).names == ["x", "y"]
        assert torch.equal(memory.soft_cleanup(query, half), memory.soft_cleanup(query, 0.5))
    for huge in (10**30, 10**400):
        torch.testing.assert_close(memory.soft_cleanup(query, huge), memory.vectors.mean(0))
    with error(RangeError, "needs a positive temperature", "'warm'"):
        memory.soft_cleanup(query, "warm")  # pyright: ignore[reportArgumentType]
    with error(RangeError, "the threshold is a cosine", "True"):
        memory.cleanup(query, threshold=True)


# Devices.


def test_a_memory_is_made_where_torch_s_modules_are() -> None:
    expected = ItemMemory(NAMES, 64)
    assert ItemMemory(NAMES, 64, device="meta").vectors.device.type == "meta"
    assert ItemMemory(NAMES, 64, device=torch.device("cpu"), learnable=True).vectors.is_leaf
    given = torch.ones(1, 64)
    with torch.device("meta"):
        assert ItemMemory(NAMES, 64).vectors.shape == (5, 64)
        assert ItemMemory(NAMES, 64).vectors.is_meta
        assert torch.equal(ItemMemory(NAMES, 64, device="cpu").vectors, expected.vectors)
        assert ItemMemory(["a"], vectors=given).vectors.is_cpu
        assert expected.cleanup(expected["x"]).names == ["x"]
        expected.add("z")
        assert expected.vectors.is_cpu
        state = expected.state_dict()
        expected.load_state_dict(state)
    assert torch.equal(expected["z"], ItemMemory(["z"], 64)["z"])
    memory = ItemMemory(NAMES, 64, device="meta")
    memory.add("z")
    assert memory.vectors.shape == (6, 64)
    memory.remove("z")
    assert memory.cleanup(torch.ones(3, 64, device="meta"), k=2).indices.shape == (3, 2)
    assert memory.soft_cleanup(torch.ones(64, device="meta")).shape == (64,)


def test_devices_that_are_not_there() -> None:
    with error(RangeError, "cannot be made on nowhere"):
        ItemMemory(NAMES, 64, device="nowhere")
    with error(DtypeError, 'a device is a torch.device or a string such as "cpu", got int'):
        ItemMemory(NAMES, 64, device=0)  # pyright: ignore[reportArgumentType]
    if not torch.cuda.is_available():
        with error(RangeError, "cannot be made on cuda"):
            ItemMemory(NAMES, 64, device="cuda")


def test_any_index_can_be_plugged_in() -> None:
    class Backwards:
        def __init__(self, vectors: Tensor, algebra: Algebra) -> None:
            self.n = len(vectors)

        def search(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
            order = torch.arange(self.n).flip(0)[:k].expand(len(queries), k)
            return torch.linspace(1, 0.5, k).expand(len(queries), k), order

    memory = ItemMemory(NAMES, 16, index=Backwards)
    assert memory.cleanup(torch.ones(16), k=2).names == ["y", "x"]


@pytest.mark.parametrize("n", [5, 2000])
def test_cleanup_vmaps(n: int) -> None:
    memory = ItemMemory([str(i) for i in range(n)], 64)
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
learnt = ItemMemory(["a", "b", "c"], 64, learnable=True)
for verb in ("cleanup", "soft_cleanup"):
    plain = getattr(learnt, verb)
    found, expected = torch.compile(plain, fullgraph=True, backend="eager")(queries), plain(queries)
    torch.testing.assert_close(getattr(found, "scores", found), getattr(expected, "scores", expected))
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
    empty = ItemMemory(dim=8)
    with error(RangeError, "cleanup: the memory is empty; add names to it first"):
        empty.cleanup(torch.ones(8))
    with error(RangeError, "soft_cleanup: the memory is empty; add names to it first"):
        empty.soft_cleanup(torch.ones(8))


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
