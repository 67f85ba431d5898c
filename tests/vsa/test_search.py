import pytest
import torch

from tests.helpers import ALGEBRAS, fitting
from vsa import FHRR, MAP, Algebra
from vsa import search as module
from vsa.search import ExactSearch, Index


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
    assert index._operand is not None
    assert index._operand.data_ptr() == items.data_ptr()
