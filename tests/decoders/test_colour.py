import math
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from decoders.by_role import ByRoleDecoder
from decoders.colour import Colours, coloured
from encoders.turn import Turn
from tests.helpers import error
from vsa.errors import RangeError

SMALL: dict[str, Any] = {"window": 8, "hidden": 16, "code": 8}
TURNS = {"0": Turn(256, name="hue 1"), "2": Turn(256, name="hue 2")}


def colours() -> Colours:
    torch.manual_seed(0)
    made = Colours((TURNS["0"], TURNS["2"]), 256)
    with torch.no_grad():
        made.curve.normal_(std=0.3)
    return made


@given(hue=st.floats(-1, 1))
def test_a_hue_a_third_further_is_the_next_channel(hue: float) -> None:
    paint = colours()
    first, second = (TURNS[key](torch.tensor([hue, hue + 1 / 3])) for key in ("0", "2"))
    with torch.no_grad():
        found = paint(torch.stack([first, second], 1))
    torch.testing.assert_close(found[1], found[0].roll(1, -1), atol=2e-2, rtol=0)
    torch.testing.assert_close(found[:, 0], found[:, 1], atol=5e-2, rtol=0)  # whatever the surface


@given(light=st.floats(-6, 6), bright=st.floats(-6, 6), share=st.floats(0, 0.99))
def test_lights_are_on_one_screen(light: float, bright: float, share: float) -> None:
    maps = torch.cat([torch.full((1, 3, 1, 1), light), torch.full((1, 1, 1, 1), bright)], 1)
    seen = coloured(maps, torch.full((1, 1, 3), share)).sigmoid()
    wanted = 1 - (1 - 1 / (1 + math.exp(-light))) * (1 - share / (1 + math.exp(-bright)))
    torch.testing.assert_close(seen, torch.full((1, 3, 1, 1), wanted), atol=1e-3, rtol=0)


def test_nothing_is_so_bright_that_it_does_not_learn() -> None:
    maps = torch.full((1, 5, 1, 1), 4.0, requires_grad=True)
    (coloured(maps, torch.full((1, 2, 3), 0.9)).sigmoid()).sum().backward()
    assert maps.grad is not None
    assert (maps.grad > 0).all()


def test_what_has_no_hue_does_not_see_it() -> None:
    torch.manual_seed(0)
    draw = ByRoleDecoder(256, (4, 12, 12), 3, hues=(0, 2), powers=TURNS, **SMALL).eval()
    seen: list[torch.Tensor] = []

    def note(module: torch.nn.Module, given: tuple[torch.Tensor, ...], found: torch.Tensor) -> None:
        seen.append(found)

    draw.what.register_forward_hook(note)
    vectors = torch.randn(1, 3, 256)
    other = vectors.clone()
    other[:, 0] = TURNS["0"](torch.tensor([0.3]))
    with torch.no_grad():
        first, second = draw(vectors), draw(other)
    assert torch.equal(*seen)
    assert first.shape == (1, 4, 12, 12)
    assert not torch.equal(first[:, :3], second[:, :3])
    assert torch.equal(first[:, 3], second[:, 3])


def test_every_weight_learns_from_colours() -> None:
    draw = ByRoleDecoder(256, (3, 12, 12), 3, hues=(0, 2), powers=TURNS, **SMALL)
    draw(torch.randn(4, 3, 256)).sigmoid().square().sum().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in draw.parameters())


def test_what_cannot_be_coloured_is_refused() -> None:
    with error(RangeError, "ByRoleDecoder colours red, green and blue, so a picture must have 3 channels, got 1"):
        ByRoleDecoder(256, (1, 8, 8), 3, hues=(0,), powers=TURNS, **SMALL)
    with error(RangeError, "the hues (1,), so these must be features from 0 to 2, each with a power; there are powers of 0, 2"):
        ByRoleDecoder(256, (3, 8, 8), 3, hues=(1,), powers=TURNS, **SMALL)
