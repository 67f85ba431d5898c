"""Who imports whom, read from the sources: imports anywhere in a file, and names of modules in strings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

FOLDERS = ("vsa", "encoders", "decoders", "tasks", "examples", "tests", "benchmarks")
NAMED = re.compile(rf"({'|'.join(FOLDERS)})(\.\w+)*(:\w+)?")
"""A string that is the name of a module or of something in one, and nothing else."""
STARTED = re.compile(rf"({'|'.join(FOLDERS)})(\.\w+)+\.")
"""What a formatted string starts with, when the rest of it is the name of a module in that package."""


def modules(*folders: str) -> dict[str, Path]:
    """The files of folders by the name of the module."""
    found = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def named(tree: ast.AST) -> Iterator[str]:
    """What a file imports or names, as "module", "module.attribute", "module:attribute", or "package." for all that is in it.

    What only type checkers import does not count; what a function imports when it is called does.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from named(ast.Module(node.orelse, []))
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMED.fullmatch(node.value):
            yield node.value
        elif isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
            yield from (start[0] for start in [STARTED.fullmatch(str(node.values[0].value))] if start)
        yield from named(node)


def names_in(path: Path) -> set[str]:
    return set(named(ast.parse(path.read_text())))


def graph(*folders: str) -> dict[str, set[str]]:
    """The modules of folders, and those of them that each imports or names."""
    known = modules(*folders)

    def meant(name: str) -> Iterator[str]:
        if name.endswith("."):
            yield from (module for module in known if module.startswith(name))
        name = name.partition(":")[0]
        while name and name not in known:
            name = name.rpartition(".")[0]
        if "." in name or name in known:
            yield name

    return {module: {to for name in names_in(path) for to in meant(name)} - {module} for module, path in known.items()}


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules of which each reaches all others.

    Example: circles({"a": {"b"}, "b": {"a"}, "c": {"a"}}) is [["a", "b"]].
    """
    reached = {}
    for start in edges:
        seen, rest = set(), [start]
        while rest:
            new = edges[rest.pop()] - seen
            seen |= new
            rest += new
        reached[start] = seen
    groups = {tuple(sorted(b for b in reached[a] if a in reached[b])) for a in edges if a in reached[a]}
    return [list(group) for group in sorted(groups)]
