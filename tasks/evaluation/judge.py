"""A judge of pictures: a network that finds the factors of a data set in any picture, and how what it finds is scored.

It is trained on pictures of all combinations. An ordered factor is scored by R2: 1 is perfect, 0 no better than the mean of what
is judged. One without order, or with names, is scored by the accuracy. Classes that look alike count as one, see
`Dataset.canonical`.

Source: the targets and the R2 of supervised predictors are those of Montero et al., "Lost in Latent Space: Examining Failures of
Disentangled Models at Combinatorial Generalisation", 2022; the network is this project's own.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tasks.data.checks import check_whole
from tasks.data.dataset import Dataset
from tasks.data.factor import Factor
from tasks.data.population import Population
from tasks.data.split import Split
from vsa.errors import DtypeError, RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped

STEPS, BATCH, LEARNING_RATE = 1200, 64, 1e-3
"""How many batches of how many pictures the judge learns from, and the learning rate of Adam, which falls to 0 along a cosine."""

CHANNELS, HIDDEN = (16, 32, 64), 128
"""The channels of the judge's convolutions that halve a picture, and the width of its hidden layer."""

CHUNK = 256
"""Pictures that are judged at once."""


def judge(
    pictures: Shaped[Tensor, "n c h w"], classes: Int64[Tensor, "n f"], dataset: Dataset, *, seed: int = 0, steps: int = STEPS
) -> dict[str, float]:
    """How well a judge finds each factor in any pictures that should show these classes.

    Args:
        pictures: [n, C, H, W], from 0 to 1, such as those that a model composed.
        classes: int64 [n, F], what they should show.
        dataset: whose classes they are.
        seed, steps: of the judge, see `judge_of`.

    Returns:
        By the name of each factor R2, or the accuracy of a factor without order; one that is the same in all of these classes has
        no R2, and is left out.

    Raises:
        DtypeError, ShapeError, RangeError: an argument is not as above, or a pixel is not finite.

    Example:
        >>> from tasks.data.circles import Circles
        >>> classes = torch.tensor([[0, 3], [31, 3]])
        >>> list(judge(Dataset(Circles()).observe(classes), classes, Dataset(Circles()), steps=1))
        ['x']
    """
    classes = dataset.check_classes(classes)
    check_judge(dataset, seed, steps)
    if not isinstance(pictures, Tensor):
        raise DtypeError(f"pictures must be a tensor [n, C, H, W], got {type(pictures).__name__}")
    if tuple(pictures.shape) != (len(classes), *dataset.picture) or not len(pictures):
        wanted = ", ".join(map(str, (len(classes), *dataset.picture)))
        raise ShapeError(f"pictures must be [{wanted}], one for each of the classes and at least one, got {list(pictures.shape)}")
    pictures = pictures.detach().float().cpu()
    if not pictures.isfinite().all():
        raise RangeError(f"every pixel must be finite; {int((~pictures.isfinite()).sum())} of {pictures.numel()} are not")
    network = judge_of(dataset, seed, steps)
    with torch.inference_mode():
        said = torch.cat([network(part) for part in pictures.split(CHUNK)])
    return scores(said, classes.cpu(), dataset)


@lru_cache(maxsize=8)  # every model of a data set is judged by the same one
def judge_of(dataset: Dataset, seed: int = 0, steps: int = STEPS) -> nn.Module:
    """The network that judges pictures of a data set: from float [n, C, H, W] to what `targets` gives, float [n, T].

    Up to three convolutions that halve the picture, one that does not, and two linear layers, which see the maps and their means
    and maxima. It learns from pictures of all combinations, so that no split is new to it.

    Measured once, with seed 0, on 4,000 true pictures of dSprites, after 50 seconds of one CPU thread: it tells every shape, and
    has an R2 of 0.98 for the scale, 0.92 for the angle, which jumps where a symmetry begins anew, and 0.99 for x and y.
    Blurred and grey pictures are unlike all that it learnt from, so that a low score of those may be its own fault: of 2,000
    others as means over 5 x 5 pixels, shape 0.95, scale 0.84, angle 0.64, x and y 0.98; with their whites at 0.95 and their
    blacks at 0.05, scale 0.55, angle 0.54, x 0.88 and y 0.92.

    Args:
        dataset: of pictures.
        seed: decides its first weights and what it sees.
        steps: how many batches of 64 it learns from.

    Raises:
        DtypeError, ShapeError, RangeError: an argument is not as above.

    Example:
        >>> from tasks.data.circles import Circles
        >>> judge_of(Dataset(Circles()), steps=1)(torch.zeros(5, 3, 64, 64)).shape
        torch.Size([5, 2])
    """
    check_judge(dataset, seed, steps)
    generator, everything = torch.Generator().manual_seed(seed), Population(dataset, split=Split("", ""))
    wanted = sum(width(factor) for factor in dataset.factors)
    with torch.inference_mode(False), torch.enable_grad():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _network(dataset.picture, wanted)
        optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            classes = everything.sample(BATCH, generator)
            pictures = dataset.observe(classes).float().clone()  # a data set may keep some that it made in inference mode
            said = network(pictures)
            loss = (said - targets(classes, dataset).float()).square().sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval().requires_grad_(False)


class _Summary(nn.Module):
    """Feature maps [n, C, H, W] as vectors: the maps say where something is, their means and maxima what it is."""

    def forward(self, maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n all"]:
        return torch.cat([maps.flatten(1), maps.mean((2, 3)), maps.amax((2, 3))], 1)


def _network(image: tuple[int, int, int], wanted: int) -> nn.Sequential:
    channels, height, wide = image
    network = nn.Sequential()
    for more in CHANNELS[: int(math.log2(min(height, wide)))]:
        network.extend([nn.Conv2d(channels, more, 4, stride=2, padding=1), nn.BatchNorm2d(more), nn.ReLU()])
        channels, height, wide = more, height // 2, wide // 2
    network.extend([nn.Conv2d(channels, CHANNELS[-1], 3, padding=1), nn.BatchNorm2d(CHANNELS[-1]), nn.ReLU(), _Summary()])
    network.extend([nn.Linear(CHANNELS[-1] * (height * wide + 2), HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU()])
    return network.append(nn.Linear(HIDDEN, wanted)).to(memory_format=torch.channels_last)


def targets(classes: Int64[Tensor, "n f"], dataset: Dataset) -> Float[Tensor, "n targets"]:
    """What is to be predicted of classes, as far as pictures show them: the columns of all factors side by side, float64 [n, T].

    An ordered factor is (v - mean) / (max - min) of its values, a periodic one the cosine and the sine of its class as a share of
    the period, and one without order, or with names, has a column for each class.

    Example:
        >>> from tasks.data.circles import Simple
        >>> targets(torch.tensor([[31, 0, 2]]), Dataset(Simple())).round(decimals=3)
        tensor([[ 0.5000, -0.5000,  0.0000,  0.0000,  1.0000]], dtype=torch.float64)
    """
    shown = dataset.canonical(classes)
    return torch.cat([_target(shown[:, f], factor, dataset.scattering[f]) for f, factor in enumerate(dataset.factors)], 1)


def _target(classes: Tensor, factor: Factor, period: int) -> Tensor:
    if nominal(factor):
        return nn.functional.one_hot(classes, len(factor)).double()
    if factor.periodic:
        turn = classes.double() * (2 * math.pi / period)
        return torch.stack([turn.cos(), turn.sin()], 1)
    values = torch.tensor([float(value) for value in factor.values], dtype=torch.float64)
    size = values.max() - values.min()
    return ((values - values.mean()) / (size if size > 0 else 1))[classes][:, None]


def nominal(factor: Factor) -> bool:
    """Whether a factor is scored by the accuracy: its values are names, or have no order."""
    return factor.named or not factor.ordered


def width(factor: Factor) -> int:
    """How many columns of `targets` a factor has."""
    return len(factor) if nominal(factor) else 1 + factor.periodic


def scores(said: Float[Tensor, "n targets"], classes: Int64[Tensor, "n f"], dataset: Dataset) -> dict[str, float]:
    """By the name of each factor, how good predictions of its columns of `targets` are: R2, or the accuracy of one without order.

    R2 is one minus the squared error over the variance of the targets given; where they are all the same the factor is left out.

    Example:
        >>> from tasks.data.circles import Simple
        >>> classes = torch.tensor([[0, 5, 1], [31, 5, 2]])
        >>> scores(targets(classes, Dataset(Simple())), classes, Dataset(Simple()))
        {'x': 1.0, 'shape': 1.0}
    """
    widths = [width(factor) for factor in dataset.factors]
    found = {}
    columns = zip(said.double().split(widths, 1), targets(classes, dataset).split(widths, 1), strict=True)
    for factor, (guess, right) in zip(dataset.factors, columns, strict=True):
        if nominal(factor):
            found[factor.name] = (guess.argmax(1) == right.argmax(1)).double().mean().item()
        elif (right != right[:1]).any():
            found[factor.name] = 1 - ((guess - right).square().sum() / (right - right.mean(0)).square().sum()).item()
    return found


def check_judge(dataset: Dataset, seed: int, steps: int) -> None:
    """Refuse what no judge can be made of.

    Raises:
        DtypeError, ShapeError, RangeError: observations are no pictures, or seed or steps are no such numbers.
    """
    if not isinstance(dataset, Dataset):
        raise DtypeError(f"dataset must be a tasks.data.Dataset, got {type(dataset).__name__}")
    _ = dataset.picture
    check_whole("seed", seed, 0, 2**63 - 1)
    check_whole("steps", steps, 1)
