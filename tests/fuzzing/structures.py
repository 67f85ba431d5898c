"""The structures, the embeddings, the resonator, and the theory of capacity."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import algebra, attempt, fitting, odd_number, odd_object, odd_tensor, shown, vector, vectors
from vsa import Algebra, ItemMemory, capacity, embeddings, tensor_file
from vsa import structures as all_structures
from vsa.factorization import Factors, resonator

SYMBOLS = ["a", "b", "c"]
METHODS: dict[str, tuple[tuple[str, str], ...]] = {
    # what is asked of each structure, and of what: a vector or a name, a stack, a memory, a path, a place, a weight
    "Record": (("set", "vv"), ("get", "v"), ("roles_of", "v"), ("replace", "vvm"), ("remove", "vm"), ("of", "ss")),
    "Multiset": (("add", "v"), ("add", "vw"), ("remove", "v"), ("count", "v"), ("of", "s"), ("of", "sW")),
    "Sequence": (("append", "v"), ("extend", "s"), ("get", "i"), ("replace", "ivm"), ("find", "v"), ("of", "s")),
    "Graph": (("add_edge", "vv"), ("remove_edge", "vv"), ("targets", "v"), ("sources", "v"), ("count", "vv"), ("of", "ss")),
    "NGrams": (("add", "s"), ("remove", "s"), ("count", "s"), ("next", "s"), ("of", "s"), ("of", "si")),
    "Tree": (("set", "pv"), ("get", "p"), ("replace", "pvm"), ("remove", "pm")),
    "FiniteStateAutomaton": (
        *(("add", "vvv"), ("remove", "vvv"), ("step", "vv"), ("run", "vsm"), ("symbols", "vv"), ("count", "vvv"), ("of", "sss")),
    ),
}
ODD_TEXTS = (
    "",
    "null",
    "[]",
    "{}",
    "3",
    '"x"',
    "true",
    "NaN",
    "1e999",
    "-1",
    '{"n": 1}',
    '{"directed": 2}',
    "9" * 5000,
    "[" * 10**5,
)
OF_ALL = (("to", "d"), ("__len__", ""), ("vector", ""))


def source(draw: random.Random, model: Algebra, dim: int, bad: float) -> Any:
    """What a structure is made of: an algebra, or memories of names, of integers now and then."""
    dtype = draw.choice((torch.int8, torch.int32)) if model.name == "MAP" and draw.random() < 0.2 else None
    memory = other = ItemMemory(SYMBOLS, dim, algebra=model, dtype=dtype)
    if draw.random() < 0.3:
        other = ItemMemory(SYMBOLS, 64, algebra=algebra(draw), seed=1) if draw.random() < bad else memory
    if draw.random() < bad / 2:
        return draw.choice((odd_object(draw), odd_number(draw), [memory, "MAP"], [memory] * 3, [], SYMBOLS))
    return draw.choice((model, memory, memory, [memory], [memory, other], (memory, other)))


def structures(draw: random.Random, folder: Path) -> Attempt:
    """A structure that holds something or nothing, and one of its methods."""
    model, bad = algebra(draw), draw.choice((0.0, 0.4, 0.4))
    dim = fitting(model, draw)
    made_of = source(draw, model, dim, bad)
    memory = ItemMemory(SYMBOLS, dim, algebra=model)
    name = draw.choice(list(METHODS))
    kind: Any = getattr(all_structures, name)
    verb, wanted = draw.choice((*METHODS[name], draw.choice(OF_ALL)))

    def named_too() -> bool:
        return draw.random() < (0.1 if made_of is model else 0.5)

    def given(what: str) -> Any:
        if draw.random() < bad:
            return draw.choice((odd_object, odd_number, lambda draw: odd_tensor(draw, model)))(draw)
        good: dict[str, Callable[[], Any]] = {
            "v": lambda: draw.choice(("a", "b", ["a", "b"], "x")) if named_too() else vector(draw, model, dim, 0),
            "s": lambda: (
                draw.choice((SYMBOLS, ("b", "a"), ["a", "x"], "abc"))
                if named_too()
                else vectors(model, draw, *draw.choice(((3,), (2, 3), (2,), (4,))), dim=dim)
            ),
            "m": lambda: draw.choice((memory, memory, None)),
            "p": lambda: draw.choice(("", "a", "ab", ["a", "b", "c"], "abcabcabc", ("c",), "ax", ["a", 3], "a" * 200)),
            "i": lambda: draw.choice((0, 1, 2, -1, -3, 7)),
            "w": lambda: draw.choice((1, 2.0, -1, 0.5, np.int8(3), np.float32(0.5))),
            "W": lambda: torch.rand(3),
            "d": lambda: draw.choice(
                (torch.float64, torch.float16, "meta", "cpu", torch.int8, "nowhere", torch.ones(1).double())
            ),
        }
        return good[what]()

    first: Any = [draw.choice((2, 3, odd_number(draw) if bad else 3))] * (name == "NGrams") + [made_of]
    named: dict[str, Any] = {"vector": vector(draw, model, dim, bad)} if draw.random() < 0.8 else {}
    if (name == "Sequence" and named) or draw.random() < bad / 4:
        named["length"] = draw.choice((3, 3, odd_number(draw) if bad else 3))
    if name == "Graph" and draw.random() < 0.6:
        named["directed"] = draw.choice((True, False, False, odd_number(draw) if bad else False))
    arguments = [given(what) for what in wanted]

    def call(*arguments: Any) -> Any:
        if verb == "of":
            return kind.of(*arguments, algebra=made_of)
        asked = getattr(kind(*first, **named), verb)
        return asked if verb == "vector" else asked(*arguments)

    def right(answer: Any) -> bool:
        if verb == "__len__":
            return isinstance(answer, int)
        if isinstance(answer, kind):
            return verb == "to" or isinstance(answer.vector, Tensor)
        return isinstance(answer, Tensor) and (answer.is_floating_point() if verb in ("count", "find") else answer.shape[-1] > 0)

    told = f"{name}({shown(made_of)} {model}, {', '.join(f'{key}={shown(value)}' for key, value in named.items())})"
    return attempt(call, *arguments, right=right, called=f"{told}.{verb}")


def structure_files(draw: random.Random, folder: Path) -> Attempt:
    """A structure saved, damaged or forged, and loaded again."""
    model, bad = algebra(draw), draw.choice((0.0, 0.6, 0.6))
    dim = fitting(model, draw)
    memory, path = ItemMemory(SYMBOLS, dim, algebra=model), folder / "made"
    name = draw.choice(list(METHODS))
    kind: Any = getattr(all_structures, name)
    first = [2, memory] if name == "NGrams" else [memory]
    named: dict[str, Any] = {"directed": draw.random() < 0.5} if name == "Graph" else {}
    if draw.random() < 0.9:
        named |= {"vector": vectors(model, draw, 2, dim=dim), "length": draw.choice((1, 3))}
    before = kind(*first, **named)
    before.save(path)
    happened = draw.choice(("nothing", "bit", "cut", "forged", "forged", "forged")) if bad else "nothing"
    data = bytearray(path.read_bytes())
    if happened == "bit":
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    elif happened == "cut":
        del data[draw.randrange(len(data)) :]
    path.write_bytes(data)
    told = ""
    if happened == "forged":
        described, tensors = tensor_file.read(path, f"vsa-torch {name} 1")
        field = draw.choice(("algebra", "length", "settings", "complex", "total"))
        if field == "total":
            tensors = draw.choice(({}, {"x": torch.ones(2)}, {"total": odd_tensor(draw, model)}, {"total": torch.ones(3)}))
            tensors = {key: x for key, x in tensors.items() if _storable(x)}
        else:
            described[field] = draw.choice(
                (*ODD_TEXTS, json.dumps({"name": "os:mkdir", "backend": "native", "options": {"path": "run"}}))
            )
        told = f"{field}={shown(described.get(field, ''))}"
        tensor_file.write(path, tensors, described, f"vsa-torch {name} 1")
    given = draw.choice((memory, [memory], memory if name == "Tree" else None, odd_object(draw) if bad else memory))

    def call() -> Any:
        try:
            return kind.load(path, algebra=given)
        finally:
            assert not (folder / "run").exists(), "it ran what the file says"

    def right(again: Any) -> bool:
        if happened == "forged":
            return type(again) is kind and (again.total is None or isinstance(again.vector, Tensor))
        same = again.total is before.total or torch.equal(again.total, before.total)
        return same and (again.length, again.algebra.name) == (before.length, before.algebra.name)

    return Attempt(f"{name}.load({happened} {told}, algebra={shown(given)}) of {model}", call, right)


def _storable(x: Tensor) -> bool:
    return x.layout is torch.strided and not x.is_meta and not x.is_complex() and x.numel() < 10**6


def embedding(draw: random.Random, folder: Path) -> Attempt:
    """An embedding of numbers, and the way back."""
    model, bad = algebra(draw), draw.choice((0.0, 0.4, 0.4))
    dim, name = fitting(model, draw), draw.choice(embeddings.__all__)
    features = name in ("RandomProjection", "Sinusoid", "Density", "FractionalPower")
    given: list[Any] = [draw.choice((2, 3, 5)), dim]
    named: dict[str, Any] = {"algebra": model, "seed": draw.choice((0, -1, 2**70, np.int64(3)))}
    if draw.random() < 0.2:
        named["device"] = draw.choice(("cpu", torch.device("cpu"), "cuda:77", odd_object(draw)) if bad else ("cpu", None))
    if draw.random() < 0.2:
        named["name"] = draw.choice(("x", "\ud800", "", odd_object(draw)) if bad else ("x", ""))
    options = {
        "Level": ("low", "high", "clip"),
        "Thermometer": ("low", "high", "clip"),
        "Circular": ("period",),
        "Density": ("low", "high", "clip"),
        "FractionalPower": ("bandwidth", "kernel"),
    }.get(name, ("normalize",))
    if name == "Thermometer":
        named = {option: value for option, value in named.items() if option not in ("seed", "name")}
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
    Target("structures", "odd vectors, names, stacks, memories, paths, places and weights for the seven structures", structures),
    Target("structure-files", "files of the seven structures, whole, damaged and forged", structure_files),
    Target("embeddings", "odd sizes, ranges, seeds, names, devices, kernels and values for the seven embeddings", embedding),
    Target("resonator", "odd composites, codebooks, steps, thresholds and generators", factorisation),
    Target("capacity", "odd sizes, shares and tasks for accuracy, dimension and threshold", theory),
)
