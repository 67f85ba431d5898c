import copy

import pytest
import torch
import torchhd
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import vsa
from tests.helpers import ALGEBRAS, anything, batches, close, dims, double, error, seeds, vectors
from vsa import Algebra, bind, bundle, get_algebra, inverse, normalize, permute, random, similarity, unbind
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError

every_algebra = pytest.mark.parametrize("algebra", ALGEBRAS)
native_and_torchhd = pytest.mark.parametrize("name", ["MAP", "HRR", "FHRR"])


# Laws, for each algebra as it states them.


@every_algebra
@given(dim=dims, seed=seeds)
def test_binding_commutes_and_associates(algebra: Algebra, dim: int, seed: int) -> None:
    a, b, c = anything(algebra, (3, dim), seed)
    assert algebra.laws.commutative
    assert algebra.laws.associative
    close(algebra.bind(a, b), algebra.bind(b, a))
    close(algebra.bind(algebra.bind(a, b), c), algebra.bind(a, algebra.bind(b, c)))


@every_algebra
@given(dim=dims, seed=seeds)
def test_binding_with_the_identity_changes_nothing(algebra: Algebra, dim: int, seed: int) -> None:
    a = anything(algebra, (dim,), seed)
    close(algebra.bind(a, algebra.identity(dim, dtype=double(algebra))), a)


@every_algebra
@given(dim=dims, seed=seeds)
def test_binding_distributes_over_bundling(algebra: Algebra, dim: int, seed: int) -> None:
    *stack, key = anything(algebra, (4, dim), seed)
    stack = torch.stack(stack)
    close(algebra.bind(algebra.bundle(stack), key), algebra.bundle(algebra.bind(stack, key)))


@every_algebra
@given(dim=dims, seed=seeds)
def test_unbinding_is_binding_with_the_inverse(algebra: Algebra, dim: int, seed: int) -> None:
    composite, key = anything(algebra, (2, dim), seed)
    close(algebra.unbind(composite, key), algebra.bind(composite, algebra.inverse(key)))
    close(algebra.inverse(algebra.inverse(key)), key)


@every_algebra
@given(dim=dims, seed=seeds)
def test_unbinding_is_exact_where_the_laws_say_so(algebra: Algebra, dim: int, seed: int) -> None:
    (key,) = vectors(algebra, 1, dim, seed)
    a = anything(algebra, (3, dim), seed)
    recovered = algebra.unbind(algebra.bind(a, key), key)
    if algebra.laws.exact_unbinding:
        close(recovered, a)
    if algebra.laws.self_inverse:
        close(algebra.inverse(key), key)


@pytest.mark.parametrize("backend", ["native", "torchhd"])
def test_unbinding_hrr_with_an_ordinary_key_gives_the_vector_and_noise(backend: str) -> None:
    hrr = get_algebra("HRR", backend)
    a, key = hrr.random(2, 10_000, generator=torch.Generator().manual_seed(0))
    assert hrr.similarity(hrr.unbind(hrr.bind(a, key), key), a).item() == pytest.approx(2**-0.5, abs=0.02)


@every_algebra
@given(dim=dims, seed=seeds, shifts=st.integers(-100, 100))
def test_permuting_back_is_exact_and_distributes_over_bundling(algebra: Algebra, dim: int, seed: int, shifts: int) -> None:
    x = anything(algebra, (3, dim), seed)
    assert torch.equal(algebra.permute(algebra.permute(x, shifts), -shifts), x)
    close(algebra.permute(algebra.bundle(x), shifts), algebra.bundle(algebra.permute(x, shifts)))


@every_algebra
@given(dim=dims, seed=seeds)
def test_normalizing_twice_is_normalizing_once(algebra: Algebra, dim: int, seed: int) -> None:
    x = anything(algebra, (3, dim), seed)
    close(algebra.normalize(algebra.normalize(x)), algebra.normalize(x))
    (own,) = vectors(algebra, 1, dim, seed)
    close(algebra.normalize(own), own)


@every_algebra
@given(dim=dims, seed=seeds)
def test_similarity_is_a_cosine(algebra: Algebra, dim: int, seed: int) -> None:
    a, b = anything(algebra, (2, 3, dim), seed)
    cosines = algebra.similarity(a, b)
    assert cosines.shape == (3,)
    assert not cosines.is_complex()
    assert (cosines.abs() <= 1).all()
    close(cosines, algebra.similarity(b, a))
    close(algebra.similarity(a, 3 * a), torch.ones_like(cosines))
    close(algebra.similarity(a, -a), -torch.ones_like(cosines))


@every_algebra
def test_random_vectors_are_nearly_orthogonal_and_of_one_length(algebra: Algebra) -> None:
    x = algebra.random(20, 10_000, generator=torch.Generator().manual_seed(0))
    assert x.dtype == algebra.dtype
    cosines = algebra.similarity(x[:, None], x)
    off = cosines[~torch.eye(20, dtype=torch.bool)]
    assert off.abs().max() < 0.05
    assert torch.allclose(cosines.diagonal(), torch.ones(20), atol=1e-5)
    bound = algebra.bind(x[0], x[1])
    assert algebra.similarity(bound, x).abs().max() < 0.05


@every_algebra
@given(dim=dims, seed=seeds, shape=batches)
def test_a_batch_is_its_items_one_by_one(algebra: Algebra, dim: int, seed: int, shape: tuple[int, ...]) -> None:
    a, b = anything(algebra, (2, *shape, dim), seed)
    flat = list(zip(a.reshape(-1, dim), b.reshape(-1, dim), strict=True))
    for verb in (algebra.bind, algebra.unbind, algebra.similarity):
        close(verb(a, b), torch.stack([verb(x, y) for x, y in flat]).reshape(verb(a, b).shape))
    for verb in (algebra.inverse, algebra.normalize, algebra.permute):
        close(verb(a), torch.stack([verb(x) for x, _ in flat]).reshape(a.shape))


@every_algebra
@given(dim=dims, seed=seeds)
def test_batch_dimensions_broadcast(algebra: Algebra, dim: int, seed: int) -> None:
    a, b = anything(algebra, (3, 1, dim), seed), anything(algebra, (2, dim), seed + 1)
    for verb in (algebra.bind, algebra.unbind, algebra.similarity):
        close(verb(a, b), verb(a.expand(3, 2, dim).clone(), b.expand(3, 2, dim).clone()))


@every_algebra
def test_bundling_takes_any_dimension_but_the_last(algebra: Algebra) -> None:
    x = anything(algebra, (2, 3, 4, 8), 0)
    for dim in (0, 1, 2, -2, -3, -4):
        close(algebra.bundle(x, dim), x.sum(dim))


# Native and torchhd are the same algebra.


@native_and_torchhd
@given(dim=dims, seed=seeds)
def test_native_agrees_with_torchhd(name: str, dim: int, seed: int) -> None:
    native, peer = get_algebra(name), get_algebra(name, "torchhd")
    a, b = anything(native, (2, 3, dim), seed)
    for verb in ("bind", "unbind", "similarity"):
        close(getattr(native, verb)(a, b), getattr(peer, verb)(a, b))
    for verb in ("bundle", "permute", "inverse", "normalize", "as_real"):
        close(getattr(native, verb)(a), getattr(peer, verb)(a))
    close(native.identity(dim), peer.identity(dim))
    assert native.laws == peer.laws
    assert native.dtype == peer.dtype


@native_and_torchhd
def test_native_agrees_with_torchhd_called_directly(name: str) -> None:
    a, b = getattr(torchhd, f"{name}Tensor").random(2, 64, generator=torch.Generator().manual_seed(0))
    plain_a, plain_b = a.as_subclass(Tensor), b.as_subclass(Tensor)
    algebra = get_algebra(name)
    torch.testing.assert_close(algebra.bind(plain_a, plain_b), torchhd.bind(a, b).as_subclass(Tensor))
    torch.testing.assert_close(algebra.inverse(plain_a), torchhd.inverse(a).as_subclass(Tensor))
    torch.testing.assert_close(algebra.similarity(plain_a, plain_b), torchhd.cosine_similarity(a, b).as_subclass(Tensor))


@native_and_torchhd
def test_the_backend_gives_plain_tensors_for_plain_tensors(name: str) -> None:
    algebra = get_algebra(name, "torchhd")
    a, b = algebra.random(2, 16)
    results = [a, algebra.identity(16), algebra.bind(a, b), algebra.inverse(a), algebra.bundle(torch.stack([a, b]))]
    assert {type(x) for x in results} == {Tensor}


# Torchhd's tensors carry their own algebra.


@native_and_torchhd
def test_a_tensor_of_torchhd_carries_its_algebra(name: str) -> None:
    a, b = getattr(torchhd, f"{name}Tensor").random(2, 64)
    assert type(bind(a, b)) is type(a)
    assert torch.equal(bind(a, b), torchhd.bind(a, b))
    assert torch.equal(unbind(a, b, algebra=name), torchhd.bind(a, torchhd.inverse(b)))


def test_a_tensor_of_torchhd_in_another_algebra_is_an_error() -> None:
    hrr, other = torchhd.random(1, 64, vsa="HRR")[0], torchhd.random(1, 64, vsa="MAP")[0]
    with error(AlgebraError, "the algebra is MAP", "carries HRR"):
        bind(hrr, hrr, algebra="MAP")
    with error(AlgebraError, "cannot be mixed: HRR, MAP"):
        bind(hrr, other)
    with error(AlgebraError, "the algebra is MAP", "carries HRR"):
        get_algebra("MAP").inverse(hrr)


# Gradients and dtypes.


@every_algebra
def test_gradients_are_right(algebra: Algebra) -> None:
    a, b = (anything(algebra, (2, 6), seed).requires_grad_() for seed in (0, 1))
    for verb in (algebra.bind, algebra.unbind, algebra.similarity):
        assert torch.autograd.gradcheck(verb, (a, b))
    for verb in (algebra.bundle, algebra.inverse, algebra.permute):
        assert torch.autograd.gradcheck(verb, (a,))


@pytest.mark.parametrize("name", ["MAP", "HRR", "FHRR"])
def test_gradients_are_finite_at_zero(name: str) -> None:
    algebra = get_algebra(name)
    x = torch.zeros(2, 8, dtype=algebra.dtype, requires_grad=True)
    y = algebra.random(1, 8)[0]
    (algebra.similarity(x, y).sum() + algebra.normalize(x).abs().square().sum()).backward()
    assert x.grad is not None
    assert torch.view_as_real(x.grad + 0j).isfinite().all()
    assert torch.equal(algebra.similarity(torch.zeros_like(y), y), torch.tensor(0.0))


def test_map_normalizes_straight_through_and_leaves_ties() -> None:
    x = torch.tensor([3.0, -0.2, 0.0], requires_grad=True)
    y = normalize(x)
    assert y.tolist() == [1, -1, 0]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 1, 1]


def test_integers_do_not_overflow_in_a_bundle() -> None:
    x = torch.ones(200, 8, dtype=torch.int8)
    assert bundle(x).tolist() == [200] * 8
    assert similarity(bundle(x), x[0].long()).item() == pytest.approx(1)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["MAP", "HRR"])
def test_half_precision_stays_half_and_is_about_right(name: str, dtype: torch.dtype) -> None:
    algebra = get_algebra(name)
    a, b = algebra.random(2, 256, generator=torch.Generator().manual_seed(0))
    bound = algebra.bind(a.to(dtype), b.to(dtype))
    assert bound.dtype == dtype
    assert algebra.similarity(bound.float(), algebra.bind(a, b)) > 0.999
    assert algebra.unbind(bound, b.to(dtype)).dtype == dtype


# Randomness.


@every_algebra
def test_the_same_generator_gives_the_same_vectors(algebra: Algebra) -> None:
    a, b = (algebra.random(3, 16, generator=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(a, b)
    assert not torch.equal(a, algebra.random(3, 16, generator=torch.Generator().manual_seed(8)))
    assert algebra.random(0, 16).shape == (0, 16)


# The verbs are the algebra's methods.


@pytest.mark.parametrize("name", ["MAP", "HRR", "FHRR"])
def test_verbs_call_the_named_algebra(name: str) -> None:
    algebra = get_algebra(name)
    a, b = random(2, 16, algebra=name, generator=torch.Generator().manual_seed(0))
    for choice in (name, algebra):
        assert torch.equal(bind(a, b, algebra=choice), algebra.bind(a, b))
        assert torch.equal(unbind(a, b, algebra=choice), algebra.unbind(a, b))
        assert torch.equal(similarity(a, b, algebra=choice), algebra.similarity(a, b))
        assert torch.equal(bundle(torch.stack([a, b]), algebra=choice), algebra.bundle(torch.stack([a, b])))
        assert torch.equal(permute(a, 3, algebra=choice), algebra.permute(a, 3))
        assert torch.equal(inverse(a, algebra=choice), algebra.inverse(a))
        assert torch.equal(normalize(a + b, algebra=choice), algebra.normalize(a + b))


@every_algebra
def test_a_copy_of_an_algebra_is_that_algebra(algebra: Algebra) -> None:
    assert copy.deepcopy(algebra) == algebra
    assert len({copy.deepcopy(algebra), algebra}) == 1


def test_map_is_the_algebra_where_none_is_named() -> None:
    a, b = random(2, 16)
    assert torch.equal(bind(a, b), a * b)


def test_all_public_names_are_there() -> None:
    assert all(hasattr(vsa, name) for name in vsa.__all__)
    assert vsa.__all__ == sorted(vsa.__all__)
    assert [get_algebra(name) for name in ("MAP", "HRR", "FHRR")] == [vsa.MAP, vsa.HRR, vsa.FHRR]


# What a user can get wrong.


def test_unknown_algebras_and_backends() -> None:
    with error(AlgebraError, "there is no algebra 'MPA'", "did you mean 'MAP'", "FHRR, HRR, MAP"):
        get_algebra("MPA")
    with error(AlgebraError, "no backend 'jax'", "native, torchhd"):
        get_algebra("MAP", "jax")
    with error(AlgebraError, "no algebra 'XYZ' in the backend torchhd", "MAP, HRR, FHRR"):
        get_algebra("XYZ", "torchhd")
    with error(AlgebraError, "HRR does not take these options", "unitery"):
        get_algebra("HRR", unitery=True)
    with error(AlgebraError, "HRR does not take these options", "unitary"):
        get_algebra("HRR", "torchhd", unitary=[True])
    with error(AlgebraError, "an algebra is a name or an object", "got 3"):
        bind(torch.ones(3), torch.ones(3), algebra=3)  # pyright: ignore[reportArgumentType]


@every_algebra
def test_shapes_that_do_not_fit(algebra: Algebra) -> None:
    a, b = algebra.random(2, 8)
    with error(ShapeError, "bind", "the same dimension", "[8] and [7]"):
        algebra.bind(a, b[:7])
    with error(ShapeError, "unbind", "the same dimension", "[1, 8] and [1, 1]"):
        algebra.unbind(a[None], b[:1][None])
    with error(ShapeError, "similarity", "do not broadcast", "[3, 8] and [2, 8]"):
        algebra.similarity(a.expand(3, 8), b.expand(2, 8))
    with error(ShapeError, "inverse", "[*batch, dim]", "[]"):
        algebra.inverse(a[0])
    with error(ShapeError, "bind", "[*batch, dim]", "[0]"):
        algebra.bind(a[:0], b[:0])


@every_algebra
def test_bundles_that_are_none(algebra: Algebra) -> None:
    a, b = algebra.random(2, 8)
    with error(ShapeError, "bundle", "[0, 8] is empty"):
        algebra.bundle(algebra.random(0, 8))
    with error(ShapeError, "bundle", "[8] has no dimension -2", "[*batch, n, dim]"):
        algebra.bundle(a)
    with error(ShapeError, "bundle", "[2, 8] has no dimension -1", "choose one of [-2]"):
        algebra.bundle(torch.stack([a, b]), -1)
    with error(DtypeError, "bundle", "got Tensor", "bundle(torch.stack([a, b]))"):
        algebra.bundle(a, b)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "bundle", "got list", "bundle(torch.stack([a, b]))"):
        algebra.bundle([a, b])  # pyright: ignore[reportArgumentType]


@every_algebra
def test_types_that_do_not_fit(algebra: Algebra) -> None:
    (a,) = algebra.random(1, 8)
    wrong = torch.ones(8) if algebra.dtype.is_complex else torch.ones(8, dtype=torch.complex64)
    with error(DtypeError, "bind", f"{algebra.name} has no vectors of {wrong.dtype}", f"{algebra.dtype}"):
        algebra.bind(wrong, wrong)
    with error(DtypeError, "bind", f"{algebra.name} works on tensors, got list"):
        algebra.bind([1.0], a)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "bind", "the same dtype", "convert"):
        algebra.bind(a, a.to(double(algebra)))
    with error(DtypeError, "bind", "the same device", "cpu and meta"):
        algebra.bind(a, a.to("meta"))
    with error(DtypeError, "random", f"{algebra.name} has no vectors of torch.bool"):
        algebra.random(1, 8, dtype=torch.bool)
    with error(DtypeError, "shifts must be an integer, got float"):
        algebra.permute(a, 1.5)  # pyright: ignore[reportArgumentType]


@every_algebra
def test_counts_that_do_not_fit(algebra: Algebra) -> None:
    with error(RangeError, "n must be at least 0, got -1"):
        algebra.random(-1, 8)
    with error(RangeError, "dim must be at least 1, got 0"):
        algebra.random(1, 0)
    with error(DtypeError, "dim must be an integer, got float"):
        algebra.identity(8.0)  # pyright: ignore[reportArgumentType]
