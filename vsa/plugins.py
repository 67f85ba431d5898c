"""Names at the edge: `load("algebra", "MAP")` gives the class or function of that name.

In code, pass objects. Names are for the command line and for files, and this is the only place that resolves them: first in
the table of a kind, then among the entry points of installed packages (of algebras in the group vsa.algebras, and so on), and a
name with a colon is "package.module:attribute" itself. So what the project's own files and settings name does not depend on what
else is installed; `check_typed` says of a name that a person typed that others claim it too. Nothing is imported before it is
asked for.

The table of the algebras is here. Other kinds belong to other packages, each of which registers its own table when it is
imported; nothing here knows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from vsa.errors import MissingExtraError, PluginError, choices

TABLES: dict[str, dict[str, str]] = {
    "algebra": {
        "MAP": "vsa.algebras.map:MultiplyAddPermute",
        "HRR": "vsa.algebras.hrr:HolographicReducedRepresentation",
        "FHRR": "vsa.algebras.fhrr:FourierHolographicReducedRepresentation",
        "BSC": "vsa.algebras.bsc:BinarySpatterCode",
        "PackedBSC": "vsa.algebras.packed_bsc:PackedBinarySpatterCode",
        "VTB": "vsa.algebras.vtb:VectorDerivedTransformationBinding",
        "SBC": "vsa.algebras.sbc:SparseBlockCode",
    },
}
"""By kind and name, "package.module:attribute"."""

TORCHHD = ("MAP", "HRR", "FHRR", "BSC", "VTB", "BSBC", "MCR", "CGR")
"""The algebras that `get_algebra` has with backend="torchhd"."""


def register(kind: str, table: Mapping[str, str]) -> None:
    """Make the names of a kind known; a table that was registered before is replaced.

    Args:
        kind: what `load` calls it, in the singular. Installed packages add names by entry points of the group "vsa.<kind>s".
        table: by name, "package.module:attribute".

    Example:
        >>> register("colour", {"red": "colorsys:rgb_to_hsv"})
        >>> load("colour", "red").__name__
        'rgb_to_hsv'
        >>> del TABLES["colour"]
    """
    TABLES[kind] = dict(table)


def kinds() -> list[str]:
    """The kinds that are known, in alphabetical order: the algebras, and what the packages registered that were imported."""
    return sorted(TABLES)


def names(kind: str) -> list[str]:
    """The names that `load` knows for a kind, those of installed packages included.

    Args:
        kind: "algebra", or one that was registered.

    Raises:
        PluginError: there is no such kind.

    Example:
        >>> names("algebra")[:2]
        ['BSC', 'FHRR']
    """
    return sorted({*_table(kind), *(point.name for point in _entry_points(kind))})


def sources(kind: str) -> dict[str, str]:
    """Where each of the names comes from, in words; nothing of it is imported.

    Args:
        kind: "algebra", or one that was registered. Of algebras those are there too that torchhd alone has.

    Raises:
        PluginError: there is no such kind.

    Example:
        >>> sources("algebra")["SBC"]
        'built in, vsa.algebras.sbc'
    """
    found = {name: _source(kind, name) for name in names(kind)}
    if kind == "algebra":
        for name in TORCHHD:
            found[name] = f"{found[name]}; torchhd's too" if name in found else 'torchhd\'s: backend="torchhd"'
    return dict(sorted(found.items()))


def _source(kind: str, name: str) -> str:
    table, points = _table(kind), [point for point in _entry_points(kind) if point.name == name]
    if len(points) + (name in table) > 1:
        return f"claimed more than once: {', '.join(_claims(kind, name))}"
    if points:
        return f"from the package {points[0].dist.name}, {points[0].value}" if points[0].dist else points[0].value
    return f"built in, {table[name].partition(':')[0]}"


def _claims(kind: str, name: str) -> list[str]:
    own = [target for known, target in _table(kind).items() if known == name]
    return own + [_describe(point) for point in _entry_points(kind) if point.name == name]


def load(kind: str, name: str) -> Any:
    """The class or function of that name; a built-in one is the project's own, whatever else is installed.

    Args:
        kind: "algebra", or one that was registered.
        name: a built-in name, the name of an entry point, or "package.module:attribute".

    Raises:
        PluginError: there is no such kind or name, it cannot be imported, or two other packages claim the name.
        MissingExtraError: what it needs is not installed.

    Example:
        >>> load("algebra", "MAP").__name__
        'MultiplyAddPermute'
    """
    if not isinstance(name, str):
        raise PluginError(f"the name of a plugin is a string, got {type(name).__name__}; an {kind} itself is passed as it is")
    if name in _table(kind):
        return _import(kind, name, _table(kind)[name])
    check_typed(kind, name)
    points = [point for point in _entry_points(kind) if point.name == name]
    if points:
        return _import(kind, name, points[0].value)
    if ":" in name:
        return _import(kind, name, name)
    raise PluginError(
        f'there is no {kind} {name!r}; {choices(name, names(kind))}. One of your own is named "package.module:attribute"'
    )


def check_typed(kind: str, name: str) -> None:
    """Refuse a name that was typed, of which nobody can know whom it means.

    Args:
        kind: "algebra", or one that was registered.
        name: what was typed.

    Raises:
        PluginError: the name is claimed more than once; the message has the names that leave no doubt.
    """
    claims = _claims(kind, name)
    if len(claims) > 1:
        raise PluginError(
            f"the {kind} {name!r} is claimed more than once: {', '.join(claims)}; "
            "uninstall one, or name the one you mean as package.module:attribute"
        )


def _table(kind: str) -> dict[str, str]:
    if not isinstance(kind, str) or kind not in TABLES:
        raise PluginError(
            f"there is no kind of plugin {kind!r}; {choices(kind, kinds())}. A package registers its kinds when it is imported"
        )
    return TABLES[kind]


def _entry_points(kind: str) -> list[EntryPoint]:
    return list(entry_points(group=f"vsa.{kind}s"))


def _describe(point: EntryPoint) -> str:
    return f"{point.value} (from {point.dist.name})" if point.dist else point.value


def _import(kind: str, name: str, target: str) -> Any:
    module_name, _, attribute = target.partition(":")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package == module_name.partition(".")[0]:
            raise PluginError(f"the {kind} {name!r} cannot be imported: there is no module {error.name!r}") from error
        raise MissingExtraError(
            f"the {kind} {name!r} needs the package {package!r}, which is not installed: pip install 'vsa-torch[lab]'"
        ) from error
    except Exception as error:  # whatever it does when it is imported, or it is no name of a module, such as ".."
        raise PluginError(f"the {kind} {name!r} cannot be imported: {error}") from error
    try:
        return getattr(module, attribute)
    except AttributeError:
        public = [key for key in vars(module) if not key.startswith("_")]
        raise PluginError(f"the module {module_name} has no {attribute!r}; {choices(attribute, public)}") from None
