"""Exchanges of features inside of one part of a split, with donors from elsewhere where it has none."""

import pytest
import torch

from tasks.data.checks import NotInPartError
from tasks.data.dsprites.factors import FEATURES, distinct
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.exchanges import check_exchange, mixed, sample_across, sample_inside
from tasks.data.overlap import touching
from tasks.data.population import Population
from tasks.data.split import Split
from tests.helpers import error

ALL = (0, 1, 2, 3, 4)
ONE = "shape == heart and scale == 5 and orientation == 3 and x == 4 and y == 5"


def part(test: str) -> Population:
    return Population(DSPRITES, "test", Split(test=test))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(
    ("test", "possible", "all_five"),
    [
        ("tenth == 0", FEATURES, True),
        ("shape == heart and x < 8", FEATURES[1:], False),
        ("shape == square", FEATURES[1:], False),
        ("shape != square", FEATURES, True),
        ("x == 4 and y == 5", FEATURES[:3], False),
        (ONE, (), False),
        ("orientation in (0, 39)", ("shape", "scale", "x", "y"), False),
        ("orientation in (0, 38, 39)", FEATURES, True),
        (f"{ONE} or (shape == square and scale == 0 and orientation == 9 and x == 30 and y == 31)", (), True),
    ],
)
def test_what_can_be_exchanged_is_known_beforehand(test: str, possible: tuple[str, ...], all_five: bool) -> None:
    population = part(test)
    for f, name in enumerate(FEATURES):
        if name in possible:
            check_exchange((f,), population)
        else:
            with error(NotInPartError, f"no two combinations of the test part differ in {name} alone"):
                check_exchange((f,), population)
    if all_five:
        check_exchange(ALL, population)
    else:
        with error(NotInPartError, "no two combinations of the test part differ in all features"):
            check_exchange(ALL, population)
    check_exchange((), population)


def test_an_empty_part_has_nothing_to_exchange() -> None:
    for features in ((), (0,), ALL):
        with error(NotInPartError, "no combination of the allowed classes lies in the test part"):
            check_exchange(features, part(""))


def test_donors_may_be_in_a_part_that_has_two_classes_of_every_factor() -> None:
    assert [mixed(part(test)) for test in ("tenth == 0", "shape == heart", "orientation in (0, 39)", "")] == [True, *[False] * 3]


@pytest.mark.parametrize("test", ["tenth == 0", "shape == heart and x < 8", "orientation == 3"])
@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("features", [(1,), (3,), ()])
def test_the_object_stays_in_its_part_whoever_gives(test: str, others: int, features: tuple[int, ...]) -> None:
    population = part(test)
    found = sample_across(20, features, others, population, generator())
    assert population.accept(found.first).all()
    assert population.accept(found.edited).all()
    assert (distinct(found.first)[:, None] != distinct(found.donors)).all()
    assert found.others.shape == (20, others, 5)
    changed = distinct(found.first) != distinct(found.edited)
    assert changed.any(0).nonzero()[:, 0].tolist() == list(features)
    for f in features:
        assert changed[:, f].all()
        assert torch.equal(found.edited[:, f], found.donors[:, f, f])
        assert (found.donors == found.donors[:, :1]).all(), "one donor gives one feature"
    for other in found.others.unbind(1):
        assert not touching((render(found.first) | render(found.edited)).bool(), render(other).bool()).any()


def test_all_five_from_five_donors_of_anywhere() -> None:
    population = part("tenth == 0 and y < 3")
    found = sample_across(20, ALL, 0, population, generator())
    assert population.accept(found.edited).all()
    assert torch.equal(found.edited, found.donors.diagonal(dim1=1, dim2=2))
    assert (distinct(found.first)[:, None] != distinct(found.donors)).all()


def test_everything_inside_is_inside() -> None:
    population = part("tenth == 0")
    found = sample_inside(20, (0,), 1, population, generator())
    for classes in found:
        assert population.accept(classes).all()
