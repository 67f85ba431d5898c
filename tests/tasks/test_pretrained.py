"""Folders of saved models: whole, described, and refused when something about them is not right."""

import errno
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from huggingface_hub import ModelCard

from tasks import load_model
from tasks.card import card
from tasks.data.dsprites.sprites import DSPRITES
from tasks.evaluation.reading import empty_codebooks
from tasks.json_file import write_json
from tasks.provenance import Provenance
from tasks.symbolic.config import PairedConfig, PairedSceneConfig, SceneConfig
from tasks.symbolic.model import SceneModel
from tasks.symbolic.stages import PAIRED, PAIRED_SCENE, SCENE
from tasks.weights import SHIPPED, save
from tests.helpers import as_a_user, error
from vsa import __version__, tensor_file
from vsa.errors import InputError, OutputError, VSAError

SMALL = PairedConfig(dim=32, encoder="conv", decoder="conv", seed=3)


def small(**settings: Any) -> SceneModel:
    """An untrained model with codebooks."""
    config = PairedConfig.from_json(SMALL.as_json() | settings)
    model = PAIRED.build(config).eval()
    empty_codebooks(model, DSPRITES)
    return model


def same(model: SceneModel, other: SceneModel) -> bool:
    """Whether all weights, memories and codebooks are the same, bit for bit."""
    mine, its = model.state_dict(), other.state_dict()
    return list(mine) == list(its) and all(torch.equal(mine[name], its[name]) for name in mine)


def page_of(model: SceneModel, provenance: Provenance) -> str:
    """The page of a model that is said to come from there."""
    return card(model.page(provenance), provenance)


@pytest.mark.parametrize("name", ["paired", "scene", "paired-scene"])
def test_a_shipped_model_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    model = load_model(name)
    model.save_pretrained(tmp_path / "new" / "folder")
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == {"model.safetensors", "config.json", "README.md"}
    back = SceneModel.from_pretrained(str(tmp_path / "new" / "folder"))
    assert same(model, back)
    assert not back.training
    assert model.provenance is not None
    assert back.provenance is not None
    assert back.provenance == model.provenance.published()
    stored = load_model(SHIPPED / f"{name}.safetensors").provenance.metrics
    assert {**back.provenance.metrics, "config": {}} == {**stored, "config": {}}
    assert len(back.codebooks) == 5


def test_the_settings_are_json(tmp_path: Path) -> None:
    small().save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text()) == {
        "model_type": "vsa-torch-scene",
        "library_name": "vsa-torch",
        "task": "paired",
        "version": __version__,
        "config": SMALL.as_json(),
    }


def test_weights_are_kept_in_float32_unless_half_is_asked_for(tmp_path: Path) -> None:
    model = small().half().float()
    sizes = []
    for half in (False, True):
        model.save_pretrained(tmp_path, half=half)
        sizes.append((tmp_path / "model.safetensors").stat().st_size)
        assert same(model, SceneModel.from_pretrained(tmp_path))
        assert f"| weights | safetensors, {'float16' if half else 'float32'} |" in (tmp_path / "README.md").read_text()
    assert sizes[1] < 0.55 * sizes[0]
    model.half().save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size == sizes[0]


def test_a_saved_model_is_taken_wherever_a_run_is(tmp_path: Path) -> None:
    model = small()
    model.save_pretrained(tmp_path)
    assert same(model, load_model(str(tmp_path)))
    after = PAIRED_SCENE.build(PairedSceneConfig(dim=32, encoder="conv", decoder="conv"))
    PAIRED.start_from(after, tmp_path)
    assert torch.equal(after.roles.vectors, model.roles.vectors)


def test_what_a_model_says_of_itself(tmp_path: Path) -> None:
    assert PAIRED.build(SMALL).provenance == Provenance("paired", SMALL, {})
    config = SceneConfig(dim=32, steps=1, batch_size=8, evaluate=1, objects=2, device="cpu", out=tmp_path)
    result = SCENE.run(config)
    assert result.model.provenance == Provenance("scene", config, result.metrics)
    loaded = load_model(tmp_path)
    assert loaded.provenance == result.model.provenance
    (checkpoint,) = (tmp_path / "checkpoints").iterdir()
    assert load_model(checkpoint).provenance == Provenance("scene", config, {})


def test_a_model_composed_by_hand_is_not_saved(tmp_path: Path) -> None:
    model = small()
    composed = SceneModel(model.encoder, model.decoder, model.roles, model.slots)
    with error(VSAError, "composed by hand, so no settings say how to build it again; make it with a task"):
        composed.save_pretrained(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["paired", "scene", "paired-scene"])
def test_the_page_is_one_that_a_hub_reads(name: str, tmp_path: Path) -> None:
    model = load_model(name)
    assert model.provenance is not None
    model.save_pretrained(tmp_path)
    data: Any = ModelCard.load(tmp_path / "README.md").data
    assert (data.library_name, data.license, data.pipeline_tag) == ("vsa-torch", "mit", "image-to-image")
    assert data.tags is not None
    assert "vector-symbolic-architectures" in data.tags
    assert data.eval_results is not None
    assert all(result.metric_type == "iou" and 0.9 < result.metric_value <= 1 for result in data.eval_results)
    found = {result.metric_name: result.metric_value for result in data.eval_results}
    if name == "scene":
        right = model.provenance.metrics["removed_iou"]["3"]
        assert found["IoU after an object was removed, 3 objects"] == pytest.approx(right, abs=1e-4)
    else:
        assert found["reconstruction IoU"] == pytest.approx(model.provenance.metrics["reconstruction_iou"], abs=1e-4)
        assert found["IoU after one feature was edited, x"] == pytest.approx(model.provenance.metrics["edit_iou"]["x"], abs=1e-4)


@pytest.mark.parametrize("name", ["paired", "scene"])
def test_the_page_says_what_was_measured_and_how_it_was_trained(name: str) -> None:
    model = load_model(name)
    assert model.provenance is not None
    metrics, page = model.provenance.metrics, page_of(model, model.provenance)
    assert f"# vsa-torch {name}\n" in page
    assert f"{metrics['steps']:,} steps in {metrics['seconds']:,.0f} s on {metrics['device']}" in page
    assert f"| minutes | `{model.provenance.config.minutes}` |" in page
    if name == "scene":  # of networks that are not the usual ones
        assert "| encoder | `glimpse`, 995,970 parameters |" in page
    assert "runs/stages" not in page
    if name == "paired":
        assert f"reconstruction IoU {metrics['reconstruction_iou']:.3f}, every feature" in page
        assert f"| recomposed: IoU | {' | '.join(f'{value:.3f}' for value in metrics['edit_iou'].values())} |" in page
    else:
        assert f"| 5 | {metrics['reconstruction_iou']['5']:.3f} | " in page
    for line in page.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_its_python_runs_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_model("paired-scene").save_pretrained(tmp_path)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (tmp_path / "README.md").read_text(), re.S)
    session: dict[str, Any] = {}
    with as_a_user():
        exec(code, session)
    assert session["picture"].shape == (1, 1, 64, 64)
    assert session["model"].read(session["edited"], slot=0).tolist() == [2, 2, 13, 10, 10], (
        "a third of the way in each factor, and the donor's shape"
    )


def test_the_page_of_a_model_that_was_not_measured() -> None:
    config = PairedConfig(dim=32, encoder="encoders.conv:ConvEncoder", decoder="conv", test='shape == heart or "|`"')
    page = page_of(PAIRED.build(config), Provenance("paired", config))
    assert "Nothing yet: the model was saved before its training had ended. `vsa evaluate .` measures it." in page
    assert "| codebooks | none: its training was stopped before they were learnt |" in page
    assert 'SceneModel.from_pretrained(".", trust=True)' in page
    assert "model.read(" not in page
    assert '| test | `` shape == heart or "\\|`" `` |' in page
    head = yaml.safe_load(page.split("---\n")[1])
    assert head["library_name"] == "vsa-torch"
    assert "model-index" not in head
    usual = PairedConfig()
    assert "All settings are the usual ones; config.json has them." in page_of(small(), Provenance("paired", usual))


def test_code_that_is_not_trusted(tmp_path: Path) -> None:
    model = small(encoder="encoders.conv:ConvEncoder")
    model.save_pretrained(tmp_path)
    with error(InputError, "names the encoder 'encoders.conv:ConvEncoder'", "trust=True"):
        SceneModel.from_pretrained(tmp_path)
    assert same(model, SceneModel.from_pretrained(tmp_path, trust=True))


@dataclass(frozen=True)
class OwnConfig(PairedConfig):
    """Settings of somebody else's, with a path of theirs."""

    sketches: Path = Path("sketches")


def test_nothing_of_the_authors_machine_is_published(tmp_path: Path) -> None:
    secret = tmp_path / "home" / "somebody"
    paths = {name: str(secret / name) for name in ("out", "start", "data", "sketches")}
    config = OwnConfig.from_json(SMALL.as_json() | paths)
    model = small()
    model.provenance = Provenance("paired", config, {"reconstruction_iou": 0.5, "config": config.as_json()})
    model.save_pretrained(tmp_path / "saved")
    for path in (tmp_path / "saved").iterdir():
        assert b"somebody" not in path.read_bytes(), path.name
    described, _ = tensor_file.read(tmp_path / "saved" / "model.safetensors", None)
    stored = json.loads(described["config"])
    assert (stored["out"], stored["start"], stored["data"], stored["sketches"]) == ("runs/paired", None, None, "sketches")
    assert json.loads(described["metrics"]) == {"reconstruction_iou": 0.5, "config": stored}
    assert model.provenance.config == config


@pytest.mark.parametrize("broken", ["tasks.pretrained.card", "tasks.pretrained.write_json", "tasks.pretrained.save"])
def test_a_folder_is_whole_or_as_it_was(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    small(seed=1).save_pretrained(tmp_path / "old")
    before = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    monkeypatch.setattr(broken, full)
    for folder in (tmp_path / "old", tmp_path / "new" / "folder"):
        with pytest.raises(OSError, match="No space left on device"):
            small(seed=2).save_pretrained(folder)
    assert {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before
    assert not (tmp_path / "new").exists()


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    small().save_pretrained(tmp_path)
    stored = json.loads((tmp_path / "config.json").read_text())
    together = f"{tmp_path / 'config.json'} and {tmp_path / 'model.safetensors'} do not belong together: they differ in "
    for changed, message in (
        ({"task": "scene"}, f"{together}task, 'scene' and 'paired'"),
        ({"config": stored["config"] | {"seed": 4}}, f"{together}seed, 4 and 3"),
        ({"config": stored["config"] | {"colour": "red"}}, f"{together}colour, 'red' and None"),
        ({"config": {name: value for name, value in stored["config"].items() if name != "dim"}}, f"{together}dim, None and 32"),
        ({"config": None}, f"{together}config, None and "),
        ({"model_type": "bert"}, "is of a model of the type 'bert', none of those that vsa-torch writes"),
    ):
        write_json(tmp_path / "config.json", stored | changed)
        for read in (SceneModel.from_pretrained, load_model):
            with error(InputError, message):
                read(tmp_path)
        with error(InputError, message):
            PAIRED.start_from(small(), tmp_path)
    (tmp_path / "config.json").write_text("{")
    with error(InputError, "config.json does not hold JSON"):
        SceneModel.from_pretrained(tmp_path)


def test_folders_that_hold_no_saved_model(tmp_path: Path) -> None:
    with error(InputError, f"there is no folder {tmp_path / 'no'}; nothing is fetched: give the path of one"):
        SceneModel.from_pretrained(tmp_path / "no")
    with error(InputError, f"{tmp_path} is not a folder of a saved model: it has no config.json"):
        SceneModel.from_pretrained(tmp_path)
    small().save_pretrained(tmp_path)
    whole = (tmp_path / "model.safetensors").read_bytes()
    for damaged in (whole[:100], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        (tmp_path / "model.safetensors").write_bytes(damaged)
        with error(InputError, "model.safetensors"):
            SceneModel.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with error(InputError, "it has no model.safetensors"):
        SceneModel.from_pretrained(tmp_path)
    described = {"task": "paired", "config": json.dumps(SMALL.as_json()), "metrics": "[1]"}
    tensor_file.write(tmp_path / "model.safetensors", small().state_dict(), described, "vsa-torch model 1")
    with error(InputError, "does not hold a model of this project"):
        SceneModel.from_pretrained(tmp_path)
    save(small(), "paired", SMALL, {}, tmp_path / "model.safetensors")
    write_json(tmp_path / "config.json", {"task": "paired", "config": SMALL.as_json()})  # as a run has it
    with error(InputError, "config.json does not say which type of model it is of"):
        SceneModel.from_pretrained(tmp_path)
    assert same(load_model(tmp_path), small())


def test_nothing_else_is_replaced(tmp_path: Path) -> None:
    model = small()
    (tmp_path / "file").write_text("")
    with error(OutputError, f"cannot write to the folder {tmp_path / 'file'}"):
        model.save_pretrained(tmp_path / "file")
    for name in ("README.md", "config.json", "model.safetensors", "metrics.jsonl"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text("{}")
        with error(OutputError, f"there is something else in {folder} already ({name}), which would be replaced"):
            model.save_pretrained(folder)
        assert (folder / name).read_text() == "{}"
    saved = tmp_path / "saved"
    for seed in (0, 1):
        small(seed=seed).save_pretrained(saved)
    assert same(SceneModel.from_pretrained(saved), small(seed=1))
    shutil.copy(saved / "model.safetensors", saved / "metrics.json")
    with error(OutputError, "there is something else"):
        model.save_pretrained(saved)
