"""What training makes small: the error of the picture, and the divergence of the posterior from its prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped


def reconstruction(
    logits: Float[Tensor, "t c h w"],
    targets: Shaped[Tensor, "t c h w"],
    kind: Literal["bce", "mse"] = "bce",
    reduction: Literal["sum", "mean"] = "sum",
) -> Float[Tensor, ""]:
    """The error of pictures, averaged over the batch.

    Args:
        logits: [T, C, H, W].
        targets: the same shape, uint8 or float in [0, 1].
        kind: "bce", binary cross entropy in nats, or "mse", the squared error of the probabilities.
        reduction: "sum" or "mean" over the pixels of a picture.

    Example:
        >>> import torch
        >>> reconstruction(torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4, dtype=torch.uint8))
        tensor(11.0904)
    """
    logits, goal = logits.float(), targets.float()
    if kind == "bce":
        error = F.binary_cross_entropy_with_logits(logits, goal, reduction="none")
    else:
        error = (logits.sigmoid() - goal).square()
    error = error.flatten(1)
    return (error.sum(1) if reduction == "sum" else error.mean(1)).mean()


def kl_divergence(mean: Float[Tensor, "p *rest"], logvar: Float[Tensor, "p *rest"]) -> Float[Tensor, ""]:
    """KL(N(mean, exp(logvar)) || N(0, 1)) in nats, summed over a picture's vectors and averaged over the batch.

    Source: Kingma and Welling, "Auto-encoding variational Bayes", 2014, appendix B.

    Example:
        >>> import torch
        >>> kl_divergence(torch.ones(2, 5, 4), torch.zeros(2, 5, 4))
        tensor(10.)
    """
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar).flatten(1).sum(1).mean()
