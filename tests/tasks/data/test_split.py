import operator
import weakref
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from tasks.data.circles import Circles, Simple
from tasks.data.dataset import Dataset
from tasks.data.dsprites.factors import COUNTS, FEATURES, SHAPES
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.factor import Factor
from tasks.data.population import Population
from tasks.data.split import Split, combinations
from tests.helpers import error, seeds
from vsa.errors import DtypeError, ExpressionError, RangeError, ShapeError

CIRCLES = Dataset(Circles())
NAMES = (*FEATURES, "tenth")
LATENTS = torch.cartesian_prod(*(torch.arange(count) for count in COUNTS))
SIGNS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

Written = tuple[str, Callable[[dict[str, int]], bool]]
"""An expression, and the same in Python."""


def number(operand: str | int, values: dict[str, int]) -> int:
    if isinstance(operand, int):
        return operand
    return SHAPES.index(operand) if operand in SHAPES else values[operand]


operands = st.sampled_from((*NAMES, *SHAPES)) | st.integers(0, 40)


@st.composite
def comparisons(draw: st.DrawFn) -> Written:
    left = draw(operands)
    if draw(st.booleans()):
        allowed, word = draw(st.lists(st.integers(0, 40), max_size=4)), draw(st.sampled_from(["in", "not in"]))
        listed = "".join(f"{element}, " for element in allowed)
        return f"{left} {word} ({listed})", lambda values: (number(left, values) in allowed) == (word == "in")
    signs = draw(st.lists(st.sampled_from(sorted(SIGNS)), min_size=1, max_size=3))
    sides = [left, *(draw(operands) for _ in signs)]
    text = str(left) + "".join(f" {sign} {side}" for sign, side in zip(signs, sides[1:], strict=True))
    return text, lambda values: all(
        SIGNS[sign](number(a, values), number(b, values)) for sign, a, b in zip(signs, sides, sides[1:], strict=False)
    )


def larger(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    def joined(word: str, parts: list[Written]) -> Written:
        several = all if word == "and" else any
        text = f" {word} ".join(f"({part[0]})" for part in parts)
        return text, lambda values: several(part[1](values) for part in parts)

    groups = st.lists(inner, min_size=2, max_size=3)
    return st.builds(joined, st.sampled_from(["and", "or"]), groups) | inner.map(
        lambda part: (f"not ({part[0]})", lambda values: not part[1](values))
    )


written = st.recursive(comparisons(), larger, max_leaves=6)
texts = written.map(lambda pair: pair[0]) | st.just("")


def some(seed: int, n: int = 200) -> torch.Tensor:
    return LATENTS[torch.randint(len(LATENTS), (n,), generator=torch.Generator().manual_seed(seed))]


@given(pair=written, seed=seeds)
def test_an_expression_means_what_it_means_in_python(pair: Written, seed: int) -> None:
    text, meaning = pair
    classes = some(seed, 30)
    tenths = reduce(operator.add, (t * combinations(f"tenth == {t}", DSPRITES)(classes).long() for t in range(10)))
    looks = classes % torch.tensor([3, 6, 39, 32, 32])  # orientation 39 is 0
    rows = torch.cat([looks, tenths[:, None]], 1).tolist()
    expected = [meaning(dict(zip(NAMES, row, strict=True))) for row in rows]
    assert combinations(text, DSPRITES)(classes).tolist() == expected


@given(a=texts, b=texts, seed=seeds)
def test_the_parts_are_disjoint_and_cover_everything(a: str, b: str, seed: int) -> None:
    classes, split = some(seed), Split(validation=a, test=b)
    train, validation, test = (split.contains(part, classes, DSPRITES) for part in ("train", "validation", "test"))
    assert (train.long() + validation.long() + test.long() == 1).all()
    assert torch.equal(test, combinations(b, DSPRITES)(classes))
    assert torch.equal(validation | test, combinations(a, DSPRITES)(classes) | test)


@given(a=written, b=written, seed=seeds)
def test_boolean_laws(a: Written, b: Written, seed: int) -> None:
    def same(first: str, second: str) -> None:
        assert torch.equal(combinations(first, DSPRITES)(classes), combinations(second, DSPRITES)(classes))

    classes, x, y = some(seed), f"({a[0]})", f"({b[0]})"
    in_x, in_y = (combinations(text, DSPRITES)(classes) for text in (x, y))
    assert torch.equal(combinations(f"{x} and {y}", DSPRITES)(classes), in_x & in_y)
    assert torch.equal(combinations(f"not {x}", DSPRITES)(classes), ~in_x)
    same(f"not ({x} and {y})", f"not {x} or not {y}")
    same(f"not ({x} or {y})", f"not {x} and not {y}")
    same(f"{x} or ({x} and {y})", x)
    same(f"{x} or {y} and {x}", x)


@given(text=texts)
def test_the_same_picture_is_never_on_both_sides(text: str) -> None:
    first = LATENTS.view(*COUNTS, 5)[:, ::2, 0, ::5, ::5].clone()
    last = first.clone()
    last[..., 2] = 39
    assert torch.equal(combinations(text, DSPRITES)(first), combinations(text, DSPRITES)(last))


def test_a_tenth_is_a_tenth_whatever_the_factors() -> None:
    for tenth in range(10):
        out = combinations(f"tenth == {tenth}", DSPRITES)(LATENTS)
        assert out.float().mean().item() == pytest.approx(0.1, abs=0.002)
        for f, count in enumerate(COUNTS):
            shares = out.view(COUNTS).movedim(f, 0).reshape(count, -1).float().mean(1)
            assert (shares - 0.1).abs().max() < 0.01


def test_neighbours_fall_on_different_sides() -> None:
    out = combinations("tenth == 0", DSPRITES)(LATENTS).view(COUNTS).float() - 0.1
    for f in range(1, 5):
        a, b = out.narrow(f, 1, COUNTS[f] - 1), out.narrow(f, 0, COUNTS[f] - 1)
        correlation = (a * b)[:, :, :38].mean() / out.var()
        assert abs(correlation.item()) < 0.02


def test_the_split_never_changes() -> None:
    test = Split().contains("test", LATENTS, DSPRITES)
    assert test.nonzero()[:5, 0].tolist() == [0, 6, 37, 51, 52]
    assert int(test.sum()) == 74_048
    assert Split().contains("test", torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]), DSPRITES).tolist() == [True, False]
    assert Split().contains("validation", LATENTS, DSPRITES).nonzero()[:5, 0].tolist() == [15, 31, 38, 42, 65]


def test_where_both_overlap_it_is_for_the_test() -> None:
    split = Split(validation="shape == heart", test="scale == 5")
    classes = torch.tensor([[[2, 5, 0, 0, 0], [2, 4, 0, 0, 0]], [[1, 5, 0, 0, 0], [1, 4, 0, 0, 0]]])
    assert split.contains("test", classes, DSPRITES).tolist() == [[True, False], [True, False]]
    assert split.contains("validation", classes, DSPRITES).tolist() == [[False, True], [False, False]]
    assert split.contains("train", classes, DSPRITES).tolist() == [[False, False], [False, True]]
    assert Split("", " ").contains("train", LATENTS, DSPRITES).all()


def test_the_shape_of_what_is_asked_is_the_shape_of_the_answer() -> None:
    for text in ("", "1 == 1", "tenth < 5", "shape in ()"):
        for shape in ((5,), (0, 5), (2, 3, 5)):
            answer = combinations(text, DSPRITES)(torch.zeros(shape, dtype=torch.int32))
            assert answer.shape == shape[:-1]
            assert answer.dtype == torch.bool


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("shpe == heart", "there is no 'shpe'; did you mean 'shape'?"),
        ("x", "'x' must be compared with something"),
        ("x < 3 and 1", "'1' must be compared with something"),
        ("x < 3 & y < 3", "'3 & y' is neither an integer below 2^31 nor a name"),
        ("x == True", "'True' is neither an integer"),
        ("shape == 'heart'", "\"'heart'\" is neither an integer"),
        ("x == 99999999999999999999", "is neither an integer below 2^31"),
        ("x < 3 < (y < 4)", "'y < 4' is neither an integer"),
        ("x in 3", "after 'in' comes a tuple of integers, such as (0, 5) or (3,), not '3'"),
        ("x in [3, 4]", "not '[3, 4]'"),
        ("x in (0.5, 3)", "'0.5' is neither an integer below 2^31 nor a name"),
        ("x in (-1, 3)", "'-1' is neither an integer below 2^31 nor a name"),
        ("x in (y, 3)", "'y' must not stand in a tuple"),
        ("x is 3", "'is' compares no numbers; use =="),
        ("__import__('os')", "is neither a comparison nor and, or, not"),
        ("x.real == 3", "'x.real' is neither an integer"),
        ("x.values == 3", "'x.values' is neither an integer"),
        ("x.value.value == 3", "'x.value.value' is neither an integer"),
        ("z.value == 3", "there is no 'z'"),
        ("scal.value == 3", "there is no 'scal'; did you mean 'scale'?"),
        ("tenth.value == 3", "'tenth.value' is neither an integer"),
        ("shape.value == 1", "the values of shape are names; compare its classes, as in 'shape == square'"),
        ("x.value", "'x.value' is neither a comparison"),
        ("x == -heart", "'-heart' is neither an integer"),
        ("x == -True", "'True' is neither an integer"),
        (f"x == -{10**400}", "is neither an integer below 2^31"),
        ("x == 2147483648", "'2147483648' is neither an integer below 2^31"),
        ("x == 1j", "'1j' is neither an integer"),
        ("x[0] == 3", "'x[0]' is neither an integer"),
        ("[x for x in (1,)]", "is neither a comparison nor"),
        ("lambda: x", "is neither a comparison nor"),
        ("(x := 3) == 3", "is neither an integer"),
        ("-x", "is neither a comparison nor"),
        ("not " * 200 + "x == 3", "its parts lie more than 50 deep within one another"),
    ],
)
def test_what_is_no_set_of_sprites(text: str, what: str) -> None:
    names = "here are: "
    for make in (
        lambda: combinations(text, DSPRITES),
        lambda: Split(test=text).check(DSPRITES),
        lambda: Split(validation=text).check(DSPRITES),
        lambda: Population(DSPRITES, split=Split(test=text)),
    ):
        with error(ExpressionError, f"the expression {text!r} is not a set of combinations: ", what, names) as caught:
            make()
        listed = str(caught.value).split("here are: ")[1]
        assert listed == "shape, scale, orientation, x, y, tenth, square, ellipse, heart"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("x = 3", "write it as in 'tenth == 0 or x < 8'"),
        ("x <", "invalid syntax"),
        ("x == 3\0", ""),
        ("(" * 300 + "x == 3" + ")" * 300, ""),
        ("x == " + "9" * 5000, ""),
    ],
)
def test_what_is_no_expression_is_refused_before_there_is_a_data_set(text: str, what: str) -> None:
    for make in (lambda text: combinations(text, DSPRITES), lambda text: Split(test=text), lambda text: Split(validation=text)):
        with error(ExpressionError, f"the expression {text!r} is not a set of combinations: ", what):
            make(text)


def test_names_are_known_with_a_data_set_alone() -> None:
    for wrong in (None, [1], Circles()):
        with error(DtypeError, f"dataset must be a tasks.data.Dataset, got {type(wrong).__name__}"):
            Split().contains("test", LATENTS, wrong)  # pyright: ignore[reportArgumentType]
    split = Split(test="shape == heart")
    split.check(DSPRITES)
    for refuse in (split.check, lambda dataset: split.contains("test", torch.zeros(1, 2, dtype=torch.int64), dataset)):
        with error(ExpressionError, "there is no 'shape'", "here are: x, y, tenth"):
            refuse(CIRCLES)


def test_values_and_decimals_are_compared_as_numbers() -> None:
    def found(text: str, dataset: Dataset = DSPRITES, f: int = 3) -> list[int]:
        classes = torch.zeros(dataset.counts[f], len(dataset.counts), dtype=torch.int64)
        classes[:, f] = torch.arange(dataset.counts[f])
        return combinations(text, dataset)(classes).nonzero()[:, 0].tolist()

    assert found("x.value > 0.5") == list(range(16, 32))
    assert found("0.25 <= x.value <= 0.5") == list(range(8, 16))
    assert found("x.value == 1") == [31]
    assert found("x.value == 0 or x.value == 1.0") == [0, 31]
    assert found("x.value in (0, 1)") == [0, 31]
    assert found("x.value < y.value") == []
    assert found("x > 29.5") == [30, 31]
    assert found("x == 0.5") == []
    assert found("x > -1") == list(range(32))
    assert found("x.value < -0.5") == []
    assert found("-1 < x < 1.5") == [0, 1]
    assert found("-1 in (0, 5)") == []
    assert found("x < 1e400 and x > -1e400") == list(range(32))
    assert found("scale.value == 0.5 and x == 7") == [7]
    assert found("x.value == 0.1", CIRCLES, 0) == [0]
    assert found("x.value >= 0.9", CIRCLES, 0) == [31]
    assert found("y.value <= 0.1", CIRCLES, 1) == [0]


@given(seed=seeds, low=st.floats(-1, 1), high=st.floats(0, 7))
def test_a_value_is_that_of_its_class(seed: int, low: float, high: float) -> None:
    classes = some(seed)
    classes[:, 2] %= 39  # the last orientation is the first
    angles, places = (torch.tensor(DSPRITES.factors[f].values, dtype=torch.float64)[classes[:, f]] for f in (2, 3))
    found = combinations(f"{low!r} < x.value and not orientation.value >= {high!r}", DSPRITES)(classes)
    assert torch.equal(found, (places > low) & (angles < high))


class Boxes:
    """Two boxes, of which both have the names of sizes, and one those of colours."""

    name = "boxes"
    factors = (
        Factor("left", ("small", "large", "red"), ordered=False),
        Factor("right", ("small", "medium", "large"), ordered=False),
        Factor("red", (-1.5, 0, 1.5)),
        Factor("offset", (0.5, -0.5), ordered=False),
    )
    shape = (1, 2, 3)

    def observe(self, classes: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(classes), 1, 2, 3)

    def canonical(self, classes: torch.Tensor) -> torch.Tensor:
        return classes


BOXES = Dataset(Boxes())


def test_the_names_of_classes_that_factors_share() -> None:
    classes = torch.cartesian_prod(*(torch.arange(count) for count in BOXES.counts))

    def same(text: str, expected: torch.Tensor) -> None:
        assert torch.equal(combinations(text, BOXES)(classes), expected)

    left, right, red, offset = classes.unbind(1)
    same("left == small and right == small", (left == 0) & (right == 0))
    same("right == medium", right == 1)
    same("left == red", left == red)  # what is a factor's name is the factor
    same("red.value < -0.5 or offset.value == -0.5", (red == 0) | (offset == 1))
    for text in ("left == large", "right == large", "right in (small, large)"):
        with error(ExpressionError, "'large' is the name of classes of several factors; give the number of the class"):
            combinations(text, BOXES)
    with error(ExpressionError, "the values of right are names; compare its classes, as in 'right == small'"):
        combinations("right.value == medium", BOXES)


def test_tenths_of_any_data_set_are_tenths() -> None:
    for dataset in (CIRCLES, Dataset(Simple())):
        every = torch.cartesian_prod(*(torch.arange(count) for count in dataset.counts))
        shares = [combinations(f"tenth == {tenth}", dataset)(every).float().mean().item() for tenth in range(10)]
        assert shares == pytest.approx([0.1] * 10, abs=0.02)
        assert sum(shares) == pytest.approx(1)


def test_a_long_expression_is_refused_in_a_short_line() -> None:
    text = " or ".join(f"x == {k % 32} and y == {k // 32 % 32}" for k in range(12_000))
    with error(ExpressionError, f"the expression {text[:100] + '...'!r}", "characters, and at most 10,000 are read") as caught:
        Split(test=text)
    assert len(str(caught.value)) < 500


def test_terms_are_folded_and_not_kept_all_at_once() -> None:
    few, many = "x < 3 or y < 3", " or ".join(["x < 3", *["y < 3"] * 200])
    assert _peak(many) <= 1.2 * _peak(few)


def _peak(expression: str) -> int:
    """The most bytes that the masks of an expression take at once, of 2^12 combinations."""
    classes = torch.zeros(2**12, 5, dtype=torch.uint8)
    member = combinations(expression, DSPRITES)
    most = alive = 0

    class Counted(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal most, alive
            made = func(*args, **(kwargs or {}))
            if isinstance(made, torch.Tensor) and made.dtype == torch.bool and made.ndim:
                size = made.numel()
                alive += size
                most = max(most, alive)
                weakref.finalize(made, forget, size)
            return made

    def forget(size: int) -> None:
        nonlocal alive
        alive -= size

    with Counted():
        member(classes)
    return most


def test_what_is_no_text_no_part_and_no_classes() -> None:
    for wrong in (None, 3, ["x == 3"]):
        with error(ExpressionError, "an expression such as 'tenth == 0'", f"got {wrong!r}"):
            Split(test=wrong)  # pyright: ignore[reportArgumentType]
    with error(RangeError, "part must be one of train, validation, test, got 'dev'"):
        Split().contains("dev", LATENTS, DSPRITES)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "classes must be integers"):
        Split().contains("test", torch.zeros(3, 5), DSPRITES)
    with error(ShapeError, "[..., 5]"):
        Split().contains("test", torch.zeros(3, 4, dtype=torch.int64), DSPRITES)
    with error(RangeError, "class of scale must be from 0 to 5, got 6"):
        Split().contains("test", torch.tensor([[0, 6, 0, 0, 0]]), DSPRITES)


@pytest.mark.slow
def test_the_usual_test_part_asks_for_interpolation() -> None:
    """What docs/stages.md says: all of it have neighbours that were trained on, and few look the same as one that was."""
    test, train = (Split().contains(part, LATENTS, DSPRITES) for part in ("test", "train"))
    pictures = torch.cat([render(part) for part in LATENTS.split(2**14)]).flatten(1).numpy()
    looks = np.array([hash(bits.tobytes()) for bits in np.packbits(pictures, axis=1)])
    assert np.isin(looks[test.numpy()], looks[train.numpy()]).mean() == pytest.approx(0.007, abs=0.001)
    grid = train.view(COUNTS)
    beside = grid.roll(1, 0) | grid.roll(2, 0)  # both other shapes
    for f in range(1, len(COUNTS)):  # the factors that have an order
        n = grid.shape[f] - 1
        beside.narrow(f, 1, n).logical_or_(grid.narrow(f, 0, n))
        beside.narrow(f, 0, n).logical_or_(grid.narrow(f, 1, n))
    assert beside.flatten()[test].all()
