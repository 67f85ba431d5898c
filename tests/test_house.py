"""The rules of the house that a machine can hold: who imports whom, what import costs, and what is shipped."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import vsa
from tests.conftest import ROOT
from tests.preparation import PACKAGES

ALLOWED = {
    "vsa": {"vsa"},
    "encoders": {"encoders", "vsa"},
    "decoders": {"decoders", "vsa"},
    "tasks": {"tasks", "encoders", "decoders", "vsa"},
    "examples": {"tasks", "encoders", "decoders", "vsa"},
}
LAB = {"einops", "rich", "tyro", "accelerate", "matplotlib"}


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
def test_imports_go_one_way(folder: str) -> None:
    ours = {*PACKAGES, "examples", "tests", "benchmarks"}
    for path in files(folder):
        assert imported(path) & ours <= ALLOWED[folder], path


def test_the_algebra_needs_nothing_of_the_laboratory() -> None:
    for path in files("vsa"):
        assert not imported(path) & LAB, path


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
