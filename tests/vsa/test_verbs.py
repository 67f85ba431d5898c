"""The verbs, whatever the algebra: gradients, dtypes, layouts, torch's transforms, and what a user can get wrong."""

import os
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from pathlib import Path
from shutil import which
from sysconfig import get_path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tests.helpers import ALGEBRAS, anything, as_a_user, close, double, error, fitting, vectors
from vsa import (
    Algebra,
    bind,
    bundle,
    dot,
    get_algebra,
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
from vsa.errors import AlgebraError, DtypeError, RangeError, ShapeError

every_algebra = pytest.mark.parametrize("algebra", ALGEBRAS)
native = pytest.mark.parametrize("algebra", [p for p in ALGEBRAS if str(p.id).startswith("native")])
continuous = pytest.mark.parametrize(
    "algebra", [p for p in ALGEBRAS if not any(name in str(p.id) for name in ("BSC", "BSBC", "MCR", "CGR"))]
)

UNARY: dict[str, Callable[..., Tensor]] = {
    "bundle": bundle,
    "multibind": multibind,
    "permute": permute,
    "inverse": inverse,
    "negative": negative,
    "normalize": normalize,
    "power": lambda x, algebra: power(x, 2, algebra=algebra),
    "weighted": lambda x, algebra: bundle(x, weights=torch.tensor([1.0, -0.5, 2.0]), algebra=algebra),
}
BINARY: dict[str, Callable[..., Tensor]] = {
    "bind": bind,
    "unbind": unbind,
    "unbind left": lambda a, b, algebra: unbind(a, b, "left", algebra=algebra),
    "similarity": similarity,
    "dot": dot,
}


def every_verb(algebra: Algebra) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    """Each verb as a function of two stacks [3, dim]."""
    unary = {name: lambda a, _, verb=verb: verb(a, algebra=algebra) for name, verb in UNARY.items()}
    binary = {name: lambda a, b, verb=verb: verb(a, b, algebra=algebra) for name, verb in BINARY.items()}
    if algebra.name in ("BSBC", "MCR", "CGR"):
        del unary["negative"]
    return unary | binary


@every_algebra
def test_verbs_call_the_algebra(algebra: Algebra) -> None:
    a, b = vectors(algebra, 2, 9, 0)
    stack = torch.stack([a, b, a])
    weights = torch.tensor([1.0, 2.0, 3.0])
    assert torch.equal(bind(a, b, algebra=algebra), algebra.bind(a, b))
    assert torch.equal(unbind(a, b, algebra=algebra), algebra.unbind(a, b))
    assert torch.equal(unbind(a, b, "left", algebra=algebra), algebra.unbind(a, b, "left"))
    assert torch.equal(multibind(stack, algebra=algebra), algebra.multibind(stack))
    assert torch.equal(bundle(stack, weights=weights, algebra=algebra), algebra.bundle(stack, weights=weights))
    assert torch.equal(permute(a, 3, algebra=algebra), algebra.permute(a, 3))
    assert torch.equal(inverse(a, algebra=algebra), algebra.inverse(a))
    assert torch.equal(power(a, 2, algebra=algebra), algebra.power(a, 2))
    assert torch.equal(normalize(a, algebra=algebra), algebra.normalize(a))
    assert torch.equal(dot(a, b, algebra=algebra), algebra.dot(a, b))
    assert torch.equal(similarity(a, b, algebra=algebra), algebra.similarity(a, b))
    dim = fitting(algebra, 9)
    assert torch.equal(identity(dim, algebra=algebra), algebra.identity(dim))
    made = [random(2, dim, algebra=algebra, generator=torch.Generator().manual_seed(1)) for _ in range(2)]
    assert torch.equal(*made)


def test_a_name_is_enough_and_map_is_the_algebra_where_none_is_named() -> None:
    a, b = random(2, 16)
    assert torch.equal(bind(a, b), a * b)
    assert torch.equal(bind(a, b, algebra="HRR"), get_algebra("HRR").bind(a, b))


@every_algebra
def test_the_same_generator_gives_the_same_vectors(algebra: Algebra) -> None:
    dim = fitting(algebra, 16)
    a, b = (algebra.random(3, dim, generator=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(a, b)
    assert not torch.equal(a, algebra.random(3, dim, generator=torch.Generator().manual_seed(8)))
    assert algebra.random(0, dim).shape == (0, a.shape[-1])


# Gradients.


@continuous
def test_gradients_are_right(algebra: Algebra) -> None:
    a, b = (anything(algebra, (3,), 4, seed).requires_grad_() for seed in (0, 1))
    smooth = {name: verb for name, verb in every_verb(algebra).items() if not (name == "normalize" and algebra.name != "HRR")}
    for name, verb in smooth.items():
        if not (name in ("bundle", "weighted") and algebra.laws.bundling == "majority"):
            assert torch.autograd.gradcheck(verb, (a, b), fast_mode=True), name


@continuous
def test_gradients_are_finite_at_zero(algebra: Algebra) -> None:
    dim = fitting(algebra, 4)
    x = torch.zeros(3, dim, dtype=algebra.dtype, requires_grad=True)
    y = algebra.random(3, dim)
    for name, verb in every_verb(algebra).items():
        verb(x, y).abs().square().sum().backward()
        assert x.grad is not None, name
        assert torch.view_as_real(x.grad + 0j).isfinite().all(), name
    assert torch.equal(algebra.similarity(torch.zeros_like(y), y), torch.zeros(3))


@native
def test_hard_choices_pass_gradients_straight_through(algebra: Algebra) -> None:
    if algebra.name not in ("MAP", "SBC"):
        return
    x = torch.randn(16, requires_grad=True)
    normalize(x, algebra=algebra).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1] * 16


# Dtypes, layouts and transforms.


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["MAP", "HRR", "VTB", "SBC"])
def test_half_precision_stays_half_and_is_about_right(name: str, dtype: torch.dtype) -> None:
    algebra = get_algebra(name)
    a, b = algebra.random(6, 256, generator=torch.Generator().manual_seed(0)).view(2, 3, 256)
    for verb, of in every_verb(algebra).items():
        right, half = of(a, b), of(a.to(dtype), b.to(dtype))
        assert half.dtype == (torch.float32 if verb in ("similarity", "dot") else dtype), verb
        torch.testing.assert_close(half.float(), right, rtol=0.03, atol=0.03)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["MAP", "HRR", "VTB", "SBC"])
def test_sums_of_half_precision_do_not_stop_growing(name: str, dtype: torch.dtype) -> None:
    ones, weights = torch.ones(2048, 64, dtype=dtype), torch.full((2048,), 1.003)  # 1.003 is 1 in bfloat16
    for stack, dim in ((ones, -2), (ones.T.contiguous().T, 0), (ones.unflatten(0, (2, 1024)).movedim(1, 0), 0)):
        total = torch.full((64,), float(stack.shape[dim])).to(dtype)
        assert torch.equal(bundle(stack, dim, algebra=name), total.expand(stack.shape[1:]))
    assert torch.equal(bundle(ones, weights=weights, algebra=name), torch.full((64,), 2048 * 1.003).to(dtype))
    assert dot(ones, ones[0], algebra="MAP").eq(64).all()
    assert dot(torch.ones(2048, dtype=dtype), torch.ones(2048, dtype=dtype)) == 2048


@native
def test_autocast_changes_no_dtype(algebra: Algebra) -> None:
    a, b = algebra.random(6, fitting(algebra, 16)).view(2, 3, -1)
    for name, verb in every_verb(algebra).items():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            lowered = verb(a, b)
        assert lowered.dtype == verb(a, b).dtype, name
        torch.testing.assert_close(lowered, verb(a, b), rtol=0.05, atol=0.05)


@every_algebra
def test_any_layout_and_an_empty_batch(algebra: Algebra) -> None:
    a, b = anything(algebra, (2, 4, 3), 9, 0)
    for name, verb in every_verb(algebra).items():
        expected = verb(a, b)
        strided = [x.transpose(0, 1).contiguous().transpose(0, 1) for x in (a, b)]
        assert not strided[0].is_contiguous()
        close(verb(*strided), expected)
        spread = [x.repeat_interleave(2, -1)[..., ::2] for x in (a, b)]
        close(verb(*spread), expected)
        empty = verb(a[:0], b[:0])
        assert (empty.shape, empty.dtype) == ((0, *expected.shape[1:]), expected.dtype), name


def every_result(algebra: Algebra) -> Callable[[Tensor, Tensor], dict[str, Tensor]]:
    """All verbs as one function, which compiles in a fraction of the time."""
    verbs, dim = every_verb(algebra), fitting(algebra, 9)

    def results(a: Tensor, b: Tensor) -> dict[str, Tensor]:
        found = {name: verb(a, b) for name, verb in verbs.items()}
        found["identity"] = identity(dim, algebra=algebra)
        found["inverse power"] = power(a, -1, algebra=algebra)
        found["sum"] = algebra.from_sum(algebra.to_sum(a)) + 0
        return found

    return results


@native
@pytest.mark.parametrize("kind", [torch.Tensor, nn.Parameter])
def test_every_verb_compiles_whole(algebra: Algebra, kind: type[Tensor]) -> None:
    a, b = algebra.random(6, fitting(algebra, 9)).view(2, 3, -1)
    if kind is nn.Parameter:
        a, b = (nn.Parameter(x, requires_grad=x.is_floating_point() or x.is_complex()) for x in (a, b))
    results = every_result(algebra)
    torch.compiler.reset()
    with as_a_user():
        compiled = torch.compile(results, fullgraph=True, backend="eager")(a, b)
    torch.testing.assert_close(compiled, results(a, b))


def test_names_of_algebras_compile_whole_and_so_does_none() -> None:
    a, b = (nn.Parameter(x) for x in random(6, 16).view(2, 3, 16))
    for name in (None, "MAP", "HRR"):
        torch.compiler.reset()
        with as_a_user():
            compiled = torch.compile(bind, fullgraph=True, backend="eager")(a, b, algebra=name)
        torch.testing.assert_close(compiled, bind(a, b, algebra=name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MAP", "HRR", "BSC", "VTB"])
@pytest.mark.skipif(not which(os.environ.get("CXX", "g++")), reason="inductor needs a C++ compiler, and there is none")
@pytest.mark.skipif(not Path(get_path("include"), "Python.h").exists(), reason="inductor needs Python.h, which is not installed")
@pytest.mark.filterwarnings("ignore:Torchinductor does not support code generation for complex operators")
def test_verbs_compile_with_inductor(name: str) -> None:
    algebra = get_algebra(name)
    a, b = (nn.Parameter(x, requires_grad=x.is_floating_point()) for x in algebra.random(6, 16).view(2, 3, -1))

    def some(a: Tensor, b: Tensor) -> list[Tensor]:
        bound = bind(a, b, algebra=algebra)
        return [bound, similarity(unbind(bound, b, algebra=algebra), a, algebra=algebra), permute(bound, algebra=algebra)]

    with as_a_user():
        compiled = torch.compile(some, fullgraph=True)(a, b)
    torch.testing.assert_close(compiled, some(a, b), rtol=1e-4, atol=1e-5)


@native
def test_every_verb_vmaps(algebra: Algebra) -> None:
    a, b = algebra.random(24, fitting(algebra, 9)).view(2, 4, 3, -1)
    for name, verb in every_verb(algebra).items():
        torch.testing.assert_close(torch.vmap(verb)(a, b), verb(a, b), msg=name)
        torch.testing.assert_close(torch.vmap(verb, in_dims=(0, None))(a, b[0]), verb(a, b[:1]), msg=name)


def test_integers_in_map_compile_and_vmap() -> None:
    a, b = random(6, 8, dtype=torch.int8).view(2, 3, 8)
    with as_a_user():
        assert torch.equal(torch.compile(bind, fullgraph=True, backend="eager")(a, b), a * b)
    assert torch.equal(torch.vmap(bind)(a, b), a * b)


@pytest.mark.parametrize("algebra", [p for p in ALGEBRAS if "MAP" in str(p.id) or str(p.id) in ("torchhd-MCR", "torchhd-BSBC")])
def test_integers_of_different_width_combine_in_the_wider(algebra: Algebra) -> None:
    narrow = next(dtype for dtype in (torch.int8, torch.int16) if algebra.name == "MAP" or dtype == torch.int16)
    a, b = algebra.random(6, 16, dtype=narrow).view(2, 3, 16)
    for name, verb in BINARY.items():
        expected = verb(a.long(), b.long(), algebra=algebra)
        for x, y in ((a, b.long()), (a.long(), b), (a.long(), b[0])):
            got = verb(x, y, algebra=algebra)
            torch.testing.assert_close(got, verb(x.long(), y.long(), algebra=algebra), rtol=0, atol=0, msg=name)
        assert expected.dtype == (torch.float32 if name in ("similarity", "dot") else torch.int64), name
    assert bind(a, b.int(), algebra=algebra).dtype == torch.int32


def test_a_bundle_of_int8_is_unbound_with_a_key_of_int8() -> None:
    roles, fillers = random(6, 1024, dtype=torch.int8, generator=torch.Generator().manual_seed(0)).view(2, 3, 1024)
    record = bundle(bind(roles, fillers))
    assert record.dtype == torch.int64
    assert similarity(unbind(record, roles[:, None]), fillers).argmax(-1).tolist() == [0, 1, 2]
    assert torch.equal(bind(100 * torch.ones(8, dtype=torch.int8), torch.full((8,), 100)), torch.full((8,), 10_000))
    with error(RangeError, "bind: a product as large as 40000 would overflow torch.int16"):
        bind(torch.full((8,), 100, dtype=torch.int8), torch.full((8,), 400, dtype=torch.int16))
    with error(DtypeError, "bind: both must have the same dtype, got torch.int8 and torch.float32"):
        bind(roles, fillers.float())


class Counting(TorchFunctionMode):
    """Counts what torch is asked for: operations, and attributes of tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.asked.append(getattr(func, "__qualname__", str(func)))
        return func(*args, **(kwargs or {}))


def test_a_right_call_asks_torch_for_little() -> None:
    """Under such a mode, as ``torch.set_default_device`` is one, each attribute takes as long as a product of two vectors."""
    stack, parameter = random(2, 64), nn.Parameter(random(2, 64))
    for verb, most in {
        lambda: bind(stack, stack): 6,
        lambda: unbind(stack, stack): 6,
        lambda: bind(parameter, stack): 6,
        lambda: bundle(stack): 5,
        lambda: multibind(stack): 6,
        lambda: permute(stack): 4,
        lambda: inverse(stack): 3,
        lambda: negative(stack): 4,
    }.items():
        with as_a_user(), Counting() as counting:
            verb()
        assert len(counting.asked) <= most, counting.asked


# What a user can get wrong.


@every_algebra
def test_shapes_that_do_not_fit(algebra: Algebra) -> None:
    a, b = vectors(algebra, 2, 9, 0)
    n = a.shape[-1]
    other = fitting(algebra, 10)
    with error(ShapeError, "bind", "the same dimension", f"[{n}] and [{2 * n}]" if algebra.name != "VTB" else ""):
        algebra.bind(a, torch.cat([b, b]) if algebra.name != "VTB" else algebra.random(1, other)[0])
    with error(ShapeError, "similarity", "do not broadcast", f"[3, {n}] and [2, {n}]"):
        algebra.similarity(a.expand(3, n), b.expand(2, n))
    with error(ShapeError, "inverse", "[*batch, dim]", "[]"):
        algebra.inverse(a[0])
    with error(ShapeError, "bind", "[*batch, dim]", "[0]"):
        algebra.bind(a[:0], b[:0])


@every_algebra
def test_stacks_that_are_none(algebra: Algebra) -> None:
    a, b = vectors(algebra, 2, 9, 0)
    n = a.shape[-1]
    for verb in (bundle, multibind):
        name = verb.__name__
        with error(ShapeError, name, f"[0, {n}] is empty"):
            verb(a[None][:0], algebra=algebra)
        with error(ShapeError, name, f"[{n}] has no dimension -2", "[*batch, n, dim]"):
            verb(a, algebra=algebra)
        with error(ShapeError, name, f"[2, {n}] has no dimension -1", "choose one of [-2]"):
            verb(torch.stack([a, b]), -1, algebra=algebra)
        with error(DtypeError, name, "got Tensor", f"{name}(torch.stack([a, b]))"):
            verb(a, b, algebra=algebra)  # pyright: ignore[reportArgumentType]
        with error(DtypeError, name, "got list", f"{name}(torch.stack([a, b]))"):
            verb([a, b], algebra=algebra)  # pyright: ignore[reportArgumentType]


@every_algebra
def test_types_that_do_not_fit(algebra: Algebra) -> None:
    (a,) = algebra.random(1, fitting(algebra, 16))
    wrong = torch.ones(8) if not algebra.dtype.is_floating_point else torch.ones(8, dtype=torch.complex64)
    with error(DtypeError, "bind", f"{algebra.name} has no vectors of {wrong.dtype}", f"{algebra.dtype}"):
        algebra.bind(wrong, wrong)
    with error(DtypeError, "bind", f"{algebra.name} works on tensors, got list"):
        algebra.bind([1.0], a)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "bind", "the same device", "cpu and meta"):
        algebra.bind(a, a.to("meta"))
    if double(algebra) != algebra.dtype:
        with error(DtypeError, "bind", "the same dtype", "convert"):
            algebra.bind(a, a.to(double(algebra)))
    with error(DtypeError, "random", f"{algebra.name} has no vectors of torch.uint16"):
        algebra.random(1, fitting(algebra, 16), dtype=torch.uint16)
    with error(DtypeError, "shifts must be an integer, got float"):
        algebra.permute(a, 1.5)  # pyright: ignore[reportArgumentType]
    for wrong_exponent in ("2", True, torch.tensor(2)):
        with error(DtypeError, "power: the exponent must be a number"):
            algebra.power(a, wrong_exponent)  # pyright: ignore[reportArgumentType]
    with error(RangeError, "power: the exponent must be finite, got nan"):
        algebra.power(a, float("nan"))
    for too_large in (10**400, -1e300):
        with error(RangeError, "power: the exponent must be from -2^53 to 2^53"):
            algebra.power(a, too_large)
    with error(DtypeError, "from_sum", "works on tensors, got float"):
        algebra.from_sum(1.0)  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "inverse", f"{algebra.name} works on dense tensors, got torch.sparse_coo"):
        algebra.inverse(a.to_sparse())
    with error(DtypeError, "random: a dtype is one of torch's", "got 'float32'"):
        algebra.random(1, fitting(algebra, 16), dtype="float32")  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "the generator must be a torch.Generator, got int"):
        algebra.random(1, fitting(algebra, 16), generator=0)  # pyright: ignore[reportArgumentType]
    for device, kind in (("nowhere", RangeError), (3, DtypeError)):
        with error(kind, "identity", "device"):
            algebra.identity(fitting(algebra, 16), device=device)  # pyright: ignore[reportArgumentType]


@every_algebra
def test_scalars_of_numpy_are_numbers_and_arrays_are_none(algebra: Algebra) -> None:
    dim, x = fitting(algebra, 9), vectors(algebra, 3, 9, 0)
    whole: list[Any] = [np.int64(1), np.uint8(1), np.int16(1)]
    numbers: list[Any] = [*whole, np.float32(1), np.float64(1), np.float16(1), Fraction(1)]
    none: list[Any] = [np.array(1), np.array([1]), torch.tensor(1), np.True_, True, "1", None, 1j]
    infinite: list[Any] = [np.float32("nan"), np.float64("inf"), Fraction(10**400)]
    with as_a_user():
        for one in whole:
            assert torch.equal(algebra.permute(x, one), algebra.permute(x, 1))
            assert torch.equal(algebra.bundle(x[None], one), algebra.bundle(x[None], 1))
            assert torch.equal(algebra.multibind(x[None], one), algebra.multibind(x[None], 1))
            assert algebra.random(one, dim * one).shape == algebra.random(1, dim).shape
        for one in numbers:
            assert torch.equal(algebra.power(x, one), algebra.power(x, 1))
    for wrong in none:
        kind = type(wrong).__name__
        with error(DtypeError, f"permute: shifts must be an integer, got {kind}"):
            algebra.permute(x, wrong)
        with error(DtypeError, f"power: the exponent must be a number, got {kind}"):
            algebra.power(x, wrong)
        with error(DtypeError, f"bundle: dim must be an integer, got {kind}", "bundle(torch.stack([a, b]))"):
            algebra.bundle(x, wrong)
        with error(DtypeError, f"random: n must be an integer, got {kind}"):
            algebra.random(wrong, dim)
    with error(DtypeError, "permute: shifts must be an integer, got float32"):
        algebra.permute(x, numbers[3])
    for wrong in infinite:
        with error(RangeError, "power: the exponent must be finite"):
            algebra.power(x, wrong)


@every_algebra
def test_large_powers_and_shifts_are_soon_there(algebra: Algebra) -> None:
    x = vectors(algebra, 2, 9, 0)
    if algebra.name in ("VTB", "HRR") and not getattr(algebra, "unitary", False):
        with error(RangeError, f"power: the power {2**50} of these vectors of {algebra.name} overflows torch.float64"):
            algebra.power(x, 2**50)
    else:
        assert algebra.power(x, 2**50).shape == x.shape
    close(algebra.power(x, 7), reduce(algebra.bind, [x] * 7))
    close(algebra.permute(x, 10**30 + 1), algebra.permute(x, (10**30 + 1) % (64 * x.shape[-1])))


@every_algebra
def test_weights_that_do_not_fit(algebra: Algebra) -> None:
    stack = vectors(algebra, 3, 9, 0)
    with error(ShapeError, "bundle: weights must be [3]", "got [2]"):
        algebra.bundle(stack, weights=torch.ones(2))
    with error(ShapeError, "bundle: weights must be [3], or [4, 3]", "got [3, 4]"):
        algebra.bundle(stack.expand(4, *stack.shape), weights=torch.ones(3, 4))
    with error(DtypeError, "weights must be a tensor of real numbers, got list"):
        algebra.bundle(stack, weights=[1.0, 2.0, 3.0])  # pyright: ignore[reportArgumentType]
    with error(DtypeError, "weights must be a tensor of real numbers, got torch.complex64"):
        algebra.bundle(stack, weights=torch.ones(3, dtype=torch.complex64))
    with error(DtypeError, "the stack is on cpu, the weights on meta"):
        algebra.bundle(stack, weights=torch.ones(3, device="meta"))
    with error(RangeError, "a weight is NaN or infinite"):
        algebra.bundle(stack, weights=torch.tensor([1, 2, torch.nan]))


@every_algebra
def test_counts_that_do_not_fit(algebra: Algebra) -> None:
    with error(RangeError, "n must be at least 0, got -1"):
        algebra.random(-1, fitting(algebra, 8))
    with error(RangeError, "dim must be at least 1, got 0"):
        algebra.random(1, 0)
    with error(DtypeError, "dim must be an integer, got float"):
        algebra.identity(8.0)  # pyright: ignore[reportArgumentType]
    huge = fitting(algebra, 8) ** 2 * 64**8
    for n, dim in ((0, huge), (10**30, fitting(algebra, 8))):
        with error(RangeError, "random", "fit in no memory"):
            algebra.random(n, dim)


def test_what_is_no_algebra() -> None:
    for wrong in (3, torch.ones(3), type(get_algebra("HRR"))):
        with error(AlgebraError, "an algebra is a name or an object that can bind and unbind"):
            get_algebra(wrong)  # pyright: ignore[reportArgumentType]
    with error(AlgebraError, "what 'builtins:dict' makes is no algebra, but dict"):
        get_algebra("builtins:dict")
    with error(AlgebraError, "no backend []"):
        get_algebra("HRR", [])  # pyright: ignore[reportArgumentType]
    with error(AlgebraError, "unitary must be True or False, got 1"):
        get_algebra("HRR", unitary=1)


def test_results_that_no_memory_holds() -> None:
    x = torch.ones(64).expand(2**20, 2**20, 64)
    with error(ShapeError, "inverse: what HRR makes of these does not fit in memory", "[1048576, 1048576, 64]"):
        inverse(x, algebra="HRR")


def test_mixed_algebras() -> None:
    real, binary, phasors = (random(1, 64, algebra=name) for name in ("MAP", "BSC", "FHRR"))
    with error(DtypeError, "bind: MAP has no vectors of torch.bool"):
        bind(real, binary)
    with error(DtypeError, "bind: HRR has no vectors of torch.complex64"):
        bind(phasors, real, algebra="HRR")
    with error(AlgebraError, "there is no algebra 'hrr'", "HRR"):
        bind(real, real, algebra="hrr")


def test_vectors_of_another_algebra_are_noticed_by_their_dtype() -> None:
    phasors, bits, words = (random(2, 1024, algebra=name) for name in ("FHRR", "BSC", "PackedBSC"))
    for verb in (inverse, normalize, permute, bundle, lambda x: bind(x, x), lambda x: similarity(x, x)):
        with error(DtypeError, 'MAP has no vectors of torch.complex64, but FHRR has: name it, algebra="FHRR"'):
            verb(phasors)
        with error(DtypeError, 'MAP has no vectors of torch.bool, but BSC has: name it, algebra="BSC"'):
            verb(bits)
    with error(DtypeError, 'BSC has no vectors of torch.float32, but MAP, HRR, VTB, SBC have: name it, algebra="MAP"'):
        bind(torch.ones(64), torch.ones(64), algebra="BSC")
    with error(RangeError, "a product as large as", "would overflow torch.int64"):
        bind(words, words)
    with error(RangeError, "the sum of these integers would overflow int64"):
        bundle(words)
