"""A sequence that is linear and Gaussian: one latent that stays, a random walk, and what is observed of their sum.

f ~ N(0, sf^2), z_1 ~ N(0, sz^2), z_t ~ N(z_{t-1}, sz^2), x_t ~ N(f + z_t, sx^2), each in several independent dimensions that are
all alike. So every covariance and precision here is a matrix over f, z_1, ..., z_T or x_1, ..., x_T, the same in each dimension.

Source: Leplae-Arthur and Nichani, "Modeling Sequential Data with VAEs", section 3.2; after Turner and Sahani, "Two problems with
variational expectation maximisation for time-series models", 2011.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsa.errors import DtypeError, RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float64

PARAMETERS = ("sf", "sz", "sx")
"""The standard deviations of what stays, of a step of the walk, and of the noise; the order of `LinearSequence.deviations`."""


@dataclass(frozen=True)
class LinearSequence:
    """One model of the family, or a batch of them.

    Attributes:
        deviations: float64 [*models, 3], the standard deviations sf, sz and sx of each model.
        steps: T, how long a sequence is.
        dims: how many numbers f, z_t and x_t have each.

    Raises:
        DtypeError: the deviations are not float64.
        ShapeError: their last dimension is not 3.
        RangeError: one is not above 0, or steps or dims is not at least 1.

    Example:
        >>> model = LinearSequence.of(sf=2.0, sz=0.5, sx=0.5)
        >>> model.covariance()
        tensor([[4.5000, 4.2500, 4.2500],
                [4.2500, 4.7500, 4.5000],
                [4.2500, 4.5000, 5.0000]], dtype=torch.float64)
    """

    deviations: Float64[Tensor, "*models 3"]
    steps: int = 3
    dims: int = 2

    def __post_init__(self) -> None:
        if self.deviations.dtype != torch.float64:
            raise DtypeError(f"the deviations of a linear sequence must be float64, got {self.deviations.dtype}")
        if self.deviations.ndim < 1 or self.deviations.shape[-1] != len(PARAMETERS):
            shape = list(self.deviations.shape)
            raise ShapeError(f"the deviations of a linear sequence must be [*models, 3], for sf, sz and sx; got {shape}")
        if not bool(((self.deviations > 0) & self.deviations.isfinite()).all()):
            least = self.deviations.min().item()
            raise RangeError(f"the deviations of a linear sequence must be above 0 and finite, the least is {least:g}")
        if self.steps < 1 or self.dims < 1:
            raise RangeError(f"a linear sequence has at least 1 step and 1 dimension, got {self.steps} and {self.dims}")

    @classmethod
    def of(cls, sf: float, sz: float, sx: float, steps: int = 3, dims: int = 2) -> LinearSequence:
        """A single model."""
        return cls(torch.tensor([sf, sz, sx], dtype=torch.float64), steps, dims)

    @property
    def models(self) -> torch.Size:
        """The shape of the batch of models; empty for one."""
        return self.deviations.shape[:-1]

    def vary(self, name: str, values: Float64[Tensor, " n"]) -> LinearSequence:
        """Models that are like this one, but for one parameter, which has these values.

        Raises:
            RangeError: there is no such parameter.
            ShapeError: this is a batch already.

        Example:
            >>> LinearSequence.of(2.0, 0.5, 0.5).vary("sx", torch.tensor([0.1, 0.2], dtype=torch.float64)).deviations.tolist()
            [[2.0, 0.5, 0.1], [2.0, 0.5, 0.2]]
        """
        if name not in PARAMETERS:
            raise RangeError(f"there is no parameter {name!r}; there are: {', '.join(PARAMETERS)}")
        if self.models:
            raise ShapeError(f"one parameter of a single model is varied, this is a batch {list(self.models)}")
        deviations = self.deviations.repeat(len(values), 1)
        deviations[:, PARAMETERS.index(name)] = values
        return replace(self, deviations=deviations)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Float64[Tensor, "*shape t d"]:
        """Sequences [*shape, T, dims] of a single model, drawn step by step.

        Raises:
            ShapeError: this is a batch of models.
        """
        if self.models:
            raise ShapeError(f"sequences are drawn of a single model, this is a batch {list(self.models)}")
        sf, sz, sx = self.deviations
        f = sf * torch.randn(*shape, 1, self.dims, generator=generator, dtype=torch.float64)
        z = (sz * torch.randn(*shape, self.steps, self.dims, generator=generator, dtype=torch.float64)).cumsum(-2)
        return f + z + sx * torch.randn(*shape, self.steps, self.dims, generator=generator, dtype=torch.float64)

    def covariance(self) -> Float64[Tensor, "*models t t"]:
        """The covariance [*models, T, T] of x_1, ..., x_T: sf^2 + min(s, t) sz^2, and sx^2 more on the diagonal."""
        sf, sz, sx = (deviation[..., None, None].square() for deviation in self.deviations.unbind(-1))
        step = torch.arange(1, self.steps + 1, dtype=torch.float64)
        return sf + sz * torch.minimum(step[:, None], step) + sx * torch.eye(self.steps, dtype=torch.float64)

    def precision(self) -> Float64[Tensor, "*models b b"]:
        """The precision [*models, T + 1, T + 1] of the posterior of f, z_1, ..., z_T; it depends on no data."""
        sf, sz, sx = (deviation[..., None, None].square() for deviation in self.deviations.unbind(-1))
        steps = self.steps
        difference = torch.eye(steps, dtype=torch.float64) - torch.diag(torch.ones(steps - 1, dtype=torch.float64), -1)
        walk = torch.zeros(steps + 1, steps + 1, dtype=torch.float64)
        walk[1:, 1:] = difference.T @ difference
        stays = torch.zeros_like(walk)
        stays[0, 0] = 1
        seen = self._observed()
        return stays / sf + walk / sz + seen.T @ seen / sx

    def posterior(self) -> Float64[Tensor, "*models b t"]:
        """The matrix [*models, T + 1, T] that makes the posterior's mean of x_1, ..., x_T."""
        noise = self.deviations[..., 2, None, None].square()
        return torch.linalg.solve(self.precision(), self._observed().T / noise)

    def log_likelihood(self, moment: Float64[Tensor, "*data t t"]) -> Float64[Tensor, "..."]:
        """log p(x) [*models, *data], averaged over the sequences of each data set, in nats a sequence: each model with each set.

        Args:
            moment: what `moment_of` gives of each data set.

        Raises:
            ShapeError: the moments are not [*data, T, T].
        """
        check_moment(moment, self.steps)
        covariance = self.covariance()
        constant = self.steps * math.log(2 * math.pi) + torch.linalg.slogdet(covariance).logabsdet
        distance = traces(torch.linalg.inv(covariance), moment)
        return -self.dims / 2 * (widen(constant, self.models, moment.shape[:-2]) + distance)

    def _observed(self) -> Float64[Tensor, "t b"]:
        """What x is the noisy value of: the matrix [T, T + 1] that makes f + z_t of f, z_1, ..., z_T."""
        eye = torch.eye(self.steps, dtype=torch.float64)
        return torch.cat([torch.ones(self.steps, 1, dtype=torch.float64), eye], 1)


def moment_of(sequences: Float64[Tensor, "*data n t d"]) -> Float64[Tensor, "*data t t"]:
    """The mean of x x^T over the sequences and the dimensions: all that the likelihood and the best posteriors ask of a data set.

    Example:
        >>> moment_of(torch.tensor([[[1.0], [2.0]]], dtype=torch.float64)).tolist()
        [[1.0, 2.0], [2.0, 4.0]]
    """
    count = sequences.shape[-3] * sequences.shape[-1]
    return torch.einsum("...nsd,...ntd->...st", sequences, sequences) / count


def traces(matrices: Float64[Tensor, "*models t t"], moment: Float64[Tensor, "*data t t"]) -> Float64[Tensor, "..."]:
    """The mean of x^T A x [*models, *data], of each matrix A with each data set."""
    return torch.tensordot(matrices.flatten(-2), moment.flatten(-2).movedim(-1, 0), dims=1)


def widen(each: Tensor, models: torch.Size, sets: torch.Size) -> Tensor:
    """What there is of each model, [*models, ...], with dimensions of 1 after the models', one for each of the data sets'."""
    return each.reshape((*models, *(1 for _ in sets), *each.shape[len(models) :]))


def check_moment(moment: Tensor, steps: int) -> None:
    """Refuse moments of sequences of another length.

    Raises:
        ShapeError: the moments are not [*data, T, T].
    """
    if moment.shape[-2:] != (steps, steps):
        raise ShapeError(f"the moments of sequences of {steps} steps must be [*data, {steps}, {steps}], got {list(moment.shape)}")
