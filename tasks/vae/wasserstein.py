"""The loss of the Wasserstein autoencoder: how far all codes together are from samples of the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Of the kernels, each times the number of latents."""


def multiquadrics(x: Float[Tensor, "n latents"], y: Float[Tensor, "m latents"]) -> Float[Tensor, "n m"]:
    """How alike two sets of codes are, [n, m]: the sum of the inverse multiquadric kernels C / (C + |x - y|^2).

    C is the number of latents times each of `SCALES`; codes that are the same have the kernel 7, one for each scale.

    Example:
        >>> multiquadrics(torch.zeros(1, 2), torch.tensor([[0.0, 0.0], [1e6, 0.0]])).round()
        tensor([[7., 0.]])
    """
    distances = (x[:, None] - y[None]).square().sum(2)
    return torch.stack([scale * x.shape[1] / (scale * x.shape[1] + distances) for scale in SCALES]).sum(0)


def discrepancy(x: Float[Tensor, "n latents"], y: Float[Tensor, "n latents"]) -> Float[Tensor, ""]:
    """The squared maximum mean discrepancy of two sets of n samples, estimated without bias.

    It is a U-statistic: the mean kernel of different samples of x, and of y, less twice the mean kernel of x and y. Of two sets
    from one distribution it is 0 in the mean, so that it is negative about as often as positive.

    Raises:
        ShapeError: the sets are of different shapes.
        RangeError: there are fewer than two samples.

    Source: Tolstikhin et al., "Wasserstein auto-encoders", 2018, arXiv 1711.01558, algorithm 2.

    Example:
        >>> far = discrepancy(torch.zeros(3, 2), torch.full((3, 2), 1e6))
        >>> round(far.item(), 3)
        14.0
    """
    if x.shape != y.shape:
        raise ShapeError(f"the discrepancy is of two sets of one shape, got {list(x.shape)} and {list(y.shape)}")
    n = len(x)
    if n < 2:
        raise RangeError(f"the discrepancy needs at least two samples, got {n}")

    def apart(kernel: Tensor) -> Tensor:
        return (kernel.sum() - kernel.diagonal().sum()) / (n * (n - 1))

    return apart(multiquadrics(x, x)) + apart(multiquadrics(y, y)) - 2 * multiquadrics(x, y).mean()


def of_prior(like: Float[Tensor, "n latents"], variance: float, generator: torch.Generator) -> Float[Tensor, "n latents"]:
    """As many samples of the prior as these codes, on their device: of a normal with this variance for each latent.

    Example:
        >>> of_prior(torch.ones(2, 1), 0.0, torch.Generator().manual_seed(0)).abs()
        tensor([[0.],
                [0.]])
    """
    return variance**0.5 * torch.randn(like.shape, generator=generator, device=like.device)


def widths(logvar: Float[Tensor, "b latents"]) -> Float[Tensor, ""]:
    """The absolute log variance of a posterior, summed over latents and averaged over the batch.

    It keeps an encoder from becoming certain of its codes.

    Source: Rubenstein et al., "Learning disentangled representations with Wasserstein auto-encoders", 2018.

    Example:
        >>> widths(torch.tensor([[1.0, -3.0], [0.0, 0.0]]))
        tensor(2.)
    """
    return logvar.abs().sum(1).mean()
