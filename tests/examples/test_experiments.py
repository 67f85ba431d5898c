"""The table of experiments: its rows, the runs as a user starts them, and the page that is written."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks.json_file import write_json
from tasks.studies.experiments import ROWS, TASKS, Run, table
from tasks.studies.page import check_page, markers
from tasks.studies.running import work
from tasks.symbolic import stages
from tasks.symbolic.config import LEARNT_PLACES
from tests.conftest import ROOT
from tests.examples.scripts import call, path
from vsa import load
from vsa.errors import VSAError

BEGIN, END = markers("table")

DOCUMENT = """
    1   PD   mse  sum   1.0    0.0  Bad
    2   PD   mse  sum   1.0    1.0  Bad
    3   PD   mse  mean  1.0    0.0  Bad
    4   PD   mse  mean  0.1    0.0  Bad
    5   PD   mse  mean  0.01   0.0  Bad
    6   PD   mse  mean  0.001  0.0  Bad
    7   PD   mse  mean  1.0    1.0  Bad
    8   PD   mse  mean  0.1    1.0  Bad
    9   PD   mse  mean  0.01   1.0  Bad
    10  PD   mse  mean  0.001  1.0  Bad
    11  PD   bce  sum   1.0    0.0  Bad
    12  PD   bce  sum   1.0    1.0  Bad
    13  PD   bce  sum   0.1    1.0  Bad
    14  PD   bce  sum   0.0    1.0  Good
    15  PD   bce  sum   0.01   1.0  Good
    16  PSD  bce  sum   0.01   1.0  Good
    17  PSD  bce  sum   0.001  1.0  Bad
"""
"""The table of dSprites VSA, section 5."""


def run_of(row: int, folder: Path, seed: int = 0) -> Run:
    return Run(ROWS[row - 1], ROWS[row - 1].config(seed=seed, minutes=1.0, steps=2, evaluate=2), folder)


def result(run: Run, iou: float) -> dict[str, Any]:
    by_feature = {"shape": iou - 0.2, "x": iou}
    metrics = {"reconstruction_iou": iou, "edit_iou": by_feature, "edit_shown": by_feature, "assembly_iou": iou}
    trained = {"steps": 7, "precision": "float32"}
    return {"settings": run.settings(), "machine": "an abacus", "trained": trained, "metrics": metrics, "seconds": 1.0}


def line(text: str, row: int) -> list[str]:
    """The cells of a row of the table."""
    (found,) = (found for found in text.splitlines() if found.startswith(f"| {row} |"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_documents_rows_are_all_there() -> None:
    expected = [tuple(row.split()) for row in DOCUMENT.strip().splitlines()]
    assert len(expected) == 17
    for row, (number, model, loss, reduction, kl, cosine, quality) in zip(ROWS, expected, strict=False):
        config = row.config()
        assert (str(row.number), row.model, row.quality) == (number, model, quality)
        assert (config.loss, config.reduction, config.kl, config.cosine) == (loss, reduction, float(kl), float(cosine))
        assert (config.scheme, config.exchange) == ("one", "guessed" if config.cosine else "known")
        assert (config.encoder, config.decoder, config.decoding, config.contrastive) == ("conv-small", "conv-small", "whole", 0)


def test_the_rows_it_lacks_are_there_too() -> None:
    more = [(row.model, config.kl, config.cosine, config.scheme) for row in ROWS[17:24] if (config := row.config())]
    assert more == [
        ("PD", 0.0, 0.0, "one"),
        ("PD", 0.01, 0.0, "one"),
        ("PD", 0.001, 0.0, "one"),
        ("PD", 0.001, 0.0, "subset"),
        ("PSD", 0.001, 0.0, "subset"),
        ("PD", 0.001, 0.0, "donors"),
        ("PSD", 0.001, 0.0, "donors"),
    ]
    assert [(row.model, row.settings) for row in ROWS[24:]] == [("PD", LEARNT_PLACES), ("PSD", LEARNT_PLACES)]
    assert [row.number for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert len({str(run_of(row.number, Path()).settings()) for row in ROWS}) == len(ROWS)
    for row in ROWS:
        row.config().check()


def test_it_runs_writes_the_table_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\nProse before.\n\n{BEGIN}\nold\n{END}\n\nProse after.\n")
    flags = ["--steps", "2", "--evaluate", "2", "--seeds", "1", "--out", "here", "--page", str(page), "--rows", "26"]
    first = call(tmp_path, "experiments", *flags)
    assert first.returncode == 0, first.stderr
    assert "Runs: 1, of which 0 are in" in first.stdout
    assert "1 of 1 done" in first.stdout
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "here").iterdir()}
    assert len(written) == 1
    text = page.read_text()
    assert text.startswith("# Title\n\nProse before.\n\n")
    assert text.endswith("\n\nProse after.\n")
    assert "old" not in text
    assert [line(text, row)[8] for row in (14, 26)] == ["0", "1"]

    again = call(tmp_path, "experiments", *flags)
    assert again.returncode == 0, again.stderr
    assert "Runs: 1, of which 1 are in" in again.stdout
    assert "done" not in again.stdout
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "here").iterdir()} == written
    assert page.read_text() == text


def test_ctrl_c_ends_the_runs_and_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, path("experiments"), "--out", "here", "--page", str(tmp_path / "page.md")]

    def heed_interrupts() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # what a shell starts in the background is deaf to them, children too

    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, start_new_session=True, preexec_fn=heed_interrupts, **pipes) as started:
        try:
            assert started.stdout is not None
            assert started.stdout.readline().startswith(f"Runs: {3 * len(ROWS)}, of which 0 are in")
            os.killpg(started.pid, signal.SIGINT)
            out, err = started.communicate(timeout=60)  # it would not end while a run still held the pipe
        finally:
            started.kill()
    assert started.returncode == 130
    assert "the same command goes on from there" in out
    assert err == "interrupted\n"


def test_a_mistake_is_one_line_and_status_2(tmp_path: Path) -> None:
    ended = call(tmp_path, "experiments", "--rows", "99")
    assert ended.returncode == 2
    assert ended.stderr == f"error: rows must be from 1 to {len(ROWS)}, got (99,)\n"
    assert list(tmp_path.iterdir()) == []
    ended = call(tmp_path, "experiments", "--jobs", "0")
    assert (ended.returncode, ended.stderr) == (2, "error: jobs must be at least 1, got 0\n")
    assert list(tmp_path.iterdir()) == []


def test_the_table_has_mean_and_deviation_over_the_seeds(tmp_path: Path) -> None:
    runs = [run_of(row, tmp_path, seed) for seed in range(3) for row in (2, 14)]
    for run, iou in zip((runs[0], runs[2], runs[3]), (0.5, 0.7, 0.9), strict=True):
        write_json(run.path, result(run, iou))
    text = table(runs, "the command")
    assert line(text, 2)[7:] == [
        "Bad",
        "2",
        "7",
        *["0.600 ± 0.141", "0.500 ± 0.141", "0.400 ± 0.141", "0.600 ± 0.141"],
        "0.500 ± 0.141",
    ]
    assert line(text, 14)[7:] == ["Good", "1", "7", "0.900", "0.800", "0.700", "0.900", "0.800"]
    assert line(text, 15)[7:] == ["Good", "0", *[""] * 6]
    for part in ("for 1 min or 2 steps", "2 pictures", "an abacus; float32", "`the command`"):
        assert part in text
    assert "Without a result" not in text


def test_a_run_that_ends_in_an_error_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def learn(self, config: object) -> None:
            raise failure

    monkeypatch.setattr(stages, "PAIRED", Failing())
    nan, broken = run_of(1, tmp_path), run_of(2, tmp_path)
    failure: Exception = VSAError("the loss became nan at step 3")
    work(nan)
    failure = RuntimeError("out of memory")
    work(broken)
    assert (nan.done(), broken.done()) == (True, False)
    text = table([nan, broken], "")
    assert "* row 1, seed 0: the loss became nan at step 3" in text
    assert "* row 2, seed 0: RuntimeError: out of memory" in text


def test_a_run_has_a_file_for_its_row_seed_and_settings(tmp_path: Path) -> None:
    run = run_of(1, tmp_path)
    longer = Run(run.row, run.row.config(seed=0, minutes=2.0, steps=2, evaluate=2), tmp_path)
    elsewhere = Run(run.row, run.row.config(seed=0, minutes=1.0, steps=2, evaluate=2, out=Path("there")), tmp_path)
    write_json(run.path, result(run, 0.5))
    assert run.path.name.startswith("row-01-seed-0-")
    assert (run.done(), longer.done(), run_of(1, tmp_path, seed=1).done(), elsewhere.done()) == (True, False, False, True)


def test_what_is_printed_of_a_run(tmp_path: Path) -> None:
    run = run_of(14, tmp_path, seed=2)
    assert str(run) == "row 14 (PD, conv-small, BCE sum, KL 0, cosine 1, pair, guessed), seed 2"
    assert run.summary(result(run, 0.5)) == (
        "reconstruction IoU 0.500, mean edit IoU 0.400, lowest edit IoU 0.300, assembly IoU 0.500, right value shown 0.400"
    )


def test_the_models_are_tasks() -> None:
    assert [load("task", TASKS[row.model]).name for row in ROWS[-2:]] == ["paired", "paired-scene"]


def test_preparing_the_runs_imports_nothing_heavy(tmp_path: Path) -> None:
    code = f"""
import runpy, sys
from pathlib import Path
import tasks.studies.running
tasks.studies.running.run_all = lambda todo, *given: print(len(todo), {{"torch", "numpy", "accelerate"}} & set(sys.modules))
script = runpy.run_path({path("experiments")!r})
script["experiments"](script["ExperimentsConfig"](out=Path("here"), page=Path("page.md")))
"""
    command, env = [sys.executable, "-c", code], os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[1:] == [f"{3 * len(ROWS)} set()", "table: page.md"]


def test_the_page_of_the_project_has_a_place_for_it() -> None:
    check_page(ROOT / "docs" / "experiments.md", ["table"])
