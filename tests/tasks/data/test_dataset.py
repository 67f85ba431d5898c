import math
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from tasks.data import Dataset, Factor, Observable, open_dataset
from tasks.data import dataset as module
from tasks.data.dsprites.sprites import DSPRITES
from tests.helpers import as_a_user, error
from vsa.errors import DtypeError, PluginError, RangeError, ShapeError


class Dots:
    """A dot on a ring, in one of two colours, on a strip of three rows."""

    name = "dots"
    factors = (Factor("colour", ("dim", "bright"), ordered=False), Factor("x", range(7), periodic=True), Factor("y", (0, 0.5, 1)))
    shape = (2, 3, 7)
    off: Any = torch.zeros((), dtype=torch.uint8)
    on: Any = 1

    def observe(self, classes: Tensor) -> Any:
        pictures = self.off.repeat(len(classes), *self.shape)
        pictures[torch.arange(len(classes)), classes[:, 0], classes[:, 2], classes[:, 1]] = self.on
        return pictures

    def canonical(self, classes: Tensor) -> Any:
        return classes


def dots(**members: Any) -> Any:
    """Dots with other members."""
    return type("Dots", (Dots,), members)()


def of(function: Callable[[Tensor], Any]) -> Any:
    """A method that does not care whose it is."""
    return lambda self, classes: function(classes)


DOTS = Dataset(Dots())
EVERY = torch.cartesian_prod(*map(torch.arange, DOTS.counts))


def test_what_is_checked_has_the_declaration() -> None:
    assert isinstance(Dots(), Observable)
    assert not isinstance(object(), Observable)
    assert (DOTS.name, DOTS.features, DOTS.counts, DOTS.shape) == ("dots", ("colour", "x", "y"), (2, 7, 3), (2, 3, 7))
    assert DOTS.picture == (2, 3, 7)
    assert DOTS.identifiable is None
    assert DOTS.scattering == DOTS.counts
    assert repr(DOTS) == "Dataset('dots': colour 2, x 7, y 3; [2, 3, 7])"
    assert Dataset(dots(factors=list(Dots.factors), shape=[2, 3, 7])).factors == Dots.factors


@pytest.mark.parametrize("member", ["name", "factors", "shape", "observe", "canonical"])
def test_a_member_that_is_not_there(member: str) -> None:
    given: Any = type("Half", (), {name: getattr(Dots, name) for name in vars(Dots) if name != member})()
    with error(PluginError, f"the data set Half has no {member!r}; see tasks.data.Observable"):
        Dataset(given)


FAR = tuple(Factor(f"x{k}", range(4096)) for k in range(3))


@pytest.mark.parametrize(
    ("members", "kind", "message"),
    [
        ({"name": None}, DtypeError, "the name of the data set Dots must be a text, got None"),
        ({"name": " "}, DtypeError, "the name of the data set Dots must be a text, got ' '"),
        ({"factors": ()}, DtypeError, "the factors of the data set dots must be a sequence of tasks.data.Factor, got ()"),
        ({"factors": Dots.factors[0]}, DtypeError, "must be a sequence of tasks.data.Factor, got Factor(name='colour'"),
        ({"factors": ("x", "y")}, DtypeError, "must be a sequence of tasks.data.Factor, got ('x', 'y')"),
        ({"factors": iter(Dots.factors)}, DtypeError, "must be a sequence of tasks.data.Factor, got <tuple_iterator"),
        ({"factors": Dots.factors[:2] * 2}, RangeError, "must have distinct names, got colour, x, colour, x"),
        ({"factors": FAR}, RangeError, "the data set dots has 68,719,476,736 combinations, of at most 16,777,216"),
        ({"shape": (3, 7)}, ShapeError, "with the number of frames before, got (3, 7)"),
        ({"shape": (1, 2, 3, 4, 5)}, ShapeError, "with the number of frames before, got (1, 2, 3, 4, 5)"),
        ({"shape": (2, 3, 0)}, ShapeError, "with the number of frames before, got (2, 3, 0)"),
        ({"shape": (2, 3, 7.0)}, ShapeError, "with the number of frames before, got (2, 3, 7.0)"),
        ({"shape": (True, 3, 7)}, ShapeError, "with the number of frames before, got (True, 3, 7)"),
        ({"shape": None}, ShapeError, "with the number of frames before, got None"),
        ({"identifiable": 3}, DtypeError, "identifiable of the data set dots must be the classes of each factor: "),
        ({"identifiable": (range(2), "ab", range(3))}, DtypeError, "must be the classes of each factor: "),
        ({"identifiable": (range(2),)}, ShapeError, "must be some classes of each of 3 factors, got [2] of them"),
        ({"identifiable": (range(2), [], range(3))}, ShapeError, "of 3 factors, got [2, 0, 3] of them"),
        ({"identifiable": (range(2), [7], range(3))}, RangeError, "the classes of x are from 0 to 6, got [7]"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_a_declaration_that_cannot_be(members: dict[str, Any], kind: type[RangeError], message: str) -> None:
    with error(kind, message):
        Dataset(dots(**members))


def zeros(classes: Tensor, *shape: int, dtype: torch.dtype = torch.uint8, **more: Any) -> Tensor:
    return torch.zeros(len(classes), *shape, dtype=dtype, **more)


class Counted:
    """Gives another picture each time."""

    calls = 0

    def __call__(self, classes: Tensor) -> Tensor:
        Counted.calls += 1
        return torch.full((len(classes), 2, 3, 7), Counted.calls % 2, dtype=torch.uint8)


WANTED = "the data set dots: observe must give [64, 2, 3, 7], uint8 or floating point numbers, got "
WRONG = "the data set dots contradicts itself: "


@pytest.mark.parametrize(
    ("observe", "kind", "message"),
    [
        (lambda classes: None, DtypeError, f"{WANTED}NoneType"),
        (lambda classes: zeros(classes, 2, 3, 7).numpy(), DtypeError, f"{WANTED}ndarray"),
        (lambda classes: zeros(classes, 2, 3), ShapeError, f"{WANTED}[64, 2, 3]"),
        (lambda classes: zeros(classes, 3, 7, 2), ShapeError, f"{WANTED}[64, 3, 7, 2]"),
        (lambda classes: zeros(classes, 2, 3, 7)[:1], ShapeError, f"{WANTED}[1, 2, 3, 7]"),
        (lambda classes: zeros(classes, 2, 3, 7, dtype=torch.int64), DtypeError, f"{WANTED}torch.int64"),
        (lambda classes: zeros(classes, 2, 3, 7, dtype=torch.bool), DtypeError, f"{WANTED}torch.bool"),
        (lambda classes: zeros(classes, 2, 3, 7, dtype=torch.complex64), DtypeError, f"{WANTED}torch.complex64"),
        (lambda classes: zeros(classes, 2, 3, 7, device="meta"), DtypeError, "what the data set dots observes must be a dense"),
        (lambda classes: zeros(classes, 2, 3, 7).to_sparse(), DtypeError, "what the data set dots observes must be a dense"),
        (lambda classes: zeros(classes, 2, 3, 7).float() + 1.5, RangeError, f"{WRONG}observations that are floating point"),
        (lambda classes: zeros(classes, 2, 3, 7).float() - 1, RangeError, "numbers go from 0 to 1, got -1 to -1"),
        (lambda classes: zeros(classes, 2, 3, 7).float() * torch.nan, RangeError, "numbers go from 0 to 1, got nan to nan"),
        (lambda classes: zeros(classes, 2, 3, 7).double() + torch.inf, RangeError, "numbers go from 0 to 1, got inf to inf"),
        (Counted(), RangeError, f"{WRONG}observe gives the same classes another look the second time"),
        (
            lambda classes: zeros(classes.zero_(), 2, 3, 7),
            RangeError,
            f"{WRONG}observe, canonical or distinct changes the classes that it is given",
        ),
    ],
)
def test_observations_that_contradict_the_declaration(
    observe: Callable[[Tensor], Any], kind: type[RangeError], message: str
) -> None:
    with error(kind, message):
        Dataset(dots(observe=of(observe)))


@pytest.mark.parametrize("member", ["canonical", "distinct"])
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda classes: None, "(classes) must give classes [64, 3], got NoneType"),
        (lambda classes: classes[:, :2], "(classes) must give classes [64, 3], got torch.int64 [64, 2]"),
        (lambda classes: classes.float(), "(classes) must give classes [64, 3], got torch.float32 [64, 3]"),
        (lambda classes: classes > 0, "(classes) must give classes: classes must be integers, got torch.bool"),
        (lambda classes: classes + 1, "(classes) must give classes: the class of "),
        (lambda classes: -classes, "(classes) must give classes: the class of "),
        (lambda classes: classes.to("meta"), "(classes) must give classes: classes must be a dense tensor"),
    ],
)
def test_what_looks_alike_is_said_in_classes(member: str, function: Callable[[Tensor], Any], message: str) -> None:
    with error(RangeError, f"{WRONG}{member}{message}"):
        Dataset(dots(**{member: of(function)}))


def rotated(classes: Tensor) -> Tensor:
    return (classes + torch.tensor([0, 1, 0])) % torch.tensor(DOTS.counts)


def test_what_stands_for_all_stands_for_itself() -> None:
    for member in ("canonical", "distinct"):
        with error(RangeError, f"{WRONG}{member}({member}(classes)) differs from {member}(classes)"):
            Dataset(dots(**{member: of(rotated)}))
        with error(RangeError, f"{WRONG}observe, canonical or distinct changes the classes that it is given"):
            Dataset(dots(**{member: of(lambda classes: classes.zero_())}))
    with error(RangeError, "observe gives classes another look than distinct(classes), which stand for the very same one"):
        Dataset(dots(distinct=of(lambda classes: classes * torch.tensor([1, 0, 1]))))
    alike = Dataset(dots(canonical=of(lambda classes: classes * torch.tensor([1, 0, 1]))))  # nearly so, as far as is known
    assert torch.equal(alike.distinct(EVERY), alike.canonical(EVERY))


def test_pixels_that_are_on_or_off() -> None:
    seen = DOTS.observe(EVERY)
    assert DOTS.binary
    assert seen.dtype == torch.uint8
    assert torch.equal(seen, Dots().observe(EVERY))
    assert DOTS.crisp(seen).dtype == torch.bool
    assert DOTS.crisp(seen.float() * 0.5).sum() == 0
    assert torch.equal(DOTS.mask(seen), seen.bool().any(1))
    for dtype in (torch.uint8, torch.int32):
        assert torch.equal(DOTS.observe(EVERY.to(dtype)), seen)
        assert torch.equal(DOTS.canonical(EVERY.to(dtype)), EVERY)


@pytest.mark.parametrize("off", [torch.tensor(0.0), torch.tensor(0.0, dtype=torch.float64), torch.tensor(0.0).half()])
def test_pixels_that_are_floating_point_numbers(off: Tensor) -> None:
    made = Dataset(dots(off=off, on=0.25))
    seen = made.observe(EVERY)
    assert not made.binary
    assert seen.dtype == torch.float32
    assert set(seen.unique().tolist()) == {0.0, 0.25}
    assert torch.equal(made.crisp(seen), seen)
    assert torch.equal(made.mask(seen), DOTS.mask(DOTS.observe(EVERY)))
    assert made.observe(EVERY[:0]).shape == (0, 2, 3, 7)


def test_pixels_of_256_steps() -> None:
    made = Dataset(dots(on=51))
    seen = made.observe(EVERY)
    assert not made.binary
    assert seen.dtype == torch.float32
    assert seen.unique().tolist() == pytest.approx([0.0, 0.2])
    assert made.observe(EVERY[:0]).dtype == torch.float32


def test_what_was_so_when_it_was_opened_is_so_later() -> None:
    for first, then, message in (
        (DOTS.given.off, {"on": 200}, "every pixel was 0 or 1 at first, and one is 200 now"),
        (DOTS.given.off, {"off": torch.tensor(0.0)}, "observe gave uint8 at first, and floating point numbers now"),
        (torch.tensor(0.0), {"off": DOTS.given.off}, "observe gave floating point numbers at first, and uint8 now"),
        (torch.tensor(0.0), {"on": 3.0}, "observations that are floating point numbers go from 0 to 1, got 0 to 3"),
    ):
        given = dots(off=first)
        made = Dataset(given)
        vars(given).update(then)
        with error(RangeError, WRONG, message):
            made.observe(EVERY)


def test_classes_that_are_none() -> None:
    for wrong, kind, message in (
        ([[0, 0, 0]], DtypeError, "classes must be a tensor of integers [..., 3] (colour, x, y), got list"),
        (torch.zeros(1, 3), DtypeError, "classes must be integers, got torch.float32"),
        (torch.zeros(1, 3).bool(), DtypeError, "classes must be integers, got torch.bool"),
        (torch.zeros(1, 2).long(), ShapeError, "classes must be [..., 3] (colour, x, y), got [1, 2]"),
        (torch.tensor(3), ShapeError, "classes must be [..., 3] (colour, x, y), got []"),
        (EVERY.to("meta"), DtypeError, "classes must be a dense tensor that holds numbers"),
        (EVERY[:1].expand(10**10, 3), RangeError, "classes: at most 16777216 objects at once, got 10000000000"),
        (torch.tensor([[0, 6, 0], [0, 7, 0]]), RangeError, "the class of x must be from 0 to 6, got 7 at index [1, 1]"),
        (torch.tensor([[0, 0, -1]]), RangeError, "the class of y must be from 0 to 2, got -1 at index [0, 2]"),
    ):
        for take in (DOTS.observe, DOTS.canonical, DOTS.distinct, DOTS.check_classes):
            with error(kind, message):
                take(wrong)  # pyright: ignore[reportArgumentType]


def test_steps_go_around_where_a_factor_does() -> None:
    found = torch.tensor([[1, 6, 2], [0, 3, 0], [0, 0, 0], [-1, -1, 1]])
    right = torch.tensor([[0, 0, 0], [0, 0, 1], [0, 4, 2], [1, 0, 1]])
    off = DOTS.steps_off(found, right)
    assert off.dtype == torch.float32
    assert off.tolist() == [[1, 1, 2], [0, 3, 1], [0, 3, 2], [math.inf, math.inf, 0]]
    assert torch.equal(DOTS.steps_off(EVERY, EVERY), torch.zeros(len(EVERY), 3))
    own = Dataset(dots(steps_off=lambda self, found, right, sources: torch.full(found.shape, 5.0)))
    assert own.steps_off(found, right).tolist() == [[5, 5, 5]] * 3 + [[math.inf, math.inf, 5]]


def test_all_that_is_right() -> None:
    seen = DOTS.observe(EVERY)
    assert torch.equal(DOTS.alternatives(EVERY), seen[:, None])
    asked = []

    def both(self: object, classes: Tensor, sources: Tensor) -> Tensor:
        asked.append(sources)
        return torch.stack([Dots().observe(classes), Dots().observe(rotated(classes))], 1)

    made = Dataset(dots(alternatives=both))
    assert made.alternatives(EVERY).shape == (42, 2, 2, 3, 7)
    assert torch.equal(asked[-1], EVERY[:, None].expand(-1, 3, -1))
    turned = DSPRITES.alternatives(torch.tensor([[0, 5, 3, 9, 9]]), torch.tensor([[[2, 5, 3, 9, 9]] * 5]))
    assert turned.shape == (1, 4, 1, 64, 64)
    assert torch.equal(turned[:, 0], DSPRITES.observe(torch.tensor([[0, 5, 3, 9, 9]])))


STEPS = "the data set dots: steps_off must give floating point numbers [8, 3]"
OTHERS = "the data set dots: alternatives must give [8, a, 2, 3, 7], uint8 as observe does"


@pytest.mark.parametrize(
    ("member", "answer", "kind", "message"),
    [
        ("steps_off", lambda *_: None, DtypeError, f"{STEPS}, got NoneType"),
        ("steps_off", lambda found, *_: found, DtypeError, f"{STEPS}, got torch.int64"),
        ("steps_off", lambda found, *_: found.float().sum(1), ShapeError, f"{STEPS}, got [8]"),
        ("steps_off", lambda found, *_: found.float() - 7, RangeError, f"{STEPS}, at least 0, got -7"),
        ("steps_off", lambda found, *_: found * torch.nan, RangeError, f"{STEPS}, at least 0, got nan"),
        ("steps_off", lambda found, *_: found.zero_().float(), RangeError, "steps_off or alternatives changes the classes"),
        ("alternatives", lambda *_: [], DtypeError, f"{OTHERS}, got list"),
        ("alternatives", lambda classes, _: Dots().observe(classes), ShapeError, "at least one of each, got [8, 2, 3, 7]"),
        ("alternatives", lambda classes, _: zeros(classes, 0, 2, 3, 7), ShapeError, "at least one of each, got [8, 0, 2, 3, 7]"),
        ("alternatives", lambda classes, _: zeros(classes, 1, 2, 3, 7)[1:], ShapeError, "of each, got [7, 1, 2, 3, 7]"),
        ("alternatives", lambda classes, _: zeros(classes, 1, 2, 3, 7).float(), DtypeError, f"{OTHERS}, got torch.float32"),
        ("alternatives", lambda classes, _: zeros(classes, 1, 2, 3, 7) + 2, RangeError, "0 or 1 at first, and one is 2 now"),
        (
            "alternatives",
            lambda classes, _: zeros(classes, 1, 2, 3, 7),
            RangeError,
            f"{WRONG}the first of alternatives(classes, sources) is not what observe(classes) gives",
        ),
    ],
)
def test_a_judge_is_tried_when_the_data_set_is_opened(
    member: str, answer: Callable[..., Any], kind: type[RangeError], message: str
) -> None:
    given = dots(**{member: lambda self, *given: answer(*given)})
    with error(kind, message):
        Dataset(given)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "nearest(pictures) must give classes [42, 3], got NoneType"),
        (EVERY.float(), "nearest(pictures) must give classes [42, 3], got torch.float32 [42, 3]"),
        (EVERY[:, 0], "nearest(pictures) must give classes [42, 3], got torch.int64 [42]"),
        (EVERY + 1, "nearest(pictures) must give classes: the class of y must be from 0 to 2, got 3"),
    ],
)
def test_what_a_search_finds_are_classes(answer: Any, message: str) -> None:
    """Checked when it answers: to open a data set asks for no search, which may take long."""
    own = Dataset(dots(nearest=of(lambda pictures: answer)))
    with error(RangeError, f"{WRONG}{message}"):
        own.nearest(own.observe(EVERY))


def test_alternatives_are_scaled_as_observations_are() -> None:
    both = dots(on=255, alternatives=lambda self, classes, sources: self.observe(classes)[:, None].repeat(1, 2, 1, 1, 1))
    assert torch.equal(Dataset(both).alternatives(EVERY)[:, 1], Dataset(both).observe(EVERY))


def test_the_nearest_is_found_by_looking_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Dataset(dots(on=255))
    seen = made.observe(EVERY)
    assert torch.equal(made.nearest(seen), EVERY)
    noise = 0.3 * torch.rand(seen.shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(made.nearest((seen - noise).abs()), EVERY)
    distance = (noise[:, None] - seen).square().flatten(2).sum(2)
    assert torch.equal(made.nearest(noise), EVERY[distance.argmin(1)])
    alike = Dataset(dots(canonical=of(lambda classes: classes * torch.tensor([1, 0, 1]))))
    assert torch.equal(alike.nearest(seen), EVERY * torch.tensor([1, 0, 1]))
    own = Dataset(dots(nearest=of(lambda pictures: EVERY[: len(pictures)].flip(0))))
    assert torch.equal(own.nearest(seen), EVERY.flip(0))
    with error(ShapeError, "pictures of dots are [n, 2, 3, 7], got [42, 1, 3, 7]"):
        made.nearest(seen[:, :1])
    for limit, value in (("LISTED", 41), ("MOST_NUMBERS", 42 * 42 - 1)):
        monkeypatch.setattr(module, limit, value)
        assert not made.searchable
        assert own.searchable
        with error(RangeError, "dots has too many combinations to look for the one that a picture is most like"):
            made.nearest(seen)
        monkeypatch.undo()
    assert made.searchable


def test_a_clip_is_an_observation_and_no_picture() -> None:
    def observe(self: Any, classes: Tensor) -> Tensor:
        return torch.stack([Dots().observe(rotated(classes)) for _ in range(4)], 1)

    clips = Dataset(dots(shape=(4, 2, 3, 7), observe=observe))
    assert clips.shape == (4, 2, 3, 7)
    assert clips.observe(EVERY).shape == (42, 4, 2, 3, 7)
    with error(ShapeError, "pictures [C, H, W] are wanted here, and an observation of dots is [4, 2, 3, 7]"):
        _ = clips.picture


def test_data_sets_are_opened_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, counts in (("dsprites", (3, 6, 40, 32, 32)), ("circles", (32, 32)), ("simple", (32, 32, 3))):
        assert open_dataset(name).counts == counts
    own = ModuleType("own_dots")
    vars(own).update(Dots=Dots, READY=lambda: DOTS, wrong=lambda: dots(shape=(3,)), odd=lambda: 3, needs=lambda a, b: Dots())
    monkeypatch.setitem(sys.modules, "own_dots", own)
    assert open_dataset("own_dots:Dots").counts == (2, 7, 3)
    assert open_dataset("own_dots:READY") is DOTS
    with error(ShapeError, "the shape of the data set dots must be channels, height and width"):
        open_dataset("own_dots:wrong")
    with error(PluginError, "the data set int has no 'name'; see tasks.data.Observable"):
        open_dataset("own_dots:odd")
    with error(PluginError, "the data set 'own_dots:needs' cannot be made without arguments: "):
        open_dataset("own_dots:needs")
    with error(PluginError, "circle", "circles"):
        open_dataset("circle")


def test_what_their_own_code_raises_comes_out_as_it_is() -> None:
    def broken(classes: Tensor) -> Tensor:
        raise KeyError("theirs")

    for member in ("observe", "canonical", "distinct"):
        with as_a_user(), pytest.raises(KeyError, match="theirs"):
            Dataset(dots(**{member: of(broken)}))
