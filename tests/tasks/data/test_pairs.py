import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.checks import NotInPartError
from tasks.data.circles import Simple
from tasks.data.dataset import Dataset
from tasks.data.dsprites.factors import IDENTIFIABLE
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.overlap import touching
from tasks.data.pairs import differ, one_feature, random_subset, sample_paired_scenes, sample_pairs
from tasks.data.population import Population
from tasks.data.split import Split
from tests.helpers import error, seeds
from tests.tasks.populations import OF_DSPRITES, SPRITES
from vsa.errors import DtypeError, RangeError, ShapeError

SIMPLE = Population(Dataset(Simple()), "test", Split(test="shape != circle and x < 20"))
populations = st.sampled_from(OF_DSPRITES)
masks = st.lists(st.tuples(*[st.booleans()] * 5), min_size=1, max_size=20).map(torch.tensor)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(population=populations, where=masks, seed=seeds)
def test_pairs_differ_in_the_given_features_and_in_no_other(population: Population, where: torch.Tensor, seed: int) -> None:
    first, pair = sample_pairs(where, population, generator(seed))
    assert torch.equal(first != pair, where)
    assert population.accept(first).all()
    assert population.accept(pair).all()
    assert pair[:, 2].max() < (len(IDENTIFIABLE) if len(population.allowed[2]) == 10 else 40)


@given(where=masks, seed=seeds)
def test_so_do_pairs_of_another_data_set(where: torch.Tensor, seed: int) -> None:
    first, pair = sample_pairs(where[:, :3], SIMPLE, generator(seed))
    assert torch.equal(first != pair, where[:, :3])
    for classes in (first, pair):
        assert SIMPLE.accept(classes).all()
        assert (classes[:, 2] < 2).all()
        assert (classes[:, 0] < 20).all()


def test_a_pair_that_differs_looks_different() -> None:
    """Orientation classes 0 and 39 are one picture."""
    ends = Population(DSPRITES, allowed=(*SPRITES.allowed[:2], torch.tensor([0, 1, 39]), *SPRITES.allowed[3:]))
    where = torch.tensor([[False, False, True, False, False]]).expand(300, 5)
    first, pair = sample_pairs(where, ends, generator(0))
    assert (render(first) != render(pair)).flatten(1).any(1).float().mean() > 0.95  # some small squares do not


def test_the_other_value_is_any_other_alike_often() -> None:
    first = torch.tensor([[1, 3, 0, 0, 0]]).expand(30_000, 5)
    where = torch.tensor([[True, True, False, False, False]]).expand(30_000, 5)
    other = differ(first, where, SPRITES, generator(0))
    assert (other[:, 0].bincount(minlength=3) / 30_000).tolist() == pytest.approx([0.5, 0, 0.5], abs=0.02)
    assert (other[:, 1].bincount(minlength=6) / 30_000).tolist() == pytest.approx([0.2, 0.2, 0.2, 0, 0.2, 0.2], abs=0.02)


@given(population=populations, where=masks, seed=seeds)
def test_the_second_object_overlaps_neither_of_the_pair(population: Population, where: torch.Tensor, seed: int) -> None:
    scenes = sample_paired_scenes(where, population, generator(seed))
    assert torch.equal(scenes.first != scenes.pair, where)
    assert torch.equal(scenes.exchanged, where)
    first, pair, second = (render(classes).bool() for classes in (scenes.first, scenes.pair, scenes.second))
    assert not touching(first, second).any()
    assert not touching(pair, second).any()
    assert population.accept(scenes.second).all()


@given(where=masks, seed=seeds)
def test_nor_does_that_of_another_data_set(where: torch.Tensor, seed: int) -> None:
    scenes = sample_paired_scenes(where[:, :3], SIMPLE, generator(seed))
    first, pair, second = (SIMPLE.observe(classes).sum(1) > 0 for classes in (scenes.first, scenes.pair, scenes.second))
    assert not touching(first | pair, second).any()
    assert SIMPLE.accept(scenes.second).all()


def test_drawing_leaves_what_was_drawn_alone() -> None:
    first = SPRITES.sample(10, generator(0))
    before = first.clone()
    other = differ(first, torch.ones(10, 5, dtype=torch.bool), SPRITES, generator(1))
    other.zero_()
    assert torch.equal(first, before)


@given(seed=seeds, features=st.integers(1, 20))
def test_exchange_masks(seed: int, features: int) -> None:
    assert (one_feature(50, features, generator(seed)).sum(1) == 1).all()
    assert one_feature(50, features, generator(seed)).shape == (50, features)
    assert random_subset(50, features, generator(seed)).any(1).all()
    assert random_subset(50, features, generator(seed)).shape == (50, features)


def test_all_subsets_come_alike_often() -> None:
    number = (random_subset(31_000, 5, generator(0)) * 2 ** torch.arange(5)).sum(1)
    counts = number.bincount(minlength=32)
    assert counts[0] == 0
    assert (counts[1:] / 1000 - 1).abs().max() < 0.15


def test_all_features_come_alike_often() -> None:
    assert (one_feature(30_000, 3, generator(0)).float().mean(0) - 1 / 3).abs().max() < 0.01


def test_what_does_not_exist_is_an_error() -> None:
    one_shape = Population(DSPRITES, allowed=(torch.tensor([2]), *SPRITES.allowed[1:]))
    where = torch.tensor([[True, False, False, False, False]])
    with error(RangeError, "shape cannot differ: only class [2] is allowed"):
        sample_pairs(where, one_shape, generator(0))
    in_the_middle = Population(DSPRITES, allowed=(*SPRITES.allowed[:3], torch.tensor([16]), torch.tensor([16])))
    with error(NotInPartError, "no second object of the train part", "that overlaps neither of a pair for 1 of 1"):
        sample_paired_scenes(where, in_the_middle, generator(0))
    with error(NotInPartError, "no pair of the test part", "that differs in just those features for 1 of 1"):
        sample_pairs(where, Population(DSPRITES, "test", Split(test="shape == heart")), generator(0))
    with error(ShapeError, "bool [n, 5], got torch.int64 [1, 5]"):
        sample_paired_scenes(where.long(), SPRITES, generator(0))
    with error(ShapeError, "bool [n, 3], got torch.bool [1, 5]"):
        sample_pairs(where, SIMPLE, generator(0))
    with error(ShapeError, "bool [1, 5], got torch.bool [2, 5]"):
        differ(torch.zeros(1, 5, dtype=torch.int64), where.expand(2, 5), SPRITES, generator(0))


def test_what_cannot_be_drawn() -> None:
    where = torch.ones(1, 5, dtype=torch.bool)
    for draw in (sample_pairs, sample_paired_scenes):
        with error(DtypeError, "a population says what may be drawn: Population(dataset); got Dataset"):
            draw(where, DSPRITES, generator(0))  # pyright: ignore[reportArgumentType]
        with error(DtypeError, "the generator decides", "got int"):
            draw(where, SPRITES, 0)  # pyright: ignore[reportArgumentType]
    with error(RangeError, "features must be from 1 to 20, got 21"):
        random_subset(3, 21, generator(0))
    for masks in (one_feature, random_subset):
        with error(RangeError, "features must be from 1 to", "got 0"):
            masks(3, 0, generator(0))
        with error(DtypeError, "features must be an integer, got float"):
            masks(3, 2.5, generator(0))  # pyright: ignore[reportArgumentType]
        with error(RangeError, "n must be from 0 to 16777216, got -1"):
            masks(-1, 3, generator(0))
