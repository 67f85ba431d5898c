"""Retrieval from bundles: what theory says, what is measured, and what was published.

python benchmarks/capacity.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from tests.vsa.test_capacity import MODELS, PUBLISHED_ACCURACY, PUBLISHED_DIMENSION, measured
from vsa import get_algebra
from vsa.capacity import accuracy, dimension


def main(trials: int = 100) -> None:
    torch.set_num_threads(1)
    print(f"the share right of 51 bundled among 1000 items, D 1024, {trials} bundles:  theory  measured  published")
    for model, published in PUBLISHED_ACCURACY.items():
        name, normalized = MODELS.get(model, (model, False))
        for task, figure in zip(("set", "record"), published, strict=True):
            theory = accuracy(name, 1024, 1000, 51, task=task, normalized=normalized)
            found = measured(get_algebra(name), 1024, 1000, 51, task, normalized, trials)
            print(f"{model:6} {task:7} {theory:.3f}  {found:.3f}  {figure:.3f}", flush=True)
    print("the smallest dimension for 99 % of a set of 5, 11, 15, 21, 31, 51 among 1000: theory (published)")
    for model, figures in PUBLISHED_DIMENSION.items():
        name, normalized = MODELS.get(model, (model, False))
        sizes = zip((5, 11, 15, 21, 31, 51), figures, strict=False)
        print(model, *(f"{dimension(name, 0.99, 1000, k, task='set', normalized=normalized)} ({d})" for k, d in sizes))


if __name__ == "__main__":
    main()
