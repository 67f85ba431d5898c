"""Record: roles and their fillers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from vsa.memory import ItemMemory
from vsa.structures.base import Names, Source, Structure

if TYPE_CHECKING:
    from jaxtyping import Shaped


class Record(Structure):
    """Roles and their fillers: the bundle of bind(filler, role).

    Args, attributes and errors are those of `Structure`; of two memories, the first has the names of roles, the second those of
    fillers.

    Source: Plate, "Holographic reduced representations", 1995; Kanerva, "Binary spatter-coding of ordered K-tuples", 1996.

    Example:
        >>> from vsa import ItemMemory
        >>> roles = ItemMemory(["shape", "size"], dim=1024, algebra="HRR")
        >>> fillers = ItemMemory(["heart", "square", "big", "small"], dim=1024, algebra="HRR")
        >>> record = Record([roles, fillers]).set("shape", "heart").set("size", "small")
        >>> fillers.cleanup(record.get("shape")).names
        ['heart']
        >>> changed = record.replace("shape", "square")
        >>> fillers.cleanup(changed.get(["shape", "size"])).names
        [['square'], ['small']]
        >>> by_hand = Record("HRR").set(roles["shape"], fillers["heart"]).set(roles["size"], fillers["small"])
        >>> torch.equal(by_hand.vector, record.vector)
        True
    """

    _first = "record.set(role, filler)"
    _kinds = ("roles", "fillers")

    @classmethod
    def of(
        cls,
        roles: Shaped[Tensor, "*batch_roles dim"] | Names,
        fillers: Shaped[Tensor, "*batch_fillers dim"] | Names,
        *,
        algebra: Source = "MAP",
    ) -> Record:
        """The record of many roles at once.

        Args:
            roles: [*batch, n, dim], with n at least 1; one stack [n, dim] serves a whole batch.
            fillers: [*batch, n, dim].
            algebra: as in `Structure`; names need their memories.

        Raises:
            ShapeError, DtypeError: they are not vectors of this algebra, do not fit each other, or are not stacks.

        Example:
            >>> from vsa import ItemMemory
            >>> roles, fillers = ItemMemory(["shape", "size"]), ItemMemory(["heart", "square", "big", "small"])
            >>> record = Record.of(roles.vectors, fillers[["square", "big"]])
            >>> fillers.cleanup(record.get(roles["size"])).names
            ['big']
            >>> len(Record.of(["shape", "size"], ["square", "big"], algebra=[roles, fillers]))
            2
        """
        made = cls(algebra)
        return made._plus_all(made._pair(roles, fillers))

    def set(self, role: Shaped[Tensor, "*batch_role dim"] | Names, filler: Shaped[Tensor, "*batch_filler dim"] | Names) -> Record:
        """With this filler for a role that has none; where it has one, it then has both, and ``replace`` is what you want.

        Args:
            role: [*batch, dim].
            filler: [*batch, dim]; both broadcast, and against the batch of the record.

        Raises:
            ShapeError, DtypeError: they are not vectors of this algebra, or do not fit each other or what is there.
        """
        return self._plus(self._sum(self._pair(role, filler)))

    def get(self, role: Shaped[Tensor, "*batch_role dim"] | Names) -> Shaped[Tensor, "*batch dim"]:
        """The filler of a role, with the noise of the other entries; of a role that has none, noise alone.

        Args:
            role: [*batch_role, dim]; broadcasts.

        Returns:
            [*batch, dim]. The score of its cleanup says how sure it is.

        Raises:
            ShapeError, DtypeError: the role is not a vector like those that are there, or the record is empty.
        """
        return self.algebra.unbind(self.vector, self._named("roles", role))

    def roles_of(self, filler: Shaped[Tensor, "*batch_filler dim"] | Names) -> Shaped[Tensor, "*batch dim"]:
        """The role of a filler, or the bundle of its roles, with the noise of the other entries.

        Args:
            filler: [*batch_filler, dim]; broadcasts.

        Returns:
            [*batch, dim].

        Raises:
            ShapeError, DtypeError: as in ``get``.
        """
        return self.algebra.unbind(self.vector, self._named("fillers", filler), side="left")

    def replace(
        self,
        role: Shaped[Tensor, "*batch_role dim"] | Names,
        new: Shaped[Tensor, "*batch_new dim"] | Names,
        memory: ItemMemory | None = None,
    ) -> Record:
        """With a new filler for a role, whatever the old one was; each row of a batch may have had its own.

        Args:
            role: [*batch, dim], of a role that has a filler.
            new: [*batch, dim].
            memory: the symbols among which the old filler is found by cleanup; the record's own fillers if there is none.

        Raises:
            ShapeError, DtypeError: as in ``set``, or the record is empty.
            AlgebraError: the memory is of another algebra.
        """
        return self.remove(role, memory).set(role, new)

    def remove(self, role: Shaped[Tensor, "*batch_role dim"] | Names, memory: ItemMemory | None = None) -> Record:
        """Without the filler of a role, whatever it was.

        Args:
            role: [*batch, dim], of a role that has a filler; of another, the symbol that the noise is most like is removed.
            memory: the symbols among which the filler is found by cleanup; the record's own fillers if there is none.

        Raises:
            ShapeError, DtypeError, AlgebraError: as in ``replace``.
        """
        return self._minus(self._sum(self._pair(role, self._cleaned("fillers", self.get(role), memory))))

    def _pair(self, role: Tensor | Names, filler: Tensor | Names) -> Tensor:
        return self.algebra.bind(self._named("fillers", filler), self._named("roles", role))
