"""Whether the encoder fails on unseen combinations, or the decoder, on models of which it is known."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tasks.data.checks import NotInPartError
from tasks.data.circles import Simple
from tasks.data.dataset import Dataset
from tasks.data.population import Population
from tasks.data.split import Split
from tasks.evaluation import generalising
from tasks.evaluation.generalising import fit, measure_decoder, measure_encoder
from tasks.evaluation.judge import scores, targets
from tests.helpers import error
from tests.tasks.evaluation.bars import BARS, SEEN, STEPS, TEST, TRAIN, as_codes, generator, right
from vsa.errors import DtypeError, RangeError, ShapeError


def names(prefix: str) -> list[str]:
    return [f"{prefix}_{part}_{name}" for part in ("train", "test") for name in SEEN]


def test_true_classes_as_codes_score_one_in_both_parts() -> None:
    found = measure_encoder(as_codes, TRAIN, TEST, 300, generator())
    assert list(found) == names("codes")
    assert found == {name: pytest.approx(1, abs=1e-5) for name in found}


def test_wide_codes_are_solved_in_the_smaller_form() -> None:
    def wide(pictures: Tensor) -> Tensor:
        return as_codes(pictures).repeat(1, 300)

    found = measure_encoder(wide, TRAIN, TEST, 200, generator())
    assert found == {name: pytest.approx(1, abs=1e-3) for name in found}


@pytest.mark.parametrize("columns", [5, 80])
def test_both_forms_are_the_minimum_of_what_a_ridge_regression_minimises(columns: int) -> None:
    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=made, dtype=torch.float64)

    made, ridge = generator(), 0.1
    codes, wanted = random(40, columns) * 3 + 7, random(40, 2) - 4
    codes[:, 2] = 1e200
    said = fit(codes, wanted, ridge)
    x = torch.nan_to_num((codes - codes.mean(0)) / codes.std(0, correction=0))
    x[:, 2] = 0
    weights = torch.zeros(columns, 2, dtype=torch.float64, requires_grad=True)
    loss = ((x @ weights + wanted.mean(0) - wanted) ** 2).sum() / 40 + ridge * (weights**2).sum()
    hessian = 2 * (x.T @ x / 40 + ridge * torch.eye(columns))
    (gradient,) = torch.autograd.grad(loss, weights)
    best = -torch.linalg.solve(hessian, gradient)
    torch.testing.assert_close(said(codes), x @ best + wanted.mean(0))


def test_codes_without_a_factor_score_nothing_of_it() -> None:
    def blind(pictures: Tensor) -> Tensor:
        codes = as_codes(pictures)
        codes[:, 3] = 0.5
        return codes

    found = measure_encoder(blind, TRAIN, TEST, 500, generator())
    assert found["codes_train_x"] == pytest.approx(0, abs=0.05)
    assert found["codes_test_x"] < 0, "most of what is unseen lies to the right of the mean of what was seen"
    assert found["codes_test_y"] == pytest.approx(1, abs=1e-4)


def test_an_encoder_that_fails_on_what_is_unseen_fails_there_alone() -> None:
    def fails(pictures: Tensor) -> Tensor:
        classes = right(pictures)
        classes[:, 1] = classes[:, 1].clamp(max=7)
        return targets(classes, BARS)

    found = measure_encoder(fails, TRAIN, TEST, 500, generator())
    assert found["codes_train_x"] == pytest.approx(1, abs=1e-4)
    assert found["codes_test_x"] < 0.8
    assert found["codes_test_y"] == pytest.approx(1, abs=1e-4)


def test_the_training_score_is_not_of_the_pictures_that_were_fitted() -> None:
    def noise(pictures: Tensor) -> Tensor:
        return torch.randn(len(pictures), 400, generator=made)

    made = generator()
    found = measure_encoder(noise, TRAIN, TEST, 200, generator(), ridge=1e-6)
    assert found["codes_train_x"] < 0.1


def test_a_factor_of_one_value_has_no_r2() -> None:
    train, test = (Population(BARS, part, Split("", "x == 11 and colour == red")) for part in ("train", "test"))
    found = measure_encoder(as_codes, train, test, 200, generator())
    assert "codes_train_x" in found
    assert not {"codes_test_x", "codes_test_hue"} & set(found), "the hue of red looks the same always"
    assert found["codes_test_colour"] == 1
    classes = torch.tensor([[0, 3, 1, 0, 0], [1, 3, 2, 0, 0]])
    assert scores(targets(classes, BARS), classes, BARS) == {"colour": 1, "y": 1}


def test_the_true_renderer_has_what_the_judge_says_of_true_pictures() -> None:
    found = measure_decoder(lambda pictures: BARS.observe(right(pictures)), TRAIN, TEST, 200, generator(), steps=STEPS)
    assert list(found) == [*names("drawn"), *names("true")]
    for part in ("train", "test"):
        for name in SEEN:
            assert found[f"drawn_{part}_{name}"] == found[f"true_{part}_{name}"]
            assert found[f"true_{part}_{name}"] > 0.9, "the judge has seen both parts"


def test_a_drawing_that_ignores_a_factor_scores_nothing_of_it() -> None:
    made = generator()

    def ignores(pictures: Tensor) -> Tensor:
        classes = right(pictures)
        classes[:, 1] = torch.randint(12, (len(classes),), generator=made)
        return BARS.observe(classes)

    def middle(pictures: Tensor) -> Tensor:
        classes = right(pictures)
        classes[:, 1] = 5
        return BARS.observe(classes)

    everything = Population(BARS, split=Split("", ""))
    for draw, expected in ((ignores, -1.0), (middle, 0.0)):  # independent numbers of equal variance, and a constant
        found = measure_decoder(draw, everything, everything, 500, generator(), steps=STEPS)
        assert found["drawn_test_x"] == pytest.approx(expected, abs=0.2)
        assert found["drawn_test_y"] > 0.9
        assert found["drawn_test_colour"] > 0.9


def test_a_decoder_that_fails_on_what_is_unseen_fails_there_alone() -> None:
    def fails(pictures: Tensor) -> Tensor:
        classes = right(pictures)
        classes[:, 1] = classes[:, 1].clamp(max=7)
        return BARS.observe(classes)

    found = measure_decoder(fails, TRAIN, TEST, 300, generator(), steps=STEPS)
    assert found["drawn_train_x"] == found["true_train_x"]
    assert found["drawn_test_x"] < 0.7
    assert found["true_test_x"] > 0.9


def anything(*_: Any) -> Any:
    raise AssertionError("a mistake is said before any work")


@pytest.mark.parametrize("measure", [measure_encoder, measure_decoder])
def test_mistakes_of_both_measurements_are_said_before_any_work(measure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generalising, "judge", anything)
    with error(DtypeError, "a population says what may be drawn", "got Dataset"):
        measure(anything, BARS, TEST, 10, generator())
    with error(DtypeError, "the generator decides"):
        measure(anything, TRAIN, TEST, 10, 0)
    with error(RangeError, "n must be from 2"):
        measure(anything, TRAIN, TEST, 1, generator())
    with error(RangeError, "both parts must be of one and the same Dataset, got Dataset('bars'", "and Dataset('simple'"):
        measure(anything, TRAIN, Population(Dataset(Simple())), 10, generator())
    with error(NotInPartError, "lies in the test part"):
        measure(anything, TRAIN, Population(BARS, "test", Split("", "")), 10, generator())
    with error(DtypeError, "must be a function from pictures [n, C, H, W] to", "got int"):
        measure(3, TRAIN, TEST, 10, generator())


def test_what_is_no_code_is_refused() -> None:
    def refuses(encode: Any, kind: Any, *parts: str, n: int = 300, **options: Any) -> None:
        with error(kind, *parts):
            measure_encoder(encode, TRAIN, TEST, n, generator(), **options)

    refuses(lambda pictures: pictures, ShapeError, "what encode returns must be [n, L], none of them 0, got [256, 4, 12, 16]")
    refuses(lambda pictures: pictures[:3, 0, 0], ShapeError, "codes [256, K] for 256 pictures, got [3, 16]")
    refuses(lambda pictures: as_codes(pictures) * torch.nan, RangeError, "what encode returns must be finite", "nan")
    refuses(lambda pictures: pictures[:, 0, 0, : len(pictures) % 11 + 1], ShapeError, "as many codes always, got 4 and 1")
    refuses(as_codes, RangeError, "ridge must be above 0", "got 0", ridge=0)
    refuses(as_codes, DtypeError, "ridge must be a number, got str", ridge="1")


def test_what_is_no_picture_is_refused() -> None:
    with error(ShapeError, "draw must return pictures [20, 4, 12, 16] for pictures of that shape, got [20, 4]"):
        measure_decoder(lambda pictures: pictures[..., 0, 0], TRAIN, TEST, 20, generator(), steps=1)
    with error(RangeError, "every pixel must be finite; 15360 of 15360 are not"):
        measure_decoder(lambda pictures: pictures * torch.nan, TRAIN, TEST, 20, generator(), steps=1)
    with error(RangeError, "steps must be from 1"):
        measure_decoder(anything, TRAIN, TEST, 20, generator(), steps=0)
