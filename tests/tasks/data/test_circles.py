import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.circles import OUTLINES, PLACES, SCALE, SIDE, Circles, Simple
from tasks.data.dataset import Dataset
from tasks.data.polygons import SUBPIXELS, coverage, regular, square
from tests.helpers import error
from vsa.errors import RangeError

SETS = {"circles": Dataset(Circles()), "simple": Dataset(Simple())}


def every(dataset: Dataset) -> torch.Tensor:
    return torch.cartesian_prod(*map(torch.arange, dataset.counts))


def whole(dataset: Dataset) -> torch.Tensor:
    """The combinations of which the border of the picture cuts nothing off: the triangle's corners reach farthest."""
    classes, margin = every(dataset), 1 if dataset is SETS["circles"] else 3
    return classes[((classes[:, :2] >= margin) & (classes[:, :2] < 32 - margin)).all(1)]


def brute(outline: np.ndarray, centre: np.ndarray, size: int) -> np.ndarray:
    """How many of a pixel's subpixels lie left of every edge, one by one."""
    places = (np.arange(size * SUBPIXELS) + 0.5) / (size * SUBPIXELS)
    x, y = np.meshgrid(places, places)
    corners = outline + centre
    inside = np.ones_like(x, dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, 0), strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0
    return inside.reshape(size, SUBPIXELS, size, SUBPIXELS).sum((1, 3))


@given(shape=st.sampled_from(sorted(OUTLINES)), x=st.floats(-0.2, 1.2), y=st.floats(-0.2, 1.2), scale=st.floats(0.05, 0.6))
def test_a_pixel_is_as_bright_as_many_of_its_subpixels_lie_inside(shape: str, x: float, y: float, scale: float) -> None:
    outline, centre = scale * OUTLINES[shape], torch.tensor([[x, y]], dtype=torch.float64)
    seen = coverage(outline, centre, 20)[0].numpy()
    expected = brute(outline.numpy(), centre[0].numpy(), 20) * 255 / SUBPIXELS**2
    off = np.abs(seen - expected)
    step = 255 / SUBPIXELS**2
    assert (off <= 0.5).mean() > 0.95, "more than subpixels that lie on the edge itself"
    assert off.max() <= (2 * SUBPIXELS - 1) * step + 0.5, "at a corner two edges may lie on subpixels, a line of each"


@pytest.mark.parametrize("name", SETS)
def test_pictures_are_drawn_so(name: str) -> None:
    dataset = SETS[name]
    classes = every(dataset)[::97]
    seen = (dataset.observe(classes) * 255).round()
    for row, picture in zip(classes.tolist(), seen, strict=True):
        outline = SCALE * OUTLINES["circle" if name == "circles" else str(dataset.factors[2].values[row[2]])]
        expected = brute(outline.numpy(), np.array([PLACES[row[0]], PLACES[row[1]]]), SIDE) * 255 / SUBPIXELS**2
        assert torch.equal(picture[0], picture[1])
        assert torch.equal(picture[0], picture[2])
        off = np.abs(picture[0].numpy() - expected)
        assert (off > 0.5).sum() <= 8, "more than the subpixels that lie on the edge itself"


@pytest.mark.parametrize("corners", [3, 4, 5, 30])
def test_outlines_have_area_1_about_the_origin(corners: int) -> None:
    for outline in (regular(corners), square()):
        (x0, y0), (x1, y1) = outline.T, outline.roll(-1, 0).T
        assert (x0 * y1 - x1 * y0).sum().item() / 2 == pytest.approx(1)
        assert outline.mean(0).tolist() == pytest.approx([0, 0], abs=1e-12)
    assert regular(corners)[0].tolist() == pytest.approx([0, -regular(corners).norm(dim=1).max().item()], abs=1e-12)


@pytest.mark.parametrize("name", SETS)
def test_every_shape_has_the_same_area_wherever_it_is(name: str) -> None:
    dataset = SETS[name]
    areas = dataset.observe(whole(dataset))[:, 0].sum((1, 2)) / (SCALE * SIDE) ** 2
    assert areas.mean().item() == pytest.approx(1, abs=0.002)
    assert (areas - 1).abs().max() < 0.04
    everywhere = dataset.observe(every(dataset))[:, 0].sum((1, 2)) / (SCALE * SIDE) ** 2
    assert 0.75 < everywhere.min() < areas.min(), "the border cuts a little off at the outermost places"


@pytest.mark.parametrize("name", SETS)
def test_the_centre_of_mass_lies_where_the_classes_say(name: str) -> None:
    dataset = SETS[name]
    classes = whole(dataset)
    pictures = dataset.observe(classes)[:, 0].double()
    pixels = (torch.arange(SIDE, dtype=torch.float64) + 0.5) / SIDE
    area = pictures.sum((1, 2))
    x, y = (pictures.sum(1) * pixels).sum(1) / area, (pictures.sum(2) * pixels).sum(1) / area
    places = torch.tensor(PLACES, dtype=torch.float64)
    for found, right in ((x, places[classes[:, 0]]), (y, places[classes[:, 1]])):
        assert (found - right).abs().max() < 0.15 / SIDE


@pytest.mark.parametrize(("name", "count"), [("circles", 1024), ("simple", 3072)])
def test_no_two_pictures_are_the_same(name: str, count: int) -> None:
    dataset = SETS[name]
    classes = every(dataset)
    assert len(classes) == count
    pictures = (dataset.observe(classes)[:, 0] * 255).round().byte().flatten(1)
    assert len(pictures.unique(dim=0)) == count
    assert torch.equal(dataset.canonical(classes), classes)
    assert torch.equal(dataset.distinct(classes), classes)


def test_circles_are_the_circles_of_simple() -> None:
    classes = every(SETS["circles"])
    seen = SETS["circles"].observe(classes)
    assert torch.equal(seen, SETS["simple"].observe(torch.cat([classes, torch.full_like(classes[:, :1], 2)], 1)))


def test_what_they_declare() -> None:
    assert [factor.name for factor in Simple.factors] == ["x", "y", "shape"]
    assert Simple.factors[2].values == ("square", "triangle", "circle")
    assert [factor.ordered for factor in Simple.factors] == [True, True, False]
    assert Circles.factors == Simple.factors[:2]
    assert (PLACES[0], PLACES[-1], len(PLACES)) == (0.1, 0.9, 32)
    assert PLACES[1] - PLACES[0] == pytest.approx(0.8 / 31)
    assert not any(dataset.binary for dataset in SETS.values())
    for dataset in SETS.values():
        assert dataset.shape == (3, 64, 64)
        assert dataset.observe(torch.zeros(0, len(dataset.counts), dtype=torch.int64)).shape == (0, 3, 64, 64)
        with error(RangeError, "the class of y must be from 0 to 31, got 32 at index [0, 1]"):
            dataset.observe(torch.tensor([[0, 32, 0]])[:, : len(dataset.counts)])


def test_values_that_can_be_counted_by_hand() -> None:
    half = torch.tensor([[0.5, 0.5]], dtype=torch.float64)
    assert coverage(square(), half, 2).tolist() == [[[255, 255], [255, 255]]]
    assert coverage(square() / 2, half, 4).tolist() == [[[0] * 4, [0, 255, 255, 0], [0, 255, 255, 0], [0] * 4]]
    quarter = torch.tensor([[0.7, 0.5]], dtype=torch.float64)  # 0.4 of a pixel to the right, which is two subpixels of five
    assert coverage(square(), quarter, 2).tolist() == [[[153, 255], [153, 255]]]
    assert coverage(square(), half[:0], 2).shape == (0, 2, 2)
    assert coverage(square(), torch.tensor([[3.0, 0.5]], dtype=torch.float64), 2).sum() == 0
    assert coverage(regular(30), half, 64).sum().item() / 255 / 64**2 == pytest.approx(1 - area_cut_off(), abs=0.002)


def area_cut_off() -> float:
    """Of a disc of area 1 about the middle of a unit square, what lies outside of it."""
    radius = math.sqrt(1 / math.pi)
    angle = 2 * math.acos(0.5 / radius)
    return 4 * radius**2 / 2 * (angle - math.sin(angle))
