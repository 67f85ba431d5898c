from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from decoders.by_role import ByRoleDecoder
from encoders.power import Power
from tests.helpers import error
from vsa.errors import RangeError, ShapeError

SMALL: dict[str, Any] = {"window": 8, "hidden": 16, "code": 8}
POWERS = {"1": Power(256, 0, 48, name="x"), "3": Power(256, 0, 40, name="y")}
IMAGE = (2, 40, 48)


def decoder() -> ByRoleDecoder:
    torch.manual_seed(0)
    return ByRoleDecoder(256, IMAGE, 4, axes=(1, 3), powers=POWERS, **SMALL).eval()


def vectors(x: float, y: float) -> torch.Tensor:
    given = torch.randn(1, 4, 256, generator=torch.Generator().manual_seed(0))
    given[:, 1], given[:, 3] = POWERS["1"](torch.tensor([x])), POWERS["3"](torch.tensor([y]))
    return given


@pytest.mark.parametrize("axes", [(1, 3), (None, 3), (1, None), (None, None)])
def test_shapes(axes: tuple[int | None, int | None]) -> None:
    logits = ByRoleDecoder(256, IMAGE, 4, axes=axes, powers=POWERS, **SMALL)(torch.randn(3, 4, 256))
    assert logits.shape == (3, *IMAGE)
    assert logits.isfinite().all()


@given(x=st.integers(8, 39), y=st.integers(8, 31))
def test_what_is_drawn_moves_with_its_place(x: int, y: int) -> None:
    draw = decoder()
    with torch.no_grad():
        first, moved = draw(vectors(20.5, 20.5)), draw(vectors(x + 0.5, y + 0.5))
    torch.testing.assert_close(moved, first.roll((y - 20, x - 20), (2, 3)), atol=1e-2, rtol=0)


def test_between_two_pixels_the_patch_is_the_mean_of_both() -> None:
    draw = decoder()
    with torch.no_grad():
        left, between, right = (draw(vectors(x, 20.5)) for x in (20.5, 21.0, 21.5))
    torch.testing.assert_close(between, (left + right) / 2, atol=1e-2, rtol=0)


def test_the_patch_does_not_see_the_place() -> None:
    draw = decoder()
    seen: list[torch.Tensor] = []
    draw.what.register_forward_hook(lambda module, given, found: seen.append(given[0]))
    for x in (3.5, 40.25):
        draw(vectors(x, 20.5))
    assert torch.equal(*seen)


def test_every_weight_learns() -> None:
    draw = decoder()
    draw(torch.cat([vectors(x, 11.0) for x in (5.0, 9.3)])).square().sum().backward()
    for name, weight in draw.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name


def test_the_phases_are_kept_once() -> None:
    assert not [name for name in decoder().state_dict() if "phases" in name]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 0}, "ByRoleDecoder needs hidden of at least 1, got 0"),
        ({"axes": (0, 3)}, "each with a power; there are powers of 1, 3"),
        ({"axes": (1, 4)}, "these must be features from 0 to 3"),
        ({"axes": (1, 3), "powers": None}, "each with a power; there are powers of none"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with error(RangeError, message):
        ByRoleDecoder(**{"dim": 256, "image": IMAGE, "features": 4, "powers": POWERS} | settings)


def test_other_vectors_are_refused() -> None:
    with error(ShapeError, "ByRoleDecoder was made for vectors [B, 4, 256], got [2, 256]"):
        decoder()(torch.zeros(2, 256))
