"""What is the run's in a folder, and what is somebody else's."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tasks.symbolic.stages import PAIRED
from tasks.symbolic.task import Stage
from tasks.task import Task
from tasks.training import manifest
from tasks.training.manifest import KIND, MANIFEST, RunFiles
from tasks.training.run_folder import LOCK, claimed
from tests.helpers import error
from tests.tasks.training import small
from tests.tasks.training.small import config
from vsa.errors import DtypeError, InputError, MissingExtraError, OutputError, PluginError, RangeError, TrainingError, VSAError

NAMES = ("config.json", "metrics.jsonl", "model.safetensors", "checkpoints", "loss.png")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training is what counts here."""
    for name in ("measure", "draw"):
        monkeypatch.setattr(Task, name, lambda *given: {})
    monkeypatch.setattr(Stage, "finish", lambda *given: None)


def contents(folder: Path) -> dict[str, str | bytes]:
    """All that is in a folder, links by what they name."""
    found = {
        path: os.readlink(path) if path.is_symlink() else path.read_bytes() for path in folder.rglob("*") if not path.is_dir()
    }
    return {str(path.relative_to(folder)): content for path, content in found.items()}


def forge(folder: Path, **content: Any) -> None:
    (folder / MANIFEST).write_text(json.dumps({"kind": KIND, **content}))


def write(files: RunFiles, *names: str) -> None:
    for name in names:
        path = files.place(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text("the run's")


def test_a_file_is_listed_before_it_is_there(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    files.place("checkpoints/step-000000001.safetensors")
    assert json.loads((tmp_path / MANIFEST).read_text()) == {"kind": KIND, "files": ["checkpoints/step-000000001.safetensors"]}
    with files.replacing("loss.png") as part:
        assert RunFiles(tmp_path).listed == {"checkpoints/step-000000001.safetensors", "loss.png"}
        part.write_text("a curve")
    files.tidy()
    assert RunFiles(tmp_path).listed == {"loss.png"}, "what is not there is not listed for good"


def test_only_what_is_listed_is_removed(tmp_path: Path) -> None:
    write(RunFiles(tmp_path), "config.json", "checkpoints/step-000000001.safetensors", "tracker/a")
    for name in ("notes.txt", "checkpoints/mine.txt", "checkpoints/step-000000002.safetensors", ".download.7.part.txt"):
        (tmp_path / name).write_text("mine")
    with claimed(RunFiles(tmp_path), NAMES, start_over=True):
        files = RunFiles(tmp_path)
        files.remove(files.listed)
    assert contents(tmp_path) == dict.fromkeys(
        ("notes.txt", "checkpoints/mine.txt", "checkpoints/step-000000002.safetensors", ".download.7.part.txt"), b"mine"
    )
    assert not (tmp_path / "tracker").exists()


@pytest.mark.parametrize("how", [{}, {"resume": True}, {"start_over": True}])
@pytest.mark.parametrize(
    "name", ["config.json", "metrics.jsonl", "loss.png/", "loss.png", "checkpoints/", "checkpoints", MANIFEST]
)
def test_what_is_somebody_elses_is_never_overwritten(tmp_path: Path, name: str, how: dict[str, bool]) -> None:
    path = tmp_path / name.rstrip("/")
    path.mkdir() if name.endswith("/") else path.write_text("mine")
    before = contents(tmp_path)
    kind = InputError if name == MANIFEST else OutputError
    with error(kind, str(tmp_path), path.name, "--out"), claimed(RunFiles(tmp_path), NAMES, **how):
        pytest.fail("the work began")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../x",
            "/etc/passwd",
            "checkpoints/../../x",
            "checkpoints/../x",
            "..",
            ".",
            "",
            "a//b",
            "./x",
            "mine/x",
            ".git/config",
        ),
        *("checkpoints", "tracker", "checkpoints/", MANIFEST, "C:\\x", "C:/x", "c:x", "\0", "a\nb", ".ssh", 3, None, ["x"], {}),
    ],
)
def test_a_forged_manifest_is_refused(tmp_path: Path, name: Any) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "x").write_text("mine")
    forge(folder, files=["config.json", name])
    (folder / "config.json").write_text("{}")
    before = contents(tmp_path)
    with (
        error(InputError, f"{folder / MANIFEST} is not the manifest of a run: it lists"),
        claimed(RunFiles(folder), NAMES, start_over=True),
    ):
        pytest.fail("the work began")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "[" * 100_000, '{"kind": "vsa-torch run 1", "files": []}', '{"name": "an app"}']
)
def test_what_is_no_manifest(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with error(InputError, f"{tmp_path / MANIFEST} is not the manifest of a run", "--out"):
        RunFiles(tmp_path).read()
    assert (tmp_path / MANIFEST).read_text() == content


def test_nothing_is_removed_through_a_link(tmp_path: Path) -> None:
    """Of the folder's parts, at any depth, and of the manifest itself."""
    outside, folder = tmp_path / "outside", tmp_path / "run"
    for place in (outside / "deep", folder / "tracker"):
        place.mkdir(parents=True)
    for path in (outside / "step-000000001.safetensors", outside / "deep" / "x", outside / "loss.png"):
        path.write_text("mine")
    (folder / "checkpoints").symlink_to(outside)
    (folder / "tracker" / "deep").symlink_to(outside / "deep")
    (folder / "loss.png").symlink_to(outside / "loss.png")
    before = contents(tmp_path)
    for name, link in (
        ("checkpoints/step-000000001.safetensors", "checkpoints"),
        ("tracker/deep/x", "tracker/deep"),
        ("loss.png", "loss.png"),
    ):
        forge(folder, files=[name])
        with error(OutputError, f"{link} (a link)"):
            RunFiles(folder).remove([name])
        with error(OutputError, f"{link} (a link)"):
            RunFiles(folder).place(name)
        with error(OutputError, f"{link} (a link)"), claimed(RunFiles(folder), NAMES, start_over=True):
            pytest.fail("the work began")
        (folder / MANIFEST).unlink()
        assert contents(tmp_path) == before
    (outside / MANIFEST).write_text(json.dumps({"kind": KIND, "files": ["config.json"]}))
    (folder / MANIFEST).symlink_to(outside / MANIFEST)
    with error(InputError, "it is a link"):
        RunFiles(folder).read()


@pytest.mark.skipif(os.unlink not in os.supports_dir_fd, reason="links cannot be guarded against here")
def test_a_link_that_is_put_in_the_way_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, outside = tmp_path / "run", tmp_path / "outside"
    write(RunFiles(folder), "checkpoints/a") if folder.mkdir() is None else None
    outside.mkdir()
    (outside / "a").write_text("mine")
    files, check = RunFiles(folder), RunFiles.check

    def checked_and_swapped(self: RunFiles, names: set[str]) -> None:
        check(self, names)
        (folder / "checkpoints").rename(folder / "before")
        (folder / "checkpoints").symlink_to(outside)

    monkeypatch.setattr(RunFiles, "check", checked_and_swapped)
    with error(OutputError, "cannot remove the run in"):
        files.remove(files.listed)
    assert (outside / "a").read_text() == "mine"


def test_what_a_tracker_made_is_listed_and_what_was_there_is_not(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    write(files, "tracker/tracker.json")
    (tmp_path / "tracker" / "notes.txt").write_text("mine")
    before = files.within("tracker")
    (tmp_path / "tracker" / "deep").mkdir()
    (tmp_path / "tracker" / "deep" / "events").write_text("1")
    (tmp_path / "tracker" / "deep" / "latest").symlink_to("events")
    files.adopt("tracker", before)
    assert files.listed == {"tracker/tracker.json", "tracker/deep/events"}
    files.remove(files.listed)
    assert set(contents(tmp_path)) == {"tracker/notes.txt", "tracker/deep/latest"}


def test_what_a_killed_run_had_begun_to_write_is_removed(tmp_path: Path) -> None:
    write(RunFiles(tmp_path), "config.json", "checkpoints/a.safetensors")
    parts = (".config.17.part.json", ".manifest.3.part.json", "checkpoints/.a.5.part.safetensors")
    for name in (*parts, ".config.part.json", ".thesis.17.part.json"):
        (tmp_path / name).write_text("half")
    RunFiles(tmp_path).tidy()
    assert set(contents(tmp_path)) == {
        *("config.json", MANIFEST, "checkpoints/a.safetensors", ".config.part.json", ".thesis.17.part.json")
    }


def test_a_lock_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("mine")
    with error(OutputError, f"{tmp_path / LOCK} is no lock of a run"), claimed(RunFiles(tmp_path), NAMES):
        pytest.fail("the work began")
    assert contents(tmp_path) == {LOCK: b"mine"}
    (tmp_path / LOCK).write_text("")
    with claimed(RunFiles(tmp_path), NAMES):
        pass


# Runs.


@pytest.mark.usefixtures("quick")
def test_starting_over_beside_the_clone(tmp_path: Path) -> None:
    """Folders that trackers once wrote to, and files that are called like a run's, may be anybody's."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "vsa-torch")], check=True)
    for name in ("vsa-torch/README.md", "wandb/run.txt", "holiday.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    before = contents(tmp_path)
    PAIRED.run(config(tmp_path, steps=2, start_over=True))
    PAIRED.run(config(tmp_path, steps=1, start_over=True))
    after = contents(tmp_path)
    assert {name: after[name] for name in before} == before
    assert RunFiles(tmp_path).listed == {
        *("config.json", "metrics.jsonl", "metrics.json", "model.safetensors", "checkpoints/step-000000001.safetensors")
    }
    (tmp_path / "loss.png").mkdir()
    with error(OutputError, "loss.png (a folder)"):
        PAIRED.run(config(tmp_path, steps=1, start_over=True))


class MeanAlone(small.Failing):
    def forward(self, images: Any) -> Any:
        return super().forward(images)[0]


class NotANumber(small.Failing):
    def forward(self, images: Any) -> Any:
        mean, logvar = super().forward(images)
        return mean * float("nan") if self.training else mean, logvar


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"steps": 0}, RangeError),
        ({"encoder": "cnov"}, PluginError),
        ({"encoder": "nowhere:Encoder"}, PluginError),
        ({"test": "shape ="}, VSAError),
        ({"start": Path("nowhere")}, InputError),
        ({"start": Path("old")}, InputError),
        pytest.param({"start": Path("x" * 300)}, InputError, id="a name too long for a model to start from"),
        pytest.param({"data": Path("x" * 300)}, InputError, id="a name too long for data"),
        ({"data": Path("nowhere")}, InputError),
        ({"log": "wandb"}, MissingExtraError),
        ({"device": "cuda"}, RangeError),
        ({"batch_size": 3}, RangeError),
        ({"batch_size": 10**9}, RangeError),
        ({"dim": 10**9}, RangeError),
        ({"dim": 2**24, "decoder": "conv"}, TrainingError),
        ({"evaluate": 99999999999}, RangeError),
        ({"encoder": f"{small.__name__}:OutOfMemoryAtOnce"}, TrainingError),
        ({"encoder": f"{__name__}:NotANumber"}, TrainingError),
        ({"encoder": f"{__name__}:MeanAlone"}, Exception),
    ],
    ids=str,
)
def test_what_is_refused_leaves_the_old_run(
    settings: dict[str, Any], kind: type[Exception], tmp_path: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if settings.get("log"):
        monkeypatch.setattr("tasks.training.metrics_log.find_spec", lambda name: None)
    if settings.get("device") == "cuda":
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.chdir(old.parent)
    before = contents(old)
    with pytest.raises(kind):
        PAIRED.run(config(old, **{"steps": 2, **settings}, start_over=True))
    assert contents(old) == before


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is there already."""
    folder = tmp_path_factory.mktemp("runs") / "old"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("measure", "draw"):
            patch.setattr(Task, name, lambda *given: {})
        patch.setattr(Stage, "finish", lambda *given: None)
        PAIRED.run(config(folder, steps=1, dim=16))
    return folder


@pytest.mark.usefixtures("quick")
def test_a_tracker_that_cannot_be_started_leaves_the_old_run(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **named: Any) -> None:
        raise ConnectionError("no account")

    pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install -e '.[tensorboard]'")
    monkeypatch.setattr("accelerate.Accelerator.init_trackers", refuse)
    before = contents(old)
    with error(VSAError, "tensorboard cannot be started: no account"):
        PAIRED.run(config(old, steps=2, log="tensorboard", start_over=True))
    assert contents(old) == before


@pytest.mark.usefixtures("quick")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_starting_over_with_a_tracker(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed: pip install -e '.[tensorboard]'")
    PAIRED.run(config(tmp_path, steps=1, log="tensorboard"))
    first = {path for path in tmp_path.glob("tracker/**/*") if path.is_file()}
    (tmp_path / "tracker" / "notes.txt").write_text("mine")
    PAIRED.run(config(tmp_path, steps=1, log="tensorboard", start_over=True))
    second = {path for path in tmp_path.glob("tracker/**/*") if path.is_file()}
    mark, notes = tmp_path / "tracker" / "tracker.json", tmp_path / "tracker" / "notes.txt"
    assert first & second == {mark}
    assert len(second) >= 3
    assert notes in second
    assert {name for name in RunFiles(tmp_path).listed if name.startswith("tracker/")} == {
        path.relative_to(tmp_path).as_posix() for path in second - {notes}
    }
    PAIRED.run(config(tmp_path, steps=1, start_over=True))
    assert {path for path in tmp_path.glob("tracker/**/*") if path.is_file()} == {notes}


@pytest.mark.usefixtures("quick")
def test_settings_that_a_run_refuses_are_not_kept(tmp_path: Path) -> None:
    PAIRED.run(config(tmp_path, steps=1))
    before = contents(tmp_path)
    with error(RangeError, "kl: the run in"):
        PAIRED.run(config(tmp_path, steps=2, kl=0.5, resume=True))
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("quick")
def test_an_optimiser_that_no_checkpoint_holds_is_refused_before_anything_is_removed(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    class Odd(torch.optim.SGD):
        def step(self, closure: Any = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            super().step(closure)
            self.state[self.param_groups[0]["params"][0]]["memory"] = object()

    monkeypatch.setattr(Stage, "optimizer", lambda self, config, model, fused: Odd(model.parameters(), lr=0.001))
    before = contents(old)
    with error(DtypeError, "Odd cannot be kept in a checkpoint: its 'memory' is object"):
        PAIRED.run(config(old, steps=3, start_over=True))
    assert contents(old) == before
    assert manifest.MANIFEST in before
