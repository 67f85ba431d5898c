"""Compile structures and memories, and compare: `python -m tests.vsa.structures.compiling eager vectors:MAP names:HRR+`.

A plus makes the vectors a parameter. It runs in a process of its own:

no user has the checks of shape annotations that the tests install, and dynamo cannot look into them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch
from torch import Tensor, nn

from vsa import Algebra, ItemMemory, get_algebra
from vsa.structures import FiniteStateAutomaton, Graph, Multiset, NGrams, Record, Sequence, Structure, Tree


def made_of_vectors(algebra: Algebra) -> Callable[[Tensor], list[Tensor]]:
    """Structures made and asked with vectors alone, of x [batch, 4, dim]."""
    branches = ItemMemory(["L", "R"], 64, algebra=algebra)

    def answers(x: Tensor) -> list[Tensor]:
        a, b, c, _ = x.unbind(-2)
        first, second = x[..., :2, :], x[..., 2:, :]
        bag, word, runs = Multiset.of(x, algebra=algebra), Sequence.of(x, algebra=algebra), NGrams.of(x, n=3, algebra=algebra)
        record, tree = Record.of(first, second, algebra=algebra), Tree(branches).set("LR", a).set("", b)
        oneway, both = (Graph.of(first, second, directed=directed, algebra=algebra) for directed in (True, False))
        machine = FiniteStateAutomaton.of(first, second, x[..., 1:3, :], algebra=algebra)
        found = [bag.count(a), word.get(1), word.find(a), runs.count(x[..., 1:, :]), runs.next(first), record.get(a)]
        found += [record.roles_of(c), oneway.targets(a), oneway.sources(c), both.targets(a), both.count(a, c), tree.get("LR")]
        found += [machine.step(a, c), machine.symbols(a, b), machine.count(a, c, b)]
        structures: list[Structure] = [bag, word, runs, record, tree, oneway, both, machine]
        return [*found, *(structure.vector for structure in structures)]

    return answers


def made_of_names(algebra: Algebra) -> Callable[[Tensor], list[Tensor]]:
    """Structures edited by name, where something is looked up or cleaned up, beside vectors x [batch, 4, dim]."""
    memory, other = ItemMemory(list("abcd"), 64, algebra=algebra, seed=1), ItemMemory(["L", "R"], 64, algebra=algebra)

    def answers(x: Tensor) -> list[Tensor]:
        one = x[..., 0, :]
        bag = Multiset(memory).add(one, 2).add("a").remove("a")
        record = Record(memory).set("a", one).set("b", "c").replace("b", "d").remove("b")
        word = Sequence(memory).append(one).extend(["a", "b"]).replace(1, "c")
        graph = Graph(memory, directed=False).add_edge("a", one).add_edge("b", "c").remove_edge("b", "c")
        tree = Tree([other, memory]).set("LR", one).set("", "a").replace("", "b")
        machine = FiniteStateAutomaton([memory, other]).add("a", "L", "b").add("b", "R", "c").add("c", "L", one)
        found = [bag.count(one), record.get("a"), word.get(0), graph.targets("a"), tree.get("LR"), machine.step("b", "R")]
        structures: list[Structure] = [bag, record, word, graph, tree, machine]
        return [*found, machine.run("a", ["L", "R"]), *(structure.vector for structure in structures)]

    return answers


def memory(algebra: Algebra, learnable: bool) -> Callable[[Tensor], list[Tensor]]:
    """What is most like each of x [batch, 4, dim], and their mean where there is one."""
    items = ItemMemory(list("abcd"), 64, algebra=algebra, seed=1, learnable=learnable)

    def answers(x: Tensor) -> list[Tensor]:
        best = items.cleanup(x, k=2)
        return [best.indices, best.scores, *([items.soft_cleanup(x)] if x.is_floating_point() or x.is_complex() else [])]

    return answers


CASES = {
    "vectors": made_of_vectors,
    "names": made_of_names,
    "memory": lambda algebra: memory(algebra, learnable=False),
    "learnable": lambda algebra: memory(algebra, learnable=True),
}


def main(backend: str, *cases: str) -> None:
    torch.set_num_threads(1)
    for case in cases:
        kind, name = case.removesuffix("+").split(":")
        algebra = get_algebra(name)
        x = algebra.random(8, 64, generator=torch.Generator().manual_seed(0)).unflatten(0, (2, 4))
        x = nn.Parameter(x) if case.endswith("+") else x
        torch.compiler.reset()
        answers = CASES[kind](algebra)
        found = torch.compile(answers, fullgraph=True, backend=backend)(x)
        for one, expected in zip(found, answers(x), strict=True):
            torch.testing.assert_close(one, expected, rtol=1e-4, atol=1e-4)
            assert one.requires_grad == expected.requires_grad
        print(case, "compiles")


if __name__ == "__main__":
    main(*sys.argv[1:])
