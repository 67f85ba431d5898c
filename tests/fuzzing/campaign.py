"""Bad inputs in bulk: draws them, tries each in a process that may die, and tells what came of it.

An input must end in a VSAError or in a right answer. Everything else is a failure: another exception, an answer that is wrong, a
process that dies or never ends, and a file outside of the folder that the input was given.
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import resource
import select
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from vsa import VSAError

CHUNK = 250
"""How many inputs one process tries: forking costs little, and nothing that one input leaves behind reaches far."""
SECONDS = 10.0
"""How long an input may take."""
GRACE = 3.0
"""How much longer a process may be silent before it is killed, because it no longer listens to its alarm."""
MEMORY = 2 * 2**30
"""How much memory a process may ask for beside what it has, in bytes, so that what is huge fails at once."""


@dataclass(frozen=True)
class Attempt:
    """One input.

    Attributes:
        what: says which, for whoever wants to repeat it.
        call: tries it.
        right: whether an answer, or an allowed exception, is the right one; any is if there is none.
        allowed: exceptions that are answers too, such as the SystemExit of a command line.
    """

    what: str
    call: Callable[[], object]
    right: Callable[[Any], bool] | None = None
    allowed: tuple[type[BaseException], ...] = ()


@dataclass(frozen=True)
class Target:
    """Something that takes inputs.

    Attributes:
        name: what it is called at the command line.
        tried: what is tried, in a line.
        draw: makes an input of random numbers, and a folder for its files, which is the working directory too.
    """

    name: str
    tried: str
    draw: Callable[[random.Random, Path], Attempt]


@dataclass(frozen=True)
class Failure:
    """An input that ended in neither a VSAError nor a right answer."""

    target: str
    seed: int
    number: int
    what: str
    happened: str

    def __str__(self) -> str:
        again = f"--target {self.target} --seed {self.seed} --only {self.number}"
        return f"{self.target}: {self.happened}\n  {self.what}\n  again: {again}"


@dataclass
class Outcome:
    """How many inputs of a target ended how."""

    target: Target
    refused: int = 0
    answered: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return self.refused + self.answered + len(self.failures)


def run(target: Target, inputs: int, seed: int, folder: Path, *, only: int | None = None, seconds: float = SECONDS) -> Outcome:
    """Try so many inputs, numbered from 0, or one of them alone; the seed and the number say all about an input.

    Args:
        target: what takes them.
        inputs: how many.
        seed: any integer.
        folder: an empty folder, in which each input has one of its own for as long as it is tried.
        only: the number of the only one to try.
        seconds: how long each may take.
    """
    outcome = Outcome(target)
    left = list(range(inputs)) if only is None else [only]
    while left:
        chunk, done = left[:CHUNK], 0
        for number, what, kind, happened in _in_a_process(target, chunk, seed, folder, seconds):
            done += 1
            if kind == "failed":
                outcome.failures.append(Failure(target.name, seed, number, what, happened))
            else:
                setattr(outcome, kind, getattr(outcome, kind) + 1)
        left = left[done:]
    return outcome


def _in_a_process(
    target: Target, numbers: list[int], seed: int, folder: Path, seconds: float
) -> Iterator[tuple[int, str, str, str]]:
    """What a process says of these inputs, up to the one at which it ends: number, what it is, how it ended, what happened."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are threads: none of them holds a lock that the child needs
        child = os.fork()
    if not child:
        os.close(reading)
        _try_all(target, numbers, seed, folder, seconds, writing)
    os.close(writing)
    waiting, ended = iter(numbers), ""
    number, what = next(waiting), "it was not drawn yet"
    try:
        for line in _lines(reading, seconds + GRACE):
            if line is None:
                os.kill(child, signal.SIGKILL)
                ended = f"it hung: no answer within {seconds:g} s, not even to an alarm"
                break
            said = json.loads(line)
            if "what" in said:
                what = said["what"]
            else:
                yield number, what, said["kind"], said["happened"]
                number, what = next(waiting, -1), "it was not drawn yet"
    finally:
        os.close(reading)
        _, status = os.waitpid(child, 0)
    if number >= 0:
        if not ended and os.WIFSIGNALED(status):
            ended = f"the process died of {signal.Signals(os.WTERMSIG(status)).name}"
        yield number, what, "failed", ended or f"the process ended with status {os.waitstatus_to_exitcode(status)}"
        shutil.rmtree(folder / str(number), ignore_errors=True)


def _lines(reading: int, patience: float) -> Iterator[bytes | None]:
    """The lines that come through a pipe; None where none comes for too long."""
    rest = b""
    while True:
        if not select.select([reading], [], [], patience)[0]:
            yield None
            return
        got = os.read(reading, 2**16)
        if not got:
            return
        *whole, rest = (rest + got).split(b"\n")
        yield from whole


class _TooSlow(BaseException):
    """The alarm; not an Exception, which might be caught on the way."""


def _try_all(target: Target, numbers: list[int], seed: int, folder: Path, seconds: float, writing: int) -> None:
    """The child's life."""

    def say(**what: str) -> None:
        os.write(writing, json.dumps(what).encode() + b"\n")

    def alarm(*_: object) -> None:
        raise _TooSlow

    try:
        warnings.simplefilter("ignore")
        faulthandler.disable()  # which pytest switches on
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        torch.set_num_threads(1)
        _limit_memory()
        signal.signal(signal.SIGALRM, alarm)
        for number in numbers:
            draw = random.Random(f"{target.name}-{seed}-{number}")
            torch.manual_seed(draw.randrange(2**32))
            kind, happened = _try(target, draw, folder, number, seconds, say)
            say(kind=kind, happened=happened[:2000])
    finally:
        os._exit(0)


def _limit_memory() -> None:
    pages = Path("/proc/self/statm")
    if pages.exists():
        limit = int(pages.read_text().split()[0]) * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _try(
    target: Target, draw: random.Random, folder: Path, number: int, seconds: float, say: Callable[..., None]
) -> tuple[str, str]:
    """How an input ended, and what happened."""
    inside = folder / str(number) / "inside"
    inside.mkdir(parents=True)
    os.chdir(inside)
    start = time.perf_counter()
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        attempt = target.draw(draw, inside)
        say(what=attempt.what[:2000])
        ended = _called(attempt)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except _TooSlow:
        ended = "failed", f"it hung: no answer within {time.perf_counter() - start:.0f} s"
    except BaseException:
        ended = "failed", f"the fuzzer itself failed: {' '.join(traceback.format_exc(limit=-4).split())}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    strays = [path for path in (*folder.iterdir(), *inside.parent.iterdir()) if path not in (inside, inside.parent)]
    os.chdir(folder)
    for path in (inside.parent, *strays):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    if strays:
        return "failed", f"it left files outside of its folder: {sorted(path.name for path in strays)[:5]}"
    return ended


def _called(attempt: Attempt) -> tuple[str, str]:
    try:
        answer = attempt.call()
    except attempt.allowed as error:
        answer = error
    except VSAError as error:
        return ("refused", "") if len(str(error)) > 10 else ("failed", f"an error that says nothing: {error!r}")
    except _TooSlow:
        raise
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[1:][-3:]
        told = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(where))
        return "failed", f"{type(error).__name__}: {str(error)[:300]} ({told})"
    if attempt.right is not None and not attempt.right(answer):
        return "failed", f"a wrong answer: {str(answer)[:300]}"
    return "answered", ""
