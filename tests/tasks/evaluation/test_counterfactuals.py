import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tasks.data.dsprites import render, render_values
from tasks.data.factors import COUNTS, FEATURES, SYMMETRY, held_out, values_of
from tasks.data.sampling import Objects, overlap
from tasks.evaluation.counterfactuals import Edits, edit_by_algebra, measure, sample_edits
from tasks.evaluation.overlap import iou
from tasks.model import SceneModel
from tests.helpers import seeds
from vsa import ItemMemory

features = st.integers(0, 4)
objects = st.sampled_from([Objects(held_out=True), Objects.identifiable(held_out=True)])
ORIENTATION = FEATURES.index("orientation")


@settings(max_examples=20)
@given(feature=features, objects=objects, seed=seeds)
def test_edits_are_what_they_say(feature: int, objects: Objects, seed: int) -> None:
    edits = sample_edits(8, feature, objects, torch.Generator().manual_seed(seed))
    assert all(held_out(classes).all() for classes in (edits.first, edits.second, edits.donor, edits.edited))
    assert (edits.first != edits.donor).all()
    expected = edits.first.clone()
    expected[:, feature] = edits.donor[:, feature]
    assert torch.equal(edits.edited, expected)
    second = render(edits.second)
    assert not overlap(render(edits.first), second).any()
    assert not overlap(render(edits.edited), second).any()
    assert torch.equal(edits.scenes(), render(edits.first) + second)


@settings(max_examples=20)
@given(feature=features, seed=seeds)
def test_the_true_picture_shows_the_right_value(feature: int, seed: int) -> None:
    edits = sample_edits(8, feature, Objects(held_out=True), torch.Generator().manual_seed(seed))
    for turn in range(edits.truths().shape[1]):
        pictures = edits.truths()[:, turn].bool()
        assert torch.equal(edits.best_truths(pictures)[1], torch.ones(8))
        shown = edits.shows(pictures, torch.arange(COUNTS[feature]))
        assert (iou(pictures, edits.candidates(shown[:, None])[:, 0].amax(1).bool()) > 0.3).all()
        assert (edits.steps_off(shown) < 0.5).float().mean() >= 0.75  # small squares of two orientations can be one picture


def test_a_picture_with_another_value_does_not_show_the_right_one() -> None:
    for feature in range(5):
        edits = sample_edits(40, feature, Objects.identifiable(held_out=True), torch.Generator().manual_seed(feature))
        allowed = Objects.identifiable().allowed[feature]
        shown = edits.shows(edits.scenes().bool(), allowed)  # what it was before
        assert (edits.steps_off(shown) < 0.5).float().mean() < 0.1


def test_a_picture_of_nothing_shows_nothing() -> None:
    for feature in (0, ORIENTATION):
        edits = sample_edits(4, feature, Objects(held_out=True), torch.Generator().manual_seed(0))
        shown = edits.shows(torch.zeros(4, 64, 64, dtype=torch.bool), torch.arange(COUNTS[feature]))
        assert shown.tolist() == [-1] * 4
        assert edits.steps_off(shown).tolist() == [math.inf] * 4


def edit(donor_shape: int, shape: int, orientation: int) -> Edits:
    first = torch.tensor([[shape, 5, 20, 8, 8]])
    edited = torch.tensor([[shape, 5, orientation, 8, 8]])
    donor = torch.tensor([[donor_shape, 2, orientation, 20, 20]])
    return Edits(ORIENTATION, first, torch.tensor([[0, 0, 0, 31, 31]]), donor, edited)


@pytest.mark.parametrize("donor_shape", [0, 1, 2])
@pytest.mark.parametrize("shape", [0, 1, 2])
def test_every_turn_that_the_donor_cannot_tell_apart_is_right(donor_shape: int, shape: int) -> None:
    edits = edit(donor_shape, shape, 3)
    _, scale, angle, x, y = values_of(edits.edited)
    for turn in range(8):
        turned = angle + turn * math.pi / 4
        picture = (render_values(edits.edited[:, 0], scale, turned, x, y) | render(edits.second)).bool()
        right = turn % (8 // max(SYMMETRY[donor_shape], SYMMETRY[shape])) == 0
        assert (edits.best_truths(picture)[1].item() == 1) is right
        shown = edits.shows(picture, torch.arange(40))
        assert (edits.steps_off(shown).item() < 0.5) is right


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_shape_that_becomes_another_may_point_wherever_the_first_could(before: int, after: int) -> None:
    first, edited, second = (
        torch.tensor([[before, 5, 3, 8, 8]]),
        torch.tensor([[after, 5, 3, 8, 8]]),
        torch.tensor([[0, 0, 0, 31, 31]]),
    )
    edits = Edits(0, first, second, torch.tensor([[after, 2, 20, 20, 20]]), edited)
    _, scale, angle, x, y = values_of(edited)
    for turn in range(8):
        picture = (render_values(edited[:, 0], scale, angle + turn * math.pi / 4, x, y) | render(second)).bool()
        right = turn % (8 // max(SYMMETRY[before], SYMMETRY[after])) == 0
        assert (edits.best_truths(picture)[1].item() == 1) is right
        if right:
            assert edits.shows(picture, torch.arange(3)).tolist() == [after]


class Look(nn.Module):
    """An encoder that knows the picture of each object it will ever see: the class of feature f stands at f and at f + 5."""

    def __init__(self, objects: Objects) -> None:
        super().__init__()
        classes = torch.cartesian_prod(*objects.allowed)
        classes = classes[held_out(classes)]
        self.classes = dict(zip(map(self.key, render(classes)), classes, strict=True))

    @staticmethod
    def key(picture: Tensor) -> bytes:
        return np.packbits(picture.numpy()).tobytes()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        classes = torch.stack([self.classes[self.key(image.to(torch.uint8))] for image in images[:, 0]]).float()
        mean = torch.diag_embed(classes).repeat(1, 1, 2)
        return mean, torch.zeros_like(mean)


class Draw(nn.Module):
    """A decoder that takes the sum of two objects apart, and renders them. The second half of the second slot is negative."""

    def forward(self, vectors: Tensor) -> Tensor:
        same, other = vectors[:, :5], vectors[:, 5:]
        first, second = (((same + sign * other) / 2).round().long() for sign in (1, -1))
        return 20.0 * (render(first) | render(second))[:, None] - 10


@pytest.fixture(scope="module")
def ideal() -> SceneModel:
    """A model that encodes, composes and draws without any error."""
    roles = ItemMemory(FEATURES, vectors=torch.ones(5, 10))
    slots = ItemMemory(("first", "second"), vectors=torch.tensor([[1.0] * 10, [1.0] * 5 + [-1.0] * 5]))
    return SceneModel(Look(Objects.identifiable(held_out=True)), Draw(), roles, slots).eval()


def test_an_ideal_model_draws_the_truth_after_an_edit_by_algebra(ideal: SceneModel) -> None:
    for feature in range(5):
        edits = sample_edits(20, feature, Objects.identifiable(held_out=True), torch.Generator().manual_seed(feature))
        before, after = edit_by_algebra(ideal, edits)
        assert torch.equal(before > 0.5, edits.scenes().bool())
        if feature != ORIENTATION:  # two orientations of a small square can be one picture
            assert torch.equal(after > 0.5, edits.truths()[:, 0].bool())


def test_an_ideal_model_gets_full_marks(ideal: SceneModel) -> None:
    metrics = measure(ideal, Objects.identifiable(held_out=True), 100, torch.Generator().manual_seed(0))
    assert metrics["reconstruction_iou"] == 1
    assert list(metrics["edit_iou"]) == list(metrics["edit_shown"]) == list(FEATURES)
    assert list(metrics["edit_shown_within_one"]) == list(FEATURES[1:])
    for name in FEATURES:
        exact = name != "orientation"
        assert metrics["edit_iou"][name] == pytest.approx(1, abs=0 if exact else 0.01)
        assert metrics["edit_shown"][name] == pytest.approx(1, abs=0 if exact else 0.05)


def test_a_model_that_ignores_the_edit_shows_it(ideal: SceneModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SceneModel, "edit", lambda model, scene, slot, feature, old, new: scene)
    metrics = measure(ideal, Objects.identifiable(held_out=True), 50, torch.Generator().manual_seed(0))
    assert metrics["reconstruction_iou"] == 1
    assert max(metrics["edit_iou"].values()) < 0.95
    assert max(metrics["edit_shown"].values()) < 0.1
