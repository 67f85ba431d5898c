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

What is a VSAError is what the caller can put right: a wrong argument, a file, a device that is not there, more than memory holds,
a dtype that torch does not implement on a device. Anything else stays what it is, because a bug must not look like the caller's
mistake: an error of a plugin, of torch itself (in a transform, in autograd, under compile or vmap), or of ours. So does
torch.OutOfMemoryError, that an accelerator's memory ran out, for those who then try smaller batches.
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
    """The end of a message about an unknown name: the nearest known ones, whatever their case, then all of them if they are few.

    >>> choices("shpe", ["shape", "scale"])
    "did you mean 'shape'? There are: shape, scale"
    >>> choices("colour", ["shape", "scale"])
    'there are: shape, scale'
    """
    known = list(known)
    near = nearest(str(name), known)
    listed = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "") or "none"
    return f"did you mean {' or '.join(map(repr, near))}? There are: {listed}" if near else f"there are: {listed}"


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The names, three at most, that are most like this one, whatever their case.

    >>> nearest("hrr", ["MAP", "HRR"])
    ['HRR']
    """
    folded: dict[str, list[str]] = {}
    for one in known:
        folded.setdefault(one.casefold(), []).append(one)
    near = get_close_matches(name.casefold(), folded, n=3)
    return [one for key in near for one in folded[key]][:3]
