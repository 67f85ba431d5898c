"""The laboratory's data: the renderer, and the drawing of objects, pairs, scenes and batches."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tasks.data import overlap, pairs, population, scenes, schemes
from tasks.data.circles import Simple
from tasks.data.dataset import Dataset
from tasks.data.dsprites import factors, renderer
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.split import Split
from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import attempt, odd_number, odd_object, odd_tensor, shown
from vsa import MAP

SIMPLE = Dataset(Simple())


def _classes(draw: random.Random, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(draw.randrange(2**32))
    return torch.stack([torch.randint(count, shape, generator=generator) for count in factors.COUNTS], -1)


def _odd_classes(draw: random.Random) -> Any:
    classes = _classes(draw, 3)
    made: list[Callable[[], Any]] = [
        lambda: classes.float(),
        lambda: classes + draw.choice((-1, 40, 2**40)),
        lambda: classes[:, : draw.randrange(5)],
        lambda: classes[0],
        lambda: classes[None],
        lambda: classes[:0],
        lambda: classes.to(draw.choice((torch.int8, torch.uint8, torch.bool, torch.complex64))),
        lambda: classes[:1].expand(draw.choice((10**7, 10**10)), 5),
        lambda: classes.numpy(),
        lambda: classes.tolist(),
        lambda: [[0, 0, 0, 0]],
        lambda: [[0, 0, 0, 0, "x"]],
        lambda: [[0, 0], [0]],
        lambda: [[10**30] * 5],
        lambda: classes.to("meta"),
        lambda: classes.to_sparse(),
        lambda: np.array(["2020-01-01"], dtype="M8[D]"),
        lambda: odd_object(draw),
        lambda: odd_number(draw),
        lambda: odd_tensor(draw, MAP),
    ]
    return draw.choice(made)()


def pictures(draw: random.Random, folder: Path) -> Attempt:
    """render and render_values."""
    if draw.random() < 0.5:
        good = _classes(draw, draw.randrange(4))
        given = good if draw.random() < 0.3 else _odd_classes(draw)

        def right(answer: Any) -> bool:
            """As render_values draws the same values."""
            if isinstance(given, Tensor) != isinstance(answer, Tensor) or len(answer) != len(given):
                return False
            values = [column.numpy() for column in factors.values_of(torch.as_tensor(given))]
            return np.array_equal(np.asarray(answer), np.asarray(renderer.render_values(*values)))

        return attempt(renderer.render, given, right=right)
    n, bad = draw.randrange(1, 4), draw.choice((0.0, 0.3))
    values: list[Any] = [torch.randint(3, (n,)), torch.rand(n) + 0.1, torch.rand(n) * 6, torch.rand(n), torch.rand(n)]
    values = [draw.choice((value, value.numpy(), value.tolist(), value[0].item())) for value in values]
    odd = (odd_object, odd_number, lambda draw: odd_tensor(draw, MAP), lambda draw: torch.rand(2, 2), lambda draw: [])
    values = [draw.choice(odd)(draw) if draw.random() < bad else value for value in values]
    return attempt(renderer.render_values, *values, right=lambda answer: tuple(answer.shape[1:]) == (64, 64))


def _population(draw: random.Random, bad: float) -> Any:
    if draw.random() < bad / 2:
        return odd_object(draw)
    named: dict[str, Any] = {}
    if draw.random() < 0.5:
        named["split"] = draw.choice((Split(test="shape == heart"), Split(test="x < 32"), Split("", ""), Split("x < 99", "")))
    if draw.random() < 0.4:
        named["part"] = draw.choice(("train", "test", "validation"))
    if draw.random() < 0.4:
        allowed: Any = [torch.arange(count) for count in factors.COUNTS]
        allowed[draw.randrange(5)] = draw.choice((torch.tensor([1]), torch.tensor([0, 1]), torch.tensor([], dtype=torch.int64)))
        if draw.random() < bad:
            odd = (torch.tensor([99]), torch.tensor([-1]), torch.tensor([0.5]), torch.tensor(1), torch.ones(2, 2).long())
            allowed[draw.randrange(5)] = draw.choice((*odd, torch.tensor([1, 1]), [0, 1], odd_object(draw)))
        named["allowed"] = tuple(allowed) if draw.random() < 0.9 else draw.choice((allowed, tuple(allowed[:4]), odd_object(draw)))
    if draw.random() < bad / 3:
        named[draw.choice(("split", "part", "allowed"))] = odd_object(draw)
    dataset: Any = DSPRITES
    if "split" not in named and "allowed" not in named and draw.random() < 0.3:
        dataset = odd_object(draw) if draw.random() < bad else SIMPLE
    return partial(Population, dataset, **named)


def drawing(draw: random.Random, folder: Path) -> Attempt:
    """The functions that draw, with objects, numbers, masks and generators."""
    bad = draw.choice((0.0, 0.4, 0.4))
    drawn = _population(draw, bad)
    features = len(SIMPLE.factors) if isinstance(drawn, partial) and drawn.args[0] is SIMPLE else 5
    generator: Any = torch.Generator().manual_seed(draw.randrange(2**32))
    if draw.random() < bad / 2:
        generator = draw.choice((None, 0, odd_object(draw)))
    n = draw.choice((0, 1, 2, 4, 6))
    mask: Any = torch.rand(n, features) < 0.4
    counts: Any = torch.randint(2, 4, (n,))
    if draw.random() < bad:
        huge = mask[:1].expand(10**9, features) if n else mask
        mask = draw.choice(
            (mask[0] if n else mask, mask.long(), mask[:, :4], huge, odd_object(draw), mask.to("meta"), odd_tensor(draw, MAP))
        )
    if draw.random() < bad:
        counts = draw.choice(
            (counts + 9, counts - 2, counts.float(), counts[:, None], odd_object(draw), [2, 3], counts.to("meta"))
        )
    number = odd_number(draw) if draw.random() < bad else n
    several = odd_number(draw) if draw.random() < bad else draw.randrange(1, 21)
    count: Any = odd_number(draw) if draw.random() < bad else draw.choice((1, 2))
    first: Any = _odd_classes(draw) if draw.random() < bad else _classes(draw, n)[:, -features:].clamp(max=2)
    calls: dict[str, tuple[Callable[..., Any], list[Any]]] = {
        "sample": (lambda of, *given: of.sample(*given), [number, generator]),
        "accept": (lambda of, *given: of.accept(*given), [first]),
        "pairs": (lambda of, *given: pairs.sample_pairs(given[0], of, given[1]), [mask, generator]),
        "paired scenes": (lambda of, *given: pairs.sample_paired_scenes(given[0], of, given[1]), [mask, generator]),
        "differ": (lambda of, *given: pairs.differ(given[0], given[1], of, given[2]), [first, mask, generator]),
        "scenes": (lambda of, *given: scenes.sample_scenes(given[0], of, given[1]), [counts, generator]),
        "one feature": (lambda of, *given: pairs.one_feature(*given), [number, several, generator]),
        "random subset": (lambda of, *given: pairs.random_subset(*given), [number, several, generator]),
        "identifiable": (lambda of: of.identifiable() or True, []),
        **{
            name: (
                lambda of, *given, scheme=scheme: scheme(given[0], given[1], of, given[2]),
                [number, count, generator],
            )
            for name, scheme in schemes.SCHEMES.items()
        },
    }
    name = draw.choice(list(calls))
    function, given = calls[name]
    if name in ("sample", "accept", "identifiable") and not isinstance(drawn, partial):  # methods, which only populations have
        drawn, features = partial(Population, DSPRITES), 5

    def call(*given: Any) -> Any:
        return function(drawn() if isinstance(drawn, partial) else drawn, *given)

    def right(answer: Any) -> bool:
        if name == "sample":
            return answer.shape == (given[0], features) and answer.dtype == torch.int64
        if name in schemes.SCHEMES:
            return len(answer.targets) == given[0] and answer.pictures.shape[1:] == (1 if features == 5 else 3, 64, 64)
        return answer is not None

    return attempt(call, *given, right=right, called=f"{name} of {shown(drawn)}")


def pieces(draw: random.Random, folder: Path) -> Attempt:
    """What the drawing is made of: symmetries, overlaps, choices."""
    name = draw.choice(("canonical", "distinct", "check_classes", "values_of", "touching", "apart", "iou", "choose"))
    if name in ("canonical", "distinct", "check_classes", "values_of"):
        given = [_odd_classes(draw) if draw.random() < 0.7 else _classes(draw, 2, 3)]
        return attempt(getattr(factors, name), *given)
    if name == "choose":
        allowed = draw.choice((torch.rand(3, 4) < 0.5, torch.ones(2, 0).bool(), odd_object(draw), odd_tensor(draw, MAP)))
        return attempt(population.choose, allowed, draw.choice((torch.Generator(), torch.Generator(), odd_object(draw))))
    drawn = renderer.render(_classes(draw, 3)).bool()
    odd = (
        drawn.float(),
        drawn[0],
        drawn[:, :32],
        drawn[:0],
        drawn[:2],
        odd_object(draw),
        odd_tensor(draw, MAP),
        drawn.to("meta"),
    )
    return attempt(getattr(overlap, name), *(draw.choice((drawn, draw.choice(odd))) for _ in range(2)))


TARGETS = (
    Target("pictures", "odd classes and values for render and render_values", pictures),
    Target(
        "drawing",
        "odd populations, splits, numbers, masks, counts, generators for samples, pairs, scenes and schemes",
        drawing,
    ),
    Target("pieces", "odd classes, pictures and masks for symmetries, overlaps and choices", pieces),
)
