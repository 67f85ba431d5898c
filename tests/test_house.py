"""The rules of the house that a machine can hold: who imports whom, what import costs, and what is shipped."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

import vsa
from tests.conftest import ROOT
from tests.imports import circles, graph, modules, names_in
from tests.preparation import PACKAGES

ALLOWED = {
    "vsa": {"vsa"},
    "encoders": {"encoders", "vsa"},
    "decoders": {"decoders", "vsa"},
    "tasks": {"tasks", "encoders", "decoders", "vsa"},
    "examples": {"tasks", "encoders", "decoders", "vsa"},
}
LAB = {"einops", "rich", "tyro", "accelerate", "matplotlib", "pooch"}


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("folder", ALLOWED)
def test_imports_and_names_go_one_way(folder: str) -> None:
    """Also the names of modules in strings, and what a function imports when it is called."""
    ours = {*PACKAGES, "examples", "tests", "benchmarks"}
    for path in modules(folder).values():
        named = {re.split("[.:]", name)[0] for name in names_in(path)}
        assert named & ours <= ALLOWED[folder], path


def test_no_file_is_in_a_circle() -> None:
    """By imports, also those of functions, and by names of modules in strings; what type checkers alone import does not count."""
    assert circles(graph(*PACKAGES)) == []


def test_circles_and_names_are_seen(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text('''
import tasks.vae as v
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from tasks import nothing
else:
    import examples
TABLE = {"paired": "tasks.paired:TASK", "none": "a text about tasks.paired"}
def load(command):
    """tasks.dependencies"""
    from vsa import algebra
    import_module(f"tasks.console.{command}")
    return import_module("decoders")
''')
    assert names_in(tmp_path / "file.py") >= {"tasks.vae", "examples", "tasks.paired:TASK", "vsa.algebra", "decoders"}
    assert "tasks.console." in names_in(tmp_path / "file.py")
    assert "tasks.nothing" not in names_in(tmp_path / "file.py")
    edges = {"a": {"b", "d"}, "b": {"c"}, "c": {"a"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert circles(edges) == [["a", "b", "c"], ["d", "e"]]
    assert "tasks.symbolic.stages" in graph("tasks")["tasks"], "the table of tasks"
    assert "tasks.console.edit" in graph("tasks")["tasks.console"], "a name that is put together"
    assert "vsa.algebras.torchhd" in graph("vsa")["vsa.lookup"], "an import in a function"


def test_only_the_checkout_says_where_its_commands_are() -> None:
    """vsa names nothing above it; the settings of the checkout do, and the wheel has none of them."""
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["vsa"] == {"laboratory": "tasks.console"}


def test_the_algebra_needs_nothing_of_the_laboratory() -> None:
    for path in files("vsa"):
        assert not imported(path) & LAB, path


DSPRITES = re.compile(
    r"orientation|ellipse|\bheart|sprite|737[_,]?280|\[n, 5\]|\"n 5\"|n 64 64|randint\(5|\bfive (?:feature|donor|vector|factor)",
    re.IGNORECASE,
)
"""Factors, counts and sizes of dSprites."""

ITS_OWN = ("tasks/data/dsprites/", "tasks/studies/", "tasks/console/data.py", "tasks/data/shapes3d/", "tasks/data/lpc/")
"""The data set, its studies, and the command for its file; a data set whose camera has an orientation, and the LPC Sprites."""


def test_general_code_knows_no_data_set() -> None:
    found = []
    for folder in ("encoders", "decoders", "tasks"):
        for path in files(folder):
            name = str(path.relative_to(ROOT))
            if not name.startswith(ITS_OWN):
                lines = enumerate(path.read_text().splitlines(), 1)
                found += [
                    f"{name}:{k}: {line}"
                    for k, line in lines
                    if DSPRITES.search(re.sub("dsprites(?:.sprites)?", "", line, flags=re.IGNORECASE))
                ]
    assert not found, "\n".join(found)


def test_files_have_one_subject() -> None:
    for folder in ALLOWED:
        for path in files(folder):
            assert len(path.read_text().splitlines()) <= 400, f"{path} is too long for one subject"


def test_nothing_is_unpickled_or_evaluated() -> None:
    for folder in ALLOWED:
        for path in files(folder):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    called = ast.unparse(node.func)
                    assert called not in ("eval", "exec", "torch.load", "torch.save", "pickle.load", "pickle.loads"), path


def test_importing_vsa_waits_for_nothing_and_imports_torch_and_little_more() -> None:
    code = """
import sys
import vsa, vsa.errors
assert not {"torch", "numpy"} & set(sys.modules), "nothing was asked for yet"
import torch
before = set(sys.modules)
from vsa import *
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"torchhd", "pandas", "scipy", "safetensors", "jaxtyping", "beartype", *LAB, "encoders", "decoders", "tasks"}
    assert "vsa" in ended.stdout.split()
    assert not heavy & set(ended.stdout.split())


def test_only_who_fetches_imports_pooch() -> None:
    code = """
import sys
import tasks, tasks.console.data, tasks.data.dsprites.download
from vsa.command_line import status_of
assert status_of(["--help"]) == status_of(["data", "--help"]) == 0
assert not {"pooch", "requests"} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)


def test_the_version_is_said_in_one_place() -> None:
    from importlib.metadata import version

    assert vsa.__version__ == version("vsa-torch")
    assert f"## {vsa.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_wheel_holds_the_algebra_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.iterdir()
    assert wheel.name == f"vsa_torch-{vsa.__version__}-py3-none-any.whl"
    with ZipFile(wheel) as file:
        shipped = {name for name in file.namelist() if ".dist-info/" not in name}
        metadata = file.read(f"vsa_torch-{vsa.__version__}.dist-info/METADATA").decode()
        commands = file.read(f"vsa_torch-{vsa.__version__}.dist-info/entry_points.txt").decode()
    assert shipped == {str(path.relative_to(ROOT)) for path in files("vsa")} | {"vsa/py.typed"}
    assert commands.split("\n")[:2] == ["[console_scripts]", "vsa = vsa.command_line:main"]
    core = [line.split()[1] for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra" not in line]
    assert sorted(re.split("[<>=]", requirement)[0] for requirement in core) == ["numpy", "safetensors", "torch", "torch-hd"]


def test_what_is_public_is_described_with_an_example() -> None:
    from vsa import capacity, embeddings, factorization, structures

    modules = {vsa: vsa.__all__, structures: structures.__all__, embeddings: embeddings.__all__}
    modules |= {capacity: ["accuracy", "dimension", "threshold"], factorization: ["resonator", "Factors"]}
    for module, names in modules.items():
        for name in names:
            public = getattr(module, name)
            text = (public if callable(public) else type(public)).__doc__ or ""
            if name not in ("Algebra", "Structure", "VSAError"):  # a protocol, a base, and the root of the errors
                assert ">>>" in text, name
            if callable(public) and not isinstance(public, type):
                assert "Raises:" in text, name
                assert "Args:" in text, name


def test_examples_in_docstrings_run() -> None:
    """In a process of its own, where the shape annotations are not imported, as for a user."""
    code = f"""
import doctest, importlib, pkgutil, sys, torch
failed, tried = 0, []
for package in {PACKAGES!r}:
    tried.append(0)
    for module in pkgutil.walk_packages([package], package + "."):
        module = importlib.import_module(module.name)
        result = doctest.testmod(module, extraglobs={{"torch": torch}})
        failed, tried[-1] = failed + result.failed, tried[-1] + result.attempted
print(*tried)
sys.exit(failed > 0)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert all(int(number) > 0 for number in ended.stdout.split())
