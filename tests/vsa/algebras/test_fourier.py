"""Fourier transforms, above all those of an empty batch, which torch 2.13 and 2.14 refuse."""

import ast

import pytest
import torch
from torch._dynamo.decorators import mark_unbacked
from torch.fx.experimental import symbolic_shapes

from tests.conftest import ROOT
from tests.helpers import ALGEBRAS, anything, as_a_user, double, fitting
from tests.vsa.test_verbs import every_verb
from vsa import Algebra
from vsa.algebras.fourier import irfft, rfft

of_any_size = pytest.mark.skipif(not hasattr(symbolic_shapes, "guard_or_false"), reason="torch before 2.8 does not compile it")
EMPTY = [(0, 8), (3, 0, 8), (0, 3, 8), (0, 7)]


def back(x: torch.Tensor) -> torch.Tensor:
    return irfft(rfft(x), x.shape[-1])


@pytest.mark.parametrize("algebra", ALGEBRAS)
@pytest.mark.parametrize("batch", [(0,), (3, 0)])
def test_every_verb_takes_an_empty_batch(algebra: Algebra, batch: tuple[int, ...]) -> None:
    stacks = anything(algebra, (*batch[:-1], 1, 3), 9, 0)
    none = stacks[..., :0, :, :].clone()
    for name, verb in every_verb(algebra).items():
        expected, found = verb(stacks, stacks), verb(none, none)
        assert found.dtype == expected.dtype, name
        assert found.shape == (*batch, *expected.shape[len(batch) :]), name
    one = stacks.flatten(0, -2)[0]
    a, b = none[..., 0, :], none[..., 1, :]
    differentiable = a.is_floating_point() or a.is_complex()
    a.requires_grad_(differentiable)
    for verb in (algebra.bind, algebra.unbind, algebra.similarity):
        expected = verb(one, one).shape
        for found in (verb(a, b), verb(a, one), verb(one, b)):
            assert found.shape == (*batch, *expected)
        if differentiable:
            verb(a, one).abs().sum().backward()
            assert a.grad is not None
            assert a.grad.shape == a.shape
    assert algebra.random(0, fitting(algebra, 9), dtype=double(algebra)).shape == (0, len(one))


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning")  # torch's own, when it first takes a jvp
@pytest.mark.parametrize("shape", EMPTY)
def test_an_empty_batch_has_empty_spectra_and_derivatives(shape: tuple[int, ...]) -> None:
    x = torch.zeros(shape, requires_grad=True)
    assert rfft(x).shape == (*shape[:-1], shape[-1] // 2 + 1)
    assert rfft(x).dtype == torch.complex64
    assert rfft(x.half()).dtype == torch.complex64
    assert rfft(x.double()).dtype == torch.complex128
    assert (back(x).shape, back(x).dtype) == (shape, torch.float32)
    back(x).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == shape
    assert torch.func.jvp(back, (x.detach(),), (x.detach(),))[1].shape == shape
    assert torch.vmap(back)(x).shape == shape, "each vmapped vector has elements, but there are none"


def test_what_is_not_empty_is_transformed_as_torch_does() -> None:
    x = torch.randn(2, 3, 9, dtype=torch.float64)
    assert torch.equal(rfft(x), torch.fft.rfft(x))
    assert torch.equal(irfft(rfft(x), 9), torch.fft.irfft(torch.fft.rfft(x), n=9))
    assert torch.equal(torch.vmap(rfft)(x), rfft(x))
    assert torch.equal(rfft(x.half()), torch.fft.rfft(x.half().float()))


@pytest.mark.parametrize("dynamic", [False, pytest.param(True, marks=of_any_size)])
def test_transforms_compile_whole_for_any_batch(dynamic: bool) -> None:
    torch.compiler.reset()
    with as_a_user():
        compiled = torch.compile(back, fullgraph=True, backend="eager", dynamic=dynamic)
        for n in (4, 5, 0, 1):
            x = torch.randn(n, 8)
            torch.testing.assert_close(compiled(x), x)


@of_any_size
def test_a_batch_of_unknown_size_compiles_whole() -> None:
    torch.compiler.reset()
    x = torch.randn(5, 8)
    mark_unbacked(x, 0)
    with as_a_user():
        torch.testing.assert_close(torch.compile(back, fullgraph=True, backend="eager")(x), x)


def test_every_transform_is_one_of_these() -> None:
    for folder in ("vsa", "encoders", "decoders", "tasks", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            used = [
                node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute) and node.attr == "fft"
            ]
            assert not used or path.name == "fourier.py", f"{path} transforms without vsa.algebras.fourier"
