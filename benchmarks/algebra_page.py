"""What a person reads of the rows that benchmarks/algebra.py measured: pure functions, from rows to Markdown."""

import json
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]
"""name, dim, batch, device, threads; and cold and hot: seconds a call of ours, torchhd, backend and torch, as far as measured."""

DATA = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.json"
PAGE = DATA.with_suffix(".md")
BEGIN, END = "<!-- written by benchmarks/algebra.py --page -->\n", "<!-- end of what is written -->\n"

KINDS = ("cold", "hot")
VERBS = ("bind", "unbind", "bundle of 5", "multibind of 5", "permute", "inverse", "normalize", "similarity", "random")
ALGEBRAS = ("MAP", "HRR", "FHRR", "BSC", "PackedBSC", "VTB", "BSBC", "MCR", "CGR")
LONGEST = 20
"""How many of the rows that are slower than torchhd are listed."""

TARGETS: list[tuple[str, Callable[[Row], bool], str, float]] = [
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
    ("cleanup 1024 x 1k, batch 1", lambda r: _cleanup(r, "float32", 1000, 1), "torch", 1.5),
    ("cleanup 1024 x 100k, batch 1, int8", lambda r: _cleanup(r, "int8", 100_000, 1), "torchhd", 8.0),
    ("cleanup 1024 x 1k, batch 4096, bf16", lambda r: _cleanup(r, "bfloat16", 1000, 4096), "torchhd", 8.0),
    ("resonator 3 x 20, ten steps", lambda r: r["name"] == "resonator 3 x 20, ten steps", "torchhd", 4.0),
]
"""What is to be reached: times faster than torchhd, at least; or times the time of hand-written torch, at most."""


def _cleanup(row: Row, dtype: str, items: int, batch: int) -> bool:
    return row["name"] == f"cleanup among {items}, {dtype}" and row["dim"] == 1024 and row["batch"] == batch


def ratio(row: Row, against: str, kind: str) -> float | None:
    """How many times faster than torchhd or our backend, or how many times the time of hand-written torch."""
    taken = row[kind]
    if against not in taken:
        return None
    return taken["ours"] / taken["torch"] if against == "torch" else taken[against] / taken["ours"]


def ratios(rows: Iterable[Row], against: str, kind: str) -> list[float]:
    """From the lowest to the highest."""
    return sorted(r for row in rows if (r := ratio(row, against, kind)) is not None)


def shown(value: float) -> str:
    """Two digits, or a whole number."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def table(head: Iterable[str], body: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *body)] + [""]


def by_verb(rows: list[Row], kind: str) -> list[str]:
    """The least and the greatest ratio over all sizes, of each verb in each algebra."""

    def cell(name: str) -> str:
        found = ratios((row for row in rows if row["name"] == name), "torchhd", kind)
        return f"{shown(found[0])} – {shown(found[-1])}" if found else ""

    return table(["torchhd / ours", *ALGEBRAS], [[verb, *(cell(f"{algebra} {verb}") for algebra in ALGEBRAS)] for verb in VERBS])


def others(rows: list[Row]) -> list[str]:
    """The same of what is no verb, with the time of hand-written torch."""
    verbs = {f"{algebra} {verb}" for algebra in (*ALGEBRAS, "SBC") for verb in VERBS}
    names = dict.fromkeys(row["name"] for row in rows if row["name"] not in verbs)
    body = []
    for name in names:
        these = [row for row in rows if row["name"] == name]
        found = [ratios(these, against, kind) for against in ("torchhd", "torch") for kind in KINDS]
        body.append([name, *(f"{shown(r[0])} – {shown(r[-1])}" if r else "" for r in found)])
    head = ["", "torchhd / ours, cold", "hot", "ours / torch, cold", "hot"]
    return table(head, body) if body else []


def targets(rows: list[Row]) -> list[str]:
    body = []
    for title, applies, against, bound in TARGETS:
        cells = []
        for kind in KINDS:
            found = ratios(filter(applies, rows), against, kind)
            if not found:
                continue
            missed = sum(r < bound if against == "torchhd" else r > bound for r in found)
            ends = [found[0], statistics.median(found), found[-1]]
            worst_first = ends if against == "torchhd" else ends[::-1]
            cells += [", ".join(f"{r:.2f}" for r in worst_first), f"{missed} of {len(found)}"]
        if cells:
            body.append([title, f"{against}, {'at least' if against == 'torchhd' else 'at most'} {bound:g}", *cells])
    return table(["asked", "against", "cold: worst, median, best", "missed", "hot: worst, median, best", "missed"], body)


def slower(rows: list[Row]) -> list[str]:
    """The rows that are slower than torchhd in one way or the other, the slowest first."""
    found: list[tuple[float, list[str]]] = []
    for row in rows:
        both = [ratio(row, "torchhd", kind) for kind in KINDS]
        if (least := min((r for r in both if r is not None), default=1.0)) < 1:
            shares = ["" if r is None else f"{r:.2f}" for r in both]
            found.append((least, [row["name"], str(row["dim"]), str(row["batch"]), *shares]))
    title = f"Slower than torchhd, cold or hot: {len(found)} of {sum('torchhd' in row['cold'] for row in rows)}"
    if not found:
        return [f"{title}.", ""]
    title += f"; the {LONGEST} slowest:" if len(found) > LONGEST else ":"
    cells = [cells for _, cells in sorted(found)[:LONGEST]]
    return [title, "", *table(["torchhd / ours", "dim", "batch", "cold", "hot"], cells)]


def summary(data: dict[str, Any]) -> str:
    """The part of the page that is written from the data."""
    rows = data["rows"]
    lines = [f"`{data['command']}`, {data['minutes']:.0f} minutes: {data['machine']}", ""]
    for device, threads in dict.fromkeys((row["device"], row["threads"]) for row in rows):
        these = [row for row in rows if (row["device"], row["threads"]) == (device, threads)]
        lines += [f"### {device}, {threads} thread{'s' if threads > 1 else ''}, {len(these)} rows", ""]
        for kind in KINDS:
            lines += [f"{kind.capitalize()}, the least and the greatest over all sizes:", "", *by_verb(these, kind)]
        lines += [*others(these), *targets(these), *slower(these)]
    return "\n".join(lines)


def rewritten(page: str, data: dict[str, Any]) -> str:
    """The page with that part as the data say."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{summary(data)}\n{END}{after}"


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def written(data: dict[str, Any]) -> str:
    """The data as text, a row a line."""
    rows = ",\n".join("  " + json.dumps(row) for row in data["rows"])
    head = json.dumps({key: value for key, value in data.items() if key != "rows"}, indent=1)
    return f'{head[:-2]},\n "rows": [\n{rows}\n ]\n}}\n'
