import pytest
import torch

from tests.helpers import ALGEBRAS, fitting
from vsa import FHRR, MAP, Algebra
from vsa import search as module
from vsa.search import ExactSearch, Index, Witness


@pytest.mark.parametrize("algebra", ALGEBRAS)
@pytest.mark.parametrize("k", [1, 3])
def test_blocks_change_nothing(algebra: Algebra, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dim = fitting(algebra, 30)
    items, queries = algebra.random(50, dim), algebra.random(9, dim)
    scores, _ = ExactSearch(items, algebra).search(queries, k)
    expected = algebra.similarity(queries[:, None], items).topk(k).values
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-4)
    size = algebra.as_real(items).shape[-1]
    for block, rows in ((20, 7 * size), (7 * size, 7 * size), (1, 1)):
        monkeypatch.setattr(module, "BLOCK", block)
        monkeypatch.setattr(module, "ROWS", rows)
        got, indices = ExactSearch(items, algebra).search(queries, k)
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)
        found = algebra.similarity(queries[:, None], items[indices])
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [1e-30, 1e20, 1e30])
def test_queries_of_any_length_are_found(scale: float) -> None:
    for algebra in (MAP, FHRR):
        items = algebra.random(20, 256)
        scores, indices = ExactSearch(items, algebra).search(scale * items[7:9], 1)
        assert indices.flatten().tolist() == [7, 8]
        torch.testing.assert_close(scores, torch.ones(2, 1))


@pytest.mark.parametrize("dtype", [torch.int8, torch.bfloat16, torch.float16, torch.float64])
def test_bipolar_items_are_exact_in_any_dtype(dtype: torch.dtype) -> None:
    items, queries = MAP.random(300, 128), torch.randn(5, 128)
    scores, indices = ExactSearch(items, MAP).search(queries, 4)
    got = ExactSearch(items.to(dtype), MAP).search(queries, 4)
    torch.testing.assert_close(got[0].float(), scores)
    assert torch.equal(got[1], indices)


def test_zero_items_and_queries_are_like_nothing() -> None:
    items = torch.stack([torch.zeros(8), torch.ones(8)])
    scores, indices = ExactSearch(items, MAP).search(torch.stack([torch.zeros(8), torch.ones(8)]), 2)
    assert scores.tolist() == [[0, 0], [1, 0]]
    assert indices[1].tolist() == [1, 0]
    assert isinstance(ExactSearch(items, MAP), Index)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.int8, torch.float32])
def test_a_million_items_take_less_than_256_mb_beside_themselves(dtype: torch.dtype) -> None:
    import resource

    items = torch.ones(1_000_000, 1024, dtype=dtype)
    items[::7] = -1
    items[123_456, :512] = -1
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scores, indices = ExactSearch(items, MAP).search(items[123_456].float().expand(64, -1), 2)
    assert (indices[:, 0] == 123_456).all()
    assert scores[0].tolist() == [1, 0]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 1024


def test_complex_items_are_not_copied() -> None:
    items = FHRR.random(10, 16)
    index = ExactSearch(items, FHRR)
    operand = index._at_hand()
    assert operand is not None
    assert operand.data_ptr() == items.data_ptr()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("n", [7, 33, 300, 1003])
@pytest.mark.parametrize("blocks", [False, True])
def test_of_equal_items_the_first_comes_first(n: int, dtype: torch.dtype, blocks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """How a product is rounded depends on the place of its row, so that equal rows are not of equal scores by themselves."""
    dim = 100
    if blocks:
        monkeypatch.setattr(module, "BLOCK", 3 * dim)
        monkeypatch.setattr(module, "ROWS", 3 * dim)
    items = torch.randn(1, dim, dtype=dtype).repeat(n, 1)
    others = torch.arange(1, n, 3)
    items[others] = torch.randn(len(others), dim, dtype=dtype)
    same = [i for i in range(n) if i % 3 != 1]
    index = ExactSearch(items, MAP)
    for rows in (1, 2, 5):
        queries = items[:1].repeat(rows, 1) + 0.1 * torch.randn(rows, dim, dtype=dtype)
        queries[-1] = 0
        for k in (1, 2, 4, n):
            scores, indices = index.search(queries, k)
            expected = [*same[:k], *indices[0, len(same) :].tolist()]
            assert (indices[:-1] == torch.tensor(expected)).all() or k > len(same), (rows, k)
            assert indices[:-1, : len(same)].tolist() == [same[:k]] * (rows - 1), (rows, k)
            assert indices[-1].tolist() == list(range(k)), (rows, k)
            assert (scores.diff(dim=-1) <= 0).all()


def test_many_answers_are_in_order() -> None:
    items, query = torch.randn(40_000, 4), torch.randn(1, 4)
    scores, indices = ExactSearch(items, MAP).search(query, 40_000)
    assert (scores.diff(dim=-1) <= 0).all()
    assert torch.equal(indices[0].sort().values, torch.arange(40_000))
    torch.testing.assert_close(scores[0], torch.cosine_similarity(query, items)[indices[0]], rtol=0, atol=1e-6)


def test_a_witness_notices_writes() -> None:
    x = torch.randn(4, 64)
    for change in (lambda: x[0, 1:2].fill_(3), lambda: x.data[2].mul_(2), lambda: x.numpy().__imul__(2)):
        witness = Witness(x)
        assert witness.same(x)
        assert witness.unwritten()
        change()
        assert not witness.unwritten()
    assert not Witness(x).same(x.clone())
    x[0] = torch.nan
    assert Witness(x).unwritten()


@pytest.mark.parametrize("size", [1e-30, 1e-20, 1e20, 1e37])
@pytest.mark.parametrize("n", [3, 300])
def test_lengths_neither_vanish_nor_overflow(n: int, size: float) -> None:
    items = torch.randn(n, 300).sign()
    query = items[2].clone()
    query[0] = 0
    for sizes in (torch.full((n, 1), size), torch.where(torch.arange(n)[:, None] == 2, size, 1.0)):
        index = ExactSearch(items * sizes, MAP)
        for _ in range(2):
            scores, indices = index.search(torch.stack([query, size * query]), 1)
            assert indices.tolist() == [[2], [2]]
            assert scores[:, 0].tolist() == pytest.approx([(299 / 300) ** 0.5] * 2, abs=1e-5)
