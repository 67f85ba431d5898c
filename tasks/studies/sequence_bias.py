"""The study of bias: where factorised posteriors put the parameters of a linear sequence, beside where the likelihood puts them.

One parameter at a time is varied, the others are at the truth. Source: Leplae-Arthur and Nichani, "Modeling Sequential Data with
VAEs", section 3.2, figures 3 and 4. They train the posterior; here the best one is known, and is trained besides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tasks.sequence.factorised import best, best_by_frame, train
from tasks.sequence.linear import LinearSequence, moment_of
from tasks.task import seed_of
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float64

TRUTH = LinearSequence.of(sf=2.0, sz=0.5, sx=0.5)
"""The model whose parameters are varied, one at a time."""

GRID = torch.arange(1, 21, dtype=torch.float64) / 10
"""Where a posterior is trained; the figures go as far."""

SEARCHED = torch.arange(4, 1601, dtype=torch.float64) / 400
"""Where the optimum is sought, from 0.01 to 4; between these values it is that of a parabola."""

Objective = Callable[[LinearSequence, Tensor], Tensor]
"""What is maximised, [models, *data], of models and of the moments of data sets."""

OBJECTIVES: Mapping[str, Objective] = {
    "log-likelihood": lambda models, moment: models.log_likelihood(moment),
    "best factorised q": lambda models, moment: best(models, tuple(moment.shape[:-2])).bound(models, moment),
    "best q(z_t) of x_t alone": lambda models, moment: best_by_frame(models, moment).bound(models, moment),
}
"""The likelihood, which is the control, and two bounds."""

LIKELIHOOD, BEST, BY_FRAME = OBJECTIVES


@dataclass(frozen=True)
class Varied:
    """One parameter with its true value.

    Attributes:
        name: of the parameter.
        value: the true one.
        said: the sign of the bias that the source reports; None of what it does not vary.
    """

    name: str
    value: float
    said: int | None = None

    def __str__(self) -> str:
        return f"{self.name} = {self.value:g}"

    @property
    def truth(self) -> LinearSequence:
        """The model that the data are drawn of."""
        return LinearSequence(TRUTH.vary(self.name, torch.tensor([self.value], dtype=torch.float64)).deviations[0])

    def models(self, values: Float64[Tensor, " n"]) -> LinearSequence:
        """The models with these values of the parameter."""
        return self.truth.vary(self.name, values)

    def sample(self, shape: tuple[int, ...], seed: int, what: str) -> Float64[Tensor, "*shape t d"]:
        """Sequences of the true model; for other uses of the same seed they are different ones."""
        return self.truth.sample(shape, torch.Generator().manual_seed(seed_of(seed, f"{what} {self}")))


VARIED = (
    Varied("sx", 0.3, 1),
    Varied("sx", 0.5, 1),
    Varied("sx", 1.0, 1),
    Varied("sz", 0.5, -1),
    Varied("sz", 1.0, -1),
    Varied("sf", 1.0),
    Varied("sf", 2.0),
)
"""Those of figures 3 and 4 of the source; and sf, which it does not vary."""


@dataclass(frozen=True)
class Estimates:
    """Where an objective puts a parameter.

    Attributes:
        found: float64 [sets], on each data set.
        limit: on unlimited data.
    """

    found: Float64[Tensor, " sets"]
    limit: float

    def bias(self, value: float) -> tuple[float, float]:
        """The mean of what was found less the true value, and half the 95 % interval of that mean, by the normal distribution."""
        error = self.found.std().item() / math.sqrt(len(self.found))
        return self.found.mean().item() - value, 1.96 * error

    @property
    def at_the_end(self) -> int:
        """On how many data sets the optimum is the least value that is searched, so that the objective wants the parameter 0."""
        return int((self.found == SEARCHED[0]).sum())


@dataclass(frozen=True)
class Found:
    """All that was found of one parameter with its true value.

    Attributes:
        varied: which.
        estimates: by objective.
        moment: float64 [T, T], of one more data set.
        trained: float64 [seeds, values], on it the bound of the posteriors that were trained at each value of the grid, which is
            computed exactly.
    """

    varied: Varied
    estimates: Mapping[str, Estimates]
    moment: Float64[Tensor, "t t"]
    trained: Float64[Tensor, "seeds values"]

    def curve(self, objective: str, values: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
        """The objective at values of the parameter, on the one data set."""
        return OBJECTIVES[objective](self.varied.models(values), self.moment)

    @property
    def lacks(self) -> Float64[Tensor, "seeds values"]:
        """By how many nats the trained posteriors are below the best ones."""
        return self.curve(BEST, GRID) - self.trained

    @property
    def above(self) -> int:
        """On how many data sets the bound puts the parameter higher than the likelihood does."""
        return int((self.estimates[BEST].found > self.estimates[LIKELIHOOD].found).sum())


def study(varied: Varied, sets: int, points: int, steps: int, seeds: int, seed: int) -> Found:
    """Estimate one parameter on many data sets, and train the posterior on one more.

    Args:
        varied: the parameter.
        sets: how many data sets.
        points: sequences in each.
        steps: of each training.
        seeds: trainings at each value of the grid.
        seed: of all that is random.

    Raises:
        RangeError: there are fewer than 2 sets, 2 points, 1 step or 1 training.
    """
    if sets < 2 or points < 2 or steps < 1 or seeds < 1:
        given = f"{sets}, {points}, {steps} and {seeds}"
        raise RangeError(f"sets and points must be at least 2, steps and seeds at least 1; got {given}")
    estimates = estimate(varied, moment_of(varied.sample((sets, points), seed, "sets")))
    sequences = varied.sample((points,), seed, "one set")
    moment = moment_of(sequences)
    models = LinearSequence(varied.models(GRID).deviations.expand(seeds, -1, -1))
    trained = train(models, sequences, steps, torch.Generator().manual_seed(seed_of(seed, f"training {varied}")))
    return Found(varied, estimates, moment, trained.bound(models, moment))


def estimate(varied: Varied, moments: Float64[Tensor, "sets t t"]) -> dict[str, Estimates]:
    """Where each objective puts the parameter, on data sets of these moments and on unlimited data."""
    models = varied.models(SEARCHED)
    every = torch.cat([moments, varied.truth.covariance()[None]])  # the moment of unlimited data is the covariance
    peaks = {name: peak(SEARCHED, objective(models, every)) for name, objective in OBJECTIVES.items()}
    return {name: Estimates(found[:-1], found[-1].item()) for name, found in peaks.items()}


def peak(values: Float64[Tensor, " n"], heights: Float64[Tensor, "n *curves"]) -> Float64[Tensor, "*curves"]:
    """Where each curve is highest: at the vertex of a parabola through its highest value and the two beside it.

    Args:
        values: evenly spaced.
        heights: of each curve at the values.

    Example:
        >>> values = torch.arange(5, dtype=torch.float64)
        >>> peak(values, torch.stack([-(values - 1.25).square(), -values], 1)).tolist()
        [1.25, 0.0]
    """
    top = heights.argmax(0)
    inner = top.clamp(1, len(values) - 2)
    left, middle, right = (heights.gather(0, (inner + step)[None])[0] for step in (-1, 0, 1))
    vertex = values[inner] + 0.5 * (values[1] - values[0]) * (left - right) / (left - 2 * middle + right)
    return torch.where(top == inner, vertex, values[top])
