"""The names of a memory: an order, the place of each, and room for more without copying those that are there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


class Symbols(Sequence[str]):
    """Names in order, each once, as they are at one moment; names that are added make another one, and this one stays.

    Both share their lists. Adding one name takes the same time however many there are.

    Args:
        names: in order, each once.

    Example:
        >>> before = Symbols(["heart", "square"])
        >>> after = before.plus(["ellipse"])
        >>> list(before), list(after), after.place("ellipse"), before.place("ellipse")
        (['heart', 'square'], ['heart', 'square', 'ellipse'], 2, None)
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = list(names)
        self._places = {name: i for i, name in enumerate(self._names)}
        self._count = len(self._names)
        self._tuple: tuple[str, ...] | None = None

    def plus(self, names: list[str]) -> Symbols:
        """These names and more of them, which it does not have yet. One thread at a time may call it."""
        whole = self if len(self._names) == self._count else Symbols(self)  # others may have been added to these already
        more = Symbols()
        more._names, more._places, more._count = whole._names, whole._places, whole._count + len(names)
        more._places.update(zip(names, range(whole._count, more._count), strict=True))
        more._names.extend(names)
        return more

    def place(self, name: Any) -> int | None:
        """Where a name stands; None if it is not there."""
        place = self._places.get(name)
        return place if place is not None and place < self._count else None

    def as_tuple(self) -> tuple[str, ...]:
        """All names; made when it is first asked for."""
        if self._tuple is None:
            self._tuple = tuple(self._names[: self._count])
        return self._tuple

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        return self._names[place] if type(place) is int and 0 <= place < self._count else self.as_tuple()[place]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.place(name) is not None

    def __reduce__(self) -> tuple[type, tuple[tuple[str, ...]]]:
        return Symbols, (self.as_tuple(),)
