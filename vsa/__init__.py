"""Vector symbolic architectures on plain torch tensors: algebra, memories with names, and errors that say what to do."""

from vsa.algebra import (
    Algebra,
    Laws,
    bind,
    bundle,
    get_algebra,
    inverse,
    normalize,
    permute,
    random,
    similarity,
    unbind,
)
from vsa.algebras.fhrr import FHRR
from vsa.algebras.hrr import HRR
from vsa.algebras.map import MAP
from vsa.errors import VSAError
from vsa.memory import Cleanup, ItemMemory
from vsa.plugins import load

__version__ = "0.1.0"

__all__ = [
    "Algebra",
    "Cleanup",
    "FHRR",
    "HRR",
    "ItemMemory",
    "Laws",
    "MAP",
    "VSAError",
    "bind",
    "bundle",
    "get_algebra",
    "inverse",
    "load",
    "normalize",
    "permute",
    "random",
    "similarity",
    "unbind",
]
