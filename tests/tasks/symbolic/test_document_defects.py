"""What is wrong in the code behind dSprites VSA, one test for each: none of it can be wrong here."""

import pytest
import torch
from torch import Tensor

from tasks.data.dataset import Dataset
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.pairs import differ, one_feature, sample_paired_scenes
from tasks.data.population import Population
from tasks.symbolic.config import PairedSceneConfig
from tasks.symbolic.model import SceneModel
from tasks.symbolic.stages import PAIRED_SCENE as TASK


@pytest.fixture
def model() -> SceneModel:
    return TASK.build(PairedSceneConfig(dim=1024, encoder="conv-small", decoder="conv-small")).eval()


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_writing_the_pairs_labels_leaves_the_table_of_labels_alone() -> None:
    first = Population(DSPRITES).sample(50, torch.Generator().manual_seed(0))
    before = first.clone()
    other = differ(first, torch.ones(50, 5, dtype=torch.bool), Population(DSPRITES), torch.Generator().manual_seed(1))
    other.zero_()
    assert torch.equal(first, before)
    scenes = sample_paired_scenes(one_feature(20, 5, torch.Generator()), Population(DSPRITES), torch.Generator().manual_seed(2))
    kept = scenes.first.clone()
    scenes.pair.zero_()
    assert torch.equal(scenes.first, kept)


def test_feature_and_slot_vectors_are_seven_different_ones(model: SceneModel) -> None:
    vectors = torch.cat([model.roles.vectors, model.slots.vectors])
    cosines = vectors @ vectors.T / 1024
    assert (cosines - torch.eye(7)).abs().max() < 0.2


def test_the_shared_object_is_bound_once_in_each_scene(model: SceneModel) -> None:
    objects = normal(2, 2, 1024)
    before = objects.clone()
    first, again = model.scene(objects), model.scene(objects)
    assert torch.equal(first, again)
    assert torch.equal(objects, before)
    shared = first - model.in_slot(objects[:, 0], 0)
    torch.testing.assert_close(shared, model.in_slot(objects[:, 1], 1), rtol=1e-4, atol=1e-4)


def test_role_vectors_are_in_the_checkpoint_and_follow_the_model(model: SceneModel) -> None:
    assert {"roles.vectors", "slots.vectors"} <= set(model.state_dict())
    moved = model.to("meta")
    assert {moved.roles.vectors.device.type, moved.slots.vectors.device.type} == {"meta"}


def test_two_objects_have_the_same_weight_in_a_scene(model: SceneModel) -> None:
    objects = normal(1, 2, 1024)
    for slot in range(2):
        alone = torch.zeros_like(objects)
        alone[:, slot] = objects[:, slot]
        taken = model.scene(alone)
        assert taken.norm() / objects[:, slot].norm() == pytest.approx(1, abs=0.01)


def test_nothing_that_is_measured_was_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[Tensor]] = {"train": [], "test": []}
    config = PairedSceneConfig(
        batch_size=64, steps=1, dim=32, encoder="conv-small", decoder="conv-small", device="cpu", evaluate=8
    )

    observe = Dataset.observe

    def watch(dataset: Dataset, classes: Tensor) -> Tensor:
        seen["train"].append(classes)
        return observe(dataset, classes)

    monkeypatch.setattr(Dataset, "observe", watch)
    built, _ = TASK.learn(config)
    monkeypatch.undo()

    from tasks.evaluation import editing

    sample = editing.sample_edits

    def noted(*given: object) -> object:
        edits = sample(*given)  # pyright: ignore[reportArgumentType]
        seen["test"].extend([edits.first, edits.edited, edits.others.flatten(0, 1), edits.donors.flatten(0, 1)])
        return edits

    monkeypatch.setattr(editing, "sample_edits", noted)
    TASK.measure(built, config)
    trained, measured = ({tuple(row) for row in torch.cat(classes).tolist()} for classes in seen.values())
    assert len(trained) > 50
    assert len(measured) > 100
    assert not trained & measured


def test_role_vectors_keep_the_scale_of_what_they_bind(model: SceneModel) -> None:
    features = normal(8, 5, 1024)
    assert model.object(features).std() / features.std() == pytest.approx(5**0.5, rel=0.05)
    assert model.scene(model.object(features).unflatten(0, (4, 2))).std() == pytest.approx(10**0.5, rel=0.05)
