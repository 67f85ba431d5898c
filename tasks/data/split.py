"""Which combinations of factors are for training, which for validation and which for the test: sets, written as expressions.

An expression says which combinations belong to a set, in Python's notation, over the factors of a data set:
`colour == red and (x < 8 or 0.25 <= y.value <= 0.5)`. So a split is data: it can be given at the command line, and it is stored
beside the weights.
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

from tasks.data.dataset import Dataset
from tasks.data.factor import TENTH, counted
from vsa.errors import DtypeError, ExpressionError, RangeError, choices

Part = Literal["train", "validation", "test"]
"""A part of a split."""


@dataclass(frozen=True)
class Split:
    """Three disjoint parts that cover everything: what is set aside for the test, for validation, and all the rest to train on.

    Attributes:
        validation: which combinations are for choosing settings, an expression as `combinations` reads it.
        test: which combinations are for the numbers that are reported. Where both overlap, a combination is for the test.

    Raises:
        ExpressionError: one of them is no expression; whether it names factors is known with a data set, see `check`.

    Example:
        >>> from tasks.data.circles import Circles
        >>> right = Split(validation="tenth == 0", test="x > 15")
        >>> right.contains("test", torch.tensor([[16, 0], [15, 0]]), Dataset(Circles()))
        tensor([ True, False])
    """

    validation: str = "tenth == 1"
    test: str = "tenth == 0"

    def __post_init__(self) -> None:
        for expression in (self.validation, self.test):
            _check_text(expression)
            _parsed(expression)

    def check(self, dataset: Dataset) -> None:
        """Refuse expressions that name what is no factor of a data set.

        Raises:
            ExpressionError: the message says which, and what there is.
        """
        combinations(self.validation, dataset)
        combinations(self.test, dataset)

    def contains(self, part: Part, classes: Tensor, dataset: Dataset) -> Tensor:
        """Which of the classes belong to a part; combinations that are the same observation belong to the same.

        Args:
            part: train, validation or test.
            classes: integers [..., F].
            dataset: whose classes they are.

        Returns:
            bool [...].

        Raises:
            RangeError: there is no such part, or these are no classes of the data set.
            DtypeError, ShapeError: the classes are not integers, or not [..., F]; or the data set is none.
        """
        if not isinstance(part, str) or part not in get_args(Part):
            raise RangeError(f"part must be one of {', '.join(get_args(Part))}, got {part!r}")
        test = combinations(self.test, dataset)(classes)
        if part == "test":
            return test
        validation = combinations(self.validation, dataset)(classes)
        return validation & ~test if part == "validation" else ~(validation | test)


def named_split(dataset: Dataset, name: str) -> Split:
    """The split of a data set that has this name.

    Raises:
        RangeError: there is none; the message says which there are.
        ExpressionError: the data set's own expression is none.

    Example:
        >>> from tasks.data.circles import Circles
        >>> named_split(Dataset(Circles()), "corner").test
        'x.value > 0.5 and y.value > 0.5'
    """
    if name not in dataset.splits:
        raise RangeError(f"the data set {dataset.name} has no split {name!r}; {choices(name, dataset.splits)}")
    found = dataset.splits[name]
    split = Split(found.validation, found.test)
    split.check(dataset)
    return split


def combinations(expression: str, dataset: Dataset) -> Callable[[Tensor], Tensor]:
    """The set of combinations that an expression describes.

    Args:
        expression: comparisons of the factors' classes, by the factors' names; of their values (`x.value`), of `tenth`, which is
            0 to 9 and cuts all combinations into ten equal parts, scattered evenly and the same everywhere, of the numbers that
            the data set gives a name (see `Dataset.number`), and of integers, among them the classes by their names.
            `==`, `!=`, `<`, `<=`, `>` and `>=` may be chained; `in` and `not in` want a tuple of classes; `and`, `or`, `not` and
            parentheses combine. An empty expression is the empty set. Classes that are the same observation are one, see
            `Dataset.distinct`. At most 10,000 characters, and parts within parts at most 50 deep.
        dataset: whose combinations they are.

    Returns:
        What tells of classes, integers [..., F], which are in the set, bool [...].

    Raises:
        ExpressionError: the expression is none of these; the message says where, and which names there are.
        DtypeError: the data set is none.

    Example:
        >>> from tasks.data.circles import Circles
        >>> combinations("x.value > 0.5 and y not in (0, 5)", Dataset(Circles()))(torch.tensor([[31, 5], [31, 1], [0, 1]]))
        tensor([False,  True, False])
    """
    _check_text(expression)
    if not isinstance(dataset, Dataset):
        raise DtypeError(f"dataset must be a tasks.data.Dataset, got {type(dataset).__name__}")
    member = _read(expression, dataset)

    def contains(classes: Tensor) -> Tensor:
        classes = dataset.distinct(classes)
        values = dict(zip(dataset.features, classes.unbind(-1), strict=True)) | {TENTH: _tenth(classes, dataset)}
        values |= {name: dataset.number(name, classes) for name in dataset.numbers}
        return member(values).expand(classes.shape[:-1]).clone()  # of constants alone there is one truth for all

    return contains


def _check_text(expression: str) -> None:
    if not isinstance(expression, str):
        raise ExpressionError(f"a set of combinations is an expression such as 'tenth == 0', got {expression!r}")


def _tenth(classes: Tensor, dataset: Dataset) -> Tensor:
    """A number from 0 to 9 for each combination [..., F], the same ones everywhere and for ever; neighbours part."""
    number = counted(classes, dataset.scattering)
    # A bijective mix of 31-bit integers: multiply, fold the high bits down, twice.
    for _ in range(2):
        number = (number * 0x45D9F3B) & 0x7FFFFFFF
        number = number ^ (number >> 15)
    return number % 10


_Values = dict[str, Tensor]
_Reads = Callable[[_Values], Tensor]

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


def _wrong(text: str, what: str, known: str = "") -> ExpressionError:
    """What to raise: what is wrong, and the names that there are."""
    shown = repr(text if len(text) <= LONGEST else f"{text[:_SHOWN]}...")
    return ExpressionError(f"the expression {shown} is not a set of combinations: {what}{known and f'; {known}'}")


@lru_cache(maxsize=256)
def _parsed(text: str) -> ast.expr | None:
    """The expression's tree; None of an empty one."""
    if not text.strip():
        return None
    if len(text) > LONGEST:
        raise _wrong(text, f"it has {len(text):,} characters, and at most {LONGEST:,} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise _wrong(text, f"{error.msg}; write it as in 'tenth == 0 or x < 8'") from error
    except (ValueError, MemoryError, RecursionError) as error:  # a null byte, a number of thousands of digits, too deep
        raise _wrong(text, "it is too long, or holds signs that no expression has") from error
    return tree


@lru_cache(maxsize=256)  # sampling asks for every batch
def _read(text: str, dataset: Dataset) -> _Reads:
    tree = _parsed(text)
    if tree is None:
        return lambda values: torch.zeros_like(values[TENTH], dtype=torch.bool)
    try:
        return _Reader(text, dataset).truth(tree)
    except RecursionError as error:
        raise _wrong(text, "it is too long, or holds signs that no expression has") from error


class _Reader:
    """From the parts of an expression to functions of the factors; whatever is not named here is refused, and nothing is run."""

    def __init__(self, text: str, dataset: Dataset) -> None:
        self.text, self.depth = text, 0
        self.factors = dict(zip(dataset.features, dataset.factors, strict=True))
        self.names = (*self.factors, *dataset.numbers, TENTH)
        self.constants: dict[str, int | None] = {}
        for factor in dataset.factors:
            for k, label in enumerate(factor.labels if factor.named else ()):
                # None where two factors have the name for classes of different numbers.
                self.constants[label] = k if self.constants.get(label, k) == k else None

    def wrong(self, what: str, name: str = "") -> ExpressionError:
        """What to raise: what is wrong, and the names that there are, the nearest to this one first."""
        return _wrong(self.text, what, choices(name, (*self.names, *self.constants)))

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
                raise self.wrong(f"{ast.unparse(node)!r} must be compared with something, as in '{self.names[0]} == 0'")
        raise self.wrong(f"{ast.unparse(node)!r} is neither a comparison nor and, or, not")

    def comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> _Reads:
        a = self.number(left)
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple):
                raise self.wrong(f"after 'in' comes a tuple of integers, such as (0, 5) or (3,), not {ast.unparse(right)!r}")
            allowed = torch.tensor([self.constant(element) for element in right.elts], dtype=torch.int64)
            wanted = isinstance(op, ast.In)
            return lambda values: torch.isin(a(values), allowed.to(values[TENTH].device)) == wanted
        if type(op) not in _COMPARISONS:
            raise self.wrong("'is' compares no numbers; use ==")
        compare, b = _COMPARISONS[type(op)], self.number(right)
        return lambda values: compare(a(values), b(values))

    def number(self, node: ast.expr) -> _Reads:
        """A factor's class or value, or a number."""
        match node:
            case ast.Name(id=name) if name in self.names:
                return lambda values: values[name]
            case ast.Attribute(value=ast.Name(id=name), attr="value") if name in self.factors:
                factor = self.factors[name]
                if factor.named:
                    raise self.wrong(f"the values of {name} are names; compare its classes, as in '{name} == {factor.labels[0]}'")
                table = torch.tensor([float(value) for value in factor.values], dtype=torch.float64)
                return lambda values: table.to(values[name].device)[values[name]]
            case ast.Attribute(value=ast.Name(id=name), attr="value") if name not in self.names:
                raise self.wrong(f"there is no {name!r}", name)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=float() as number)):
                constant = torch.tensor(-number, dtype=torch.float64)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as operand):
                constant = torch.tensor(-self.constant(operand))
            case ast.Constant(value=float() as number):
                constant = torch.tensor(number, dtype=torch.float64)
            case _:
                constant = torch.tensor(self.constant(node))
        return lambda values: constant.to(values[TENTH].device)

    def constant(self, node: ast.expr) -> int:
        """An integer, or the name of a class."""
        match node:
            case ast.Name(id=name) if name in self.names:
                raise self.wrong(f"{name!r} must not stand in a tuple, which holds integers")
            case ast.Name(id=name) if name in self.constants:
                found = self.constants[name]
                if found is None:
                    raise self.wrong(f"{name!r} is the name of classes of several factors; give the number of the class")
                return found
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
