"""Files name code, but only the user runs it: for every setting of every task, by every way in which a file is read."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from tasks.command_line import status_of
from tasks.config import RunConfig
from tasks.configs import CONFIGS
from tasks.console import train
from tasks.loading import load_model
from tasks.symbolic.config import PairedConfig
from tasks.symbolic.stages import PAIRED as TASK
from tasks.training.manifest import RunFiles
from tasks.weights import KIND, open_weights
from tests.helpers import error
from vsa import tensor_file
from vsa.command_line import status_of as vsa
from vsa.errors import InputError

SMALL: dict[str, Any] = {"dim": 16, "encoder": "conv-small", "decoder": "conv-small", "device": "cpu"}


@pytest.fixture(autouse=True)
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that says when it is imported, or one of its functions is called."""
    (tmp_path / "planted.py").write_text("open(__file__ + '.ran', 'w').close()\ndef Foo(**given):\n    raise SystemExit(9)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "planted", raising=False)
    return tmp_path / "planted.py.ran"


TEXTS = [
    (task, field.name)
    for task, config in CONFIGS.items()
    for field in dataclasses.fields(config)
    if get_type_hints(config)[field.name] is str
]
"""Each setting that can hold any text; one that names code is among them."""


def test_every_setting_that_names_code_is_among_those_that_are_tried() -> None:
    assert {(task, name) for task in CONFIGS for name in ("dataset", "encoder", "decoder")} <= set(TEXTS)


def forged(task: str, setting: str) -> tuple[RunConfig, dict[str, Any]]:
    held: dict[str, Any] = {"split": None} if setting in ("test", "validation") else {}  # which may say what is held out, too
    config = dataclasses.replace(CONFIGS[task](), start=Path("vae"), **held, **{setting: "planted:Foo"})
    return config, config.as_json()


@pytest.mark.parametrize(("task", "setting"), TEXTS)
def test_resuming_runs_no_code_that_config_json_names(
    task: str, setting: str, tmp_path: Path, planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"task": task, "config": forged(task, setting)[1]}))
    seen: list[RunConfig] = []
    flags = ["--resume", "--out", str(folder)]
    assert status_of(CONFIGS[task], seen.append, flags) == 2
    flag = f"--{setting.replace('_', '-')}"
    assert capsys.readouterr().err == (
        f"error: {folder / 'config.json'} names the {setting} 'planted:Foo', code that is no part of this project; if you know "
        f"it, name it again with {flag} planted:Foo, or go on with --resume --trust\n"
    )
    assert (seen, planted.exists()) == ([], False)
    for trusted in (["--trust"], [flag, "planted:Foo"], [f"{flag}=planted:Foo"]):
        assert status_of(CONFIGS[task], seen.append, [*flags, *trusted]) == 0
        assert getattr(seen.pop(), setting) == "planted:Foo"
    assert status_of(CONFIGS[task], seen.append, [*flags, flag, "other"]) == 0, "it is not used"
    assert not planted.exists(), "the one who is handed the settings imports it, nobody else"


def test_what_the_user_names_is_run_and_what_the_file_names_beside_it_is_not(tmp_path: Path, planted: Path) -> None:
    stored = PairedConfig(encoder="planted:Foo", decoder="planted:Foo", out=tmp_path).as_json()
    RunFiles(tmp_path).write_json("config.json", {"task": "paired", "config": stored})
    flags = ["paired", "--resume", "--out", str(tmp_path), "--encoder", "planted:Foo"]
    assert train.status_of(flags) == 2
    assert not planted.exists()
    with pytest.raises(SystemExit) as called:
        train.status_of([*flags, "--trust"])
    assert (called.value.code, planted.exists()) == (9, True)
    assert "trust" not in PairedConfig(trust=True).as_json()


@pytest.mark.parametrize(("task", "setting"), TEXTS)
def test_models_run_no_code_that_they_name(task: str, setting: str, tmp_path: Path, planted: Path) -> None:
    path = tmp_path / "model.safetensors"
    described = {"task": task, "config": json.dumps(forged(task, setting)[1])}
    tensor_file.write(path, {}, described, KIND)
    with error(InputError, f"names the {setting} 'planted:Foo'"):
        load_model(path)
    assert open_weights(path)[0] == described
    for command in ("evaluate", "edit"):
        assert vsa([command, str(path)]) == 2
    assert not planted.exists()


def test_the_task_of_a_file_is_code_too(tmp_path: Path, planted: Path) -> None:
    tensor_file.write(tmp_path / "model.safetensors", {}, {"task": "planted:Foo", "config": "{}"}, KIND)
    with error(InputError, "names the task 'planted:Foo'", "trust=True"):
        load_model(tmp_path)
    assert not planted.exists()


@pytest.mark.parametrize(
    "value", ["planted:Foo", ("conv", "planted:Foo"), ["planted:Foo"], {"planted:Foo": 1}, {"a": {"b": ["planted:Foo"]}}]
)
def test_code_is_found_however_a_setting_holds_it(value: Any) -> None:
    @dataclasses.dataclass(frozen=True)
    class Own(RunConfig):
        parts: Any = None

    assert Own(parts=value).code() == {"parts": str(value)}
    assert Own(parts=Path("C:/data")).code() == {}


def test_starting_from_a_file_takes_its_weights_alone(tmp_path: Path, planted: Path) -> None:
    weights = TASK.build(PairedConfig(**SMALL)).state_dict()
    described = {"task": "planted:Foo", "config": json.dumps(forged("paired", "encoder")[1])}
    tensor_file.write(tmp_path / "model.safetensors", weights, described, KIND)
    TASK.start_from(TASK.build(PairedConfig(**SMALL)), tmp_path)
    assert not planted.exists()
