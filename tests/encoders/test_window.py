import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import roi_align

from encoders.window import glimpse, half, window
from tests.helpers import as_a_user, error, seeds
from vsa.errors import DtypeError, RangeError, ShapeError

sides = st.integers(1, 9)


def drawn(seed: int, height: int = 8, width: int = 11, batch: int = 3, channels: int = 2) -> torch.Tensor:
    return torch.rand(batch, channels, height, width, generator=torch.Generator().manual_seed(seed))


def places(data: st.DataObject, side: int, low: int, high: int) -> torch.Tensor:
    """Middles [3, 2] of windows of that side that lie on whole pixels."""
    corners = st.lists(st.lists(st.integers(low, high), min_size=2, max_size=2), min_size=3, max_size=3)
    return torch.tensor(data.draw(corners)) + side / 2


def test_half_the_longer_side() -> None:
    assert [half((1, *sides)) for sides in ((64, 64), (48, 64), (47, 31), (1, 1), (2, 1))] == [32, 32, 24, 1, 1]


@given(seed=seeds, side=sides, data=st.data())
def test_on_whole_pixels_it_is_the_glimpse(seed: int, side: int, data: st.DataObject) -> None:
    pictures, inside = drawn(seed), torch.tensor([11.0, 8.0])
    middle = places(data, side, -side, 12).clamp(min=side % 2 / 2).minimum(inside - side % 2 / 2)
    torch.testing.assert_close(window(pictures, middle, side), glimpse(pictures, middle, side), atol=1e-5, rtol=0)


@given(seed=seeds, side=sides, dx=st.integers(-9, 9), dy=st.integers(-9, 9), shift=st.floats(-3, 3, width=16))
def test_a_window_that_moves_with_its_picture_sees_the_same(seed: int, side: int, dx: int, dy: int, shift: float) -> None:
    pictures, middle = drawn(seed), torch.tensor([[5.5, 4.0], [1.0, 2.0], [9.0, 7.0]]) + shift
    wide = torch.zeros(3, 2, 40, 40)
    wide[..., 10 + dy : 18 + dy, 10 + dx : 21 + dx] = pictures
    seen = window(wide, middle + torch.tensor([10 + dx, 10 + dy]), side)
    torch.testing.assert_close(seen, window(pictures, middle, side), atol=1e-4, rtol=0)


@given(seed=seeds, side=sides, data=st.data())
def test_half_a_pixel_further_is_the_mean_of_two_neighbours(seed: int, side: int, data: st.DataObject) -> None:
    pictures, middle = drawn(seed), places(data, side, -side - 2, 13)  # also half outside, and over the edge by a fraction
    for step in torch.eye(2):
        mean = (window(pictures, middle, side) + window(pictures, middle + step, side)) / 2
        torch.testing.assert_close(window(pictures, middle + step / 2, side), mean)


@given(seed=seeds, side=sides, x=st.floats(-20, 20, width=16), y=st.floats(-20, 20, width=16))
def test_it_interpolates_as_torchvision_does(seed: int, side: int, x: float, y: float) -> None:
    """RoIAlign spreads the outermost pixel by one more, so the picture gets a border of zeros."""
    pictures, corner = drawn(seed), torch.tensor([x - side / 2 + 1, y - side / 2 + 1])
    boxes = torch.cat([torch.arange(3.0)[:, None], torch.cat([corner, corner + side]).expand(3, 4)], 1)
    right = roi_align(torch.nn.functional.pad(pictures, (1, 1, 1, 1)), boxes, side, sampling_ratio=1, aligned=True)
    torch.testing.assert_close(window(pictures, torch.tensor([[x, y]]).expand(3, 2), side), right, atol=1e-4, rtol=0)


@given(seed=seeds, height=sides, width=sides)
def test_a_window_need_not_be_square(seed: int, height: int, width: int) -> None:
    pictures, middle = drawn(seed), torch.tensor([[5.5, 4.0], [1.2, 2.0], [9.0, 7.7]])
    whole, part = window(pictures, middle, 9), window(pictures, middle, (height, width))
    if (height, width) == (9, 9):
        assert torch.equal(whole, part)
    assert part.shape == (3, 2, height, width)
    if height % 2 and width % 2:  # with the same pixel in the middle
        top, left = (9 - height) // 2, (9 - width) // 2
        torch.testing.assert_close(part, whole[..., top : top + height, left : left + width], atol=1e-5, rtol=0)


@pytest.mark.parametrize("far", [(-1e30, 4.0), (5.0, 1e30), (float("inf"), float("-inf")), (-3.0, 4.0), (5.0, 11.0)])
def test_beyond_the_border_there_are_zeros(far: tuple[float, float]) -> None:
    pictures = torch.ones(1, 1, 8, 11)
    assert torch.equal(window(pictures, torch.tensor([far]), 6), torch.zeros(1, 1, 6, 6))
    assert window(pictures, torch.tensor([[5.5, 4.0]]), 21).sum() == 88


def test_around_no_number_there_is_no_number() -> None:
    pictures, nan = torch.ones(3, 1, 8, 8), float("nan")
    seen = window(pictures, torch.tensor([[4.0, 4.0], [nan, 4.0], [4.0, nan]]), 4)
    assert (seen[0] == 1).all()
    assert seen[1:].isnan().all()


def test_gradients_flow_to_the_pictures_and_to_the_middle() -> None:
    pictures = drawn(0).double().requires_grad_()
    middle = torch.tensor([[5.3, 4.1], [0.2, 7.9], [11.4, -0.3]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda pictures, middle: window(pictures, middle, 4), (pictures, middle))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_the_place_is_exact_in_every_dtype(dtype: torch.dtype) -> None:
    pictures = drawn(0, 300, 300).to(dtype)
    middle = torch.tensor([[271.25, 140.5]] * 3)
    seen = window(pictures, middle, 6)
    assert seen.dtype == dtype
    torch.testing.assert_close(seen.float(), window(pictures.float(), middle, 6), atol=0.005, rtol=0)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(window(pictures, middle, 6), seen)


def test_no_pictures_and_each_without_regard_to_the_others() -> None:
    assert window(torch.zeros(0, 1, 8, 8), torch.zeros(0, 2), 4).shape == (0, 1, 4, 4)
    pictures, middle = drawn(0), torch.tensor([[1.3, 2.0], [8.2, 3.3], [5.0, 7.9]])
    alone = torch.cat([window(picture[None], place[None], 4) for picture, place in zip(pictures, middle, strict=True)])
    assert torch.equal(window(pictures, middle, 4), alone)


def test_it_compiles() -> None:
    pictures, middle = drawn(0), torch.tensor([[1.3, 2.0], [8.2, 3.3], [5.0, 7.9]])
    torch.compiler.reset()
    with as_a_user():
        compiled = torch.compile(window, fullgraph=True, backend="eager")(pictures, middle, 4)
    torch.testing.assert_close(compiled, window(pictures, middle, 4))


def test_what_does_not_fit() -> None:
    pictures, middle = torch.zeros(2, 1, 8, 8), torch.zeros(2, 2)
    with as_a_user():
        with error(ShapeError, "window needs pictures [B, C, H, W] and middles [B, 2], got [2, 1, 8, 8] and [1, 2]"):
            window(pictures, middle[:1], 4)
        with error(ShapeError, "got [1, 8, 8] and [1, 2]"):
            window(pictures[0], middle[:1], 4)
        with error(DtypeError, "window needs pictures of floating point numbers, got torch.uint8; use images.float()"):
            window(pictures.byte(), middle, 4)
    for size in (0, (4, -1)):
        with error(RangeError, "window needs sides of at least 1, got"):
            window(pictures, middle, size)
