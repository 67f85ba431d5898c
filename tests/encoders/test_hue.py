import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from encoders.fractional import FractionalEncoder
from encoders.hue import Hues, apart_from_hues
from encoders.turn import Turn
from encoders.windowed import Windowed
from tests.helpers import error
from vsa.errors import RangeError


def pictures(seed: int) -> torch.Tensor:
    return torch.rand(2, 3, 6, 8, generator=torch.Generator().manual_seed(seed))


def wrapped(turns: torch.Tensor) -> torch.Tensor:
    """Turns without their whole part, from -0.5 to 0.5."""
    return turns - turns.round()


@given(seed=st.integers(0, 100), k=st.integers(0, 2))
def test_channels_in_a_circle_are_a_third_of_a_turn(seed: int, k: int) -> None:
    torch.manual_seed(seed)
    hues, given_pictures = Hues(2, (6, 8)), pictures(seed)
    turned = given_pictures.roll(k, 1)
    with torch.no_grad():
        before, after = hues(given_pictures), hues(turned)
    torch.testing.assert_close(wrapped(after - before - k / 3), torch.zeros(2, 2), atol=1e-4, rtol=0)
    torch.testing.assert_close(apart_from_hues(turned, after), apart_from_hues(given_pictures, before), atol=1e-4, rtol=0)


def test_each_hue_can_be_that_of_another_part() -> None:
    hues, picture = Hues(2, (4, 4)), torch.zeros(1, 3, 4, 4)
    picture[:, 0, :2], picture[:, 2, 2:] = 0.5, 1.0
    with torch.no_grad():
        hues.weights[0, 8:], hues.weights[1, :8] = -100, -100
    torch.testing.assert_close(hues(picture), torch.tensor([[0.0, -1 / 3]]))


def test_grey_has_no_hue_and_finite_gradients() -> None:
    grey = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    hues = Hues(1, (4, 4))
    hues(grey).sum().backward()
    assert grey.grad is not None
    assert hues.weights.grad is not None
    assert grey.grad.isfinite().all()
    assert hues.weights.grad.isfinite().all()


def test_a_picture_turned_by_a_third_has_turned_hues_and_else_the_same_features() -> None:
    torch.manual_seed(0)
    encoder = FractionalEncoder((3, 6, 8), 4, 256, axes=(3, None), hues=(0, 2), window=4, hidden=16, code=8).eval()
    with torch.no_grad():
        (first, _), (turned, _) = encoder(pictures(1)), encoder(pictures(1).roll(1, 1))
    torch.testing.assert_close(turned[:, [1, 3]], first[:, [1, 3]], atol=1e-3, rtol=0)
    for f in (0, 2):
        power = encoder.powers[str(f)]
        assert isinstance(power, Turn)
        torch.testing.assert_close(turned[:, f], power.moved(first[:, f], 1 / 3), atol=1e-3, rtol=0)


@given(number=st.floats(-3, 3), whole=st.integers(-2, 2))
def test_whole_turns_change_nothing(number: float, whole: int) -> None:
    turn = Turn(256, name="hue")
    here, there = turn(torch.tensor([number, number + whole]))
    torch.testing.assert_close(here, there, atol=1e-3, rtol=0)
    torch.testing.assert_close(wrapped(turn.read(here) - number), torch.tensor(0.0), atol=1e-3, rtol=0)


def test_turns_are_told_apart() -> None:
    turn = Turn(1024)
    likeness = turn(torch.tensor([0.1])) @ turn(torch.arange(10) / 10).mT / 1024
    assert likeness[0, 1] == pytest.approx(1, abs=1e-4)
    assert likeness[0, [0, 2, 3, 4, 5, 6, 7, 8, 9]].abs().max() < 0.3


def test_hues_of_what_has_no_colours_are_refused() -> None:
    with error(RangeError, "Windowed finds hues in red, green and blue, so a picture must have 3 channels, got 1"):
        Windowed((1, 8, 8), (None, None), hues=1)
    with error(RangeError, "FractionalEncoder needs axes and hues that are different features from 0 to 2, got (None, 1), (1,)"):
        FractionalEncoder((3, 8, 8), 3, 64, axes=(None, 1), hues=(1,))


def test_no_turn_is_the_unit_of_binding() -> None:
    turns = Turn(1024)(torch.arange(48) / 48)
    torch.testing.assert_close(turns.norm(dim=-1), torch.full((48,), 32.0))
    assert turns.abs().max() < 16  # the unit has one element of 32
