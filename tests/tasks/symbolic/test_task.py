import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from tasks import load_model
from tasks.data.dsprites.factors import FEATURES
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.schemes import combine_donors
from tasks.symbolic.config import PairedConfig, PairedSceneConfig, SceneConfig, StageConfig
from tasks.symbolic.stages import PAIRED, PAIRED_SCENE, SCENE
from tasks.symbolic.task import Stage
from tasks.task import Task
from tests.helpers import error
from vsa.errors import DtypeError, ExpressionError, InputError, OutputError, PluginError, RangeError, VSAError

TASKS: list[Stage[Any]] = [PAIRED, SCENE, PAIRED_SCENE]
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)


def small(task: Stage[Any], **settings: Any) -> Any:
    fixed = {"steps": 2, "batch_size": 16, "dim": 64, "evaluate": 3, "device": "cpu"}
    plain = {"encoder": "conv-small", "decoder": "conv-small"}
    return task.config(**fixed | plain | settings)


@each_task
def test_a_run_writes_what_it_says(task: Stage[Any], tmp_path: Path) -> None:
    result = task.run(small(task, out=tmp_path / "run", seed=4))
    written = {
        "config.json",
        "manifest.json",
        "metrics.jsonl",
        "metrics.json",
        "model.safetensors",
        "checkpoints",
        "loss.png",
        *task.figures,
    }
    assert {path.name for path in result.folder.iterdir()} == written
    assert [path.name for path in (result.folder / "checkpoints").iterdir()] == ["step-000000002.safetensors"]
    metrics = json.loads((result.folder / "metrics.json").read_text())
    assert metrics["steps"] == 2
    assert metrics["device"] == "cpu"
    assert metrics["images_per_second"] == pytest.approx(32 / metrics["seconds"])
    assert metrics["config"]["seed"] == 4
    for part in (metrics, metrics["identifiable"]):
        if task is SCENE:
            assert set(part["reconstruction_iou"]) == set(part["removed_iou"]) == {"2", "3", "4", "5"}
            assert set(part["read"]["5"]) == set(FEATURES)
        else:
            assert 0 <= part["reconstruction_iou"] <= 1
            assert set(part["edit_iou"]) == set(part["edit_shown"]) == set(part["read_edited"]) == set(FEATURES)

    images = torch.randint(2, (3, 1, 64, 64), dtype=torch.uint8)
    for path in (result.folder, result.folder / "model.safetensors"):
        model = load_model(path)
        features = model.features(images)
        torch.testing.assert_close(features, result.model.cpu().features(images))
        scenes = model.scene(model.object(features)[:, None])
        assert torch.equal(model.read(scenes), result.model.read(scenes))
        assert load_model(result.folder / "model.safetensors").provenance.metrics["steps"] == 2
    assert {"roles.vectors", "slots.vectors", "codebooks.4.vectors"} <= set(load_file(result.folder / "model.safetensors"))


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        (PAIRED, {"scheme": "one", "cosine": 1.0, "exchange": "guessed", "kl": 0.01}),
        (PAIRED, {"scheme": "subset", "cosine": 1.0, "loss": "mse", "reduction": "mean"}),
        (PAIRED, {"roles": "none", "decoding": "whole"}),
        (PAIRED, {"encoder": "glimpse", "decoder": "what-where"}),
        (PAIRED_SCENE, {"roles": "HRR", "scheme": "one"}),
        (PAIRED_SCENE, {"roles": "FHRR", "slots": "random"}),
        (PAIRED_SCENE, {"scheme": "subset", "slots": "none", "decoding": "whole", "precision": "bfloat16"}),
        (PAIRED_SCENE, {"test": "shape == heart and x < 16", "validation": "tenth == 3"}),
        (SCENE, {"slots": "random", "objects": 3}),
        (SCENE, {"roles": "none", "slots": "none", "decoding": "whole"}),
    ],
    ids=lambda value: value.name if isinstance(value, Stage) else "-".join(map(str, value.values())),
)
def test_every_choice_trains(task: Stage[Any], settings: dict[str, Any]) -> None:
    model, trained = task.learn(small(task, **settings))
    assert trained.steps == 2
    assert all(weight.isfinite().all() for weight in model.parameters())
    task.evaluate(model, Population(DSPRITES, "validation"), small(task, **settings), torch.Generator().manual_seed(0))


@each_task
def test_the_preset_of_the_document_has_its_sizes_and_settings(task: Stage[Any]) -> None:
    config = task.config.named("document")
    model = task.build(config)
    assert sum(weight.numel() for weight in model.encoder.parameters()) // 10**6 == 126
    assert model.decoding == "whole"
    assert (config.loss, config.reduction, config.contrastive) == ("bce", "sum", 0)
    task.loss(config, model, task.batch(task.config(**vars(config) | {"batch_size": 2}), Population(DSPRITES), 0), 0.0)
    with error(RangeError, "preset must be one of default, document, got 'paper'"):
        task.config.named("paper")


def test_the_documents_losses() -> None:
    paired, scene, both = (kind.named("document") for kind in (PairedConfig, SceneConfig, PairedSceneConfig))
    assert [config.kl for config in (paired, scene, both)] == [0.01, 1.0, 0.01]
    assert [config.batch_size for config in (paired, scene, both)] == [512, 256, 128]
    assert [config.learning_rate for config in (paired, scene, both)] == [0.001, 0.001, 0.0005]
    assert [(config.scheme, config.exchange) for config in (paired, both)] == [("one", "guessed")] * 2
    assert (scene.roles, scene.slots) == ("none", "none")


def test_roles_and_slots_are_distinct_and_bind_nothing_where_there_are_none() -> None:
    model = PAIRED_SCENE.build(small(PAIRED_SCENE))
    vectors = torch.cat([model.roles.vectors, model.slots.vectors])
    assert len(vectors.unique(dim=0)) == 7, "the document's memories of one seed had five distinct vectors of seven"
    assert vectors.abs().unique().tolist() == [1], "vectors of norm 1 would shrink what they bind"
    assert {"roles.vectors", "slots.vectors"} <= set(model.state_dict())
    features = torch.randn(2, 5, 64)
    torch.testing.assert_close(PAIRED_SCENE.build(small(PAIRED_SCENE, roles="none")).object(features), features.sum(1))
    alone = PAIRED.build(small(PAIRED))
    torch.testing.assert_close(alone.scene(features[:, :1]), features[:, 0])
    unslotted = SCENE.build(small(SCENE, slots="none"))
    torch.testing.assert_close(unslotted.scene(features), features.sum(1))


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    def weights(seed: int) -> torch.Tensor:
        model, _ = PAIRED_SCENE.learn(small(PAIRED_SCENE, seed=seed, steps=3))
        return torch.cat([weight.detach().flatten() for weight in model.state_dict().values()])

    first = weights(0)
    assert torch.equal(first, weights(0))
    assert not torch.equal(first, weights(1))


def test_learning_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    PAIRED.build(small(PAIRED))
    PAIRED.learn(small(PAIRED))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_few_seconds_learn_more_than_the_best_constant_picture() -> None:
    targets = combine_donors(2000, 1, Population(DSPRITES), torch.Generator().manual_seed(0)).targets.double()
    on = targets.mean(0).clamp(1e-6, 1 - 1e-6)
    constant = -(on * on.log() + (1 - on) * (1 - on).log()).sum().item()
    _, trained = PAIRED.learn(PairedConfig(steps=120, batch_size=128, dim=256, device="cpu"))
    assert trained.loss < 0.8 * constant, "which has no contrastive loss to bear, besides"


@pytest.mark.slow
def test_a_minute_learns_objects_that_compose_and_are_read_back() -> None:
    config = PairedConfig(steps=500, device="cpu", evaluate=100)
    model, _ = PAIRED.learn(config)
    metrics = PAIRED.measure(model, config)
    assert metrics["reconstruction_iou"] > 0.75
    assert metrics["assembly_iou"] > metrics["reconstruction_iou"] - 0.05
    assert min(metrics["read_within_one"].values()) > 0.95


def test_what_was_learnt_is_kept_when_measuring_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Task, "measure", fail)
    with pytest.raises(ZeroDivisionError):
        PAIRED.run(small(PAIRED, out=tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.json",
        "manifest.json",
        "metrics.jsonl",
        "model.safetensors",
        "checkpoints",
    }
    assert load_model(tmp_path).roles.names == FEATURES


class NotAModule:
    def __init__(self, **arguments: Any) -> None: ...


class Picky(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()


def test_what_cannot_run_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cases: list[tuple[dict[str, Any], type[VSAError], list[str]]] = [
        ({"encoder": "cnov"}, PluginError, ["no encoder 'cnov'", "did you mean 'conv'"]),
        ({"decoder": "nowhere:Decoder"}, PluginError, ["no module 'nowhere'"]),
        ({"encoder": f"{__name__}:Picky"}, PluginError, ["cannot be made with image=(1, 64, 64), features=5, dim=64"]),
        ({"encoder": f"{__name__}:NotAModule"}, DtypeError, ["must make a torch.nn.Module, got NotAModule"]),
        ({"steps": -3}, RangeError, ["steps must be at least 1, got -3"]),
        ({"batch_size": 3}, RangeError, ["an even size", "got 3"]),
        ({"scheme": "own"}, RangeError, ["scenes have 2 to 5 objects"]),
        ({"cosine": 1.0}, RangeError, ["cosine must be 0 without pairs", "--scheme one or subset"]),
        ({"dim": 63, "roles": "FHRR"}, RangeError, ["even for FHRR"]),
        ({"test": "shape = heart"}, ExpressionError, ["shape = heart"]),
        ({"out": tmp_path / "file" / "run"}, OutputError, ["cannot write to the folder"]),
    ]
    for settings, kind, parts in cases:
        with error(kind, *parts):
            PAIRED.run(small(PAIRED, **{"out": tmp_path / "new" / "run", **settings}))
    with error(RangeError, "objects must be 2 to 5, got 6"):
        SCENE.run(small(SCENE, objects=6))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_files_that_hold_no_model(tmp_path: Path) -> None:
    with error(InputError, "there is no model at", "model.safetensors", "vsa train"):
        load_model(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"no such thing")
    with error(InputError, "is no safetensors file, or is cut short or damaged"):
        load_model(path)
    save_file({"x": torch.zeros(1)}, path)
    with error(InputError, "does not hold a model"):
        load_model(path)
    config: StageConfig = small(PAIRED)
    save_file({"x": torch.zeros(1)}, path, metadata={"task": "paired", "config": json.dumps(config.as_json())})
    with error(InputError, "does not hold a model", "roles.vectors"):
        load_model(path)


@pytest.mark.parametrize(("task", "dataset"), [(PAIRED, "circles"), (SCENE, "simple")])
def test_other_data_sets_train_are_measured_and_drawn(task: Stage[Any], dataset: str, tmp_path: Path) -> None:
    """Two factors, and colours: in scenes each slot has a mask."""
    settings = {"steps": 1, "batch_size": 8, "dim": 32, "evaluate": 2, "device": "cpu", "out": tmp_path, "dataset": dataset}
    settings |= {"objects": 2} if task is SCENE else {}
    metrics = task.run(task.config(**settings)).metrics
    assert "reconstruction_iou" in metrics
    assert all((tmp_path / name).exists() for name in task.figures)
