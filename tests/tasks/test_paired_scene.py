import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from tasks import paired_scene
from tasks.config import PairedSceneConfig
from tasks.data.factors import FEATURES
from tasks.data.sampling import Objects
from tasks.data.schemes import donors
from tasks.paired_scene import build, learn, load_run, run
from tests.helpers import error
from vsa.errors import DtypeError, OutputError, PluginError, RangeError, VSAError


def small(**settings: Any) -> PairedSceneConfig:
    return PairedSceneConfig(**{"steps": 2, "batch_size": 32, "dim": 64, "evaluate": 3, "device": "cpu", **settings})


def test_a_run_writes_what_it_says(tmp_path: Path) -> None:
    result = run(small(out=tmp_path / "run", seed=4))
    assert {path.name for path in result.folder.iterdir()} == {"metrics.json", "edits.png", "model.safetensors"}
    metrics = json.loads((result.folder / "metrics.json").read_text())
    assert metrics["steps"] == 2
    assert metrics["device"] == "cpu"
    assert metrics["images_per_second"] == pytest.approx(64 / metrics["seconds"])
    assert metrics["config"]["seed"] == 4
    assert 0 <= metrics["reconstruction_iou"] <= 1
    for part in (metrics, metrics["identifiable"]):
        assert set(part["edit_iou"]) == set(part["edit_shown"]) == set(FEATURES)

    images = torch.randint(2, (3, 1, 64, 64), dtype=torch.uint8)
    for path in (result.folder, result.folder / "model.safetensors"):
        torch.testing.assert_close(load_run(path).features(images), result.model.cpu().features(images))
    assert {"roles.vectors", "slots.vectors"} <= set(load_file(result.folder / "model.safetensors"))


@pytest.mark.parametrize(
    "settings",
    [
        {"scheme": "one"},
        {"scheme": "subset", "loss": "mse", "reduction": "mean"},
        {"kl": 0.0, "precision": "bfloat16"},
        {"encoder": "conv-document", "decoder": "conv-document", "dim": 32},
    ],
    ids=str,
)
def test_every_choice_trains(settings: dict[str, Any]) -> None:
    model, trained = learn(small(**settings))
    assert trained.steps == 2
    assert all(weight.isfinite().all() for weight in model.parameters())


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    def weights(seed: int) -> torch.Tensor:
        model, _ = learn(small(seed=seed, steps=3))
        return torch.cat([weight.detach().flatten() for weight in model.state_dict().values()])

    first = weights(0)
    assert torch.equal(first, weights(0))
    assert not torch.equal(first, weights(1))


def test_learning_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    build(small())
    learn(small())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_few_seconds_learn_more_than_the_best_constant_picture() -> None:
    targets = donors(2000, Objects(), torch.Generator().manual_seed(0)).targets.double()
    on = targets.mean(0).clamp(1e-6, 1 - 1e-6)
    constant = -(on * on.log() + (1 - on) * (1 - on).log()).sum().item()
    _, trained = learn(small(steps=150, dim=256, learning_rate=0.003, kl=0.0))
    assert trained.loss < 0.95 * constant


@pytest.mark.slow
def test_a_minute_or_two_learns_scenes_and_edits() -> None:
    from tasks.paired_scene import evaluate

    config = PairedSceneConfig(steps=700, device="cpu", evaluate=100)
    model, _ = learn(config)
    metrics = evaluate(model, config)
    assert metrics["reconstruction_iou"] > 0.6
    assert min(metrics["edit_iou"].values()) > metrics["reconstruction_iou"] - 0.1


def test_what_was_learnt_is_kept_when_measuring_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(paired_scene, "evaluate", fail)
    with pytest.raises(ZeroDivisionError):
        run(small(out=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    assert load_run(tmp_path).roles.names == FEATURES


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
        ({"batch_size": 8}, RangeError, ["donors needs a batch of at least 32", "got 8"]),
        ({"scheme": "one", "batch_size": 3}, RangeError, ["an even size", "got 3"]),
        ({"out": tmp_path / "file" / "run"}, OutputError, ["cannot write to the folder"]),
    ]
    for settings, kind, parts in cases:
        with error(kind, *parts):
            run(small(**{"out": tmp_path / "new" / "run", **settings}))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_files_that_hold_no_model(tmp_path: Path) -> None:
    with error(RangeError, "there is no model at", "model.safetensors", "examples/paired_scene.py"):
        load_run(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"no such thing")
    with error(RangeError, "does not hold a paired scene model"):
        load_run(path)
    save_file({"x": torch.zeros(1)}, path)
    with error(RangeError, "does not hold a paired scene model"):
        load_run(path)
    save_file({"x": torch.zeros(1)}, path, metadata={"config": json.dumps(small().as_json())})
    with error(RangeError, "does not hold a paired scene model", "roles.vectors"):
        load_run(path)
