"""FiniteStateAutomaton: transitions between states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from vsa.memory import ItemMemory
from vsa.structures.base import Names, Source, Structure, permuted

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped


class FiniteStateAutomaton(Structure):
    """Transitions between states: the bundle of bind(next state, key), the key being the state permuted once, bound with the
    symbol permuted twice.

    Args, attributes and errors are those of `Structure`; of two memories, the first has the names of states, the second those of
    symbols.

    Source: Osipov, Kleyko, Legalov, "Associative synthesis of finite state automata model of a controlled object with
    hyperdimensional computing", IECON 2017.

    Example:
        >>> from vsa import ItemMemory
        >>> states, symbols = ItemMemory(["locked", "open"], dim=1024), ItemMemory(["push", "coin"], dim=1024)
        >>> turnstile = FiniteStateAutomaton.of(
        ...     ["locked", "locked", "open", "open"],
        ...     ["push", "coin", "push", "coin"],
        ...     ["locked", "open", "locked", "open"],
        ...     algebra=[states, symbols],
        ... )
        >>> states.cleanup(turnstile.step("locked", "coin")).names
        ['open']
        >>> states.cleanup(turnstile.run("locked", ["coin", "coin", "push"])).names
        ['locked']
    """

    _first = "automaton.add(state, symbol, next_state)"
    _kinds = ("states", "symbols")

    @classmethod
    def of(
        cls,
        states: Shaped[Tensor, "*batch_states dim"] | Names,
        symbols: Shaped[Tensor, "*batch_symbols dim"] | Names,
        next_states: Shaped[Tensor, "*batch_next dim"] | Names,
        *,
        algebra: Source = "MAP",
    ) -> FiniteStateAutomaton:
        """The automaton of many transitions at once.

        Args:
            states: [*batch, n, dim], with n at least 1.
            symbols: [*batch, n, dim].
            next_states: [*batch, n, dim].
            algebra: as in `Structure`; names need their memories.

        Raises:
            ShapeError, DtypeError: they are not vectors of this algebra, do not fit each other, or are not stacks.
        """
        made = cls(algebra)
        return made._plus_all(made._transition(states, symbols, next_states))

    def add(
        self,
        state: Shaped[Tensor, "*batch_state dim"] | Names,
        symbol: Shaped[Tensor, "*batch_symbol dim"] | Names,
        next_state: Shaped[Tensor, "*batch_next dim"] | Names,
    ) -> FiniteStateAutomaton:
        """With one more transition: in this state, this symbol leads to the next state.

        Args:
            state: [*batch, dim].
            symbol: [*batch, dim].
            next_state: [*batch, dim]; all broadcast, and against the batch of the automaton.

        Raises:
            ShapeError, DtypeError: they are not vectors of this algebra, or do not fit each other or what is there.
        """
        return self._plus(self._sum(self._transition(state, symbol, next_state)))

    def remove(
        self,
        state: Shaped[Tensor, "*batch_state dim"] | Names,
        symbol: Shaped[Tensor, "*batch_symbol dim"] | Names,
        next_state: Shaped[Tensor, "*batch_next dim"] | Names,
    ) -> FiniteStateAutomaton:
        """With one transition less; what was not there is there -1 times.

        Args:
            state, symbol, next_state: [*batch, dim].

        Raises:
            ShapeError, DtypeError: as in ``add``, or the automaton is empty.
        """
        return self._minus(self._sum(self._transition(state, symbol, next_state)))

    def step(
        self, state: Shaped[Tensor, "*batch_state dim"] | Names, symbol: Shaped[Tensor, "*batch_symbol dim"] | Names
    ) -> Shaped[Tensor, "*batch dim"]:
        """The next state, with the noise of the other transitions; the bundle of them where there are several.

        Args:
            state: [*batch_state, dim], without noise.
            symbol: [*batch_symbol, dim]; both broadcast.

        Returns:
            [*batch, dim]; clean it up before the next step.

        Raises:
            ShapeError, DtypeError: they are not vectors like those that are there, or the automaton is empty.
        """
        return self.algebra.unbind(self.vector, self._before(state, symbol))

    def run(
        self,
        state: Shaped[Tensor, "*batch_state dim"] | Names,
        symbols: Shaped[Tensor, "*batch_symbols n dim"] | Names,
        memory: ItemMemory | None = None,
    ) -> Shaped[Tensor, "*batch dim"]:
        """The state after a word of symbols, cleaned up after every step.

        Args:
            state: [*batch_state, dim], where it begins.
            symbols: [*batch_symbols, n, dim], in order.
            memory: the states; the automaton's own if there is none.

        Returns:
            [*batch, dim], a vector of the memory; the beginning where there are no symbols.

        Raises:
            ShapeError, DtypeError: as in ``step``, or symbols is not a stack.
            AlgebraError: the memory is of another algebra.
        """
        state, symbols = self._named("states", state), self._named("symbols", symbols)
        self._size(symbols)
        for symbol in symbols.unbind(-2):
            state = self._cleaned("states", self.step(state, symbol), memory)
        return state

    def symbols(
        self, state: Shaped[Tensor, "*batch_state dim"] | Names, next_state: Shaped[Tensor, "*batch_next dim"] | Names
    ) -> Shaped[Tensor, "*batch dim"]:
        """Which symbols lead from one state to the next: the bundle of them, with the noise of the other transitions.

        Args:
            state: [*batch_state, dim].
            next_state: [*batch_next, dim]; both broadcast.

        Returns:
            [*batch, dim].

        Raises:
            ShapeError, DtypeError: as in ``step``.
        """
        state, next_state = self._named("states", state), self._named("states", next_state)
        key = self.algebra.unbind(self.vector, next_state, side="left")
        return permuted(self.algebra, self.algebra.unbind(key, permuted(self.algebra, state, 1), side="left"), -2)

    def count(
        self,
        state: Shaped[Tensor, "*batch_state dim"] | Names,
        symbol: Shaped[Tensor, "*batch_symbol dim"] | Names,
        next_state: Shaped[Tensor, "*batch_next dim"] | Names,
    ) -> Float[Tensor, "*batch"]:
        """How many times a transition is there, as far as the noise of the others lets it be seen.

        Args:
            state, symbol, next_state: [*batch, dim]; all broadcast.

        Returns:
            [*batch], real; see `Multiset.count` for its noise.

        Raises:
            ShapeError, DtypeError: as in ``step``.
        """
        return self._count(self._transition(state, symbol, next_state))

    def _transition(self, state: Tensor | Names, symbol: Tensor | Names, next_state: Tensor | Names) -> Tensor:
        return self.algebra.bind(self._named("states", next_state), self._before(state, symbol))

    def _before(self, state: Tensor | Names, symbol: Tensor | Names) -> Tensor:
        return self._key(self._named("states", state), self._named("symbols", symbol))
