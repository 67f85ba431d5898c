from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.symbolic.losses import reconstruction
from tasks.task import likelihood_of
from tasks.vae.config import VAEConfig
from tasks.vae.lie_group import LieGroupVAE, exponential, products
from tasks.vae.losses import kl_of_latents
from tasks.vae.task import TASK
from tests.helpers import error, seeds
from vsa.errors import RangeError

SMALL: dict[str, Any] = {"batch_size": 8, "device": "cpu", "encoder": "conv-small", "decoder": "conv-small"}


@given(seeds, st.integers(1, 10), st.floats(0.0, 10.0))
def test_the_exponential_is_torchs(seed: int, side: int, norm: float) -> None:
    x = torch.randn(3, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    x = norm * x / torch.linalg.matrix_norm(x, 2)[:, None, None]
    expected = torch.matrix_exp(x)
    scale = expected.abs().amax().item()
    torch.testing.assert_close(exponential(x), expected, rtol=0, atol=1e-9 * scale)
    torch.testing.assert_close(exponential(x.float()), expected.float(), rtol=0, atol=1e-4 * scale)


def test_its_gradient_is_torchs() -> None:
    x = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    one, two = x.clone().requires_grad_(), x.clone().requires_grad_()
    exponential(one).square().sum().backward()
    torch.matrix_exp(two).square().sum().backward()
    torch.testing.assert_close(one.grad, two.grad)


def test_codes_of_bases_that_commute_compose() -> None:
    config = replace(VAEConfig.named("lie-group-vae"), **SMALL, latents=3, side=4)
    model = TASK.build(config)
    assert isinstance(model, LieGroupVAE)
    generator = torch.Generator().manual_seed(1)
    turn = torch.linalg.qr(torch.randn(4, 4, generator=generator))[0]
    one, two = torch.randn(2, 5, 3, generator=generator)
    with torch.no_grad():
        model.basis.copy_(turn @ torch.diag_embed(torch.randn(3, 4, generator=generator) / 2) @ turn.T)
        torch.testing.assert_close(model.group(one) @ model.group(two), model.group(one + two), rtol=1e-3, atol=1e-3)
        model.basis.copy_(torch.randn(3, 4, 4, generator=generator))
        assert (model.group(one) @ model.group(two) - model.group(one + two)).abs().max() > 0.1


def test_the_products_are_what_loops_say() -> None:
    basis = torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = sum((basis[i] @ basis[j]).square().sum() for i in range(4) for j in range(4) if i != j) / 16
    torch.testing.assert_close(products(basis), expected)


def test_the_objective_is_the_sum_of_its_terms() -> None:
    config = replace(VAEConfig.named("lie-group-vae"), **SMALL)
    assert (config.side, config.latents, config.gamma, config.nearness, config.learning_rate) == (10, 10, 40.0, 0.1, 1e-4)
    assert VAEConfig.named("lie-group-vae").batch_size == 256
    model, batch = TASK.build(config).eval(), TASK.batch(config, Population(DSPRITES), 0)
    assert isinstance(model, LieGroupVAE)
    assert 0.0009 < model.basis.std() < 0.0011
    with torch.no_grad():
        drawn = model(batch.pictures, noise=batch.noise)
        matrices = torch.matrix_exp(torch.einsum("bl,lij->bij", drawn.sample, model.basis)).flatten(1)
        parameters = model.decoder(matrices)
        torch.testing.assert_close(model.decode(drawn.sample), parameters.sigmoid())
        squared = reconstruction(parameters, batch.targets, likelihood_of(config), "mse")
        apart = (model.encoder(batch.pictures.float())[0].flatten(1) - matrices).square().sum() / 8
        expected = squared + kl_of_latents(drawn.mean, drawn.logvar).sum() + 40 * products(model.basis) + 0.1 * apart
        assert TASK.loss(config, model, batch, 0.5).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_basis_and_every_other_weight_is_learnt() -> None:
    config = replace(VAEConfig.named("lie-group-vae"), **SMALL, steps=2)
    before, after = TASK.build(config).state_dict(), TASK.learn(config)[0]
    for name, weight in after.named_parameters():
        assert not torch.equal(weight, before[name]), name


def test_a_side_that_cannot_be() -> None:
    with error(RangeError, "side must be from 1 to 64, got 0"):
        VAEConfig(side=0).check()
