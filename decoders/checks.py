"""What every decoder refuses: sizes that cannot be, and vectors that it was not made for."""

from __future__ import annotations

from torch import Tensor

from vsa.errors import RangeError, ShapeError


def check_sizes(decoder: str, image: tuple[int, int, int], **sizes: int) -> None:
    """Refuse sizes below 1.

    Raises:
        RangeError: the message names the decoder and the first of channels, height, width and the sizes that is too small.
    """
    for name, value in (*zip(("channels", "height", "width"), image, strict=True), *sizes.items()):
        if value < 1:
            raise RangeError(f"{decoder} needs {name} of at least 1, got {value}")


def check_vectors(decoder: str, vectors: Tensor, *shape: int, called: str = "vectors") -> None:
    """Refuse what is not [B, *shape].

    Raises:
        ShapeError: the message names the decoder and both shapes.
    """
    if vectors.ndim != 1 + len(shape) or tuple(vectors.shape[1:]) != shape:
        raise ShapeError(f"{decoder} was made for {called} [B, {', '.join(map(str, shape))}], got {list(vectors.shape)}")
