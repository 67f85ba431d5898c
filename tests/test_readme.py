"""The README's Python runs as it stands, in order, in one session; what a comment says comes out, comes out."""

import ast
import re

from tests.conftest import ROOT
from tests.helpers import as_a_user

TEXT = (ROOT / "README.md").read_text()


def test_its_python_runs_and_gives_what_it_says() -> None:
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    assert blocks
    session: dict[str, object] = {}
    for block in blocks:
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
    commands = re.findall(r"```(?:sh|bash)\n(.*?)```", TEXT, re.S)[0]
    assert commands.index("make demo") < commands.index("make test")


def test_files_it_points_to_are_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", TEXT) if "://" not in link]
    assert links
    assert all((ROOT / link).exists() for link in links), links
