"""ItemMemory: names, vectors and queries."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch

from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import DTYPES, algebra, attempt, fitting, odd_number, odd_object, odd_tensor, vector, vectors
from vsa import Algebra, ItemMemory

ODD_NAMES = (
    *("", " ", "heart", "square", "a b", "naïve ☃", "\ud800", "\0", "a\0b", "../..", "/etc/passwd", "a" * 100_000, "*", "a * b"),
    *(
        "~",
        "(",
        "'",
        '"',
        "\n",
        "2",
        "0.5",
        "__class__",
        "NaN",
        "\u00ef",
        "i\u0308",
        "\u202e",
        "𝒽",
        "{}",
        "%s",
        "\\",
        "CON",
        "heart\n",
    ),
)
KEPT = ["heart", "square", "ellipse", "a b"]


def names(draw: random.Random, bad: float) -> Any:
    """A list of names; so often with something wrong."""
    if draw.random() < bad / 2:
        return draw.choice((odd_object(draw), {"a": 1}, {"x", "y"}, ("p", "q"), "heart", iter(["i", "j"]), range(3), [["a"]]))
    some = draw.sample(ODD_NAMES, draw.randrange(6))
    if draw.random() < bad:
        some.insert(draw.randrange(len(some) + 1), draw.choice((odd_object(draw), odd_number(draw), "heart", *some)))
    return some


def construction(draw: random.Random, folder: Path) -> Attempt:
    """A new memory."""
    model, bad = algebra(draw), draw.choice((0.0, 0.5))
    given: list[Any] = [names(draw, bad)]
    if draw.random() < 0.8:
        given.append(odd_number(draw) if draw.random() < bad / 2 else fitting(model, draw))
    named: dict[str, Any] = {"algebra": odd_object(draw) if draw.random() < bad / 4 else model}
    if draw.random() < 0.3:
        named["seed"] = odd_number(draw)
    if draw.random() < 0.3:
        n = len(given[0]) if isinstance(given[0], list) else 3  # a name may be there twice
        named["vectors"] = odd_tensor(draw, model) if draw.random() < bad else vectors(model, draw, n)
        if draw.random() < bad / 2:
            named["vectors"] = odd_object(draw)
    if draw.random() < bad / 2:
        named["dtype"] = draw.choice((*DTYPES, "float32", None))
    if draw.random() < 0.2:
        named["learnable"] = draw.choice((True, False, odd_number(draw)))
    if draw.random() < bad / 4:
        named["index"] = odd_object(draw)

    def right(memory: ItemMemory) -> bool:
        return memory.vectors.shape[0] == len(memory) == len(memory.names) == len(set(memory.names))

    return attempt(ItemMemory, *given, named=named, right=right)


def _memory(draw: random.Random, model: Algebra, dim: int) -> ItemMemory:
    kept = KEPT if draw.random() < 0.9 else []
    return ItemMemory(kept, dim, algebra=model, learnable=draw.random() < 0.1 and model.dtype.is_floating_point)


def changes(draw: random.Random, folder: Path) -> Attempt:
    """add, extend, remove, fit, and looking names up."""
    model, bad = algebra(draw), draw.choice((0.0, 0.6, 0.6))
    dim = fitting(model, draw)
    memory, before = _memory(draw, model, dim), 0
    before = len(memory)
    name: Any = draw.choice((draw.choice(ODD_NAMES), draw.choice(ODD_NAMES), draw.choice(KEPT)))
    name = odd_object(draw) if draw.random() < bad / 2 else name
    verb = draw.choice(("add", "extend", "remove", "fit", "index", "__getitem__", "__contains__"))
    given: list[Any] = [name]
    if verb == "add" and draw.random() < 0.5:
        given.append(vector(draw, model, dim, bad) if draw.random() < bad else vectors(model, draw, 1, dim=dim)[0])
    elif verb == "extend":
        given = [names(draw, bad)]
        if draw.random() < 0.5:
            n = len(given[0]) if isinstance(given[0], list) else 2
            given.append(vector(draw, model, dim, 1) if draw.random() < bad else vectors(model, draw, n, dim=dim))
    elif verb == "remove" and draw.random() < 0.5:
        given = [draw.choice((KEPT[:2], ["heart", "heart"], [], [name], names(draw, bad)))]
    elif verb == "fit":
        labels: Any = draw.choice(
            (["x", "y", "x"], ["heart"] * 3, ["x", 1, "y"], [], "xyz", "ab", ["x", [], {}], odd_object(draw))
        )
        given = [vector(draw, model, dim, 1) if draw.random() < bad else vectors(model, draw, 3, dim=dim), labels]
    elif verb == "__getitem__" and draw.random() < 0.5:
        given = [draw.choice((KEPT[::-1], tuple(KEPT), [], [name], names(draw, bad), [["heart"]]))]

    def right(answer: Any) -> bool:
        if verb == "__getitem__":
            return answer.shape[-1] == dim // (64 if model.name == "PackedBSC" else 1)
        if verb in ("index", "__contains__"):
            return isinstance(answer, int)
        grew = {"add": 1, "extend": len(memory) - before}.get(verb, len(memory) - before)
        return len(memory) - before == grew and len(memory.vectors) == len(memory) == len(memory.names)

    def call(*given: Any) -> Any:
        """The verb; whatever it says, the memory must be whole afterwards."""
        try:
            return getattr(memory, verb)(*given)
        finally:
            assert len(memory.vectors) == len(memory.names) == len(memory._index), "names and vectors part"

    return attempt(call, *given, right=right, called=f"{'learnable ' * memory.vectors.requires_grad}{model} memory.{verb}")


def queries(draw: random.Random, folder: Path) -> Attempt:
    """cleanup and soft_cleanup."""
    model, bad = algebra(draw), draw.choice((0.0, 0.6, 0.6))
    dim = fitting(model, draw)
    memory = _memory(draw, model, dim)
    query, named = vector(draw, model, dim, bad), {}
    verb = draw.choice(("cleanup", "cleanup", "soft_cleanup"))
    options = {"k": (1, 2, 4), "threshold": (-1, 0.0, 0.3, 1), "false_alarm": (0.01,)}
    if verb == "soft_cleanup":
        options = {"temperature": (0.1, 1, 100)}
    for option, good in options.items():
        if draw.random() < 0.35:
            named[option] = odd_number(draw) if draw.random() < bad else draw.choice(good)

    def right(answer: Any) -> bool:
        if verb == "soft_cleanup":
            return answer.shape == query.shape and answer.dtype == memory.vectors.dtype
        k = named.get("k", 1)
        fine = answer.indices.shape == answer.scores.shape == (*query.shape[:-1], k)
        if query.is_meta or not query.numel():
            return fine
        return fine and isinstance(answer.names, list) and _best(model, memory, query, answer, k)

    tried = attempt(getattr(memory, verb), query, named=named, right=right)
    return Attempt(f"{model}: {tried.what}", tried.call, tried.right)


def _best(model: Algebra, memory: ItemMemory, query: torch.Tensor, answer: Any, k: int) -> bool:
    """The scores are the largest similarities, as the algebra has them."""
    if query.numel() > 10**5 or model.name in ("BSBC", "MCR", "CGR"):
        return True
    all_scores = model.similarity(query.detach().unsqueeze(-2), memory.vectors.detach().to(query.dtype)).float()
    best = all_scores.topk(k, -1).values
    return bool(best.isnan().any()) or torch.allclose(answer.scores.detach().float(), best, atol=0.02)


TARGETS = (
    Target("memory-new", "odd names, dimensions, seeds, vectors, dtypes and indices for a new ItemMemory", construction),
    Target("memory-changes", "odd names, vectors and labels for add, extend, remove, fit, index, [] and in", changes),
    Target("memory-queries", "odd queries, k, thresholds and temperatures for cleanup and soft_cleanup", queries),
)
