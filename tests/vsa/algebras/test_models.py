"""What is particular to each model."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import close, error, seeds
from vsa import BSC, FHRR, HRR, MAP, SBC, VTB, PackedBSC, get_algebra
from vsa.errors import DtypeError, RangeError, ShapeError


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_map_normalizes_straight_through_and_leaves_ties() -> None:
    x = torch.tensor([3.0, -0.2, 0.0], requires_grad=True)
    y = MAP.normalize(x)
    assert y.tolist() == [1, -1, 0]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 1, 1]
    assert MAP.normalize(torch.tensor([torch.nan, 2.0])).isnan().tolist() == [True, False]


def test_map_by_majority_takes_the_sign_of_the_sum() -> None:
    majority = get_algebra("MAP", majority=True)
    stack = majority.random(5, 256, generator=generator())
    assert torch.equal(majority.bundle(stack), stack.sum(0).sign())
    assert torch.equal(MAP.bundle(stack), stack.sum(0))
    assert majority != MAP


def test_map_of_integers_never_overflows_in_silence() -> None:
    x = torch.ones(200, 8, dtype=torch.int8)
    assert MAP.bundle(x).tolist() == [200] * 8
    assert MAP.similarity(MAP.bundle(x), x[0].long()).item() == pytest.approx(1)
    assert MAP.bind(-x, x).tolist() == (-x).tolist()
    with error(RangeError, "bind: a product as large as 400 would overflow torch.int8", "x.float()"):
        MAP.bind(20 * x, 20 * x)
    with error(RangeError, "multibind: a product as large as", "would overflow torch.int8"):
        MAP.multibind(20 * x)
    with error(RangeError, "bundle: the sum of these integers would overflow int64"):
        MAP.bundle(torch.full((2, 3), 2**62))


@given(seed=seeds, dim=st.integers(1, 33))
def test_exact_hrr_unbinds_any_key(seed: int, dim: int) -> None:
    exact = get_algebra("HRR", exact=True)
    a, key = torch.randn(2, dim, generator=generator(seed), dtype=torch.float64)
    recovered = exact.unbind(exact.bind(a, key), key)
    torch.testing.assert_close(recovered, a, rtol=1e-6, atol=1e-6)


def test_exact_hrr_gives_nothing_where_the_key_has_nothing() -> None:
    exact = get_algebra("HRR", exact=True)
    x = torch.ones(8)
    assert exact.unbind(x, torch.zeros(8)).equal(torch.zeros(8))
    assert exact.inverse(torch.zeros(8)).equal(torch.zeros(8))


@pytest.mark.parametrize("name", ["HRR", "VTB"])
@pytest.mark.parametrize("backend", ["native", "torchhd"])
def test_unbinding_with_an_ordinary_key_gives_the_vector_and_noise(name: str, backend: str) -> None:
    algebra = get_algebra(name, backend)
    a, key = algebra.random(2, 10_000, generator=generator())
    assert algebra.similarity(algebra.unbind(algebra.bind(a, key), key), a).item() == pytest.approx(2**-0.5, abs=0.02)


def test_unitary_vectors_have_unitary_spectra_and_matrices() -> None:
    x = get_algebra("HRR", unitary=True).random(3, 65, generator=generator(), dtype=torch.float64)
    close(torch.fft.rfft(x).abs(), torch.ones(3, 33, dtype=torch.float64))
    y = get_algebra("VTB", unitary=True).random(3, 64, generator=generator(), dtype=torch.float64).view(3, 8, 8)
    close(y @ y.mT * 8, torch.eye(8, dtype=torch.float64).expand(3, 8, 8))


def test_vtb_is_a_product_of_matrices() -> None:
    a, b = torch.randn(2, 9, generator=generator(), dtype=torch.float64)
    close(VTB.bind(a, b), (3**0.5 * a.view(3, 3) @ b.view(3, 3).T).flatten())


def test_vtb_needs_the_side_of_the_key() -> None:
    a, key = VTB.random(2, 4096, generator=generator())
    assert VTB.similarity(VTB.unbind(VTB.bind(a, key), key), a) > 0.6
    assert VTB.similarity(VTB.unbind(VTB.bind(key, a), key, side="left"), a) > 0.6
    assert VTB.similarity(VTB.unbind(VTB.bind(key, a), key), a).abs() < 0.1
    with error(RangeError, 'side is where the key stood in bind, "right" or "left"; got \'both\''):
        VTB.unbind(a, key, side="both")  # pyright: ignore[reportArgumentType]


def test_dimensions_that_a_model_does_not_have() -> None:
    with error(RangeError, "random: VTB needs a square dimension", "got dim=10"):
        VTB.random(1, 10)
    with error(ShapeError, "bind: VTB needs a square dimension", "[10]"):
        VTB.bind(torch.ones(10), torch.ones(10))
    with error(RangeError, "identity: SBC has blocks of 16", "got dim=10"):
        SBC.identity(10)
    with error(ShapeError, "normalize: SBC has blocks of 16", "[2, 10]"):
        SBC.normalize(torch.ones(2, 10))
    with error(RangeError, "random: PackedBSC packs 64 elements to a word", "got 100"):
        PackedBSC.random(1, 100)
    for size in (1, 2.0, True):
        with error(RangeError, "block_size must be an integer of at least 2", f"got {size}"):
            get_algebra("SBC", block_size=size)


def test_sbc_binds_by_adding_places() -> None:
    a, b = SBC.random(2, 320, generator=generator())
    places = [x.view(20, 16).argmax(-1) for x in (a, b, SBC.bind(a, b), SBC.unbind(a, b))]
    assert torch.equal(places[2], (places[0] + places[1]) % 16)
    assert torch.equal(places[3], (places[0] - places[1]) % 16)
    torch.testing.assert_close(SBC.bind(a, b).sum(), torch.tensor(20.0))


def test_sbc_normalizes_to_one_place_a_block() -> None:
    algebra = get_algebra("SBC", block_size=4)
    x = torch.tensor([0.1, 0.5, 0.5, -1, 0, 0, 0, 0, -2, -1, -3, -1], requires_grad=True)
    y = algebra.normalize(x)
    assert y.tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1] * 12
    assert algebra.normalize(torch.tensor([torch.nan, 1, 2, 3])).isnan().any()


def test_fhrr_keeps_a_zero_and_multiplies_angles() -> None:
    assert FHRR.normalize(torch.tensor([3j, 0])).tolist() == [1j, 0]
    torch.testing.assert_close(
        FHRR.power(torch.tensor([1j, -1j]), 0.5), torch.polar(torch.ones(2), torch.tensor([1, -1]) * torch.pi / 4)
    )


def test_bsc_decides_ties_by_what_is_bundled_alone() -> None:
    a, b = BSC.random(2, 10_000, generator=generator())
    both = BSC.bundle(torch.stack([a, b]))
    assert torch.equal(both, BSC.bundle(torch.stack([b, a])))
    assert torch.equal(both[a == b], a[a == b])
    ties = both[a != b]
    assert ties.float().mean().item() == pytest.approx(0.5, abs=0.03)
    assert torch.tensor([BSC.similarity(both, x) for x in (a, b)]).tolist() == pytest.approx([0.5, 0.5], abs=0.03)
    c, d = BSC.random(2, 10_000, generator=generator(1))
    assert BSC.similarity(both, BSC.bundle(torch.stack([c, d]))).abs() < 0.05
    undecided = BSC.bundle(torch.stack([a, ~a]))
    assert torch.equal(undecided, BSC.bundle(torch.stack([c, ~c])))
    assert undecided.float().mean().item() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("n", [2, 4, 10])
def test_a_binary_bundle_is_not_like_its_shift_or_another_bundle(n: int) -> None:
    dim = 2048
    stacks = PackedBSC.random(200 * n, dim, generator=generator()).view(200, n, -1)
    packed = PackedBSC.bundle(stacks)
    bundles = 1 - 2 * PackedBSC.unpack(packed).double()
    spectra = torch.fft.rfft(bundles)
    shifted = torch.fft.irfft(spectra * spectra.conj(), n=dim).mean(0)[1:] / dim  # the mean similarity with each other shift
    assert shifted.abs().max() < 6 * (200 * dim) ** -0.5
    between = (bundles[:100] @ bundles[100:].T / dim).mean()
    agreement = (math.comb(n, n // 2) / 2**n) ** 6  # where both are undecided, here and at two other places
    assert between.item() == pytest.approx(agreement, abs=6 * (200 * dim) ** -0.5)
    half = torch.tensor([0.5] * n)
    assert torch.equal(PackedBSC.bundle(stacks, weights=half), packed), "ties of weighted bundles fall the same way"


@pytest.mark.parametrize("dim", [1, 2, 63, 64, 65, 1000])
def test_fixed_bits_are_a_random_vector_that_is_not_like_its_shifts(dim: int) -> None:
    tied = BSC.from_sum(torch.zeros(dim))
    assert torch.equal(tied, BSC.from_sum(torch.zeros(1000))[:dim])
    assert torch.equal(PackedBSC.unpack(PackedBSC.from_sum(torch.zeros(1024)))[:dim], tied)
    signs = 1 - 2 * BSC.from_sum(torch.zeros(2**14)).double()
    spectrum = torch.fft.rfft(signs)
    shifted = torch.fft.irfft(spectrum * spectrum.conj()) / 2**14
    assert signs.mean().abs() < 4 / 2**7
    assert shifted[1:].abs().max() < 6 / 2**7
    assert BSC.from_sum(torch.zeros(0, dim)).shape == (0, dim)


@given(seed=seeds, n=st.integers(1, 9), words=st.integers(1, 5), shifts=st.integers(-400, 400))
def test_packed_bsc_is_bsc(seed: int, n: int, words: int, shifts: int) -> None:
    packed = PackedBSC.random(n, 64 * words, generator=generator(seed))
    bits = PackedBSC.unpack(packed)
    assert bits.shape == (n, 64 * words)
    assert torch.equal(PackedBSC.pack(bits), packed)
    assert torch.equal(bits, BSC.random(n, 64 * words, generator=generator(seed)))
    for verb in ("bundle", "multibind", "inverse", "negative", "normalize"):
        assert torch.equal(PackedBSC.unpack(getattr(PackedBSC, verb)(packed)), getattr(BSC, verb)(bits)), verb
    assert torch.equal(PackedBSC.unpack(PackedBSC.permute(packed, shifts)), BSC.permute(bits, shifts))
    assert torch.equal(PackedBSC.similarity(packed[:, None], packed), BSC.similarity(bits[:, None], bits))
    assert torch.equal(PackedBSC.as_real(packed), BSC.as_real(bits))
    weights = torch.randn(n, generator=generator(seed))
    assert torch.equal(PackedBSC.unpack(PackedBSC.bundle(packed, weights=weights)), BSC.bundle(bits, weights=weights))


def test_the_bits_of_a_word_are_in_order() -> None:
    word = PackedBSC.pack(torch.arange(64) % 64 == 5)
    assert word.tolist() == [32]
    assert PackedBSC.pack(torch.arange(64) == 63).tolist() == [-(2**63)]
    with error(DtypeError, "pack: BSC has no vectors of torch.float32"):
        PackedBSC.pack(torch.ones(64))


def test_a_nan_is_not_decided_away() -> None:
    total = torch.tensor([1.0, torch.nan])
    with error(RangeError, "from_sum: the sum has a NaN, on which BSC cannot decide"):
        BSC.from_sum(total)
    with error(RangeError, "bundle: a weight is NaN or infinite"):
        BSC.bundle(BSC.random(2, 8), weights=total)


def test_a_binary_bundle_of_very_many() -> None:
    stack = BSC.random(300, 64, generator=generator())
    assert torch.equal(BSC.bundle(torch.cat([stack, stack[:1]])), torch.cat([stack, stack[:1]]).sum(0) > 150)
    assert torch.equal(HRR.multibind(HRR.identity(8).expand(300, 8)), HRR.identity(8))
