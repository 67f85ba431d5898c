"""Vector symbolic architectures on plain torch tensors: algebra, memories with names, and errors that say what to do."""

from vsa.algebra import Algebra, Laws, get_algebra
from vsa.algebras.bsc import BSC
from vsa.algebras.fhrr import FHRR
from vsa.algebras.hrr import HRR
from vsa.algebras.map import MAP
from vsa.algebras.packed_bsc import PackedBSC
from vsa.algebras.sbc import SBC
from vsa.algebras.vtb import VTB
from vsa.errors import VSAError
from vsa.memory import Cleanup, ItemMemory
from vsa.plugins import load
from vsa.verbs import (
    bind,
    bundle,
    dot,
    identity,
    inverse,
    multibind,
    negative,
    normalize,
    permute,
    power,
    random,
    similarity,
    unbind,
)

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
    "similarity",
    "unbind",
]
