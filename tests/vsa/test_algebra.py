import copy

import pytest
import torch

import vsa
from tests.helpers import ALGEBRAS, error
from vsa import Algebra, bind, get_algebra
from vsa.errors import AlgebraError


@pytest.mark.parametrize("algebra", ALGEBRAS)
def test_an_algebra_is_data(algebra: Algebra) -> None:
    assert isinstance(algebra, Algebra)
    assert copy.deepcopy(algebra) == algebra
    assert len({copy.deepcopy(algebra), algebra}) == 1
    assert algebra.name in repr(algebra) or algebra.name in ("MAP", "HRR", "FHRR", "BSC", "PackedBSC", "VTB", "SBC")
    assert get_algebra(algebra) is algebra


def test_all_public_names_are_there() -> None:
    assert all(hasattr(vsa, name) for name in vsa.__all__)
    assert vsa.__all__ == sorted(vsa.__all__)
    for name in ("MAP", "HRR", "FHRR", "BSC", "PackedBSC", "VTB", "SBC"):
        assert get_algebra(name) == getattr(vsa, name)


def test_options_make_another_algebra() -> None:
    assert get_algebra("HRR", unitary=True) != get_algebra("HRR")
    assert get_algebra("SBC", block_size=8) != get_algebra("SBC")
    assert get_algebra("MAP", "torchhd") != get_algebra("MAP")


def test_unknown_algebras_and_backends() -> None:
    with error(AlgebraError, "there is no algebra 'MPA'", "did you mean 'MAP'", "BSC, FHRR, HRR, MAP, PackedBSC, SBC, VTB"):
        get_algebra("MPA")
    with error(AlgebraError, "no backend 'jax'", "native, torchhd"):
        get_algebra("MAP", "jax")
    with error(AlgebraError, "no algebra 'XYZ' in the backend torchhd", "MAP, HRR, FHRR, BSC, VTB, BSBC, MCR, CGR"):
        get_algebra("XYZ", "torchhd")
    with error(AlgebraError, "HRR does not take these options", "unitery"):
        get_algebra("HRR", unitery=True)
    with error(AlgebraError, "HRR does not take these options", "unitary"):
        get_algebra("HRR", "torchhd", unitary=[True])
    with error(AlgebraError, "an algebra is a name or an object", "got 3"):
        bind(torch.ones(3), torch.ones(3), algebra=3)  # pyright: ignore[reportArgumentType]
