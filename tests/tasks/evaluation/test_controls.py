"""What a disc and the nearest training neighbour overlap of a sprite."""

import subprocess
import sys

import pytest
import torch

from tasks.data.checks import NotInPartError
from tasks.data.circles import Circles
from tasks.data.dataset import Dataset
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.data.split import Split
from tasks.evaluation.controls import ControlsConfig, controls_of, discs, measure_canonical, measure_controls, nearest, show
from tests.conftest import ROOT
from tests.helpers import error

CIRCLES = Dataset(Circles())


def test_the_two_numbers_of_the_usual_split() -> None:
    found = measure_controls(Population(DSPRITES, "test"), 1000)
    assert found["disc_iou"] == pytest.approx(0.766, abs=0.005)
    assert found["neighbour_iou"] == pytest.approx(0.876, abs=0.005)
    assert measure_controls(Population(DSPRITES, "test"), 1000) == found
    assert measure_controls(Population(DSPRITES, "test"), 1000, seed=1) != found


def test_a_disc_has_the_pictures_area_and_place() -> None:
    pictures = DSPRITES.observe(Population(DSPRITES).sample(50, torch.Generator().manual_seed(0))).bool()
    drawn = discs(pictures)
    assert torch.equal(drawn.flatten(1).sum(1), pictures.flatten(1).sum(1))
    pixels = torch.arange(64.0)
    for axis in (1, 2):
        centres = [(stack[:, 0].sum(axis) * pixels).sum(1) / stack.flatten(1).sum(1) for stack in (drawn, pictures)]
        assert (centres[0] - centres[1]).abs().max() < 0.6
    assert iou(discs(drawn), drawn).min() > 0.94, "a disc of a disc is the disc, but for the centre's rounding"
    assert not discs(torch.zeros(1, 1, 64, 64, dtype=torch.bool)).any()


@pytest.mark.parametrize(
    ("test", "validation", "given", "expected"),
    [
        (
            "x > 15",
            "",
            [[0, 3, 5, 31, 8], [2, 3, 5, 16, 8], [2, 3, 5, 2, 8]],
            [[0, 3, 5, 15, 8], [2, 3, 5, 15, 8], [2, 3, 5, 2, 8]],
        ),
        ("x > 15 or y > 15", "", [[1, 0, 0, 20, 18]], [[1, 0, 0, 15, 15]]),
        ("orientation < 30", "orientation == 38", [[2, 5, 1, 9, 9]], [[2, 5, 37, 9, 9]]),
        ("shape == square", "shape == heart", [[0, 5, 0, 9, 9]], [[1, 5, 0, 9, 9]]),
    ],
)
def test_the_nearest_is_the_fewest_steps_away(
    test: str, validation: str, given: list[list[int]], expected: list[list[int]]
) -> None:
    assert nearest(torch.tensor(given), DSPRITES, Split(validation, test)).tolist() == expected


def test_of_several_that_are_one_step_away_it_is_the_most_similar() -> None:
    split, classes = Split(), Population(DSPRITES, "test").sample(30, torch.Generator().manual_seed(1))
    found = nearest(classes, DSPRITES, split)
    assert split.contains("train", found, DSPRITES).all()
    truths = DSPRITES.observe(classes).bool()
    best = iou(DSPRITES.observe(found).bool(), truths)
    for f in range(1, 5):
        for step in (-1, 1):
            other = classes.clone()
            other[:, f] += step
            there = ((other >= 0) & (other < torch.tensor([3, 6, 39, 32, 32]))).all(1)
            there[there.clone()] = split.contains("train", other[there], DSPRITES)
            assert (best[there] >= iou(DSPRITES.observe(other[there]).bool(), truths[there]) - 1e-6).all()


def test_circles_on_the_unseen_side_by_hand() -> None:
    population = Population(CIRCLES, "test", Split(validation="", test="x > 15"))
    given = torch.tensor([[31, 7], [16, 0], [15, 3], [0, 31]])
    assert nearest(given, CIRCLES, population.split).tolist() == [[15, 7], [15, 0], [15, 3], [0, 31]]
    found = measure_controls(population, 200)
    classes = population.sample(200, torch.Generator().manual_seed(0))
    edge = classes.clone()
    edge[:, 0] = 15
    seen, near = CIRCLES.observe(classes), CIRCLES.observe(edge)
    expected = torch.minimum(seen, near).sum((1, 2, 3)) / torch.maximum(seen, near).sum((1, 2, 3))
    assert found["neighbour_iou"] == pytest.approx(expected.double().mean().item(), abs=1e-6)
    assert found["neighbour_iou"] < 0.3, "most of these circles touch none that was trained on"
    assert 0.7 < found["disc_iou"] < 0.9, "a disc has one brightness, and a circle's edge is dimmer"


def test_a_disc_has_the_pictures_colour_and_amount() -> None:
    pictures = CIRCLES.observe(torch.tensor([[3, 4], [20, 30]])) * torch.tensor([1.0, 0.5, 0.25])[:, None, None]
    drawn = discs(pictures)
    torch.testing.assert_close(drawn.sum((2, 3)), pictures.sum((2, 3)), rtol=1e-5, atol=1e-4)
    assert torch.equal((drawn > 0).any(1).flatten(1).sum(1), (pictures > 0).any(1).flatten(1).sum(1))
    on = drawn[0].flatten(1)[:, (drawn[0] > 0).any(0).flatten()]
    assert torch.equal(on, on[:, :1].expand_as(on)), "one colour"
    torch.testing.assert_close(on[:, 0] / on[0, 0], torch.tensor([1.0, 0.5, 0.25]))


def test_without_anything_to_measure_or_to_learn_from() -> None:
    with error(NotInPartError, "lies in the test part"):
        measure_controls(Population(DSPRITES, "test", split=Split(test="")))
    with error(NotInPartError, "lies in the train part"):
        measure_controls(Population(DSPRITES, "test", split=Split(test="x < 99")))


@pytest.mark.parametrize(("held", "least", "most"), [("shape == heart", 1.0, 1.0), ("shape == square", 0.95, 0.98)])
def test_a_square_is_known_by_a_class_that_looks_nearly_so(held: str, least: float, most: float) -> None:
    assert least <= measure_canonical(Population(DSPRITES, "test", Split(test=held))) <= most


def test_the_sentence_and_the_command() -> None:
    assert controls_of(DSPRITES, "x > 15").startswith("a disc of the right size in the right place has an IoU of 0.7")
    flags = ["--test", "shape == heart and orientation > 9", "--pictures", "50"]
    command = [sys.executable, "-m", "tasks.evaluation.controls", *flags]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = ended.stdout.splitlines()
    assert line.startswith("all: a disc of the right size in the right place has an IoU of 0.")


def test_of_a_data_set_without_look_alikes_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show(ControlsConfig(dataset="circles", test="x > 15", pictures=50))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("all: a disc of the right size in the right place has an IoU of 0.")
    show(ControlsConfig(pictures=50))
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == ["all", "identifiable classes"]
