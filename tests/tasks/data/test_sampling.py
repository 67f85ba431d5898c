import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.checks import NotInPartError
from tasks.data.dsprites import render
from tasks.data.factors import COUNTS, IDENTIFIABLE
from tasks.data.sampling import (
    Objects,
    apart,
    differ,
    one_feature,
    overlap,
    random_subset,
    sample_paired_scenes,
    sample_pairs,
)
from tasks.data.split import Split
from tests.helpers import error, seeds
from vsa.errors import DtypeError, RangeError, ShapeError

HEARTS = Split(validation="tenth == 3", test="shape == heart and x < 20 or shape == ellipse and 5 < y <= 30")
objects = st.sampled_from(
    [
        Objects(),
        Objects(part="test"),
        Objects(part="validation"),
        Objects.identifiable(),
        Objects.identifiable("test"),
        Objects(split=HEARTS),
        Objects.identifiable("validation", HEARTS),
    ]
)
masks = st.lists(st.tuples(*[st.booleans()] * 5), min_size=1, max_size=20).map(torch.tensor)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(objects=objects, seed=seeds, n=st.integers(0, 50))
def test_objects_are_in_their_part_and_among_the_allowed(objects: Objects, seed: int, n: int) -> None:
    classes = objects.sample(n, generator(seed))
    assert classes.shape == (n, 5)
    assert objects.split.contains(objects.part, classes).all()
    assert all(torch.isin(classes[:, f], allowed).all() for f, allowed in enumerate(objects.allowed))
    assert torch.equal(classes, objects.sample(n, generator(seed)))


def test_a_rare_object_is_found_and_one_that_does_not_exist_is_an_error() -> None:
    rare = Split(test="shape == heart and scale == 3 and orientation == 7 and x == 30 and y in (1, 2)")
    drawn = Objects(part="test", split=rare).sample(1000, generator(0))
    assert drawn[:, :4].unique(dim=0).tolist() == [[2, 3, 7, 30]]
    assert drawn[:, 4].bincount().tolist() == pytest.approx([0, 500, 500], abs=60)
    squares = Objects((torch.tensor([0]), *Objects().allowed[1:]), "test", Split(test="shape == heart"))
    with error(
        NotInPartError,
        "no combination of the allowed classes",
        "the test part (validation: 'tenth == 1', test: 'shape == heart')",
    ):
        squares.sample(1, generator(0))
    with error(RangeError, "part must be one of train, validation, test, got 'all'"):
        Objects(part="all").sample(1, generator(0))  # pyright: ignore[reportArgumentType]


def test_all_values_come_alike_often() -> None:
    classes = Objects().sample(40_000, generator(0))
    for f, count in enumerate(COUNTS):
        share = classes[:, f].bincount(minlength=count) / len(classes)
        assert (share - 1 / count).abs().max() < 0.01


@given(objects=objects, where=masks, seed=seeds)
def test_pairs_differ_in_the_given_features_and_in_no_other(objects: Objects, where: torch.Tensor, seed: int) -> None:
    first, pair = sample_pairs(where, objects, generator(seed))
    assert torch.equal(first != pair, where)
    assert objects.accept(first).all()
    assert objects.accept(pair).all()
    assert pair[:, 2].max() < (len(IDENTIFIABLE) if len(objects.allowed[2]) == 10 else 40)


def test_a_pair_that_differs_looks_different() -> None:
    """Orientation classes 0 and 39 are one picture."""
    ends = Objects((*Objects().allowed[:2], torch.tensor([0, 1, 39]), *Objects().allowed[3:]))
    where = torch.tensor([[False, False, True, False, False]]).expand(300, 5)
    first, pair = sample_pairs(where, ends, generator(0))
    assert (render(first) != render(pair)).flatten(1).any(1).float().mean() > 0.95  # some small squares do not


def test_the_other_value_is_any_other_alike_often() -> None:
    first = torch.tensor([[1, 3, 0, 0, 0]]).expand(30_000, 5)
    where = torch.tensor([[True, True, False, False, False]]).expand(30_000, 5)
    other = differ(first, where, Objects(), generator(0))
    assert (other[:, 0].bincount(minlength=3) / 30_000).tolist() == pytest.approx([0.5, 0, 0.5], abs=0.02)
    assert (other[:, 1].bincount(minlength=6) / 30_000).tolist() == pytest.approx([0.2, 0.2, 0.2, 0, 0.2, 0.2], abs=0.02)


@given(objects=objects, where=masks, seed=seeds)
def test_the_second_object_overlaps_neither_of_the_pair(objects: Objects, where: torch.Tensor, seed: int) -> None:
    scenes = sample_paired_scenes(where, objects, generator(seed))
    assert torch.equal(scenes.first != scenes.pair, where)
    assert torch.equal(scenes.exchanged, where)
    first, pair, second = (render(classes) for classes in (scenes.first, scenes.pair, scenes.second))
    assert not overlap(first, second).any()
    assert not overlap(pair, second).any()
    assert objects.accept(scenes.second).all()


@given(seed=seeds, n=st.integers(0, 20), m=st.integers(0, 20))
def test_apart_are_those_that_overlap_nowhere(seed: int, n: int, m: int) -> None:
    a, b = (render(Objects().sample(size, generator(seed + i))) for i, size in enumerate((n, m)))
    each = apart(a, b)
    assert each.shape == (n, m)
    assert torch.equal(each.flatten(), ~overlap(a.repeat_interleave(m, 0), b.repeat(n, 1, 1)))


def test_drawing_leaves_what_was_drawn_alone() -> None:
    first = Objects().sample(10, generator(0))
    before = first.clone()
    other = differ(first, torch.ones(10, 5, dtype=torch.bool), Objects(), generator(1))
    other.zero_()
    assert torch.equal(first, before)


@given(seed=seeds)
def test_exchange_masks(seed: int) -> None:
    assert (one_feature(50, generator(seed)).sum(1) == 1).all()
    assert random_subset(50, generator(seed)).any(1).all()


def test_all_subsets_come_alike_often() -> None:
    number = (random_subset(31_000, generator(0)) * 2 ** torch.arange(5)).sum(1)
    counts = number.bincount(minlength=32)
    assert counts[0] == 0
    assert (counts[1:] / 1000 - 1).abs().max() < 0.15


def test_what_does_not_exist_is_an_error() -> None:
    one_shape = Objects((torch.tensor([2]), *Objects().allowed[1:]))
    where = torch.tensor([[True, False, False, False, False]])
    with error(RangeError, "shape cannot differ: only class [2] is allowed"):
        sample_pairs(where, one_shape, generator(0))
    in_the_middle = Objects((*Objects().allowed[:3], torch.tensor([16]), torch.tensor([16])))
    with error(NotInPartError, "no second object of the train part", "that overlaps neither of a pair for 1 of 1"):
        sample_paired_scenes(where, in_the_middle, generator(0))
    with error(NotInPartError, "no pair of the test part", "that differs in just those features for 1 of 1"):
        sample_pairs(where, Objects(part="test", split=Split(test="shape == heart")), generator(0))
    with error(ShapeError, "bool [n, 5], got torch.int64 [1, 5]"):
        sample_paired_scenes(where.long(), Objects(), generator(0))
    with error(ShapeError, "bool [1, 5], got torch.bool [2, 5]"):
        differ(torch.zeros(1, 5, dtype=torch.int64), where.expand(2, 5), Objects(), generator(0))


def test_objects_that_cannot_be() -> None:
    classes = Objects().allowed
    with error(ShapeError, "allowed must be a tuple of five tensors"):
        Objects(classes[:4])
    with error(RangeError, "the allowed classes of y must be from 0 to 31, got [32]"):
        Objects((*classes[:4], torch.tensor([32])))
    with error(ShapeError, "the allowed classes of y must be int64 [n], got torch.float32 [1]"):
        Objects((*classes[:4], torch.tensor([0.5])))
    with error(RangeError, "part must be one of train, validation, test, got 'Test'"):
        Objects(part="Test")  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "split must be a Split, got str"):
        Objects(split="x == 0")  # pyright: ignore[reportArgumentType]
    with error(RangeError, "n must be from 0 to 16777216, got -1"):
        Objects().sample(-1, generator(0))
    with error(DtypeError, "the generator decides", "got int"):
        Objects().sample(1, 0)  # pyright: ignore[reportArgumentType]
