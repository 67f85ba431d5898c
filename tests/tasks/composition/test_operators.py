import pytest
import torch

from tasks.composition.operators import OPERATORS, FixedInterpolation, Interpolation, Linear
from tests.helpers import error
from vsa.errors import RangeError


def given(latents: int = 4, actions: int = 3, n: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    reference, command = torch.randn(2, n, latents, generator=generator)
    return reference, command, torch.eye(actions).repeat(n // actions, 1)


def test_the_fixed_one_takes_one_latent_of_the_command() -> None:
    reference, command, action = given()
    composed = FixedInterpolation(4, 3)(reference, command, action)
    taken = torch.tensor([[True, False, False, False], [False, True, False, False], [False, False, True, False]]).repeat(2, 1)
    assert torch.equal(composed, torch.where(taken, command, reference))
    with error(RangeError, "a latent for each of 3 factors, got 2 latents; give more --latents, or another --operator"):
        FixedInterpolation(2, 3)


def test_the_linear_one_adds_two_maps() -> None:
    reference, command, action = given()
    operator = Linear(4, 3)
    with torch.no_grad():
        operator.reference.weight.copy_(torch.eye(4, 7))
        operator.command.weight.copy_(10 * torch.eye(4, 7))
    torch.testing.assert_close(operator(reference, command, action), reference + 10 * command)


def test_the_interpolation_goes_from_one_to_the_other() -> None:
    reference, command, action = given()
    operator = Interpolation(4, 3)
    for bias, right in ((50.0, reference), (-50.0, command), (0.0, (reference + command) / 2)):
        with torch.no_grad():
            operator.share.weight.zero_()
            operator.share.weight[:, 8:] = bias
        torch.testing.assert_close(operator(reference, command, action), right)


@pytest.mark.parametrize("name", OPERATORS)
def test_all_of_them_give_codes_and_learn(name: str) -> None:
    reference, command, action = given()
    operator = OPERATORS[name](4, 3)
    composed = operator(reference.requires_grad_(), command.requires_grad_(), action)
    assert composed.shape == (6, 4)
    composed.square().sum().backward()
    for tensor in (reference, command, *operator.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0


def test_the_mlp_has_one_hidden_layer_of_128() -> None:
    linear = [layer for layer in OPERATORS["mlp"](10, 5).modules() if isinstance(layer, torch.nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [(25, 128), (128, 10)]
