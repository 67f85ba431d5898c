import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tasks.data.dsprites.factors import COUNTS, FEATURES, SYMMETRY, values_of
from tasks.data.dsprites.renderer import render, render_values
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.overlap import iou, touching
from tasks.data.population import Population
from tasks.evaluation.counterfactuals import Edits, draw, edit_by_algebra, sample_edits
from tasks.evaluation.editing import measure_edits as measure
from tasks.symbolic.model import SceneModel
from tests.helpers import seeds
from tests.tasks.populations import identifiable
from vsa import ItemMemory

features = st.integers(0, 4)
populations = st.sampled_from([Population(DSPRITES, "test"), identifiable("test")])
ORIENTATION = FEATURES.index("orientation")


def moved(edits: Edits) -> Tensor:
    """The edited objects, before and after."""
    return DSPRITES.observe(edits.first) | DSPRITES.observe(edits.edited)


@settings(max_examples=20)
@given(feature=features, others=st.integers(0, 1), population=populations, seed=seeds)
def test_edits_are_what_they_say(feature: int, others: int, population: Population, seed: int) -> None:
    edits = sample_edits(8, (feature,), others, population, torch.Generator().manual_seed(seed))
    for classes in (edits.first, edits.others, edits.donors, edits.edited):
        assert population.accept(classes).all()
    assert (edits.first[:, None] != edits.donors).all()
    assert (edits.donors == edits.donors[:, :1]).all(), "one donor gives one feature"
    expected = edits.first.clone()
    expected[:, feature] = edits.donors[:, feature, feature]
    assert torch.equal(edits.edited, expected)
    assert not touching(DSPRITES.mask(moved(edits)), DSPRITES.mask(edits.rest())).any()
    assert torch.equal(edits.scenes(), DSPRITES.observe(edits.first) + edits.rest())
    assert bool(edits.rest().any()) == (others > 0)


@settings(max_examples=20)
@given(others=st.integers(0, 1), population=populations, seed=seeds)
def test_an_object_is_assembled_from_five_donors(others: int, population: Population, seed: int) -> None:
    edits = sample_edits(8, (0, 1, 2, 3, 4), others, population, torch.Generator().manual_seed(seed))
    assert torch.equal(edits.edited, edits.donors.diagonal(dim1=1, dim2=2))
    assert (edits.first[:, None] != edits.donors).all()
    assert population.accept(edits.edited).all()
    assert (edits.donors != edits.donors[:, :1]).any()
    assert not touching(DSPRITES.mask(moved(edits)), DSPRITES.mask(edits.rest())).any()


@settings(max_examples=20)
@given(feature=features, seed=seeds)
def test_the_true_picture_shows_the_right_value(feature: int, seed: int) -> None:
    edits = sample_edits(8, (feature,), 1, Population(DSPRITES, "test"), torch.Generator().manual_seed(seed))
    for turn in range(edits.truths().shape[1]):
        pictures = edits.truths()[:, turn].bool()
        assert torch.equal(edits.best_truths(pictures)[1], torch.ones(8))
        shown = edits.shows(pictures, torch.arange(COUNTS[feature]))
        assert (iou(pictures, edits.candidates(feature, shown[:, None])[:, 0].amax(1).bool()) > 0.3).all()
        assert (edits.steps_off(shown) < 0.5).float().mean() >= 0.75  # small squares of two orientations can be one picture


def test_a_picture_with_another_value_does_not_show_the_right_one() -> None:
    for feature in range(5):
        edits = sample_edits(40, (feature,), 1, identifiable("test"), torch.Generator().manual_seed(feature))
        allowed = identifiable().allowed[feature]
        shown = edits.shows(edits.scenes().bool(), allowed)  # what it was before
        assert (edits.steps_off(shown) < 0.5).float().mean() < 0.1


def test_a_picture_of_nothing_shows_nothing() -> None:
    for feature in (0, ORIENTATION):
        edits = sample_edits(4, (feature,), 1, Population(DSPRITES, "test"), torch.Generator().manual_seed(0))
        shown = edits.shows(torch.zeros(4, 1, 64, 64, dtype=torch.bool), torch.arange(COUNTS[feature]))
        assert shown.tolist() == [-1] * 4
        assert edits.steps_off(shown).tolist() == [math.inf] * 4


OTHER = torch.tensor([[[0, 0, 0, 31, 31]]])


def edit(donor_shape: int, shape: int, orientation: int) -> Edits:
    first = torch.tensor([[shape, 5, 20, 8, 8]])
    edited = torch.tensor([[shape, 5, orientation, 8, 8]])
    donor = torch.tensor([[donor_shape, 2, orientation, 20, 20]])
    return Edits(DSPRITES, (ORIENTATION,), first, OTHER, donor[:, None].expand(-1, 5, -1), edited)


@pytest.mark.parametrize("donor_shape", [0, 1, 2])
@pytest.mark.parametrize("shape", [0, 1, 2])
def test_every_turn_that_the_donor_cannot_tell_apart_is_right(donor_shape: int, shape: int) -> None:
    edits = edit(donor_shape, shape, 3)
    _, scale, angle, x, y = values_of(edits.edited)
    for turn in range(8):
        turned = angle + turn * math.pi / 4
        picture = (render_values(edits.edited[:, 0], scale, turned, x, y)[:, None] | edits.rest()).bool()
        right = turn % (8 // max(SYMMETRY[donor_shape], SYMMETRY[shape])) == 0
        assert (edits.best_truths(picture)[1].item() == 1) is right
        shown = edits.shows(picture, torch.arange(40))
        assert (edits.steps_off(shown).item() < 0.5) is right


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_shape_that_becomes_another_may_point_wherever_the_first_could(before: int, after: int) -> None:
    first, edited = (torch.tensor([[shape, 5, 3, 8, 8]]) for shape in (before, after))
    donor = torch.tensor([after, 2, 20, 20, 20]).expand(1, 5, 5)
    edits = Edits(DSPRITES, (0,), first, OTHER, donor, edited)
    _, scale, angle, x, y = values_of(edited)
    for turn in range(8):
        picture = (render_values(edited[:, 0], scale, angle + turn * math.pi / 4, x, y)[:, None] | edits.rest()).bool()
        right = turn % (8 // max(SYMMETRY[before], SYMMETRY[after])) == 0
        assert (edits.best_truths(picture)[1].item() == 1) is right
        if right:
            assert edits.shows(picture, torch.arange(3)).tolist() == [after]


class Look(nn.Module):
    """An encoder that knows the picture of each object it will ever see: the class of feature f stands at f and at f + 5."""

    def __init__(self, population: Population) -> None:
        super().__init__()
        classes = torch.cartesian_prod(*population.allowed)
        classes = classes[population.accept(classes)]
        self.classes = dict(zip(map(self.key, render(classes)), classes, strict=True))

    @staticmethod
    def key(picture: Tensor) -> bytes:
        return np.packbits(picture.numpy()).tobytes()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        classes = torch.stack([self.classes[self.key(image.to(torch.uint8))] for image in images[:, 0]]).float()
        mean = torch.diag_embed(classes).repeat(1, 1, 2)
        return mean, torch.zeros_like(mean)


class Draw(nn.Module):
    """A decoder that takes the sum of objects apart, and renders them. The second half of the second slot is negative."""

    def forward(self, vectors: Tensor) -> Tensor:
        same, other = vectors[:, :5], vectors[:, 5:]
        pictures = torch.zeros(len(vectors), 64, 64, dtype=torch.uint8)
        for sign in (1, -1):
            classes = ((same + sign * other) / 2).round().long()
            there = (classes != 0).any(1)  # of a single object the other half is all zeros, which no object here is
            pictures[there] |= render(classes[there])
        return 20.0 * pictures[:, None] - 10


@pytest.fixture(scope="module", params=[0, 1], ids=["alone", "beside another"])
def others(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def ideal(others: int) -> SceneModel:
    """A model that encodes, composes and draws without any error."""
    roles = ItemMemory(FEATURES, vectors=torch.ones(5, 10))
    slots = ItemMemory(
        ("first", "second")[: 1 + others], vectors=torch.tensor([[1.0] * 10, [1.0] * 5 + [-1.0] * 5])[: 1 + others]
    )
    return SceneModel(Look(identifiable("test")), Draw(), roles, slots, decoding="whole").eval()


def test_an_ideal_model_draws_the_truth_after_an_edit_by_algebra(ideal: SceneModel, others: int) -> None:
    for feature in range(5):
        edits = sample_edits(20, (feature,), others, identifiable("test"), torch.Generator().manual_seed(feature))
        before, after = (draw(ideal, vectors) > 0.5 for vectors in edit_by_algebra(ideal, edits))
        assert torch.equal(before, edits.scenes().bool())
        if feature != ORIENTATION:  # two orientations of a small square can be one picture
            assert torch.equal(after, edits.truths()[:, 0].bool())


def test_an_ideal_model_gets_full_marks(ideal: SceneModel, others: int) -> None:
    metrics = measure(ideal, others, identifiable("test"), 100, torch.Generator().manual_seed(0))
    assert metrics["reconstruction_iou"] == metrics["reconstruction_document"] == 1
    assert metrics["assembly_iou"] == pytest.approx(1, abs=0.01)
    assert list(metrics["edit_iou"]) == list(metrics["edit_shown"]) == list(FEATURES)
    assert list(metrics["edit_shown_within_one"]) == list(FEATURES[1:])
    for name in FEATURES:
        exact = name != "orientation"
        assert metrics["edit_iou"][name] == pytest.approx(1, abs=0 if exact else 0.01)
        assert metrics["edit_shown"][name] == pytest.approx(1, abs=0 if exact else 0.05)


def test_a_model_that_ignores_the_edit_shows_it(ideal: SceneModel, others: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SceneModel, "edit", lambda model, scene, slot, feature, old, new: scene)
    metrics = measure(ideal, others, identifiable("test"), 50, torch.Generator().manual_seed(0))
    assert metrics["reconstruction_iou"] == 1
    assert max(metrics["edit_iou"].values()) < 0.95
    assert max(metrics["edit_shown"].values()) < 0.1
