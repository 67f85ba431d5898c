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

from tasks.data.dsprites import render
from tasks.data.factors import COUNTS, SHAPES
from tasks.data.split import NAMES, Split, combinations
from tests.helpers import error, seeds
from vsa.errors import DtypeError, ExpressionError, RangeError, ShapeError

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
    tenths = reduce(operator.add, (t * combinations(f"tenth == {t}")(classes).long() for t in range(10)))
    looks = classes % torch.tensor([3, 6, 39, 32, 32])  # orientation 39 is 0
    rows = torch.cat([looks, tenths[:, None]], 1).tolist()
    expected = [meaning(dict(zip(NAMES, row, strict=True))) for row in rows]
    assert combinations(text)(classes).tolist() == expected


@given(a=texts, b=texts, seed=seeds)
def test_the_parts_are_disjoint_and_cover_everything(a: str, b: str, seed: int) -> None:
    classes, split = some(seed), Split(validation=a, test=b)
    train, validation, test = (split.contains(part, classes) for part in ("train", "validation", "test"))
    assert (train.long() + validation.long() + test.long() == 1).all()
    assert torch.equal(test, combinations(b)(classes))
    assert torch.equal(validation | test, combinations(a)(classes) | test)


@given(a=written, b=written, seed=seeds)
def test_boolean_laws(a: Written, b: Written, seed: int) -> None:
    def same(first: str, second: str) -> None:
        assert torch.equal(combinations(first)(classes), combinations(second)(classes))

    classes, x, y = some(seed), f"({a[0]})", f"({b[0]})"
    assert torch.equal(combinations(f"{x} and {y}")(classes), combinations(x)(classes) & combinations(y)(classes))
    assert torch.equal(combinations(f"not {x}")(classes), ~combinations(x)(classes))
    same(f"not ({x} and {y})", f"not {x} or not {y}")
    same(f"not ({x} or {y})", f"not {x} and not {y}")
    same(f"{x} or ({x} and {y})", x)
    same(f"{x} or {y} and {x}", x)


@given(text=texts)
def test_the_same_picture_is_never_on_both_sides(text: str) -> None:
    first = LATENTS.view(*COUNTS, 5)[:, ::2, 0, ::5, ::5].clone()
    last = first.clone()
    last[..., 2] = 39
    assert torch.equal(combinations(text)(first), combinations(text)(last))


def test_a_tenth_is_a_tenth_whatever_the_factors() -> None:
    for tenth in range(10):
        out = combinations(f"tenth == {tenth}")(LATENTS)
        assert out.float().mean().item() == pytest.approx(0.1, abs=0.002)
        for f, count in enumerate(COUNTS):
            shares = out.view(COUNTS).movedim(f, 0).reshape(count, -1).float().mean(1)
            assert (shares - 0.1).abs().max() < 0.01


def test_neighbours_fall_on_different_sides() -> None:
    out = combinations("tenth == 0")(LATENTS).view(COUNTS).float() - 0.1
    for f in range(1, 5):
        a, b = out.narrow(f, 1, COUNTS[f] - 1), out.narrow(f, 0, COUNTS[f] - 1)
        correlation = (a * b)[:, :, :38].mean() / out.var()
        assert abs(correlation.item()) < 0.02


def test_the_split_never_changes() -> None:
    test = Split().contains("test", LATENTS)
    assert test.nonzero()[:5, 0].tolist() == [0, 6, 37, 51, 52]
    assert int(test.sum()) == 74_048
    assert Split().contains("test", torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 0, 1]])).tolist() == [True, False]
    assert Split().contains("validation", LATENTS).nonzero()[:5, 0].tolist() == [15, 31, 38, 42, 65]


def test_where_both_overlap_it_is_for_the_test() -> None:
    split = Split(validation="shape == heart", test="scale == 5")
    classes = torch.tensor([[[2, 5, 0, 0, 0], [2, 4, 0, 0, 0]], [[1, 5, 0, 0, 0], [1, 4, 0, 0, 0]]])
    assert split.contains("test", classes).tolist() == [[True, False], [True, False]]
    assert split.contains("validation", classes).tolist() == [[False, True], [False, False]]
    assert split.contains("train", classes).tolist() == [[False, False], [False, True]]
    assert Split("", " ").contains("train", LATENTS).all()


def test_the_shape_of_what_is_asked_is_the_shape_of_the_answer() -> None:
    for text in ("", "1 == 1", "tenth < 5", "shape in ()"):
        for shape in ((5,), (0, 5), (2, 3, 5)):
            answer = combinations(text)(torch.zeros(shape, dtype=torch.int32))
            assert answer.shape == shape[:-1]
            assert answer.dtype == torch.bool


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("shpe == heart", "there is no 'shpe'; did you mean 'shape'?"),
        ("x = 3", "write it as in 'shape == heart and x < 8'"),
        ("x <", "invalid syntax"),
        ("x", "'x' must be compared with something"),
        ("x < 3 and 1", "'1' must be compared with something"),
        ("x < 3 & y < 3", "'3 & y' is neither an integer below 2^31 nor a name"),
        ("x == 0.5", "'0.5' is neither an integer"),
        ("x == True", "'True' is neither an integer"),
        ("x == -1", "'-1' is neither an integer"),
        ("shape == 'heart'", "\"'heart'\" is neither an integer"),
        ("x == 99999999999999999999", "is neither an integer below 2^31"),
        ("x < 3 < (y < 4)", "'y < 4' is neither an integer"),
        ("x in 3", "after 'in' comes a tuple of integers, such as (0, 5) or (3,), not '3'"),
        ("x in [3, 4]", "not '[3, 4]'"),
        ("x in (y, 3)", "'y' must not stand in a tuple"),
        ("x is 3", "'is' compares no numbers; use =="),
        ("__import__('os')", "is neither a comparison nor and, or, not"),
        ("x.real == 3", "'x.real' is neither an integer"),
        ("x[0] == 3", "'x[0]' is neither an integer"),
        ("[x for x in (1,)]", "is neither a comparison nor"),
        ("lambda: x", "is neither a comparison nor"),
        ("(x := 3) == 3", "is neither an integer"),
        ("-x", "is neither a comparison nor"),
        ("x == 3\0", ""),
        ("not " * 200 + "x == 3", "its parts lie more than 50 deep within one another"),
        ("(" * 300 + "x == 3" + ")" * 300, ""),
    ],
)
def test_what_is_no_expression(text: str, what: str) -> None:
    names = "here are: shape, scale, orientation, x, y, tenth, square, ellipse, heart"
    for make in (combinations, lambda text: Split(test=text), lambda text: Split(validation=text)):
        with error(ExpressionError, f"the expression {text!r} is not a set of combinations: ", what, names):
            make(text)


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
    member = combinations(expression)
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
        with error(ExpressionError, "an expression such as 'shape == heart'", f"got {wrong!r}"):
            Split(test=wrong)  # pyright: ignore[reportArgumentType]
    with error(RangeError, "part must be one of train, validation, test, got 'dev'"):
        Split().contains("dev", LATENTS)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "classes must be integers"):
        Split().contains("test", torch.zeros(3, 5))
    with error(ShapeError, "[..., 5]"):
        Split().contains("test", torch.zeros(3, 4, dtype=torch.int64))
    with error(RangeError, "class of scale must be from 0 to 5, got 6"):
        Split().contains("test", torch.tensor([[0, 6, 0, 0, 0]]))


@pytest.mark.slow
def test_the_usual_test_part_asks_for_interpolation() -> None:
    """What docs/stages.md says: all of it have neighbours that were trained on, and few look the same as one that was."""
    test, train = (Split().contains(part, LATENTS) for part in ("test", "train"))
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
