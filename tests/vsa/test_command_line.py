import os
import shutil
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import vsa
from tests.conftest import ROOT
from vsa import command_line, plugins
from vsa.command_line import main, status_of
from vsa.errors import RangeError

COMMAND = "from vsa.command_line import main; main()"


def call(*words: str, code: str = COMMAND, path: Path = ROOT, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`vsa` with these words in a process of its own, where the package lies on this path."""
    environment = os.environ | {"PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, cwd=cwd, capture_output=True, text=True, timeout=60
    )


@pytest.fixture(autouse=True)
def same_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"]])
def test_help_lists_the_commands(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(words) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: vsa [-h] [--version] COMMAND ...\n")
    for line in (
        "  train     learn a task",
        "  evaluate  measure",
        "  edit      exchange",
        "  data      fetch",
        "  list      what",
    ):
        assert line in shown


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"vsa-torch {vsa.__version__}\n"


def test_help_comes_at_once_and_imports_nothing_heavy() -> None:
    code = f"""
import sys
{COMMAND}
assert not {{"torch", "numpy", "tyro", "rich"}} & set(sys.modules), "something heavy was imported"
"""
    took = []
    for words in (["--help"], ["--version"], ["list"], ["train", "--help"], ["--help"]):
        started = time.perf_counter()
        ended = call(*words, code=code)
        took.append(time.perf_counter() - started)
        assert ended.returncode == 0, ended.stderr
    assert min(took) < 1, took


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "there is no command 'trian'; did you mean 'train'? There are: train, evaluate, edit, swap, data, list"),
        (["--verbose"], "there is no command '--verbose'; there are: train, evaluate, edit, swap, data, list"),
        (
            ["list", "encoder"],
            "there is no kind 'encoder'; did you mean 'encoders' or 'decoders'? "
            "There are: algebras, datasets, decoders, encoders, tasks",
        ),
        (["list", "tasks", "encoders"], "`vsa list` takes one kind, got tasks encoders"),
    ],
)
def test_wrong_words_are_one_line_and_status_2(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(words)
    assert exit.value.code == 2
    assert capsys.readouterr() == ("", f"error: {message}\n")


def test_how_it_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for failure, status, line in ((RangeError("too much"), 2, "error: too much\n"), (KeyboardInterrupt(), 130, "interrupted\n")):

        def fails(words: list[str], failure: BaseException = failure) -> int:
            raise failure

        monkeypatch.setattr(command_line, "_list", fails)
        assert status_of(["list"]) == status
        assert capsys.readouterr().err == line


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = f"import os, sys; os.close(sys.stdout.fileno()); r, w = os.pipe(); os.close(r); os.dup2(w, 1)\n{COMMAND}"
    ended = call("list", code=code)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_the_list_says_where_each_comes_from(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Package:
        name = "somebody-elses"

    def points(group: str) -> list[EntryPoint]:
        mine, conv = (EntryPoint(name, "elsewhere:Conv", group) for name in ("mine", "conv"))
        for point in (mine, conv):
            vars(point)["dist"] = Package()
        return [mine, conv] if group == "vsa.encoders" else []

    monkeypatch.setattr(plugins, "entry_points", points)
    assert status_of(["list"]) == 0
    parts = {part.splitlines()[0]: part.splitlines()[1:] for part in capsys.readouterr().out.split("\n\n")}
    assert list(parts) == ["algebras", "datasets", "decoders", "encoders", "tasks"]
    assert "  MAP        built in, vsa.algebras.map; torchhd's too" in parts["algebras"]
    assert "  SBC        built in, vsa.algebras.sbc" in parts["algebras"]
    assert '  MCR        torchhd\'s: backend="torchhd"' in parts["algebras"]
    assert "  mine            from the package somebody-elses, elsewhere:Conv" in parts["encoders"]
    claims = "encoders.conv:ConvEncoder, elsewhere:Conv (from somebody-elses)"
    assert f"  conv            claimed more than once: {claims}" in parts["encoders"]
    assert "  glimpse         built in, encoders.glimpse" in parts["encoders"]
    assert "  paired             built in, tasks.symbolic.stages" in parts["tasks"]
    assert status_of(["list", "tasks"]) == 0
    assert capsys.readouterr().out == "\n".join(["tasks", *parts["tasks"]]) + "\n"
    for help, start in (
        (["list", "--help"], "usage: vsa list [algebras|datasets|decoders|encoders|tasks]"),
        (["data", "-h"], "usage: vsa data"),
    ):
        assert status_of(help) == 0
        assert capsys.readouterr().out.startswith(start)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package alone, as a wheel installs it."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "vsa", site / "vsa", ignore=shutil.ignore_patterns("__pycache__"))
    return site


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A folder in which somebody else has a module called tasks."""
    (tmp_path / "tasks.py").write_text("raise AssertionError('a stranger was imported')\n")
    return tmp_path


def test_a_plain_wheel_says_that_the_laboratory_needs_a_checkout(plain: Path, stranger: Path) -> None:
    code = """
import sys
import vsa
from vsa.command_line import main, status_of
assert vsa.__file__.startswith(sys.argv[1]), vsa.__file__
for words in (["--help"], ["--version"], ["list"], ["train", "--help"], ["data", "--help"], ["edit", "--help"]):
    assert status_of(words) == 0, words
for command in ("train", "evaluate", "edit", "swap", "data"):
    assert status_of([command, "paired"]) == 2
assert not {"tasks", "tyro", "torch", "numpy"} & set(sys.modules)
"""
    ended = call(str(plain), code=code, path=plain, cwd=stranger)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.splitlines() == [
        f"error: `vsa {command}` needs a checkout: clone the repository and run it from there, as encoders, decoders and tasks "
        "are not part of the installed package"
        for command in ("train", "evaluate", "edit", "swap", "data")
    ]
    assert "glimpse" not in ended.stdout, "what is not there is not listed"
    assert "vsa train: learn a task: a model, what it reaches, and pictures\n\n`vsa train` needs a" in ended.stdout
    assert "  HRR        built in, vsa.algebras.hrr; torchhd's too" in ended.stdout.splitlines()
    assert "vsa edit: exchange a feature inside a scene's vector, and draw what comes out\n\n`vsa edit` needs a" in ended.stdout


def test_a_checkouts_own_tasks_are_taken_not_a_strangers(stranger: Path) -> None:
    ended = call("train", cwd=stranger)
    assert ended.returncode == 2
    tasks = "composition, id-gan, paired, paired-scene, scene, sequence, sequence-frames, sequence-symbolic, vae"
    assert ended.stderr == f"error: `vsa train` needs a task before its flags, one of {tasks}\n"
