"""Numbers at the edge of their range, derivatives where there is none, and memory laid out in odd ways."""

import shutil

import pytest
import torch

from tests.helpers import anything, as_a_user, close, double, error, fitting
from tests.vsa.test_verbs import every_verb
from vsa import BSC, FHRR, HRR, MAP, SBC, VTB, Algebra, PackedBSC, get_algebra
from vsa.errors import RangeError

UNITARY = get_algebra("HRR", unitary=True)
DIFFERENTIABLE = [MAP, HRR, UNITARY, get_algebra("HRR", exact=True), FHRR, VTB, SBC]


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("exponent", [0.5, -0.5, 0.1, 0, 1, 2, -1, -3])
@pytest.mark.parametrize("algebra", DIFFERENTIABLE)
def test_powers_have_finite_derivatives_at_zero(algebra: Algebra, exponent: float) -> None:
    exponent = exponent if algebra.laws.fractional_powers else round(exponent)
    x = torch.zeros(2, fitting(algebra, 9), dtype=double(algebra))
    x[1] = anything(algebra, (), 9, 0)
    x.requires_grad_()
    power = algebra.power(x, exponent)
    power.abs().sum().backward() if power.requires_grad else None
    assert power.isfinite().all()
    assert x.grad is None or x.grad.isfinite().all()
    close(power[0], torch.zeros_like(x[0]) if exponent else algebra.identity(fitting(algebra, 9), dtype=x.dtype))


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning")  # torch's own, when it first takes a jvp
@pytest.mark.parametrize("algebra", DIFFERENTIABLE)
def test_derivatives_forward_are_those_backward(algebra: Algebra) -> None:
    a, b, tangent = anything(algebra, (3, 3), 9, 0)
    for name, verb in every_verb(algebra).items():

        def of_a(x: torch.Tensor, verb=verb) -> torch.Tensor:
            return verb(x, b)

        value, forward = torch.func.jvp(of_a, (a,), (tangent,))  # pyright: ignore[reportAssignmentType]
        close(value, of_a(a))
        weights = torch.randn(value.shape, generator=generator(), dtype=value.dtype)
        x = a.clone().requires_grad_()
        (backward,) = torch.autograd.grad(of_a(x), x, weights, materialize_grads=True)
        along = (backward.conj() * tangent).real.sum(), (weights.conj() * forward).real.sum()
        torch.testing.assert_close(*along, rtol=1e-4, atol=1e-4, check_dtype=False, msg=name)


@pytest.mark.parametrize("algebra", [MAP, get_algebra("SBC", block_size=2)])
def test_a_hard_choice_is_the_same_with_and_without_derivatives(algebra: Algebra) -> None:
    x = torch.tensor([torch.inf, -2.0, torch.nan, 0.0, 1e-40, -torch.inf])
    expected = torch.tensor([1.0, -1, torch.nan, 0, 1, -1] if algebra is MAP else [1.0, 0, torch.nan, 0, 1, 0])
    for given in (x, x.clone().requires_grad_()):
        torch.testing.assert_close(algebra.normalize(given).detach(), expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning")
def test_a_hard_choice_lets_a_tangent_through() -> None:
    x, tangent = torch.randn(2, 32, generator=generator())
    for algebra in (MAP, SBC):
        assert torch.equal(torch.func.jvp(algebra.normalize, (x,), (tangent,))[1], tangent)
        assert torch.equal(torch.func.jacfwd(algebra.normalize)(x), torch.eye(32))


@pytest.mark.parametrize("name", ["HRR", "VTB"])
@pytest.mark.parametrize(
    ("dtype", "scales"),
    [
        (torch.float32, (1e-37, 1e-30, 1e-22, 1e-15, 1, 1e15, 1e20, 1e30, 1e38)),
        (torch.float64, (1e-300, 1e-200, 1e-150, 1, 1e150, 1e200, 1e300)),
        (torch.float16, (1e-3, 1, 1e4)),
        (torch.bfloat16, (1e-30, 1e-18, 1, 1e18, 1e30)),
    ],
)
def test_vectors_of_any_length_are_normalized_and_compared(name: str, dtype: torch.dtype, scales: tuple[float, ...]) -> None:
    algebra = get_algebra(name)
    x, y = algebra.random(2, 1024, generator=generator(), dtype=dtype)
    near = {"rtol": 0, "atol": 0.003 if dtype.itemsize == 2 else 1e-6, "check_dtype": False}
    expected = algebra.similarity(x, y)
    for scale in scales:
        scaled = (x.double() * scale).to(dtype)
        torch.testing.assert_close(algebra.normalize(scaled), x, **near)
        torch.testing.assert_close(algebra.similarity(scaled, y), expected, **near)
        torch.testing.assert_close(algebra.similarity(scaled, scaled), torch.ones(()), **near)
        torch.testing.assert_close(algebra.similarity(scaled.expand(2, 1024), scaled), torch.ones(2), **near)
    both = torch.stack([x, 0 * x, (x.double() * scales[0]).to(dtype), (x.double() * scales[-1]).to(dtype)]).requires_grad_()
    normalized = algebra.normalize(both)
    torch.testing.assert_close(normalized, torch.stack([x, 0 * x, x, x]), **near)
    torch.testing.assert_close(torch.vmap(algebra.normalize)(both), normalized, **near)
    (gradient,) = torch.autograd.grad(normalized[0].sum() + normalized[1].sum(), both)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("algebra", [MAP, FHRR])
def test_similarities_of_long_and_short_vectors_in_other_algebras(algebra: Algebra) -> None:
    x, y = algebra.random(2, 1024, generator=generator())
    for scale in (1e-30, 1e30):
        torch.testing.assert_close(algebra.similarity(scale * x, y), algebra.similarity(x, y))
        torch.testing.assert_close(algebra.similarity(scale * x, scale * x), torch.ones(()))


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1e20, 1e30])
def test_exact_hrr_unbinds_keys_of_any_length(scale: float) -> None:
    exact = get_algebra("HRR", exact=True)
    a, key = exact.random(2, 256, generator=generator())
    assert exact.similarity(exact.unbind(exact.bind(a, scale * key), scale * key), a).item() == pytest.approx(1, abs=1e-3)


def test_a_power_that_overflows_is_refused() -> None:
    for algebra, in_double in ((VTB, 999), (HRR, 200)):
        x = algebra.random(2, 64, generator=generator())
        for exponent in (999, -999, 2**50):
            with error(RangeError, f"power: the power {exponent} of these vectors of {algebra.name} overflows torch.float32"):
                algebra.power(x, exponent)
        assert algebra.power(x.double(), in_double).isfinite().all()
        assert algebra.power(torch.full((64,), torch.nan), 999).isnan().all(), "a NaN passes through"


def test_large_powers_of_vtb_are_repeated_binding() -> None:
    x = get_algebra("VTB", unitary=True).random(2, 64, generator=generator(), dtype=torch.float64)
    product = x
    for _ in range(998):
        product = VTB.bind(product, x)
    close(VTB.power(x, 999), product)
    torch.testing.assert_close(VTB.power(x.float(), 999), product.float(), rtol=1e-3, atol=1e-4)


def test_words_in_any_layout_are_unpacked() -> None:
    words = PackedBSC.random(6, 1024, generator=generator())
    odd = [words[:, ::2], words.t(), words[0, ::16], words[3], words[:1].t(), words.as_strided((3, 1), (1, 3))]
    for x in [*odd, words[0].expand(3, 16), words[:0]]:
        plain = torch.tensor(x.tolist(), dtype=torch.int64).reshape(x.shape)
        assert torch.equal(PackedBSC.unpack(x), PackedBSC.unpack(plain)), x.stride()
        assert torch.equal(PackedBSC.as_real(x), PackedBSC.as_real(plain)), x.stride()
        assert torch.equal(PackedBSC.similarity(x, x), torch.ones(x.shape[:-1])), x.stride()


def varying(algebra: Algebra, backend: str) -> None:
    """Bundles and permutations, compiled once for vectors of any size."""
    for name, verb in {"bundle": algebra.bundle, **{f"{n}": lambda x, n=n: algebra.permute(x, n) for n in (3, 64, -100)}}.items():
        torch.compiler.reset()
        with as_a_user():
            compiled = torch.compile(verb, fullgraph=True, dynamic=True, backend=backend)
            for n, dim in ((4, 1024), (6, 640), (2, 192)):
                x = algebra.random(n, dim, generator=generator())
                assert torch.equal(compiled(x), verb(x)), f"{name} of {n} vectors of {dim}"


@pytest.mark.parametrize("algebra", [BSC, PackedBSC])
def test_bits_compile_for_any_size(algebra: Algebra) -> None:
    varying(algebra, "eager")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="inductor needs a compiler")
@pytest.mark.parametrize("algebra", [BSC, PackedBSC])
def test_bits_are_the_same_in_machine_code(algebra: Algebra) -> None:
    varying(algebra, "inductor")
