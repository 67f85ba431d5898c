"""Texts: expressions over names, splits, and the names of plugins."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch

from tasks.data.circles import Simple
from tasks.data.dataset import Dataset
from tasks.data.dsprites.factors import COUNTS
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.split import Split
from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import NAMES, attempt, odd_number, odd_object
from vsa import ItemMemory, get_algebra, load
from vsa.plugins import names

SIMPLE = Dataset(Simple())
SYMBOLS = ("heart", "shape", "a b", "ünï☃", "x1", "__class__")
TOKENS = (
    *("heart", "shape", "x1", "'a b'", '"ünï☃"', "ünï", "nobody", "__class__", "__import__('os')", "lambda", "'", '"'),
    *(
        "+",
        "-",
        "*",
        "**",
        ">>",
        "<<",
        "~",
        "(",
        ")",
        " ",
        "\t",
        "\n",
        "\0",
        ".",
        ",",
        "/",
        "%",
        "@",
        "[",
        "]",
        "{",
        "}",
        "\ud800",
    ),
    *(
        "0",
        "1",
        "2",
        "0.5",
        "1e400",
        "1e-400",
        "9" * 400,
        "9" * 5000,
        "٣",
        "²",
        "1_000",
        "0x10",
        "1j",
        "nan",
        "inf",
        "=",
        "#",
        "\\",
    ),
)
FACTORS = (
    *("shape", "scale", "orientation", "x", "y", "tenth", "square", "heart", "nobody", "True", "None", "...", "'x'", "f'{x}'"),
    *("==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "and", "or", "not", "(", ")", "(1, 2)", "(3,)", "()", "[1]", ","),
    *(
        "0",
        "1",
        "5",
        "39",
        "-1",
        "2147483647",
        "2147483648",
        "9" * 5000,
        "0.5",
        "1j",
        "1_0",
        "0x1",
        "x[0]",
        "x.y",
        "x.value",
        "x.value > 0.5",
        "shape.value",
        "z.value",
        "-0.5",
        "-" + "9" * 400,
        "1e400",
        "x()",
        "+",
        "*",
    ),
    *("lambda: x", "x if y else x", "{x}", "*x", "x := 1", "await x", "yield", "import os", ";", "\n", "\0", "\\", "#", "\ud800"),
)
PLUGINS = (
    *("", ":", "::", ":x", "x:", "..", "..:x", ".vsa:MAP", "a:b:c", "os", "os:system", "os:nothing", "os.path:join", "vsa:MAP"),
    *("vsa:", "vsa:__all__", "vsa.algebras.map:MAP", "vsa.algebras.map:MultiplyAddPermute", "math:pi", "json:", "json.nothing:x"),
    *(
        "\0:x",
        "os\0:x",
        "a b:c",
        "ü:ü",
        "\ud800:x",
        "../../etc/passwd:x",
        "/etc/passwd:x",
        "builtins:dict",
        "builtins:int",
        "map",
    ),
    *("encoders.conv:ConvEncoder", "tests.fuzzing.nothing:x", "x" * 10_000, "x." * 5_000 + "x:y", ":" * 10_000, "MAP ", " MAP"),
)


def _soup(draw: random.Random, tokens: tuple[str, ...]) -> str:
    length = draw.choice((0, 1, 2, 3, 5, 8, 20, 200))
    return draw.choice(("", " ")).join(draw.choices(tokens, k=length))


def _deep(draw: random.Random, leaf: str, before: str, after: str) -> str:
    depth = draw.choice((10, 50, 90, 150, 500, 1_000, 10_000, 100_000))
    return before * depth + leaf + after * depth


def parsed(draw: random.Random, folder: Path) -> Attempt:
    """An expression for ItemMemory.parse."""
    memory = ItemMemory(SYMBOLS, 64, algebra=draw.choice(NAMES))
    kind = draw.choice(("soup", "soup", "right", "right", "deep", "long", "object"))
    right: Any = None
    if kind == "right":
        products = [_product(draw) for _ in range(draw.randrange(1, 5))]
        text = draw.choice(("", "-")) + "".join(part + draw.choice((" + ", " - ", "+")) for part in products[:-1]) + products[-1]
    elif kind == "deep":
        text = _deep(draw, "heart", *draw.choice((("(", ")"), ("~", ""), ("(", ""), ("~(", ")"), ("-(", ")"), ("2*(", ")"))))
    elif kind == "long":
        text = draw.choice((" + ", " * ", "**1", " ", "+")).join(["heart"] * draw.choice((100, 3_000)))
    else:
        text = odd_object(draw) if kind == "object" else _soup(draw, TOKENS)
    if kind in ("right", "long", "deep"):
        right = lambda answer: answer.shape == memory.vectors.shape[1:]  # noqa: E731
    tried = attempt(memory.parse, text, right=right)
    return Attempt(f"{memory.algebra.name}: {tried.what}", tried.call, tried.right)


def _product(draw: random.Random) -> str:
    parts = [draw.choice(("heart", "shape", "'a b'", "~x1", '"ünï☃"', "2", "0.5", "(heart + shape)")) for _ in range(3)]
    return " * ".join([draw.choice(("heart ** 2", "shape >> 3", "x1 << 1", "x1 ** 0.5", "x1")), *parts])


def split(draw: random.Random, folder: Path) -> Attempt:
    """An expression for Split, asked of classes."""
    kind = draw.choice(("soup", "soup", "right", "right", "deep", "long", "object"))
    if kind == "right":
        text = draw.choice((" and ", " or ")).join(_comparison(draw) for _ in range(draw.randrange(1, 4)))
    elif kind == "deep":
        text = _deep(draw, "x == 1", *draw.choice((("(", ")"), ("not ", ""), ("not (", ")"), ("(", ""), ("-", ""), ("[", "]"))))
    elif kind == "long":
        text = draw.choice((" and ", " or ", " < ", ", ")).join(["x == 1"] * draw.choice((100, 3_000)))
    else:
        text = odd_object(draw) if kind == "object" else _soup(draw, FACTORS)
    generator = torch.Generator().manual_seed(draw.randrange(2**32))
    classes = torch.stack([torch.randint(count, (50,), generator=generator) for count in COUNTS], -1)
    dataset: Any = draw.choice((*[DSPRITES] * 8, SIMPLE, odd_object(draw)))
    asked = draw.choice((classes, classes, classes, odd_object(draw), classes[:, :3], classes + 50, classes.float(), classes[0]))
    part = draw.choice(("train", "validation", "test", "test", "Test", odd_object(draw)))

    def contains(test: Any, part: Any, classes: Any, dataset: Any) -> Any:
        return Split(test=test).contains(part, classes, dataset)

    def right(answer: torch.Tensor) -> bool:
        if kind == "right" and part == "test":
            return answer.tolist() == [_expected(text, row) for row in asked.reshape(-1, 5).tolist()] or asked.ndim == 1
        return answer.dtype == torch.bool and answer.shape == asked.shape[:-1]

    return attempt(contains, text, part, asked, dataset, right=right, called="Split(test).contains")


def _comparison(draw: random.Random) -> str:
    factor = draw.choice(("shape", "scale", "x", "y"))
    integers = (f"{factor} == 1", f"{factor} < 3", f"not {factor} in (0, 2)", f"1 <= {factor} < 9", f"(3 > {factor})")
    return draw.choice((*integers, f"{factor} > -1", f"-0.5 < {factor} <= 2.5"))


def _expected(text: str, row: list[int]) -> bool:
    """What Python itself makes of the comparisons drawn above."""
    return bool(eval(text, {"__builtins__": {}}, dict(zip(("shape", "scale", "orientation", "x", "y"), row, strict=True))))


def plugins(draw: random.Random, folder: Path) -> Attempt:
    """A name for load, get_algebra or names."""
    kind = draw.choice(("algebra", "encoder", "decoder", "task", "algebra", "", "os", odd_object(draw)))
    name = draw.choice((draw.choice(PLUGINS), draw.choice(PLUGINS), odd_object(draw), draw.choice(NAMES)))
    if isinstance(name, str) and draw.random() < 0.2:
        at = draw.randrange(len(name) + 1)
        name = name[:at] + draw.choice(("\0", ":", ".", " ", "é", "A")) + name[at:]
    which = draw.randrange(4)
    if which == 0:
        return attempt(names, kind, right=lambda answer: isinstance(answer, list))
    if which == 1:
        given = [name] if draw.random() < 0.6 else [name, draw.choice(("native", "torchhd", "numpy", odd_number(draw)))]
        return attempt(get_algebra, *given, right=lambda answer: callable(answer.bind))
    return attempt(load, kind, name)


TARGETS = (
    Target("expressions", "token soup, nesting to 100,000, length, and right ones for ItemMemory.parse", parsed),
    Target("sets", "token soup, nesting, length, other Python, odd parts, classes and data sets for Split", split),
    Target("plugins", "odd names, modules, attributes and kinds for load, names and get_algebra", plugins),
)
