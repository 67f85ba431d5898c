"""The laboratory's subcommands, in this process where they can be."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from tasks.configs import CONFIGS
from tasks.console import files
from tasks.data.dsprites import download, original_writer
from tasks.data.dsprites.sprites import DSPRITES
from tasks.evaluation.reading import empty_codebooks
from tasks.symbolic.config import PairedConfig
from tasks.symbolic.model import SceneModel
from tasks.symbolic.stages import PAIRED
from tasks.weights import save
from tests.conftest import ROOT
from vsa import load, plugins
from vsa.command_line import status_of
from vsa.plugins import names

SMALL = ["--steps", "2", "--dim", "64", "--batch-size", "16", "--evaluate", "3", "--device", "cpu"]


@pytest.fixture(autouse=True)
def same_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a run that ended, and what was printed."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    shown = StringIO()
    with redirect_stdout(shown):
        assert status_of(["train", "scene", *SMALL, "--objects", "2", "--out", str(folder), "--seed", "1"]) == 0
    return folder, shown.getvalue()


@pytest.fixture
def run(trained: tuple[Path, str]) -> Path:
    """The folder of a run that ended."""
    return trained[0]


def error_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that these words end in, with status 2."""
    capsys.readouterr()
    assert status_of(words) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err.removeprefix("error: ").removesuffix("\n")


def test_the_built_in_tasks_have_the_settings_that_their_help_shows() -> None:
    assert {name: load("task", name).config for name in CONFIGS} == CONFIGS
    assert set(CONFIGS) == set(plugins.TABLES["task"]) <= set(names("task"))


def test_help_does_not_wait_for_torch() -> None:
    code = """
import sys
from vsa.command_line import status_of
flags = {"train": ["--minutes", "--seed", "--encoder"], "evaluate": ["RUN", "--part", "--trust"]}
flags |= {"edit": ["RUN", "--object", "--feature", "--from"], "data": ["PATH"]}
for words in (["train", "paired"], ["train", "scene"], ["train", "paired-scene"], ["evaluate"], ["edit"], ["data", "write"]):
    try:
        status_of([*words, "--help"])
    except SystemExit as exit:
        assert exit.code == 0
    print(*flags[words[0]], file=sys.stderr)
assert not {"torch", "numpy", "accelerate", "matplotlib"} & set(sys.modules), "something heavy was imported"
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    helps = ended.stdout.split("usage: ")[1:]
    assert [" ".join(help.split()[:3]) for help in helps] == [
        "vsa train paired",
        "vsa train scene",
        "vsa train paired-scene",
        "vsa evaluate [-h]",
        "vsa edit [-h]",
        "vsa data write",
    ]
    for help, flags in zip(helps, ended.stderr.splitlines(), strict=True):
        assert all(flag in help for flag in flags.split())


def test_training_does_what_the_examples_do(trained: tuple[Path, str]) -> None:
    folder, shown = trained
    assert {path.name for path in folder.iterdir()} >= {"metrics.json", "model.safetensors", "loss.png", "config.json"}
    assert (folder / "scenes.png").stat().st_size > 10_000
    config = json.loads((folder / "metrics.json").read_text())["config"]
    assert (config["steps"], config["dim"], config["seed"]) == (2, 64, 1)
    for part in ("2 steps in", "Test scenes, all classes", "pictures: "):
        assert part in shown


TASKS = "composition, id-gan, paired, paired-scene, scene, sequence, sequence-frames, sequence-symbolic, vae"


def test_which_task_to_train(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        (
            [],
            f"`vsa train` needs a task before its flags, one of {TASKS}",
        ),
        (
            ["--steps", "2"],
            f"`vsa train` needs a task before its flags, one of {TASKS}",
        ),
        (
            ["pared"],
            f"there is no task 'pared'; did you mean 'paired'? There are: {TASKS}. "
            'One of your own is named "package.module:attribute"',
        ),
        (["nowhere:TASK"], "the task 'nowhere:TASK' cannot be imported: there is no module 'nowhere'"),
        (["tasks.config:CONFIG"], "the task 'tasks.config:CONFIG' must be a tasks.task.Task, got str"),
        (["paired", "--minutes", "-1"], "minutes must be above 0, got -1.0"),
    ):
        assert error_of(["train", *words], capsys) == message
    mine = EntryPoint("mine", "tasks.symbolic.stages:PAIRED", "vsa.tasks")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [mine] if group == "vsa.tasks" else [])
    assert error_of(["train", "mine", "--steps", "0"], capsys) == "steps must be at least 1, got 0"
    mine = EntryPoint("paired", "elsewhere:TASK", "vsa.tasks")
    message = "the task 'paired' is claimed more than once: tasks.symbolic.stages:PAIRED, elsewhere:TASK; "
    assert error_of(["train", "paired"], capsys).startswith(message)


def test_measuring_again_gives_the_same_numbers(run: Path, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "numbers.json").write_text("of before")
    assert status_of(["evaluate", str(run), "--device", "cpu", "--out", "numbers.json"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{run}: the task scene, 3 test pictures for each number, seed 1, measured in ")
    for part in ("Test scenes, all classes", "Test scenes, identifiable classes", "numbers: numbers.json"):
        assert part in shown
    measured, before = (json.loads(path.read_text()) for path in (here / "numbers.json", run / "metrics.json"))
    how = {"model": str(run), "task": "scene", "part": "test", "evaluate": 3, "seed": 1, "device": "cpu"}
    assert {name: measured.pop(name) for name in how} == how
    assert measured == {name: before[name] for name in measured}
    assert "removed_iou" in measured
    assert list(here.iterdir()) == [here / "numbers.json"]


def test_measuring_otherwise(run: Path, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    flags = ["--part", "validation", "--evaluate", "2", "--seed", "5", "--device", "cpu"]
    assert status_of(["evaluate", str(run), *flags]) == 0
    shown = capsys.readouterr().out
    assert "2 validation pictures for each number, seed 5" in shown
    assert "Validation scenes, all classes" in shown
    assert list(here.iterdir()) == []


def test_models_are_found_wherever_they_are(run: Path, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    stopped = here / "stopped"
    shutil.copytree(run / "checkpoints", stopped / "checkpoints")
    (checkpoint,) = (stopped / "checkpoints").iterdir()
    whole, _ = files.open_model(run, False, "cpu")
    assert isinstance(whole, SceneModel)
    whole.save_pretrained(here / "saved")
    capsys.readouterr()
    for path in (run / "model.safetensors", here / "saved", here / "saved" / "model.safetensors"):
        assert files.open_model(path, False, "cpu")[1].config.seed == 1
    assert capsys.readouterr() == ("", "")
    for path in (stopped, checkpoint):
        model, provenance = files.open_model(path, False, "cpu")
        assert isinstance(model, SceneModel)
        assert capsys.readouterr().err == f"{path} has no codebooks yet; learning them, as the end of its training would\n"
        assert provenance.metrics == {}
        for book, other in zip(model.codebooks, whole.codebooks, strict=True):
            assert all((mine == its).all() for mine, its in zip(book.buffers(), other.buffers(), strict=True))
    for name, slots in (("paired", 1), ("scene", 5), ("paired-scene", 2)):
        (here / name).mkdir()  # is not meant
        model, provenance = files.open_model(name, False, "cpu")
        assert isinstance(model, SceneModel)
        assert (provenance.task, len(model.slots), model.dim) == (name, slots, 1024)


def test_what_cannot_be_measured(run: Path, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    for words, message in (
        (
            ["pairs"],
            "there is no model 'pairs': name the folder of a run, a folder or file of a model, or one of those that are shipped "
            "(paired, paired-half, paired-r2r, paired-scene, scene)",
        ),
        (
            ["x" * 5000],
            f"there is no model '{'x' * 5000}': name the folder of a run, a folder or file of a model, or one of those that are "
            "shipped (paired, paired-half, paired-r2r, paired-scene, scene)",
        ),
        ([str(run), "--evaluate", "0"], "evaluate must be at least 1, got 0"),
        (
            [str(run), "--data", "nowhere.npz"],
            "there is no file nowhere.npz; `vsa data download nowhere.npz` fetches it, or leave --data out: the renderer draws "
            "the same pictures",
        ),
        (
            [str(run), "--evaluate", "99999999999"],
            "evaluate is 99,999,999,999: the pictures alone would take 1,525,879 GiB, more than there is",
        ),
        ([str(run), "--seed", "-1"], "seed must be from 0 to 2^63 - 1, got -1"),
        ([str(run), "--out", "no/where.json"], "cannot write no/where.json: there is no folder no; make it first"),
        ([str(run), "--out", "."], "cannot write .: it is a folder; give the path of a file"),
        ([str(run), "--out", "/dev/null"], "cannot write /dev/null: it is a pipe or a device, not a file"),
    ):
        assert error_of(["evaluate", *words], capsys) == message
    assert list(here.iterdir()) == []


def test_strange_networks_are_built_only_when_that_was_asked_for(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    config = PairedConfig(dim=32, encoder="encoders.conv:ConvEncoder", decoder="conv", evaluate=1)
    model = PAIRED.build(config)
    empty_codebooks(model, DSPRITES)
    save(model, "paired", config, {}, here / "model.safetensors")
    for command in ("evaluate", "edit"):
        line = error_of([command, "model.safetensors", "--device", "cpu"], capsys)
        assert line == (
            "model.safetensors names the encoder 'encoders.conv:ConvEncoder', code that is no part of this project; if you know "
            "it, load it with trust=True, or --trust at the command line"
        )
    assert status_of(["edit", "model.safetensors", "--trust", "--device", "cpu"]) == 0
    assert "picture: edit.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "edit", "objects"),
    [
        (["paired", "--feature", "orientation"], "edit: object 1 takes the orientation of object 2, and becomes ", 1),
        (["paired-scene", "--from", "2"], "edit: object 1 takes the shape of object 2, and becomes ", 2),
        (["paired-scene", "--object", "2", "--feature", "x"], "edit: object 2 takes the x of object 3, and becomes ", 2),
        (["scene", "--object", "3", "--feature", "scale", "--from", "1"], "edit: object 3 takes the scale of object 1, and ", 3),
    ],
)
def test_an_edit_is_drawn_and_read_back(
    words: list[str], edit: str, objects: int, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    assert status_of(["edit", *words, "--seed", "3", "--device", "cpu", "--out", "one.png"]) == 0
    lines = capsys.readouterr().out.splitlines()
    starts = [f"object {k + 1}: " for k in range(objects)]
    starts += [f"object {k + 1}, beside the scene: " for k in range(objects, max(3, objects + 1))]
    starts += [edit, *(f"read object {k + 1}: " for k in range(objects)), "IoU with the exact picture: 0.9", "picture: one.png"]
    for line, start in zip(lines, starts, strict=True):
        assert line.startswith(start)
    assert all(line.endswith(": right") for line in lines if line.startswith("read"))
    (after,) = (line.partition(" and becomes ")[2].partition(", a combination")[0] for line in lines if line.startswith("edit"))
    edited = words[words.index("--object") + 1] if "--object" in words else "1"
    assert f"read object {edited}: {after}: right" in lines
    picture = matplotlib.image.imread(here / "one.png")
    assert picture.shape[0] > 250
    assert picture.shape[1] > 800
    assert len(np.unique(picture[..., :3].reshape(-1, 3), axis=0)) > 50
    assert [path.name for path in here.iterdir()] == ["one.png"]


def test_the_same_seed_gives_the_same_objects_whatever_is_edited(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = []
    for words in (["--feature", "y"], ["--object", "2"], ["--seed", "1"]):
        assert status_of(["edit", str(run), "--device", "cpu", *words]) == 0
        given.append(capsys.readouterr().out.splitlines()[:3])
    assert given[0] == given[1] != given[2]


def test_edits_that_cannot_be(run: Path, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    for words, message in (
        ([str(run), "--object", "3"], "object must be 1 to 2, one of those in the picture, got 3"),
        ([str(run), "--object", "0"], "object must be 1 to 2, one of those in the picture, got 0"),
        (["paired", "--object", "2"], "object must be 1, the only one in the picture, got 2"),
        ([str(run), "--from", "1"], "from must be another object than 1: one of 2, 3; got 1"),
        ([str(run), "--object", "2", "--from", "9"], "from must be another object than 2: one of 1, 3; got 9"),
        (
            [str(run), "--feature", "colour"],
            "there is no feature 'colour'; there are: shape, scale, orientation, x, y",
        ),
        ([str(run), "--seed", "-1"], "seed must be from 0 to 2^63 - 1, got -1"),
        ([str(run), "--out", "no/where.png"], "cannot write no/where.png: there is no folder no; make it first"),
    ):
        assert error_of(["edit", *words, "--device", "cpu"], capsys) == message
    assert list(here.iterdir()) == []


def test_data_is_fetched_and_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    def write(path: Path) -> None:
        path.write_text("pictures")

    for action, module, name in (("download", download, "download"), ("write", original_writer, "write_original")):
        monkeypatch.setattr(module, name, write)
        assert status_of(["data", action, f"{action}.npz"]) == 0
        assert capsys.readouterr().out == f"file: {action}.npz\n"
        assert (here / f"{action}.npz").read_text() == "pictures"
        message = "cannot write no/file.npz: there is no folder no; make it first"
        assert error_of(["data", action, "no/file.npz"], capsys) == message
        assert error_of(["data", action, "."], capsys) == "cannot write .: it is a folder; give the path of a file"
    assert (
        error_of(["data", "downlaod"], capsys)
        == "`vsa data` has no 'downlaod'; did you mean 'download'? There are: download, write, unpack, splits"
    )
    assert status_of(["data"]) == 0
    assert capsys.readouterr().out.startswith("usage: vsa data download PATH [--dataset lpc]\n")


def test_files_are_unpacked_and_splits_listed(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    message = "no published file of 'circles' can be unpacked; there are: 3dshapes, mpi3d"
    assert error_of(["data", "unpack", "circles", "a.npz", "a.npy"], capsys) == message
    assert error_of(["data", "unpack", "mpi3d", "a.npz", "no/a.npy"], capsys).endswith("there is no folder no; make it first")
    assert "there is no file a.npz" in error_of(["data", "unpack", "mpi3d", "a.npz", "a.npy"], capsys)
    assert list(here.iterdir()) == []
    for name, split in (("mpi3d", "extrapolation"), ("3dshapes", "r2r_turned"), ("dsprites", "r2e_looks")):
        assert status_of(["data", "splits", name]) == 0
        shown = capsys.readouterr().out
        assert f"{split}: " in shown
        assert "--validation" in shown
    assert status_of(["data", "splits"]) == 0
    assert "r2e: weak: an ellipse repeats after half a turn" in capsys.readouterr().out
    assert "there are" in error_of(["data", "splits", "nothing"], capsys).lower()


def test_a_split_is_named_or_written_and_not_both(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    start = ["train", "paired", "--dataset", "circles", "--out", "run", "--split"]
    for flag, value in (("--test", "tenth == 0"), ("--validation", "x > 3")):
        message = "--split says what is held out, and so do --test and --validation: choose one"
        assert error_of([*start, "corner", flag, value], capsys) == message
    message = "the data set circles has no split 'r2r'; there are: centre, corner"
    assert error_of([*start, "r2r"], capsys) == message
    assert list(here.iterdir()) == []


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    modules: dict[str, Any] = {name: None for name in sys.modules if name.partition(".")[0] == "tyro"}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    for command in ("edit", "evaluate", "data"):
        monkeypatch.delitem(sys.modules, f"tasks.console.{command}", raising=False)
    for words in (["train", "paired"], ["edit", "paired"], ["evaluate", "paired"], ["data", "write", "x"]):
        assert error_of(words, capsys) == "this needs the package tyro: run `make demo`, or pip install -e '.[lab]'"
