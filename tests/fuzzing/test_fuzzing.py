"""Some bad inputs for every target each time, 17,000 in a long run; and whether the harness would notice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.fuzzing.campaign import Attempt, Outcome, Target, run
from tests.fuzzing.targets import TARGETS
from tests.helpers import as_a_user
from vsa import bind
from vsa.errors import RangeError

FEW, MANY = 15, 17_000


def tried(target: Target, inputs: int, folder: Path, **options: Any) -> Outcome:
    with as_a_user():
        return run(target, inputs, 0, folder, **options)


@pytest.mark.parametrize("name", TARGETS)
def test_bad_inputs_end_in_an_error_of_ours(name: str, tmp_path: Path) -> None:
    outcome = tried(TARGETS[name], FEW, tmp_path)
    assert not outcome.failures, "\n".join(map(str, outcome.failures))
    assert outcome.inputs == FEW
    assert not os.listdir(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_many_bad_inputs_end_in_an_error_of_ours(name: str, tmp_path: Path) -> None:
    outcome = tried(TARGETS[name], -(-MANY // len(TARGETS)), tmp_path)
    assert not outcome.failures, "\n".join(map(str, outcome.failures))


def test_both_bad_and_good_inputs_are_tried(tmp_path: Path) -> None:
    outcome = tried(TARGETS["verbs"], 100, tmp_path)
    assert min(outcome.refused, outcome.answered) > 20


# The harness.


def harness(tmp_path: Path, bad: Callable[[Path], object], *, seconds: float = 10.0, **options: Any) -> Outcome:
    """Five inputs, the third of which is bad and the fourth refused."""

    def draw(random: random.Random, folder: Path) -> Attempt:
        number = int(folder.parent.name)

        def call() -> object:
            if number == 2:
                return bad(folder)
            return bind(3, 4) if number == 3 else number  # pyright: ignore[reportArgumentType]

        return Attempt(f"input {number} of {random.random()}", call, **options)

    return tried(Target("test", "nothing", draw), 5, tmp_path, seconds=seconds)


def crash(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(folder: Path) -> None:
    while True:
        time.sleep(0.1)


def hang_for_good(folder: Path) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    hang(folder)


def swallow(folder: Path) -> None:
    """Catch whatever an alarm may raise, but end."""
    try:
        hang(folder)
    except BaseException:
        raise KeyError("caught") from None


def missing(folder: Path) -> object:
    return {}["missing"]


def leave(folder: Path) -> None:
    sys.exit(0)


def interrupt(folder: Path) -> None:
    raise KeyboardInterrupt


def write_above(folder: Path) -> None:
    Path("../stray").write_text("x")


def write_beside(folder: Path) -> None:
    (folder.parents[1] / "elsewhere").write_text("x")


def empty_message(folder: Path) -> None:
    raise RangeError


def fill_memory(folder: Path) -> None:
    bytearray(2**40)


@pytest.mark.parametrize(
    ("bad", "happened"),
    [
        (crash, "the process died of SIGSEGV"),
        (hang, "it hung"),
        (hang_for_good, "not even to an alarm"),
        (swallow, "KeyError"),
        (missing, "KeyError: 'missing' (test_fuzzing.py:"),
        (leave, "SystemExit"),
        (interrupt, "KeyboardInterrupt"),
        (write_above, "left files outside of its folder: ['stray']"),
        (write_beside, "left files outside of its folder: ['elsewhere']"),
        (empty_message, "an error that says nothing"),
        (fill_memory, "MemoryError"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_it_notices_and_goes_on(bad: Callable[[Path], object], happened: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tests.fuzzing.campaign.GRACE", 0.5)
    outcome = harness(tmp_path, bad, seconds=0.3 if bad in (hang, hang_for_good, swallow) else 10.0)
    assert (outcome.refused, outcome.answered) == (1, 3)
    (failure,) = outcome.failures
    assert happened in failure.happened
    assert failure.what.startswith("input 2 of 0.")
    assert str(failure).endswith("again: --target test --seed 0 --only 2")


def test_a_wrong_answer_is_a_failure(tmp_path: Path) -> None:
    outcome = harness(tmp_path, lambda folder: "five", right=lambda answer: answer != "five")
    assert [failure.happened for failure in outcome.failures] == ["a wrong answer: five"]


def test_an_allowed_exception_is_an_answer_that_is_checked(tmp_path: Path) -> None:
    def right(answer: object) -> bool:
        return not isinstance(answer, SystemExit) or answer.code == 2

    allowed: dict[str, Any] = {"allowed": (SystemExit,), "right": right}
    assert not harness(tmp_path, lambda folder: sys.exit(2), **allowed).failures
    assert len(harness(tmp_path, lambda folder: sys.exit(1), **allowed).failures) == 1


def test_one_input_can_be_repeated_alone(tmp_path: Path) -> None:
    drawn = []

    def draw(random: random.Random, folder: Path) -> Attempt:
        return Attempt(str(random.random()), lambda: missing(folder))

    for only in (None, 3):
        drawn.append(tried(Target("test", "nothing", draw), 5, tmp_path, only=only).failures)
    assert drawn[1] == [drawn[0][3]]


def test_the_command_prints_a_table_and_says_whether_all_is_well() -> None:
    command = [sys.executable, "tests/fuzzing/run.py", "--inputs", "6", "--target", "makers"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert [line.split(" | ")[0] for line in lines] == [
        "| Target",
        "|---|---|---|---|---|---|",
        "| makers",
        "| all",
    ]
    assert lines[-1].split(" | ")[2:3] == ["6"]
