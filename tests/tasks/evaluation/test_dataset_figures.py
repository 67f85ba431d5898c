from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tasks.data.dataset import Dataset
from tasks.data.dsprites.factors import FEATURES
from tasks.data.dsprites.moving import DSpritesDynamic
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.evaluation import dataset_figures
from tasks.evaluation.dataset_figures import (
    draw_clips,
    draw_objects,
    draw_paired,
    draw_paired_clips,
    draw_paired_scene,
    draw_scene,
)
from tasks.evaluation.grid import Panel
from tests.helpers import error
from vsa.errors import ShapeError

AMBER, WHITE, BLACK, GREY = (255, 178, 26), (255, 255, 255), (0, 0, 0), (153, 153, 153)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(
    ("figure", "colours", "wide"),
    [
        (draw_objects, {WHITE, BLACK}, (2, 2.7)),
        (partial(draw_paired, exchange="one"), {AMBER, BLACK}, (3.5, 5.5)),
        (partial(draw_paired, exchange="subset"), {AMBER, BLACK}, (1.5, 2.5)),
        (draw_scene, {WHITE, BLACK}, (2.7, 3.8)),
        (partial(draw_paired_scene, exchange="one"), {AMBER, BLACK, GREY}, (1.8, 2.8)),
        (partial(draw_paired_scene, exchange="subset"), {AMBER, BLACK, GREY}, (1.8, 2.8)),
    ],
)
def test_a_figure_shows_its_sprites(figure, colours: set, wide: tuple[float, float], tmp_path: Path) -> None:
    path = tmp_path / ".figure.123.part.png"
    figure(population=Population(DSPRITES, "test"), path=path, generator=generator())
    with Image.open(path) as image:
        width, height = image.size
        found = image.convert("RGB").getcolors(1 << 24)
    assert wide[0] < width / height < wide[1]
    assert 1000 < width < 3000
    assert found is not None
    assert colours <= {colour for _, colour in found}


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch) -> list[Panel]:
    """What is laid out."""
    seen: list[Panel] = []

    def write(path: Path, panels: Sequence[Panel], caption: str = "", **_: Any) -> None:
        assert "test part" in caption
        seen.extend(panels)

    monkeypatch.setattr(dataset_figures, "write_panels", write)
    return seen


def test_pairs_by_feature(panels: list[Panel], tmp_path: Path) -> None:
    draw_paired(Population(DSPRITES, "test"), "one", tmp_path, generator(), columns=4)
    assert [panel.title for panel in panels] == list(FEATURES)
    for panel in panels:
        assert panel.pictures.shape == (2, 4, 3, 64, 64)
        assert len(panel.columns) == 4
        for column in panel.columns:
            old, new = column.replace("\n", " ").split(" → ")
            assert old != new


def test_pairs_that_differ_in_several_features(panels: list[Panel], tmp_path: Path) -> None:
    draw_paired(Population(DSPRITES, "test"), "subset", tmp_path, generator(), columns=2)
    assert [len(panel.rows) for panel in panels] == [5, 5]
    for row in [row for panel in panels for row in panel.rows]:
        changed = [line.split(" ")[0] for line in row.splitlines()]
        assert changed == [name for name in FEATURES if name in changed]


def test_a_clip_is_a_row_of_frames(panels: list[Panel], tmp_path: Path) -> None:
    population = Population(Dataset(DSpritesDynamic()), "test")
    draw_clips(population, tmp_path, generator(), rows=3)
    draw_paired_clips(population, "one", tmp_path, generator())
    draw_paired_clips(population, "subset", tmp_path, generator())
    assert [panel.pictures.shape for panel in panels] == [(3, 12, 3, 64, 64), *[(12, 12, 3, 64, 64)] * 2]
    assert panels[0].rows[0].splitlines()[1].startswith("shape ")
    assert list(panels[1].rows[::2]) == ["first"] * 6
    assert [row.split(" ")[0] for row in panels[1].rows[1::2]] == list(population.dataset.features)
    assert panels[1].row_breaks == (2, 4, 6, 8, 10)
    for first, pair in panels[1].pictures.unflatten(0, (6, 2)):
        assert not torch.equal(first, pair)
    with error(ShapeError, "clips [T, C, H, W] are wanted here, and an observation of dsprites is [1, 64, 64], a picture"):
        draw_clips(Population(DSPRITES, "test"), tmp_path, generator())


def test_scenes_by_number(panels: list[Panel], tmp_path: Path) -> None:
    draw_scene(Population(DSPRITES, "test"), tmp_path, generator(), size=2)
    assert [panel.title for panel in panels] == ["2", "3", "4", "5"]
    assert all(panel.pictures.shape == (2, 2, 3, 64, 64) for panel in panels)


@pytest.mark.parametrize("exchange", ["one", "subset"])
def test_a_scene_is_its_objects(exchange: Any, panels: list[Panel], tmp_path: Path) -> None:
    draw_paired_scene(Population(DSPRITES, "test"), exchange, tmp_path, generator(), columns=3)
    assert len(panels) == 3
    for panel in panels:
        scene, paired, first, pair, second = panel.pictures.unbind(1)
        assert torch.equal(scene, first + second)
        assert torch.equal(paired, pair + second)
        assert not torch.equal(first, pair)
        if exchange == "one":
            assert [row.split(" ")[0] for row in panel.rows] == list(FEATURES)
