import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from decoders.patch import PatchDecoder
from tests.helpers import error
from vsa.errors import RangeError, ShapeError

SMALL: dict[str, Any] = {"window": 8, "hidden": 16}
IMAGE = (2, 40, 48)


def decoder(axes: tuple[int | None, int | None] = (1, 3)) -> PatchDecoder:
    torch.manual_seed(0)
    return PatchDecoder(6, IMAGE, axes=axes, **SMALL).eval()


def latents(x: float, y: float) -> torch.Tensor:
    """Of an object at a place in pixels."""
    codes = torch.randn(1, 6, generator=torch.Generator().manual_seed(0))
    codes[0, :2] = torch.tensor([x / 48 - 0.5, y / 40 - 0.5]) * math.sqrt(12)
    return codes


@pytest.mark.parametrize("image", [(1, 64, 64), (3, 31, 47), (2, 1, 5)])
@pytest.mark.parametrize("axes", [(1, 3), (None, 3), (9, None), (None, None)])
def test_shapes(image: tuple[int, int, int], axes: tuple[int | None, int | None]) -> None:
    logits = PatchDecoder(3, image, axes=axes, **SMALL)(torch.randn(4, 3))
    assert logits.shape == (4, *image)
    assert logits.isfinite().all()


@given(x=st.integers(8, 39), y=st.integers(8, 31))
def test_the_place_moves_the_picture_and_nothing_else(x: int, y: int) -> None:
    draw = decoder()
    with torch.no_grad():
        first, moved = draw(latents(20.5, 20.5)), draw(latents(x + 0.5, y + 0.5))
    torch.testing.assert_close(moved, first.roll((y - 20, x - 20), (2, 3)), atol=1e-3, rtol=0)


def test_between_two_pixels_the_patch_is_the_mean_of_both() -> None:
    draw = decoder()
    with torch.no_grad():
        left, between, right = (draw(latents(x, 20.5)) for x in (20.5, 21.0, 21.5))
    torch.testing.assert_close(between, (left + right) / 2, atol=1e-3, rtol=0)


def test_the_place_along_the_only_axis_comes_first() -> None:
    for axes, shift, codes in (((0, None), (0, 7), latents(27.5, 0.0)), ((None, 0), (5, 0), latents(0.0, 25.5).roll(-1, 1))):
        first = latents(20.5, 20.5) if axes[1] is None else latents(20.5, 20.5).roll(-1, 1)
        first[:, 1:] = codes[:, 1:]
        draw = decoder(axes)
        torch.testing.assert_close(draw(codes), draw(first).roll(shift, (2, 3)), atol=1e-3, rtol=0)


def test_the_patch_does_not_see_the_place() -> None:
    draw = decoder()
    seen: list[torch.Tensor] = []
    draw.what.register_forward_hook(lambda module, given, found: seen.append(given[0]))
    for x in (3.5, 40.25):
        draw(latents(x, 20.5))
    assert torch.equal(*seen)


@pytest.mark.parametrize("axes", [(0, 1), (None, 1), (None, None)])
def test_every_weight_learns(axes: tuple[int | None, int | None]) -> None:
    draw = decoder(axes)
    codes = torch.cat([latents(x, 11.0) for x in (5.1, 9.3)]).requires_grad_()
    draw(codes).square().sum().backward()
    for name, weight in (*draw.named_parameters(), ("latents", codes)):
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any(), name


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 0}, "PatchDecoder needs hidden of at least 1, got 0"),
        ({"image": (1, 8, 0)}, "PatchDecoder needs width of at least 1, got 0"),
        (
            {"dim": 2},
            "2 latents as the place of an object and needs at least one more, so dim must be at least 3, got 2",
        ),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with error(RangeError, message):
        PatchDecoder(**{"dim": 4, "image": (1, 8, 8), "axes": (0, 1)} | settings)


def test_other_latents_are_refused() -> None:
    with error(ShapeError, "PatchDecoder was made for latents [B, 6], got [2, 5]"):
        decoder()(torch.zeros(2, 5))
