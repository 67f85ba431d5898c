"""Jobs of a study, and the files that keep what came of them, so that what is done is not done again.

A job is a frozen dataclass that says what is to be done. What came of it is a small JSON file, named after all that decides it;
a job whose file is there is not done again. This file imports nothing heavy, and jobs should import what they compute with in
`compute`, which is called in another process.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from vsa.errors import InputError


class Job(ABC):
    """Something to compute, and the file that holds what came of it. Kinds of it are frozen dataclasses that can be pickled.

    Attributes:
        folder: where the file lies.
    """

    folder: Path

    @property
    @abstractmethod
    def stem(self) -> str:
        """How the file's name begins, for people: "row-03-seed-1"."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All that decides what comes of it, as JSON can hold it."""

    @abstractmethod
    def compute(self) -> dict[str, Any]:
        """Do the work, in a process of its own, and give the entries of the file, as JSON can hold them.

        A VSAError that it raises is what came of it; any other exception is a crash, and it is done again the next time.
        """

    @abstractmethod
    def summary(self, found: dict[str, Any]) -> str:
        """The main numbers of what `compute` gave, in one line."""

    def __str__(self) -> str:
        return self.stem

    @property
    def path(self) -> Path:
        """The file, named after the stem and a digest of all settings, so that other settings have files of their own."""
        digest = hashlib.sha256(self._decisive().encode()).hexdigest()[:8]
        return self.folder / f"{self.stem}-{digest}.json"

    def stored(self) -> dict[str, Any] | None:
        """What its file holds: the entries of `compute`, or an `error` that it ended in, or a `crash`; None if it was not run.

        Raises:
            InputError: there is a file, but it holds something else.
        """
        try:
            found = json.loads(self.path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path} is not the result of a run ({error}); remove it, and it is run again") from error
        if not isinstance(found, dict) or found.get("settings") != json.loads(self._decisive()):
            raise InputError(f"{self.path} holds the result of other settings; remove it, and it is run again")
        return found

    def done(self) -> bool:
        """Whether it need not be run again. That the loss became NaN is a result; that something broke is none."""
        found = self.stored()
        return found is not None and "crash" not in found

    def _decisive(self) -> str:
        return json.dumps(self.settings(), sort_keys=True)


AnyJob = TypeVar("AnyJob", bound=Job)


def results(jobs: Iterable[AnyJob]) -> list[tuple[AnyJob, dict[str, Any]]]:
    """The jobs that were run, with what their files hold.

    Raises:
        InputError: a file holds something else.
    """
    return [(job, found) for job in jobs if (found := job.stored()) is not None]


def succeeded(job: Job) -> dict[str, Any] | None:
    """What the file of a job holds, if it was run and has a result.

    Raises:
        InputError: it holds something else.
    """
    found = job.stored()
    return None if found is None or failure(found) is not None else found


def failure(found: dict[str, Any]) -> str | None:
    """Why a job has no result: its error, or the last line of its crash; None if it has one.

    Example:
        >>> failure({"error": "the loss became nan"}), failure({"metrics": {}})
        ('the loss became nan', None)
    """
    if "error" in found:
        return found["error"]
    return found["crash"].strip().splitlines()[-1] if "crash" in found else None


def budget(minutes: float | None, steps: int | None) -> str:
    """How long each job trains, for the sentences under a table.

    Example:
        >>> budget(1.0, 200)
        '1 min or 200 steps'
    """
    limits = [f"{minutes:g} min"] if minutes is not None else []
    return " or ".join(limits + ([f"{steps} steps"] if steps is not None else []))


def made_with(found: Iterable[dict[str, Any]], command: str) -> str:
    """Machine and command of a table, as sentences under it; with the precisions, where jobs have `trained` something.

    Args:
        found: what the files of the jobs hold.
        command: makes the whole table.

    Example:
        >>> made_with([{"machine": "an abacus", "trained": {"precision": "float32"}}], "make table")
        'The machine: an abacus; float32. The command: `make table`.'
    """
    found = list(found)
    machines = sorted({stored["machine"] for stored in found})
    precisions = sorted({stored["trained"]["precision"] for stored in found if "trained" in stored})
    return f"The machine: {'; '.join([*machines, *precisions]) or 'nothing was run yet'}. The command: `{command}`."


def without_result(found: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    """The end of a page: which jobs have no result, and why; lines of Markdown, none if all have one.

    Args:
        found: what each job is called, and what its file holds.

    Example:
        >>> without_result([("seed 0", {"error": "the loss became nan"}), ("seed 1", {"metrics": {}})])
        ['', 'Without a result:', '', '* seed 0: the loss became nan']
    """
    failed = [(name, why) for name, stored in found if (why := failure(stored)) is not None]
    lines = [f"* {name}: {(why.splitlines() or [''])[-1]}" for name, why in failed]
    return ["", "Without a result:", "", *lines] if lines else []
