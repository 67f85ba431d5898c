"""Every operation beside torchhd and beside hand-written torch, in one run: all take turns, and medians are compared.

python benchmarks/algebra.py                        # everything, about 30 minutes; writes runs/bench/algebra.json and .md
python benchmarks/algebra.py --only "MAP bind"      # the rows whose name holds this text
python benchmarks/algebra.py --seconds 0.1          # how long each row is measured
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
import torch.nn.functional as F
import torchhd
from torch import Tensor

import vsa
from vsa import ItemMemory, get_algebra
from vsa.resonator import resonator

Work = Callable[[], object]
Row = tuple[str, dict[str, Work]]

TARGETS: list[tuple[str, Callable[[dict[str, Any]], bool], str, float]] = [
    ("any operation, any size: never slower than torchhd", lambda r: "cleanup" not in r["name"], "torchhd", 1.0),
    ("any cleanup: never slower than torchhd", lambda r: "cleanup" in r["name"], "torchhd", 1.0),
    ("MAP bind, unbind, batch >= 128", lambda r: r["name"] in ("MAP bind", "MAP unbind") and r["batch"] >= 128, "torch", 1.1),
    ("FHRR bind, unbind, batch >= 128", lambda r: r["name"] in ("FHRR bind", "FHRR unbind") and r["batch"] >= 128, "torch", 1.1),
    ("MAP bind, batch 1", lambda r: r["name"] == "MAP bind" and r["batch"] == 1, "torchhd", 3.0),
    ("MAP bind, batch 1", lambda r: r["name"] == "MAP bind" and r["batch"] == 1, "torch", 2.5),
    ("HRR bind, unbind", lambda r: r["name"] in ("HRR bind", "HRR unbind"), "torchhd", 1.7),
    ("HRR bind, unbind", lambda r: r["name"] in ("HRR bind", "HRR unbind"), "torch", 1.15),
    ("VTB bind, batch 128", lambda r: r["name"] == "VTB bind" and r["batch"] == 128, "torchhd", 40.0),
    ("VTB bind, batch 128", lambda r: r["name"] == "VTB bind" and r["batch"] == 128, "torch", 1.2),
    ("BSC bind, packed", lambda r: r["name"] == "PackedBSC bind", "torchhd", 8.0),
    ("BSC bundle of 5, packed", lambda r: r["name"] == "PackedBSC bundle of 5", "torchhd", 4.0),
    ("cleanup 1024 x 1k, batch 1", lambda r: _cleanup(r, "float32", 1000, 1), "torchhd", 4.0),
    ("cleanup 1024 x 1k, batch 1", lambda r: _cleanup(r, "float32", 1000, 1), "torch", 1.3),
    ("cleanup 1024 x 100k, batch 1, int8", lambda r: _cleanup(r, "int8", 100_000, 1), "torchhd", 8.0),
    ("cleanup 1024 x 1k, batch 4096, bf16", lambda r: _cleanup(r, "bfloat16", 1000, 4096), "torchhd", 8.0),
    ("resonator 3 x 20, ten steps", lambda r: r["name"] == "resonator 3 x 20, ten steps", "torchhd", 4.0),
]
"""What is to be reached: times faster than torchhd, at least; or times the time of hand-written torch, at most."""


def _cleanup(row: dict[str, Any], dtype: str, items: int, batch: int) -> bool:
    return row["name"] == f"cleanup among {items}, {dtype}" and row["dim"] == 1024 and row["batch"] == batch


def medians(works: dict[str, Work], seconds: float, device: str) -> dict[str, float]:
    """The median time of a call of each, in seconds; they take turns until so many seconds have passed."""
    synchronize = torch.cuda.synchronize if device == "cuda" else lambda: None
    loops, times = {}, {name: [] for name in works}
    for name, work in works.items():
        work()
        synchronize()
        started = time.perf_counter()
        work()
        synchronize()
        loops[name] = max(1, int(2e-4 / (time.perf_counter() - started)))
    ends, turns = time.perf_counter() + seconds, 0
    while time.perf_counter() < ends or turns < 3:
        turns += 1
        for name, work in works.items():
            started = time.perf_counter()
            for _ in range(loops[name]):
                work()
            synchronize()
            times[name].append((time.perf_counter() - started) / loops[name])
    return {name: statistics.median(taken) for name, taken in times.items()}


def convolve(a: Tensor, b: Tensor) -> Tensor:
    return torch.fft.irfft(torch.fft.rfft(a) * torch.fft.rfft(b), n=a.shape[-1])


def correlate(a: Tensor, b: Tensor) -> Tensor:
    return torch.fft.irfft(torch.fft.rfft(a) * torch.fft.rfft(b).conj(), n=a.shape[-1])


def transform(a: Tensor, b: Tensor, transpose: bool) -> Tensor:
    d = int(a.shape[-1] ** 0.5)
    x, y = a.view(-1, d, d), b.view(-1, d, d)
    return (d**0.5 * torch.bmm(x, y.mT if transpose else y)).view(a.shape)


def blockwise(a: Tensor, b: Tensor, product: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    return product(a.unflatten(-1, (-1, 16)), b.unflatten(-1, (-1, 16))).flatten(-2)


Three = Callable[[Tensor, Tensor, Tensor], object]
"""Something done with two batches of vectors and a batch of stacks of five."""

OURS: dict[str, Callable[[Tensor, Tensor, Tensor, vsa.Algebra], object]] = {
    "bind": lambda a, b, stack, algebra: vsa.bind(a, b, algebra=algebra),
    "unbind": lambda a, b, stack, algebra: vsa.unbind(a, b, algebra=algebra),
    "bundle of 5": lambda a, b, stack, algebra: vsa.bundle(stack, algebra=algebra),
    "multibind of 5": lambda a, b, stack, algebra: vsa.multibind(stack, algebra=algebra),
    "permute": lambda a, b, stack, algebra: vsa.permute(a, 3, algebra=algebra),
    "inverse": lambda a, b, stack, algebra: vsa.inverse(a, algebra=algebra),
    "normalize": lambda a, b, stack, algebra: vsa.normalize(a, algebra=algebra),
    "similarity": lambda a, b, stack, algebra: vsa.similarity(a, b[0], algebra=algebra),
}
TORCHHD: dict[str, Callable[[Any, Any, Any], object]] = {
    "bind": lambda a, b, stack: torchhd.bind(a, b),
    "unbind": lambda a, b, stack: torchhd.bind(a, torchhd.inverse(b)),
    "bundle of 5": lambda a, b, stack: torchhd.multibundle(stack),
    "multibind of 5": lambda a, b, stack: torchhd.multibind(stack),
    "permute": lambda a, b, stack: torchhd.permute(a, shifts=3),
    "inverse": lambda a, b, stack: torchhd.inverse(a),
    "normalize": lambda a, b, stack: torchhd.normalize(a),
    "similarity": lambda a, b, stack: torchhd.cosine_similarity(a, b[:1]),
}
LINEAR: dict[str, Three] = {
    "bundle of 5": lambda a, b, stack: stack.sum(-2),
    "permute": lambda a, b, stack: a.roll(3, -1),
    "similarity": lambda a, b, stack: F.cosine_similarity(a, b[0], dim=-1),
}
PRODUCT: dict[str, Three] = {**LINEAR, "bind": lambda a, b, stack: a * b, "multibind of 5": lambda a, b, stack: stack.prod(-2)}
BY_HAND: dict[str, dict[str, Three]] = {
    "MAP": {**PRODUCT, "unbind": lambda a, b, stack: a * b, "normalize": lambda a, b, stack: a.sign()},
    "HRR": {
        **LINEAR,
        "bind": lambda a, b, stack: convolve(a, b),
        "unbind": lambda a, b, stack: correlate(a, b),
        "normalize": lambda a, b, stack: F.normalize(a, dim=-1),
    },
    "FHRR": {
        **{verb: work for verb, work in PRODUCT.items() if verb != "similarity"},
        "unbind": lambda a, b, stack: a * b.conj(),
        "normalize": lambda a, b, stack: a.sgn(),
    },
    "BSC": {"bind": lambda a, b, stack: a ^ b, "unbind": lambda a, b, stack: a ^ b},
    "PackedBSC": {"bind": lambda a, b, stack: a ^ b, "unbind": lambda a, b, stack: a ^ b},
    "VTB": {
        **LINEAR,
        "bind": lambda a, b, stack: transform(a, b, True),
        "unbind": lambda a, b, stack: transform(a, b, False),
        "normalize": lambda a, b, stack: F.normalize(a, dim=-1),
    },
    "SBC": {
        "bind": lambda a, b, stack: blockwise(a, b, convolve),
        "unbind": lambda a, b, stack: blockwise(a, b, correlate),
        "bundle of 5": LINEAR["bundle of 5"],
        "similarity": LINEAR["similarity"],
    },
    "BSBC": {},
    "MCR": {},
    "CGR": {},
}


def algebra_rows(name: str, dim: int, batch: int, device: str) -> Iterator[Row]:
    """The verbs of one model: ours, our torchhd backend, torchhd itself, and hand-written torch where that is a line."""
    generator = torch.Generator(device).manual_seed(0)
    options = {"block_size": 16} if name in ("BSBC", "MCR", "CGR") else {}
    ours = get_algebra(name, "torchhd", **options) if options else get_algebra(name)
    peer = {"PackedBSC": "BSC", "SBC": None}.get(name, name)  # torchhd keeps places of sparse blocks, not blocks

    def parts(vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return vectors[:batch], vectors[batch : 2 * batch], vectors[2 * batch :].view(batch, 5, -1)

    a, b, stack = parts(ours.random(7 * batch, dim, generator=generator))
    model, theirs = None, None
    if peer is not None:
        model = getattr(torchhd, f"{peer}Tensor")
        theirs = parts(model.random(7 * batch, dim, generator=generator, device=device, **options))
    for verb, work in OURS.items():
        works: dict[str, Work] = {"ours": lambda work=work: work(a, b, stack, ours)}
        # Of HRR's products torchhd's are wrong, and VTB has none; an operand of VTB it copies sqrt(dim) times.
        missing = (verb == "multibind of 5" and name in ("HRR", "VTB")) or (verb == "normalize" and name == "PackedBSC")
        if theirs is not None and not missing and not (name == "VTB" and "bind" in verb and batch * dim**1.5 > 2**29):
            works["torchhd"] = lambda work=TORCHHD[verb], theirs=theirs: work(*theirs)
            if name != "PackedBSC" and not options:
                backend = get_algebra(name, "torchhd")
                plain = [x.as_subclass(Tensor) for x in theirs]
                works["backend"] = lambda work=work, plain=plain, backend=backend: work(plain[0], plain[1], plain[2], backend)
        if verb in BY_HAND[name]:
            works["torch"] = lambda work=BY_HAND[name][verb]: work(a, b, stack)
        yield f"{name} {verb}", works
    works = {"ours": lambda: vsa.random(batch, dim, algebra=ours, generator=generator)}
    if model is not None:
        works["torchhd"] = lambda: model.random(batch, dim, generator=generator, device=device, **options)
    yield f"{name} random", works


def memory_rows(dim: int, items: int, batch: int, device: str) -> Iterator[Row]:
    """Cleanup, top one: the kinds in which items can be kept, against float32 in torchhd and by hand."""
    generator = torch.Generator(device).manual_seed(0)
    vectors = vsa.random(items, dim, generator=generator)
    query = vectors[torch.arange(batch, device=device) % items] + torch.randn(batch, dim, generator=generator, device=device)
    peers: Any = vectors.as_subclass(torchhd.MAPTensor)
    peer_query: Any = query.as_subclass(torchhd.MAPTensor)
    names, norms = [str(i) for i in range(items)], vectors.norm(dim=-1)
    for dtype in (torch.float32, torch.bfloat16, torch.int8):
        memory = ItemMemory(names, vectors=vectors.to(dtype))
        yield (
            f"cleanup among {items}, {str(dtype).removeprefix('torch.')}",
            {
                "ours": lambda memory=memory: memory.cleanup(query),
                "torchhd": lambda: torchhd.cosine_similarity(peer_query, peers).max(-1),
                "torch": lambda: ((F.normalize(query, dim=-1) @ vectors.T) / norms).max(-1),
            },
        )


def resonator_rows(batch: int, device: str) -> Iterator[Row]:
    generator = torch.Generator(device).manual_seed(0)
    books = [vsa.random(20, 1024, generator=generator) for _ in range(3)]
    # Composites that are no product are searched for all the ten steps.
    composite = vsa.random(batch, 1024, generator=generator)
    peer: Any = composite.as_subclass(torchhd.MAPTensor)
    peer_books: Any = torch.stack(books).as_subclass(torchhd.MAPTensor)
    first = torchhd.multiset(peer_books)

    def torchhd_steps() -> None:
        for one in peer:
            estimates = first
            for _ in range(10):
                estimates = torchhd.resonator(one, estimates, peer_books)

    yield (
        "resonator 3 x 20, ten steps",
        {
            "ours": lambda: resonator(composite, books, steps=10, restarts=0),
            "torchhd": torchhd_steps,
        },
    )


def rows(arguments: argparse.Namespace, device: str) -> Iterator[tuple[str, int, int, dict[str, Work]]]:
    only = arguments.only
    for dim in arguments.dims:
        for batch in arguments.batches:
            for name in BY_HAND:
                if any(only in f"{name} {verb}" for verb in (*OURS, "random")):
                    size = 9984 if dim == 10_000 and name == "PackedBSC" else dim  # a multiple of 64
                    for row, works in algebra_rows(name, size, batch, device):
                        yield row, size, batch, works
            for items in (10, 1000, 100_000):
                if items * batch <= 2**24 and items * dim <= 2**28 and "cleanup" in (only or "cleanup"):
                    for row, works in memory_rows(dim, items, batch, device):
                        yield row, dim, batch, works
    for batch in (1, 64):
        if only in "resonator 3 x 20, ten steps":
            for row, works in resonator_rows(batch, device):
                yield row, 1024, batch, works


def measured(arguments: argparse.Namespace, device: str, threads: int) -> list[dict[str, Any]]:
    found = []
    torch.set_num_threads(threads)
    for name, dim, batch, works in rows(arguments, device):
        if arguments.only not in name:
            continue
        try:
            taken = medians(works, arguments.seconds, device)
        except (RuntimeError, TypeError) as error:  # torchhd does not take every size
            print(f"{name}, dim {dim}, batch {batch}: left out ({str(error)[:80]})", file=sys.stderr)
            continue
        row = {"name": name, "dim": dim, "batch": batch, "threads": threads, "device": device, "seconds": taken}
        found.append(row)
        print(line(row), flush=True)
    return found


def ratio(row: dict[str, Any], against: str) -> float | None:
    """How many times faster than torchhd or our backend, or how many times the time of hand-written torch."""
    taken = row["seconds"]
    if against not in taken:
        return None
    return taken["ours"] / taken["torch"] if against == "torch" else taken[against] / taken["ours"]


def line(row: dict[str, Any]) -> str:
    cells = [f"{row['seconds']['ours'] * 1e6:,.1f}"]
    cells += ["" if (r := ratio(row, against)) is None else f"{r:.2f}" for against in ("torchhd", "backend", "torch")]
    return f"| {row['name']} | {row['dim']} | {row['batch']} | {' | '.join(cells)} |"


def report(found: list[dict[str, Any]], machine: str) -> str:
    lines = [machine, ""]
    for device, threads in dict.fromkeys((row["device"], row["threads"]) for row in found):
        these = [row for row in found if (row["device"], row["threads"]) == (device, threads)]
        lines += [f"### {device}, {threads} thread{'s' if threads > 1 else ''}", ""]
        lines += ["| target | against | asked | measured: worst, median, best | missed |", "|---|---|---|---|---|"]
        for title, applies, against, bound in TARGETS:
            ratios = [(r, row) for row in these if applies(row) and (r := ratio(row, against)) is not None]
            if not ratios:
                continue
            good = [(r >= bound) if against == "torchhd" else (r <= bound) for r, _ in ratios]
            values = sorted((r for r, _ in ratios), reverse=against == "torch")
            asked = f"{'at least' if against == 'torchhd' else 'at most'} {bound:g}"
            spread = f"{values[0]:.2f}, {statistics.median(values):.2f}, {values[-1]:.2f}"
            lines.append(f"| {title} | {against} | {asked} | {spread} | {good.count(False)} of {len(good)} |")
        lines += [
            "",
            "| operation | dim | batch | ours, µs | torchhd / ours | backend / ours | ours / torch |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [line(row) for row in these] + [""]
    return "\n".join(lines)


def import_time() -> str:
    """The median time that `import vsa` adds to `import torch`, each in a process of its own."""
    import subprocess

    def taken(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[1])
        return time.perf_counter() - started

    alone, both = zip(*[(taken("import torch"), taken("import torch, vsa")) for _ in range(7)], strict=True)
    added = statistics.median(b - a for a, b in zip(alone, both, strict=True))
    return f"`import vsa` after `import torch` ({statistics.median(alone):.2f} s) adds {added:.2f} s."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="rows whose name holds this text")
    parser.add_argument("--seconds", type=float, default=0.4, help="how long each row is measured")
    parser.add_argument("--dims", type=int, nargs="+", default=[1024, 10_000])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 128, 4096])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path, default=Path("runs/bench"))
    arguments = parser.parse_args()
    machine = (
        f"torch {torch.__version__}, torchhd {torchhd.__version__ if hasattr(torchhd, '__version__') else ''}, "
        f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}. {import_time()}"
    )
    print(machine)
    print("| operation | dim | batch | ours, µs | torchhd / ours | backend / ours | ours / torch |")
    arguments.out.mkdir(parents=True, exist_ok=True)
    passes = [("cpu", threads) for threads in arguments.threads] + [("cuda", 1)] * torch.cuda.is_available()
    found: list[dict[str, Any]] = []
    for device, threads in passes:
        with torch.device(device):
            found += measured(arguments, device, threads)
        (arguments.out / "algebra.json").write_text(json.dumps({"machine": machine, "rows": found}, indent=1))
        (arguments.out / "algebra.md").write_text(report(found, machine))
    print(report(found, machine).partition("| operation")[0])


if __name__ == "__main__":
    main()
