"""Jobs: what is kept of them, how they end, and how many are run side by side."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError

from tasks.json_file import write_json
from tasks.studies import running
from tasks.studies.jobs import budget, failure, made_with, results, without_result
from tasks.studies.running import On, report, run_jobs, work
from tests.conftest import ROOT
from tests.helpers import error
from tests.tasks.studies.small_jobs import Small
from vsa.errors import InputError, MissingExtraError, OutputError, RangeError


def here(job: Small) -> dict[str, Any]:
    """What is stored of a job that was run."""
    found = job.stored()
    assert found is not None
    return found


def test_other_settings_are_other_jobs(tmp_path: Path) -> None:
    job = Small("plain", tmp_path)
    assert job.path == tmp_path / "small-plain-82e9334d.json"  # the name does not change, or old results would not be found
    assert Small("plain", tmp_path / "elsewhere").path.name == job.path.name
    assert (job.stored(), job.done(), str(job)) == (None, False, "small-plain")
    write_json(job.path, {"settings": {"name": "plain", "sizes": [1, 2]}})
    assert job.done()
    assert not Small("plain", tmp_path, (1, 2, 3)).done()


def test_a_file_that_holds_something_else_is_an_error(tmp_path: Path) -> None:
    job = Small("plain", tmp_path)
    for text in ("{", "\xff", '{"settings": {}}', "[]"):
        job.path.write_bytes(text.encode("latin-1"))
        with error(InputError, str(job.path), "remove it, and it is run again"):
            job.done()


def test_whatever_happens_is_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plain, mistaken, broken, _ = all_four = [Small(name, tmp_path) for name in ("plain", "mistaken", "broken", "infinite")]
    for job in all_four:
        work(job)
    assert capfd.readouterr().err == ""
    assert [job.done() for job in all_four] == [True, True, False, False]
    assert set(here(plain)) == {"settings", "machine", "metrics", "threads", "process", "seconds"}
    assert here(plain)["machine"].endswith("1 thread a run")
    assert here(mistaken)["error"] == failure(here(mistaken)) == "the loss became nan at step 3"
    assert here(broken)["crash"].startswith("Traceback")
    whys = [failure(here(job)) for job in all_four]
    assert whys[:3] == [None, "the loss became nan at step 3", "RuntimeError: out of memory"]
    assert whys[3] is not None
    assert whys[3].startswith("ValueError")  # JSON has no infinity
    assert [job for job, _ in results([*all_four, Small("later", tmp_path)])] == all_four
    assert without_result([(job.name, found) for job, found in results(all_four[:3])]) == [
        "",
        "Without a result:",
        "",
        "* mistaken: the loss became nan at step 3",
        "* broken: RuntimeError: out of memory",
    ]


def test_jobs_are_run_in_processes_and_what_is_done_is_not_done_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, finished = tmp_path / "new" / "folder", list[int]()
    chosen = [Small(name, folder) for name in ("plain", "mistaken", "killed")]

    def run() -> str:
        run_jobs(chosen, 2, folder, lambda: finished.append(len(results(chosen))))
        return capsys.readouterr().out

    first = run()
    assert first.startswith(f"Runs: 3, of which 0 are in {folder} already; 2 at a time\n")
    for part in (
        "small-plain: IoU 0.500; ",
        "small-mistaken: failed: the loss became nan at step 3; ",
        "  3 of 3 done, about 0 min",
    ):
        assert part in first
    assert "small-killed: failed: it was killed, status SIGKILL(-9); 0 s\n" in first
    assert here(chosen[0])["threads"] == [1, "1"]
    assert here(chosen[0])["process"] != os.getpid()

    before = {job.path: job.path.stat().st_mtime_ns for job in chosen[:2]}
    again = run()
    assert again.startswith(f"Runs: 3, of which 2 are in {folder} already")
    assert "1 of 1 done" in again
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert finished == [3, 3]
    assert not list(folder.glob(".*"))


def test_one_that_is_asked_to_stop_ends_with_its_status_and_in_silence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    job = Small("stopped", tmp_path)
    assert work(job) == 143
    assert not job.path.exists()
    assert capfd.readouterr() == ("", "")


everywhere = pytest.mark.parametrize("on", ["here", "local"])


@everywhere
def test_so_many_run_at_a_time(tmp_path: Path, on: On) -> None:
    both = [Small("left", tmp_path), Small("right", tmp_path)]
    run_jobs(both, 2, tmp_path, lambda: None, on)
    assert [failure(here(job)) for job in both] == [None, None]


def test_a_job_that_was_over_when_another_died_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process dies between the end of another one's job and the moment in which joblib tells it."""

    def outcomes(source: deque[Small], at_once: int, begun: list[Small], stop: object) -> Iterator[tuple[int, int]]:
        begun += [source.popleft(), source.popleft()]
        work(begun[0])
        raise TerminatedWorkerError("The exit codes of the workers are {SIGKILL(-9)}.")
        yield

    monkeypatch.setattr(running, "outcomes", outcomes)
    run_jobs([Small(name, tmp_path) for name in ("plain", "killed")], 2, tmp_path, lambda: None)
    said = capsys.readouterr().out
    assert "small-plain: IoU 0.500; " in said
    assert "small-killed: failed: it was killed, status SIGKILL(-9); " in said
    assert "  2 of 2 done" in said


@pytest.mark.parametrize("name", ["plain", "killed"])
def test_one_at_a_time_is_in_a_process_of_its_own_too(tmp_path: Path, name: str) -> None:
    job = Small(name, tmp_path)
    run_jobs([job], 1, tmp_path, lambda: None)
    assert failure(here(job)) == (None if name == "plain" else "it was killed, status SIGKILL(-9)")
    assert here(job).get("process") != os.getpid()


def test_jobs_of_a_cluster_end_as_those_here_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = [Small(name, tmp_path) for name in ("plain", "mistaken", "killed")]
    run_jobs(chosen, 3, tmp_path, lambda: None, "local")
    said = capsys.readouterr().out
    assert [failure(here(job)) for job in chosen[:2]] == [None, "the loss became nan at step 3"]
    assert here(chosen[0])["threads"] == [1, "1"]
    assert "small-killed: failed: it was killed, status " in said
    assert "3 of 3 done" in said


@everywhere
@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_what_runs_saves_where_it_is_when_the_command_is_asked_to_stop(tmp_path: Path, on: On, number: signal.Signals) -> None:
    """The signal reaches all processes at once, as that of a terminal does, or the command alone, as that of `kill`."""
    code = f"""
from pathlib import Path
from tasks.studies.running import run_jobs
from tests.tasks.studies.small_jobs import Small
folder = Path({str(tmp_path)!r})
try:
    run_jobs([Small(f"patient-{{k}}", folder) for k in range(4)], 2, folder, lambda: print("finished"), {on!r})
except KeyboardInterrupt as interrupt:
    print("status", interrupt.status)
"""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", code]

    def heed_interrupts() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, preexec_fn=heed_interrupts, **pipes) as started:
        try:
            patience = time.monotonic() + 120
            while len(list(tmp_path.glob("*.begun"))) < 2:
                assert time.monotonic() < patience
                time.sleep(0.05)
            (os.killpg if number == signal.SIGINT else os.kill)(started.pid, number)
            out, err = started.communicate(timeout=60)
        finally:
            started.kill()
    assert err == ""
    assert out.splitlines()[1:] == [
        f"What is done is in {tmp_path}: the same command goes on from there.",
        "finished",
        f"status {128 + number}",
    ]
    begun = {path.stem for path in tmp_path.glob("*.begun")}
    assert begun == {path.stem for path in tmp_path.glob("*.saved")}
    assert not list(tmp_path.glob("*.json"))


def test_a_cluster_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with error(MissingExtraError, "pip install 'vsa-torch[cluster]'", "--on here"):
        run_jobs([Small("plain", tmp_path)], 1, tmp_path / "new", lambda: None, "slurm")
    assert not (tmp_path / "new").exists()


def test_an_interrupted_command_says_how_to_go_on_and_finishes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_jobs([Small("plain", tmp_path)], 1, tmp_path, lambda: print("finished"))
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"What is done is in {tmp_path}: the same command goes on from there.",
        "finished",
    ]


def test_a_mistake_is_refused_before_anything_is_run(tmp_path: Path) -> None:
    with error(RangeError, "jobs must be at least 1, got 0"):
        run_jobs([], 0, tmp_path / "new", lambda: None)
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    with error(OutputError, "choose another one with --out"):
        run_jobs([], 1, tmp_path / "file", lambda: None)


def test_the_end_of_one_that_was_killed_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = Small("plain", tmp_path)
    assert report(job, -9) == 0.0
    assert not job.done()
    assert here(job)["settings"] == json.loads(json.dumps(job.settings()))
    assert capsys.readouterr().out == "small-plain: failed: it was killed, status -9; 0 s\n"


def test_the_process_that_watches_imports_nothing_heavy(tmp_path: Path) -> None:
    code = f"""
import sys
import time
from pathlib import Path
from tasks.studies.jobs import failure, results
from tasks.studies.running import run_jobs
from tests.tasks.studies.small_jobs import Small
chosen = [Small("plain", Path({str(tmp_path)!r}))]
run_jobs(chosen, 1, chosen[0].folder, lambda: print(failure(results(chosen)[0][1])))
assert not {{"torch", "accelerate", "sklearn"}} & set(sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert "1 of 1 done" in ended.stdout
    assert ended.stdout.endswith("None\n")


def test_how_a_table_was_made() -> None:
    assert [budget(1.0, None), budget(None, 5), budget(0.5, 5)] == ["1 min", "5 steps", "0.5 min or 5 steps"]
    assert made_with([], "make it") == "The machine: nothing was run yet. The command: `make it`."
    found = [{"machine": "b"}, {"machine": "a", "trained": {"precision": "float32"}}, {"machine": "b"}]
    assert made_with(found, "make it") == "The machine: a; b; float32. The command: `make it`."
