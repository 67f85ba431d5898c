"""Data sets that users make: their factors, and data sets that contradict what they declare, opened and drawn from."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tasks.data import Dataset, Factor, Population, Split
from tasks.data.pairs import sample_pairs
from tasks.data.schemes import SCHEMES
from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import attempt, odd_number, odd_object, odd_tensor, shown
from vsa import MAP

FACTORS = (Factor("colour", ("red", "green"), ordered=False), Factor("x", range(12)), Factor("y", range(8), periodic=True))
SHAPE = (2, 8, 12)


class TheirError(Exception):
    """What a user's own code raises; it has to come out as it is."""


def _look(classes: Tensor) -> Tensor:
    """As a user would write it who knows the factors; it is none of ours what becomes of others."""
    if classes.shape[-1] != 3 or (classes >= torch.tensor([2, 12, 8])).any():
        raise TheirError("other factors than these")
    seen = torch.zeros(len(classes), *SHAPE, dtype=torch.uint8)
    seen[torch.arange(len(classes)), classes[:, 0], classes[:, 2], classes[:, 1]] = 1
    return seen


class Own:
    """A data set as it should be; its members are exchanged."""

    name: Any = "own"
    factors: Any = FACTORS
    shape: Any = SHAPE

    def __init__(self, looks: Callable[[Tensor], Any], means: Callable[[Tensor], Any]) -> None:
        self.observe, self.canonical = looks, means


def _raises(*given: Any) -> Any:
    raise TheirError("theirs")


def _odd_values(draw: random.Random) -> Any:
    made: list[Callable[[], Any]] = [
        lambda: range(draw.choice((0, 1, 5, 4096, 4097, 10**12))),
        lambda: draw.sample(("red", "green", "x", "a b", "", "\0", "é", "tenth"), 3),
        lambda: ("red", "red"),
        lambda: ("red", 1),
        lambda: [odd_number(draw) for _ in range(3)],
        lambda: np.array(draw.choice(([1.0, 2.0], [[1.0]], ["a", "b"], [None], [1j], []))),
        lambda: torch.rand(draw.choice((0, 3))),
        lambda: {"red": 1, "green": 2},
        lambda: "red",
        lambda: b"red",
        lambda: odd_object(draw),
        lambda: odd_tensor(draw, MAP),
    ]
    return draw.choice(made)()


def factors(draw: random.Random, folder: Path) -> Attempt:
    """Names and values of factors."""
    name = draw.choice(
        ("x", "colour", "größe", "a b", "", "in", "tenth", "x" * 10**5, "\0", "\ud800", "__class__", odd_object(draw))
    )
    values = _odd_values(draw) if draw.random() < 0.8 else draw.choice((range(4), ("red", "green")))

    def right(answer: Factor) -> bool:
        return (
            isinstance(answer.values, tuple)
            and len(answer.labels) == len(answer) == len(answer.values)
            and hash(answer) == hash(Factor(answer.name, answer.values))
        )

    return attempt(Factor, name, values, right=right)


def _odd_seen(draw: random.Random) -> Callable[[Tensor], Any]:
    """What else may be observed of classes."""
    odd, number = odd_object(draw), draw.choice((2.0, -1.0, torch.nan, torch.inf, 1.00001, 0.5, 1.0))
    dtypes = (torch.float16, torch.float64, torch.bfloat16, torch.bool, torch.int8, torch.int64, torch.complex64, torch.float32)
    dtype, wide = draw.choice(dtypes), draw.choice((2, 10**9))
    strange = odd_tensor(draw, MAP)
    random_numbers = torch.Generator().manual_seed(draw.randrange(2**32))
    return draw.choice(
        (
            lambda classes: _look(classes).to(dtype),
            lambda classes: _look(classes) * 255,
            lambda classes: _look(classes).float() * number,
            lambda classes: _look(classes)[:, :1],
            lambda classes: _look(classes).movedim(1, -1),
            lambda classes: _look(classes)[:1],
            lambda classes: _look(classes)[0],
            lambda classes: _look(classes)[:1].expand(wide, -1, -1, -1),
            lambda classes: _look(classes).numpy(),
            lambda classes: _look(classes).to("meta"),
            lambda classes: _look(classes).to_sparse(),
            lambda classes: _look(classes).float().requires_grad_(),
            lambda classes: torch.randint(2, (len(classes), *SHAPE), generator=random_numbers).byte(),
            lambda classes: _look(classes.zero_()),
            lambda classes: _look(classes) * (199 if len(classes) != 64 else 1),
            lambda classes: _look(classes).to(torch.float32 if len(classes) != 64 else torch.uint8),
            lambda classes: odd,
            lambda classes: strange,
            _raises,
        )
    )


def _odd_classes(draw: random.Random) -> Callable[[Tensor], Any]:
    """What else may be said to look alike."""
    odd, strange = odd_object(draw), odd_tensor(draw, MAP)
    add, dtype = (
        draw.choice((1, -1, 10**6, 2**62)),
        draw.choice((torch.int8, torch.uint8, torch.bool, torch.float64, torch.int32)),
    )
    return draw.choice(
        (
            lambda classes: classes * torch.tensor([1, 0, 1]),
            lambda classes: classes // 2,
            lambda classes: (classes + 1) % torch.tensor([2, 12, 8]),
            lambda classes: classes + add,
            lambda classes: classes[..., :2],
            lambda classes: classes[None],
            lambda classes: classes.to(dtype),
            lambda classes: classes.zero_(),
            lambda classes: classes.numpy(),
            lambda classes: classes.to("meta"),
            lambda classes: classes.to_sparse(),
            lambda classes: odd,
            lambda classes: strange,
            _raises,
        )
    )


def _given(draw: random.Random) -> tuple[str, Any]:
    """A data set of which a member or two are odd, and which ones."""
    given = Own(_look, lambda classes: classes)
    odd: dict[str, Callable[[], Any]] = {
        "name": lambda: draw.choice(("", " ", "x" * 10**5, "a/b", "\0", odd_object(draw), odd_number(draw))),
        "factors": lambda: draw.choice(
            (FACTORS[:2], FACTORS[::-1], FACTORS * 2, list(FACTORS), iter(FACTORS), dict.fromkeys(FACTORS), (), odd_object(draw))
        ),
        "shape": lambda: draw.choice(
            (
                (2, 8),
                SHAPE[::-1],
                (1, *SHAPE),
                list(SHAPE),
                (2, 8, 12.0),
                (2, 8, -12),
                (10**10,) * 3,
                torch.Size(SHAPE),
                odd_object(draw),
            )
        ),
        "observe": lambda: _odd_seen(draw),
        "canonical": lambda: _odd_classes(draw),
        "distinct": lambda: _odd_classes(draw),
        "identifiable": lambda: draw.choice(
            (
                (range(2), range(3), range(2)),
                (range(2), [3, 3], np.array([1])),
                (torch.tensor([0]), [0.5], [True]),
                (range(2), [99], range(2)),
                (range(2), [], range(2)),
                (range(2), [None], ["x"]),
                (torch.empty(2, device="meta"), [1], [1]),
                ([10**30], [1], [1]),
                odd_object(draw),
            )
        ),
    }
    changed = {name: odd[name]() for name in draw.sample(list(odd), draw.choice((0, 1, 1, 1, 2)))}
    for name, value in changed.items():
        setattr(given, name, value)
    if draw.random() < 0.05:
        missing = draw.choice(("observe", "canonical"))
        vars(given).pop(missing, None)
        changed[missing] = "missing"
    if draw.random() < 0.05:
        return "something else", odd_object(draw)
    return ", ".join(f"{name} {shown(value)}" for name, value in changed.items()) or "nothing odd", given


def own(draw: random.Random, folder: Path) -> Attempt:
    """A data set that contradicts itself, opened, and if that is possible looked at, drawn from, and searched."""
    what, given = _given(draw)
    use = draw.choice(("observe", "every", "pairs", "nearest", "steps", "identifiable", *SCHEMES))
    generator = torch.Generator().manual_seed(draw.randrange(2**32))

    def call() -> Any:
        dataset = Dataset(given)
        population = Population(dataset, "train", Split("", "tenth == 0"))
        classes = population.sample(6, generator)
        if use in SCHEMES:
            return SCHEMES[use](32, 2, population, generator).targets
        if use == "pairs":
            pairs = sample_pairs(torch.eye(len(dataset.counts), dtype=torch.bool), population, generator)
            return dataset.observe(torch.cat(pairs))
        if use == "nearest":
            return dataset.observe(dataset.nearest(dataset.observe(classes)))
        if use == "steps":
            return dataset.observe(classes) + 0 * dataset.steps_off(classes, classes).sum()
        if use == "identifiable":
            return dataset.observe((population.identifiable() or population).sample(6, generator))
        return dataset.observe(population.every() if use == "every" else classes)

    def right(answer: Any) -> bool:
        if isinstance(answer, TheirError):
            return "factors" in what or "_raises" in what
        low, high = answer.float().aminmax()
        return answer.ndim in (4, 5) and answer.dtype in (torch.uint8, torch.float32) and 0 <= low.item() <= high.item() <= 1

    return Attempt(f"{use} of a data set with {what}", call, right, (TheirError,))


TARGETS = (
    Target("factors", "odd names and values of factors", factors),
    Target("datasets", "data sets of users with wrong names, factors, shapes, dtypes, values and canonical classes", own),
)
