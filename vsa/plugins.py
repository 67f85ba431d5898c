"""Names at the edge: `load("encoder", "conv")` gives the class or function of that name.

In code, pass objects. Names are for the command line and for files, and this is the only place that resolves them: first in
the table of what comes with the project, then among the entry points of installed packages (groups vsa.algebras,
vsa.encoders, vsa.decoders, vsa.tasks), and a name with a colon is "package.module:attribute" itself. So what the project's own
files and settings name does not depend on what else is installed; `check_typed` says of a name that a person typed that others
claim it too. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from vsa.errors import MissingExtraError, PluginError, choices

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

BUILT_IN: dict[str, dict[str, str]] = {
    "algebra": {
        "MAP": "vsa.algebras.map:MultiplyAddPermute",
        "HRR": "vsa.algebras.hrr:HolographicReducedRepresentation",
        "FHRR": "vsa.algebras.fhrr:FourierHolographicReducedRepresentation",
        "BSC": "vsa.algebras.bsc:BinarySpatterCode",
        "PackedBSC": "vsa.algebras.packed_bsc:PackedBinarySpatterCode",
        "VTB": "vsa.algebras.vtb:VectorDerivedTransformationBinding",
        "SBC": "vsa.algebras.sbc:SparseBlockCode",
    },
    "encoder": {
        "conv": "encoders.conv:ConvEncoder",
        "conv-burgess": "encoders.conv:burgess",
        "conv-document": "encoders.conv:document",
        "conv-small": "encoders.conv:small",
        "glimpse": "encoders.glimpse:GlimpseEncoder",
    },
    "decoder": {
        "conv": "decoders.conv:ConvDecoder",
        "conv-burgess": "decoders.conv:burgess",
        "conv-document": "decoders.conv:document",
        "conv-small": "decoders.conv:small",
        "what-where": "decoders.what_where:WhatWhereDecoder",
    },
    "task": {
        "paired": "tasks.paired:TASK",
        "scene": "tasks.scene:TASK",
        "paired-scene": "tasks.paired_scene:TASK",
        "vae": "tasks.vae:TASK",
        "id-gan": "tasks.id_gan:TASK",
    },
}

TORCHHD = ("MAP", "HRR", "FHRR", "BSC", "VTB", "BSBC", "MCR", "CGR")
"""The algebras that `get_algebra` has with backend="torchhd"."""


@runtime_checkable
class Encoder(Protocol):
    """Observations to feature posteriors. A plugin is called as `encoder(image=(C, H, W), features=F, dim=D)` to make one."""

    def __call__(
        self, images: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b features dim"], Float[Tensor, "b features dim"]]:
        """Mean and log variance, [B, F, D] each, of images [B, C, H, W] in [0, 1]."""
        ...


@runtime_checkable
class Decoder(Protocol):
    """Hypervectors to observations. A plugin is called as `decoder(dim=D, image=(C, H, W))` to make one."""

    def __call__(self, vectors: Float[Tensor, "b dim"]) -> Float[Tensor, "b c h w"]:
        """Logits [B, C, H, W] of vectors [B, D]."""
        ...


def names(kind: str) -> list[str]:
    """The names that `load` knows for a kind, those of installed packages included.

    Args:
        kind: "algebra", "encoder", "decoder" or "task".

    Raises:
        PluginError: there is no such kind.

    Example:
        >>> names("encoder")[:2]
        ['conv', 'conv-burgess']
    """
    return sorted({*_table(kind), *(point.name for point in _entry_points(kind))})


def checkout() -> Path | None:
    """The checkout of the repository that this package is used from; None where the package was installed alone."""
    root = Path(__file__).resolve().parents[1]
    return root if (root / "tasks" / "command_line.py").is_file() else None


def sources(kind: str) -> dict[str, str]:
    """Where each of the names comes from, in words; nothing of it is imported.

    Args:
        kind: "algebra", "encoder", "decoder" or "task". Of algebras those are there too that torchhd alone has.

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
    module = table[name].partition(":")[0]
    there = module.startswith("vsa.") or checkout() is not None
    return f"built in, {module}" if there else "not here: needs a checkout"


def _claims(kind: str, name: str) -> list[str]:
    own = [target for known, target in _table(kind).items() if known == name]
    return own + [_describe(point) for point in _entry_points(kind) if point.name == name]


def load(kind: str, name: str) -> Any:
    """The class or function of that name; a built-in one is the project's own, whatever else is installed.

    Args:
        kind: "algebra", "encoder", "decoder" or "task".
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
        kind: "algebra", "encoder", "decoder" or "task".
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
    if not isinstance(kind, str) or kind not in BUILT_IN:
        raise PluginError(f"there is no kind of plugin {kind!r}; {choices(kind, BUILT_IN)}")
    return BUILT_IN[kind]


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
        if package in ("encoders", "decoders", "tasks"):
            raise PluginError(
                f"the {kind} {name!r} is not part of the installed package: clone the repository and run from there"
            ) from error
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
