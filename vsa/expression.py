"""Expressions over names: "shape * heart + scale * ~big", read into one vector."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn, Protocol, runtime_checkable

import torch
from torch import Tensor

from vsa.algebra import Algebra
from vsa.errors import ExpressionError

if TYPE_CHECKING:
    from jaxtyping import Shaped

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[^\W\d]\w*)|(?P<quote>'[^']*'|"[^"]*")"""
    r"""|(?P<sign>\*\*|>>|<<|[-+*~()]))"""
)


@runtime_checkable
class Vectors(Protocol):
    """What looks names up."""

    def __getitem__(self, names: str) -> Tensor: ...


def evaluate(text: str, algebra: Algebra, vectors: Vectors) -> Shaped[Tensor, " dim"]:
    """The vector of an expression.

    Args:
        text: names, ``*`` (bind), ``+`` and ``-`` (bundle), ``~`` (inverse), ``** number`` (power), ``>> n`` and ``<< n``
            (permute), parentheses, and numbers as weights. Of a product the key comes first: where only a key on the right can
            be undone, as in VTB, ``role * filler`` is bind(filler, role).
        algebra: an algebra.
        vectors: what looks names up.

    Returns:
        [dim].

    Raises:
        ExpressionError: the text is not an expression.
        DtypeError: the text is no string.

    Example:
        >>> from vsa import MAP
        >>> evaluate("2 * a - b * c", MAP, {"a": torch.ones(2), "b": torch.ones(2), "c": torch.tensor([3.0, 4.0])})
        tensor([-1., -2.])
    """
    if not isinstance(text, str):
        raise ExpressionError(f"parse: an expression is a string, got {type(text).__name__}")
    try:
        return _Parser(text, algebra, vectors).whole()
    except RecursionError as error:
        raise ExpressionError("parse: the expression is nested too deeply; name its parts, and parse them one by one") from error


class _Parser:
    """Reads from left to right, one method for each rule of the grammar:

    sum = ["-"] product {("+" | "-") product};  product = part {"*" part};  part = "~" part | atom {"**" number | ">>" n | "<<" n}
    """

    def __init__(self, text: str, algebra: Algebra, vectors: Vectors) -> None:
        self.text, self.algebra, self.vectors = text, algebra, vectors
        self.tokens: list[tuple[str, str, int]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                self.fail("this sign has no meaning here", at + len(text[at:]) - len(text[at:].lstrip()))
            kind = str(match.lastgroup)
            self.tokens.append((kind, match[kind], match.start(kind)))
            at = match.end()
        self.next = 0

    def whole(self) -> Tensor:
        vector = self.sum()
        if self.next < len(self.tokens):
            self.fail("the expression should have ended")
        return vector

    def sum(self) -> Tensor:
        weights, terms = [], []
        sign = self.take("-") or "+"
        while sign:
            weight, term = self.product()
            weights.append(-weight if sign == "-" else weight)
            terms.append(term)
            sign = self.take("+") or self.take("-")
        if weights == [1.0]:
            return terms[0]
        stack = torch.stack(terms)
        if all(weight == 1 for weight in weights):
            return self.algebra.bundle(stack)
        whole = all(weight.is_integer() and abs(weight) < 2**53 for weight in weights)
        dtype = torch.int64 if whole and not stack.is_floating_point() else torch.float64
        return self.algebra.bundle(stack, weights=torch.tensor(weights, device=stack.device).to(dtype))

    def product(self) -> tuple[float, Tensor]:
        weight, vector, start = 1.0, None, self.place()
        while True:
            if (number := self.take("number")) is not None:
                weight *= float(number)
            else:
                part = self.part()
                vector = part if vector is None else self.bound(vector, part)
            if not self.take("*"):
                break
        if vector is None:
            self.fail("a number is the weight of a vector: write 2 * name", start)
        return weight, vector

    def bound(self, key: Tensor, value: Tensor) -> Tensor:
        return self.algebra.bind(value, key) if self.algebra.laws.key_side == "right" else self.algebra.bind(key, value)

    def part(self) -> Tensor:
        if self.take("~"):
            return self.algebra.inverse(self.part())
        vector = self.atom()
        while operator := self.take("**") or self.take(">>") or self.take("<<"):
            negative, start = self.take("-"), self.place()
            number = self.take("number")
            if number is None or (operator != "**" and not number.isdigit()):
                self.fail(f"{operator} needs a {'number' if operator == '**' else 'whole number'} after it", start)
            if operator != "**" and len(number) > 18:
                self.fail("nothing is shifted so far", start)
            value = float(number) if operator == "**" else int(number)
            value = -value if negative else value
            if operator == "**":
                vector = self.algebra.power(vector, value)
            else:
                vector = self.algebra.permute(vector, int(value if operator == ">>" else -value))
        return vector

    def atom(self) -> Tensor:
        if self.take("("):
            vector = self.sum()
            if not self.take(")"):
                self.fail("a closing parenthesis is missing")
            return vector
        if (name := self.take("name")) is not None:
            return self.vectors[name]
        if (quoted := self.take("quote")) is None:
            self.fail("a name is missing")
        return self.vectors[quoted[1:-1]]

    def take(self, wanted: str) -> str | None:
        """The next token, if it is of this kind, or is this sign."""
        if self.next < len(self.tokens):
            kind, token, _ = self.tokens[self.next]
            if wanted in (kind, token) and (kind == "sign") == (wanted not in ("number", "name", "quote")):
                self.next += 1
                return token
        return None

    def place(self) -> int:
        return self.tokens[self.next][2] if self.next < len(self.tokens) else len(self.text)

    def fail(self, reason: str, at: int | None = None) -> NoReturn:
        at = self.place() if at is None else at
        raise ExpressionError(f"parse: {reason}, at place {at}:\n  {self.text}\n  {' ' * at}^")
