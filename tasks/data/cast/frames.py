"""The frames of the cast as pictures."""

from __future__ import annotations

from tasks.data.cast.figures import Cast
from tasks.data.dataset import Dataset
from tasks.data.frames import Frames


class CastFrames(Frames):
    """Every frame of every clip of the cast.

    Example:
        >>> CastFrames().shape
        (3, 64, 64)
    """

    def __init__(self) -> None:
        super().__init__(Dataset(Cast()))
