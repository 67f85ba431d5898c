"""Threads that share a memory. Switching between them as often as possible makes what can go wrong go wrong at once."""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch

from vsa import ItemMemory

DIM = 64
THREADS = 4


@pytest.fixture(autouse=True)
def switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*works: Callable[[], object]) -> None:
    """Each in a thread of its own, all beginning together; what one of them raises is raised."""
    together = Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        together.wait()
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(run, work) for work in works]:
            done.result()


def whole(memory: ItemMemory) -> bool:
    """Whether each name has its own vector."""
    same = torch.equal(memory.vectors, ItemMemory(memory.names, DIM).vectors)
    return same and [memory.index(name) for name in memory.names] == list(range(len(memory)))


def test_threads_that_add_lose_nothing_and_mix_nothing_up() -> None:
    memory = ItemMemory(["first"], DIM)

    def add(thread: int) -> None:
        for i in range(40):
            memory.add(f"{thread} {i}") if i % 3 else memory.extend([f"{thread} {i}", f"{thread} {i} too"])

    at_once(*[lambda thread=thread: add(thread) for thread in range(THREADS)])
    assert len(memory) == len(set(memory.names)) == 1 + THREADS * 54
    assert whole(memory)


def test_of_threads_that_add_the_same_name_one_does() -> None:
    memory, refused = ItemMemory(dim=DIM), []

    def add() -> None:
        for i in range(40):
            try:
                memory.add(str(i))
            except KeyError:
                refused.append(i)

    at_once(*[add] * THREADS)
    assert sorted(memory.names, key=int) == [str(i) for i in range(40)]
    assert len(refused) == (THREADS - 1) * 40
    assert whole(memory)


@pytest.mark.parametrize("algebra", ["MAP", "PackedBSC"])
def test_readers_see_names_and_vectors_that_belong_together(algebra: str) -> None:
    """The names "old" are always there. Others come and go before and behind them, so that places shift all the time."""
    old = [f"old {i}" for i in range(5)]
    memory = ItemMemory(["leaves", *old], DIM, algebra=algebra)
    right = ItemMemory(["leaves", *old, *[str(i) for i in range(THREADS * 40)]], DIM, algebra=algebra)
    writing = [True] * 2

    def write(thread: int) -> None:
        for i in range(40):
            name = str(thread * 40 + i)
            memory.add(name)
            if i % 2:
                memory.remove([name, *(["leaves"] if "leaves" in memory and not thread else [])])
            if i % 8 == 0 and "leaves" not in memory and not thread:
                memory.add("leaves")
        writing[thread] = False

    def read() -> None:
        while any(writing):
            found = memory.cleanup(right[old])
            assert found.names == [[name] for name in old]
            assert (found.scores > 0.999).all()
            name, score = memory.cleanup(memory[old[3]])[0]
            assert (name, round(score, 3)) == (old[3], 1)
            assert torch.equal(memory[old], right[old])

    at_once(lambda: write(0), lambda: write(1), read, read)
    assert torch.equal(memory.vectors, right[list(memory.names)])


def test_a_state_that_is_saved_meanwhile_is_whole() -> None:
    memory, states = ItemMemory(["first"], DIM), []

    def write() -> None:
        for i in range(150):
            memory.add(str(i))
            if i % 3 == 0:
                memory.remove(str(i))

    def save() -> None:
        states.extend(memory.state_dict() for _ in range(60))

    at_once(write, save, save)
    for state in states:
        again = ItemMemory(json.loads(bytes(state["_extra_state"].numpy())), DIM)
        expected = again.vectors.clone()
        again.load_state_dict(state)
        assert torch.equal(again.vectors, expected)
