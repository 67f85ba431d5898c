"""The laws, for each algebra as it states them: what is stated must hold, and what is denied must fail."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import ALGEBRAS, anything, batches, close, dims, error, fitting, seeds, vectors
from vsa import Algebra
from vsa.algebras.base import CheckedAlgebra
from vsa.errors import AlgebraError, RangeError

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.complex128]
DTYPES += [torch.bool, torch.int8, torch.int16, torch.int32, torch.int64]
every_algebra = pytest.mark.parametrize("algebra", ALGEBRAS)


def differ(a: torch.Tensor, b: torch.Tensor) -> bool:
    return not torch.allclose(a, b, atol=1e-6) if a.is_floating_point() or a.is_complex() else not torch.equal(a, b)


def resembles(algebra: Algebra, a: torch.Tensor, b: torch.Tensor) -> None:
    close(algebra.similarity(a, b), torch.ones_like(algebra.similarity(a, b)))


@every_algebra
@given(dim=dims, seed=seeds)
def test_binding_commutes_and_associates(algebra: Algebra, dim: int, seed: int) -> None:
    a, b, c = anything(algebra, (3,), dim, seed)
    if algebra.laws.commutative:
        close(algebra.bind(a, b), algebra.bind(b, a))
    if algebra.laws.associative:
        close(algebra.bind(algebra.bind(a, b), c), algebra.bind(a, algebra.bind(b, c)))


@every_algebra
def test_what_the_laws_deny_fails(algebra: Algebra) -> None:
    a, b, c = vectors(algebra, 3, 63, 0)
    assert differ(algebra.bind(a, b), algebra.bind(b, a)) != algebra.laws.commutative
    assert differ(algebra.bind(algebra.bind(a, b), c), algebra.bind(a, algebra.bind(b, c))) != algebra.laws.associative
    assert differ(algebra.inverse(a), a) != algebra.laws.self_inverse
    assert differ(algebra.unbind(algebra.bind(a, b), b), a) != algebra.laws.exact_unbinding
    assert differ(algebra.unbind(algebra.bind(b, a), b), algebra.unbind(algebra.bind(b, a), b, "left")) == (
        algebra.laws.key_side == "right"
    )
    permuted = algebra.bind(algebra.permute(a), b), algebra.bind(a, algebra.permute(b))
    assert differ(*permuted) != algebra.laws.permute_binds
    stack = torch.stack([a, b, c])
    assert differ(algebra.to_sum(algebra.bundle(stack)), algebra.to_sum(stack).sum(-2)) == (algebra.laws.bundling == "majority")


@every_algebra
@given(dim=dims, seed=seeds)
def test_binding_with_the_identity_changes_nothing(algebra: Algebra, dim: int, seed: int) -> None:
    a = anything(algebra, (), dim, seed)
    close(algebra.bind(a, algebra.identity(fitting(algebra, dim), dtype=a.dtype)), a)


@every_algebra
@given(dim=dims, seed=seeds)
def test_binding_distributes_over_bundling_by_sum(algebra: Algebra, dim: int, seed: int) -> None:
    x = anything(algebra, (4,), dim, seed)
    stack, key = x[:3], x[3]
    total, key = algebra.to_sum(stack).sum(-2), algebra.to_sum(key)
    linear = algebra.relaxation
    close(linear.bind(total, key), linear.bind(algebra.to_sum(stack), key).sum(-2))


@every_algebra
@given(dim=dims, seed=seeds)
def test_unbinding_is_binding_with_the_inverse(algebra: Algebra, dim: int, seed: int) -> None:
    composite, key = anything(algebra, (2,), dim, seed)
    close(algebra.unbind(composite, key), algebra.bind(composite, algebra.inverse(key)))
    close(algebra.inverse(algebra.inverse(key)), key)


@every_algebra
@given(dim=dims, seed=seeds)
def test_unbinding_is_exact_where_the_laws_say_so(algebra: Algebra, dim: int, seed: int) -> None:
    (key,) = vectors(algebra, 1, dim, seed)
    a = anything(algebra, (3,), dim, seed)
    if algebra.laws.exact_unbinding:
        close(algebra.unbind(algebra.bind(a, key), key), a)
        close(algebra.unbind(algebra.bind(key, a), key, "left"), a)
    if algebra.laws.self_inverse:
        close(algebra.inverse(key), key)


@every_algebra
@given(dim=dims, seed=seeds, n=st.integers(1, 5))
def test_multibind_is_binding_one_after_the_other(algebra: Algebra, dim: int, seed: int, n: int) -> None:
    stack = anything(algebra, (2, n), dim, seed)
    product = stack[:, 0]
    for i in range(1, n):
        product = algebra.bind(product, stack[:, i])
    close(algebra.multibind(stack), product)
    close(algebra.multibind(stack.transpose(0, 1), 0), product)


@every_algebra
@given(dim=dims, seed=seeds)
def test_whole_powers_are_repeated_binding(algebra: Algebra, dim: int, seed: int) -> None:
    x = vectors(algebra, 3, dim, seed)
    close(algebra.power(x, 0), algebra.identity(fitting(algebra, dim), dtype=x.dtype).expand_as(x))
    close(algebra.power(x, 1), x)
    close(algebra.power(x, 3), algebra.bind(algebra.bind(x, x), x))
    close(algebra.power(x, -1), algebra.inverse(x))
    close(algebra.power(x, -2), algebra.bind(algebra.inverse(x), algebra.inverse(x)))


@every_algebra
@given(dim=dims, seed=seeds, p=st.floats(-3, 3), q=st.floats(-3, 3))
def test_fractional_powers_add_where_they_exist(algebra: Algebra, dim: int, seed: int, p: float, q: float) -> None:
    x = vectors(algebra, 2, dim, seed)
    if algebra.laws.fractional_powers:
        close(algebra.bind(algebra.power(x, p), algebra.power(x, q)), algebra.power(x, p + q))
        close(algebra.power(algebra.power(x, 0.5), 2), x)
    else:
        with error(RangeError, f"{algebra.name} has whole powers alone, got 0.5"):
            algebra.power(x, 0.5)


@every_algebra
@given(dim=dims, seed=seeds, shifts=st.integers(-100, 100))
def test_permuting_back_is_exact_and_distributes_over_bundling(algebra: Algebra, dim: int, seed: int, shifts: int) -> None:
    x = anything(algebra, (3,), dim, seed)
    assert torch.equal(algebra.permute(algebra.permute(x, shifts), -shifts), x)
    assert torch.equal(algebra.permute(algebra.permute(x, shifts), 3), algebra.permute(x, shifts + 3))
    close(algebra.permute(algebra.bundle(x), shifts), algebra.bundle(algebra.permute(x, shifts)))


@every_algebra
@given(dim=dims, seed=seeds)
def test_normalizing_twice_is_normalizing_once(algebra: Algebra, dim: int, seed: int) -> None:
    x = anything(algebra, (3,), dim, seed)
    close(algebra.normalize(algebra.normalize(x)), algebra.normalize(x))
    own = vectors(algebra, 1, dim, seed)
    close(algebra.normalize(own), own)


@every_algebra
@given(dim=dims, seed=seeds)
def test_similarity_is_a_cosine(algebra: Algebra, dim: int, seed: int) -> None:
    a, b = anything(algebra, (2, 3), dim, seed)
    cosines = algebra.similarity(a, b)
    assert cosines.shape == (3,)
    assert cosines.is_floating_point()
    assert (cosines.abs() <= 1).all()
    close(cosines, algebra.similarity(b, a))
    resembles(algebra, a, a)


@every_algebra
@given(dim=dims, seed=seeds)
def test_dot_and_as_real_are_the_same_inner_product(algebra: Algebra, dim: int, seed: int) -> None:
    a, b = anything(algebra, (2, 3), dim, seed)
    real_a, real_b = algebra.as_real(a), algebra.as_real(b)
    assert real_a.is_floating_point()
    close(algebra.dot(a, b), (real_a * real_b).sum(-1).to(algebra.dot(a, b).dtype))
    cosines = torch.nn.functional.cosine_similarity(real_a.double(), real_b.double(), dim=-1)
    torch.testing.assert_close(algebra.similarity(a, b).double(), cosines, rtol=1e-5, atol=1e-5)


@every_algebra
@given(dim=dims, seed=seeds)
def test_the_negative_is_opposite(algebra: Algebra, dim: int, seed: int) -> None:
    x = anything(algebra, (3,), dim, seed)
    if algebra.name in ("BSBC", "MCR", "CGR"):
        with error(AlgebraError, f"negative: {algebra.name} has no vector that is opposite"):
            algebra.negative(x)
        return
    close(algebra.negative(algebra.negative(x)), x)
    close(algebra.similarity(algebra.negative(x), x), -algebra.similarity(x, x))
    close(algebra.to_sum(algebra.negative(x)), -algebra.to_sum(x))


@every_algebra
@given(dim=dims, seed=seeds, n=st.integers(1, 6))
def test_a_bundle_is_the_sum_brought_back(algebra: Algebra, dim: int, seed: int, n: int) -> None:
    stack = anything(algebra, (2, n), dim, seed)
    close(algebra.bundle(stack), algebra.from_sum(algebra.to_sum(stack).sum(-2)))
    assert algebra.from_sum(algebra.to_sum(stack)).dtype == stack.dtype
    if algebra.laws.bundling == "sum":
        close(algebra.bundle(stack), stack.sum(-2))
    elif algebra.name != "MAP":
        assert torch.equal(algebra.from_sum(algebra.to_sum(stack)), stack)


@every_algebra
@given(dim=dims, seed=seeds)
def test_the_relaxation_binds_as_the_algebra_does(algebra: Algebra, dim: int, seed: int) -> None:
    a, b = anything(algebra, (2, 3), dim, seed)
    linear = algebra.relaxation
    assert linear.laws.bundling == "sum"
    close(linear.bind(algebra.to_sum(a), algebra.to_sum(b)), algebra.to_sum(algebra.bind(a, b)))
    close(linear.unbind(algebra.to_sum(a), algebra.to_sum(b)), algebra.to_sum(algebra.unbind(a, b)))
    close(linear.permute(algebra.to_sum(a), 3), algebra.to_sum(algebra.permute(a, 3)))


@every_algebra
@given(dim=dims, seed=seeds, counts=st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_a_whole_weight_is_so_many_copies(algebra: Algebra, dim: int, seed: int, counts: list[int]) -> None:
    stack = anything(algebra, (2, len(counts)), dim, seed)
    weights = torch.tensor(counts)
    copies = stack.repeat_interleave(weights, -2)
    close(algebra.bundle(stack, weights=weights), algebra.bundle(copies))
    close(algebra.bundle(stack, weights=weights.double().expand(2, -1)), algebra.bundle(copies))
    close(algebra.bundle(stack.transpose(0, 1), 0, weights=weights), algebra.bundle(copies))


@every_algebra
def test_random_vectors_are_as_similar_as_the_laws_say(algebra: Algebra) -> None:
    dim = 1024
    x = algebra.random(200, dim, generator=torch.Generator().manual_seed(0))
    assert x.dtype == algebra.dtype
    off = algebra.similarity(x[:, None], x)[~torch.eye(200, dtype=torch.bool)]
    assert off.mean().item() == pytest.approx(algebra.laws.expected_similarity + algebra.laws.shared / dim, abs=0.0006)
    assert off.std().item() == pytest.approx((algebra.laws.spread / dim) ** 0.5, rel=0.05)
    resembles(algebra, x, x)
    bound = algebra.bind(x[0], x[1])
    assert (algebra.similarity(bound, x) - algebra.laws.expected_similarity).abs().max() < 0.2


@every_algebra
def test_a_seed_gives_one_vector_in_every_dtype(algebra: CheckedAlgebra) -> None:
    dim = fitting(algebra, 63)
    for dtype in DTYPES:
        if not algebra._takes(dtype):
            continue
        for make in (
            lambda dtype: algebra.random(3, dim, generator=torch.Generator().manual_seed(7), dtype=dtype),
            lambda dtype: algebra.seeded([5, 6, 5], dim, dtype=dtype),
        ):
            made, own = make(dtype), make(algebra.dtype)
            assert made.dtype == dtype
            exact = dtype if dtype.is_floating_point or dtype.is_complex else torch.float32
            tolerance = max(torch.finfo(exact).eps, 1e-5)  # of a unitary matrix, not the last bits of float32
            difference = (made.to(torch.complex128) - own.to(torch.complex128)).abs()
            assert difference.max() <= tolerance, f"{dtype}: {difference.max()}"


@every_algebra
@given(dim=dims, seed=seeds, shape=batches)
def test_a_batch_is_its_items_one_by_one(algebra: Algebra, dim: int, seed: int, shape: tuple[int, ...]) -> None:
    a, b = anything(algebra, (2, *shape), dim, seed)
    flat = list(zip(a.reshape(-1, a.shape[-1]), b.reshape(-1, a.shape[-1]), strict=True))
    for verb in (algebra.bind, algebra.unbind, algebra.similarity, algebra.dot):
        close(verb(a, b), torch.stack([verb(x, y) for x, y in flat]).reshape(verb(a, b).shape))
    for verb in (algebra.inverse, algebra.normalize, algebra.permute):
        close(verb(a), torch.stack([verb(x) for x, _ in flat]).reshape(a.shape))


@every_algebra
@given(dim=dims, seed=seeds)
def test_batch_dimensions_broadcast(algebra: Algebra, dim: int, seed: int) -> None:
    a, b = anything(algebra, (3, 1), dim, seed), anything(algebra, (2,), dim, seed + 1)
    wide_a, wide_b = a.expand(3, 2, -1).clone(), b.expand(3, 2, -1).clone()
    for verb in (algebra.bind, algebra.unbind, algebra.similarity, algebra.dot):
        close(verb(a, b), verb(wide_a, wide_b))
        close(verb(b, a), verb(wide_b, wide_a))


@every_algebra
def test_bundling_takes_any_dimension_but_the_last(algebra: Algebra) -> None:
    x = anything(algebra, (2, 3, 4), 8, 0)
    for dim in (0, 1, 2, -2, -3, -4):
        close(algebra.bundle(x, dim), algebra.bundle(x.movedim(dim, -2)))
        close(algebra.multibind(x, dim), algebra.multibind(x.movedim(dim, -2)))
