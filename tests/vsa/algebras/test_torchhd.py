import pytest
import torch
import torchhd
from hypothesis import given
from torch import Tensor

from tests.helpers import anything, close, dims, error, fitting, seeds, vectors
from vsa import bind, bundle, get_algebra, similarity, unbind
from vsa.errors import AlgebraError, RangeError

shared = pytest.mark.parametrize("name", ["MAP", "HRR", "FHRR", "BSC", "VTB"])
modular = pytest.mark.parametrize("name", ["BSBC", "MCR", "CGR"])


@shared
@given(dim=dims, seed=seeds)
def test_native_agrees_with_the_backend(name: str, dim: int, seed: int) -> None:
    native, peer = get_algebra(name), get_algebra(name, "torchhd")
    a, b = anything(native, (2, 3), dim, seed)
    for verb in ("bind", "unbind", "similarity", "dot"):
        close(getattr(native, verb)(a, b), getattr(peer, verb)(a, b))
    for verb in ("bundle", "multibind", "permute", "inverse", "negative", "normalize", "as_real", "to_sum"):
        close(getattr(native, verb)(a), getattr(peer, verb)(a))
    close(native.power(a, 2), peer.power(a, 2))
    close(native.identity(fitting(native, dim)), peer.identity(fitting(native, dim)))
    assert native.laws == peer.laws
    assert native.dtype == peer.dtype


@shared
@given(dim=dims, seed=seeds)
def test_native_agrees_with_torchhd_called_directly(name: str, dim: int, seed: int) -> None:
    algebra = get_algebra(name)
    a, b = vectors(algebra, 2, dim, seed)
    model = getattr(torchhd, f"{name}Tensor")
    peer_a, peer_b = a.as_subclass(model), b.as_subclass(model)
    close(algebra.bind(a, b), torchhd.bind(peer_a, peer_b).as_subclass(Tensor))
    close(algebra.inverse(a), torchhd.inverse(peer_a).as_subclass(Tensor))
    close(algebra.permute(a, 3), torchhd.permute(peer_a, shifts=3).as_subclass(Tensor))
    expected = torchhd.cosine_similarity(peer_a, peer_b).as_subclass(Tensor)  # MAP's is float32 whatever the vectors are
    torch.testing.assert_close(algebra.similarity(a, b), expected, rtol=1e-5, atol=1e-5, check_dtype=False)
    if name != "BSC":  # ties: see test_torchhd_holes.py
        close(algebra.bundle(torch.stack([a, b])), torchhd.bundle(peer_a, peer_b).as_subclass(Tensor))


@modular
@given(dim=dims, seed=seeds)
def test_the_modular_models_are_those_of_torchhd(name: str, dim: int, seed: int) -> None:
    algebra = get_algebra(name, "torchhd", block_size=8)
    a, b = vectors(algebra, 2, dim, seed)
    peers = getattr(torchhd, f"{name}Tensor").random(2, dim, block_size=8)
    peers[0], peers[1] = a, b
    peer_a, peer_b = peers
    close(algebra.bind(a, b), torchhd.bind(peer_a, peer_b).as_subclass(Tensor))
    close(algebra.similarity(a, b), torchhd.cosine_similarity(peer_a, peer_b).as_subclass(Tensor))
    stack = vectors(algebra, 5, dim, seed)
    if name != "MCR":  # there a sum of phasors can lie halfway between two elements
        peers = getattr(torchhd, f"{name}Tensor").random(5, dim, block_size=8)
        peers[:] = stack
        close(algebra.bundle(stack), torchhd.multibundle(peers).as_subclass(Tensor))


def test_an_mcr_bundle_is_the_nearest_element_to_the_sum_of_phasors() -> None:
    mcr = get_algebra("MCR", "torchhd", block_size=64)
    stack = mcr.random(3, 256, generator=torch.Generator().manual_seed(0))
    phasors = torch.exp(1j * stack.double() * (2 * torch.pi / 64))
    angle = phasors.sum(0).angle() * 64 / (2 * torch.pi)
    off = (mcr.bundle(stack) - angle + 32) % 64 - 32
    assert off.abs().max() < 0.501


@shared
def test_the_backend_gives_plain_tensors_for_plain_tensors(name: str) -> None:
    algebra = get_algebra(name, "torchhd")
    a, b = algebra.random(2, 16)
    stack = torch.stack([a, b])
    results = [a, algebra.identity(16), algebra.bind(a, b), algebra.inverse(a), algebra.bundle(stack), algebra.multibind(stack)]
    assert {type(x) for x in results} == {Tensor}


@shared
def test_a_tensor_of_torchhd_carries_its_algebra(name: str) -> None:
    a, b = getattr(torchhd, f"{name}Tensor").random(2, 64)
    assert type(bind(a, b)) is type(a)
    assert torch.equal(bind(a, b), torchhd.bind(a, b))
    assert torch.equal(unbind(a, b, algebra=name), torchhd.bind(a, torchhd.inverse(b)))


@modular
def test_a_tensor_of_torchhd_carries_its_block_size(name: str) -> None:
    a, b = getattr(torchhd, f"{name}Tensor").random(2, 64, block_size=5)
    assert torch.equal(bind(a, b), torchhd.bind(a, b))
    assert similarity(a, a).item() == pytest.approx(1)
    assert bundle(a.expand(3, 64)).as_subclass(Tensor).equal(a.as_subclass(Tensor))


def test_a_tensor_of_torchhd_in_another_algebra_is_an_error() -> None:
    hrr, other = torchhd.random(1, 64, vsa="HRR")[0], torchhd.random(1, 64, vsa="MAP")[0]
    with error(AlgebraError, "the algebra is MAP", "carries HRR"):
        bind(hrr, hrr, algebra="MAP")
    with error(AlgebraError, "cannot be mixed: HRR, MAP"):
        bind(hrr, other)
    with error(AlgebraError, "the algebra is MAP", "carries HRR"):
        get_algebra("MAP").inverse(hrr)


def test_block_sizes_that_cannot_be() -> None:
    for size in (1, 2.0, True):
        with error(RangeError, "BSBC: block_size must be an integer of at least 2", f"got {size}"):
            get_algebra("BSBC", "torchhd", block_size=size)
    with error(RangeError, "MCR: elements are from 0 to 15; these are from -1 to 3"):
        get_algebra("MCR", "torchhd").as_real(torch.tensor([-1, 3]))
    with error(AlgebraError, "MAP does not take these options", "block_size"):
        get_algebra("MAP", "torchhd", block_size=4)
