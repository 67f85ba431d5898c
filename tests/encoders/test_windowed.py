from typing import Any

import pytest
import torch

from encoders.windowed import Windowed, mean_place
from tests.helpers import error
from vsa.errors import RangeError, ShapeError


class Eye(Windowed):
    """An encoder with a name of its own."""


def test_the_mean_place_of_a_flat_map_is_the_middle() -> None:
    torch.testing.assert_close(mean_place(torch.zeros(2, 1, 5, 7), (10, 21)), torch.tensor([[10.5, 5.0]]).expand(2, -1))


@pytest.mark.parametrize(
    ("axes", "window"), [((0, 1), (8, 8)), ((None, 1), (8, 40)), ((0, None), (32, 8)), ((None, None), (32, 40))]
)
def test_without_a_factor_along_an_axis_the_window_is_the_picture(
    axes: tuple[int | None, int | None], window: tuple[int, int]
) -> None:
    eye, picture = Eye((1, 32, 40), axes, window=8, hidden=16), torch.zeros(1, 1, 32, 40)
    picture[..., 3:5, 30:34] = 1
    seen, places, _ = eye.look(picture)
    assert eye.sides == window
    assert seen.shape == (1, 16)
    expected = [32.0 if axes[0] is not None else 20.0, 4.0 if axes[1] is not None else 16.0]
    torch.testing.assert_close(places, torch.tensor([expected]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 0}, "Eye needs hidden of at least 1, got 0"),
        ({"eyes": 0}, "Eye needs eyes of at least 1, got 0"),
        ({"image": (1, 0, 8)}, "Eye needs height of at least 1, got 0"),
        ({"locate": "nose"}, "Eye locates by 'mass' or by 'map', got 'nose'"),
    ],
)
def test_messages_name_the_encoder(settings: dict[str, Any], message: str) -> None:
    with error(RangeError, message):
        Eye(**{"image": (1, 8, 8), "axes": (0, 1)} | settings)
    with error(ShapeError, "Eye was made for pictures [B, 1, 8, 8], got [2, 1, 8, 9]"):
        Eye((1, 8, 8), (0, 1)).look(torch.zeros(2, 1, 8, 9))
