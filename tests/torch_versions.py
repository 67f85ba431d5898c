"""The tests of the algebra, and the smoke tests of the laboratory, with other versions of torch: `make test-torch`.

Without arguments these are the oldest version that pyproject.toml allows and the newest that the package index offers for this
Python; of a version's builds, one for the CPU where there is one. Each has an environment of its own under .venv-torch.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
TESTS = ("tests/vsa", "tests/encoders", "tests/decoders", "tests/examples")


def supported() -> SpecifierSet:
    """The versions that pyproject.toml allows."""
    (torch,) = (
        line
        for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
        if re.match(r"torch\W", line) and not line.startswith("torch-")
    )
    return SpecifierSet(torch.removeprefix("torch"))


def chosen(offered: list[str], allowed: SpecifierSet) -> list[str]:
    """The oldest and the newest of the versions on offer that are allowed, each in its CPU build where there is one.

    >>> chosen(["2.15.0", "2.13.0+cpu", "2.13.0", "2.5.1", "2.16.0rc1"], SpecifierSet(">=2.6"))
    ['2.13.0+cpu', '2.15.0']
    """
    known = sorted(version for version in map(Version, offered) if allowed.contains(version.public, prereleases=False))
    if not known:
        raise SystemExit(f"no version of torch on offer is allowed by {allowed}; offered are {', '.join(offered)}")
    ends = dict.fromkeys(version.public for version in (known[0], known[-1]))
    return [str(max((v for v in known if v.public == end), key=lambda v: v.local == "cpu")) for end in ends]


def offered() -> list[str]:
    """The versions of torch that the index has for this Python."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", "torch", "--json"], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(listing.stdout)["versions"]


def environment(version: str) -> Path:
    """The Python of an environment with this torch, installed if it is not there yet, or pyproject.toml changed since."""
    folder = ROOT / ".venv-torch" / version
    python, done = folder / "bin" / "python", folder / "installed"
    settings = (ROOT / "pyproject.toml").read_text()
    if not done.exists() or done.read_text() != settings:
        print(f"Installing torch {version} and the laboratory into {folder.relative_to(ROOT)}, once.", flush=True)
        venv.create(folder, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
        subprocess.run([*pip, f"torch=={version}", "--editable", ".[lab]", "--group", "test"], check=True, cwd=ROOT)
        done.write_text(settings)
    return python


def main(versions: list[str]) -> int:
    """Run the tests with each version; the exit status says whether all passed."""
    passed = {}
    for version in versions or chosen(offered(), supported()):
        tests = [str(environment(version)), "-m", "pytest", "-n", "2", "--dist", "worksteal", *TESTS]
        passed[version] = subprocess.run(tests, cwd=ROOT).returncode == 0
    for version, well in passed.items():
        print(f"torch {version}: {'passed' if well else 'FAILED'}")
    return not all(passed.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
