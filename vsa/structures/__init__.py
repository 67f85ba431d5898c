"""Data structures in one vector, written with the verbs alone, so that they hold for every algebra.

Each is an object that never changes: adding to it, or removing, makes a new one. What it holds is kept as a sum
(`Algebra.to_sum`), so entries weigh alike in whatever order they came, and ``vector`` is the hypervector of it all. Everything
works on batches [*batch, dim], which broadcast. Made of an `ItemMemory`, or of two, a structure has its algebra, and takes
names for vectors. A query gives back a noisy vector, and `ItemMemory.cleanup` the name.

    Multiset                 things, each so many times     x
    Record                   roles and their fillers        bind(filler, role)
    Sequence                 items in order                 permute(item, position)
    NGrams                   runs of n items                bind(last, key of those before it)
    Graph                    edges between nodes            bind(target, key of source); without direction bind(target, source)
    Tree                     values at paths                bind(value, key of path)
    FiniteStateAutomaton     transitions                    bind(next state, key of state and symbol)

What is bound is always a value with a key on the right, so that it can be undone in every algebra. A key of several vectors
permutes each by its place, because in most algebras a plain product would not tell which is which.
"""

from vsa.structures.automaton import FiniteStateAutomaton
from vsa.structures.base import Structure
from vsa.structures.graph import Graph
from vsa.structures.multiset import Multiset
from vsa.structures.ngrams import NGrams
from vsa.structures.record import Record
from vsa.structures.sequence import Sequence
from vsa.structures.tree import Tree

__all__ = ["FiniteStateAutomaton", "Graph", "Multiset", "NGrams", "Record", "Sequence", "Structure", "Tree"]
