"""What is wrong or missing in torchhd 5.8.4, or was asked of it and not given: each must be right here.

The numbers are those of the list; where it can be said in a line, a test shows first that torchhd has the hole.
"""

import copy
import io
import warnings
from typing import Any

import pytest
import torch
import torchhd
from torch import Tensor, nn

from tests.helpers import as_a_user, error
from vsa import (
    BSC,
    FHRR,
    HRR,
    MAP,
    VTB,
    Algebra,
    ItemMemory,
    PackedBSC,
    bind,
    bundle,
    get_algebra,
    multibind,
    normalize,
    random,
    similarity,
    unbind,
)
from vsa.embeddings import Circular
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError
from vsa.factorization import resonator
from vsa.structures import Multiset, Record

everywhere = pytest.mark.parametrize("backend", ["native", "torchhd"])


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@everywhere
def test_1_products_of_several_hrr_vectors(backend: str) -> None:
    hrr = get_algebra("HRR", backend)
    stack = hrr.random(3, 1024, generator=generator())
    one_by_one = hrr.bind(hrr.bind(stack[0], stack[1]), stack[2])
    with warnings.catch_warnings(action="ignore"):  # that the imaginary part is discarded
        wrong = torchhd.multibind(stack.clone().as_subclass(torchhd.HRRTensor)).as_subclass(Tensor)
    assert similarity(wrong, one_by_one, algebra="HRR") < 0.5
    torch.testing.assert_close(multibind(stack, algebra=hrr), one_by_one, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["BSC", "PackedBSC"])
def test_2_binary_vectors_bundled_step_by_step(name: str) -> None:
    algebra = get_algebra(name)
    stack = algebra.random(7, 4096, generator=generator())
    steps = Multiset(name)
    for x in stack:
        steps = steps.add(x)
    assert torch.equal(steps.vector, algebra.bundle(stack))
    assert algebra.similarity(steps.vector, stack).tolist() == pytest.approx([0.31] * 7, abs=0.06)
    assert torch.equal(algebra.bundle(stack[:6]), algebra.bundle(stack[:6]))  # ties fall the same way


def test_3_factors_whose_signs_flipped() -> None:
    books = list(MAP.random(120, 1024, generator=generator()).view(3, 40, 1024))
    wanted = torch.randint(40, (100, 3), generator=generator(1))
    composites = multibind(torch.stack([book[wanted[:, i]] for i, book in enumerate(books)], dim=1))
    found = resonator(composites, books, generator=generator(2))
    assert (found.indices == wanted).all(-1).float().mean() >= 0.95


def test_4_cleanup_of_batches_with_scores_and_gradients() -> None:
    memory = ItemMemory(["a", "b", "c"], 256)
    query = (memory.vectors[:2] + 0.5).requires_grad_()
    found = memory.cleanup(query, k=2)
    assert [names[0] for names in found.names] == ["a", "b"]
    found.scores.sum().backward()
    assert query.grad is not None
    assert query.grad.abs().sum() > 0
    with error(RangeError, "the query has a NaN"):
        memory.cleanup(torch.full((256,), torch.nan))
    nothing = memory.cleanup(torch.randn(256, generator=generator()), threshold=0.5)
    assert nothing.names == []


def test_5_loading_and_copying() -> None:
    model = nn.ModuleDict({"memory": ItemMemory(["a", "b"], 64, algebra="FHRR"), "hour": Circular(24, 64, algebra="HRR")})
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    copied = copy.deepcopy(model)
    copied.load_state_dict(torch.load(file, weights_only=True))
    assert {type(x) for x in copied.state_dict().values()} == {Tensor}


@pytest.mark.parametrize("algebra", [MAP, HRR, FHRR, BSC, PackedBSC, VTB], ids=lambda algebra: algebra.name)
def test_6_cosines_compile_and_vmap(algebra: Algebra) -> None:
    """Cleanup under the same is in test_memory.py."""
    a, b = algebra.random(6, 64 if algebra.name != "PackedBSC" else 128).view(2, 3, -1)
    with as_a_user():
        torch.compiler.reset()
        compiled = torch.compile(algebra.similarity, fullgraph=True, backend="eager")(a, b)
    torch.testing.assert_close(compiled, algebra.similarity(a, b))
    torch.testing.assert_close(torch.vmap(algebra.similarity)(a, b), algebra.similarity(a, b))


@everywhere
def test_7_gradients(backend: str) -> None:
    leaf = random(1, 16, algebra=get_algebra("MAP", backend)).requires_grad_()
    assert leaf.is_leaf
    normalize(0.3 * leaf, algebra=get_algebra("MAP", backend)).sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.abs().sum() > 0
    zero = torch.zeros(16, requires_grad=True)
    similarity(zero, torch.ones(16), algebra=get_algebra("MAP", backend)).backward()
    assert zero.grad is not None
    assert zero.grad.isfinite().all()


def test_8_unbinding_that_is_exact_and_says_its_side() -> None:
    unitary = get_algebra("HRR", unitary=True)
    a, key = unitary.random(2, 1024, generator=generator())
    torch.testing.assert_close(unbind(bind(a, key, algebra=unitary), key, algebra=unitary), a)
    exact = get_algebra("HRR", exact=True)
    a, key = exact.random(2, 1024, generator=generator())
    assert exact.similarity(exact.unbind(exact.bind(a, key), key), a) > 0.999
    assert VTB.laws.key_side == "right"
    a, key = VTB.random(2, 4096, generator=generator())
    assert VTB.similarity(VTB.unbind(VTB.bind(key, a), key, side="left"), a) > 0.6


def test_9_bundles_of_int8() -> None:
    x = MAP.random(1, 256, dtype=torch.int8)
    copies = x.expand(200, 256)
    peer: Any = copies.as_subclass(torchhd.MAPTensor)
    assert torchhd.cosine_similarity(torchhd.multibundle(peer), peer[0]).item() < 0
    assert MAP.similarity(MAP.bundle(copies), x[0].long()).item() == pytest.approx(1)


@everywhere
def test_10_ties_zeros_and_empty_bundles(backend: str) -> None:
    assert normalize(torch.tensor([2.0, 0.0, -2.0]), algebra=get_algebra("MAP", backend)).tolist() == [1, 0, -1]
    assert normalize(torch.tensor([2j, 0]), algebra=get_algebra("FHRR", backend)).tolist() == [1j, 0]
    for name in ("MAP", "HRR", "FHRR", "BSC", "VTB"):
        algebra = get_algebra(name, backend)
        with error(ShapeError, "bundle: a stack of shape [0, 16] is empty"):
            algebra.bundle(algebra.random(0, 16))


@everywhere
def test_11_nothing_becomes_another_algebra_or_broadcasts_in_silence(backend: str) -> None:
    algebra = get_algebra("HRR", backend)
    with error(ShapeError, "both vectors must have the same dimension", "[1, 64] and [1, 1]"):
        bind(torch.ones(1, 64), torch.ones(1, 1), algebra=algebra)
    with error(AlgebraError, "tensors of different algebras cannot be mixed: HRR, MAP"):
        bind(torchhd.random(1, 64, vsa="HRR"), torchhd.random(1, 64, vsa="MAP"))
    with error(DtypeError, "BSC has no vectors of torch.float32"):
        bind(torch.ones(64), torch.ones(64), algebra="BSC")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_12_hrr_in_half_precision_and_vtb_that_broadcasts(dtype: torch.dtype) -> None:
    a, b = HRR.random(2, 1024, generator=generator(), dtype=dtype)
    assert HRR.bind(a, b).dtype == dtype
    torch.testing.assert_close(HRR.bind(a, b).float(), HRR.bind(a.float(), b.float()), rtol=0.02, atol=2e-3)
    for backend in ("native", "torchhd"):
        vtb = get_algebra("VTB", backend)
        x, y = vtb.random(3, 64, generator=generator()), vtb.random(1, 64, generator=generator(1))
        torch.testing.assert_close(vtb.bind(x, y), vtb.bind(x, y.expand(3, 64).contiguous()))
        torch.testing.assert_close(vtb.bind(x, y[0]), vtb.bind(x, y))


def test_13_memories_of_one_tensor_and_records_that_find_the_old_filler() -> None:
    roles, fillers = ItemMemory(["shape", "size"]), ItemMemory(["heart", "square", "big", "small"])
    assert fillers.vectors.shape == (4, 1024)
    assert fillers.cleanup(torch.randn(1024, generator=generator()), threshold=0.9).names == []
    record = Record.of(roles.vectors, fillers[["heart", "small"]])
    changed = record.replace(roles["shape"], fillers["square"], fillers)
    assert torch.equal(changed.vector, Record.of(roles.vectors, fillers[["square", "small"]]).vector)


def test_14_packed_bits_circles_for_hrr_sparse_blocks_and_thresholds() -> None:
    assert PackedBSC.random(1, 1024).element_size() * PackedBSC.random(1, 1024).numel() == 128  # bytes
    for name in ("HRR", "VTB"):
        hours = Circular(24, 4096, period=24.0, algebra=name)
        x = hours(torch.tensor([0.0, 23.0, 12.0]))
        near, far = hours.algebra.similarity(x[1:], x[0]).tolist()
        assert near > 0.85
        assert abs(far) < 0.1
    blocks = get_algebra("SBC", block_size=32)
    a, b = blocks.random(2, 1024, generator=generator())
    torch.testing.assert_close(blocks.unbind(blocks.bind(a, b), b), a, rtol=1e-4, atol=1e-5)
    memory = ItemMemory(["a", "b"])
    assert memory.cleanup(torch.randn(1024, generator=generator()), false_alarm=0.01).names == []
    assert memory.cleanup(memory["a"] + torch.randn(1024, generator=generator()), false_alarm=0.01).names == ["a"]
    assert bundle(torch.stack([memory["a"]] * 3)).tolist() == (3 * memory["a"]).tolist()  # normalised only by normalize
