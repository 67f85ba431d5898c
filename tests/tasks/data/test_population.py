import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.checks import NotInPartError
from tasks.data.circles import Circles, Simple
from tasks.data.dataset import Dataset
from tasks.data.dsprites.factors import COUNTS
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population, choose, draw_until
from tasks.data.split import Split
from tests.helpers import error, seeds
from tests.tasks.populations import HEARTS, OF_DSPRITES, SPRITES
from vsa.errors import DtypeError, ExpressionError, RangeError, ShapeError

SIMPLE = Dataset(Simple())
populations = st.sampled_from(
    [
        *OF_DSPRITES,
        Population(SIMPLE),
        Population(SIMPLE, "test", Split(test="shape == triangle and x.value > 0.5")),
    ]
)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(population=populations, seed=seeds, n=st.integers(0, 50))
def test_objects_are_in_their_part_and_among_the_allowed(population: Population, seed: int, n: int) -> None:
    classes = population.sample(n, generator(seed))
    assert classes.shape == (n, len(population.dataset.factors))
    assert population.split.contains(population.part, classes, population.dataset).all()
    assert all(torch.isin(classes[:, f], allowed).all() for f, allowed in enumerate(population.allowed))
    assert torch.equal(classes, population.sample(n, generator(seed)))


@given(population=populations)
def test_every_combination_is_listed_once(population: Population) -> None:
    every, dataset = population.every(), population.dataset
    numbers = torch.zeros(len(every), dtype=torch.int64)
    for column, count in zip(every.unbind(1), dataset.counts, strict=True):
        numbers = numbers * count + column
    assert len(numbers.unique()) == len(every)
    allowed = torch.cartesian_prod(*population.allowed)
    assert len(every) == int(population.accept(allowed).sum())
    assert population.accept(every).all()


def test_a_rare_object_is_found_and_one_that_does_not_exist_is_an_error() -> None:
    rare = Split(test="shape == heart and scale == 3 and orientation == 7 and x == 30 and y in (1, 2)")
    drawn = Population(DSPRITES, "test", rare).sample(1000, generator(0))
    assert drawn[:, :4].unique(dim=0).tolist() == [[2, 3, 7, 30]]
    assert drawn[:, 4].bincount().tolist() == pytest.approx([0, 500, 500], abs=60)
    squares = Population(DSPRITES, "test", Split(test="shape == heart"), (torch.tensor([0]), *SPRITES.allowed[1:]))
    with error(
        NotInPartError,
        "no combination of the allowed classes",
        "the test part (validation: 'tenth == 1', test: 'shape == heart')",
    ):
        squares.sample(1, generator(0))
    with error(RangeError, "part must be one of train, validation, test, got 'all'"):
        Population(DSPRITES, "all").sample(1, generator(0))  # pyright: ignore[reportArgumentType]


def test_all_values_come_alike_often() -> None:
    classes = SPRITES.sample(40_000, generator(0))
    for f, count in enumerate(COUNTS):
        share = classes[:, f].bincount(minlength=count) / len(classes)
        assert (share - 1 / count).abs().max() < 0.01


def test_the_numbers_that_a_generator_draws_never_change() -> None:
    assert SPRITES.sample(2, generator(0)).tolist() == [[0, 4, 27, 3, 26], [2, 5, 10, 1, 6]]
    assert len(SPRITES.every()) == 589_688


def test_what_all_of_these_combinations_are_and_where() -> None:
    right = Population(SIMPLE, "test", Split("", "x > 15 and shape != square"))
    assert right.anywhere().every().tolist() == torch.cartesian_prod(*map(torch.arange, SIMPLE.counts)).tolist()
    narrowed = right.narrowed()
    assert [len(allowed) for allowed in narrowed.allowed] == [16, 32, 2]
    assert torch.equal(narrowed.every(), right.every())
    assert str(right.none()) == f"no combination of the allowed classes lies in {right.describe()}"
    assert right.describe() == "the test part (validation: '', test: 'x > 15 and shape != square')"


def test_what_can_be_told_apart_is_said_by_the_data_set() -> None:
    assert Population(SIMPLE).identifiable() is None
    told = Population(DSPRITES, "test", HEARTS).identifiable()
    assert told is not None
    assert (told.part, told.split) == ("test", HEARTS)
    assert [len(allowed) for allowed in told.allowed] == [3, 6, 10, 32, 32]


def test_a_data_set_of_one_factor_has_a_population() -> None:
    class Row(Circles):
        factors = Circles.factors[:1]

        def observe(self, classes: torch.Tensor) -> torch.Tensor:
            return super().observe(torch.cat([classes, classes], 1))

    row = Population(Dataset(Row()), "test", Split("", "x < 3"))
    assert row.every().tolist() == [[0], [1], [2]]
    assert row.sample(5, generator(0)).shape == (5, 1)


def test_populations_that_cannot_be() -> None:
    classes = SPRITES.allowed
    with error(DtypeError, "dataset must be a tasks.data.Dataset, got Simple"):
        Population(Simple())  # pyright: ignore[reportArgumentType]
    with error(ShapeError, "allowed must be a tuple of 5 tensors of classes (shape, scale, orientation, x, y)"):
        Population(DSPRITES, allowed=classes[:4])
    with error(RangeError, "the allowed classes of y must be from 0 to 31, got [32]"):
        Population(DSPRITES, allowed=(*classes[:4], torch.tensor([32])))
    with error(ShapeError, "the allowed classes of y must be int64 [n], got torch.float32 [1]"):
        Population(DSPRITES, allowed=(*classes[:4], torch.tensor([0.5])))
    with error(RangeError, "part must be one of train, validation, test, got 'Test'"):
        Population(DSPRITES, "Test")  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "split must be a Split, got str"):
        Population(DSPRITES, split="x == 0")  # pyright: ignore[reportArgumentType]
    with error(ExpressionError, "there is no 'scale'", "here are: x, y, shape, tenth, square, triangle, circle"):
        Population(SIMPLE, split=Split(test="scale == 3"))
    with error(RangeError, "n must be from 0 to 16777216, got -1"):
        SPRITES.sample(-1, generator(0))
    with error(DtypeError, "the generator decides", "got int"):
        SPRITES.sample(1, 0)  # pyright: ignore[reportArgumentType]


def test_each_row_is_tried_until_it_is_accepted() -> None:
    def draw(rows: torch.Tensor) -> torch.Tensor:
        return torch.randint(50, (len(rows),), generator=numbers)

    numbers = generator(0)
    found = draw_until(30, draw, lambda rows, drawn: drawn == rows, "no number")
    assert found.tolist() == list(range(30))
    with error(NotInPartError, "no number for 2 of 52, in ", " tries"):
        draw_until(52, draw, lambda rows, drawn: drawn == rows, "no number")


@given(seed=seeds)
def test_only_what_is_allowed_is_chosen(seed: int) -> None:
    allowed = torch.rand(20, 4, generator=generator(seed)) < 0.3
    chosen, found = choose(allowed, generator(seed))
    assert torch.equal(found, allowed.any(1))
    assert allowed[found].gather(1, chosen[found, None]).all()
    with error(ShapeError, "bool [..., n, m], with m at least 1, got torch.bool [2, 0]"):
        choose(torch.ones(2, 0).bool(), generator(0))
