from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image

from decoders.conv import ConvDecoder
from encoders.conv import ConvEncoder
from tasks.data.dsprites.factors import FEATURES
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.evaluation.counterfactuals import draw, encode
from tasks.symbolic.figures import draw_assembly, draw_edits, draw_features, draw_parts, draw_scenes, draw_swaps
from tasks.symbolic.model import SceneModel
from vsa import ItemMemory

IMAGE = (1, 64, 64)


def make(slots: int, dim: int = 64) -> SceneModel:
    roles, places = ItemMemory(FEATURES, dim), ItemMemory([f"object {n + 1}" for n in range(slots)], dim, seed=1)
    return SceneModel(ConvEncoder(IMAGE, len(FEATURES), dim), ConvDecoder(dim, IMAGE), roles, places).eval()


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(
    ("figure", "slots", "wide"),
    [
        (draw_edits, 1, (1.5, 2.2)),
        (draw_edits, 2, (1.5, 2.2)),
        (partial(draw_swaps, size=3), 1, (1.2, 1.6)),
        (partial(draw_swaps, size=3), 2, (1.2, 1.6)),
        (draw_assembly, 1, (0.9, 1.2)),
        (draw_assembly, 2, (0.9, 1.2)),
        (draw_features, 1, (1.8, 2.6)),
        (draw_scenes, 5, (0.8, 1.2)),
        (draw_scenes, 2, (0.2, 0.4)),
    ],
)
def test_a_figure_is_a_picture_of_its_own_shape(figure, slots: int, wide: tuple[float, float], tmp_path: Path) -> None:
    path = tmp_path / ".figure.123.part.png"
    figure(make(slots), Population(DSPRITES, "test"), path, generator())
    with Image.open(path) as image:
        width, height = image.size
        assert image.format == "PNG"
        colours = image.convert("RGB").getcolors(1 << 24)
    assert 300 < width < 3000
    assert wide[0] < width / height < wide[1]
    assert path.stat().st_size < 400_000
    assert colours is not None
    amber = (255, 178, 26)
    assert {(0, 0, 0), (255, 255, 255), amber} <= {colour for _, colour in colours}


def test_more_rows_and_columns_make_a_larger_picture(tmp_path: Path) -> None:
    path, sizes = tmp_path / "features.png", []
    for rows in (2, 4):
        draw_features(make(1), Population(DSPRITES, "test"), path, generator(), rows=rows)
        with Image.open(path) as image:
            sizes.append(image.size)
    assert sizes[0][0] == sizes[1][0]
    assert sizes[1][1] - sizes[0][1] > 2 * 128


def test_a_vector_alone_is_bound_with_its_role_and_slot_and_the_others_are_missing() -> None:
    model, classes = make(2), Population(DSPRITES, "test").sample(3, generator())
    alone, without = (draw_parts(model, classes, kept, DSPRITES) for kept in (torch.eye(5), 1 - torch.eye(5)))
    assert alone.shape == without.shape == (3, 5, 1, 64, 64)
    with torch.inference_mode():
        vectors = encode(model, classes, DSPRITES)
        whole = model.in_slot(model.object(vectors), 0)
        torch.testing.assert_close(draw_parts(model, classes, torch.ones(1, 5), DSPRITES)[:, 0], draw(model, whole))
        for f, name in enumerate(FEATURES):
            bound = model.algebra.bind(model.algebra.bind(vectors[:, f], model.roles[name]), model.slots["object 1"])
            torch.testing.assert_close(alone[:, f], draw(model, bound))
            torch.testing.assert_close(without[:, f], draw(model, whole - bound))


def test_figures_leave_the_random_state_alone_and_repeat(tmp_path: Path) -> None:
    model, state, written = make(2), torch.get_rng_state(), []
    for _ in range(2):
        draw_edits(model, Population(DSPRITES, "test"), tmp_path / "edits.png", generator())
        written.append((tmp_path / "edits.png").read_bytes())
    assert written[0] == written[1]
    assert torch.equal(torch.get_rng_state(), state)
