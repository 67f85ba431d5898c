"""ItemMemory: names, vectors and queries."""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import DTYPES, algebra, attempt, fitting, odd_number, odd_object, odd_tensor, vector, vectors
from vsa import Algebra, ItemMemory, VSAError

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
DEVICES = ("cpu", "meta", torch.device("cpu"), torch.device("meta"), "nowhere", "cuda:99", "", "cpu:x", 0, torch.float32)


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
    if draw.random() < 0.3:
        named["device"] = odd_object(draw) if draw.random() < bad / 2 else draw.choice(DEVICES)
    default = torch.device(draw.choice(("cpu", "cpu", "meta")))
    if draw.random() < 0.2:
        named["learnable"] = draw.choice((True, False, odd_number(draw)))
    if draw.random() < bad / 4:
        named["index"] = odd_object(draw)

    def right(memory: ItemMemory) -> bool:
        return memory.vectors.shape[0] == len(memory) == len(memory.names) == len(set(memory.names))

    def make(*given: Any, **named: Any) -> ItemMemory:
        with default:
            return ItemMemory(*given, **named)

    return attempt(make, *given, named=named, right=right, called=f"with {default}: ItemMemory")


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
            assert len(memory.vectors) == len(memory.names) == len(memory), "names and vectors part"

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
            return answer.shape == query.shape and answer.dtype == torch.promote_types(memory.vectors.dtype, query.dtype)
        k = named.get("k", 1)
        fine = answer.indices.shape == answer.scores.shape == (*query.shape[:-1], k) and len(repr(answer)) < 1000
        if query.is_meta or not query.numel():
            return fine
        fine = fine and len(answer.names) == len(answer.pairs) == len(answer) == len(list(answer))
        return fine and _best(model, memory, query, answer, k)

    tried = attempt(getattr(memory, verb), query, named=named, right=right)
    return Attempt(f"{model}: {tried.what}", tried.call, tried.right)


def _best(model: Algebra, memory: ItemMemory, query: torch.Tensor, answer: Any, k: int) -> bool:
    """The scores are the largest similarities, as the algebra has them."""
    if query.numel() > 10**5 or model.name in ("BSBC", "MCR", "CGR"):
        return True
    all_scores = model.similarity(query.detach().unsqueeze(-2), memory.vectors.detach().to(query.dtype)).float()
    best = all_scores.topk(k, -1).values
    return bool(best.isnan().any()) or torch.allclose(answer.scores.detach().float(), best, atol=0.02)


def verbs_of_memories(draw: random.Random, folder: Path) -> Attempt:
    """The verbs of a memory, of names and vectors."""
    model, bad = algebra(draw), draw.choice((0.0, 0.5))
    dim = fitting(model, draw)
    memory = _memory(draw, model, dim)

    def one() -> Any:
        if draw.random() < bad / 2:
            return draw.choice((names(draw, bad), odd_object(draw), [memory, "heart"], [[["heart"]]], ["heart", 3]))
        good = (draw.choice(KEPT), KEPT[:2], vector(draw, model, dim, bad), ["heart", vectors(model, draw, 1, dim=dim)[0]])
        return draw.choice(good)

    verb = draw.choice(("bind", "unbind", "multibind", "bundle", "permute", "inverse", "power", "normalize", "dot", "similarity"))
    given = [one(), one()] if verb in ("bind", "unbind", "dot", "similarity") else [one()]
    if verb in ("permute", "power"):
        given.append(odd_number(draw) if draw.random() < bad else draw.choice((0, 1, 2, -1)))
    called = f"{model} memory.{verb}"
    return attempt(getattr(memory, verb), *given, called=called, right=lambda answer: isinstance(answer, torch.Tensor))


def states(draw: random.Random, folder: Path) -> Attempt:
    """load_state_dict of states of other names, damaged ones and strange ones; torch's own refusal is a RuntimeError."""
    model = algebra(draw)
    dim = fitting(model, draw)
    memory, other = _memory(draw, model, dim), ItemMemory(draw.sample(KEPT, draw.randrange(5)), dim, algebra=model, seed=1)
    state: dict[str, Any] = dict(other.state_dict())
    kind = draw.choice(("as it is", "no names", "odd names", "bytes", "odd vectors", "no vectors", "meta"))
    if kind in ("odd names", "meta"):
        state["_extra_state"] = odd_object(draw) if kind == "odd names" else state["_extra_state"].to("meta")
    elif kind == "bytes":
        text = draw.choice((b"", b"{}", b"[" * 100_000, b"[1, 2]", b"null", b"\xff", b'"heart"', b"[" + b"1" * 5000 + b"]"))
        state["_extra_state"] = torch.tensor(list(text), dtype=draw.choice((torch.uint8, torch.int64)))
    elif kind == "odd vectors":
        state["vectors"] = odd_object(draw) if draw.random() < 0.3 else odd_tensor(draw, model)
    elif kind.startswith("no "):
        del state[{"no names": "_extra_state", "no vectors": "vectors"}[kind]]

    def load(state: dict[str, Any], **options: bool) -> ItemMemory:
        memory.load_state_dict(state, **options)
        return memory

    def right(answer: Any) -> bool:
        kept = len(memory) == len(memory.names) == len(memory.vectors)
        if isinstance(answer, RuntimeError):
            return kept and ("vectors" in str(answer) or "state" in str(answer))
        return kept and (kind != "as it is" or list(memory.names) == list(other.names))

    named = {"strict": draw.random() < 0.8, "assign": draw.random() < 0.2}
    tried = attempt(load, state, named=named, right=right, called=f"{model} memory.load_state_dict, {kind}")
    return Attempt(tried.what, tried.call, tried.right, allowed=(RuntimeError,))


def threads(draw: random.Random, folder: Path) -> Attempt:
    """Threads that add, extend, remove, look up and clean up in one memory, all at once, with odd names among them."""
    model = algebra(draw)
    dim = fitting(model, draw)
    memory = ItemMemory(KEPT, dim, algebra=model)
    kept = memory[KEPT].clone()
    plans: list[list[tuple[str, Any]]] = []
    for _ in range(draw.choice((2, 3, 4))):
        wanted = ("add", "add", "extend", "remove", "cleanup", "__getitem__", "state_dict", "parse")
        plan = [(draw.choice(wanted), [name for name in draw.sample(ODD_NAMES, 3) if name not in KEPT]) for _ in range(12)]
        plans.append(plan)

    def follow(plan: list[tuple[str, Any]]) -> None:
        for verb, some in plan:
            try:
                if verb == "cleanup":
                    assert [name for (name,) in memory.cleanup(kept).names] == KEPT, "names of other vectors"
                elif verb == "__getitem__":
                    assert torch.equal(memory[KEPT], kept), "vectors of other names"
                elif verb == "state_dict":
                    memory.state_dict()
                elif verb == "parse":
                    memory.parse("heart * square")
                else:
                    getattr(memory, verb)(some[0] if verb == "add" and some else some)
            except VSAError:
                pass

    def run() -> ItemMemory:
        sys.setswitchinterval(1e-5)
        with ThreadPoolExecutor(len(plans)) as pool:
            for done in [pool.submit(follow, plan) for plan in plans]:
                done.result()
        return memory

    def right(memory: ItemMemory) -> bool:
        again = ItemMemory(memory.names, dim, algebra=model)
        return torch.equal(again.vectors, memory.vectors) and len(memory) == len(memory.names)

    return attempt(run, right=right, called=f"{len(plans)} threads, {model} memory")


TARGETS = (
    Target("memory-new", "odd names, dimensions, seeds, vectors, dtypes, devices and indices for a new ItemMemory", construction),
    Target("memory-changes", "odd names, vectors and labels for add, extend, remove, fit, index, [] and in", changes),
    Target("memory-queries", "odd queries, k, thresholds and temperatures for cleanup and soft_cleanup", queries),
    Target("memory-verbs", "odd names, vectors and lists of both for the verbs of a memory", verbs_of_memories),
    Target("memory-states", "states of other names, damaged and strange ones for load_state_dict", states),
    Target("memory-threads", "threads that change and read one memory at the same time", threads),
)
