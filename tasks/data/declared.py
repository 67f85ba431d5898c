"""What a data set declares: its factors and the shape of an observation, without which no model can be built."""

from __future__ import annotations

from typing import Any

from tasks.data.declaration import as_factors, as_shape
from tasks.data.factor import Factor
from vsa import load
from vsa.errors import ShapeError


class Declared:
    """The factors of a data set, and the shape of its observations.

    Args:
        name: of the data set.
        factors: in the order of the columns of classes.
        shape: of an observation: channels, height, width; of a clip the number of frames before these.

    Attributes:
        name, factors, shape: the same.
        features: the names of the factors.
        counts: how many classes each has.

    Raises:
        DtypeError, ShapeError, RangeError: the factors or the shape cannot be.

    Example:
        >>> Declared("dots", (Factor("x", range(16)), Factor("y", range(16))), (1, 16, 16)).counts
        (16, 16)
    """

    def __init__(self, name: str, factors: Any, shape: Any) -> None:
        self.name = name
        self.factors: tuple[Factor, ...] = as_factors(name, factors)
        self.features = tuple(factor.name for factor in self.factors)
        self.counts = tuple(len(factor) for factor in self.factors)
        self.shape = as_shape(name, shape)

    @property
    def picture(self) -> tuple[int, int, int]:
        """Channels, height and width of a picture.

        Raises:
            ShapeError: observations are no pictures but clips.
        """
        if self.frames is not None:
            raise ShapeError(
                f"pictures [C, H, W] are wanted here, and an observation of {self.name} is {list(self.shape)}, a clip of frames"
            )
        return self.shape[0], self.shape[1], self.shape[2]

    @property
    def clip(self) -> tuple[int, int, int, int]:
        """Frames, channels, height and width of a clip.

        Raises:
            ShapeError: observations are no clips but pictures.
        """
        if self.frames is None:
            raise ShapeError(
                f"clips [T, C, H, W] are wanted here, and an observation of {self.name} is {list(self.shape)}, a picture"
            )
        return self.frames, *self.frame

    @property
    def frames(self) -> int | None:
        """How many frames a clip has; None where observations are pictures."""
        return self.shape[0] if len(self.shape) == 4 else None

    @property
    def frame(self) -> tuple[int, int, int]:
        """Channels, height and width of a picture, or of a frame of a clip."""
        channels, height, width = self.shape[-3:]
        return channels, height, width

    @property
    def axes(self) -> tuple[int | None, int | None]:
        """Which factor is the place of an object along x, and which along y, by number; None where none is."""
        along = {factor.axis: f for f, factor in enumerate(self.factors) if factor.axis is not None}
        return along.get("x"), along.get("y")

    @property
    def hues(self) -> tuple[int, ...]:
        """Which factors are the hue of something, by number."""
        return tuple(f for f, factor in enumerate(self.factors) if factor.hue)


def declared(name: str) -> Declared | None:
    """What the data set of a name declares whether its files are here or not; None where it must have them to say so.

    A model is built of that alone; so one that was trained on files of others is loaded without them.

    Args:
        name: a built-in name, that of a plugin, or "package.module:Class".

    Raises:
        PluginError: there is none.

    Example:
        >>> lpc = declared("lpc")
        >>> lpc and lpc.shape
        (8, 3, 64, 64)
    """
    given: Any = load("dataset", name)
    called, factors, shape = (getattr(given, member, None) for member in ("name", "factors", "shape"))
    if not isinstance(called, str) or not isinstance(factors, tuple) or not isinstance(shape, tuple):
        return None
    return Declared(called, factors, shape)
