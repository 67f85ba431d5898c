import copy
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchhd
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.helpers import ALGEBRAS, as_a_user, batches, error, seeds
from vsa import Algebra, get_algebra
from vsa.embeddings import Circular, Density, FractionalPower, Level, RandomProjection, Sinusoid, Thermometer
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError, VSAError

DIM = 72 * 72  # a square for VTB, a multiple of 64 for PackedBSC
every_algebra = pytest.mark.parametrize("algebra", ALGEBRAS)
two_state = pytest.mark.parametrize("name", ["MAP", "FHRR", "BSC", "PackedBSC"])
powers = pytest.mark.parametrize("name", ["FHRR", "HRR"])
numbers = st.floats(-5, 5, width=32)

SINGLE: dict[str, Callable[..., nn.Module]] = {
    "level": partial(Level, 9, 64, algebra="HRR", seed=1),
    "complex level": partial(Level, 9, 64, algebra="FHRR", seed=1),
    "circular": partial(Circular, 9, 64, seed=1),
    "packed circular": partial(Circular, 9, 64, algebra="PackedBSC", seed=1),
    "thermometer": partial(Thermometer, 9, 64, algebra="BSC"),
}
FEATURES: dict[str, Callable[..., nn.Module]] = {
    "projection": partial(RandomProjection, 3, 64, seed=1),
    "complex projection": partial(RandomProjection, 3, 64, algebra="FHRR", normalize=True, seed=1),
    "binary projection": partial(RandomProjection, 3, 64, algebra="BSC", seed=1),
    "sinusoid": partial(Sinusoid, 3, 64, seed=1),
    "density": partial(Density, 3, 64, seed=1),
    "complex density": partial(Density, 3, 64, algebra="FHRR", seed=1),
    "fractional": partial(FractionalPower, 3, 64, seed=1),
    "real fractional": partial(FractionalPower, 3, 64, algebra="HRR", kernel="gaussian", seed=1),
}
every_embedding = pytest.mark.parametrize("kind", [*SINGLE, *FEATURES])


def made(kind: str) -> tuple[Any, Tensor]:
    """An embedding, and values that it takes: a batch of four."""
    values = torch.rand(4, 3, generator=torch.Generator().manual_seed(0))
    return (SINGLE[kind](), values[:, 0].contiguous()) if kind in SINGLE else (FEATURES[kind](), values)


def profile(embedding: Any) -> Tensor:
    """The similarities of all levels, [num, num]."""
    return embedding.algebra.similarity(embedding.vectors[:, None], embedding.vectors)


def peer_profile(vectors: Tensor) -> Tensor:
    return torchhd.cosine_similarity(vectors, vectors).as_subclass(Tensor).real.float()  # pyright: ignore[reportArgumentType]


def line(num: int) -> Tensor:
    """The distances of num levels on a line of length 1."""
    place = torch.linspace(0, 1, num)
    return (place[:, None] - place).abs()


def circle(num: int) -> Tensor:
    """The distances of num levels around a circle, where opposite ones are 1 apart."""
    steps = (torch.arange(num)[:, None] - torch.arange(num)) % num
    return torch.minimum(steps, num - steps) / (num / 2)


# Level.


@every_algebra
def test_levels_decline_linearly_to_the_similarity_of_random_vectors(algebra: Algebra) -> None:
    level = Level(7, DIM, algebra=algebra, seed=3)
    expected = 1 - (1 - algebra.laws.expected_similarity) * line(7)
    torch.testing.assert_close(profile(level).double(), expected.double(), rtol=0, atol=0.05)


@every_algebra
def test_levels_are_vectors_of_the_algebra(algebra: Algebra) -> None:
    for embedding in (Level(6, 576, algebra=algebra), Circular(6, 576, algebra=algebra)):
        vectors, own = embedding.vectors, algebra.random(6, 576)
        assert (type(vectors), vectors.shape, vectors.dtype) == (Tensor, own.shape, own.dtype)
        torch.testing.assert_close(algebra.normalize(vectors), vectors, rtol=1e-5, atol=1e-6)


@every_algebra
def test_binding_with_a_level_is_undone_exactly_where_keys_are_exact(algebra: Algebra) -> None:
    level = Level(5, DIM, algebra=algebra)
    (key,) = algebra.random(1, DIM, generator=torch.Generator().manual_seed(9))
    back = algebra.unbind(algebra.bind(level.vectors, key), key)
    assert bool((algebra.similarity(back, level.vectors) > (0.999 if algebra.laws.exact_unbinding else 0.65)).all())
    if getattr(algebra, "unitary", False):
        # Levels as keys: of HRR unitary too, of VTB, whose orthogonal matrices cannot be mixed, not.
        back = algebra.unbind(algebra.bind(key, level.vectors), level.vectors)
        assert bool((algebra.similarity(back, key)[1:-1] > 0.999).all()) == (algebra.name == "HRR")


@pytest.mark.parametrize("name", ["MAP", "HRR", "FHRR", "BSC"])
def test_levels_are_as_similar_as_those_of_torchhd(name: Any) -> None:
    peer = torchhd.level(6, DIM, name, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(profile(Level(6, DIM, algebra=name)).float(), peer_profile(peer), rtol=0, atol=0.05)


@given(num=st.integers(2, 20), low=st.floats(-100, 100), width=st.floats(0.01, 100), seed=seeds, shape=batches)
def test_a_value_has_the_vector_of_the_nearest_level(
    num: int, low: float, width: float, seed: int, shape: tuple[int, ...]
) -> None:
    high = low + width
    level = Level(num, 512, low=low, high=high, seed=seed)
    values = low + width * torch.rand(shape, dtype=torch.float64)
    x = level(values)
    assert x.shape == (*shape, 512)
    grid = torch.linspace(low, high, num, dtype=torch.float64)
    assert torch.equal(x, level.vectors[(values[..., None] - grid).abs().argmin(-1)])
    decoded = level.decode(x).double()
    assert decoded.shape == shape
    assert bool(((decoded - values).abs() <= width / (num - 1) / 2 + 1e-4 * (abs(low) + width)).all())


@every_algebra
def test_noisy_vectors_are_decoded(algebra: Algebra) -> None:
    level = Level(5, DIM, low=-1.0, high=1.0, algebra=algebra)
    numbers = torch.tensor([[-1.0, -0.5, 0.0], [0.5, 1.0, 0.0]])
    other = algebra.random(1, DIM, generator=torch.Generator().manual_seed(5))[0]
    x = level(numbers)
    noisy = algebra.bundle(torch.stack([x, x, other.expand_as(x)]), 0)
    decoded = level.decode(noisy)
    assert type(decoded) is Tensor
    torch.testing.assert_close(decoded, numbers)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_ends_are_within_the_range_in_every_precision(dtype: torch.dtype) -> None:
    for high in (0.1, 0.3, 0.7):
        level = Level(1001, 8, high=high)
        first, last = level.scale.nearest(torch.tensor([0.0, high], dtype=dtype)).tolist()
        assert first == 0
        assert 1000 * (1 - torch.finfo(dtype).eps) - 1 <= last <= 1000


def test_what_lies_outside_is_clipped_if_asked() -> None:
    level = Level(5, 64, low=1, high=3, clip=True)
    outside = torch.tensor([-math.inf, 0.0, 4.0, math.inf])
    assert level.decode(level(outside)).tolist() == [1.0, 1.0, 3.0, 3.0]
    with error(RangeError, "Level: a value is NaN", "[1.0, 3.0]"):
        level(torch.tensor([2.0, math.nan]))


def test_the_vectors_of_a_seed_never_change() -> None:
    assert Level(3, 8, seed=1).vectors.tolist() == [
        [1, 1, 1, 1, 1, -1, 1, 1],
        [1, 1, 1, -1, 1, -1, 1, -1],
        [1, 1, -1, -1, -1, -1, 1, -1],
    ]


# Circular.


@every_algebra
def test_circular_vectors_decline_linearly_around_the_circle(algebra: Algebra) -> None:
    for num in (6, 7):
        expected = 1 - (1 - algebra.laws.expected_similarity) * circle(num)
        found = profile(Circular(num, DIM, algebra=algebra, seed=2)).double()
        torch.testing.assert_close(found, expected.double(), rtol=0, atol=0.05)


@pytest.mark.parametrize("name", ["MAP", "FHRR", "BSC"])
def test_circular_vectors_are_as_similar_as_those_of_torchhd(name: Any) -> None:
    peer = torchhd.circular(8, DIM, name, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(profile(Circular(8, DIM, algebra=name)).float(), peer_profile(peer), rtol=0, atol=0.05)


@given(
    num=st.integers(2, 30), level=st.integers(0, 29), turns=st.integers(-50, 50), period=st.sampled_from([1.0, 24.0, 2 * math.pi])
)
def test_a_value_and_a_period_more_are_the_same(num: int, level: int, turns: int, period: float) -> None:
    circular = Circular(num, 512, period)
    value = torch.tensor(period * (level % num) / num, dtype=torch.float64)
    assert torch.equal(circular(value + turns * period), circular.vectors[level % num])
    assert circular.decode(circular(value + turns * period)).item() == pytest.approx(value.item(), abs=1e-5)
    assert torch.equal(circular(torch.tensor(-1e-9)), circular.vectors[0])


# Thermometer and Density.


@two_state
@pytest.mark.parametrize("num", [2, 5, 17, 65])
def test_thermometers_are_exact(name: str, num: int) -> None:
    thermometer = Thermometer(num, 64, algebra=name)
    torch.testing.assert_close(profile(thermometer), 1 - 2 * line(num), rtol=0, atol=1e-6)
    torch.testing.assert_close(thermometer.decode(thermometer.vectors), torch.linspace(0, 1, num))


@given(num=st.integers(2, 41), dim=st.integers(40, 100))
def test_thermometers_are_even_to_one_element_where_levels_do_not_divide_the_dimension(num: int, dim: int) -> None:
    on = (Thermometer(num, dim).vectors == 1).sum(-1)
    assert bool(((on - torch.linspace(0, dim, num)).abs() <= 0.5 + 1e-4).all())
    assert torch.equal(Thermometer(num, dim, algebra="BSC").vectors, Thermometer(num, dim).vectors == 1)


@pytest.mark.parametrize("name", ["MAP", "FHRR", "BSC"])
def test_thermometers_are_those_of_torchhd(name: Any) -> None:
    peer = torchhd.thermometer(17, 64, name).as_subclass(Tensor)
    assert torch.equal(Thermometer(17, 64, algebra=name).vectors, peer)


def test_density_is_that_of_torchhd() -> None:
    ours, peer = Density(5, 100, low=-1, high=2), torchhd.embeddings.Density(5, 100, low=-1, high=2)
    peer.key.weight.data.copy_(ours.keys)
    values = 3 * torch.rand(7, 5) - 1
    assert torch.equal(ours(values), peer(values).as_subclass(Tensor))


@two_state
def test_density_binds_a_thermometer_of_each_feature_with_its_key(name: str) -> None:
    algebra = get_algebra(name)
    density, thermometer = Density(3, 64, algebra=name), Thermometer(65, 64, algebra=name)
    values = torch.rand(2, 4, 3)
    expected = algebra.bundle(algebra.bind(thermometer(values), density.keys))
    assert torch.equal(density(values), expected)
    assert torch.equal(Density(3, 64, algebra=name, clip=True)(values + 9), density(torch.ones(2, 4, 3)))


# RandomProjection and Sinusoid.


@every_algebra
@pytest.mark.parametrize("cls", [RandomProjection, Sinusoid])
def test_projections_are_vectors_of_every_algebra(algebra: Algebra, cls: type) -> None:
    embed = cls(4, 576, algebra=algebra, normalize=True)
    x, own = embed(torch.randn(2, 3, 4)), algebra.random(1, 576)
    assert (type(x), x.shape[:-1], x.shape[-1], x.dtype) == (Tensor, (2, 3), own.shape[-1], own.dtype)
    torch.testing.assert_close(algebra.normalize(x), x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["MAP", "HRR", "FHRR", "VTB", "BSC", "PackedBSC"])
def test_a_projection_keeps_angles(name: str) -> None:
    angle = torch.linspace(0, math.pi, 9)
    embed = RandomProjection(2, DIM, algebra=name)
    x = embed(torch.stack([angle.cos(), angle.sin()], -1))
    expected = 1 - 2 * angle / math.pi if "BSC" in name else angle.cos()
    torch.testing.assert_close(embed.algebra.similarity(x[0], x), expected, rtol=0, atol=0.05)


@given(seed=seeds)
def test_projections_are_those_of_torchhd(seed: int) -> None:
    values = torch.randn(3, 6, generator=torch.Generator().manual_seed(seed))
    pairs: list[Any] = [(RandomProjection, torchhd.embeddings.Projection), (Sinusoid, torchhd.embeddings.Sinusoid)]
    for cls, peer_cls in pairs:
        ours, peer = cls(6, 50, seed=seed), peer_cls(6, 50)
        torch.testing.assert_close(ours.weight.norm(dim=-1), torch.ones(50))
        peer.weight.data.copy_(ours.weight)
        if isinstance(ours, Sinusoid):
            peer.bias.data.copy_(ours.bias)
        torch.testing.assert_close(ours(values), peer(values).as_subclass(Tensor))


# FractionalPower.

KERNELS: dict[str, tuple[Any, Callable[[Tensor], Tensor]]] = {
    "sinc": ("sinc", torch.sinc),
    "gaussian": ("gaussian", lambda d: torch.exp(-d.square() / 2)),
    "a distribution": (torch.distributions.Laplace(0.0, 1.0), lambda d: 1 / (1 + d.square())),
    "a function": (
        lambda shape, generator: torch.randint(2, shape, generator=generator) * math.pi,
        lambda d: (math.pi * d).cos() / 2 + 0.5,
    ),
}


@powers
@pytest.mark.parametrize("kernel", KERNELS)
def test_similarity_is_the_kernel(name: str, kernel: str) -> None:
    phases, expected = KERNELS[kernel]
    embed = FractionalPower(1, 20_000, bandwidth=0.5, kernel=phases, algebra=name)
    d = torch.linspace(-4, 4, 33)
    x, origin = embed(1.5 + 0.5 * d[:, None]), embed(torch.tensor([1.5]))
    torch.testing.assert_close(embed.algebra.similarity(x, origin), expected(d), rtol=0, atol=0.04)


@powers
def test_the_kernel_of_several_features_is_the_product(name: str) -> None:
    embed = FractionalPower(3, 20_000, kernel="gaussian", algebra=name)
    d = torch.randn(20, 3)
    expected = torch.exp(-d.square().sum(-1) / 2)
    torch.testing.assert_close(embed.algebra.similarity(embed(d), embed(torch.zeros(3))), expected, rtol=0, atol=0.04)


def test_phases_can_be_drawn_together() -> None:
    covariance = torch.tensor([[1.0, 0.8], [0.8, 1.0]])
    embed = FractionalPower(2, 20_000, kernel=torch.distributions.MultivariateNormal(torch.zeros(2), covariance))
    d = torch.randn(20, 2)
    expected = torch.exp(-((d @ covariance) * d).sum(-1) / 2)
    torch.testing.assert_close(embed.algebra.similarity(embed(d), embed(torch.zeros(2))), expected, rtol=0, atol=0.04)


@powers
@given(dim=st.integers(1, 70), x=st.lists(numbers, min_size=2, max_size=2), y=st.lists(numbers, min_size=2, max_size=2))
def test_binding_adds_and_unbinding_subtracts(name: str, dim: int, x: list[float], y: list[float]) -> None:
    embed = FractionalPower(2, dim, bandwidth=0.3, algebra=name).double()
    a, b = torch.tensor([x, y], dtype=torch.float64)
    algebra = embed.algebra
    torch.testing.assert_close(algebra.bind(embed(a), embed(b)), embed(a + b), rtol=0, atol=1e-9)
    torch.testing.assert_close(algebra.unbind(embed(a), embed(b)), embed(a - b), rtol=0, atol=1e-9)
    torch.testing.assert_close(embed(torch.zeros(2).double()), algebra.identity(dim, dtype=embed(a).dtype), rtol=0, atol=1e-9)


@pytest.mark.parametrize("algebra", [get_algebra("FHRR"), get_algebra("HRR", unitary=True)])
@given(x=numbers)
def test_it_is_the_power_of_the_vector_of_one(algebra: Algebra, x: float) -> None:
    embed = FractionalPower(1, 64, algebra=algebra).double()
    one = embed(torch.ones(1, dtype=torch.float64))
    value = torch.tensor([x], dtype=torch.float64)
    torch.testing.assert_close(embed(value), algebra.power(one, x), rtol=0, atol=1e-9)


@powers
def test_a_distribution_leaves_the_global_numbers_alone(name: str) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = FractionalPower(2, 64, kernel=torch.distributions.Normal(torch.zeros(2), torch.ones(2)), algebra=name, seed=3)
    assert torch.equal(torch.rand(1), expected)
    second = FractionalPower(2, 64, kernel=torch.distributions.Normal(torch.zeros(2), torch.ones(2)), algebra=name, seed=3)
    assert torch.equal(first.phases, second.phases)


@pytest.mark.parametrize("backend", ["native", "torchhd"])
@powers
def test_it_is_that_of_torchhd(name: Any, backend: str) -> None:
    ours = FractionalPower(2, 64, bandwidth=0.5, algebra=get_algebra(name, backend))
    peer = torchhd.embeddings.FractionalPower(2, 64, bandwidth=2.0, vsa=name)
    full = ours.phases
    if name == "HRR":  # torchhd has the whole spectrum, negative frequencies first
        full = torch.cat([full[-1:], -full[1:-1].flip(0), full[:-1]])
    peer.weight.data.copy_(full)
    values = torch.randn(5, 2)
    torch.testing.assert_close(ours(values), peer(values).as_subclass(Tensor), rtol=1e-4, atol=1e-5)


# What all of them are: modules without parameters, that move, save, copy and compile.


@every_embedding
def test_values_of_any_batch_give_plain_vectors(kind: str) -> None:
    embed, values = made(kind)
    x = embed(values)
    assert type(x) is Tensor
    assert torch.equal(embed(values[0]), x[0]) or torch.allclose(embed(values[0]), x[0], atol=1e-6)
    torch.testing.assert_close(embed(values.unflatten(0, (2, 2))), x.unflatten(0, (2, 2)))
    assert embed(values[:0]).shape == (0, *x.shape[1:])
    assert "dim=" in repr(embed)


@every_embedding
def test_it_compiles_and_vmaps(kind: str) -> None:
    embed, values = made(kind)
    torch.compiler.reset()
    with as_a_user():
        torch.testing.assert_close(torch.compile(embed, fullgraph=True, backend="eager")(values), embed(values))
        torch.testing.assert_close(torch.vmap(embed)(values), embed(values))
        torch.compiler.reset()
        found = torch.compile(embed, fullgraph=True, backend="eager")(nn.Parameter(values))
        torch.testing.assert_close(found, embed(values))
        assert found.requires_grad == embed(nn.Parameter(values)).requires_grad


@pytest.mark.parametrize("kind", SINGLE)
def test_decoding_compiles_and_vmaps(kind: str) -> None:
    embed, values = made(kind)
    x = embed(values)
    torch.compiler.reset()
    with as_a_user():
        torch.testing.assert_close(torch.compile(embed.decode, fullgraph=True, backend="eager")(x), embed.decode(x))
        torch.testing.assert_close(torch.vmap(embed.decode)(x), embed.decode(x))


def test_what_cannot_be_read_is_still_never_answered_wrongly() -> None:
    for embed, value in ((Level(5, 8), 1.5), (Level(5, 8, clip=True), math.nan), (Circular(5, 8), math.inf)):
        with as_a_user(), pytest.raises(IndexError):
            torch.vmap(embed)(torch.tensor([value]))


@every_embedding
def test_it_saves_loads_copies_and_depends_on_the_seed_alone(kind: str, tmp_path: Path) -> None:
    embed, values = made(kind)
    assert list(embed.parameters()) == []
    assert embed.state_dict()
    torch.save(embed.state_dict(), tmp_path / "embedding.pt")
    torch.manual_seed(99)
    other, _ = made(kind)
    assert torch.equal(other(values), embed(values))
    for buffer in other.buffers():
        buffer.zero_()
    other.load_state_dict(torch.load(tmp_path / "embedding.pt", weights_only=True))
    assert torch.equal(other(values), embed(values))
    assert torch.equal(copy.deepcopy(embed)(values), embed(values))


@pytest.mark.parametrize("cls", [Level, Circular, RandomProjection, Sinusoid, Density, FractionalPower])
def test_other_seeds_give_other_vectors(cls: Any) -> None:
    first, second, again = (next(cls(3, 64, seed=seed).buffers()) for seed in (-(2**70), 1, -(2**70)))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


@every_embedding
def test_it_is_made_on_the_device_that_is_asked_for_or_the_default_one(kind: str) -> None:
    cls = {**SINGLE, **FEATURES}[kind]
    with torch.device("meta"):
        assert all(buffer.is_meta for buffer in cls().buffers())
        there, values = cls(device="cpu"), made(kind)[1]
    assert all(buffer.is_cpu for buffer in there.buffers())
    assert all(buffer.is_meta for buffer in cls(device=torch.device("meta")).buffers())
    assert torch.equal(there(torch.zeros_like(values, device="cpu")), made(kind)[0](torch.zeros_like(values, device="cpu")))
    for device in ("cuda:77", "nowhere"):
        with error(RangeError, type(there).__name__, f"cannot be made on {device}"):
            cls(device=device)
    with error(DtypeError, type(there).__name__, 'a device is a torch.device or a string such as "cpu", got int'):
        cls(device=3)


def test_scalars_of_numpy_are_numbers_in_every_argument() -> None:
    def same(cls: Any, *given: Any, **named: Any) -> None:
        plain = {name: value.item() for name, value in named.items()}
        with as_a_user():
            ours, theirs = cls(*given, **named), cls(*(one.item() for one in given), **plain)
        assert repr(ours) == repr(theirs)
        assert all(torch.equal(a, b) for a, b in zip(ours.buffers(), theirs.buffers(), strict=True))

    low, high, seed = np.float32(-1.5), np.float64(2), np.int64(7)
    same(Level, np.int8(127), np.int16(64), low=low, high=high, seed=seed)
    same(Thermometer, np.uint8(65), np.int8(64), low=low, high=high)
    same(Circular, np.int8(9), np.int64(64), np.float32(6.5), seed=seed)
    same(Density, np.int8(3), np.int8(127), low=low, high=np.int8(2), seed=seed)
    same(FractionalPower, np.int8(2), np.int8(127), bandwidth=np.float16(0.5), seed=seed)
    for cls in (RandomProjection, Sinusoid):
        same(cls, np.int8(3), np.int8(127), seed=seed)
    for wrong in (np.array(3), np.array([3]), torch.tensor(3), np.True_):
        with error(DtypeError, "Level: num must be an integer, got"):
            Level(wrong, 64)  # pyright: ignore[reportArgumentType]
        with error(DtypeError, "Level: high must be a number, got"):
            Level(3, 64, high=wrong)  # pyright: ignore[reportArgumentType]
        with error(DtypeError, "Level: the seed must be an integer, got"):
            Level(3, 64, seed=wrong)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "Level: clip must be True or False, got 1"):
        Level(3, 64, clip=1)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "Sinusoid: normalize must be True or False, got 'yes'"):
        Sinusoid(3, 64, normalize="yes")  # pyright: ignore[reportArgumentType]


@every_embedding
def test_it_survives_a_change_of_precision_and_device(kind: str) -> None:
    embed, values = made(kind)
    expected = embed(values)
    wide = nn.Sequential(embed).to(torch.float64)(values.double())
    assert wide.dtype == {torch.float32: torch.float64, torch.complex64: torch.complex128}.get(expected.dtype, expected.dtype)
    torch.testing.assert_close(wide.to(expected.dtype), expected, rtol=1e-4, atol=1e-5)
    for narrow in (torch.float16, torch.bfloat16):
        embed, _ = made(kind)
        found = embed.to(narrow)(values.to(narrow))
        assert found.is_complex() == expected.is_complex()
        assert found.shape == expected.shape
        assert embed.algebra.similarity(found, found).isfinite().all()
    assert all(buffer.device.type == "meta" for buffer in embed.to("meta").buffers())


def test_complex_tables_can_be_made_complex_of_another_precision() -> None:
    with pytest.warns(UserWarning, match="Complex modules are a new feature"):
        assert Level(3, 8, algebra="FHRR").to(torch.complex128).vectors.dtype == torch.complex128


@pytest.mark.parametrize("kind", ["projection", "sinusoid", "fractional", "real fractional"])
def test_mixed_precision_does_not_round_angles(kind: str) -> None:
    embed, values = made(kind)
    with torch.autocast("cpu", torch.bfloat16):
        found = embed(100 * values)
    assert torch.equal(found, embed(100 * values))


@pytest.mark.parametrize("kind", ["projection", "complex projection", "sinusoid", "fractional", "real fractional"])
def test_gradients_flow_to_the_values(kind: str) -> None:
    embed, values = made(kind)
    embed, values = embed.double(), values[:1].double().requires_grad_()
    assert torch.autograd.gradcheck(embed, values)


# What a user can get wrong.


def test_scales_that_cannot_be() -> None:
    classes: list[Any] = [Level, Thermometer]
    for cls in classes:
        with error(RangeError, cls.__name__, "num must be at least 2, got 1"):
            cls(1, 64)
        with error(DtypeError, cls.__name__, "num must be an integer, got float"):
            cls(3.0, 64)
        with error(RangeError, cls.__name__, "low must be less than high", "low=1.0 and high=1.0"):
            cls(3, 64, low=1.0, high=1.0)
        with error(RangeError, cls.__name__, "high must be finite, got inf"):
            cls(3, 64, high=math.inf)
        with error(DtypeError, cls.__name__, "low must be a number, got str"):
            cls(3, 64, low="0")
    with error(RangeError, "Circular: num must be at least 2, got 0"):
        Circular(0, 64)
    for period in (0.0, -1.0):
        with error(RangeError, f"Circular: period must be positive, got {period}"):
            Circular(3, 64, period)
    with error(RangeError, "Thermometer: 10 levels need at least 9 elements", "got dim=8"):
        Thermometer(10, 8)
    with error(RangeError, "Density: low must be less than high"):
        Density(3, 64, low=2.0)


def test_sizes_seeds_and_algebras_that_cannot_be() -> None:
    for cls in (Level, Circular, RandomProjection, Sinusoid, Density, FractionalPower):
        with error(RangeError, "dim must be at least 1, got 0"):
            cls(3, 0)
        with error(DtypeError, cls.__name__, "the seed must be an integer, got float"):
            cls(3, 64, seed=0.5)  # pyright: ignore[reportArgumentType]
        with error(AlgebraError, "there is no algebra 'MAPP'"):
            cls(3, 64, algebra="MAPP")
    for cls in (RandomProjection, Sinusoid, Density, FractionalPower):
        with error(RangeError, cls.__name__, "in_features must be at least 1, got 0"):
            cls(0, 64)
    for cls in (Thermometer, Density):
        for name in ("HRR", "SBC", "VTB"):
            with error(AlgebraError, cls.__name__, name, "no opposite elements", "MAP, FHRR, BSC and PackedBSC"):
                cls(3, 64, algebra=name)
    with error(RangeError, "PackedBSC", "must be a multiple of 64", "65"):
        Level(3, 65, algebra="PackedBSC")
    with error(RangeError, "VTB needs a square dimension"):
        Sinusoid(3, 65, algebra="VTB")


def test_kernels_that_cannot_be() -> None:
    with error(AlgebraError, "FractionalPower: MAP has no powers", "FHRR and HRR"):
        FractionalPower(1, 64, algebra="MAP")
    for bandwidth in (0, -1.0):
        with error(RangeError, f"FractionalPower: bandwidth must be positive, got {bandwidth}"):
            FractionalPower(1, 64, bandwidth=bandwidth)
    with error(RangeError, "bandwidth must be finite, got nan"):
        FractionalPower(1, 64, bandwidth=math.nan)
    with error(RangeError, "no kernel 'gausian'", "did you mean 'gaussian'", "sinc, gaussian"):
        FractionalPower(1, 64, kernel="gausian")
    with error(DtypeError, "kernel must be one of sinc, gaussian, a distribution of torch, or a function; got int"):
        FractionalPower(1, 64, kernel=3)  # pyright: ignore[reportArgumentType]
    with error(ShapeError, "the kernel must draw real phases of shape [64, 2]", "[64, 3]"):
        FractionalPower(2, 64, kernel=torch.distributions.Normal(torch.zeros(3), 1.0))
    with error(ShapeError, "the kernel must draw real phases of shape [64, 2]", "got list"):
        FractionalPower(2, 64, kernel=lambda shape, generator: [0.0])  # pyright: ignore[reportArgumentType]


@every_embedding
def test_values_that_do_not_fit(kind: str) -> None:
    embed, values = made(kind)
    owner = type(embed).__name__
    with error(DtypeError, owner, "values must be a floating tensor, got float", "torch.tensor(...)"):
        embed(0.5)
    with error(DtypeError, owner, "values must be floating, got torch.int64", "values.float()"):
        embed(values.long())
    with error(DtypeError, owner, "the values are on meta, the module on cpu"):
        embed(values.to("meta"))
    if kind in FEATURES:
        with error(ShapeError, owner, "values must be [*batch, 3], got shape [4, 2]"):
            embed(values[:, :2])
        with error(ShapeError, owner, "values must be [*batch, 3], got shape []"):
            embed(values[0, 0])
    if "density" not in kind and kind in FEATURES:
        with error(DtypeError, owner, "the values are torch.float64, the module holds torch.float32", ".to(...)"):
            embed(values.double())
    if kind in ("level", "thermometer", "density"):
        with error(RangeError, owner, "values must lie in [0.0, 1.0]", "from 0.5 to 2.5", "clip=True"):
            embed(torch.tensor([0.5, 2.5, 1.0]))
    if kind in SINGLE or "density" in kind:
        with error(RangeError, owner, "a value is NaN"):
            embed(torch.full_like(values, math.nan))


def test_a_single_feature_needs_a_dimension_of_its_own() -> None:
    with error(ShapeError, "FractionalPower: values must be [*batch, 1], got shape [5]", "values[..., None]"):
        FractionalPower(1, 64)(torch.ones(5))
    with error(RangeError, "Circular: a value is NaN or infinite"):
        Circular(5, 64)(torch.tensor(math.inf))


def test_vectors_that_cannot_be_decoded() -> None:
    level = Level(5, 64)
    with error(ShapeError, "Level.decode: vectors must be a tensor [*batch, 64], got shape [2, 63]"):
        level.decode(torch.ones(2, 63))
    with error(ShapeError, "Level.decode", "got list"):
        level.decode([1.0])  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "Level.decode", "torch.float32 on cpu", "torch.float64 on cpu", ".to(embedding.vectors)"):
        level.decode(torch.ones(64, dtype=torch.float64))
    with error(RangeError, "Level.decode: a vector has a NaN"):
        level.decode(torch.full((64,), math.nan))


@given(value=st.floats(-20, 20), noise=st.floats(0, 2), algebra=st.sampled_from(["HRR", "FHRR"]), seed=seeds)
def test_a_power_is_read_back_between_the_numbers_compared(value: float, noise: float, algebra: str, seed: int) -> None:
    power = FractionalPower(1, 1024, bandwidth=1.5, kernel="gaussian", algebra=algebra)
    vector = power(torch.tensor([value]))
    exact = power.decode(vector, -20, 20)
    torch.testing.assert_close(exact, torch.tensor(value), atol=2e-3, rtol=0)
    drawn = torch.randn(2, 1024, generator=torch.Generator().manual_seed(seed))
    random = torch.complex(*drawn) / 2**0.5 if vector.is_complex() else drawn[0]
    noisy = vector + noise * vector.norm() / random.norm() * random
    assert abs(power.decode(noisy, -20, 20).item() - value) < 0.5
    torch.testing.assert_close(power.decode(7 * vector, -20, 20), exact, atol=1e-4, rtol=0)


def test_numbers_are_read_in_batches_and_stay_in_their_range() -> None:
    power = FractionalPower(1, 512, kernel="gaussian", algebra="HRR")
    values = torch.linspace(-30, 30, 12).view(3, 4)
    found = power.decode(power(values[..., None]), -5, 5)
    assert found.shape == (3, 4)
    inside = values.abs() < 5
    torch.testing.assert_close(found[inside], values[inside], atol=1e-2, rtol=0)
    assert found.abs().max() <= 5
    assert power.decode(torch.zeros(0, 512), 0, 1).shape == (0,)


@pytest.mark.parametrize(
    ("features", "vectors", "low", "high", "kind", "message"),
    [
        (2, torch.zeros(64), 0, 1, RangeError, "one number is read, but this has 2 features"),
        (1, torch.zeros(64), 1, 1, RangeError, "low must be below high, got 1.0 and 1.0"),
        (1, torch.zeros(64), 0, float("inf"), RangeError, "FractionalPower.decode: high must be finite"),
        (1, torch.zeros(64), 0, 1e9, RangeError, "at most 65536 are compared; narrow the range"),
        (1, torch.zeros(32), 0, 1, ShapeError, "vectors must be a tensor [*batch, 64], got [32]"),
        (1, torch.zeros(64, dtype=torch.complex64), 0, 1, DtypeError, "vectors of HRR are real floating, got torch.complex64"),
        (1, torch.zeros(64, dtype=torch.int64), 0, 1, DtypeError, "vectors of HRR are real floating, got torch.int64"),
    ],
)
def test_what_cannot_be_read_is_refused(
    features: int, vectors: torch.Tensor, low: float, high: float, kind: type[VSAError], message: str
) -> None:
    with error(kind, message):
        FractionalPower(features, 64, algebra="HRR").decode(vectors, low, high)
