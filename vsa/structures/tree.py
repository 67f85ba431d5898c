"""Tree: values at the ends of paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from vsa.errors import DtypeError
from vsa.memory import ItemMemory
from vsa.structures.base import Names, Structure, memories_of

if TYPE_CHECKING:
    from jaxtyping import Shaped


class Tree(Structure):
    """Values at paths from the root: the bundle of bind(value, key of the path), where step i of a path is permuted i + 1 times.

    A path is the names of its branches, such as "LRL" where each has one letter, or ["left", "right"]; the empty path is the
    root. A value may stand at an inner node as well as at a leaf.

    Args:
        branches: the names of the branches, and their vectors. They are the tree's own: let no value be one of them. A list of
            two memories has the names of values too.
        vector, length: as in `Structure`.

    Attributes:
        branches: the memory of the branches.
        algebra: that of the branches. Where its keys unbind with noise, as in HRR and VTB, each step of a path adds some;
            branches of ``get_algebra("HRR", unitary=True)`` add none.

    Raises:
        DtypeError: branches is not an ItemMemory.

    Source: Frady, Kent, Olshausen, Sommer, "Resonator networks, 1", Neural Computation 32 (12), 2020.

    Example:
        >>> branches, values = ItemMemory(["L", "R"], dim=1024), ItemMemory(["oak", "elm", "ash"], dim=1024)
        >>> tree = Tree([branches, values]).set("LRL", "oak").set("RL", values["elm"]).set("", "ash")
        >>> [values.cleanup(tree.get(path)).names for path in ("LRL", "RL", "")]
        [['oak'], ['elm'], ['ash']]
        >>> values.cleanup(tree.replace("RL", "oak").get("RL")).names
        ['oak']
    """

    _first = "tree.set(path, value)"
    _kinds = ("branches", "values")

    def __init__(
        self,
        branches: ItemMemory | Sequence[ItemMemory],
        *,
        vector: Shaped[Tensor, "*batch dim"] | None = None,
        length: int | None = None,
    ) -> None:
        if not memories_of(branches):
            raise DtypeError(f'Tree: branches is an ItemMemory, such as ItemMemory(["L", "R"]); got {type(branches).__name__}')
        super().__init__(branches, vector=vector, length=length)

    @property
    def branches(self) -> ItemMemory:
        return self.memories[0]

    def set(self, path: Sequence[str], value: Shaped[Tensor, "*batch dim"] | Names) -> Tree:
        """With this value at a path that has none; where it has one, it then has both, and ``replace`` is what you want.

        Args:
            path: names of branches, from the root.
            value: [*batch, dim]; its batch broadcasts against that of the tree.

        Raises:
            SymbolError: the path has a branch that is not among ``branches``.
            ShapeError, DtypeError: the value is not a vector of this algebra, or does not fit the branches or what is there.
        """
        return self._plus(self._sum(self._at(path, value)))

    def get(self, path: Sequence[str]) -> Shaped[Tensor, "*batch dim"]:
        """The value at a path, with the noise of the other values; where there is none, noise alone.

        Args:
            path: names of branches, from the root.

        Returns:
            [*batch, dim].

        Raises:
            SymbolError: the path has a branch that is not among ``branches``.
            ShapeError: the tree is empty.
        """
        steps = self._steps(path)
        return self.algebra.unbind(self.vector, self._key(*steps)) if steps else self.vector

    def replace(self, path: Sequence[str], new: Shaped[Tensor, "*batch dim"] | Names, memory: ItemMemory | None = None) -> Tree:
        """With a new value at a path, whatever the old one was; each row of a batch may have had its own.

        Args:
            path: names of branches, from the root, where there is a value.
            new: [*batch, dim].
            memory: the symbols among which the old value is found by cleanup; the tree's own values if there is none.

        Raises:
            SymbolError, ShapeError, DtypeError: as in ``set``, or the tree is empty.
            AlgebraError: the memory is of another algebra.
        """
        return self.remove(path, memory).set(path, new)

    def remove(self, path: Sequence[str], memory: ItemMemory | None = None) -> Tree:
        """Without the value at a path, whatever it was.

        Args:
            path: names of branches, from the root, where there is a value; elsewhere, the symbol that the noise is most like is
                removed.
            memory: the symbols among which the value is found by cleanup; the tree's own values if there is none.

        Raises:
            SymbolError, ShapeError, DtypeError, AlgebraError: as in ``replace``.
        """
        return self._minus(self._sum(self._at(path, self._cleaned("values", self.get(path), memory))))

    def _at(self, path: Sequence[str], value: Tensor | Names) -> Tensor:
        steps, value = self._steps(path), self._named("values", value)
        return self.algebra.bind(value, self._key(*steps)) if steps else value

    def _steps(self, path: Sequence[str]) -> list[Tensor]:
        if not isinstance(path, (str, list, tuple)):
            raise DtypeError(f'Tree: a path is the names of branches, such as "LRL" or ["left", "right"]; got {path!r}')
        return [self._like_contents(self.branches[name]) for name in path]
