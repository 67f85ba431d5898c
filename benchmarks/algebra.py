"""Every operation beside torchhd and beside hand-written torch, in one run, cold and hot.

python benchmarks/algebra.py                        # everything, about 12 minutes on one thread; writes docs/benchmarks.json
python benchmarks/algebra.py --page                 # writes docs/benchmarks.md from docs/benchmarks.json, and measures nothing
python benchmarks/algebra.py --only "MAP bind"      # the rows whose name holds this text; prints them, and writes no file
python benchmarks/algebra.py --seconds 0.3          # how long each row is measured, cold and again hot

Cold: ours, torchhd and the others take turns, one call each, so that each finds the caches as the others left them; as in a
program that does other things between two calls. Hot: each is called in a loop of its own for 0.2 ms, in turns too. The medians
are compared. A call of more than a millisecond is measured cold alone, because the two would be the same.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
import torch.nn.functional as F
import torchhd
from torch import Tensor

import vsa
from benchmarks.algebra_page import DATA, KINDS, PAGE, Row, ratio, read, rewritten, summary, written
from vsa import ItemMemory, get_algebra
from vsa.factorization import resonator

Work = Callable[[], object]
Case = tuple[str, dict[str, Work]]
"""A row's name, and what is called for it."""


LONG = 0.3
"""Seconds from which on a call is not repeated."""


def medians(works: dict[str, Work], seconds: float, device: str) -> tuple[dict[str, float], dict[str, float]]:
    """The median time of a call of each, in seconds: cold and hot. What takes longer than LONG is called twice in all."""
    synchronize = torch.cuda.synchronize if device == "cuda" else lambda: None

    def taken(work: Work, calls: int) -> float:
        started = time.perf_counter()
        for _ in range(calls):
            work()
        synchronize()
        return (time.perf_counter() - started) / calls

    def in_turns(calls: dict[str, int]) -> dict[str, float]:
        times: dict[str, list[float]] = {name: [] for name in calls}
        end = time.perf_counter() + seconds
        least = 1 if once["ours"] > LONG else 3
        while time.perf_counter() < end or len(times["ours"]) < least:
            for name, n in calls.items():
                if not (times[name] and once[name] > LONG):
                    times[name].append(taken(works[name], n))
        return {name: statistics.median(found) for name, found in times.items()}

    once = {name: taken(work, 1) for name, work in works.items()}
    cold = in_turns(dict.fromkeys(works, 1))
    short = {name: max(2, int(2e-4 / time)) for name, time in cold.items() if time < 1e-3}
    return cold, {**cold, **in_turns(short)} if "ours" in short else cold


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


def algebra_rows(name: str, dim: int, batch: int, device: str) -> Iterator[Case]:
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


def memory_rows(dim: int, items: int, batch: int, device: str) -> Iterator[Case]:
    """Cleanup, top one: the kinds in which items can be kept, against float32 in torchhd and by hand."""
    generator = torch.Generator(device).manual_seed(0)
    vectors = vsa.random(items, dim, generator=generator)
    query = vectors[torch.arange(batch, device=device) % items] + torch.randn(batch, dim, generator=generator, device=device)
    # Each reads vectors of its own, as a memory does: what another has just read would be in the cache.
    plain, peers = vectors.clone(), cast(Any, vectors.clone().as_subclass(torchhd.MAPTensor))
    peer_query: Any = query.as_subclass(torchhd.MAPTensor)
    names, norms = [str(i) for i in range(items)], vectors.norm(dim=-1)
    for dtype in (torch.float32, torch.bfloat16, torch.int8):
        memory = ItemMemory(names, vectors=vectors.to(dtype))
        yield (
            f"cleanup among {items}, {str(dtype).removeprefix('torch.')}",
            {
                "ours": lambda memory=memory: memory.cleanup(query),
                "torchhd": lambda: torchhd.cosine_similarity(peer_query, peers).max(-1),
                "torch": lambda: ((F.normalize(query, dim=-1) @ plain.T) / norms).max(-1),
            },
        )


def resonator_rows(batch: int, device: str) -> Iterator[Case]:
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


def measured(arguments: argparse.Namespace, device: str, threads: int) -> list[Row]:
    found = []
    torch.set_num_threads(threads)
    for name, dim, batch, works in rows(arguments, device):
        if arguments.only not in name:
            continue
        try:
            cold, hot = medians(works, arguments.seconds, device)
        except (RuntimeError, TypeError) as error:  # torchhd does not take every size
            print(f"{name}, dim {dim}, batch {batch}: left out ({str(error)[:80]})", file=sys.stderr)
            continue
        cold, hot = ({who: float(f"{time:.3g}") for who, time in kind.items()} for kind in (cold, hot))
        row = {"name": name, "dim": dim, "batch": batch, "device": device, "threads": threads, "cold": cold, "hot": hot}
        found.append(row)
        print(line(row), flush=True)
    return found


def line(row: Row) -> str:
    cells = [row["name"], str(row["dim"]), str(row["batch"])]
    for kind in KINDS:
        cells.append(f"{row[kind]['ours'] * 1e6:,.1f}")
        cells += ["" if (r := ratio(row, against, kind)) is None else f"{r:.2f}" for against in ("torchhd", "backend", "torch")]
    return f"| {' | '.join(cells)} |"


def import_time() -> str:
    """The time that `import vsa` adds to `import torch`, each in a process of its own."""
    import subprocess

    def taken(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[1])
        return time.perf_counter() - started

    alone, both = (min(taken(code) for _ in range(3)) for code in ("import torch", "import torch; from vsa import *"))
    return f"`from vsa import *` after `import torch` ({alone:.2f} s) adds {both - alone:.2f} s."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="store_true", help="write docs/benchmarks.md from the data, and measure nothing")
    parser.add_argument("--only", default="", help="rows whose name holds this text; they are written to no file without --out")
    parser.add_argument("--seconds", type=float, default=0.1, help="how long each row is measured, cold and again hot")
    parser.add_argument("--dims", type=int, nargs="+", default=[1024, 10_000])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 128, 4096])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--out", type=Path, help="where the data go; docs/benchmarks.json for a run of all rows")
    arguments = parser.parse_args()
    if arguments.page:
        PAGE.write_text(rewritten(PAGE.read_text(), read(DATA)))
        return
    started = time.monotonic()
    machine = (
        f"torch {torch.__version__}, torchhd {version('torch-hd')}, Python {platform.python_version()}, {processor()}, "
        f"{torch.backends.cpu.get_cpu_capability()}. {import_time()}"
    )
    print(machine)
    columns = "ours, µs | torchhd / ours | backend / ours | ours / torch"
    print(f"| operation | dim | batch | cold: {columns} | hot: {columns} |")
    found: list[Row] = []
    for device, threads in [("cpu", threads) for threads in arguments.threads] + [("cuda", 1)] * torch.cuda.is_available():
        found += measured(arguments, device, threads)
    data = {
        "machine": machine,
        "command": " ".join(["python benchmarks/algebra.py", *sys.argv[1:]]),
        "minutes": (time.monotonic() - started) / 60,
        "rows": found,
    }
    print(summary(data))
    out = arguments.out or (None if arguments.only else DATA)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(written(data))
        print(f"{out} has the rows; python benchmarks/algebra.py --page writes the page from {DATA.name}.")


def processor() -> str:
    """The processor's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return f"{len(names)} of {names[0]}" if names else platform.machine()


if __name__ == "__main__":
    main()
