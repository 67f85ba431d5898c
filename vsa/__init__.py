"""Vector symbolic architectures on plain torch tensors: algebra, memories with names, and errors that say what to do.

Importing `vsa` does nothing yet: a name is imported when it is first used, and torch with it, so that `vsa --help` need not wait.
"""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vsa.public import *  # noqa: F403

__version__ = "0.1.0"

__all__ = [
    "Algebra",
    "BSC",
    "Cleanup",
    "FHRR",
    "HRR",
    "ItemMemory",
    "Laws",
    "MAP",
    "PackedBSC",
    "SBC",
    "VSAError",
    "VTB",
    "bind",
    "bundle",
    "dot",
    "get_algebra",
    "identity",
    "inverse",
    "load",
    "multibind",
    "negative",
    "normalize",
    "permute",
    "power",
    "random",
    "resonator",
    "similarity",
    "unbind",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        found: object = getattr(import_module("vsa.public"), name)
    elif not name.startswith("_") and find_spec(f"vsa.{name}"):
        found = import_module(f"vsa.{name}")
    else:
        raise AttributeError(f"module 'vsa' has no attribute {name!r}{'' if name.startswith('_') else _advice(name)}")
    globals()[name] = found
    return found


def _advice(name: str) -> str:
    """Where a name like this one is to be found."""
    from vsa.errors import nearest

    places = {public: f"vsa.{public}" for public in (*__all__, *(module.name for module in iter_modules(__path__)))}
    for part in ("embeddings", "structures", "capacity", "errors"):
        for inner, value in vars(import_module(f"vsa.{part}")).items():
            if not inner.startswith("_") and str(getattr(value, "__module__", "")).startswith(f"vsa.{part}"):
                places.setdefault(inner, f"vsa.{part}.{inner}")
    near = nearest(name, places)
    return f": did you mean {' or '.join(places[one] for one in near)}?" if near else ""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
