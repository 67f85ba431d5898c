from pathlib import Path
from typing import Any

import pytest
import torch

from tasks import load_model
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.id_gan.config import IDGANConfig
from tasks.id_gan.model import IDGAN
from tasks.id_gan.task import TASK
from tasks.vae.config import VAEConfig
from tasks.vae.task import TASK as VAE_TASK
from tasks.weights import save
from tests.helpers import error
from vsa.errors import InputError, RangeError

SMALL: dict[str, Any] = {
    "batch_size": 8,
    "latents": 3,
    "device": "cpu",
    "evaluate": 4,
}


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = VAEConfig(**SMALL, seed=5)
    path = tmp_path_factory.mktemp("vae") / "model.safetensors"
    save(VAE_TASK.build(config), "vae", config, {}, path)
    return path


def small(vae: Path, **settings: Any) -> IDGANConfig:
    return IDGANConfig(**SMALL | {"steps": 3, "start": vae} | settings)


def test_the_vae_stays_as_it_is_and_both_sides_learn(vae: Path) -> None:
    config = small(vae)
    before = TASK.build(config)
    TASK.start_from(before, vae)
    model, _ = TASK.learn(config)
    right, start = load_model(vae).state_dict(), before.state_dict()
    for name, weight in model.state_dict().items():
        assert weight.isfinite().all()
        if name.startswith("vae."):
            assert torch.equal(weight, right[name.removeprefix("vae.")])
    for name, weight in model.named_parameters():
        if name.startswith(("generator.", "discriminator.")) and weight.requires_grad and "logvar" not in name:
            assert not torch.equal(weight, start[name]), name


def test_each_side_has_gradients_of_its_own_loss_alone(vae: Path) -> None:
    config = small(vae)
    model = TASK.build(config)
    judged = model(TASK.batch(config, Population(DSPRITES), 0).pictures)
    judged.drawn.sum().backward(retain_graph=True)
    assert all(weight.grad is None for weight in model.discriminator.parameters())
    assert all(weight.grad is not None for weight in model.generator.parameters())
    model.zero_grad()
    (judged.true + judged.false + judged.gradient).sum().backward()
    assert all(weight.grad is None for weight in model.generator.parameters())
    assert all(weight.grad is None for weight in model.vae.parameters())
    assert any(weight.grad is not None for weight in model.discriminator.parameters())


def test_the_penalty_is_the_squared_gradient_at_true_pictures(vae: Path) -> None:
    config = small(vae)
    model = TASK.build(config).double()
    batch = TASK.batch(config, Population(DSPRITES), 0)
    found = TASK.build(config)(batch.pictures, noise=batch.noise).gradient
    pictures = batch.pictures.double()
    direction = torch.randn(pictures.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    step = 1e-7
    slope = (model.discriminator(pictures + step * direction)[0] - model.discriminator(pictures - step * direction)[0]).flatten()
    pictures.requires_grad_()
    (whole,) = torch.autograd.grad(model.discriminator(pictures)[0].sum(), pictures)
    torch.testing.assert_close(slope / (2 * step), (whole * direction).flatten(1).sum(1), rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(found.double(), whole.square().flatten(1).sum(1), rtol=1e-3, atol=1e-9)


def test_the_generator_that_draws_is_the_average(vae: Path) -> None:
    for average in (0.0, 0.9):
        model, _ = TASK.learn(small(vae, average=average))
        for mine, averaged in zip(model.generator.parameters(), model.averaged.module.parameters(), strict=True):
            assert torch.equal(mine, averaged) == (average == 0.0)


def test_a_run_is_read_again_without_its_vae(vae: Path, tmp_path: Path) -> None:
    copy = tmp_path / "vae.safetensors"
    copy.write_bytes(vae.read_bytes())
    result = TASK.run(small(copy, out=tmp_path / "run", noise=2))
    copy.unlink()
    model = load_model(tmp_path / "run")
    codes = torch.randn(4, 3)
    assert torch.equal(model.decode(codes), result.model.decode(codes))  # pyright: ignore
    assert {"reconstruction_iou", "reconstruction_nats", "grey_over_white"} <= set(result.metrics)
    assert (tmp_path / "run" / "traversals.png").exists()
    result.model.save_pretrained(tmp_path / "saved")
    saved = IDGAN.from_pretrained(tmp_path / "saved")
    assert torch.equal(saved.decode(codes), result.model.decode(codes))
    assert str(saved.described().config.start) == "runs/vae", "not the path of this machine"


def test_what_cannot_be_drawn(vae: Path, tmp_path: Path) -> None:
    with error(RangeError, "start must be a VAE's run: train one with `vsa train vae`", "got None"):
        IDGANConfig().check()
    with error(RangeError, "average must be from 0 to below 1"):
        small(vae, average=1.0).check()
    with error(InputError, "holds no VAE of these settings: give its --latents, --encoder and --decoder"):
        TASK.learn(small(vae, latents=4))
    with error(InputError, "there is no model at"):
        TASK.learn(small(tmp_path / "nowhere"))
