"""The pages' Python runs as it stands, in order, in one session a page; what a comment says comes out, comes out."""

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.helpers import as_a_user

FILES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
PAGES = {str(path.relative_to(ROOT)): path.read_text() for path in FILES}
README = PAGES["README.md"]
BLOCKS = {name: re.findall(r"```python\n(.*?)```", text, re.S) for name, text in PAGES.items()}


@pytest.mark.parametrize("page", [name for name, blocks in BLOCKS.items() if blocks])
def test_its_python_runs_and_gives_what_it_says(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session: dict[str, object] = {}
    for block in BLOCKS[page]:
        lines = block.splitlines()
        for statement in ast.parse(block).body:
            code = "\n".join(lines[statement.lineno - 1 : statement.end_lineno])
            expected = lines[(statement.end_lineno or 0) - 1].partition("  # -> ")[2]
            with as_a_user():
                if expected:
                    assert str(eval(code, session)) == expected, code
                else:
                    exec(code, session)


def test_the_two_commands_come_first() -> None:
    commands = re.findall(r"```(?:sh|bash)\n(.*?)```", README, re.S)[0]
    assert commands.index("make demo") < commands.index("make test")


@pytest.mark.parametrize("page", PAGES)
def test_files_it_points_to_are_there(page: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", PAGES[page]) if "://" not in link]
    assert links or page != "README.md"
    assert all(((ROOT / page).parent / link).exists() for link in links), links
