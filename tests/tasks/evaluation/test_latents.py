"""What is measured of codes and of vectors, on models whose answer is known."""

import torch
from torch import Tensor

from tasks import load_model
from tasks.data.dsprites.factors import COUNTS
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.evaluation.latents import measure_codes, measure_exchange, measure_latents
from tasks.evaluation.vectors import measure_vectors
from tasks.vae.config import VAEConfig
from tasks.vae.task import TASK


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_exchanging_true_factors_changes_one_and_mixing_them_changes_more() -> None:
    def true(classes: Tensor) -> Tensor:
        return classes[..., None].double()

    def draw(units: Tensor) -> Tensor:
        classes = units[..., 0].round().long()
        return render(torch.minimum(classes.clamp(min=0), torch.tensor(COUNTS) - 1))[:, None].float()

    right = measure_exchange(true, draw, Population(DSPRITES, "test"), generator())
    assert right["dmm"] < 0.15, "some orientations of small sprites look the same"
    assert right["dcm"] < 0.2
    assert right["dmm_published"] > 2.85

    turn = torch.linalg.qr(torch.randn(5, 5, generator=generator(), dtype=torch.float64))[0]
    mixed = measure_exchange(
        lambda classes: (classes.double() @ turn)[..., None],
        lambda units: draw((units[..., 0] @ turn.T)[..., None]),
        Population(DSPRITES, "test"),
        generator(),
    )
    assert mixed["dmm"] > 1
    assert mixed["dcm"] > 1


def test_a_vae_that_knows_nothing() -> None:
    config = VAEConfig(latents=4, encoder="conv-small", decoder="conv-small")
    model = TASK.build(config).eval()
    with torch.no_grad():
        for weight in model.encoder.posterior.parameters():  # pyright: ignore
            weight.zero_()
    found = measure_latents(model, Population(DSPRITES, "test"), 20, generator())
    assert (found["kl"], found["active"]) == (0, 0)
    assert found["variance_of"] == dict.fromkeys(("z0", "z1", "z2", "z3"), 1.0)
    scores = measure_codes(model, Population(DSPRITES, "test"), 600, generator())["disentanglement"]
    assert scores["mig"] == scores["sap"] == scores["factor_vae"] == 0
    assert scores["explicitness"] == 0.5
    assert scores["dmm"] == 1, "nothing changes, which is one factor too few"


def test_the_shipped_model_has_a_vector_for_each_factor() -> None:
    found = measure_vectors(load_model("paired"), Population(DSPRITES, "test"), 1000, generator())
    slots = found["slots"]
    accuracy, variance = (torch.tensor(slots[name]) for name in ("accuracy", "variance"))
    assert accuracy.shape == variance.shape == (5, 5)
    assert torch.equal(variance.diagonal(), variance.max(1).values)
    assert slots["diagonal"] > 0.95
    assert slots["variance_disentanglement"] > 0.8
    scores = found["disentanglement"]
    assert list(scores) == ["dmm", "dmm_published", "dcm", "dcm_published"], "a readout of labels is no code of the model's"
    assert scores["dmm"] < 0.2
