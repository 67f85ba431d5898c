import pytest
import torch
from torch import Tensor, nn

from tasks.data.dsprites.factors import FEATURES
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.scenes import observe_scenes, sample_scenes
from tasks.evaluation.composition import measure_scenes, scene_vectors
from tasks.evaluation.reading import learn_codebooks
from tasks.symbolic.model import SceneModel
from tests.tasks.populations import identifiable
from vsa import ItemMemory

OBJECTS = identifiable("test")
COUNT = 4


class Pixels(nn.Module):
    """An encoder whose first feature is the picture itself, row by row; the other four are empty."""

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean = torch.zeros(len(images), 5, 64 * 64)
        mean[:, 0] = images.flatten(1)
        return mean, torch.zeros_like(mean)


class Show(nn.Module):
    """A decoder that takes the vector for the picture."""

    def forward(self, vectors: Tensor) -> Tensor:
        return 20.0 * vectors.view(-1, 1, 64, 64) - 10


@pytest.fixture(scope="module")
def ideal() -> SceneModel:
    """A model that adds pictures without any error."""
    roles = ItemMemory(FEATURES, vectors=torch.ones(5, 64 * 64))
    slots = ItemMemory([f"object {n + 1}" for n in range(COUNT)], vectors=torch.ones(COUNT, 64 * 64))
    model = SceneModel(Pixels(), Show(), roles, slots, decoding="whole").eval()
    learn_codebooks(model, OBJECTS, torch.Generator().manual_seed(0), pictures=500)
    return model


def test_the_truth_is_the_sum_of_the_objects() -> None:
    scenes = sample_scenes(torch.tensor([2, 3, 4]), OBJECTS, torch.Generator().manual_seed(0))
    for row, picture in zip(scenes, observe_scenes(scenes, DSPRITES), strict=True):
        assert torch.equal(render(row[row[:, 0] >= 0]).sum(0, dtype=torch.uint8), picture[0])


def test_absent_objects_have_the_zero_vector(ideal: SceneModel) -> None:
    scenes = sample_scenes(torch.tensor([2, 4]), OBJECTS, torch.Generator().manual_seed(0))
    objects, whole = scene_vectors(ideal, scenes, DSPRITES)
    assert not objects[0, 2:].any()
    assert objects[1].flatten(1).any(1).all()
    torch.testing.assert_close(whole, objects.sum(1))


def test_an_ideal_model_draws_scenes_with_an_object_more_and_less(ideal: SceneModel) -> None:
    metrics = measure_scenes(ideal, COUNT, OBJECTS, 10, torch.Generator().manual_seed(0))
    for key in ("reconstruction_iou", "reconstruction_document", "removed_iou", "added_iou"):
        assert metrics[key] == {"2": 1.0, "3": 1.0, "4": 1.0}, key
    assert set(metrics["read"]["4"]) == set(FEATURES)


def test_a_model_that_forgets_to_subtract_shows_it(ideal: SceneModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SceneModel, "in_slot", lambda model, objects, slot: torch.zeros_like(objects))
    metrics = measure_scenes(ideal, COUNT, OBJECTS, 10, torch.Generator().manual_seed(0))
    assert max(metrics["removed_iou"].values()) < 0.9
    assert max(metrics["added_iou"].values()) < 0.9
