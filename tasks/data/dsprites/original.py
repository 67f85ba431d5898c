"""The published file of dSprites: read, checked, and looked up instead of rendered.

https://github.com/google-deepmind/dsprites-dataset publishes all 737,280 pictures in one npz file. Unpacked it is 3 GB; a row of
a picture is one 64-bit word here, as in the renderer, so that the set takes 377 MB.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import overload

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from rich.console import Console
from torch import Tensor

from tasks.data.dsprites.factors import COUNTS, FEATURES, VALUES, check_classes, values_of
from tasks.data.dsprites.renderer import SIZE, as_rows, render, render_values
from tasks.data.npz import Npz, opened
from tasks.data.progress_bar import progress_bar
from vsa.errors import InputError

ROWS = 1024
"""How many pictures are unpacked at a time."""

SAMPLE = 2000
TOLERANCE = 1e-6

LATENT_VALUES = ((1.0,), (1.0, 2.0, 3.0), *VALUES)
"""The values of the file's six latents. Colour has one, and shapes count from 1, unlike their classes."""


class Original:
    """The pictures of the published file, by their classes; see `open_original`.

    Args:
        words: 64-bit words [shape, scale, orientation, x, y, 64], a row of a picture each; the lowest bit is the leftmost pixel.
    """

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self.words = words

    @overload
    def render(self, classes: Tensor) -> Tensor: ...
    @overload
    def render(self, classes: ArrayLike) -> NDArray[np.uint8]: ...
    def render(self, classes: Tensor | ArrayLike) -> Tensor | NDArray[np.uint8]:
        """The pictures of sprites, as `tasks.data.dsprites.renderer.render` gives them, from the file.

        Args:
            classes: integers [N, 5]: shape, scale, orientation, x, y. A tensor, or anything numpy can read.

        Returns:
            uint8 [N, 64, 64] in {0, 1}: a tensor on the same device for a tensor, else a numpy array.

        Raises:
            DtypeError, ShapeError, RangeError: they are not integers, not [N, 5], or not classes of the five factors.

        Example:
            >>> original = Original(np.zeros((*COUNTS, 64), dtype=np.uint64))  # stands in for the file: all black
            >>> original.render([[0, 5, 0, 16, 16]]).shape
            (1, 64, 64)
        """
        pictures = _pixels(self.words[tuple(check_classes(as_rows(classes)).cpu().numpy().T)])
        return torch.from_numpy(pictures).to(classes.device) if isinstance(classes, Tensor) else pictures


def open_original(path: Path, *, counts: tuple[int, ...] = COUNTS, console: Console | None = None) -> Original:
    """Read the published file, dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz, and check that it is what it should be.

    Its arrays must have the published layout, and its classes and values be the whole grid in order. A sample of some 2,000
    pictures, the corners of the grid among them, must equal the renderer's bit by bit. The member "metadata" is a pickle, and is
    never read.

    Args:
        path: of the file.
        counts: how many of each factor's first classes the file holds; the published one holds all, tests may do with fewer.
        console: where to show the progress; standard error if there is none.

    Returns:
        the pictures, in 377 MB of memory.

    Raises:
        InputError: the file cannot be read, is damaged, or is another one.

    Source: https://github.com/google-deepmind/dsprites-dataset, its README.
    """
    if not os.path.exists(path):  # unlike that of Path it raises nothing, whatever the name
        raise InputError(
            f"there is no file {path}; `vsa data download {path}` fetches it, or leave --data out: the renderer draws the same "
            "pictures"
        )
    n = int(np.prod(counts))
    words = np.empty((n, SIZE), dtype="<u8")
    with opened(path, "dSprites") as file:
        _check_grid(file, counts)
        with progress_bar(f"Reading {path.name}", n, "pictures", console=console) as advance:
            start = 0
            for pictures in file.chunks("imgs", "|u1", (n, SIZE, SIZE), ROWS):
                if pictures.max() > 1:
                    first = start + int((pictures > 1).any((1, 2)).argmax())
                    raise file.wrong(f"picture {first} has pixels that are neither 0 nor 1")
                words[start : start + len(pictures)] = _words(pictures)
                start += len(pictures)
                advance(len(pictures))
        _check_sample(file, words, counts)
    return Original(words.reshape(*counts, SIZE))


def grid(numbers: NDArray[np.int64], counts: tuple[int, ...]) -> NDArray[np.int64]:
    """The classes [N, 5], without the colour, of the pictures that stand at these places [N] in the file."""
    return np.stack(np.unravel_index(numbers, counts), -1).astype(np.int64)


def with_colour(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The file's six classes [N, 6] of the five [N, 5]: the colour comes first, and is 0."""
    return np.pad(classes, ((0, 0), (1, 0)))


def latents(classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """The file's six values [N, 6] of classes [N, 5]."""
    return np.stack([np.array(values)[column] for values, column in zip(LATENT_VALUES, with_colour(classes).T, strict=True)], -1)


def sample(counts: tuple[int, ...]) -> NDArray[np.int64]:
    """The pictures that are compared with the renderer's: int64 [about 2,000], where they stand in the file.

    They are spread evenly, and the corners of the grid are among them. Left out are those that change when a value moves by a
    millionth: there a vertex lies so close to halfway between two points of the snapping grid that rounding errors decide, and
    those of whoever drew the file are not known. Its published mean is two pixels of all three billion off the renderer's.
    """
    n = int(np.prod(counts))
    corners = np.ravel_multi_index(tuple(np.meshgrid(*[(0, count - 1) for count in counts])), counts)
    numbers = np.unique(np.concatenate([np.linspace(0, n - 1, SAMPLE).round().astype(np.int64), corners.ravel()]))
    shape, *values = (value.numpy() for value in values_of(torch.from_numpy(grid(numbers, counts))))
    drawn, settled = render_values(shape, *values), np.ones(len(numbers), dtype=bool)
    for k in range(4):
        for step in (-1e-6, 1e-6):
            moved = [value + step * (i == k) for i, value in enumerate(values)]
            settled &= (render_values(shape, *moved) == drawn).all((1, 2))
    return numbers[settled]


def _check_grid(file: Npz, counts: tuple[int, ...]) -> None:
    n = int(np.prod(counts))
    for name, dtype, expected in (
        ("latents_classes", "<i8", with_colour),
        ("latents_values", "<f8", latents),
    ):
        start = 0
        for found in file.chunks(name, dtype, (n, 6), ROWS):
            right = expected(grid(np.arange(start, start + len(found)), counts))
            fits = (found >= right - TOLERANCE) & (found <= right + TOLERANCE)  # a NaN does not
            if not fits.all():
                first = int((~fits).any(1).argmax())
                raise file.wrong(f"{name} of picture {start + first} are {found[first].tolist()}, out of the grid's order")
            start += len(found)


def _check_sample(file: Npz, words: NDArray[np.uint64], counts: tuple[int, ...]) -> None:
    numbers = sample(counts)
    classes = grid(numbers, counts)
    off = np.bitwise_count(words[numbers] ^ _words(render(classes))).sum(1)
    if off.any():
        first = int((off > 0).argmax())
        named = ", ".join(f"{name} {k}" for name, k in zip(FEATURES, classes[first].tolist(), strict=True))
        raise file.wrong(
            f"picture {numbers[first]} ({named}) differs from the renderer's in {off[first]} pixels, "
            f"as do {int((off > 0).sum()):,} of {len(numbers):,} pictures compared"
        )


def _words(pictures: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Words [N, 64] of pictures [N, 64, 64]."""
    return np.packbits(pictures, axis=-1, bitorder="little").view("<u8")[..., 0]


def _pixels(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Pictures [N, 64, 64] of words [N, 64]."""
    return np.unpackbits(words.view(np.uint8).reshape(-1, SIZE, SIZE // 8), axis=-1, bitorder="little")
