"""The scripts of the folder examples: in a process of their own, as a user starts them, or as modules of this one."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from tests.conftest import ROOT


def path(name: str) -> str:
    return str(ROOT / "examples" / f"{name}.py")


def call(cwd: Path, name: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """What a user sees who starts it from this folder."""
    return subprocess.run([sys.executable, path(name), *flags], cwd=cwd, capture_output=True, text=True, timeout=300)


def example(name: str) -> ModuleType:
    """The script as a module: what it defines, for a test that need not wait for another process's imports."""
    spec = importlib.util.spec_from_file_location(name, path(name))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def light_help(name: str) -> str:
    """The help, which must not wait for torch."""
    code = f"""
import runpy, sys
sys.argv = [{name + ".py"!r}, "--help"]
try:
    runpy.run_path({path(name)!r}, run_name="__main__")
except SystemExit as exit:
    assert exit.code == 0
assert not {{"torch", "numpy", "accelerate", "matplotlib"}} & set(sys.modules), "something heavy was imported"
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
