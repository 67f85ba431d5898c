"""What users make themselves: encoders, decoders, metrics and tasks; and the splits and pictures that they give."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.split import Split
from tasks.evaluation.controls import measure_controls
from tasks.evaluation.editing import measure_edits
from tasks.evaluation.reading import empty_codebooks, measure_reading
from tasks.measured import as_metrics, without_nan
from tasks.networks import make
from tasks.symbolic.config import PairedConfig
from tasks.symbolic.model import SceneModel
from tasks.symbolic.stages import PAIRED as TASK
from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import attempt, odd_number, odd_object, odd_tensor, shown
from vsa import MAP

CONFIG = PairedConfig(dim=16, encoder="conv-small", decoder="conv-small", evaluate=2, device="cpu")


class TheirError(Exception):
    """What a user's own code raises; it has to come out as it is."""


class Own(nn.Module):
    """A user's network."""

    def __init__(self, gives: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.gives, self.layer = gives, nn.Linear(1, 1)

    def forward(self, given: Tensor) -> Any:
        return self.gives(given)


chosen: Callable[..., Any] = Own
"""What makes the network, found by name as a user's is."""


def _raises(*given: Any, **named: Any) -> Any:
    raise TheirError("theirs")


def networks(draw: random.Random, folder: Path) -> Attempt:
    """An encoder or a decoder that returns something else, or raises, or is no network."""
    global chosen
    kind = draw.choice(("encoder", "decoder"))
    shape = (2, 5, 16) if kind == "encoder" else (2, 1, 64, 64)
    good = torch.zeros(shape)
    odd: list[Callable[[], Any]] = [
        lambda: good[0],
        lambda: good[:1],
        lambda: good[..., :3],
        lambda: good[None],
        lambda: good.to(draw.choice((torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool, torch.complex64))),
        lambda: good.to("meta"),
        lambda: good.to_sparse(),
        lambda: good.numpy(),
        lambda: good * draw.choice((torch.nan, torch.inf)),
        lambda: odd_object(draw),
        lambda: odd_tensor(draw, MAP),
    ]
    parts = [draw.choice(odd)() if draw.random() < 0.4 else good for _ in range(draw.choice((1, 2, 2, 2, 3)))]
    found: Any = draw.choice((parts, tuple(parts), tuple(parts), parts[0], {"mean": parts[0]}))
    fate = draw.choice(("returns", "returns", "returns", "raises", "cannot be made", "is none", "is its own"))
    makes = {
        "returns": lambda **named: Own(lambda given: found),
        "is its own": lambda **named: Own(lambda given: (good, good) if kind == "encoder" else good),
        "raises": lambda **named: Own(_raises),
        "cannot be made": _raises,
        "is none": lambda **named: draw.choice((None, "network", Own, good)),
    }
    chosen = makes[fate]
    named = {"features": 5} if kind == "encoder" else {}

    def right(answer: Any) -> bool:
        if fate in ("raises", "cannot be made"):
            return type(answer) is TheirError
        return isinstance(answer, Own) and answer.training

    what = f"{kind} that {fate} {shown(found) if fate == 'returns' else ''}"
    return Attempt(
        what, lambda: make(kind, f"{__name__}:chosen", image=(1, 64, 64), dim=16, **named), right, allowed=(TheirError,)
    )


def _metrics(draw: random.Random, depth: int = 0) -> Any:
    """What a user's `evaluate` may return."""
    if depth == 0 and draw.random() < 0.2:
        return draw.choice((odd_object(draw), odd_number(draw), odd_tensor(draw, MAP)))
    made: list[Callable[[], Any]] = [
        lambda: draw.random(),
        lambda: draw.choice((float("nan"), float("inf"), -float("inf"), 10**400, True, None, "text")),
        lambda: torch.tensor(draw.random(), requires_grad=draw.random() < 0.5),
        lambda: torch.rand(2, 2).to(draw.choice((torch.bfloat16, torch.float16, torch.int8, torch.bool, torch.complex64))),
        lambda: np.float32(draw.random()),
        lambda: np.array(draw.choice(([1.0, float("nan")], [1, 2], ["x"], [1j], [None]))),
        lambda: np.datetime64("2020-01-01"),
        lambda: odd_object(draw),
    ]
    if depth < 3 and (depth == 0 or draw.random() < 0.3):
        names = (f"metric {k}" if draw.random() < 0.95 else draw.choice((k, None, (1, 2))) for k in range(draw.randrange(4)))
        return {name: _metrics(draw, depth + 1) for name in names}
    return [_metrics(draw, 9)] if draw.random() < 0.15 else draw.choice(made)()


def metrics(draw: random.Random, folder: Path) -> Attempt:
    """Metrics of all kinds: JSON holds what is made of them."""

    def right(answer: Any) -> bool:
        return json.loads(json.dumps(answer, allow_nan=False)) == answer

    return attempt(lambda found: without_nan(as_metrics(found)), _metrics(draw), right=right, called="metrics")


def tasks(draw: random.Random, folder: Path) -> Attempt:
    """A user's task, rehearsed: its metrics of all kinds, or its own errors."""
    found, raises = _metrics(draw), draw.random() < 0.2
    config = replace(CONFIG, test=_expression(draw)) if draw.random() < 0.3 else CONFIG

    def call() -> SceneModel:
        model = TASK.build(config)
        replace(TASK, evaluate=_raises if raises else lambda *given: found).rehearse(model, config)
        return model

    def right(answer: Any) -> bool:
        return type(answer) is TheirError if raises else answer.training and not len(answer.codebooks)

    what = f"a task that {'raises' if raises else f'measures {shown(found)}'} of {config.test!r}"
    return Attempt(what, call, right, allowed=(TheirError,))


@cache
def _measured_model() -> SceneModel:
    model = TASK.build(CONFIG).eval()
    empty_codebooks(model, DSPRITES)
    return model


def _expression(draw: random.Random) -> str:
    """A set of combinations, often a strange one."""
    names = {"shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32, "tenth": 10}

    def comparison() -> str:
        name = draw.choice(list(names))
        value = draw.randrange(names[name])
        return draw.choice(
            (f"{name} == {value}", f"{name} < {value}", f"{name} != {value}", f"{name} in ({value}, {value // 2})")
        )

    joined = draw.choice((" and ", " and ", " or ")).join(comparison() for _ in range(draw.randrange(1, 6)))
    odd = (
        "",
        "x < 99",
        "x < 0",
        "not (x < 0)",
        "shape == square",
        "1 == 1",
        " or ".join(["x == 3"] * 3000),
        "not " * 99 + "x == 1",
    )
    return draw.choice(odd) if draw.random() < 0.15 else f"not ({joined})" if draw.random() < 0.15 else joined


def splits(draw: random.Random, folder: Path) -> Attempt:
    """What there is to measure of a split: edits, reading and controls, each with what it leaves out."""
    test, validation = _expression(draw), draw.choice(("tenth == 1", "", _expression(draw)))
    others, subset = draw.choice((0, 0, 1)), draw.random() < 0.3

    def call() -> dict[str, Any]:
        split, model = Split(validation, test), _measured_model()
        population: Population | None = Population(DSPRITES, "test", split)
        population = population.identifiable() if subset else population
        assert population is not None
        generator = torch.Generator().manual_seed(0)
        found = measure_edits(model, others, population, 2, generator) | measure_reading(model, others, population, 2, generator)
        return found | {"controls": measure_controls(population, 5)}

    def right(answer: Any) -> bool:
        json.dumps(answer, allow_nan=False)
        named = {*answer["edit_iou"], *answer.get("left_out", {})} - {"assembly"}
        return named == {"shape", "scale", "orientation", "x", "y"} and 0 <= answer["reconstruction_iou"] <= 1

    return Attempt(f"a split of {test!r:.200} and {validation!r:.200}, {others} others, subset {subset}", call, right)


def _odd_pictures(draw: random.Random) -> Any:
    drawn = render(torch.tensor([[0, 5, 3, 4, 6], [2, 3, 8, 30, 20]]))[:, None]
    image = Image.fromarray((drawn[0, 0] * 255).numpy())
    made: list[Callable[[], Any]] = [
        lambda: drawn,
        lambda: drawn.to(
            draw.choice((torch.float16, torch.float64, torch.bool, torch.int64, torch.complex64, torch.float8_e4m3fn))
        ),
        lambda: drawn * 255,
        lambda: drawn.float() * draw.choice((2.0, 255.0, -1.0, torch.nan, torch.inf, 1.00001, 0.5)),
        lambda: drawn.numpy().astype(draw.choice(("f2", ">f8", "u2", "i1", "?", "c8", "U1", "O", "g"))),
        lambda: drawn.squeeze(1),
        lambda: drawn.movedim(1, -1),
        lambda: drawn[:0],
        lambda: drawn[..., : draw.randrange(64)],
        lambda: drawn.expand(2, 3, 64, 64),
        lambda: drawn[:1].expand(10**9, -1, -1, -1),
        lambda: draw.choice(
            (image, [image, image], [image, None], image.resize((32, 32)), image.convert("F"), image.convert("P"))
        ),
        lambda: image.convert(draw.choice(("1", "RGB", "RGBA", "LA", "I", "CMYK"))),
        lambda: drawn.numpy()[:, :, ::-1, ::-2],
        lambda: odd_object(draw),
        lambda: odd_tensor(draw, MAP),
    ]
    return draw.choice(made)()


def pictures(draw: random.Random, folder: Path) -> Attempt:
    """What a model's features are asked of."""
    given = _odd_pictures(draw)
    white = draw.choice((1, 1, 1, 255, odd_number(draw)))

    def right(answer: Any) -> bool:
        return answer.shape[1:] == (5, 16) and bool(answer.isfinite().all())

    features = torch.no_grad()(_measured_model().features)
    return attempt(features, given, named={"white": white}, right=right, called="features")


TARGETS = (
    Target("networks", "encoders and decoders of users that return something else, raise, or are none", networks),
    Target("metrics", "metrics of all kinds, made into what JSON can hold", metrics),
    Target("tasks", "tasks of users, rehearsed: their metrics, their splits and their own errors", tasks),
    Target("splits", "strange splits, of which is measured what there is", splits),
    Target("given", "what is no picture, for a model's features", pictures),
)
