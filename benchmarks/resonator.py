"""Factorisation: how many products of three are right, after how many steps, and the time beside torchhd's resonator.

python benchmarks/resonator.py
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
import torchhd
from torch import Tensor

from vsa import Algebra, get_algebra
from vsa.factorization import resonator

ALGEBRAS = [
    ("MAP", get_algebra("MAP")),
    ("HRR", get_algebra("HRR")),
    ("HRR unitary", get_algebra("HRR", unitary=True)),
    ("FHRR", get_algebra("FHRR")),
    ("BSC", get_algebra("BSC")),
    ("SBC", get_algebra("SBC")),
]


def products(algebra: Algebra, items: int, batch: int, seed: int) -> tuple[list[Tensor], Tensor, Tensor]:
    """Three codebooks, the right indices, and the products."""
    generator = torch.Generator().manual_seed(seed)
    books = [algebra.random(items, 1024, generator=generator) for _ in range(3)]
    right = torch.randint(items, (batch, 3), generator=generator)
    return books, right, algebra.multibind(torch.stack([book[i] for book, i in zip(books, right.T, strict=True)], 1))


def accuracies(trials: int = 1000, batch: int = 100) -> None:
    print(f"3 factors, D 1024, {trials} trials: the share right without restarts, with 10, and the median and mean of the steps")
    for name, algebra in ALGEBRAS:
        for items in (20, 30, 40, 60, 80):
            right, steps = {0: 0, 10: 0}, []
            for seed in range(trials // batch):
                books, wanted, composite = products(algebra, items, batch, seed)
                for restarts in right:
                    generator = torch.Generator().manual_seed(seed)
                    found = resonator(composite, books, algebra=algebra, restarts=restarts, generator=generator)
                    right[restarts] += int((found.indices == wanted).all(-1).sum())
                    if restarts:
                        steps.append(found.steps)
            taken = torch.cat(steps).double()
            shares = [f"{n / trials:.3f}" for n in right.values()]
            print(
                f"{name:12} {items:3} items   {shares[0]}   {shares[1]}   {taken.median():5.0f} {taken.mean():7.1f}", flush=True
            )


def medians(works: dict[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """The median time of a call of each, in seconds; they take turns."""
    taken = {name: [] for name in works}
    for turn in range(turns + 3):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if turn >= 3:
                taken[name].append(time.perf_counter() - started)
    return {name: sorted(found)[turns // 2] for name, found in taken.items()}


def times(cases: int = 12) -> None:
    print(
        "3 factors of 20, D 1024, MAP: ten steps of torchhd, ours that may take ten, and ours on what is no product and takes ten"
    )
    for batch in (1, 64):
        totals = {"torchhd": 0.0, "product": 0.0, "garbage": 0.0}
        for seed in range(cases if batch == 1 else 3):
            books, _, composite = products(get_algebra("MAP"), 20, batch, seed)
            garbage = get_algebra("MAP").random(batch, 1024, generator=torch.Generator().manual_seed(seed))
            domains = torch.stack(books).as_subclass(torchhd.MAPTensor)
            start = torch.stack([torch.copysign(torch.ones(()), book.sum(0)) for book in books]).expand(batch, 3, 1024)
            wrapped, start = composite.as_subclass(torchhd.MAPTensor), start.contiguous().as_subclass(torchhd.MAPTensor)
            if batch == 1:
                wrapped, start, composite, garbage = wrapped[0], start[0], composite[0], garbage[0]

            def ten_steps(wrapped: Tensor = wrapped, start: Tensor = start, domains: Tensor = domains) -> Tensor:
                for _ in range(10):
                    start = torchhd.resonator(wrapped, start, domains)  # pyright: ignore[reportArgumentType]
                return start

            best = medians(
                {
                    "torchhd": ten_steps,
                    "product": lambda x=composite, books=books: resonator(x, books, steps=10, restarts=0),
                    "garbage": lambda x=garbage, books=books: resonator(x, books, steps=10, restarts=0),
                },
                turns=100 if batch == 1 else 10,
            )
            totals = {name: totals[name] + best[name] for name in totals}
        torchhds, ours, garbages = totals.values()
        print(f"batch {batch:3}   torchhd / ours {torchhds / ours:5.1f}   torchhd / ours on garbage {torchhds / garbages:5.1f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, torchhd {torchhd.__version__}, 1 thread, {torch.backends.cpu.get_cpu_capability()}")
    accuracies()
    times()
