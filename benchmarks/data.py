"""How fast pictures are rendered and batches drawn, and what share of a training step that is.

    python benchmarks/data.py

The rate of a batch counts the pictures that reach the training loop: those to encode and the targets.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.schemes import SCHEMES
from tasks.symbolic.config import PairedSceneConfig
from tasks.symbolic.stages import PAIRED_SCENE as TASK

COUNTS = {"donors": (1, 2), "subset": (1, 2), "one": (1, 2), "own": (2, 5)}
"""The most objects in a target, of each scheme."""


def seconds(work: Callable[[], object], least: float = 2.0) -> float:
    """The median time of a call, over at least so many seconds, after three calls that do not count."""
    for _ in range(3):
        work()
    times: list[float] = []
    while sum(times) < least:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def main() -> None:
    population, generator = Population(DSPRITES), torch.Generator().manual_seed(0)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    for n in (64, 256, 4096):
        classes = population.sample(n, generator)
        print(f"render, {n} pictures at a time: {n / seconds(lambda classes=classes: render(classes)):,.0f} pictures/s")
    for name, scheme in SCHEMES.items():
        for count in COUNTS[name]:
            batch = scheme(64, count, population, generator)
            taken = seconds(lambda scheme=scheme, count=count: scheme(64, count, population, generator))
            pictures = len(batch.pictures) + len(batch.targets)
            print(f"batches of 64, {name}, {count} objects: {taken * 1e3:.1f} ms, {pictures / taken:,.0f} pictures/s", flush=True)
    config = PairedSceneConfig(minutes=0.5, device="cpu")
    taken = seconds(lambda: TASK.batch(config, population, 0))
    _, trained = TASK.learn(config)
    step = trained.seconds / trained.steps
    print(f"a training step of the default: {step * 1e3:.0f} ms, of which drawing the batch {taken / step:.1%}")


if __name__ == "__main__":
    main()
