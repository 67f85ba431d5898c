"""How well a model draws the pictures that it was given, whatever its code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.data.dsprites import render
from tasks.data.sampling import Objects
from tasks.evaluation.overlap import iou

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

GREY = (0.1, 0.9)
"""Pixels between these are neither on nor off."""

CHUNK = 256
"""Pictures that are drawn at once."""


def grey(pictures: Float[Tensor, "n h w"]) -> Float[Tensor, " n"]:
    """How blurred pictures are: the share of pixels whose probability is between 0.1 and 0.9.

    Example:
        >>> grey(torch.tensor([[[0.0, 0.5], [1.0, 0.95]]]))
        tensor([0.2500])
    """
    return ((pictures > GREY[0]) & (pictures < GREY[1])).flatten(1).float().mean(1)


def nats(logits: Float[Tensor, "n h w"], truths: Bool[Tensor, "n h w"]) -> Float[Tensor, " n"]:
    """The binary cross entropy of pictures, in nats, summed over the pixels.

    Example:
        >>> nats(torch.zeros(1, 1, 2), torch.tensor([[[True, False]]]))
        tensor([1.3863])
    """
    return F.binary_cross_entropy_with_logits(logits, truths.float(), reduction="none").flatten(1).sum(1)


@torch.inference_mode()
def measure_drawing(
    draw: Callable[[Tensor], Tensor], objects: Objects, n: int, generator: torch.Generator, device: torch.device
) -> dict[str, float]:
    """Encode and draw n pictures of such objects.

    Args:
        draw: from pictures uint8 [n, 1, 64, 64] to the logits [n, 1, 64, 64] of what the model makes of them.
        objects: what is drawn.
        n: how many pictures.
        generator: decides which.
        device: where `draw` wants them.

    Returns:
        reconstruction_iou: the mean IoU; reconstruction_nats: the mean binary cross entropy, summed over a picture; grey_pixels:
        the share of pixels between 0.1 and 0.9; grey_over_white: the same as a share of the pixels that should be on.
    """
    truths = render(objects.sample(n, generator)).bool()
    logits = torch.cat([draw(part[:, None].byte().to(device))[:, 0].float().cpu() for part in truths.split(CHUNK)])
    pictures = logits.sigmoid()
    blurred = grey(pictures)
    return {
        "reconstruction_iou": iou(pictures > 0.5, truths).double().mean().item(),
        "reconstruction_nats": nats(logits, truths).double().mean().item(),
        "grey_pixels": blurred.double().mean().item(),
        "grey_over_white": (blurred.double().mean() / truths.double().mean()).item(),
    }
