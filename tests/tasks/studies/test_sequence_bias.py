"""The study of bias: the likelihood finds the truth, the bounds miss it on the side that they should, and the page says so."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tasks.sequence.factorised import gap
from tasks.sequence.linear import moment_of
from tasks.studies.sequence_bias import (
    BEST,
    BY_FRAME,
    GRID,
    LIKELIHOOD,
    OBJECTIVES,
    SEARCHED,
    VARIED,
    Estimates,
    Found,
    Varied,
    estimate,
    peak,
    study,
)
from tasks.studies.sequence_bias_page import draw_curves, draw_gap, how, table_of_bias, table_of_limits, table_of_trained
from tests.helpers import error
from vsa.errors import RangeError

each = pytest.mark.parametrize("varied", VARIED, ids=str)


@pytest.fixture(scope="module")
def found() -> list[Found]:
    """Two parameters, with a budget of next to nothing."""
    return [study(varied, 10, 20, 20, 2, 0) for varied in (Varied("sx", 0.5, 1), Varied("sf", 1.0))]


@given(top=st.floats(0.0126, 3.99), slope=st.floats(0.1, 10))
def test_the_optimum_of_a_parabola_is_exact(top: float, slope: float) -> None:
    heights = -slope * (SEARCHED[:, None] - torch.tensor([top, 10.0, -1.0], dtype=torch.float64)).square()
    assert peak(SEARCHED, heights).tolist() == pytest.approx([top, SEARCHED[-1].item(), SEARCHED[0].item()], abs=1e-6)


@each
def test_the_likelihood_has_no_bias_and_the_best_factorised_posterior_has_the_one_that_is_known(varied: Varied) -> None:
    found = estimate(varied, moment_of(varied.sample((100, 50), 0, "test")))
    mean, half = found[LIKELIHOOD].bias(varied.value)
    assert abs(mean) < 3 * half
    assert found[LIKELIHOOD].limit == pytest.approx(varied.value, abs=1e-5)
    sign = 1 if varied.name == "sx" else -1
    assert varied.said in (sign, None)
    mean, half = found[BEST].bias(varied.value)
    assert sign * mean > 2 * half
    assert sign * (found[BEST].limit - varied.value) > 0.04
    assert bool((sign * (found[BEST].found - found[LIKELIHOOD].found) > 0).all()), "on every data set"


@each
def test_the_optimum_moves_to_where_the_gap_is_smaller(varied: Varied) -> None:
    limit = estimate(varied, varied.truth.covariance()[None])[BEST].limit
    (across, among) = gap(varied.models(torch.tensor([varied.value, limit], dtype=torch.float64)))
    assert across[1] < across[0], "f is separated from z at less cost"
    assert among[1] > among[0] - 1e-9, "what separates the z_t costs no less"
    assert across[1] + among[1] < across[0] + among[0]


def test_a_posterior_that_sees_frames_alone_finds_no_movement_where_there_is_some() -> None:
    varied = Varied("sz", 0.5)
    found = estimate(varied, moment_of(varied.sample((20, 50), 0, "test")))[BY_FRAME]
    assert found.at_the_end == 20
    assert found.limit == SEARCHED[0]


def test_on_ever_larger_data_sets_the_bias_is_that_of_unlimited_data() -> None:
    varied = Varied("sx", 0.5)
    for found in estimate(varied, moment_of(varied.sample((20, 5000), 0, "test"))).values():
        assert found.found.mean().item() == pytest.approx(found.limit, abs=0.005)


def test_a_study_is_the_same_for_the_same_seed_and_another_for_another(found: list[Found]) -> None:
    first = found[0]
    again, other = (study(first.varied, 10, 20, 20, 2, seed) for seed in (0, 1))
    assert torch.equal(again.trained, first.trained)
    assert torch.equal(again.estimates[BEST].found, first.estimates[BEST].found)
    assert not torch.equal(other.moment, first.moment)
    assert first.trained.shape == first.lacks.shape == (2, len(GRID))
    assert not torch.equal(first.trained[0], first.trained[1]), "each training has noise of its own"
    assert first.lacks.min() > 0, "no trained posterior is better than the best"
    assert first.above == 10


def test_the_interval_is_that_of_the_mean() -> None:
    estimates = Estimates(torch.tensor([1.0, 2.0, 3.0, 0.01], dtype=torch.float64), 2.0)
    mean, half = estimates.bias(1.0)
    assert mean == pytest.approx(0.5025)
    assert half == pytest.approx(1.96 * estimates.found.std().item() / 2)
    assert estimates.at_the_end == 1


def test_tables_have_a_row_for_each_true_value(found: list[Found]) -> None:
    bias = table_of_bias(found).splitlines()
    assert [line.split(" | ")[0] for line in bias[2:]] == ["| sx = 0.5", "| sf = 1"]
    assert "| too high | " in bias[2]
    assert bias[2].endswith("| 10 of 10 |")
    assert all(name in bias[0] for name in OBJECTIVES)
    limits = table_of_limits(found).splitlines()
    assert limits[2] == "| sx = 0.5 | +0.106 | +0.213 | 1.833 | 1.508 | 0.325 |"
    assert "| -0.990 (0) | " in limits[3]
    trained = table_of_trained(found).splitlines()
    assert len(trained) == 4
    assert trained[2].startswith(f"| sx = 0.5 | {found[0].lacks.mean():.4f} | {found[0].lacks.max():.4f} | ")


def test_how_names_budget_machine_and_command() -> None:
    text = how(200, 50, 3000, 3, "python study.py")
    assert "200 data sets of 50 sequences" in text
    assert "trained 3 times with Adam, 3,000 steps" in text
    assert f"torch {torch.__version__}, cpu" in text
    assert text.endswith("The command: `python study.py`.")


def test_figures_have_a_panel_for_each(found: list[Found], tmp_path: Path) -> None:
    draw_curves(found[:1], tmp_path / "one.png")
    draw_curves([found[0], found[0]], tmp_path / "two.png")
    draw_gap(tmp_path / "gap.png")
    sizes = {}
    for name in ("one", "two", "gap"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            sizes[name] = picture.size
            assert len(set(picture.convert("L").resize((64, 64)).tobytes())) > 20, "something is drawn"
    assert sizes["two"][0] > sizes["one"][0]


@pytest.mark.parametrize("given_", [(1, 2, 1, 1), (2, 1, 1, 1), (2, 2, 0, 1), (2, 2, 1, 0)])
def test_a_budget_of_nothing_is_refused(given_: tuple[int, int, int, int]) -> None:
    words = "{}, {}, {} and {}".format(*given_)
    with error(RangeError, f"sets and points must be at least 2, steps and seeds at least 1; got {words}"):
        study(VARIED[0], *given_, 0)
