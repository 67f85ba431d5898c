"""Which combinations of factors are for training, which for validation and which for the test: sets, written as expressions.

An expression says which combinations belong to a set, in Python's notation: `shape == heart and (x < 8 or 20 <= y <= 25)`.
So a split is data: it can be given at the command line, and it is stored beside the weights.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from tasks.data.factors import FEATURES, SHAPES, distinct
from vsa.errors import ExpressionError, RangeError, choices

Part = Literal["train", "validation", "test"]
"""A part of a split."""


@dataclass(frozen=True)
class Split:
    """Three disjoint parts that cover everything: what is set aside for the test, for validation, and all the rest to train on.

    Attributes:
        validation: which combinations are for choosing settings, an expression as `combinations` reads it.
        test: which combinations are for the numbers that are reported. Where both overlap, a combination is for the test.

    Raises:
        ExpressionError: one of them is not an expression over the factors.

    Example:
        >>> big_hearts = Split(validation="tenth == 0", test="shape == heart and scale >= 4")
        >>> big_hearts.contains("test", torch.tensor([[2, 5, 0, 16, 16], [2, 0, 0, 16, 16]]))
        tensor([ True, False])
    """

    validation: str = "tenth == 1"
    test: str = "tenth == 0"

    def __post_init__(self) -> None:
        combinations(self.validation)
        combinations(self.test)

    def contains(self, part: Part, classes: Tensor) -> Tensor:
        """Which of the classes belong to a part; combinations that are the same picture belong to the same.

        Args:
            part: train, validation or test.
            classes: integers [..., 5].

        Returns:
            bool [...].

        Raises:
            RangeError: there is no such part, or these are no classes of sprites.
            DtypeError, ShapeError: the classes are not integers, or not [..., 5].
        """
        if not isinstance(part, str) or part not in get_args(Part):
            raise RangeError(f"part must be one of {', '.join(get_args(Part))}, got {part!r}")
        test = combinations(self.test)(classes)
        if part == "test":
            return test
        validation = combinations(self.validation)(classes)
        return validation & ~test if part == "validation" else ~(validation | test)


def combinations(expression: str) -> Callable[[Tensor], Tensor]:
    """The set of combinations that an expression describes.

    Args:
        expression: comparisons of the classes `shape`, `scale`, `orientation`, `x` and `y`, of `tenth`, which is 0 to 9 and cuts
            all combinations into ten equal parts, scattered evenly and the same everywhere, and of integers, among them
            `square`, `ellipse` and `heart`. `==`, `!=`, `<`, `<=`, `>` and `>=` may be chained; `in` and `not in` want a tuple of
            integers; `and`, `or`, `not` and parentheses combine. An empty expression is the empty set. Orientation 39 is 0.
            At most 10,000 characters, and parts within parts at most 50 deep.

    Returns:
        What tells of classes, integers [..., 5], which are in the set, bool [...].

    Raises:
        ExpressionError: the expression is none of these; the message says where, and which names there are.

    Example:
        >>> combinations("shape == heart and not scale in (0, 5)")(torch.tensor([[2, 0, 0, 0, 0], [2, 1, 0, 0, 0]]))
        tensor([False,  True])
    """
    if not isinstance(expression, str):
        raise ExpressionError(f"a set of combinations is an expression such as 'shape == heart', got {expression!r}")
    member = _read(expression)

    def contains(classes: Tensor) -> Tensor:
        classes = distinct(classes)
        inside = member(dict(zip(FEATURES, classes.unbind(-1), strict=True)) | {"tenth": _tenth(classes)})
        return inside.expand(classes.shape[:-1]).clone()  # of constants alone there is one truth for all

    return contains


def _tenth(classes: Tensor) -> Tensor:
    """A number from 0 to 9 for each combination [..., 5], the same ones everywhere and for ever; neighbours part."""
    shape, scale, orientation, x, y = classes.unbind(-1)
    number = (((shape * 6 + scale) * 39 + orientation) * 32 + x) * 32 + y
    # A bijective mix of 31-bit integers: multiply, fold the high bits down, twice.
    for _ in range(2):
        number = (number * 0x45D9F3B) & 0x7FFFFFFF
        number = number ^ (number >> 15)
    return number % 10


_Values = dict[str, Tensor]
_Reads = Callable[[_Values], Tensor]

NAMES = (*FEATURES, "tenth")
CONSTANTS = {name: number for number, name in enumerate(SHAPES)}
LONGEST = 10_000
"""Characters of an expression: each comparison takes time for every combination."""
DEEPEST = 50
"""How deep the parts of an expression may lie within one another."""
_LARGEST = 2**31  # far beyond any class, and safely within a tensor's integers
_SHOWN = 100  # characters of a long expression that a message shows
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@lru_cache(maxsize=256)  # sampling asks for every batch
def _read(text: str) -> _Reads:
    if not text.strip():
        return lambda values: torch.zeros_like(values["x"], dtype=torch.bool)
    reader = _Reader(text)
    if len(text) > LONGEST:
        raise reader.wrong(f"it has {len(text):,} characters, and at most {LONGEST:,} are read")
    try:
        return reader.truth(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        raise reader.wrong(f"{error.msg}; write it as in 'shape == heart and x < 8'") from error
    except (ValueError, MemoryError, RecursionError) as error:  # a null byte, a number of thousands of digits, too deep
        if isinstance(error, ExpressionError):
            raise
        raise reader.wrong("it is too long, or holds signs that no expression has") from error


class _Reader:
    """From the parts of an expression to functions of the factors; whatever is not named here is refused, and nothing is run."""

    def __init__(self, text: str) -> None:
        self.text, self.depth = text, 0

    def wrong(self, what: str, name: str = "") -> ExpressionError:
        """What to raise: what is wrong, and the names that there are, the nearest to this one first."""
        known = choices(name, (*NAMES, *CONSTANTS))
        text = repr(self.text if len(self.text) <= LONGEST else f"{self.text[:_SHOWN]}...")
        return ExpressionError(f"the expression {text} is not a set of combinations: {what}; {known}")

    def truth(self, node: ast.expr) -> _Reads:
        """What is true or false."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong(f"its parts lie more than {DEEPEST} deep within one another")
        try:
            return self._truth(node)
        finally:
            self.depth -= 1

    def _truth(self, node: ast.expr) -> _Reads:
        match node:
            case ast.BoolOp(op=op, values=operands):
                join = operator.and_ if isinstance(op, ast.And) else operator.or_
                return _fold(join, [self.truth(operand) for operand in operands])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                part = self.truth(operand)
                return lambda values: ~part(values)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = zip([left, *comparators], ops, comparators, strict=False)
                return _fold(operator.and_, [self.comparison(*side) for side in sides])
            case ast.Name() | ast.Constant():
                self.number(node)  # an unknown name is the greater mistake
                raise self.wrong(f"{ast.unparse(node)!r} must be compared with something, as in 'scale == 5'")
        raise self.wrong(f"{ast.unparse(node)!r} is neither a comparison nor and, or, not")

    def comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> _Reads:
        a = self.number(left)
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple):
                raise self.wrong(f"after 'in' comes a tuple of integers, such as (0, 5) or (3,), not {ast.unparse(right)!r}")
            allowed = torch.tensor([self.constant(element) for element in right.elts], dtype=torch.int64)
            wanted = isinstance(op, ast.In)
            return lambda values: torch.isin(a(values), allowed.to(values["x"].device)) == wanted
        if type(op) not in _COMPARISONS:
            raise self.wrong("'is' compares no numbers; use ==")
        compare, b = _COMPARISONS[type(op)], self.number(right)
        return lambda values: compare(a(values), b(values))

    def number(self, node: ast.expr) -> _Reads:
        """A factor, or an integer."""
        if isinstance(node, ast.Name) and node.id in NAMES:
            name = node.id
            return lambda values: values[name]
        constant = torch.tensor(self.constant(node))
        return lambda values: constant.to(values["x"].device)

    def constant(self, node: ast.expr) -> int:
        """An integer, or the name of a shape."""
        match node:
            case ast.Name(id=name) if name in CONSTANTS:
                return CONSTANTS[name]
            case ast.Name(id=name) if name in NAMES:
                raise self.wrong(f"{name!r} must not stand in a tuple, which holds integers")
            case ast.Name(id=name):
                raise self.wrong(f"there is no {name!r}", name)
            case ast.Constant(value=int() as number) if not isinstance(number, bool) and number < _LARGEST:
                return number
        raise self.wrong(f"{ast.unparse(node)!r} is neither an integer below 2^31 nor a name")


def _fold(join: Callable[[Tensor, Tensor], Tensor], parts: list[_Reads]) -> _Reads:
    """The parts joined one after the other, so that two masks are in memory at a time and not those of all parts."""
    return lambda values: reduce(join, (part(values) for part in parts))


TENTHS = Split()
"""One tenth of all combinations for the test, another for validation, both scattered evenly."""
