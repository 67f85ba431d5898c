"""The weights that are shipped, as a user loads them, measured against the exact renderer."""

from pathlib import Path

import pytest
import torch

from tasks import load_model
from tasks.data.dsprites.factors import COUNTS, FEATURES
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.data.scenes import sample_scenes
from tasks.data.split import named_split
from tasks.evaluation.counterfactuals import draw, edit_by_algebra, edit_from_vector, sample_edits
from tasks.symbolic.config import PairedConfig, PairedSceneConfig
from tasks.symbolic.stages import PAIRED, PAIRED_SCENE
from tasks.weights import SHIPPED, save
from tests.helpers import error
from tests.tasks.populations import identifiable
from vsa import ItemMemory
from vsa.errors import DtypeError, InputError

SLOTS = {"paired": 1, "scene": 5, "paired-scene": 2, "paired-r2r": 1, "paired-half": 1}
each = pytest.mark.parametrize("name", SLOTS)
TEST = Population(DSPRITES, "test")


@each
def test_what_a_shipped_model_takes_and_gives(name: str) -> None:
    model = load_model(name)
    assert not model.training
    images = TEST.observe(TEST.sample(4, torch.Generator().manual_seed(0)))
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
    assert load_model(path).provenance.metrics["config"]["dim"] == 1024


def test_objects_are_drawn_and_read() -> None:
    model = load_model("paired")
    classes = TEST.sample(200, torch.Generator().manual_seed(0))
    objects = model.object(model.features(DSPRITES.observe(classes)))
    assert iou(model.decode(objects) > 0.5, DSPRITES.observe(classes).bool()).mean() > 0.92
    off = DSPRITES.steps_off(model.read(objects), classes)
    assert ((off < 1.5).float().mean(0) > 0.97).all()


def test_scenes_are_drawn_with_an_object_more_and_less() -> None:
    model = load_model("scene")
    classes = sample_scenes(torch.full((40,), 3), TEST, torch.Generator().manual_seed(0))
    objects = model.object(model.features(DSPRITES.observe(classes.flatten(0, 1)))).unflatten(0, (40, 3))
    pictures = DSPRITES.observe(classes.flatten(0, 1)).unflatten(0, (40, 3))
    scene = model.scene(objects)
    assert iou(model.decode(scene) > 0.5, pictures.amax(1).bool()).mean() > 0.85
    less = scene - model.in_slot(objects[:, 2], 2)
    assert iou(model.decode(less) > 0.5, pictures[:, :2].amax(1).bool()).mean() > 0.85


@pytest.mark.parametrize(("name", "others"), [("paired", 0), ("paired-scene", 1)])
def test_edits_by_algebra_give_the_exact_rendering(name: str, others: int) -> None:
    model = load_model(name)
    for features in ((0,), (2,), (0, 1, 2, 3, 4)):
        edits = sample_edits(60, features, others, identifiable("test"), torch.Generator().manual_seed(0))
        after = draw(model, edit_by_algebra(model, edits)[1]) > 0.5
        assert edits.best_truths(after)[1].mean() > 0.85


@pytest.mark.parametrize(("name", "split"), [("paired-r2r", "r2r"), ("paired-half", "extrapolation")])
def test_what_was_never_seen_is_drawn_edited_moved_and_read(name: str, split: str) -> None:
    model, held = load_model(name), Population(DSPRITES, "test", named_split(DSPRITES, split))
    assert (SHIPPED / f"{name}.safetensors").stat().st_size <= 6 * 10**6
    classes = held.sample(200, torch.Generator().manual_seed(0))
    scene = model.object(model.features(DSPRITES.observe(classes)))
    assert iou(draw(model, scene) > 0.5, DSPRITES.observe(classes).bool()).mean() > 0.97
    assert ((DSPRITES.steps_off(model.read(scene), classes) < 1.5).float().mean(0) >= 0.98).all()
    for features in ((1,), (2,), (3,), (4,), (0, 1, 2, 3, 4)):
        edits = sample_edits(60, features, 0, held, torch.Generator().manual_seed(0))
        assert held.accept(edits.edited).all()
        before, after = edit_by_algebra(model, edits)
        assert edits.best_truths(draw(model, after) > 0.5)[1].mean() > 0.94
        assert edits.best_truths(draw(model, edit_from_vector(model, edits, before)) > 0.5)[1].mean() > 0.93
    # Three classes further down are about three pixels, a little more.
    there = classes[classes[:, 4] < 29][:60]
    moved = model.move(model.object(model.features(DSPRITES.observe(there))), y=3 * PIXELS)
    down = DSPRITES.observe(there + torch.tensor([0, 0, 0, 0, 3])).bool()
    assert iou(draw(model, moved) > 0.5, down).mean() > 0.94


PIXELS = 32 / 31
"""From one place of dSprites to the next."""


def test_a_name_that_is_not_shipped() -> None:
    with error(
        InputError,
        "there is no model 'pairs': name the folder of a run",
        "shipped (paired, paired-half, paired-r2r, paired-scene, scene)",
    ):
        load_model("pairs")
    with error(DtypeError, "a model is given by a name or a path, a str or a Path; got NoneType"):
        load_model(None)  # pyright: ignore[reportArgumentType]


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
    has = "it has --encoder fractional --decoder by-role --dim 64 --roles MAP --dataset dsprites"
    with error(InputError, "cannot start from", "its encoder, decoder or roles are others", has):
        PAIRED.start_from(PAIRED.build(PairedConfig(dim=32)), tmp_path)
    with error(InputError, "there is no model at"):
        PAIRED.start_from(after, tmp_path / "nowhere")


def test_half_precision_halves_the_file(tmp_path: Path) -> None:
    model = PAIRED.build(PairedConfig(dim=64)).half().float()
    for half in (False, True):
        save(model, "paired", PairedConfig(dim=64), {"reached": 1}, tmp_path / f"{half}.safetensors", half)
    sizes = [(tmp_path / f"{half}.safetensors").stat().st_size for half in (False, True)]
    assert sizes[1] < 0.51 * sizes[0]
    loaded = load_model(tmp_path / "True.safetensors")
    for left, right in zip(model.state_dict().values(), loaded.state_dict().values(), strict=True):
        assert torch.equal(left, right)
    assert loaded.provenance.metrics == {"reached": 1}
