"""The exact renderer of dSprites: factors in, the pixels of the published file out.

A sprite is a polygon, filled the way a GPU fills it: a pixel is 1 when its centre lies inside, and on ties the left and the
bottom edge are in, the right and the top edge out. The constants were recovered from real images of
https://github.com/google-deepmind/dsprites-dataset, and reproduce every one of them.

A row of a picture is 64 pixels, so it is one 64-bit word. An edge of the polygon that crosses a row flips every pixel at or
right of the crossing; the exclusive or of a row's flips is the row. That is all the work there is to do, for a whole batch
at once.
"""

from __future__ import annotations

from functools import cache
from typing import overload

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from tasks.data.checks import check_readable, check_whole
from tasks.data.dsprites.factors import SHAPES, values_of
from vsa.errors import DtypeError, RangeError, ShapeError

SIZE = 64
"""Height and width of a picture, in pixels."""

HALF_SIDE = 9.6
FARTHEST = 1000
SNAP = 256  # vertices lie on a grid of 1/256 pixel


@overload
def render(classes: Tensor) -> Tensor: ...
@overload
def render(classes: ArrayLike) -> NDArray[np.uint8]: ...
def render(classes: Tensor | ArrayLike) -> Tensor | NDArray[np.uint8]:
    """The pictures of sprites, exactly as in the published file.

    Args:
        classes: integers [N, 5]: shape, scale, orientation, x, y. A tensor, or anything numpy can read.

    Returns:
        uint8 [N, 64, 64] in {0, 1}: a tensor on the same device for a tensor, else a numpy array.

    Raises:
        DtypeError, ShapeError, RangeError: they are not integers, not [N, 5], or not classes of the five factors.

    Example:
        >>> pictures = render([[0, 5, 0, 16, 16], [2, 0, 10, 0, 31]])
        >>> pictures.shape, int(pictures[0].sum())
        ((2, 64, 64), 361)
    """
    pictures = _drawn(*(column.cpu().numpy() for column in values_of(as_rows(classes))))
    return torch.from_numpy(pictures).to(classes.device) if isinstance(classes, Tensor) else pictures


@overload
def render_values(shape: Tensor, scale: Tensor, orientation: Tensor, x: Tensor, y: Tensor) -> Tensor: ...
@overload
def render_values(
    shape: ArrayLike, scale: ArrayLike, orientation: ArrayLike, x: ArrayLike, y: ArrayLike
) -> NDArray[np.uint8]: ...
def render_values(
    shape: Tensor | ArrayLike,
    scale: Tensor | ArrayLike,
    orientation: Tensor | ArrayLike,
    x: Tensor | ArrayLike,
    y: Tensor | ArrayLike,
) -> Tensor | NDArray[np.uint8]:
    """The pictures of sprites whose values may lie off the grid of the published file.

    Args:
        shape: [N] or one number: 0 square, 1 ellipse, 2 heart.
        scale: [N] or one number, above 0; the published file goes from 0.5 to 1.
        orientation: [N] or one number, in radians, counter-clockwise.
        x, y: [N] or one number each, 0 to 1 from left to right and from top to bottom; beyond, a sprite leaves the picture.

    Returns:
        uint8 [N, 64, 64] in {0, 1}: a tensor if any argument is one, on its device, else a numpy array. N is 1 if all
        arguments are single numbers.

    Raises:
        DtypeError: a value is not a number.
        ShapeError: the arguments are not of one length.
        RangeError: a shape is unknown, a scale not positive, or a value not finite or absurdly large.

    Example:
        >>> int(render_values(2, 0.75, 0.1, 0.5, 0.5).sum())
        125
    """
    named = {"shape": shape, "scale": scale, "orientation": orientation, "x": x, "y": y}
    device = next((value.device for value in named.values() if isinstance(value, Tensor)), None)
    arrays = {name: np.atleast_1d(_array(name, value)) for name, value in named.items()}
    lengths = {array.shape for array in arrays.values()} - {(1,)}
    if len(lengths) > 1 or any(array.ndim > 1 for array in arrays.values()):
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items())
        raise ShapeError(f"the values must be [N] each, all of one length, or single numbers; got {shapes}")
    if not np.isin(arrays["shape"], range(len(SHAPES))).all():
        raise RangeError(f"shape must be 0 (square), 1 (ellipse) or 2 (heart), got {arrays['shape'].tolist()[:8]}")
    for name, array in arrays.items():
        if not (np.abs(array) <= FARTHEST).all():  # a NaN is not
            raise RangeError(f"{name} must lie within {FARTHEST} of 0, got {array[~(np.abs(array) <= FARTHEST)][0]}")
    if (arrays["scale"] <= 0).any():
        raise RangeError(f"scale must be above 0, got {arrays['scale'].min()}")
    shapes, *values = np.broadcast_arrays(*arrays.values())
    pictures = _drawn(shapes.astype(np.intp), *(value.astype(np.float64) for value in values))
    return pictures if device is None else torch.from_numpy(pictures).to(device)


def as_rows(classes: Tensor | ArrayLike) -> Tensor:
    """Classes as a tensor, if there is a row for each sprite.

    Raises:
        DtypeError: they are no numbers.
        ShapeError: they are not [N, 5].
    """
    as_tensor = classes if isinstance(classes, Tensor) else torch.from_numpy(_array("classes", classes))
    if as_tensor.ndim != 2:
        raise ShapeError(f"classes must be [N, 5], got {list(as_tensor.shape)}")
    return as_tensor


def _array(name: str, value: Tensor | ArrayLike) -> NDArray:
    if isinstance(value, Tensor):
        check_readable(name, value)
        if value.dtype == torch.bfloat16:  # which numpy does not know
            value = value.float()
    try:
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
    except (TypeError, ValueError) as error:
        raise DtypeError(f"{name} must hold numbers, in rows of one length; got {type(value).__name__} ({error})") from error
    if array.dtype.kind not in "iuf":
        raise DtypeError(f"{name} must hold numbers, got {array.dtype}")
    return array


def _drawn(shape: NDArray, *values: NDArray) -> NDArray[np.uint8]:
    try:
        return _render(shape, *values)
    except MemoryError as error:
        raise RangeError(f"{shape.size} pictures do not fit in memory; draw fewer at once") from error


CHUNK = 256  # sprites at a time, so that what is between stays in the processor's cache


def _render(shape: NDArray, scale: NDArray, orientation: NDArray, x: NDArray, y: NDArray) -> NDArray[np.uint8]:
    """Pictures uint8 [N, 64, 64] of shape int [N] and values float64 [N]."""
    check_whole("the number of pictures", int(shape.size), 0)
    words = np.zeros((shape.size, SIZE), dtype="<u8")
    for i in range(0, shape.size, CHUNK):
        _fill(words[i : i + CHUNK], *(value[i : i + CHUNK] for value in (shape, scale, orientation, x, y)))
    return np.unpackbits(words.view(np.uint8).reshape(-1, SIZE, SIZE // 8), axis=-1, bitorder="little")


@cache
def _outlines() -> NDArray[np.float64]:
    """The closed polygons at scale 1, in pixels about the sprite's origin, y running down: [3, 2, 151].

    Shorter ones end by standing still at their first vertex: an edge without length crosses nothing.
    """
    square = HALF_SIDE * np.array([[-1.0, 1.0, 1.0, -1.0], [-1.0, -1.0, 1.0, 1.0]])
    t = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    ellipse = np.stack([HALF_SIDE * 1.33 * np.cos(t), HALF_SIDE / 1.33 * np.sin(t)])
    t = np.linspace(0, 2 * np.pi, 150, endpoint=False)
    curve_x = 16 * np.sin(t) ** 3
    curve_y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    heart = HALF_SIDE * np.stack([curve_x / 16, -2 * curve_y / 29 - 0.15])
    closed = [np.append(polygon, np.repeat(polygon[:, :1], 151 - polygon.shape[1], 1), 1) for polygon in (square, ellipse, heart)]
    return np.stack(closed)


# Every pixel at or right of column c; column 64 has none.
_FROM_COLUMN = np.array([2**64 - 2**column for column in range(SIZE)] + [0], dtype=np.uint64)


def _fill(words: NDArray[np.uint64], shape: NDArray, scale: NDArray, orientation: NDArray, x: NDArray, y: NDArray) -> None:
    """Flip the pixels of each sprite in its rows, words [N, 64] that start at 0."""
    px, py = _outlines()[shape].transpose(1, 0, 2)
    cos, sin = (scale * np.cos(orientation))[:, None], (scale * np.sin(orientation))[:, None]
    vx = np.floor((16 + 32 * x[:, None] + cos * px + sin * py) * SNAP + 0.5) / SNAP
    vy = np.floor((16 + 32 * y[:, None] + cos * py - sin * px) * SNAP + 0.5) / SNAP

    # An edge crosses the rows from the first one below its upper vertex to the last one above or at its lower vertex.
    below = np.floor(vy + 0.5).astype(np.int32)
    crossed = np.diff(below, axis=1)
    sprite, vertex = np.nonzero(crossed)
    start, end = below[sprite, vertex], below[sprite, vertex + 1]
    rows = np.abs(end - start)
    edge = np.repeat(np.arange(rows.size), rows)
    row = np.minimum(start, end)[edge] + np.arange(edge.size) - np.repeat(np.cumsum(rows) - rows, rows)

    x0, y0 = vx[sprite, vertex], vy[sprite, vertex]
    dx, dy = vx[sprite, vertex + 1] - x0, vy[sprite, vertex + 1] - y0
    crossing = x0[edge] + (row + 0.5 - y0[edge]) * dx[edge] / dy[edge]
    column = np.clip(np.ceil(crossing - 0.5), 0, SIZE).astype(np.int64)
    inside = (row >= 0) & (row < SIZE)
    np.bitwise_xor.at(words, (sprite[edge][inside], row[inside]), _FROM_COLUMN[column[inside]])
