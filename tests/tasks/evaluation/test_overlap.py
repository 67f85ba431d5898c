import torch
from hypothesis import given

from tasks.evaluation.overlap import document_score, iou
from tests.helpers import error, seeds
from vsa.errors import DtypeError, ShapeError


@given(seed=seeds)
def test_it_is_intersection_over_union(seed: int) -> None:
    a, b = torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(seed)) > 0.7
    sets = [set(x.flatten().nonzero().flatten().tolist()) for x in (*a, *b)]
    torch.testing.assert_close(
        iou(a, b), torch.tensor([len(x & y) / len(x | y) for x, y in zip(sets[:4], sets[4:], strict=True)])
    )
    assert torch.equal(iou(a, a), torch.ones(4))
    assert torch.equal(iou(a, b), iou(b, a))
    assert torch.equal(iou(a[:, None], b), torch.stack([iou(x.expand(4, 8, 8), b) for x in a]))


def test_empty_pictures_agree_with_each_other_alone() -> None:
    empty, full = torch.zeros(4, 4, dtype=torch.bool), torch.ones(4, 4, dtype=torch.bool)
    assert iou(empty, empty).item() == 1
    assert iou(empty, full).item() == 0


def test_what_does_not_fit() -> None:
    picture = torch.ones(4, 4, dtype=torch.bool)
    with error(DtypeError, "pictures of bool, got torch.float32", "picture > 0.5"):
        iou(picture.float(), picture)
    with error(ShapeError, "pictures of one size, got [4, 4] and [4, 5]"):
        iou(picture, torch.ones(4, 5, dtype=torch.bool))


def test_the_documents_score_starts_at_a_half_and_ends_at_nineteen_twentieths() -> None:
    overlaps = torch.tensor([0.0, 0.3, 0.5, 0.501, 0.549, 0.749, 0.95, 0.951, 1.0], dtype=torch.float64)
    torch.testing.assert_close(document_score(overlaps), torch.tensor([0, 0, 0, 0.1, 0.1, 0.5, 0.9, 1, 1], dtype=torch.float64))
