"""The errors of the project, all of them kinds of VSAError.

VSAError
├── ShapeError          a tensor's shape or dimension does not fit          (also a ValueError)
├── DtypeError          an argument's type or dtype does not fit            (also a TypeError)
├── RangeError          a value lies outside what is allowed                (also a ValueError)
├── AlgebraError        an algebra is unknown, or two algebras are mixed    (also a ValueError)
├── SymbolError         a name is not in the memory, or is there twice      (also a KeyError)
├── PluginError         an encoder, decoder or task is unknown or clashes   (also a LookupError)
├── MissingExtraError   a package is not installed, or two do not match     (also an ImportError)
├── ExpressionError     a text is not an expression over names              (also a ValueError)
├── InputError          a file cannot be read, or is not what it should be  (also an OSError)
├── OutputError         a file or folder cannot be written                  (also an OSError)
└── TrainingError       a training cannot go on: NaN, or no memory          (also a RuntimeError)

Each message says what was wrong, where, and what would be right. The second base is the class that Python itself would have
raised, so that code which knows nothing of this package can still catch it.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class VSAError(Exception):
    """The base of every error that this project raises."""

    def __str__(self) -> str:  # KeyError and ImportError would quote or drop the message
        return str(self.args[0]) if self.args else ""


class ShapeError(VSAError, ValueError):
    """A tensor's shape or dimension does not fit."""


class DtypeError(VSAError, TypeError):
    """An argument's type or dtype does not fit."""


class RangeError(VSAError, ValueError):
    """A value lies outside what is allowed."""


class AlgebraError(VSAError, ValueError):
    """An algebra is unknown, or two algebras are mixed."""


class SymbolError(VSAError, KeyError):
    """A name is not in the memory, or is there twice."""


class PluginError(VSAError, LookupError):
    """An encoder, decoder or task is unknown, cannot be imported, or clashes with another."""


class MissingExtraError(VSAError, ImportError):
    """A package is not installed, or two installed packages do not match."""


class ExpressionError(VSAError, ValueError):
    """A text is not an expression over names."""


class InputError(VSAError, OSError):
    """A file cannot be read, or is not what it should be."""


class OutputError(VSAError, OSError):
    """A file or folder cannot be written."""


class TrainingError(VSAError, RuntimeError):
    """A training cannot go on: its loss is no longer a number, or memory ran out."""


def choices(name: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known ones, then all of them if they are few.

    >>> choices("shpe", ["shape", "scale"])
    "did you mean 'shape'? There are: shape, scale"
    """
    known = list(known)
    near = get_close_matches(str(name), known, n=3)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    listed = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
    return f"{hint}There are: {listed or 'none'}"
