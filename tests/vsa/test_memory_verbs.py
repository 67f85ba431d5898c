from typing import Any

import pytest
import torch

from tests.helpers import error, fitting
from vsa import ItemMemory, get_algebra
from vsa.errors import DtypeError, ShapeError, SymbolError

NAMES = ["shape", "heart", "size", "big"]


@pytest.mark.parametrize("name", ["MAP", "HRR", "FHRR", "BSC", "PackedBSC", "VTB", "SBC"])
def test_verbs_are_those_of_the_algebra_and_take_names(name: str) -> None:
    algebra = get_algebra(name)
    memory = ItemMemory(NAMES, fitting(algebra, 20), algebra=algebra)
    a, b = memory["shape"], memory["heart"]
    pairs: list[tuple[Any, Any]] = [
        (memory.bind("shape", "heart"), algebra.bind(a, b)),
        (memory.bind(a, "heart"), algebra.bind(a, b)),
        (memory.bind(["shape", "heart"], "size"), algebra.bind(memory[["shape", "heart"]], memory["size"])),
        (memory.unbind(memory.bind("shape", "heart"), "shape", "left"), algebra.unbind(algebra.bind(a, b), a, "left")),
        (memory.multibind(NAMES), algebra.multibind(memory.vectors)),
        (memory.bundle(NAMES), algebra.bundle(memory.vectors)),
        (memory.bundle(("shape", b)), algebra.bundle(torch.stack([a, b]))),
        (memory.bundle(memory.vectors, weights=torch.arange(1, 5)), algebra.bundle(memory.vectors, weights=torch.arange(1, 5))),
        (memory.permute("shape", 2), algebra.permute(a, 2)),
        (memory.inverse("shape"), algebra.inverse(a)),
        (memory.negative("shape"), algebra.negative(a)),
        (memory.power("shape", 2), algebra.power(a, 2)),
        (memory.normalize("shape"), algebra.normalize(a)),
        (memory.dot("shape", "heart"), algebra.dot(a, b)),
        (memory.similarity("shape", NAMES), algebra.similarity(a, memory.vectors)),
    ]
    for got, expected in pairs:
        assert torch.equal(got, expected)


def test_what_is_neither_a_name_nor_a_vector() -> None:
    memory = ItemMemory(NAMES, 64)
    with error(SymbolError, "no symbol 'hart'", "did you mean 'heart'?"):
        memory.bind("shape", "hart")
    with error(DtypeError, "bind", "got int"):
        memory.bind("shape", 3)
    with error(DtypeError, "bundle", "got list"):
        memory.bundle(["shape", 3])
    with error(ShapeError, "so they have one shape; got [[64], [2, 64]]"):
        memory.bundle(["shape", memory.vectors[:2]])
