"""The file of an ItemMemory: damaged, forged, or not a file; and odd places to save one to."""

from __future__ import annotations

import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import algebra, fitting, odd_object, shown
from vsa import ItemMemory, tensor_file
from vsa.memory_file import FORMAT

NAMES = ("heart", "naïve ☃", "", "a b")


def _saved(draw: random.Random, path: Path) -> ItemMemory:
    model = algebra(draw)
    memory = ItemMemory(NAMES[: draw.randrange(5)], fitting(model, draw), algebra=model, seed=draw.randrange(100))
    memory.save(path)
    return memory


def _equal(memory: ItemMemory, again: Any) -> bool:
    same = (again.names, again.algebra, again.seed) == (memory.names, memory.algebra, memory.seed)
    return same and torch.equal(again.vectors, memory.vectors) and again.vectors.dtype == memory.vectors.dtype


def damaged(draw: random.Random, folder: Path) -> Attempt:
    """A file of ours that something happened to: whatever is not as it was must be seen."""
    path = folder / "memory.safetensors"
    memory = _saved(draw, path)
    before = bytearray(path.read_bytes())
    data, at = bytearray(before), draw.randrange(len(before))
    end = min(len(data), at + draw.choice((1, 8, 200)))
    kind = draw.choice(("as it was", "cut", "bit", "bit", "bit", "byte", "zeros", "halves", "more", "empty", "twice", "gap"))
    if kind == "cut":
        del data[at:]
    elif kind == "bit":
        data[at] ^= 1 << draw.randrange(8)
    elif kind == "byte":
        data[at] = draw.randrange(256)
    elif kind == "zeros":
        data[at:end] = bytes(end - at)
    elif kind == "halves":
        data = data[at:] + data[:at]
    elif kind == "more":
        data += draw.randbytes(draw.choice((1, 8, 1000)))
    elif kind == "empty":
        data.clear()
    elif kind == "twice":
        data *= 2
    elif kind == "gap":
        del data[at:end]
    path.write_bytes(data)

    def right(again: Any) -> bool:
        return _equal(memory, again)  # an answer from a damaged file is right where the damage changed nothing

    return Attempt(f"load({kind} at {at} of {len(before)} bytes, {memory.algebra})", lambda: ItemMemory.load(path), right)


def forged(draw: random.Random, folder: Path) -> Attempt:
    """A file whose checksum is right, and whose description is not."""
    path = folder / "memory.safetensors"
    vectors = draw.choice(
        (
            *(torch.ones(2, 64), torch.ones(2, 64), torch.ones(2, 64, 2), torch.ones(64), torch.zeros(2, 64, dtype=torch.int64)),
            *(torch.zeros(2, 64, dtype=torch.bool), torch.ones(0, 64), torch.ones(2, 0), torch.ones(3, 64), torch.tensor(1.0)),
        )
    )
    described: dict[str, Any] = {
        "format": FORMAT,
        "names": '["a", "b"]',
        "algebra": json.dumps({"name": draw.choice(("MAP", "HRR")), "backend": "native", "options": {}}),
        "seed": "0",
        "dim": "64",
        "complex": "false",
    }
    field = draw.choice(("names", "algebra", "algebra", "algebra", "seed", "dim", "complex", "format", "nothing"))
    texts = (
        "",
        "null",
        "[]",
        "{}",
        "3",
        '"x"',
        "true",
        "NaN",
        "1e999",
        "[1, 2]",
        '["a"]',
        '["a", "a"]',
        "[" * 100_000,
        "-1",
        "[[]]",
    )
    texts += (
        "9" * 5000,
        "Infinity",
        '["a", null]',
        '{"a": 1, "b": 2}',
        '"ab"',
        "\0",
        '["\\ud800", "b"]',
        "0x10",
        " 64 ",
        "6_4",
        "٣",
    )
    described[field] = draw.choice(texts)
    if field == "algebra" and draw.random() < 0.7:
        described[field] = json.dumps(_algebra(draw))
    if draw.random() < 0.1:
        del described[field]
    described.pop("nothing", None)
    kind = described.pop("format", "")
    tensor_file.write(path, {draw.choice(("vectors", "vectors", "vectors", "x")): vectors}, described, kind)

    def right(memory: Any) -> bool:
        return isinstance(memory, ItemMemory) and len(memory.names) == len(memory.vectors) and not (folder / "run").exists()

    def call() -> ItemMemory:
        try:
            return ItemMemory.load(path)
        finally:
            assert not (folder / "run").exists(), "it ran what the file says"

    return Attempt(f"load(right checksum, {shown(vectors)}, {field}={shown(described.get(field))})", call, right)


def _algebra(draw: random.Random) -> Any:
    name = draw.choice(
        ("os:system", "os:mkdir", "builtins:dict", "SBC", "MAP", "HRR", "VTB", "MCR", "", "a:b", "MAP\0", None, 3, ["MAP"])
    )
    odd = (
        None,
        3,
        [],
        "unitary",
        {"unitary": 3},
        {"block_size": -1},
        {"block_size": 10**9},
        {"command": "touch run"},
        {"path": "run"},
    )
    options = {"os:system": {"command": "touch run"}, "os:mkdir": {"path": "run"}}.get(str(name), draw.choice(({}, *odd)))
    made = {"name": name, "backend": draw.choice(("native", "native", "torchhd", "numpy", None, [])), "options": options}
    if draw.random() < 0.2:
        del made[draw.choice(list(made))]
    return made


def others(draw: random.Random, folder: Path) -> Attempt:
    """Something that is not a file of ours, or not a file."""
    path = folder / "memory.safetensors"
    kinds: dict[str, Callable[[], object]] = {
        "nothing": lambda: None,
        "a folder": path.mkdir,
        "a loop": lambda: path.symlink_to(path),
        "a link to nothing": lambda: path.symlink_to(folder / "nothing"),
        "a FIFO": lambda: os.mkfifo(path),
        "/dev/zero": lambda: path.symlink_to("/dev/zero"),
        "/dev/null": lambda: path.symlink_to("/dev/null"),
        "/proc/self/mem": lambda: path.symlink_to("/proc/self/mem"),
        "a pickle": lambda: path.write_bytes(pickle.dumps({"vectors": [1.0]})),
        "a zip": lambda: zipfile.ZipFile(path, "w").writestr("vectors", "x"),
        "an npz": lambda: np.savez(path.open("wb"), vectors=np.ones((2, 64))),
        "a text": lambda: path.write_text("vectors"),
        "noise": lambda: path.write_bytes(draw.randbytes(draw.choice((7, 8, 100, 10_000)))),
        "another safetensors": lambda: save_file({"weight": torch.ones(2)}, path, {"format": "pt"}),
        "a header of any length": lambda: path.write_bytes(
            struct.pack("<Q", draw.choice((0, 1, 2**20, 2**63, 2**64 - 1))) + b"{}" * 50
        ),
        "a deep header": lambda: path.write_bytes(_header("[" * 50_000 + "]" * 50_000)),
        "a deep metadata": lambda: path.write_bytes(_header('{"__metadata__":' + '{"a":' * 9000 + "1" + "}" * 9001)),
        "a huge tensor": lambda: path.write_bytes(
            _header(f'{{"vectors":{{"dtype":"F32","shape":[{2**60},64],"data_offsets":[0,8]}}}}')
        ),
        "far offsets": lambda: path.write_bytes(
            _header(f'{{"vectors":{{"dtype":"F32","shape":[2],"data_offsets":[0,{2**62}]}}}}')
        ),
        "an unreadable file": lambda: (path.write_text("x"), path.chmod(0)),
    }
    kind = draw.choice(list(kinds))
    kinds[kind]()
    odd: list[Any] = [odd_object(draw), "", "\0", "a" * 5000, b"x", "~", "\ud800", folder, folder / "x" / "y", 3, -1, path / "x"]
    given = draw.choice(odd) if draw.random() < 0.3 else draw.choice((path, str(path)))
    return Attempt(f"load({kind}, {shown(str(given))})", lambda: ItemMemory.load(given), lambda memory: False)


def _header(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode() + bytes(8)


def saving(draw: random.Random, folder: Path) -> Attempt:
    """A memory with odd names, saved at odd places inside the folder, and loaded again."""
    model = algebra(draw)
    odd = ("", "\0", "../..", "a" * 50_000, "'", "\u00ef", "i\u0308", "\u202e", " ")
    memory = ItemMemory(
        draw.sample(odd, draw.randrange(4)), fitting(model, draw), algebra=model, seed=draw.choice((0, -1, 10**50))
    )
    (folder / "folder").mkdir()
    (folder / "file").write_text("x")
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to(folder / "file")
    (folder / "loop").symlink_to(folder / "loop")
    places = (
        "new",
        "new",
        "file",
        "link",
        "loop",
        "folder",
        "fifo",
        "file/x",
        "none/x",
        "folder/../new",
        "a" * 300,
        "a" * 255,
        "a" * 244,
    )
    places += ("", ".", "..", "\0", "a\0b", "\ud800", "ünï ☃", "-", "~", "new\n", "/", "/dev/full", "/proc/self/x", " ")
    given: Any = draw.choice((odd_object(draw), draw.choice(places))) if draw.random() < 0.3 else draw.choice(places)

    def call() -> ItemMemory:
        memory.save(given)
        return ItemMemory.load(given)

    left = {"folder", "file", "fifo", "link", "loop"}

    def right(again: Any) -> bool:
        return _equal(memory, again) and len(set(os.listdir(folder)) - left) <= 1

    return Attempt(f"save({shown(given)}), {memory.algebra}, names {shown(memory.names)}", call, right)


TARGETS = (
    Target("file-damaged", "cut, flipped, zeroed, swapped, doubled and appended bytes of a memory's file", damaged),
    Target("file-forged", "wrong names, algebras, numbers and vectors under a right checksum", forged),
    Target("file-others", "folders, loops, FIFOs, devices, pickles, archives, foreign and absurd safetensors, odd paths", others),
    Target("file-saving", "memories with odd names and seeds, saved at odd places and loaded again", saving),
)
