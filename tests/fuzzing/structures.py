"""The structures, the embeddings, the resonator, and the theory of capacity."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import algebra, attempt, fitting, odd_number, odd_object, odd_tensor, vector, vectors
from vsa import ItemMemory, capacity, embeddings
from vsa import structures as all_structures
from vsa.factorization import Factors, resonator

SYMBOLS = ["a", "b", "c"]
METHODS: dict[str, tuple[tuple[str, str], ...]] = {
    # what is asked of each structure, and of what: a vector, a stack, a memory, a path, a place, a weight
    "Record": (("set", "vv"), ("get", "v"), ("roles_of", "v"), ("replace", "vvm"), ("remove", "vm"), ("of", "ss")),
    "Multiset": (("add", "v"), ("add", "vw"), ("remove", "v"), ("count", "v"), ("of", "s"), ("of", "sw")),
    "Sequence": (("append", "v"), ("extend", "s"), ("get", "i"), ("replace", "ivm"), ("find", "v"), ("of", "s")),
    "Graph": (("add_edge", "vv"), ("remove_edge", "vv"), ("targets", "v"), ("sources", "v"), ("count", "vv"), ("of", "ss")),
    "NGrams": (("add", "s"), ("remove", "s"), ("count", "s"), ("next", "s"), ("of", "s"), ("of", "si")),
    "Tree": (("set", "pv"), ("get", "p"), ("replace", "pvm"), ("remove", "pm")),
    "FiniteStateAutomaton": (
        *(("add", "vvv"), ("remove", "vvv"), ("step", "vv"), ("run", "vsm"), ("symbols", "vv"), ("count", "vvv"), ("of", "sss")),
    ),
}


def structures(draw: random.Random, folder: Path) -> Attempt:
    """A structure that holds something or nothing, and one of its methods."""
    model, bad = algebra(draw), draw.choice((0.0, 0.4, 0.4))
    dim = fitting(model, draw)
    memory = ItemMemory(SYMBOLS, dim, algebra=model)
    name = draw.choice(list(METHODS))
    kind: Any = getattr(all_structures, name)
    verb, wanted = draw.choice(METHODS[name])

    def given(what: str) -> Any:
        if draw.random() < bad:
            return draw.choice((odd_object, odd_number, lambda draw: odd_tensor(draw, model)))(draw)
        good: dict[str, Callable[[], Any]] = {
            "v": lambda: vector(draw, model, dim, 0),
            "s": lambda: vectors(model, draw, *draw.choice(((3,), (2, 3), (2,), (4,))), dim=dim),
            "m": lambda: memory,
            "p": lambda: draw.choice(("", "a", "ab", ["a", "b", "c"], "abcabcabc", ("c",), "ax", ["a", 3], "a" * 200)),
            "i": lambda: draw.choice((0, 1, 2, -1, -3, 7)),
            "w": lambda: draw.choice((1, 2.0, -1)) if verb == "add" else torch.rand(3),
        }
        return good[what]()

    first: Any = {"Tree": [memory], "NGrams": [draw.choice((2, 3)), model]}.get(name, [model])
    if draw.random() < bad / 2:
        first[-1] = draw.choice((odd_object(draw), odd_number(draw)))
    named = {"vector": given("v")} if draw.random() < 0.8 else {}
    if name == "Sequence" and named:
        named["length"] = draw.choice((3, 3, odd_number(draw)))
    arguments = [given(what) for what in wanted]

    def call(*arguments: Any) -> Any:
        if verb == "of":
            return kind.of(*arguments, algebra=model)
        return getattr(kind(*first, **named), verb)(*arguments)

    def right(answer: Any) -> bool:
        if isinstance(answer, kind):
            return isinstance(answer.vector, Tensor)
        return isinstance(answer, Tensor) and (answer.is_floating_point() if verb in ("count", "find") else answer.shape[-1] > 0)

    return attempt(call, *arguments, right=right, called=f"{name}({model}, vector={'vector' in named}).{verb}")


def embedding(draw: random.Random, folder: Path) -> Attempt:
    """An embedding of numbers, and the way back."""
    model, bad = algebra(draw), draw.choice((0.0, 0.4, 0.4))
    dim, name = fitting(model, draw), draw.choice(embeddings.__all__)
    features = name in ("RandomProjection", "Sinusoid", "Density", "FractionalPower")
    given: list[Any] = [draw.choice((2, 3, 5)), dim]
    named: dict[str, Any] = {"algebra": model, "seed": draw.choice((0, -1, 2**70))}
    options = {
        "Level": ("low", "high", "clip"),
        "Thermometer": ("low", "high", "clip"),
        "Circular": ("period",),
        "Density": ("low", "high", "clip"),
        "FractionalPower": ("bandwidth", "kernel"),
    }.get(name, ("normalize",))
    if name == "Thermometer":
        del named["seed"]
    for option in (*options, *named):
        if draw.random() < bad / 3:
            named[option] = draw.choice((odd_number(draw), odd_object(draw), "gaussian", torch.distributions.Cauchy(0.0, 1.0)))
    given = [odd_number(draw) if draw.random() < bad / 3 else value for value in given]
    shape = (
        *draw.choice(((), (2,), (2, 3))),
        *([given[0]] if features and type(given[0]) is int and 0 < given[0] < 9 else []),
    )
    values: Any = torch.rand(shape)
    if draw.random() < bad:
        values = draw.choice(
            (values * draw.choice((1e9, -1, torch.nan, torch.inf)), values.double(), values.int(), values[..., None])
        )
        values = draw.choice((values, odd_object(draw), odd_tensor(draw, model)))
    back = draw.random() < 0.3 and name in ("Level", "Circular", "Thermometer")
    asked = vector(draw, model, dim, bad) if back else values

    def call(*given: Any, **named: Any) -> Any:
        made = getattr(embeddings, name)(*given, **named)
        return made.decode(asked) if back else made(asked)

    def right(answer: Any) -> bool:
        batch = asked.shape[:-1] if features or back else asked.shape
        return tuple(answer.shape if back else answer.shape[:-1]) == tuple(batch)

    tried = attempt(call, *given, named=named, right=right, called=f"embeddings.{name}")
    return Attempt(f"{tried.what}{'.decode' * back}({asked!r:.200})", tried.call, tried.right)


def factorisation(draw: random.Random, folder: Path) -> Attempt:
    """The resonator."""
    model, bad = algebra(draw), draw.choice((0.0, 0.5))
    dim = fitting(model, draw)
    books: Any = []
    for _ in range(draw.choice((2, 2, 3) if not bad else (0, 1, 2, 3))):
        book = vectors(model, draw, draw.choice((1, 3, 5)), dim=dim)
        odd = draw.choice((odd_object(draw), odd_tensor(draw, model)))
        books.append(odd if draw.random() < bad / 2 else draw.choice((book, ItemMemory(SYMBOLS, dim, algebra=model))))
    composite = vector(draw, model, dim, bad / 2)
    if isinstance(composite, Tensor) and composite.numel() > 10**6:
        composite = composite[:1]
    named: dict[str, Any] = {"algebra": model, "steps": 10, "restarts": 2}
    for option in (*named, "threshold", "generator"):
        if draw.random() < bad / 4:
            named[option] = draw.choice((odd_number(draw), odd_object(draw)))
    for option in ("steps", "restarts"):
        if isinstance(named[option], int) and named[option] > 100:
            named[option] = 100  # what is asked for would be done
    books = odd_object(draw) if draw.random() < bad / 5 else books

    def right(found: Any) -> bool:
        whole = found.indices.shape == (*composite.shape[:-1], len(books)) and found.scores.shape == composite.shape[:-1]
        return isinstance(found, Factors) and whole

    return attempt(resonator, composite, books, named=named, right=right)


def theory(draw: random.Random, folder: Path) -> Attempt:
    """accuracy, dimension and threshold."""
    model, bad = algebra(draw), draw.choice((0.0, 0.5))
    verb = draw.choice(("accuracy", "dimension", "threshold"))
    sizes = (1, 2, 64, 1000, 10**6)
    first = draw.choice((0.5, 0.9, 0.999)) if verb == "dimension" else draw.choice(sizes)
    given: list[Any] = [model, first, draw.choice(sizes), draw.choice((0.01, 0.5) if verb == "threshold" else (1, 2, 5, 30, 500))]
    given = [draw.choice((odd_number(draw), odd_object(draw))) if draw.random() < bad / 2 else value for value in given]
    named: dict[str, Any] = {}
    if verb != "threshold":
        named = {"task": draw.choice(("record", "set")), "normalized": draw.choice((True, False))}
        if draw.random() < bad / 2:
            named[draw.choice(list(named))] = odd_object(draw)
    right = {
        "accuracy": lambda answer: 0 <= answer <= 1,
        "dimension": lambda answer: answer >= 1,
        "threshold": lambda answer: answer == answer,
    }
    return attempt(getattr(capacity, verb), *given, named=named, right=right[verb])


TARGETS = (
    Target("structures", "odd vectors, stacks, memories, paths, places and weights for the seven structures", structures),
    Target("embeddings", "odd sizes, ranges, seeds, kernels and values for the seven embeddings, and decode", embedding),
    Target("resonator", "odd composites, codebooks, steps, thresholds and generators", factorisation),
    Target("capacity", "odd sizes, shares and tasks for accuracy, dimension and threshold", theory),
)
