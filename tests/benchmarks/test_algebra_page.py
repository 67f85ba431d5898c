"""What docs/benchmarks.md says is what its data say."""

from typing import Any

from benchmarks.algebra_page import BEGIN, DATA, END, PAGE, read, rewritten, slower, summary, written


def row(name: str, dim: int, batch: int, cold: dict[str, float], hot: dict[str, float]) -> dict[str, Any]:
    return {"name": name, "dim": dim, "batch": batch, "device": "cpu", "threads": 1, "cold": cold, "hot": hot}


ROWS = [
    row("MAP bind", 1024, 1, {"ours": 3e-6, "torchhd": 6e-6, "torch": 1.5e-6}, {"ours": 2e-6, "torchhd": 6e-6, "torch": 1e-6}),
    row("MAP bind", 1024, 128, {"ours": 2e-5, "torchhd": 1e-5, "torch": 1e-5}, {"ours": 1e-5, "torchhd": 4e-5, "torch": 1e-5}),
    row("cleanup among 10, int8", 1024, 1, {"ours": 1e-5, "torchhd": 2e-4}, {"ours": 1e-5, "torchhd": 1e-4}),
]


def test_the_summary_has_the_range_of_each_verb_cold_and_hot() -> None:
    data = {"machine": "a machine", "command": "a command", "minutes": 2.0, "rows": ROWS}
    text = summary(data)
    assert "`a command`, 2 minutes: a machine" in text
    assert "### cpu, 1 thread, 3 rows" in text
    assert "| bind | 0.50 – 2.0 | " in text.partition("Hot, ")[0]
    assert "| bind | 3.0 – 4.0 | " in text.partition("Hot, ")[2]
    assert "| cleanup among 10, int8 | 20 – 20 | 10 – 10 |  |  |" in text
    assert "| MAP bind, batch 1 | torch, at most 2.5 | 2.00, 2.00, 2.00 | 0 of 1 | 2.00, 2.00, 2.00 | 0 of 1 |" in text


def test_what_is_slower_is_listed() -> None:
    assert slower(ROWS) == [
        "Slower than torchhd, cold or hot: 1 of 3:",
        "",
        "| torchhd / ours | dim | batch | cold | hot |",
        "| --- | --- | --- | --- | --- |",
        "| MAP bind | 1024 | 128 | 0.50 | 4.00 |",
        "",
    ]
    assert slower(ROWS[:1]) == ["Slower than torchhd, cold or hot: 0 of 1.", ""]
    assert "the 20 slowest" in slower(ROWS[1:2] * 30)[0]
    assert len(slower(ROWS[1:2] * 30)) == 25


def test_the_page_is_written_from_the_data_and_keeps_the_rest() -> None:
    data, page = read(DATA), PAGE.read_text()
    assert rewritten(page, data) == page, "run: python benchmarks/algebra.py --page"
    assert written(data) == DATA.read_text()
    assert rewritten(f"before\n{BEGIN}old\n{END}after\n", data) == f"before\n{BEGIN}\n{summary(data)}\n{END}after\n"
    assert len(page.splitlines()) < 200
