import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.overlap import apart, document_score, iou, touching
from tasks.data.population import Population
from tests.helpers import error, seeds
from vsa.errors import DtypeError, ShapeError


@given(seed=seeds)
def test_of_bool_it_is_intersection_over_union(seed: int) -> None:
    a, b = torch.rand(2, 4, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) > 0.7
    sets = [set(x.flatten().nonzero().flatten().tolist()) for x in (*a, *b)]
    torch.testing.assert_close(
        iou(a, b), torch.tensor([len(x & y) / len(x | y) for x, y in zip(sets[:4], sets[4:], strict=True)])
    )
    assert torch.equal(iou(a, a), torch.ones(4))
    assert torch.equal(iou(a, b), iou(b, a))
    assert torch.equal(iou(a[:, None], b), torch.stack([iou(x.expand(4, 3, 8, 8), b) for x in a]))


@given(seed=seeds)
def test_of_amounts_it_is_what_both_have_of_what_one_has(seed: int) -> None:
    a, b = torch.rand(2, 4, 3, 8, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    lesser, greater = a.numpy().clip(max=b.numpy()).sum((1, 2, 3)), a.numpy().clip(min=b.numpy()).sum((1, 2, 3))
    assert iou(a, b).tolist() == pytest.approx((lesser / greater).tolist(), abs=1e-5)
    assert iou(a, a).tolist() == pytest.approx([1] * 4)
    assert torch.equal(iou(a, b), iou(b, a))
    assert torch.equal(iou(a[:, None], b), torch.stack([iou(x.expand(4, 3, 8, 8), b) for x in a]))
    bits = a > 0.5, b > 0.5
    torch.testing.assert_close(iou(bits[0].float(), bits[1].float()), iou(*bits))


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32, torch.float64])
def test_empty_pictures_agree_with_each_other_alone(dtype: torch.dtype) -> None:
    empty, full = torch.zeros(1, 4, 4, dtype=dtype), torch.ones(1, 4, 4, dtype=dtype)
    assert iou(empty, empty).item() == 1
    assert iou(empty, full).item() == 0


def test_what_does_not_fit() -> None:
    picture = torch.ones(1, 4, 4, dtype=torch.bool)
    with error(DtypeError, "iou compares two tensors, got list"):
        iou(picture, picture.tolist())  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "pictures must be a dense tensor that holds numbers", "meta"):
        iou(picture, picture.to("meta"))
    with error(DtypeError, "two pictures of bool, or two of floating point numbers, got torch.float32 and torch.bool"):
        iou(picture.float(), picture)
    with error(DtypeError, "two pictures of bool, or two of floating point numbers, got torch.uint8 and torch.uint8"):
        iou(picture.byte(), picture.byte())
    with error(ShapeError, "pictures [C, H, W] of one size, got [1, 4, 4] and [1, 4, 5]"):
        iou(picture, torch.ones(1, 4, 5, dtype=torch.bool))
    with error(ShapeError, "pictures [C, H, W] of one size, got [1, 4, 4] and [3, 4, 4]"):
        iou(picture, torch.ones(3, 4, 4, dtype=torch.bool))
    with error(ShapeError, "pictures [C, H, W] of one size, got [4, 4] and [4, 4]"):
        iou(picture[0], picture[0])


@given(seed=seeds, n=st.integers(0, 20), m=st.integers(0, 20))
def test_apart_are_those_that_touch_nowhere(seed: int, n: int, m: int) -> None:
    sprites = Population(DSPRITES)
    a, b = (
        DSPRITES.mask(sprites.observe(sprites.sample(size, torch.Generator().manual_seed(seed + i))))
        for i, size in enumerate((n, m))
    )
    each = apart(a, b)
    assert each.shape == (n, m)
    assert torch.equal(each.flatten(), ~touching(a.repeat_interleave(m, 0), b.repeat(n, 1, 1)))


@given(seed=seeds, size=st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_masks_of_any_size_are_apart_where_no_pixel_is_in_both(seed: int, size: tuple[int, int]) -> None:
    """The last 64-bit word of a mask is not full."""
    a, b = torch.rand(2, 6, *size, generator=torch.Generator().manual_seed(seed)) > 0.9
    assert torch.equal(apart(a, b), ~(a[:, None] & b).any((2, 3)))
    assert torch.equal(touching(a, b), (a & b).any((1, 2)))


def test_masks_that_cannot_be_compared() -> None:
    masks = torch.ones(2, 4, 4, dtype=torch.bool)
    for compare in (touching, apart):
        with error(ShapeError, "masks must be of one size, got [2, 4, 4] and [2, 4, 3]"):
            compare(masks, masks[..., :3])
        with error(ShapeError, "masks must be bool [n, h, w], got torch.uint8 [2, 4, 4]"):
            compare(masks, masks.byte())
        with error(ShapeError, "masks must be bool [n, h, w], got torch.bool [4, 4]"):
            compare(masks, masks[0])
    with error(ShapeError, "there must be as many masks as others, got 2 and 1"):
        touching(masks, masks[:1])


def test_the_documents_score_starts_at_a_half_and_ends_at_nineteen_twentieths() -> None:
    overlaps = torch.tensor([0.0, 0.3, 0.5, 0.501, 0.549, 0.749, 0.95, 0.951, 1.0], dtype=torch.float64)
    torch.testing.assert_close(document_score(overlaps), torch.tensor([0, 0, 0, 0.1, 0.1, 0.5, 0.9, 1, 1], dtype=torch.float64))
