"""Graph: edges between nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from vsa.algebras.checks import check_flags, explaining, readable
from vsa.errors import RangeError
from vsa.structures.base import Names, Source, Structure, permuted

if TYPE_CHECKING:
    from jaxtyping import Float, Num, Shaped


class Graph(Structure):
    """Edges between nodes: the bundle of bind(target, permute(source)).

    Where edges have no direction and binding commutes, an edge is the plain product bind(target, source), which is the same
    in both directions: half as much noise as two products, and so twice as many edges in a vector.

    Args:
        algebra, vector, length: as in `Structure`.
        directed: an edge goes from its source to its target alone. If False, it goes both ways.

    Source: Gayler, Levy, "A distributed basis for analogical mapping", New Frontiers in Analogy Research, 2009; Kleyko et al.,
    "Vector symbolic architectures as a computing framework for emerging hardware", Proceedings of the IEEE 110 (10), 2022.

    Example:
        >>> from vsa import ItemMemory
        >>> towns = ItemMemory(["Oslo", "Rome", "Paris", "Bonn"], dim=1024)
        >>> flights = Graph(towns).add_edge("Oslo", "Rome").add_edge("Rome", "Paris")
        >>> towns.cleanup(flights.targets("Rome")).names, towns.cleanup(flights.sources(towns["Rome"])).names
        (['Paris'], ['Oslo'])
        >>> flights.count("Oslo", "Rome").round(), flights.count("Rome", "Oslo").round().abs()
        (tensor(1.), tensor(0.))
    """

    directed: bool
    _first = "graph.add_edge(source, target)"
    _settings = ("directed",)

    def __init__(
        self,
        algebra: Source = "MAP",
        *,
        directed: bool = True,
        vector: Shaped[Tensor, "*batch dim"] | None = None,
        length: int | None = None,
    ) -> None:
        check_flags("Graph", directed=directed)
        super().__init__(algebra, vector=vector, length=length)
        vars(self).update(directed=directed)

    @classmethod
    def of(
        cls,
        sources: Shaped[Tensor, "*batch_sources dim"] | Names,
        targets: Shaped[Tensor, "*batch_targets dim"] | Names,
        *,
        directed: bool = True,
        algebra: Source = "MAP",
    ) -> Graph:
        """The graph of many edges at once.

        Args:
            sources: [*batch, n, dim], with n at least 1.
            targets: [*batch, n, dim].
            directed: as in the class.
            algebra: as in `Structure`; names need their memories.

        Raises:
            ShapeError, DtypeError: they are not vectors of this algebra, do not fit each other, or are not stacks.
            RangeError: an edge is a loop where there can be none, as in ``add_edge``.

        Example:
            >>> from vsa import ItemMemory
            >>> towns = ItemMemory(["Oslo", "Rome", "Paris", "Bonn"], dim=1024)
            >>> roads = Graph.of(["Rome", "Paris"], ["Paris", "Bonn"], directed=False, algebra=towns)
            >>> sorted(towns.cleanup(roads.targets("Paris"), k=2).names)
            ['Bonn', 'Rome']
        """
        made = cls(algebra, directed=directed)
        edges = made._edge(sources, targets)
        return made._plus(made.algebra.relaxation.bundle(edges), edges.shape[-2])

    def add_edge(
        self, source: Shaped[Tensor, "*batch_source dim"] | Names, target: Shaped[Tensor, "*batch_target dim"] | Names
    ) -> Graph:
        """With one more edge.

        Args:
            source: [*batch, dim].
            target: [*batch, dim]; both broadcast, and against the batch of the graph.

        Raises:
            ShapeError, DtypeError: they are not vectors of this algebra, or do not fit each other or what is there.
            RangeError: the edge leads from a node to itself, has no direction, and a vector bound with itself is the identity,
                as in MAP and BSC. It is not looked for where this is compiled or vmapped.
        """
        return self._plus(self._edge(source, target))

    def remove_edge(
        self, source: Shaped[Tensor, "*batch_source dim"] | Names, target: Shaped[Tensor, "*batch_target dim"] | Names
    ) -> Graph:
        """With one edge less; what was not there is there -1 times.

        Args:
            source: [*batch, dim].
            target: [*batch, dim].

        Raises:
            ShapeError, DtypeError, RangeError: as in ``add_edge``, or the graph is empty.
        """
        return self._minus(self._edge(source, target))

    def targets(self, source: Shaped[Tensor, "*batch_source dim"] | Names) -> Shaped[Tensor, "*batch dim"]:
        """Where edges from this node lead: the bundle of those nodes, with the noise of the other edges.

        Args:
            source: [*batch_source, dim]; broadcasts.

        Returns:
            [*batch, dim]; ``cleanup`` with k shows the k most likely.

        Raises:
            ShapeError, DtypeError: it is not a vector like those that are there, or the graph is empty.
        """
        return self.algebra.unbind(self.vector, self._from(source))

    def sources(self, target: Shaped[Tensor, "*batch_target dim"] | Names) -> Shaped[Tensor, "*batch dim"]:
        """Where edges to this node come from: the bundle of those nodes, with the noise of the other edges.

        Args:
            target: [*batch_target, dim]; broadcasts.

        Returns:
            [*batch, dim]; ``cleanup`` with k shows the k most likely.

        Raises:
            ShapeError, DtypeError: as in ``targets``.
        """
        if not self.directed:
            return self.targets(target)
        return permuted(self.algebra, self.algebra.unbind(self.vector, self._named("symbols", target), side="left"), -1)

    def count(
        self, source: Shaped[Tensor, "*batch_source dim"] | Names, target: Shaped[Tensor, "*batch_target dim"] | Names
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
        return self._count(self._arrow(source, target))

    @property
    def _symmetric(self) -> bool:
        """Whether one product is an edge in both directions."""
        return not self.directed and self.algebra.laws.commutative

    def _from(self, source: Tensor | Names) -> Tensor:
        """The key with which the targets of a source are bound."""
        source = self._named("symbols", source)
        return source if self._symmetric else self._key(source)

    def _arrow(self, source: Tensor | Names, target: Tensor | Names) -> Tensor:
        """One product: an edge, or one direction of it."""
        return self.algebra.bind(self._named("symbols", target), self._from(source))

    def _edge(self, source: Tensor | Names, target: Tensor | Names) -> Num[Tensor, "*batch sum_dim"]:
        source, target = self._named("symbols", source), self._named("symbols", target)
        edge = self._sum(self._arrow(source, target))
        with explaining("Graph", self.algebra.name, source, target):
            if self._symmetric and self.algebra.laws.self_inverse and readable(edge) and bool((source == target).all(-1).any()):
                raise RangeError(
                    f"Graph: an edge without direction cannot lead from a node to itself in {self.algebra.name}, where a node "
                    "bound with itself is the identity, whichever it is; use directed=True, and add the other edges both ways"
                )
            return edge if self.directed or self._symmetric else edge + self._sum(self._arrow(target, source))
