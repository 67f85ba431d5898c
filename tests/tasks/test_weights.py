"""The weights that are shipped, as a user loads them, measured against the exact renderer."""

from pathlib import Path

import pytest
import torch

from tasks import load_model
from tasks.config import PairedConfig, PairedSceneConfig
from tasks.data.dsprites import render
from tasks.data.factors import COUNTS, FEATURES, SHAPE, SYMMETRY
from tasks.data.sampling import Objects
from tasks.data.scenes import sample_scenes
from tasks.evaluation.counterfactuals import draw, edit_by_algebra, sample_edits, steps_off
from tasks.evaluation.overlap import iou
from tasks.paired import TASK as PAIRED
from tasks.paired_scene import TASK as PAIRED_SCENE
from tasks.weights import SHIPPED, load_scene, save, stored_metrics
from tests.helpers import error
from vsa import ItemMemory
from vsa.errors import InputError, RangeError

SLOTS = {"paired": 1, "scene": 5, "paired-scene": 2}
each = pytest.mark.parametrize("name", SLOTS)
TEST = Objects(part="test")


@each
def test_what_a_shipped_model_takes_and_gives(name: str) -> None:
    model = load_model(name)
    assert not model.training
    images = render(TEST.sample(4, torch.Generator().manual_seed(0)))[:, None]
    features = model.features(images)
    assert features.shape == (4, 5, 1024)
    assert torch.equal(features, model.features(images.float()))
    objects = model.object(features)
    assert objects.shape == (4, 1024)
    count = min(2, SLOTS[name])
    scenes = model.scene(objects.unflatten(0, (-1, count)))
    assert scenes.shape == (4 // count, 1024)
    pictures = model.decode(scenes)
    assert pictures.shape == (4 // count, 1, 64, 64)
    assert 0 <= pictures.min() <= pictures.max() <= 1
    classes = model.read(scenes, slot=0)
    assert classes.shape == (4 // count, 5)
    assert (classes < torch.tensor(COUNTS)).all()
    assert model.roles.names == FEATURES
    assert len(model.slots) == SLOTS[name]
    assert [len(book) for book in model.codebooks if isinstance(book, ItemMemory)] == list(COUNTS)


@each
def test_the_file_is_small_and_carries_its_metrics(name: str) -> None:
    path = SHIPPED / f"{name}.safetensors"
    assert path.stat().st_size <= 16 * 10**6
    assert stored_metrics(path)["config"]["dim"] == 1024


def test_objects_are_drawn_and_read() -> None:
    model = load_model("paired")
    classes = TEST.sample(200, torch.Generator().manual_seed(0))
    objects = model.object(model.features(render(classes)[:, None]))
    assert iou(model.decode(objects)[:, 0] > 0.5, render(classes).bool()).mean() > 0.92
    read, symmetry = model.read(objects), torch.tensor(SYMMETRY)[classes[:, SHAPE]]
    for f in range(5):
        assert (steps_off(f, read[:, f], classes[:, f], symmetry) < 1.5).float().mean() > 0.97


def test_scenes_are_drawn_with_an_object_more_and_less() -> None:
    model = load_model("scene")
    classes = sample_scenes(torch.full((40,), 3), TEST, torch.Generator().manual_seed(0))
    objects = model.object(model.features(render(classes.flatten(0, 1))[:, None])).unflatten(0, (40, 3))
    pictures = render(classes.flatten(0, 1)).unflatten(0, (40, 3))
    scene = model.scene(objects)
    assert iou(model.decode(scene)[:, 0] > 0.5, pictures.amax(1).bool()).mean() > 0.85
    less = scene - model.in_slot(objects[:, 2], 2)
    assert iou(model.decode(less)[:, 0] > 0.5, pictures[:, :2].amax(1).bool()).mean() > 0.85


@pytest.mark.parametrize(("name", "others"), [("paired", 0), ("paired-scene", 1)])
def test_edits_by_algebra_give_the_exact_rendering(name: str, others: int) -> None:
    model = load_model(name)
    for features in ((0,), (2,), (0, 1, 2, 3, 4)):
        edits = sample_edits(60, features, others, Objects.identifiable("test"), torch.Generator().manual_seed(0))
        after = draw(model, edit_by_algebra(model, edits)[1]) > 0.5
        assert edits.best_truths(after)[1].mean() > 0.85


def test_a_name_that_is_not_shipped() -> None:
    with error(RangeError, "no shipped model 'pairs'", "paired, paired-scene, scene"):
        load_model("pairs")


def test_a_stage_starts_from_the_one_before(tmp_path: Path) -> None:
    before = PAIRED.build(PairedConfig(dim=64))
    save(before, "paired", PairedConfig(dim=64), {}, tmp_path / "model.safetensors")
    after = PAIRED_SCENE.build(PairedSceneConfig(dim=64, seed=3))
    slots = after.slots.vectors.clone()
    PAIRED.start_from(after, tmp_path)
    for name in ("encoder", "decoder", "roles"):
        for left, right in zip(
            getattr(before, name).state_dict().values(), getattr(after, name).state_dict().values(), strict=True
        ):
            assert torch.equal(left, right)
    assert torch.equal(after.slots.vectors, slots)
    with error(InputError, "cannot start from", "its encoder, decoder or roles are others"):
        PAIRED.start_from(PAIRED.build(PairedConfig(dim=32)), tmp_path)
    with error(InputError, "there is no model at"):
        PAIRED.start_from(after, tmp_path / "nowhere")


def test_half_precision_halves_the_file(tmp_path: Path) -> None:
    model = PAIRED.build(PairedConfig(dim=64)).half().float()
    for half in (False, True):
        save(model, "paired", PairedConfig(dim=64), {"reached": 1}, tmp_path / f"{half}.safetensors", half)
    sizes = [(tmp_path / f"{half}.safetensors").stat().st_size for half in (False, True)]
    assert sizes[1] < 0.51 * sizes[0]
    loaded = load_scene(tmp_path / "True.safetensors")
    for left, right in zip(model.state_dict().values(), loaded.state_dict().values(), strict=True):
        assert torch.equal(left, right)
    assert stored_metrics(tmp_path / "True.safetensors") == {"reached": 1}
