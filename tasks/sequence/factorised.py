"""Posteriors of a linear sequence that factorise, q(f) q(z_1) ... q(z_T): the best one, a trained one, and the bound of any.

The evidence lower bound is log p(x) - KL(q || p(f, z | x)). The precision L of the exact posterior depends on no data, and so the
best of all factorised posteriors has the exact one's mean and the diagonal of L as its precision; its KL is half the sum of the
logarithms of that diagonal, less half the log determinant of L, in each dimension.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.sequence.linear import LinearSequence, check_moment, moment_of, traces, widen
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float64


@dataclass(frozen=True)
class Factorised:
    """A posterior that factorises, the same for every dimension, or a batch of them.

    Attributes:
        weights: float64 [*batch, T + 1, T], which make the means of f, z_1, ..., z_T of a sequence.
        deviations: float64 [*batch, T + 1], their standard deviations.
    """

    weights: Float64[Tensor, "*batch b t"]
    deviations: Float64[Tensor, "*batch b"]

    def kl(self, model: LinearSequence, moment: Float64[Tensor, "*data t t"]) -> Float64[Tensor, "..."]:
        """KL(q || p(f, z | x)) [*models, *data], averaged over the sequences of each data set, in nats a sequence.

        Args:
            model: the models; the batch of this posterior is theirs, followed by that of the data sets.
            moment: of each data set, see `moment_of`.

        Raises:
            ShapeError: the moments are not [*data, T, T], or the batch is another.
        """
        check_moment(moment, model.steps)
        sets = moment.shape[:-2]
        batch = (*model.models, *sets)
        if self.deviations.shape != (*batch, model.steps + 1):
            expected = [*batch, model.steps + 1]
            raise ShapeError(f"the deviations of a factorised posterior must be {expected}, got {list(self.deviations.shape)}")
        precision, right = model.precision(), model.posterior()
        log_determinant = torch.linalg.slogdet(precision).logabsdet
        log_determinant, precision, right = (widen(each, model.models, sets) for each in (log_determinant, precision, right))
        missed = self.weights - right
        distance = torch.einsum("...is,...ij,...jt,...st->...", missed, precision, missed, moment)
        variances = self.deviations.square()
        spread = (precision.diagonal(dim1=-2, dim2=-1) * variances - 1 - variances.log()).sum(-1)
        return model.dims / 2 * (distance + spread - log_determinant)

    def bound(self, model: LinearSequence, moment: Float64[Tensor, "*data t t"]) -> Float64[Tensor, "..."]:
        """The evidence lower bound [*models, *data], averaged over the sequences of each data set, in nats a sequence.

        Raises:
            ShapeError: as `kl`.
        """
        return model.log_likelihood(moment) - self.kl(model, moment)


def best(model: LinearSequence, sets: tuple[int, ...] = ()) -> Factorised:
    """The factorised posterior with the highest bound of each model; it depends on no data.

    Args:
        model: the models.
        sets: the shape of the batch of data sets that it is for, the same for all of them.

    Returns:
        Posteriors of batch [*models, *sets].

    Example:
        >>> model = LinearSequence.of(sf=2.0, sz=0.5, sx=0.5)
        >>> moment = model.covariance()
        >>> round(model.log_likelihood(moment).item(), 3), round(best(model).bound(model, moment).item(), 3)
        (-9.304, -11.137)
    """
    deviations = model.precision().diagonal(dim1=-2, dim2=-1).rsqrt()
    return Factorised(_for_all(model.posterior(), model, sets), _for_all(deviations, model, sets))


def best_by_frame(model: LinearSequence, moment: Float64[Tensor, "*data t t"]) -> Factorised:
    """The best posterior whose q(z_t) is made of its own frame x_t alone, by one linear rule for every t; q(f) sees all frames.

    This is the encoder of Li and Mandt, "Disentangled sequential autoencoder", 2018, as linear as the model. A frame alone does
    not tell z_t from f, so the bound is lower than that of `best`, and the rule depends on the data.

    Args:
        model: the models.
        moment: of each data set, see `moment_of`.

    Returns:
        Posteriors of batch [*models, *data].

    Raises:
        ShapeError: the moments are not [*data, T, T].
    """
    check_moment(moment, model.steps)
    sets, steps, first = moment.shape[:-2], model.steps, len(model.models)
    precision, right = model.precision(), model.posterior()
    diagonal = precision.diagonal(dim1=-2, dim2=-1)
    shared = torch.cat([diagonal[..., :1], diagonal[..., 1:].mean(-1, keepdim=True).expand_as(diagonal[..., 1:])], -1)
    of_f = torch.eye((steps + 1) * steps, dtype=torch.float64).reshape(-1, steps + 1, steps)[:steps]
    of_z = torch.cat([torch.zeros(1, steps, dtype=torch.float64), torch.eye(steps, dtype=torch.float64)])
    rules = torch.cat([of_f, of_z[None]])
    # The weights are a sum of the rules: f's weight of each frame, and z_t's of its own. The bound is quadratic in them.
    pairs = torch.einsum("kis,...ij,ljt->...klst", rules, precision, rules)
    aims = torch.einsum("kis,...ij,...jt->...kst", rules, precision, right)
    pairs, aims = (traces(each, moment) for each in (pairs, aims))
    pairs, aims = pairs.movedim((first, first + 1), (-2, -1)), aims.movedim(first, -1)  # [*models, *data, ...]
    weights = torch.einsum("...k,kit->...it", torch.linalg.solve(pairs, aims), rules)
    return Factorised(weights, _for_all(shared.rsqrt(), model, tuple(sets)))


def gap(model: LinearSequence) -> tuple[Float64[Tensor, "*models"], Float64[Tensor, "*models"]]:
    """By how many nats the best bound is below log p(x), [*models]: first as q separates f from z, then as it separates the z_t.

    Their sum is KL(q || p(f, z | x)) of `best`. The first is that of the best q(f) q(z), the second what q(z_1) ... q(z_T) adds.

    Example:
        >>> [round(part.item(), 3) for part in gap(LinearSequence.of(sf=2.0, sz=0.5, sx=0.5))]
        [1.508, 0.325]
    """
    precision = model.precision()
    diagonal = precision.diagonal(dim1=-2, dim2=-1).log()
    whole, walk = (torch.linalg.slogdet(each).logabsdet for each in (precision, precision[..., 1:, 1:]))
    return model.dims / 2 * (diagonal[..., 0] + walk - whole), model.dims / 2 * (diagonal[..., 1:].sum(-1) - walk)


def train(
    model: LinearSequence,
    sequences: Float64[Tensor, "n t d"],
    steps: int,
    generator: torch.Generator,
    samples: int = 1,
    rate: float = 0.05,
) -> Factorised:
    """Learn a factorised posterior of each model by Adam, from sampled estimates of the bound.

    The encoder is linear, and sees sequences that were made white. Each step draws f and z anew for every sequence and model by
    reparameterisation. The rate falls to 0 along half a cosine. The deviations begin at 0.05, because those that are too large
    have gradients that grow with the precision, and Adam then takes small steps for long.

    Args:
        model: the models; all are trained at once, and none knows of the others.
        sequences: the data set, the same for all models.
        steps: how often Adam steps.
        generator: draws f and z.
        samples: draws for each sequence in a step.
        rate: Adam's, in the first step.

    Returns:
        Posteriors of batch [*models].

    Raises:
        RangeError: steps or samples is not at least 1, or the sequences are too few to be made white.
        ShapeError: the sequences are of another length, or have other dimensions.
    """
    if steps < 1 or samples < 1:
        raise RangeError(f"steps and samples must be at least 1, got {steps} and {samples}")
    if sequences.shape[1:] != (model.steps, model.dims):
        raise ShapeError(f"the sequences must be [n, {model.steps}, {model.dims}], got {list(sequences.shape)}")
    values, vectors = torch.linalg.eigh(moment_of(sequences))
    if not values[0] > 1e-9 * values[-1]:
        raise RangeError(f"{len(sequences)} sequences do not span their {model.steps} steps; there must be more, or other ones")
    white = vectors @ values.rsqrt().diag() @ vectors.T
    weights = torch.zeros(*model.models, model.steps + 1, model.steps, dtype=torch.float64, requires_grad=True)
    logarithms = torch.full((*model.models, model.steps + 1), math.log(0.05), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([weights, logarithms], lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    shape = (samples, *model.models, len(sequences), model.steps + 1, model.dims)
    for _ in range(steps):
        means = torch.einsum("...it,ntd->...nid", weights @ white, sequences)
        noise = torch.randn(shape, generator=generator, dtype=torch.float64)
        latents = means + logarithms.exp()[..., None, :, None] * noise
        entropy = model.dims * logarithms.sum(-1)  # but for a constant
        loss = -(log_joint(model, sequences, latents).mean((0, -1)) + entropy).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return Factorised((weights @ white).detach(), logarithms.detach().exp())


def log_joint(
    model: LinearSequence, sequences: Float64[Tensor, "n t d"], latents: Float64[Tensor, "samples *models n b d"]
) -> Float64[Tensor, "samples *models n"]:
    """log p(x, f, z) of draws of f and z of each sequence under each model, in nats.

    Args:
        latents: f, z_1, ..., z_T [samples, *models, n, T + 1, dims].
    """
    sf, sz, sx = (deviation[..., None, None, None] for deviation in model.deviations.unbind(-1))
    f, z = latents[..., :1, :], latents[..., 1:, :]
    walk = torch.cat([z[..., :1, :], z.diff(dim=-2)], -2)
    total = latents.new_zeros(())
    for value, deviation in ((f, sf), (walk, sz), (sequences - f - z, sx)):
        density = -0.5 * (value / deviation).square() - deviation.log() - 0.5 * math.log(2 * math.pi)
        total = total + density.sum((-2, -1))
    return total


def _for_all(each: Tensor, model: LinearSequence, sets: tuple[int, ...]) -> Tensor:
    """What there is of each model, [*models, ...], once for each data set: [*models, *sets, ...]."""
    first = len(model.models)
    return widen(each, model.models, torch.Size(sets)).expand(*model.models, *sets, *each.shape[first:])
