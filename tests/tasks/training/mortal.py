"""A run that is killed again and again: `python mortal.py FOLDER KILLS SEED`, in a process of its own, because it forks.

A child trains without being disturbed in FOLDER/calm. Then children train in FOLDER/mortal, one after the other, each with
`resume`; each is killed (SIGKILL) at a random moment, or kills itself at a chosen point of writing a checkpoint, until there were
KILLS of them. The last one is left to end. What was done is printed as JSON.
"""

import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import torch
import torch._dynamo  # the optimiser imports it, which takes seconds: once, for all children

import vsa.files
from tasks.symbolic.stages import PAIRED
from tasks.symbolic.task import Stage
from tasks.task import population_of
from tasks.training.checkpoints import Checkpoints
from tasks.training.record import RunRecord
from tests.tasks.training.small import config


def die(*given: object, **named: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def writing_half(path: Path, content: bytes) -> int:
    """What stands for Path.write_bytes: half of it, then death."""
    with path.open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        die()
    return 0


def after(number: int, then: Callable[..., Any], instead: Callable[..., Any] = die) -> Callable[..., Any]:
    """Calls `then` so many times, and after that `instead`."""
    left = [number]

    def call(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        return (then if left[0] >= 0 else instead)(*given, **named)

    return call


def of_files(name: str, number: int, then: Callable[..., Any]) -> Callable[..., Any]:
    """Calls `then`, but dies at a file whose name begins so, when there were so many of them."""
    dying = after(number, then)

    def call(path: Path, *given: Any) -> Any:
        return (dying if Path(path).name.startswith(name) else then)(path, *given)

    return call


def doom(point: str, writes: int) -> None:
    """From now on this process dies at a point of writing, after so many checkpoints."""
    if point == "half of the bytes":
        whole = Path.write_bytes
        Path.write_bytes = after(writes, whole, writing_half)  # pyright: ignore[reportAttributeAccessIssue]
    elif point == "before the file is synced":
        vsa.files._sync = of_files(".step-", writes, vsa.files._sync)
    elif point == "before it is renamed":
        os.replace = of_files(".step-", writes, os.replace)
    elif point == "before the manifest is renamed":
        os.replace = of_files(".manifest", writes, os.replace)
    elif point == "before the old ones are removed":
        Checkpoints.paths = after(writes, Checkpoints.paths)
    elif point == "while a row of metrics is written":
        save = RunRecord._save
        RunRecord._save = lambda record, *given: _half_a_row(record, save, *given)  # pyright: ignore[reportAttributeAccessIssue]


def _half_a_row(record: RunRecord, save: Callable[..., None], *given: Any) -> None:
    save(record, *given)
    assert record.log is not None
    record.log.file.write('{"step": 10, "lo')
    record.log.file.flush()
    die()


POINTS = (
    "half of the bytes",
    "before the file is synced",
    "before it is renamed",
    "before the manifest is renamed",
    "before the old ones are removed",
    "while a row of metrics is written",
)


def child(task: Callable[[], object]) -> int:
    """The process id of a child that does something."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            task()
            status = 0
        finally:
            os._exit(status)
    return pid


def main(folder: Path, kills: int, seed: int) -> None:
    chance, steps = random.Random(seed), 4 * kills
    torch.set_num_threads(1)
    for name in ("measure", "draw", "finish"):  # training is what counts here
        setattr(Stage, name, lambda *given: {})
    for part in ("train", "validation"):  # listed once, for all children
        population_of(config(folder, steps), part).sample(1, torch.Generator())
    if os.waitpid(child(lambda: PAIRED.run(config(folder / "calm", steps, workers=1))), 0)[1]:
        sys.exit("the run that nobody killed failed")
    done, moments = 0, {"at a random moment": 0, **dict.fromkeys(POINTS, 0)}
    while done < kills:
        point = POINTS[done // 2 % len(POINTS)] if done % 2 else None  # every other one where it hurts
        reader, writer = os.pipe()

        def life(point: str | None = point, writer: int = writer) -> None:
            restore = RunRecord.restore

            def restored(*given: Any) -> Any:
                state = restore(*given)
                os.write(writer, b"!")
                if point is not None:
                    doom(point, writes=chance.randrange(4))
                return state

            RunRecord.restore = restored  # pyright: ignore[reportAttributeAccessIssue]
            PAIRED.run(config(folder / "mortal", steps, workers=1, resume=True))

        pid = child(life)
        os.close(writer)
        if point is None:
            if chance.random() < 0.8:  # else perhaps before it trains
                select.select([reader], [], [])
            time.sleep(chance.uniform(0, 0.3))
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        os.close(reader)
        if not os.WIFSIGNALED(status):
            sys.exit(f"it ended before it was killed {kills} times, or failed: {status}")
        done += 1
        moments[point or "at a random moment"] += 1
    partial = len(list(folder.glob("mortal/checkpoints/.*.part*")))
    if os.waitpid(child(lambda: PAIRED.run(config(folder / "mortal", steps, workers=1, resume=True))), 0)[1]:
        sys.exit("the last life failed")
    print(json.dumps({"kills": done, "steps": steps, "moments": moments, "partial files at the end": partial}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
