from typing import Any, Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from encoders.fractional import FractionalEncoder, fractional_map
from encoders.power import Power
from tests.helpers import error
from vsa.errors import RangeError, ShapeError

SMALL: dict[str, Any] = {"window": 8, "hidden": 16, "code": 8}


@pytest.mark.parametrize("image", [(1, 64, 64), (3, 31, 47), (2, 1, 5)])
@pytest.mark.parametrize("axes", [(1, 2), (2, None), (None, 0), (None, None)])
@pytest.mark.parametrize("locate", ["mass", "map"])
def test_shapes(image: tuple[int, int, int], axes: tuple[int | None, int | None], locate: Literal["mass", "map"]) -> None:
    encoder = FractionalEncoder(image, 3, 32, axes=axes, locate=locate, **SMALL)
    mean, logvar = encoder(torch.rand(4, *image))
    assert mean.shape == logvar.shape == (4, 3, 32)
    assert mean.isfinite().all()
    assert set(encoder.powers) == {str(axis) for axis in axes if axis is not None}


def blob(y: int, x: int) -> torch.Tensor:
    picture = torch.zeros(1, 1, 40, 48)
    picture[..., y : y + 3, x : x + 5] = torch.rand(3, 5, generator=torch.Generator().manual_seed(0)) + 0.1
    return picture


@given(y=st.integers(0, 36), x=st.integers(0, 42))
def test_an_object_looks_the_same_everywhere_and_its_place_is_known(y: int, x: int) -> None:
    torch.manual_seed(0)
    encoder = FractionalEncoder((1, 40, 48), 4, 256, axes=(3, 1), **SMALL).eval()
    with torch.no_grad():
        assert encoder.correction is not None
        torch.nn.init.normal_(encoder.correction.weight, std=0.1)
        (first, _), (moved, _) = encoder(blob(10, 12)), encoder(blob(y, x))
    torch.testing.assert_close(moved[:, [0, 2]], first[:, [0, 2]], atol=1e-4, rtol=0)
    for axis, step in (("3", x - 12), ("1", y - 10)):
        power = encoder.powers[axis]
        assert isinstance(power, Power)
        at, there = (power.read(mean[:, int(axis)]) for mean in (first, moved))
        torch.testing.assert_close(there - at, torch.tensor([float(step)]), atol=0.02, rtol=0)


def test_the_map_learns_where_to_look_through_the_place() -> None:
    encoder = fractional_map((1, 32, 32), 3, 64, axes=(1, 2))
    encoder(torch.rand(2, 1, 32, 32))[0][:, 1:].square().sum().backward()
    assert encoder.attention is not None
    first = next(encoder.attention.parameters())
    assert first.grad is not None
    assert first.grad.isfinite().all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 0}, "FractionalEncoder needs hidden of at least 1, got 0"),
        ({"window": -1}, "FractionalEncoder needs window of at least 1, got -1"),
        ({"locate": "eye"}, "FractionalEncoder locates by 'mass' or by 'map', got 'eye'"),
        ({"axes": (3, 0)}, "FractionalEncoder needs axes and hues that are different features from 0 to 2"),
        ({"axes": (1, 1)}, "FractionalEncoder needs axes and hues that are different features from 0 to 2"),
        (
            {"axes": (1, 2), "dim": 2},
            "FractionalEncoder needs a dim of at least 3 for a place, or its power has no frequency; got 2",
        ),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with error(RangeError, message):
        FractionalEncoder(**{"image": (1, 8, 8), "features": 3, "dim": 16} | settings)


def test_pictures_of_another_size_are_refused() -> None:
    with error(ShapeError, "FractionalEncoder was made for pictures [B, 1, 8, 8], got [2, 1, 8, 9]"):
        FractionalEncoder((1, 8, 8), 3, 16)(torch.zeros(2, 1, 8, 9))
