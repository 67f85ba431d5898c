"""The terms of a sequential autoencoder's loss, each exact for the sample that it is given; all in nats.

A clip has one content f and a motion z_1 to z_T. Both are normal, of independent numbers, and so are the priors: p(f) is standard
normal, so that its term is `tasks.symbolic.losses.kl_divergence`; p(z_t | z_<t) has the mean and the variance that a recurrent
network learns.

Source: Leplae-Arthur and Nichani, "Modeling Sequential Data with VAEs", section 2; Li and Mandt, "Disentangled Sequential
Autoencoder", 2018, arXiv 1803.02991.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


def kl_of_motion(
    mean: Float[Tensor, "b t motion"],
    logvar: Float[Tensor, "b t motion"],
    prior_mean: Float[Tensor, "b t motion"],
    prior_logvar: Float[Tensor, "b t motion"],
) -> Float[Tensor, " b"]:
    """The sum over t of KL(q(z_t | x) || p(z_t | z_<t)) of each clip [B], exact for the z_<t from which the prior was made.

    Args:
        mean, logvar: of the posterior.
        prior_mean, prior_logvar: of the prior, made from samples of the posterior, which is what makes an expectation of it.

    Example:
        >>> zero = torch.zeros(1, 3, 2)
        >>> kl_of_motion(zero + 1, zero, zero, zero)
        tensor([3.])
    """
    apart = (mean - prior_mean).square() / prior_logvar.exp()
    return 0.5 * (apart + (logvar - prior_logvar).exp() - 1 + prior_logvar - logvar).flatten(1).sum(1)


def kl_of_first(
    mean: Float[Tensor, "b motion"],
    logvar: Float[Tensor, "b motion"],
    shares: Float[Tensor, " k"],
    means: Float[Tensor, "k motion"],
    logvars: Float[Tensor, "k motion"],
) -> Float[Tensor, " b"]:
    """A bound from above of KL(q(z_1 | x) || p(z_1)) of each clip [B], where p(z_1) is a mixture of normals; exact for one.

    Args:
        mean, logvar: of the posterior.
        shares: the log of the share that each normal has.
        means, logvars: of the normals.

    Source: Hershey and Olsen, "Approximating the Kullback Leibler divergence between Gaussian mixture models", 2007, section 7.

    Example:
        >>> far = torch.tensor([[0.0], [100.0]])
        >>> kl_of_first(torch.ones(1, 1), torch.zeros(1, 1), torch.tensor([0.5, 0.5]).log(), far, torch.zeros(2, 1))
        tensor([1.1931])
    """
    each = kl_of_motion(
        *(part[:, None, None].expand(-1, len(means), 1, -1).flatten(0, 1) for part in (mean, logvar)),
        *(part[None, :, None].expand(len(mean), -1, 1, -1).flatten(0, 1) for part in (means, logvars)),
    )
    return -(shares - each.unflatten(0, (len(mean), -1))).logsumexp(1)


def agreement(first: Float[Tensor, "b dim"], second: Float[Tensor, "b dim"], temperature: float = 0.5) -> Float[Tensor, ""]:
    """How badly a code tells which code of another list is of the same clip: InfoNCE of cosines, both ways, averaged.

    Args:
        first, second: codes [B, D] of the same clips, seen in two ways.
        temperature: what cosines are divided by.

    Raises:
        ShapeError: there are not as many codes of one as of the other.
        RangeError: the temperature is not above 0.

    Source: van den Oord et al., "Representation learning with contrastive predictive coding", 2018, arXiv 1807.03748; for
    sequences Bai et al., "Contrastively disentangled sequential variational autoencoder", 2021, arXiv 2110.12091.

    Example:
        >>> round(agreement(torch.zeros(4, 3), torch.zeros(4, 3)).item(), 4)  # as good as guessing: ln 4
        1.3863
    """
    if first.shape != second.shape or first.ndim != 2:
        raise ShapeError(f"codes must be [B, D], twice the same, got {list(first.shape)} and {list(second.shape)}")
    if not temperature > 0:
        raise RangeError(f"temperature must be above 0, got {temperature}")
    cosines = F.normalize(first, dim=1) @ F.normalize(second, dim=1).T / temperature
    right = torch.arange(len(first), device=first.device)
    return 0.5 * (F.cross_entropy(cosines, right) + F.cross_entropy(cosines.T, right))
