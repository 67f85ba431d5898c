"""The public names, gathered: `vsa` itself takes them from here when they are first asked for."""

from vsa.algebra import Algebra, Laws
from vsa.algebras.bsc import BSC
from vsa.algebras.fhrr import FHRR
from vsa.algebras.hrr import HRR
from vsa.algebras.map import MAP
from vsa.algebras.packed_bsc import PackedBSC
from vsa.algebras.sbc import SBC
from vsa.algebras.vtb import VTB
from vsa.errors import VSAError
from vsa.factorization import resonator
from vsa.lookup import get_algebra
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
