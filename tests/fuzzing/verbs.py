"""The verbs, and what makes vectors, with all algebras."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import vsa
from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import (
    DTYPES,
    NAMES,
    algebra,
    attempt,
    batch,
    fitting,
    odd_number,
    odd_object,
    odd_tensor,
    vector,
    vectors,
)
from vsa import Algebra

PAIRS = ("bind", "unbind", "dot", "similarity")
SINGLES = ("permute", "inverse", "negative", "power", "normalize", "to_sum", "as_real", "from_sum")
STACKS = ("multibind", "bundle")


def of_vectors(draw: random.Random, folder: Path) -> Attempt:
    """A verb on tensors."""
    model, verb = algebra(draw), draw.choice(PAIRS + SINGLES + STACKS)
    dim, bad = fitting(model, draw), draw.choice((0.0, 0.6, 0.6))
    named: dict[str, Any] = {}
    if verb in PAIRS:
        given = [vector(draw, model, dim, bad), vector(draw, model, dim, bad)]
        if verb == "unbind" and draw.random() < 0.3:
            named["side"] = draw.choice(("left", "right", "both", None, 1, []))
    elif verb in STACKS:
        whole = vectors(model, draw, *batch(draw), draw.choice((1, 2, 3, 300)), dim=dim)
        given = [vector(draw, model, dim, 1) if draw.random() < bad else whole]
        if draw.random() < 0.3:
            named["dim"] = draw.choice((-2, -1, 0, -3, 5, odd_number(draw)))
        if verb == "bundle" and draw.random() < 0.4:
            named["weights"] = _weights(draw, given[0], model)
    else:
        given = [vector(draw, model, dim, bad)]
        if verb == "power" or (verb == "permute" and draw.random() < 0.7):
            given.append(odd_number(draw))
    function = getattr(vsa, verb, None)
    if function is not None and draw.random() < 0.4:
        named["algebra"] = draw.choice((*NAMES, None, model, model, odd_object(draw)))
    else:
        function = getattr(model, verb)
    named_model = _algebra_of(named["algebra"]) if "algebra" in named else model
    tried = attempt(function, *given, named=named, right=lambda answer: _right(verb, answer, given, named, named_model))
    return Attempt(f"{model}: {tried.what}", tried.call, tried.right)


def _algebra_of(given: object) -> Algebra | None:
    try:
        return vsa.get_algebra("MAP" if given is None else given)  # pyright: ignore[reportArgumentType]
    except vsa.VSAError:
        return None


def _weights(draw: random.Random, stack: Any, model: Algebra) -> Any:
    if not isinstance(stack, Tensor) or stack.ndim < 2 or stack.numel() > 10**6:
        return odd_object(draw)
    right = draw.choice((torch.rand(stack.shape[-2]), torch.rand(stack.shape[:-1]), torch.arange(stack.shape[-2])))
    return draw.choice((right, right, right * math.nan, right.to(torch.complex64), odd_tensor(draw, model), odd_object(draw)))


def _right(verb: str, answer: Any, given: list[Any], named: dict[str, Any], model: Algebra | None) -> bool:
    """Whether shape, dtype and, where it is known otherwise, every element are right."""
    x = given[0]
    if not isinstance(answer, Tensor) or answer.device != x.device:
        return False
    if verb in PAIRS:
        shape = np.broadcast_shapes(x.shape[:-1], given[1].shape[:-1])
        if verb in ("dot", "similarity"):
            bounded = verb == "dot" or answer.is_meta or not answer.isfinite().all() or bool((answer.abs() <= 1).all())
            return tuple(answer.shape) == shape and answer.is_floating_point() and bounded
        return (
            (*answer.shape[:-1], answer.shape[-1]) == (*shape, x.shape[-1])
            and answer.dtype == x.dtype
            and _product(answer, x, given[1], model)
        )
    if verb in STACKS:
        shape = list(x.shape)
        del shape[named.get("dim", -2)]
        return list(answer.shape) == shape
    if verb in ("to_sum", "as_real", "from_sum"):
        return answer.shape[:-1] == x.shape[:-1]
    same = answer.shape == x.shape and answer.dtype == x.dtype
    if verb == "permute" and same and model is not None and model.name not in ("SBC", "PackedBSC") and _small(x):
        shifts = int(given[1]) if len(given) > 1 else 1
        return _equal(answer, torch.from_numpy(np.roll(_numpy(x), shifts % x.shape[-1], -1)))
    return same


def _product(answer: Tensor, a: Tensor, b: Tensor, model: Algebra | None) -> bool:
    """In MAP and FHRR all else is known: elements are multiplied; in BSC they differ."""
    if model is None or not _small(a) or not _small(b) or model.name not in ("MAP", "BSC"):
        return True
    operation = np.multiply if model.name == "MAP" else np.logical_xor
    with np.errstate(all="ignore"):
        return _equal(answer, torch.from_numpy(operation(_numpy(a), _numpy(b))))


def _small(x: Tensor) -> bool:
    return x.layout == torch.strided and not x.is_meta and x.numel() < 10**6


def _numpy(x: Tensor) -> Any:
    x = x.detach().resolve_conj().as_subclass(Tensor)
    return (x.double() if x.is_floating_point() else x).numpy()


def _equal(answer: Tensor, expected: Tensor) -> bool:
    answer = answer.detach().as_subclass(Tensor)
    return torch.allclose(answer, expected.to(answer.dtype), rtol=1e-2, atol=1e-6, equal_nan=True)


def makers(draw: random.Random, folder: Path) -> Attempt:
    """random, identity and get_algebra."""
    if draw.random() < 0.15:
        name = draw.choice((*NAMES, "BSBC", "map", "", odd_object(draw)))
        named = {draw.choice(("block_size", "unitary", "majority", "exact", "x", "backend")): odd_number(draw)}
        return attempt(vsa.get_algebra, name, named=named, right=lambda answer: isinstance(answer, Algebra))
    model, verb = algebra(draw), draw.choice(("random", "random", "identity"))
    dim, bad = fitting(model, draw), draw.choice((0.0, 0.5, 0.5))
    n = draw.randrange(5)
    given: list[Any] = [n, dim] if verb == "random" else [dim]
    given = [odd_number(draw) if draw.random() < bad else value for value in given]
    named: dict[str, Any] = {"algebra": model}
    if draw.random() < bad:
        named["dtype"] = draw.choice((*DTYPES, "float32", float, np.float32, odd_object(draw)))
    if draw.random() < bad / 2:
        named["device"] = draw.choice(("cpu", "meta", "cuda:99", "nowhere", torch.device("cpu"), "", odd_object(draw)))
    if verb == "random" and draw.random() < bad / 2:
        named["generator"] = draw.choice((torch.Generator(), 0, odd_object(draw)))

    def right(answer: Any) -> bool:
        words = int(given[-1]) // (64 if model.name == "PackedBSC" else 1)
        return list(answer.shape) == ([int(given[0]), words] if verb == "random" else [words])

    return attempt(getattr(vsa, verb), *given, named=named, right=right)


TARGETS = (
    Target("verbs", "wrong shapes, dtypes, elements, layouts, objects and numbers in every verb of 20 algebras", of_vectors),
    Target("makers", "wrong sizes, dtypes, devices, generators and options for random, identity and get_algebra", makers),
)
