"""Folders of runs with foreign content: forged manifests, files and links that are somebody else's, and code in settings."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # optimisers import it, which takes seconds: once, for all inputs

from tasks import load_model
from tasks.command_line import status_of
from tasks.config import RunConfig
from tasks.configs import CONFIGS
from tasks.symbolic.config import PairedConfig
from tasks.symbolic.stages import PAIRED as TASK
from tasks.training.checkpoints import Checkpoint, Checkpoints, read_checkpoint
from tasks.training.manifest import KIND, MANIFEST, RunFiles
from tasks.training.optimizers import OptimizerState
from tasks.training.run_folder import claimed
from tasks.training.state import State
from tasks.weights import KIND as MODEL_KIND
from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.runs import SMALL, altered, odd_json, recorded, trained
from tests.fuzzing.values import shown
from vsa import VSAError, tensor_file

NAMES = ("config.json", "metrics.jsonl", "metrics.json", "model.safetensors", "checkpoints", "loss.png", "tracker")
"""What a run writes beside its manifest."""

ODD = (
    *NAMES,
    *("checkpoints/step-000000001.safetensors", "checkpoints/step-000000009.damaged", "tracker/a/b", "holiday.png", "notes.txt"),
    *("..", "../beside", "../../x", "/etc/hostname", "checkpoints/../../beside", "a/b", ".git/config", "", ".", "./x", "a//b"),
    *("wandb/run", "vsa-torch/README.md", "\0", "a\nb", "é", "[/x]", "x" * 300, "\udc80", "C:\\x", MANIFEST, "~/x"),
)


def snapshot(folder: Path) -> dict[str, Any]:
    """All that is in a folder: files by content, links by what they name, folders as folders."""
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if not path.name.startswith(".vsa-torch")
    }


def fill(draw: random.Random, run: Path, outside: Path) -> None:
    """Put anybody's files, folders and links into a folder that might be a run's."""
    for _ in range(draw.randrange(6)):
        with contextlib.suppress(OSError, ValueError, UnicodeError):  # not every name is one, and some are taken
            place = run / draw.choice([name for name in ODD if name and ".." not in name and not name.startswith(("/", "~"))])
            place.parent.mkdir(exist_ok=True)
            if os.path.lexists(place):  # writing to a pipe would wait for a reader
                continue
            kind = draw.choice(("file", "file", "folder", "link to a file", "link to a folder", "pipe"))
            if kind == "file":
                place.write_text("somebody's")
            elif kind == "folder":
                (place / "deep").mkdir(parents=True)
            elif kind == "pipe":
                os.mkfifo(place)
            else:
                place.symlink_to(outside / ("file" if kind.endswith("file") else "."))


def forge(draw: random.Random, run: Path) -> set[str]:
    """Write a manifest, perhaps a forged one; the names that it lists."""
    names = [draw.choice(ODD) for _ in range(draw.randrange(1, 5))]
    content: Any = {"kind": KIND, "files": names}
    if draw.random() < 0.3:
        content = altered(draw, content) if draw.random() < 0.7 else odd_json(draw)
    if draw.random() < 0.7 and not os.path.lexists(run / MANIFEST):
        (run / MANIFEST).write_text(json.dumps(content))
    return set(names)


def folders(draw: random.Random, folder: Path) -> Attempt:
    run, outside = folder / "run", folder / "beside"
    run.mkdir()
    outside.mkdir()
    for name in ("file", "step-000000001.safetensors", "a"):
        (outside / name).write_text("somebody's")
    fill(draw, run, outside)
    listed = forge(draw, run)
    how = draw.choice(({}, {"resume": True}, {"start_over": True}, {"start_over": True}))
    before = snapshot(folder)

    def call() -> bool:
        files = RunFiles(run)
        try:
            with claimed(files, NAMES, **how):
                if how.get("start_over"):
                    files.remove(set(files.listed))
                for name in draw.sample(NAMES[:4], 2):
                    with files.replacing(name) as part:
                        part.write_text("the run's")
        finally:
            after = snapshot(folder)
            gone = {name for name, content in before.items() if after.get(name, ...) != content}
            allowed = {f"run/{name}" for name in (*listed, MANIFEST)} | {"run", "run/checkpoints", "run/tracker", "run/tracker/a"}
            if gone - allowed:
                raise AssertionError(f"it changed {sorted(gone - allowed)}, listed {sorted(listed)}")
        return True

    return Attempt(f"{how} in {shown(sorted(before))} with {shown(sorted(listed))}", call, lambda answer: answer is True)


def _planted(folder: Path) -> Path:
    """A module that leaves a file when it is imported."""
    (folder / "planted.py").write_text("open(__file__ + '.ran', 'w').close()\ndef Foo(**given): raise SystemExit(9)\n")
    sys.path.insert(0, str(folder))
    return folder / "planted.py.ran"


CODE = ("planted:Foo", "planted:", ":planted", "planted", "planted.Foo:x", "planted:Foo:x", "os:abort", " planted:Foo", "a:b")


def resumed(draw: random.Random, folder: Path) -> Attempt:
    """A config.json that names code, or is something else, and the flags with which a run goes on."""
    ran = _planted(folder)
    name = draw.choice(list(CONFIGS))
    stored = CONFIGS[name]().as_json()
    for _ in range(draw.randrange(1, 4)):
        stored[draw.choice(list(stored))] = draw.choice(CODE)
    content: Any = {"task": draw.choice((name, *CODE)), "config": stored if draw.random() < 0.7 else altered(draw, stored)}
    (folder / "config.json").write_text(json.dumps(altered(draw, content) if draw.random() < 0.2 else content))
    flags = ["--resume", "--out", str(folder), *draw.sample(["--steps=2", "--encoder=conv", "--decoder=conv", "--kl=0"], 2)]

    def build(config: RunConfig) -> None:
        if isinstance(config, PairedConfig):
            TASK.build(config)

    def call() -> int:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            return status_of(CONFIGS[name], build, flags)

    def right(status: Any) -> bool:
        ended = status.code if isinstance(status, SystemExit) else status
        return ended in (0, 2) and not ran.exists()

    return Attempt(f"{name} {shown(flags)} with {shown(content)}", call, right, (SystemExit,))


def coded(draw: random.Random, folder: Path) -> Attempt:
    """A checkpoint or a model that names code, under a right checksum: resumed, loaded and started from."""
    ran = _planted(folder)
    settings = PairedConfig(**SMALL, out=folder).as_json()
    for _ in range(draw.randrange(1, 3)):
        settings[draw.choice(("encoder", "decoder", "preset", "test", "validation", "roles"))] = draw.choice(CODE)
    task = draw.choice(("paired", *CODE))
    way = draw.choice(("model", "checkpoint", "resume"))
    if way == "model":
        described = {"task": task, "config": json.dumps(settings), "metrics": "{}"}
        tensor_file.write(folder / "model.safetensors", {"x": torch.zeros(1)}, described, MODEL_KIND)
    else:
        model, optimizer = trained()
        keeper = recorded(folder)
        keeper.restore(model, optimizer)
        metadata = {"task": task, "config": settings, "state": {}, "optimizer": {"class": draw.choice(CODE)}}
        Checkpoints(folder / "checkpoints").write(Checkpoint(1, metadata, {"model.x": torch.zeros(1)}))

    def call() -> object:
        if way != "resume":
            return load_model(folder)
        return recorded(folder).restore(*trained())

    def checked() -> object:
        try:
            return call()
        except VSAError:
            if ran.exists():
                raise AssertionError("it ran what the file names") from None
            raise

    return Attempt(f"{way} of {task} with {shown(settings)}", checked, lambda answer: not ran.exists())


def optimised(draw: random.Random, folder: Path) -> Attempt:
    """The state of an optimiser in a checkpoint, altered, under a right checksum."""
    model, optimizer = trained()
    keeper = recorded(folder)
    keeper.restore(*trained())
    keeper.optimizer = OptimizerState(optimizer)
    keeper.save(State(1, 2, 3.0, [4.0]), model, {})
    keeper.close()
    good = read_checkpoint(keeper.checkpoints.path(1))
    metadata = dict(good.metadata)
    metadata["optimizer"] = altered(draw, metadata["optimizer"]) if draw.random() < 0.9 else odd_json(draw)
    Checkpoints(folder / "checkpoints").write(Checkpoint(1, metadata, good.tensors))

    def restore() -> object:
        return recorded(folder).restore(*trained())

    return Attempt(f"restore({shown(metadata['optimizer'])})", restore, lambda state: state == State(1, 2, 3.0, [4.0]))


TARGETS = (
    Target("run-folders", "anybody's files, folders, links and pipes, and forged manifests, in the folder of a run", folders),
    Target("resumed", "a config.json that names code or is something else, and flags to go on with", resumed),
    Target("code-in-files", "models and checkpoints that name code, loaded and resumed", coded),
    Target("optimisers", "altered states of an optimiser in a checkpoint under a right checksum", optimised),
)
