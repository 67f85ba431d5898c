import copy
from typing import Any

import pytest
import torch
from torch import Tensor

import vsa
from tests.helpers import ALGEBRAS, error
from vsa import Algebra, bind, bundle, get_algebra, identity, load, normalize, random, similarity
from vsa.algebras.checks import TAKEN
from vsa.algebras.map import MultiplyAddPermute
from vsa.errors import AlgebraError, DtypeError
from vsa.plugins import TABLES


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


def test_a_name_that_is_elsewhere_or_misspelt_is_pointed_out() -> None:
    for name, places in {
        "Level": "vsa.embeddings.Level",
        "level": "vsa.embeddings.Level",
        "Record": "vsa.structures.Record",
        "ShapeError": "vsa.errors.ShapeError",
        "resonater": "vsa.resonator",
        "cosine_similarity": "vsa.similarity",
        "Bind": "vsa.bind",
    }.items():
        with pytest.raises(AttributeError) as caught:
            getattr(vsa, name)
        assert f"module 'vsa' has no attribute {name!r}: did you mean {places}" in str(caught.value)
    for name in ("xyzzy", "__wrapped__"):
        with pytest.raises(AttributeError, match=f"^module 'vsa' has no attribute '{name}'$"):
            getattr(vsa, name)


def test_options_make_another_algebra() -> None:
    assert get_algebra("HRR", unitary=True) != get_algebra("HRR")
    assert get_algebra("SBC", block_size=8) != get_algebra("SBC")
    assert get_algebra("MAP", "torchhd") != get_algebra("MAP")


def test_unknown_algebras_and_backends() -> None:
    with error(AlgebraError, "there is no algebra 'MPA'", "did you mean 'MAP'", "BSC, FHRR, HRR, MAP, PackedBSC, SBC, VTB"):
        get_algebra("MPA")
    with error(AlgebraError, "there is no algebra 'hrr'; did you mean 'HRR' or 'FHRR'? There are: BSC, FHRR"):
        get_algebra("hrr")
    with error(AlgebraError, "there is no algebra ''; there are: BSC, FHRR"):
        bind(torch.ones(3), torch.ones(3), algebra="")
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


class Faulty(MultiplyAddPermute):
    """A plugin with bugs of every kind that torch raises for its own reasons."""

    def _bind(self, a: Tensor, b: Tensor) -> Tensor:
        return a.view(7, -1) * b

    def _normalize(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _similarity(self, a: Tensor, b: Tensor) -> Tensor:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    def _identity(self, *_: Any, **__: Any) -> Tensor:
        raise RuntimeError("out of luck")

    def _form(self, *_: Any, **__: Any) -> Tensor:
        raise AssertionError("never")

    def _bundle(self, *_: Any, **__: Any) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")


def test_a_bug_stays_what_it_is() -> None:
    faulty, x = Faulty(), torch.ones(3, 16)
    with pytest.raises(RuntimeError, match=r"shape .* is invalid") as caught:
        bind(x, x, algebra=faulty)
    assert (type(caught.value), caught.value.__cause__) == (RuntimeError, None)
    with pytest.raises(NotImplementedError, match=r"^$"):
        normalize(x, algebra=faulty)
    with pytest.raises(RuntimeError, match="illegal memory access") as caught:
        similarity(x, x, algebra=faulty)
    assert type(caught.value) is RuntimeError
    with pytest.raises(RuntimeError, match="out of luck") as caught:
        identity(16, algebra=faulty)
    assert type(caught.value) is RuntimeError
    with pytest.raises(AssertionError, match="never"):
        random(1, 16, algebra=faulty)
    with pytest.raises(torch.OutOfMemoryError):
        bundle(x, algebra=faulty)


@pytest.mark.filterwarnings("ignore:Sparse CSR", "ignore:The PyTorch API of nested tensors")
def test_what_torch_refuses_is_explained() -> None:
    x = torch.ones(3, 16)
    nested = torch.nested.as_nested_tensor(list(x))
    for algebra in ("MAP", "HRR", "VTB"):
        for wrong, name in ((x.to_sparse_csr(), "sparse_csr"), (x.to_mkldnn(), "_mkldnn"), (nested, "nested")):
            with error(DtypeError, f"similarity: {algebra} works on dense tensors, got", name, "write x.to"):
                similarity(wrong, wrong, algebra=algebra)
            with error(DtypeError, f"bundle: {algebra} works on dense tensors, got", name, "write x.to"):
                bundle(wrong, algebra=algebra)


@pytest.mark.parametrize("dtype", sorted({x for x in vars(torch).values() if isinstance(x, torch.dtype)}, key=str))
def test_the_advice_names_the_algebras_that_have_such_vectors(dtype: torch.dtype) -> None:
    """It is a table, because the algebras are built on the file of the checks."""
    algebras = [load("algebra", name)() for name in TABLES["algebra"]]
    assert TAKEN.get(dtype, ()) == tuple(algebra.name for algebra in algebras if algebra._takes(dtype))
