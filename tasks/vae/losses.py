"""The losses of the VAE family: what each asks of the posterior, beside the reconstruction.

A posterior is the mean and the log variance [B, L] of L latents, each a number, normal; before the picture is seen each is
standard normal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


def kl_of_latents(mean: Float[Tensor, "b latents"], logvar: Float[Tensor, "b latents"]) -> Float[Tensor, " latents"]:
    """KL(N(mean, exp(logvar)) || N(0, 1)) of each latent in nats, averaged over the batch: [L].

    Example:
        >>> kl_of_latents(torch.ones(2, 3), torch.zeros(2, 3))
        tensor([0.5000, 0.5000, 0.5000])
    """
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean(0)


def capacity_penalty(kl: Float[Tensor, ""], gamma: float, goal: float) -> Float[Tensor, ""]:
    """gamma |KL - C|: it is 0 where the latents transmit C nats, the capacity that is asked for.

    Source: Burgess et al., "Understanding disentangling in beta-VAE", 2018, arXiv 1804.03599, equation 8.

    Example:
        >>> capacity_penalty(torch.tensor(3.0), gamma=100.0, goal=5.0)
        tensor(200.)
    """
    return gamma * (kl - goal).abs()


def decomposed_kl(
    sample: Float[Tensor, "b latents"], mean: Float[Tensor, "b latents"], logvar: Float[Tensor, "b latents"], size: int
) -> tuple[Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, ""]]:
    """The three parts of the expected KL, estimated from a batch: I(picture; code), total correlation, and what each latent adds.

    The density of the aggregate posterior at a sample is estimated by minibatch-weighted sampling: an average over the batch
    of the pictures' posteriors, as if the others of the data set were like these.

    Args:
        sample: a draw of each posterior.
        mean, logvar: of the posteriors.
        size: how many pictures the data set has.

    Returns:
        Three scalars in nats; their sum is an estimate of the KL. A batch that is small beside the data set makes the first two
        too large and the third too small, by as much whatever the posteriors; the gradients are what counts.

    Raises:
        RangeError: the batch has fewer than two pictures, or more than the data set.

    Source: Chen et al., "Isolating sources of disentanglement in VAEs", 2018, arXiv 1802.04942, section 3 and appendix C.1.

    Example:
        >>> parts = decomposed_kl(torch.zeros(4, 2), torch.zeros(4, 2), torch.zeros(4, 2), size=4)
        >>> [round(part.item(), 4) for part in parts]
        [1.3863, 1.3863, -2.7726]
    """
    n = len(sample)
    if not 2 <= n <= size:
        raise RangeError(f"the batch must have from 2 pictures to all {size} of the data set, got {n}")
    conditional = _log_density(sample, mean, logvar).sum(1)
    each = _log_density(sample[:, None], mean[None], logvar[None])  # [sample, posterior, latent]
    many = math.log(n * size)
    together, apart = each.sum(2).logsumexp(1) - many, (each.logsumexp(1) - many).sum(1)
    prior = _log_density(sample, torch.zeros_like(mean), torch.zeros_like(logvar)).sum(1)
    return (conditional - together).mean(), (together - apart).mean(), (apart - prior).mean()


def _log_density(x: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    return -0.5 * ((x - mean).square() * (-logvar).exp() + logvar + math.log(2 * math.pi))


def shuffled(sample: Float[Tensor, "b latents"], generator: torch.Generator) -> Float[Tensor, "b latents"]:
    """The same values of each latent, each in an order of its own: as if latents were independent.

    Source: Kim and Mnih, "Disentangling by factorising", 2018, arXiv 1802.05983, algorithm 1.

    Example:
        >>> shuffled(torch.arange(4.0)[:, None], torch.Generator().manual_seed(0))[:, 0].sort().values
        tensor([0., 1., 2., 3.])
    """
    order = torch.rand(sample.shape, generator=generator, device=sample.device).argsort(0)
    return sample.gather(0, order)


def density_ratio(logits: Float[Tensor, "b 2"]) -> Float[Tensor, ""]:
    """The total correlation in nats as a discriminator sees it: the mean log odds that a sample is joint, not shuffled.

    Args:
        logits: [B, 2] of samples of the aggregate posterior: joint, shuffled.

    Source: Kim and Mnih, 2018, equation 3.
    """
    return (logits[:, 0] - logits[:, 1]).mean()


def discrimination(joint: Float[Tensor, "b 2"], product: Float[Tensor, "b 2"]) -> Float[Tensor, ""]:
    """How badly a discriminator tells samples [B, 2] from shuffled samples [B, 2], in nats.

    Example:
        >>> discrimination(torch.zeros(3, 2), torch.zeros(3, 2))
        tensor(0.6931)
    """
    first = torch.zeros(len(joint), dtype=torch.int64, device=joint.device)
    return 0.5 * (F.cross_entropy(joint, first) + F.cross_entropy(product, torch.ones_like(first)))


def averaged_over_pairs(
    mean: Float[Tensor, "b latents"], logvar: Float[Tensor, "b latents"]
) -> tuple[Float[Tensor, "b latents"], Float[Tensor, "b latents"]]:
    """Ada-GVAE: the posteriors of picture i and its pair n + i, averaged where they seem to agree.

    Latents whose posteriors differ less than halfway between the least and the most different ones of the pair are taken to
    be shared, and get the mean of both means and of both variances.

    Args:
        mean, logvar: [2 n, L], picture i and its pair n + i differ in some factors, it is not known which.

    Raises:
        ShapeError: the batch is odd.

    Source: Locatello et al., "Weakly-supervised disentanglement without compromises", 2020, arXiv 2002.02886, section 4.

    Example:
        >>> mean, logvar = averaged_over_pairs(torch.tensor([[0.0, 0.0], [0.2, 3.0]]), torch.zeros(2, 2))
        >>> mean
        tensor([[0.1000, 0.0000],
                [0.1000, 3.0000]])
    """
    if len(mean) % 2:
        raise ShapeError(f"pairs need an even number of posteriors, got {len(mean)}")
    (m, w), (lv, lw) = mean.chunk(2), logvar.chunk(2)
    divergence = 0.5 * (lw - lv + (lv.exp() + (m - w).square()) / lw.exp() - 1)
    threshold = 0.5 * (divergence.amax(1, keepdim=True) + divergence.amin(1, keepdim=True))
    shared = (divergence < threshold).repeat(2, 1)
    middle = ((m + w) / 2).repeat(2, 1)
    variance = (0.5 * (lv.exp() + lw.exp())).log().repeat(2, 1)
    return torch.where(shared, middle, mean), torch.where(shared, variance, logvar)
