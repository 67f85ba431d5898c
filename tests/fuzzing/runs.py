"""What a run reads again: checkpoints, models, settings, metrics, the published file; and the flags of the command line."""

from __future__ import annotations

import contextlib
import io
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tasks import load_model
from tasks.command_line import status_of
from tasks.data.dsprites.original import open_original
from tasks.data.dsprites.original_writer import write_original
from tasks.symbolic.config import PairedConfig, SceneConfig
from tasks.symbolic.model import SceneModel
from tasks.symbolic.stages import PAIRED as TASK
from tasks.training.checkpoints import Checkpoint, Checkpoints, read_checkpoint
from tasks.training.manifest import RunFiles
from tasks.training.metrics_log import read_metrics
from tasks.training.processes import make_accelerator
from tasks.training.record import RunRecord
from tasks.training.state import State
from tasks.weights import KIND, save
from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import odd_object, shown
from vsa import command_line, tensor_file

SMALL = {"dim": 16, "encoder": "conv-small", "decoder": "conv-small", "device": "cpu"}
COUNTS = (3, 1, 2, 2, 2)


def damage(draw: random.Random, content: bytes) -> tuple[str, bytes]:
    """What happened to a file, and what is left of it."""
    at, data = draw.randrange(len(content)), bytearray(content)
    kind = draw.choice(("nothing", "cut", "bit", "bit", "zeros", "halves", "more", "empty", "noise"))
    if kind == "cut":
        del data[at:]
    elif kind == "bit":
        data[at] ^= 1 << draw.randrange(8)
    elif kind == "zeros":
        data[at : at + 200] = bytes(len(data[at : at + 200]))
    elif kind == "halves":
        data = data[at:] + data[:at]
    elif kind == "more":
        data += draw.randbytes(100)
    elif kind == "empty":
        data.clear()
    elif kind == "noise":
        data = bytearray(draw.randbytes(500))
    return f"{kind} at {at} of {len(content)}", bytes(data)


def odd_json(draw: random.Random, depth: int = 0) -> Any:
    """Anything that JSON can hold, and much that it should not."""
    plain = (None, True, 0, -1, 3, 2**70, 1e300, float("nan"), float("inf"), "", "x", "MAP", "os:abort", "../..", "\0", "é")
    if depth > 2 or draw.random() < 0.7:
        return draw.choice(plain)
    if draw.random() < 0.5:
        return [odd_json(draw, depth + 1) for _ in range(draw.randrange(3))]
    return {str(odd_json(draw, 9)): odd_json(draw, depth + 1) for _ in range(draw.randrange(3))}


def altered(draw: random.Random, content: dict[str, Any]) -> dict[str, Any]:
    """The same with some entry, or an entry of an entry, something else, gone, or new."""
    content = json.loads(json.dumps(content))
    inner = [value for value in content.values() if isinstance(value, dict) and value]
    place = draw.choice(inner) if inner and draw.random() < 0.6 else content
    key = draw.choice([*place, "colour"])
    if draw.random() < 0.2:
        place.pop(key, None)
    else:
        place[key] = odd_json(draw)
    return content


class Line(nn.Module):
    """The smallest thing that can be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))


def trained() -> tuple[Line, torch.optim.Optimizer]:
    model = Line()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    model.weight.grad = torch.ones(3)  # autograd may have threads, and this may be a fork
    optimizer.step()
    return model, optimizer


def recorded(folder: Path) -> RunRecord:
    return RunRecord(RunFiles(folder), "paired", PairedConfig(out=folder), make_accelerator("cpu"))


def _begun(folder: Path) -> Path:
    model, optimizer = trained()
    keeper = recorded(folder)
    keeper.restore(model, optimizer)
    keeper.save(State(1, 2, 3.0, [4.0]), model, {})
    keeper.close()
    return keeper.checkpoints.path(1)


def checkpoints_damaged(draw: random.Random, folder: Path) -> Attempt:
    path = _begun(folder)
    before = read_checkpoint(path)
    what, content = damage(draw, path.read_bytes())
    path.write_bytes(content)

    def right(found: Checkpoint) -> bool:
        same = all(torch.equal(tensor, before.tensors[name]) for name, tensor in found.tensors.items())
        return (found.step, found.metadata) == (before.step, before.metadata) and same

    return Attempt(f"read_checkpoint({what})", lambda: read_checkpoint(path), right)


def checkpoints_forged(draw: random.Random, folder: Path) -> Attempt:
    path = _begun(folder)
    good = read_checkpoint(path)
    metadata, tensors = altered(draw, good.metadata) if draw.random() < 0.8 else good.metadata, dict(good.tensors)
    if draw.random() < 0.5:
        name = draw.choice(list(tensors))
        odd = (
            torch.zeros(0),
            torch.zeros(2, 2),
            torch.zeros(3, dtype=torch.int64),
            torch.full((3,), torch.nan),
            torch.tensor(1.0),
        )
        tensors[draw.choice((name, "model.x", "optimizer.9.step", "optimizer.x", "generator.cpu.0"))] = draw.choice(odd)
        if draw.random() < 0.3:
            del tensors[name]
    step = draw.choice((1, 1, -1, 10**12))
    Checkpoints(path.parent).write(Checkpoint(step, metadata, tensors))

    def resume() -> State:
        keeper = recorded(folder)
        try:
            return keeper.restore(*trained())
        finally:
            keeper.close()

    return Attempt(
        f"resume({shown(metadata)}, {shown(list(tensors))})",
        resume,
        lambda state: state in (State(), State(1, 2, 3.0, [4.0])) or metadata != good.metadata,
    )


@cache
def _model() -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    described = {"task": "paired", "config": json.dumps(PairedConfig(**SMALL).as_json()), "metrics": "{}"}
    return described, TASK.build(PairedConfig(**SMALL)).state_dict()


def models_damaged(draw: random.Random, folder: Path) -> Attempt:
    path, config = folder / "model.safetensors", PairedConfig(**SMALL)
    weights = _model()[1]
    save(TASK.build(config), "paired", config, {}, path)
    what, content = damage(draw, path.read_bytes())
    path.write_bytes(content)

    def right(model: nn.Module) -> bool:
        return all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())

    return Attempt(f"load_model({what})", lambda: load_model(draw.choice((path, folder))), right)


def models_forged(draw: random.Random, folder: Path) -> Attempt:
    described, tensors = dict(_model()[0]), dict(_model()[1])
    config = altered(draw, json.loads(described["config"]))
    described["config"] = draw.choice((json.dumps(config), json.dumps(config), json.dumps(odd_json(draw)), "{", "[" * 10**5))
    described["task"] = draw.choice(("paired", "paired", "scene", "os:abort", "", "\0"))
    if draw.random() < 0.2:
        del described[draw.choice(list(described))]
    if draw.random() < 0.4:
        tensors[draw.choice(list(tensors))] = draw.choice((torch.zeros(0), torch.zeros(5, 10**3), torch.tensor(1)))
    tensor_file.write(folder / "model.safetensors", tensors, described, KIND)
    return Attempt(f"load_model({shown(described)})", lambda: load_model(folder), lambda model: isinstance(model, nn.Module))


def settings(draw: random.Random, folder: Path) -> Attempt:
    kind = draw.choice((PairedConfig, SceneConfig))
    stored = altered(draw, kind().as_json()) if draw.random() < 0.9 else odd_json(draw)
    return Attempt(
        f"{kind.__name__}.from_json({shown(stored)})", lambda: kind.from_json(stored), lambda made: made.check() is None
    )


def metrics(draw: random.Random, folder: Path) -> Attempt:
    rows = [json.dumps({"step": step, "loss": draw.random()}) for step in range(draw.randrange(5))]
    rows.insert(draw.randrange(len(rows) + 1), json.dumps(odd_json(draw)))
    what, content = damage(draw, "\n".join(rows).encode())
    (folder / "metrics.jsonl").write_bytes(content)
    right = lambda found: all(isinstance(row["step"], int) for row in found)  # noqa: E731
    return Attempt(f"read_metrics({what}, {rows})", lambda: read_metrics(folder / "metrics.jsonl"), right)


@cache
def _original(folder: Path) -> bytes:
    write_original(folder / "whole.npz", counts=COUNTS)
    return (folder / "whole.npz").read_bytes()


def originals(draw: random.Random, folder: Path) -> Attempt:
    with contextlib.redirect_stderr(io.StringIO()):
        whole = _original(folder)
    what, content = damage(draw, whole)
    (folder / "file.npz").write_bytes(content)

    def read() -> object:
        with contextlib.redirect_stderr(io.StringIO()):
            return open_original(folder / "file.npz", counts=COUNTS)

    return Attempt(f"open_original({what})", read)


def flags(draw: random.Random, folder: Path) -> Attempt:
    names = [f"--{name.replace('_', '-')}" for name in PairedConfig().as_json()]
    values = [
        "3",
        "-1",
        "0",
        "nan",
        "inf",
        "1e400",
        "",
        " ",
        "x",
        "None",
        "True",
        "\udc80",
        "é",
        "../..",
        "a" * 5000,
        "os:abort",
        "9" * 400,
    ]
    words = [draw.choice([*names, *names, "--resume", "--start-over", "--preset", "--", "-", "--colour", "x"]) for _ in range(3)]
    given = [part for word in words for part in (word, draw.choice([*values, str(odd_object(draw))[:100]]))]
    if draw.random() < 0.3:
        given = [f"{name}={value}" for name, value in zip(given[::2], given[1::2], strict=True)]

    def call() -> int:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            return status_of(PairedConfig, PairedConfig.check, given)

    def right(status: Any) -> bool:
        return status in (0, 2) or (isinstance(status, SystemExit) and status.code in (0, 2))

    return Attempt(f"flags {shown(given)}", call, right, (SystemExit,))


def words(draw: random.Random, folder: Path) -> Attempt:
    commands = ("train", "evaluate", "edit", "data", "list", "evaluate", "edit", "download", "", "--version", "--help", "lsit")
    odd = (
        "--seed",
        "--out",
        "--from",
        "-1",
        "0",
        "x",
        "../..",
        "/dev/null",
        "\udc80",
        "é",
        "a" * 300,
        "os:abort",
        "--trust",
        "algebras",
    )
    given = [draw.choice(commands), *(draw.choice(odd) for _ in range(draw.randrange(4)))]

    def call() -> int:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            return command_line.status_of(given)

    def right(status: Any) -> bool:
        return status in (0, 2) or (isinstance(status, SystemExit) and status.code in (0, 2))

    return Attempt(f"vsa {shown(given)}", call, right, (SystemExit,))


def pretrained(draw: random.Random, folder: Path) -> Attempt:
    path = folder / "saved"
    TASK.build(PairedConfig(**SMALL)).save_pretrained(path)
    described = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(altered(draw, described) if draw.random() < 0.9 else odd_json(draw)))
    right = lambda model: json.loads((path / "config.json").read_text())["task"] == "paired"  # noqa: E731
    return Attempt(
        f"from_pretrained({shown((path / 'config.json').read_text())})", lambda: SceneModel.from_pretrained(path), right
    )


TARGETS = (
    Target("checkpoint-damaged", "cut, flipped, zeroed, swapped and appended bytes of a checkpoint", checkpoints_damaged),
    Target(
        "checkpoint-forged",
        "wrong settings, states and tensors in a checkpoint under a right checksum, resumed",
        checkpoints_forged,
    ),
    Target("model-damaged", "cut, flipped, zeroed, swapped and appended bytes of a model", models_damaged),
    Target("model-forged", "wrong tasks, settings and weights in a model under a right checksum", models_forged),
    Target("settings", "wrong names, types and values of settings in JSON", settings),
    Target("metrics-log", "damaged and wrong lines of metrics.jsonl", metrics),
    Target("original", "cut, flipped, zeroed, swapped and appended bytes of the published file's layout", originals),
    Target("pretrained", "wrong names, types and values in the config.json of a shared model", pretrained),
    Target("vsa", "commands that there are and are not, with odd words", words),
    Target("command-line", "flags that there are and are not, with odd values", flags),
)
