"""How well a model draws the pictures that it was given, whatever its code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.likelihood import Likelihood

if TYPE_CHECKING:
    from jaxtyping import Float

GREY = (0.1, 0.9)
"""Pixels between these probabilities are grey: neither off nor on."""

CHUNK = 256
"""Pictures that are drawn at once."""


def grey_fraction(pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """How blurred pictures of binary pixels are: the fraction of grey pixels, whose probability is between 0.1 and 0.9.

    Example:
        >>> grey_fraction(torch.tensor([[[[0.0, 0.5], [1.0, 0.95]]]]))
        tensor([0.2500])
    """
    return ((pictures > GREY[0]) & (pictures < GREY[1])).flatten(1).float().mean(1)


@torch.inference_mode()
def measure_drawing(
    draw: Callable[[Tensor], Tensor],
    likelihood: Likelihood,
    population: Population,
    n: int,
    generator: torch.Generator,
    device: torch.device,
) -> dict[str, float]:
    """Encode and draw n pictures of such objects.

    Args:
        draw: from pictures [n, C, H, W] to the parameters [n, C, H, W] of what the model makes of them.
        likelihood: what these parameters say.
        population: what is drawn.
        n: how many pictures.
        generator: decides which.
        device: where `draw` wants them.

    Returns:
        reconstruction_iou: the mean IoU; reconstruction_nats: the mean negative log likelihood, summed over a picture. Where
        pixels are on or off: grey_pixels, the fraction of pixels between 0.1 and 0.9; grey_over_white, their number over the
        number of pixels that should be on.
    """
    dataset = population.dataset
    truths = population.observe(population.sample(n, generator))
    parameters = torch.cat([draw(part.to(device)).float().cpu() for part in truths.split(CHUNK)])
    pictures = likelihood.mean(parameters)
    found = {
        "reconstruction_iou": iou(dataset.crisp(pictures), dataset.crisp(truths)).double().mean().item(),
        "reconstruction_nats": likelihood.loss(parameters, truths.float()).flatten(1).sum(1).double().mean().item(),
    }
    if dataset.binary:
        blurred = grey_fraction(pictures).double().mean()
        found |= {"grey_pixels": blurred.item(), "grey_over_white": (blurred / truths.double().mean()).item()}
    return found
