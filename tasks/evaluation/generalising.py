"""Which half of a model fails on combinations that it never saw: the encoder, or the decoder.

Two questions are asked of the training part and of the test part, factor by factor:

* what the encoder says: a linear read-out of the codes is fitted to pictures of the training part alone;
* what the decoder draws: a network that was trained on pictures of all combinations, the judge, looks at the drawn pictures. What
  it makes of the true pictures is the control: nothing that is drawn can be expected to score higher.

A model whose codes are right on the test part and whose pictures are not has a decoder that fails. An ordered factor is scored
by R2: 1 is perfect, 0 no better than the mean of the part. One without order, or with names, is scored by the accuracy. Classes
that look alike count as one, see `Dataset.canonical`.

Source: the R2 of supervised predictors on pictures is from Montero et al., "Lost in Latent Space: Examining Failures of
Disentangled Models at Combinatorial Generalisation", 2022.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tasks.data.checks import check_whole
from tasks.data.dataset import Dataset
from tasks.data.population import Population, check_drawing
from tasks.evaluation.disentanglement.representation import check_codes
from tasks.evaluation.judge import STEPS, check_judge, judge, scores, targets
from vsa.errors import DtypeError, RangeError, ShapeError

RIDGE = 1e-3
"""What a squared weight of a read-out costs, relative to the mean squared error of one target."""

CHUNK = 256
"""Pictures that are encoded or drawn at once."""


def measure_encoder(
    encode: Callable[[Tensor], Tensor],
    train: Population,
    test: Population,
    n: int,
    generator: torch.Generator,
    *,
    ridge: float = RIDGE,
) -> dict[str, float]:
    """What the codes of a model say of each factor, by a linear read-out that is fitted to the training part.

    The read-out is a ridge regression from standardised codes to what `targets` gives. It is fitted to n pictures of the training
    part, and judged on n others of it and on n of the test part.

    Args:
        encode: pictures [m, C, H, W], as `Dataset.observe` gives them, to codes, real [m, K].
        train: what the model was trained on.
        test: what it never saw, of the same data set.
        n: how many pictures of each. With few of them, a chance slope costs much R2 in a part that lies far outside of the other.
        generator: decides which.
        ridge: how strongly weights are held back, see `fit`.

    Returns:
        codes_train_NAME and codes_test_NAME for each factor: R2, or the accuracy of a factor without order. A factor that has one
        value in a part has no R2 there, and is left out.

    Raises:
        DtypeError, ShapeError, RangeError: an argument is not as above; or the codes are not, or hold NaN.
        NotInPartError: a part is empty.

    Example:
        >>> from tasks.data.circles import Circles
        >>> from tasks.data.split import Split
        >>> split = Split(validation="", test="x > 15")
        >>> circles = Dataset(Circles())
        >>> parts = [Population(circles, part, split) for part in ("train", "test")]
        >>> def centre(pictures):
        ...     return (pictures[:, 0] / pictures[:, 0].sum((1, 2), keepdim=True)).sum(1) @ torch.arange(64.0)[:, None]
        >>> found = measure_encoder(centre, *parts, 5000, torch.Generator().manual_seed(0))
        >>> {name: round(value, 1) + 0.0 for name, value in found.items()}
        {'codes_train_x': 1.0, 'codes_train_y': 0.0, 'codes_test_x': 1.0, 'codes_test_y': 0.0}
    """
    dataset = _check_parts(train, test, n, generator)
    _check_callable("encode", encode, "pictures [n, C, H, W] to codes [n, K]")
    _check_positive("ridge", ridge)
    classes = [population.sample(n, generator) for population in (train, train, test)]
    codes = [_codes(encode, each, dataset) for each in classes]
    if len({each.shape[1] for each in codes}) > 1:
        raise ShapeError(f"encode must return codes [n, K], K the same always, got {[list(each.shape) for each in codes]}")
    fitted = fit(codes[0], targets(classes[0], dataset), ridge)
    found: dict[str, float] = {}
    for part, seen, right in zip(("train", "test"), codes[1:], classes[1:], strict=True):
        found |= _named(f"codes_{part}", scores(fitted(seen), right, dataset))
    return found


def measure_decoder(
    draw: Callable[[Tensor], Tensor],
    train: Population,
    test: Population,
    n: int,
    generator: torch.Generator,
    *,
    seed: int = 0,
    steps: int = STEPS,
) -> dict[str, float]:
    """What a judge sees of each factor in the pictures that a model draws, and in the true ones.

    Args:
        draw: pictures [m, C, H, W], as `Dataset.observe` gives them, to the mean pictures [m, C, H, W] that the model makes of
            them.
        train: what the model was trained on.
        test: what it never saw, of the same data set.
        n: how many pictures of each part.
        generator: decides which.
        seed, steps: of the judge, see `judge_of`.

    Returns:
        drawn_train_NAME and drawn_test_NAME for each factor, and true_train_NAME and true_test_NAME, the control: R2, or the
        accuracy of a factor without order. A factor that has one value in a part has no R2 there, and is left out.

    Raises:
        DtypeError, ShapeError, RangeError: an argument is not as above; or the drawn pictures are not, or hold NaN.
        NotInPartError: a part is empty.

    Example:
        >>> from tasks.data.circles import Circles
        >>> circles = Dataset(Circles())
        >>> parts = [Population(circles, part) for part in ("train", "test")]
        >>> found = measure_decoder(lambda pictures: pictures, *parts, 50, torch.Generator().manual_seed(0), steps=2)
        >>> found["drawn_test_x"] == found["true_test_x"]
        True
    """
    dataset = _check_parts(train, test, n, generator)
    _check_callable("draw", draw, "pictures [n, C, H, W] to mean pictures [n, C, H, W]")
    check_judge(dataset, seed, steps)
    drawn: dict[str, float] = {}
    control: dict[str, float] = {}
    for part, population in (("train", train), ("test", test)):
        classes = population.sample(n, generator)
        truths = dataset.observe(classes)
        with torch.inference_mode():
            pictures = torch.cat([_picture(draw(each.clone()), each) for each in truths.split(CHUNK)])
        drawn |= _named(f"drawn_{part}", judge(pictures, classes, dataset, seed=seed, steps=steps))
        control |= _named(f"true_{part}", judge(truths, classes, dataset, seed=seed, steps=steps))
    return drawn | control


def fit(codes: Tensor, wanted: Tensor, ridge: float = RIDGE) -> Callable[[Tensor], Tensor]:
    """A ridge regression in closed form, from codes, which it standardises, to targets: float64 [n, K] to float64 [n, T].

    Where there are more codes than pictures, it is solved for a weight for each picture, which is the same and smaller.

    Args:
        codes: float64 [n, K]; one that is constant is not used.
        wanted: float64 [n, T].
        ridge: what a squared weight costs, relative to the mean squared error of one target.

    Example:
        >>> codes = torch.arange(8.0, dtype=torch.float64)[:, None]
        >>> fit(codes, 3 * codes + 1, 1e-9)(torch.tensor([[100.0]], dtype=torch.float64)).round(decimals=3)
        tensor([[301.]], dtype=torch.float64)
    """
    mean, middle = codes.mean(0), wanted.mean(0)
    varied = codes.amax(0) > codes.amin(0)
    size = torch.where(varied, (codes - mean).abs().amax(0), torch.inf)  # squares of tiny numbers would vanish
    deviation = torch.where(varied, ((codes - mean) / size).std(0, correction=0), 1)

    def standard(x: Tensor) -> Tensor:
        return (x - mean) / size / deviation

    x, y = standard(codes), wanted - middle
    rows, columns = x.shape
    small = x @ x.T if columns > rows else x.T @ x
    small.diagonal().add_(ridge * rows)
    weights = x.T @ torch.linalg.solve(small, y) if columns > rows else torch.linalg.solve(small, x.T @ y)
    return lambda other: standard(other) @ weights + middle


def _codes(encode: Callable[[Tensor], Tensor], classes: Tensor, dataset: Dataset) -> Tensor:
    """The codes of the pictures of classes, float64 [n, K]."""
    found = []
    with torch.inference_mode():
        for part in classes.split(CHUNK):
            codes = torch.from_numpy(check_codes("what encode returns", encode(dataset.observe(part))))
            if len(codes) != len(part):
                raise ShapeError(f"encode must return codes [{len(part)}, K] for {len(part)} pictures, got {list(codes.shape)}")
            if found and codes.shape[1] != found[0].shape[1]:
                raise ShapeError(f"encode must return as many codes always, got {found[0].shape[1]} and {codes.shape[1]}")
            found.append(codes)
    return torch.cat(found)


def _picture(drawn: Tensor, given: Tensor) -> Tensor:
    if not isinstance(drawn, Tensor) or drawn.shape != given.shape:
        got = list(drawn.shape) if isinstance(drawn, Tensor) else type(drawn).__name__
        raise ShapeError(f"draw must return pictures {list(given.shape)} for pictures of that shape, got {got}")
    return drawn.float().cpu()


def _named(prefix: str, found: dict[str, float]) -> dict[str, float]:
    return {f"{prefix}_{name}": value for name, value in found.items()}


def _check_parts(train: Population, test: Population, n: int, generator: torch.Generator) -> Dataset:
    """The data set that both parts are of."""
    for population in (train, test):
        check_drawing(population, generator)
    check_whole("n", n, 2)
    if train.dataset is not test.dataset:
        raise RangeError(f"both parts must be of one and the same Dataset, got {train.dataset!r} and {test.dataset!r}")
    for population in (train, test):
        if not len(population.every()):
            raise population.none()
    return train.dataset


def _check_callable(name: str, given: object, what: str) -> None:
    if not callable(given):
        raise DtypeError(f"{name} must be a function from {what}, got {type(given).__name__}")


def _check_positive(name: str, given: float) -> None:
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise DtypeError(f"{name} must be a number, got {type(given).__name__}")
    if not 0 < given < math.inf:
        raise RangeError(f"{name} must be above 0 and finite, got {given}")
