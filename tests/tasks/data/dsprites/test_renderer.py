import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.dsprites.factors import COUNTS, FACTORS, SHAPES, SYMMETRY, values_of
from tasks.data.dsprites.renderer import SIZE, render, render_values
from tests.helpers import error, seeds
from vsa.errors import DtypeError, RangeError, ShapeError

shapes = st.integers(0, len(SHAPES) - 1)
scales = st.floats(0.5, 1)
angles = st.floats(-7, 7)
positions = st.floats(0, 1)


def classes(n: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(count, (n,), generator=generator) for count in COUNTS], -1)


def test_every_real_image_is_reproduced_without_one_differing_pixel(real_dsprites: dict[str, np.ndarray]) -> None:
    images = render(real_dsprites["latents_classes"])
    assert len(images) == 395
    assert images.dtype == np.uint8
    assert int((images != real_dsprites["imgs"]).sum()) == 0


@pytest.mark.slow
def test_the_whole_set_has_the_published_mean_and_deviation() -> None:
    """All 737,280 images; the published figures are those of nmichlo/disent, the deviation is per image, n - 1 in the divisor."""
    number = np.arange(np.prod(COUNTS))
    columns = np.stack(np.unravel_index(number, COUNTS), -1)
    on = np.concatenate([render(part).reshape(len(part), -1).sum(1, dtype=np.int64) for part in np.array_split(columns, 72)])
    pixels = SIZE**2
    assert on.sum() / (len(on) * pixels) == pytest.approx(0.042494423521889584, abs=1e-9)
    deviation = np.sqrt(on * (pixels - on) / pixels / (pixels - 1))
    assert deviation.mean() == pytest.approx(0.19516645880626055, abs=1e-8)


def inside(shape: int, scale: float, angle: float, x: float, y: float) -> np.ndarray:
    """The same picture drawn another way: each pixel centre against the shape's equation, turned back to the sprite's frame."""
    row, column = np.mgrid[:SIZE, :SIZE] + 0.5
    dx, dy = (column - 16 - 32 * x) / scale / 9.6, (row - 16 - 32 * y) / scale / 9.6
    u = np.cos(angle) * dx - np.sin(angle) * dy
    v = np.sin(angle) * dx + np.cos(angle) * dy
    if shape == 0:
        return (abs(u) <= 1) & (abs(v) <= 1)
    return (u / 1.33) ** 2 + (v * 1.33) ** 2 <= 1


@given(shape=st.integers(0, 1), scale=scales, angle=angles, x=positions, y=positions)
def test_squares_and_ellipses_fill_their_equations(shape: int, scale: float, angle: float, x: float, y: float) -> None:
    picture = render_values(shape, scale, angle, x, y)[0].astype(bool)
    wrong = picture != inside(shape, scale, angle, x, y)
    assert wrong.sum() <= 6, "more than a few centres so close to the edge that snapping decides"


@given(scale=scales, x=positions, y=positions)
def test_an_upright_heart_is_symmetric_and_has_its_point_at_the_bottom(scale: float, x: float, y: float) -> None:
    row, column = np.nonzero(render_values(2, scale, 0.0, x, y)[0])
    assert abs(column.mean() + 0.5 - (16 + 32 * x)) < 0.6
    top, bottom = (np.ptp(column[row == r]) for r in (row.min() + 2, row.max() - 2))
    assert top > bottom


@given(seed=seeds)
def test_classes_are_their_values(seed: int) -> None:
    some = classes(20, seed)
    assert torch.equal(render(some), render_values(*values_of(some)))
    assert np.array_equal(render(some.numpy()), render(some).numpy())


@given(shape=shapes, scale=scales, angle=angles, x=positions, y=positions, turn=st.integers(1, 3))
def test_a_symmetric_shape_looks_the_same_after_its_turn(
    shape: int, scale: float, angle: float, x: float, y: float, turn: int
) -> None:
    turned = angle + 2 * np.pi * turn / SYMMETRY[shape]
    assert (render_values(shape, scale, turned, x, y) != render_values(shape, scale, angle, x, y)).sum() <= 2


@given(shape=shapes, scale=scales, angle=angles, x=positions, y=positions)
def test_a_whole_pixel_to_the_right_or_down_shifts_the_picture(
    shape: int, scale: float, angle: float, x: float, y: float
) -> None:
    x, y = round(x * 1024) / 1024, round(y * 1024) / 1024  # so that adding a pixel is exact
    picture = render_values(shape, scale, angle, x, y)
    assert np.array_equal(render_values(shape, scale, angle, x + 1 / 32, y), np.roll(picture, 1, 2))
    assert np.array_equal(render_values(shape, scale, angle, x, y + 1 / 32), np.roll(picture, 1, 1))


def test_directions() -> None:
    def centre(x: float, y: float) -> tuple[float, float]:
        row, column = np.nonzero(render_values(0, 0.5, 0.0, x, y)[0])
        return column.mean() + 0.5, row.mean() + 0.5

    assert centre(0, 0) == pytest.approx((16, 16), abs=0.51)
    assert centre(1, 0) == pytest.approx((48, 16), abs=0.51)
    assert centre(0, 1) == pytest.approx((16, 48), abs=0.51)


def test_a_sprite_beyond_the_picture_is_cut_off() -> None:
    full = int(render_values(1, 1.0, 0.3, 0.5, 0.5).sum())
    assert 0 < int(render_values(1, 1.0, 0.3, -0.5, 0.5).sum()) < full
    assert int(render_values(2, 1.0, 0.0, 5.0, -5.0).sum()) == 0


def test_batches_of_any_size_and_what_comes_back() -> None:
    assert render(np.zeros((0, 5), int)).shape == (0, 64, 64)
    some = classes(600, 0)
    assert torch.equal(render(some), torch.cat([render(part) for part in some.split(7)]))
    assert set(render(some).unique().tolist()) == {0, 1}
    assert isinstance(render(some.tolist()), np.ndarray)
    assert np.array_equal(render_values([0.0, 2.0], 0.5, 0, 0.5, 0.5), render_values([0, 2], 0.5, 0, 0.5, 0.5))
    assert render_values(torch.tensor([0, 1]), 0.5, 0.0, 0.5, torch.tensor(0.25)).shape == (2, 64, 64)


def test_classes_that_are_none() -> None:
    with error(RangeError, "class of orientation must be from 0 to 39, got 40", "[1, 2]"):
        render([[0, 0, 0, 0, 0], [0, 0, 40, 0, 0]])
    with error(RangeError, "class of x must be from 0 to 31, got -1"):
        render(torch.tensor([[0, 0, 0, -1, 0]]))
    with error(DtypeError, "classes must be integers, got torch.float64", "render_values"):
        render(np.zeros((1, 5)))
    with error(DtypeError, "classes must hold numbers, got <U5"):
        render(np.array([["heart"] * 5]))
    with error(ShapeError, "[..., 5] (shape, scale, orientation, x, y), got [1, 6]"):
        render(np.zeros((1, 6), int))
    with error(DtypeError, "classes must hold numbers, in rows of one length; got list"):
        render([[0, 0], [0]])
    with error(DtypeError, "classes must be a dense tensor that holds numbers", "meta"):
        render(torch.zeros(1, 5, dtype=torch.int64, device="meta"))
    with error(RangeError, "at most 16777216 objects at once, got 10000000000"):
        render(torch.zeros(1, 5, dtype=torch.int64).expand(10**10, 5))
    for wrong in (np.zeros(5, int), np.zeros((1, 2, 5), int)):
        with error(ShapeError, "classes must be [N, 5]", f"got {list(wrong.shape)}"):
            render(wrong)


def test_values_that_are_none() -> None:
    with error(RangeError, "shape must be 0 (square), 1 (ellipse) or 2 (heart), got [3]"):
        render_values(3, 0.5, 0, 0.5, 0.5)
    with error(RangeError, "shape must be 0 (square), 1 (ellipse) or 2 (heart), got [0.5]"):
        render_values(0.5, 0.5, 0, 0.5, 0.5)
    with error(DtypeError, "orientation must hold numbers, got <U2"):
        render_values(0, 0.5, "up", 0.5, 0.5)
    with error(ShapeError, "all of one length", "scale [2]", "x [3]"):
        render_values(0, np.ones(2), 0, np.ones(3), 0.5)
    with error(RangeError, "x must lie within 1000 of 0, got nan"):
        render_values(0, 0.5, 0, np.nan, 0.5)
    with error(RangeError, "scale must be above 0, got 0"):
        render_values(0, [0.5, 0.0], 0, 0.5, 0.5)


def test_factors_are_those_of_the_published_file() -> None:
    assert COUNTS == (3, 6, 40, 32, 32)
    assert [factor.name for factor in FACTORS] == ["shape", "scale", "orientation", "x", "y"]
    assert FACTORS[1].values == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert FACTORS[2].values[-1] == pytest.approx(2 * np.pi)
    assert (render([[2, 5, 0, 9, 9]]) == render([[2, 5, 39, 9, 9]])).all()
