"""Observations that are clips: what takes them as it takes pictures, and what refuses them in one line."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from tasks.data import Dataset, Factor, Population, Split
from tasks.data.pairs import sample_pairs
from tasks.data.scenes import sample_scenes
from tasks.data.schemes import combine_donors, compose_scenes, exchange_one
from tasks.data.split import combinations
from tasks.data.triplets import sample_triplets
from tasks.evaluation.controls import measure_controls
from tasks.likelihood import Bernoulli, Gaussian, Likelihood
from tests.helpers import error
from vsa.errors import DtypeError, ExpressionError, RangeError, ShapeError


class Runners:
    """A dot that runs to the right or stands still on a strip of three rows, four frames long."""

    name = "runners"
    factors = (Factor("y", range(3)), Factor("start", range(5)), Factor("motion", ("still", "runs"), ordered=False))
    shape = (4, 1, 3, 8)
    numbers: ClassVar[Any] = {"diagonal": lambda classes: classes[..., 0] + classes[..., 1]}

    def observe(self, classes: Tensor) -> Tensor:
        y, start, runs = classes.T
        clips = torch.zeros(len(classes), *self.shape, dtype=torch.uint8)
        for t in range(4):
            clips[torch.arange(len(classes)), t, 0, y, start + t * runs] = 1
        return clips

    def canonical(self, classes: Tensor) -> Tensor:
        return classes


def runners(**members: Any) -> Any:
    return type("Runners", (Runners,), members)()


RUNNERS = Dataset(Runners())
EVERY = Population(RUNNERS).anywhere()


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_clip_has_frames() -> None:
    assert (RUNNERS.shape, RUNNERS.frames, RUNNERS.frame, RUNNERS.binary) == ((4, 1, 3, 8), 4, (1, 3, 8), True)
    assert repr(RUNNERS) == "Dataset('runners': y 3, start 5, motion 2; [4, 1, 3, 8])"
    pictures = Dataset(runners(shape=(1, 3, 8), observe=lambda self, classes: Runners.observe(Runners(), classes)[:, 0]))
    assert (pictures.frames, pictures.frame, pictures.picture) == (None, (1, 3, 8), (1, 3, 8))


def test_it_is_drawn_searched_and_paired_as_a_picture_is() -> None:
    classes = EVERY.sample(20, generator())
    clips = EVERY.observe(classes)
    assert clips.shape == (20, 4, 1, 3, 8)
    assert torch.equal(RUNNERS.nearest(clips), classes)
    assert RUNNERS.alternatives(classes).shape == (20, 1, 4, 1, 3, 8)
    first, pair = sample_pairs(torch.eye(3, dtype=torch.bool), EVERY, generator())
    assert torch.equal(first != pair, torch.eye(3, dtype=torch.bool))
    assert len(sample_triplets(5, EVERY, generator()).action) == 5
    for scheme in (exchange_one, combine_donors):
        assert scheme(6, 1, EVERY, generator()).targets.shape == (6, 4, 1, 3, 8)


REFUSED: dict[str, Callable[[], object]] = {
    "picture": lambda: RUNNERS.picture,
    "mask": lambda: RUNNERS.mask(EVERY.observe(torch.zeros(1, 3, dtype=torch.int64))),
    "crisp": lambda: RUNNERS.crisp(EVERY.observe(torch.zeros(1, 3, dtype=torch.int64))),
    "controls": lambda: measure_controls(EVERY, 3),
    "scenes": lambda: sample_scenes(torch.tensor([2]), EVERY, generator()),
    "paired scenes": lambda: exchange_one(6, 2, EVERY, generator()),
    "donors of scenes": lambda: combine_donors(6, 2, EVERY, generator()),
    "scenes of several": lambda: compose_scenes(6, 3, EVERY, generator()),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_makes_sense_of_pictures_alone_says_so(what: str) -> None:
    with error(ShapeError, "pictures [C, H, W] are wanted here, and an observation of runners is [4, 1, 3, 8], a clip of frames"):
        REFUSED[what]()


def test_clips_of_another_shape_are_refused() -> None:
    with error(ShapeError, "clips of runners are [n, 4, 1, 3, 8], got [2, 1, 3, 8]"):
        RUNNERS.nearest(torch.zeros(2, 1, 3, 8))
    with error(ShapeError, "the data set runners: observe must give [64, 5, 1, 3, 8]", "got [64, 4, 1, 3, 8]"):
        Dataset(runners(shape=(5, 1, 3, 8), observe=lambda self, classes: Runners().observe(classes)))
    with error(ShapeError, "must be channels, height and width, of clips with the number of frames before, got (2, 4, 1, 3, 8)"):
        Dataset(runners(shape=(2, 4, 1, 3, 8)))


@pytest.mark.parametrize("likelihood", [Bernoulli(), Gaussian(0.3)])
def test_a_likelihood_takes_a_clip_as_its_frames(likelihood: Likelihood) -> None:
    for slots in (1, 3):
        drawn = likelihood.parameters((4, 1, 3, 8), slots)
        assert drawn == (4, *likelihood.parameters((1, 3, 8), slots))
        parameters, seen = torch.randn(2, slots, *drawn), torch.rand(2, 4, 1, 3, 8)
        composed = likelihood.compose(parameters)
        torch.testing.assert_close(composed, torch.stack([likelihood.compose(parameters[:, :, t]) for t in range(4)], 1))
        assert composed.shape == seen.shape
        loss, mean = likelihood.loss(composed, seen), likelihood.mean(composed)
        for t in range(4):
            torch.testing.assert_close(loss[:, t], likelihood.loss(composed[:, t], seen[:, t]))
            torch.testing.assert_close(mean[:, t], likelihood.mean(composed[:, t]))


def test_a_split_may_name_a_number_of_the_data_set() -> None:
    assert RUNNERS.numbers == ("diagonal",)
    classes = EVERY.every().long()
    assert torch.equal(RUNNERS.number("diagonal", classes), classes[:, 0] + classes[:, 1])
    for some in (classes, classes.view(5, 6, 3), classes[0]):
        found = combinations("diagonal >= 3 and motion == runs", RUNNERS)(some)
        assert torch.equal(found, (some[..., 0] + some[..., 1] >= 3) & (some[..., 2] == 1))
    assert len(Population(RUNNERS, "test", Split("", "diagonal in (0, 6)")).every()) == 4


def test_numbers_that_are_none() -> None:
    known = "there are: y, start, motion, diagonal, tenth, still, runs"
    with error(ExpressionError, "there is no 'column'", known):
        combinations("column == 0", RUNNERS)
    with error(ExpressionError, "neither a comparison", known):
        combinations("diagonal == y or -diagonal", RUNNERS)
    with error(RangeError, "the data set runners gives no number 'diagonals'; did you mean 'diagonal'"):
        RUNNERS.number("diagonals", torch.zeros(1, 3, dtype=torch.int64))
    wanted = "the data set runners: the number 'k' must be integers [64]"
    for given, kind, message in (
        ([], DtypeError, "the numbers of the data set runners must map names to functions of classes, got list"),
        ({"k": 3}, DtypeError, "must be functions of classes, by name; got 'k': 3"),
        ({3: len}, DtypeError, "must be functions of classes, by name; got 3"),
        ({"tenth": len}, RangeError, "must be an identifier that no factor has, and not 'tenth'"),
        ({"y": len}, RangeError, "because splits are written with it; got 'y'"),
        ({"a b": len}, RangeError, "because splits are written with it; got 'a b'"),
        ({"k": len}, DtypeError, f"{wanted}, got int"),
        ({"k": lambda classes: classes}, ShapeError, f"{wanted}, got [64, 3]"),
        ({"k": lambda classes: classes[:, 0] / 2}, DtypeError, f"{wanted}, got torch.float32"),
        ({"k": lambda classes: torch.randint(99, (64,))}, RangeError, "the number 'k' of the same classes is another one"),
    ):
        with error(kind, message):
            Dataset(runners(numbers=given))


def test_of_pictures_the_parameters_are_what_they_were() -> None:
    assert Gaussian().parameters((3, 64, 64), 2) == (4, 64, 64)
    assert Bernoulli().parameters((1, 64, 64), 2) == (1, 64, 64)


def test_a_data_set_says_which_factors_change_within_a_clip() -> None:
    assert RUNNERS.dynamic == ()
    assert Dataset(runners(dynamic=frozenset({"motion", "start"}))).dynamic == ("start", "motion")
    with error(DtypeError, "dynamic of the data set runners must be a tuple of names of factors, got 'motion'"):
        Dataset(runners(dynamic="motion"))
    with error(RangeError, "dynamic of the data set runners names 'speed', which is none of y, start, motion"):
        Dataset(runners(dynamic=("motion", "speed")))
    picture = runners(
        dynamic=("motion",), shape=(1, 3, 8), observe=lambda self, classes: Runners.observe(Runners(), classes)[:, 0]
    )
    with error(ShapeError, "dynamic of the data set runners: nothing changes within an observation [1, 3, 8], which is no clip"):
        Dataset(picture)
