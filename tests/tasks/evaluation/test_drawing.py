import pytest
import torch
from torch import Tensor

from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.evaluation.drawing import grey_fraction, measure_drawing
from tasks.likelihood import Bernoulli

CPU = torch.device("cpu")


def measured(draw: object) -> dict[str, float]:
    return measure_drawing(
        draw,  # pyright: ignore
        Bernoulli(),
        Population(DSPRITES),
        30,
        torch.Generator().manual_seed(0),
        CPU,
    )


def test_a_perfect_copy_and_a_picture_that_knows_nothing() -> None:
    perfect = measured(lambda given: (given.float() - 0.5) * 40)
    assert perfect["reconstruction_iou"] == 1
    assert perfect["reconstruction_nats"] < 1e-4
    assert perfect["grey_pixels"] == perfect["grey_over_white"] == 0
    unsure = measured(lambda given: torch.zeros(given.shape))
    assert unsure["reconstruction_nats"] == pytest.approx(4096 * 0.693147, rel=1e-5)
    assert unsure["grey_pixels"] == 1


def test_grey_over_white_is_a_share_of_what_should_be_on() -> None:
    seen: list[Tensor] = []

    def draw(given: Tensor) -> Tensor:
        seen.append(given)
        logits = torch.full(given.shape, -20.0)
        logits[:, :, 0, :10] = 0.0
        return logits

    found = measured(draw)
    white = torch.cat(seen).double().mean().item()
    assert found["grey_pixels"] == pytest.approx(10 / 4096)
    assert found["grey_over_white"] == pytest.approx(10 / 4096 / white)


def test_of_each_picture() -> None:
    pictures = DSPRITES.observe(torch.tensor([[0, 5, 0, 16, 16]])).float()
    assert grey_fraction(pictures).tolist() == [0]
    assert Bernoulli().loss((pictures - 0.5) * 100, pictures).sum().item() < 1e-6
