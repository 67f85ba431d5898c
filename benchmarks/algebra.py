"""The algebra beside torchhd and beside bare torch, in one run: the three take turns, and the ratio of their best times counts.

python benchmarks/algebra.py
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
import torch.nn.functional as F
import torchhd
from torch import Tensor

from vsa import ItemMemory, bind, bundle, get_algebra, unbind

Work = Callable[[], object]


def best_of(works: dict[str, Work], least: float = 1.0) -> dict[str, float]:
    """The best time of a call of each, in seconds; they take turns until so many seconds have passed."""
    loops = {}
    for name, work in works.items():
        work()
        started = time.perf_counter()
        work()
        loops[name] = max(1, int(2e-4 / (time.perf_counter() - started)))
    best = dict.fromkeys(works, float("inf"))
    ends = time.perf_counter() + least
    while time.perf_counter() < ends:
        for name, work in works.items():
            started = time.perf_counter()
            for _ in range(loops[name]):
                work()
            best[name] = min(best[name], (time.perf_counter() - started) / loops[name])
    return best


def convolve(a: Tensor, b: Tensor) -> Tensor:
    return torch.fft.irfft(torch.fft.rfft(a) * torch.fft.rfft(b), n=a.shape[-1])


def cases(dim: int, batch: int) -> dict[str, dict[str, Work]]:
    """For each operation: ours, torchhd's, and the same in bare torch."""
    generator = torch.Generator().manual_seed(0)
    found: dict[str, dict[str, Work]] = {}
    for name in ("MAP", "HRR", "FHRR"):
        a, b = get_algebra(name).random(2 * batch, dim, generator=generator).view(2, batch, dim)
        model = getattr(torchhd, f"{name}Tensor")
        ta, tb = a.as_subclass(model), b.as_subclass(model)
        bare = convolve if name == "HRR" else torch.mul
        found[f"{name} bind"] = {
            "ours": lambda a=a, b=b, name=name: bind(a, b, algebra=name),
            "torchhd": lambda ta=ta, tb=tb: torchhd.bind(ta, tb),
            "torch": lambda a=a, b=b, bare=bare: bare(a, b),
        }
        inverse = {"MAP": lambda x: x, "HRR": lambda x: x.flip(-1).roll(1, -1), "FHRR": torch.conj}[name]
        found[f"{name} unbind"] = {
            "ours": lambda a=a, b=b, name=name: unbind(a, b, algebra=name),
            "torchhd": lambda ta=ta, tb=tb: torchhd.bind(ta, torchhd.inverse(tb)),
            "torch": lambda a=a, b=b, bare=bare, inverse=inverse: bare(a, inverse(b)),
        }
        stack = get_algebra(name).random(5 * batch, dim, generator=generator).view(batch, 5, dim)
        tstack = stack.as_subclass(model)
        found[f"{name} bundle of 5"] = {
            "ours": lambda stack=stack, name=name: bundle(stack, algebra=name),
            "torchhd": lambda tstack=tstack: torchhd.multibundle(tstack),
            "torch": lambda stack=stack: stack.sum(-2),
        }
    memory = ItemMemory([str(i) for i in range(1000)], dim)
    items, query = memory.vectors.as_subclass(torchhd.MAPTensor), memory.vectors[:batch] + 0.1
    norms = memory.vectors.norm(dim=-1)
    found["cleanup among 1000"] = {
        "ours": lambda: memory.cleanup(query),
        "torchhd": lambda: torchhd.cosine_similarity(query.as_subclass(torchhd.MAPTensor), items).max(-1),
        "torch": lambda: ((F.normalize(query, dim=-1) @ memory.vectors.T) / norms).max(-1),
    }
    return found


def main() -> None:
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, torchhd {torchhd.__version__}, 1 thread, {torch.backends.cpu.get_cpu_capability()}")
    print("time of ours in µs, and the ratios torchhd / ours (above 1: ours is faster) and ours / bare torch")
    for batch in (1, 128):
        for name, works in cases(1024, batch).items():
            best = best_of(works)
            ours = best["ours"]
            print(
                f"D 1024, batch {batch:3}  {name:18}  {ours * 1e6:9.1f} µs   "
                f"torchhd / ours {best['torchhd'] / ours:5.2f}   ours / torch {ours / best['torch']:5.2f}"
            )


if __name__ == "__main__":
    main()
