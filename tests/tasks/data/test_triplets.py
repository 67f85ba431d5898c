"""Samples of the composition task: where they lie, what they have in common, and how often each comes."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import permutations, product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.checks import NotInPartError
from tasks.data.circles import Circles, Simple
from tasks.data.dataset import Dataset
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.factor import Factor
from tasks.data.population import Population
from tasks.data.split import Split
from tasks.data.triplets import sample_triplets
from tests.helpers import error, seeds
from tests.tasks.populations import OF_DSPRITES, SPRITES
from vsa.errors import DtypeError, RangeError

SIMPLE = Population(Dataset(Simple()), "test", Split(test="shape != circle and x < 20"))
populations = st.sampled_from([*OF_DSPRITES, SIMPLE, Population(Dataset(Circles()))])


class Tiles:
    """A picture for each combination of three factors; the last class of the third looks like its first."""

    name = "tiles"
    factors = (Factor("a", range(3)), Factor("b", range(3)), Factor("c", range(3)))
    shape = (1, 3, 6)

    def observe(self, classes: torch.Tensor) -> torch.Tensor:
        classes = self.canonical(classes)
        pictures = torch.zeros(len(classes), *self.shape, dtype=torch.uint8)
        pictures[torch.arange(len(classes)), 0, classes[:, 0], 2 * classes[:, 1] + classes[:, 2]] = 1
        return pictures

    def canonical(self, classes: torch.Tensor) -> torch.Tensor:
        return torch.cat([classes[..., :2], classes[..., 2:] % 2], -1)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(population=populations, n=st.integers(0, 40), seed=seeds)
def test_the_action_is_all_that_changes_and_the_command_shows_it(population: Population, n: int, seed: int) -> None:
    drawn = sample_triplets(n, population, generator(seed))
    rows = torch.arange(n)
    differs = drawn.reference != drawn.transformed
    assert torch.equal(differs.sum(1), torch.ones(n, dtype=torch.int64))
    assert differs[rows, drawn.action].all()
    assert torch.equal(drawn.command[rows, drawn.action], drawn.transformed[rows, drawn.action])
    for classes in (drawn.reference, drawn.command, drawn.transformed):
        assert classes.shape == (n, len(population.dataset.factors))
        assert population.accept(classes).all()
        assert all(torch.isin(column, allowed).all() for column, allowed in zip(classes.T, population.allowed, strict=True))
    looks = population.dataset.distinct(torch.stack([drawn.reference, drawn.transformed]))
    assert (looks[0] != looks[1]).any(1).all(), "the transformed picture is another one"


def test_where_everything_is_allowed_the_command_has_nothing_else_of_the_reference() -> None:
    drawn = sample_triplets(500, Population(Dataset(Simple()), split=Split("", "")), generator(0))
    assert torch.equal((drawn.command == drawn.transformed).sum(1), torch.ones(500, dtype=torch.int64))
    assert not (drawn.command == drawn.reference).any()


Outcome = tuple[tuple[int, ...], ...]


def changes(classes: tuple[int, ...], f: int, members: set[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The combinations with another class of a factor that looks different, one by one."""
    column = [(*classes[:f], value, *classes[f + 1 :]) for value in range(3)]
    return [other for other in column if other in members and look(other, f) != look(classes, f)]


def look(classes: tuple[int, ...], f: int) -> int:
    return classes[f] % 2 if f == 2 else classes[f]


def commands(classes: tuple[int, ...], rest: list[int], members: set[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], float]]:
    if not rest:
        yield classes, 1.0
        return
    possible = changes(classes, rest[0], members) or [classes]
    for other in possible:
        for command, probability in commands(other, rest[1:], members):
            yield command, probability / len(possible)


def probabilities(members: set[tuple[int, ...]]) -> dict[Outcome, float]:
    """How probable each sample is: every reference, order of the factors, value and command, written out."""
    found: dict[Outcome, float] = defaultdict(float)
    references = [classes for classes in members if any(changes(classes, f, members) for f in range(3))]
    orders = list(permutations(range(3)))
    for reference, order in product(references, orders):
        action = next(f for f in order if changes(reference, f, members))
        possible = changes(reference, action, members)
        for transformed in possible:
            for command, probability in commands(transformed, [f for f in range(3) if f != action], members):
                share = probability / len(references) / len(orders) / len(possible)
                found[reference, command, transformed, (action,)] += share  # pyright: ignore[reportArgumentType]
    return found


@pytest.mark.parametrize(
    ("test", "allowed"),
    [
        ("a < 3", ()),
        ("(a == 0 and b < 2) or (a == 2 and b == 2 and c == 0)", ()),
        ("a != b or c == 1", (torch.tensor([0, 1, 2]), torch.tensor([2, 0]), torch.tensor([0, 1, 2]))),
    ],
)
def test_every_sample_comes_as_often_as_the_rules_say(test: str, allowed: tuple[torch.Tensor, ...]) -> None:
    population = Population(Dataset(Tiles()), "test", Split("", test), allowed)
    right = probabilities(set(map(tuple, population.every().tolist())))
    assert sum(right.values()) == pytest.approx(1)
    n = 100_000
    drawn = sample_triplets(n, population, generator(0))
    columns = (drawn.reference, drawn.command, drawn.transformed, drawn.action[:, None])
    found = Counter(tuple(tuple(part) for part in row) for row in zip(*(column.tolist() for column in columns), strict=True))
    assert set(found) == set(right)
    for outcome, probability in right.items():
        assert abs(found[outcome] - n * probability) < 5 * (n * probability) ** 0.5, outcome


def test_combinations_that_cannot_be_changed_are_no_references() -> None:
    alone = "shape == heart and scale == 5 and orientation == 7 and x == 30 and y == 30"
    population = Population(DSPRITES, "test", Split("", f"shape == square and x < 2 and y == 3 or {alone}"))
    assert (sample_triplets(300, population, generator(0)).reference[:, 0] == 0).all()


def test_what_does_not_exist_is_an_error_of_one_line() -> None:
    one = "shape == heart and scale == 5 and orientation == 3 and x == 4 and y == 5"
    unlike = f"{one} or shape == square and scale == 0 and orientation == 9 and x == 30 and y == 31"
    for test in (unlike, one.replace("== 3", "in (0, 39)")):  # the second are two that look the same
        with error(NotInPartError, "no two combinations of the test part", "differ in one factor alone") as caught:
            sample_triplets(3, Population(DSPRITES, "test", Split("", test)), generator(0))
        assert "\n" not in str(caught.value)
    with error(NotInPartError, "no combination of the allowed classes lies in the test part"):
        sample_triplets(3, Population(DSPRITES, "test", Split("", "")), generator(0))
    with error(RangeError, "n must be from 0 to 16777216, got -1"):
        sample_triplets(-1, SPRITES, generator(0))
    with error(DtypeError, "a population says what may be drawn: Population(dataset); got Dataset"):
        sample_triplets(1, DSPRITES, generator(0))  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "the generator decides", "got int"):
        sample_triplets(1, SPRITES, 0)  # pyright: ignore[reportArgumentType]
