"""Graph: edges between nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from vsa.algebra import Algebra
from vsa.algebras.checks import explaining
from vsa.structures.base import Structure, permuted

if TYPE_CHECKING:
    from jaxtyping import Float, Num, Shaped


class Graph(Structure):
    """Edges between nodes: the bundle of bind(target, permute(source)).

    Args:
        algebra, vector: as in `Structure`.
        directed: an edge goes from its source to its target alone. If False, each edge is there in both directions, and a loop
            twice.

    Source: Gayler, Levy, "A distributed basis for analogical mapping", New Frontiers in Analogy Research, 2009; Kleyko et al.,
    "Vector symbolic architectures as a computing framework for emerging hardware", Proceedings of the IEEE 110 (10), 2022.

    Example:
        >>> from vsa import ItemMemory
        >>> towns = ItemMemory(["Oslo", "Rome", "Paris", "Bonn"], dim=1024)
        >>> flights = Graph().add_edge(towns["Oslo"], towns["Rome"]).add_edge(towns["Rome"], towns["Paris"])
        >>> towns.cleanup(flights.targets(towns["Rome"])).names, towns.cleanup(flights.sources(towns["Rome"])).names
        (['Paris'], ['Oslo'])
        >>> flights.count(towns["Oslo"], towns["Rome"]).round(), flights.count(towns["Rome"], towns["Oslo"]).round().abs()
        (tensor(1.), tensor(0.))
    """

    directed: bool
    _first = "graph.add_edge(source, target)"

    def __init__(
        self, algebra: str | Algebra = "MAP", *, directed: bool = True, vector: Shaped[Tensor, "*batch dim"] | None = None
    ) -> None:
        super().__init__(algebra, vector=vector)
        vars(self).update(directed=directed)

    @classmethod
    def of(
        cls,
        sources: Shaped[Tensor, "*batch_sources dim"],
        targets: Shaped[Tensor, "*batch_targets dim"],
        *,
        directed: bool = True,
        algebra: str | Algebra = "MAP",
    ) -> Graph:
        """The graph of many edges at once.

        Args:
            sources: [*batch, n, dim], with n at least 1.
            targets: [*batch, n, dim].
            directed: as in the class.
            algebra: a name or an algebra.

        Raises:
            ShapeError, DtypeError: they are not vectors of this algebra, do not fit each other, or are not stacks.

        Example:
            >>> from vsa import ItemMemory
            >>> towns = ItemMemory(["Oslo", "Rome", "Paris", "Bonn"], dim=1024)
            >>> roads = Graph.of(towns[["Rome", "Paris"]], towns[["Paris", "Bonn"]], directed=False)
            >>> sorted(towns.cleanup(roads.targets(towns["Paris"]), k=2).names)
            ['Bonn', 'Rome']
        """
        made = cls(algebra, directed=directed)
        return made._plus(made.algebra.relaxation.bundle(made._edge(sources, targets)))

    def add_edge(self, source: Shaped[Tensor, "*batch_source dim"], target: Shaped[Tensor, "*batch_target dim"]) -> Graph:
        """With one more edge.

        Args:
            source: [*batch, dim].
            target: [*batch, dim]; both broadcast, and against the batch of the graph.

        Raises:
            ShapeError, DtypeError: they are not vectors of this algebra, or do not fit each other or what is there.
        """
        return self._plus(self._edge(source, target))

    def remove_edge(self, source: Shaped[Tensor, "*batch_source dim"], target: Shaped[Tensor, "*batch_target dim"]) -> Graph:
        """With one edge less; what was not there is there -1 times.

        Args:
            source: [*batch, dim].
            target: [*batch, dim].

        Raises:
            ShapeError, DtypeError: as in ``add_edge``, or the graph is empty.
        """
        return self._minus(self._edge(source, target))

    def targets(self, source: Shaped[Tensor, "*batch_source dim"]) -> Shaped[Tensor, "*batch dim"]:
        """Where edges from this node lead: the bundle of those nodes, with the noise of the other edges.

        Args:
            source: [*batch_source, dim]; broadcasts.

        Returns:
            [*batch, dim]; ``cleanup`` with k shows the k most likely.

        Raises:
            ShapeError, DtypeError: it is not a vector like those that are there, or the graph is empty.
        """
        return self.algebra.unbind(self.vector, self._key(source))

    def sources(self, target: Shaped[Tensor, "*batch_target dim"]) -> Shaped[Tensor, "*batch dim"]:
        """Where edges to this node come from: the bundle of those nodes, with the noise of the other edges.

        Args:
            target: [*batch_target, dim]; broadcasts.

        Returns:
            [*batch, dim]; ``cleanup`` with k shows the k most likely.

        Raises:
            ShapeError, DtypeError: as in ``targets``.
        """
        return permuted(self.algebra, self.algebra.unbind(self.vector, target, side="left"), -1)

    def count(
        self, source: Shaped[Tensor, "*batch_source dim"], target: Shaped[Tensor, "*batch_target dim"]
    ) -> Float[Tensor, "*batch"]:
        """How many edges lead from source to target, as far as the noise of the others lets it be seen.

        Args:
            source: [*batch_source, dim].
            target: [*batch_target, dim]; both broadcast.

        Returns:
            [*batch], real; see `Multiset.count` for its noise.

        Raises:
            ShapeError, DtypeError: as in ``targets``.
        """
        return self._count(self.algebra.bind(target, self._key(source)))

    def _edge(self, source: Tensor, target: Tensor) -> Num[Tensor, "*batch sum_dim"]:
        edge = self._sum(self.algebra.bind(target, self._key(source)))
        if self.directed:
            return edge
        with explaining("Graph", self.algebra.name, source, target):
            return edge + self._sum(self.algebra.bind(source, self._key(target)))
