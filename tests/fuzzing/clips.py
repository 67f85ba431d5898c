"""Clips of users, as tensors and in files, and expressions over the numbers that a data set names."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image

from tasks.clip_files import MOST_VALUES, read_clips
from tasks.clip_writing import write_gif
from tasks.clips import as_clips
from tasks.data import Dataset, Population, Split
from tasks.data.circles import Simple
from tests.fuzzing.campaign import Attempt, Target
from tests.fuzzing.values import attempt, odd_object, odd_tensor, shown
from vsa import MAP

SHAPE = (4, 3, 6, 5)
CPU = torch.device("cpu")


class Numbered(Simple):
    """Objects whose combinations have numbers with a name, as characters have."""

    numbers: ClassVar = {"character": lambda classes: 96 * classes[..., 0] + 3 * classes[..., 1] + classes[..., 2]}


NUMBERED = Dataset(Numbered())


def _clip(draw: random.Random, *shape: int) -> torch.Tensor:
    return torch.rand(*(shape or SHAPE), generator=torch.Generator().manual_seed(draw.randrange(2**32)))


def given(draw: random.Random, folder: Path) -> Attempt:
    """`as_clips` of tensors and arrays that are none."""
    sides = [draw.choice((2, *([side] * 4), 0, 1, 3, 7)) for side in SHAPE]
    clips = _clip(draw, 2, *sides)
    made: list[Callable[[], Any]] = [
        lambda: clips,
        lambda: clips.permute(*draw.sample(range(5), 5)),
        lambda: (clips * draw.choice((1, 2, 255, 256, -1))).to(
            draw.choice((torch.uint8, torch.float16, torch.int64, torch.bool))
        ),
        lambda: clips.numpy().astype(draw.choice(("f4", ">f8", "u1", "i2", "c8", "U3", "O", "M8[s]"))),
        lambda: clips * draw.choice((torch.nan, torch.inf, 3.0)),
        lambda: clips[:1].expand(10**9, *sides),
        lambda: clips.to("meta"),
        lambda: clips.tolist(),
        lambda: odd_object(draw),
        lambda: odd_tensor(draw, MAP),
    ]
    named = {
        "white": draw.choice((None, None, 1, 255, 3, "1")),
        "prepare": draw.random() < 0.3,
        "fit": draw.random() < 0.4,
    }

    def right(answer: Any) -> bool:
        low, high = answer.float().aminmax() if answer.numel() else (torch.zeros(()), torch.zeros(()))
        return answer.ndim == 5 and tuple(answer.shape[1:]) == SHAPE and -0.01 <= low.item() <= high.item() <= 1.01

    return attempt(as_clips, draw.choice(made)(), CPU, SHAPE, named=named, right=right)


def _content(draw: random.Random, folder: Path) -> tuple[str, bytes]:
    """A file of clips, and the end of its name."""
    kind = draw.choice((".gif", ".webp", ".png", ".npy", ".npz"))
    clip, file = _clip(draw), io.BytesIO()
    if kind == ".gif":
        write_gif(folder / "a.gif", clip)
        content = (folder / "a.gif").read_bytes()
        (folder / "a.gif").unlink()
        return kind, content
    if kind in (".npy", ".npz"):
        odd = draw.choice((clip.numpy(), np.zeros(3), np.array([{}]), np.zeros((8, 0, 4, 3)), np.zeros((4, 6, 5, 3), "f2,i4")))
        if kind == ".npy":
            np.save(file, odd)
        else:
            arrays: dict[str, Any] = {draw.choice(("clips", "x")): odd} | ({"y": odd} if draw.random() < 0.3 else {})
            np.savez(file, **arrays)
        return kind, file.getvalue()
    first, *rest = [Image.fromarray(frame.mul(255).byte().permute(1, 2, 0).numpy()) for frame in clip]
    first.save(file, format=kind[1:].upper(), save_all=True, append_images=rest)
    return kind, file.getvalue()


def _damaged(draw: random.Random, content: bytes) -> tuple[str, bytes]:
    """What happened to a file, and what is left of it."""
    data, at = bytearray(content), draw.randrange(len(content))
    kind = draw.choice(("as it was", "cut", "bits", "bits", "zeros", "gap", "noise", "more", "empty", "large"))
    if kind == "cut":
        del data[at:]
    elif kind == "bits":
        for _ in range(draw.choice((1, 1, 5))):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    elif kind == "zeros":
        data[at : at + 20] = bytes(len(data[at : at + 20]))
    elif kind == "gap":
        del data[at : at + 9]
    elif kind == "noise":
        data = bytearray(draw.randbytes(300))
    elif kind == "more":
        data += draw.randbytes(100)
    elif kind == "empty":
        data.clear()
    elif kind == "large":
        data = bytearray(
            data.replace(b"(4, 3, 6, 5)", draw.choice((b"(4, 3,10**9)", b"(9**9, 3, 6)", b"(99999999,3)", b"(-4,3,6,5,4)")))
        )
    return f"{kind} at {at}", bytes(data)


def files(draw: random.Random, folder: Path) -> Attempt:
    """Files of clips that something happened to, under a name that may be another kind's, and a folder of them."""
    kind, content = _content(draw, folder)
    what, content = _damaged(draw, content)
    named = draw.choice((kind, kind, kind, ".gif", ".npz", ".npy", ".txt", ""))
    place = folder / draw.choice((f"a{named}", f"a{named}", f"clips/a{named}"))
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(content)
    if draw.random() < 0.1:
        place = place / draw.choice(("x.gif", "..", "\0"))
    read = place.parent if place.parent.name == "clips" else place

    def right(answer: Any) -> bool:
        return bool(answer) and all(
            clip.ndim == 4 and clip.dtype == torch.float32 and clip.numel() <= MOST_VALUES and 0 <= clip.min() <= clip.max() <= 1
            for clip in answer
        )

    return Attempt(f"read_clips({kind} {what}, as {shown(str(read))[-12:]})", lambda: read_clips(read), right)


def numbers(draw: random.Random, folder: Path) -> Attempt:
    """Expressions over a number of combinations that a data set names."""
    name = draw.choice(("character", "character", "charactr", "character.value", "x", "shape", "tenth", "__class__"))
    limit = draw.choice(
        ("1000", "0", "-1", "1296", "1e3", "10**9", "9" * 400, "nan", "triangle", "True", "'a'", "", "x", "1000 or")
    )
    sign = draw.choice((">=", ">=", "<", "<", "!=", "==", "in", "is", "not in", "=", "<=", "&"))
    text = f"{name} {sign} {limit}"
    if draw.random() < 0.4:
        text = draw.choice(
            (f"not ({text})", f"0 <= {text}", f"({text}) and x == 1", f"{text} or {text}", f"[{text}]", f"-{text}")
        )
    part = draw.choice(("train", "test", "validation"))

    def call() -> Any:
        return Population(NUMBERED, part, Split("tenth == 1", text)).sample(3, torch.Generator().manual_seed(0))

    return Attempt(f"{part} of {shown(text)}", call, lambda answer: tuple(answer.shape) == (3, 3))


TARGETS = (
    Target("clips", "clips as tensors and arrays of other shapes, types, ranges and lengths", given),
    Target("clip-files", "animations and arrays that are damaged, forged, or of another kind than their names", files),
    Target("numbers", "expressions over the numbers that a data set names", numbers),
)
