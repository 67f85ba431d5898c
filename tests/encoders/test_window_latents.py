import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from encoders.window_latents import WindowEncoder
from tests.helpers import error
from vsa.errors import RangeError, ShapeError

SMALL: dict[str, Any] = {"window": 8, "hidden": 16}
IMAGE = (1, 40, 48)


def encoder(axes: tuple[int | None, int | None] = (3, 1)) -> WindowEncoder:
    torch.manual_seed(0)
    made = WindowEncoder(IMAGE, 6, 1, axes=axes, **SMALL).eval()
    if made.correction is not None:
        torch.nn.init.normal_(made.correction.weight, std=0.1)
    return made


def blob(y: int, x: int) -> torch.Tensor:
    picture = torch.zeros(1, *IMAGE)
    picture[..., y : y + 3, x : x + 5] = torch.rand(3, 5, generator=torch.Generator().manual_seed(0)) + 0.1
    return picture


@pytest.mark.parametrize("image", [(1, 64, 64), (3, 31, 47), (2, 1, 5)])
@pytest.mark.parametrize("axes", [(1, 2), (7, None), (None, 0), (None, None)])
def test_shapes(image: tuple[int, int, int], axes: tuple[int | None, int | None]) -> None:
    mean, logvar = WindowEncoder(image, 3, 1, axes=axes, **SMALL)(torch.rand(4, *image))
    assert mean.shape == logvar.shape == (4, 3, 1)
    assert mean.isfinite().all()
    assert logvar.isfinite().all()


@given(y=st.integers(0, 36), x=st.integers(0, 42))
def test_only_the_latents_of_the_place_change_with_it(y: int, x: int) -> None:
    encode = encoder()
    with torch.no_grad():
        (first, sure), (moved, as_sure) = encode(blob(10, 12)), encode(blob(y, x))
    torch.testing.assert_close(moved[:, 2:], first[:, 2:], atol=1e-4, rtol=0)
    torch.testing.assert_close(as_sure, sure, atol=1e-4, rtol=0)
    step = torch.tensor([(x - 12) / 48, (y - 10) / 40]) * math.sqrt(12)
    torch.testing.assert_close((moved - first)[0, :2, 0], step, atol=1e-4, rtol=0)


def test_the_place_along_the_only_axis_comes_first() -> None:
    for axes, moved in (((None, 0), blob(20, 12)), ((0, None), blob(10, 30))):
        encode = encoder(axes)
        first, then = encode(blob(10, 12))[0][0, 0], encode(moved)[0][0, 0]
        torch.testing.assert_close(then - first, torch.tensor([(10 / 40 if axes[0] is None else 18 / 48) * math.sqrt(12)]))


def test_places_all_over_the_picture_have_a_variance_of_one() -> None:
    encode = WindowEncoder((1, 32, 32), 3, 1, axes=(0, 1), **SMALL)  # before it has learnt a correction
    pictures = torch.eye(32 * 32).view(-1, 1, 32, 32)
    with torch.no_grad():
        places = encode(pictures)[0][:, :2, 0]
    torch.testing.assert_close(places.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(places.var(0), torch.ones(2), atol=2e-3, rtol=0)


@pytest.mark.parametrize("axes", [(0, 1), (None, 1), (None, None)])
def test_every_weight_learns(axes: tuple[int | None, int | None]) -> None:
    encode = encoder(axes)
    mean, logvar = encode(torch.cat([blob(10, 12), blob(30, 2)]))
    (mean.square().sum() + logvar.square().sum()).backward()
    for name, weight in encode.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any(), name


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 0}, "WindowEncoder needs hidden of at least 1, got 0"),
        ({"features": 0}, "WindowEncoder needs features of at least 1, got 0"),
        ({"dim": 1024}, "WindowEncoder gives numbers, as a VAE has them, so its dim must be 1, got 1024"),
        (
            {"axes": (0, 1)},
            "2 latents for the place of an object and needs at least one more, so features must be at least 3, got 2",
        ),
        ({"axes": (0, None), "features": 1}, "so features must be at least 2, got 1"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with error(RangeError, message):
        WindowEncoder(**{"image": (1, 8, 8), "features": 2, "dim": 1} | settings)


def test_pictures_of_another_size_are_refused() -> None:
    with error(ShapeError, "WindowEncoder was made for pictures [B, 1, 8, 8], got [2, 1, 8, 9]"):
        WindowEncoder((1, 8, 8), 3, 1)(torch.zeros(2, 1, 8, 9))
