"""dSprites-Dynamic and dSprites-Static of the MSD benchmark: coloured sprites that move, and sprites that grow and turn.

In a clip some factors stay and some follow a path. A class of a path is a whole row of classes, one a frame, that goes to and fro
between the ends of its range. The pictures are those of dSprites, coloured.

Source: Barami and others, "Disentanglement Beyond Static vs. Dynamic: A Benchmark and Evaluation Framework for Multi-Factor
Sequential Representations", 2025, https://github.com/azencot-group/MSD-Benchmark, for the factors, the colours, the paths and the
split; the rules were taken from its program, and the pictures come from our renderer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tasks.data.declaration import HeldOut
from tasks.data.dsprites.factors import FACTORS, FEATURES, ORIENTATION, SCALE, SHAPE, X, Y
from tasks.data.dsprites.renderer import SIZE, render
from tasks.data.factor import Factor, counted

if TYPE_CHECKING:
    from jaxtyping import Int64, UInt8

COLOURS = {
    "DarkSlateGray": (47, 79, 79),
    "OrangeRed": (255, 69, 0),
    "Yellow": (255, 255, 0),
    "SpringGreen": (0, 255, 127),
    "Cyan": (0, 255, 255),
    "Purple": (128, 0, 128),
    "DodgerBlue": (30, 144, 255),
    "DeepPink": (255, 20, 147),
    "NavajoWhite": (255, 222, 173),
}
"""By their names in CSS, 0 to 255."""

SEED, HELD_OUT = 42, 0.15
"""The published permutation of all clips, and which share of it is for validation, and which for the test."""

COLOUR = Factor("colour", tuple(COLOURS), ordered=False)

Path = Sequence[int]
"""The classes of one factor along a clip, as far as they do not repeat."""


def to_and_fro(there: Path) -> Path:
    """A way there, and back without both ends.

    Example:
        >>> to_and_fro(range(0, 6, 2))
        (0, 2, 4, 2)
    """
    return (*there, *there[-2:0:-1])


def positions(ahead: str, back: str) -> dict[str, Path]:
    """The six paths of a place, by their names: from end to end at two speeds, and from the middle to either end."""
    n = len(FACTORS[X])
    return {
        f"{ahead}_1x": to_and_fro(range(0, n, 2)),
        f"{back}_1x": to_and_fro(range(n - 1, -1, -2)),
        f"{ahead}_2x": to_and_fro(range(0, n, 4)),
        f"{back}_2x": to_and_fro(range(n - 1, -1, -4)),
        f"mid_{ahead}": to_and_fro(range(n // 2, n)),
        f"mid_{back}": to_and_fro(range(n // 2, -1, -1)),
    }


SCALES: dict[str, Path] = {
    "increasing_1x": to_and_fro(range(6)),
    "decreasing_1x": to_and_fro(range(5, -1, -1)),
    "increasing_2x": to_and_fro(range(0, 6, 2)),
    "decreasing_2x": to_and_fro(range(5, -1, -2)),
    "increasing_3x": (0, 5),
    "decreasing_3x": (5, 0),
}
TURNS: dict[str, Path] = {"counterclockwise": range(0, 40, 2), "still": (0,), "clockwise": (0, *range(38, 0, -2))}


def split_of(count: int) -> HeldOut:
    """The published split of so many clips, over their place in the permutation."""
    trained, validated = int(count * (1 - HELD_OUT - HELD_OUT)), int(count * (1 - HELD_OUT))
    return HeldOut(
        f"clip >= {validated}",
        f"{trained} <= clip < {validated}",
        says="15 percent of all clips, scattered as in the benchmark, and as many for validation",
    )


class Moving:
    """What both have in common; a subclass has a name, factors, frames and the paths of its sprites.

    Attributes:
        paths: for shape, scale, orientation, x and y, in the order of dSprites: the factor's name, and for each of its classes
            the path; one of a single class stays.
        moving: the names of the factors that follow a path.
    """

    name: str
    factors: tuple[Factor, ...]
    shape: tuple[int, int, int, int]
    paths: tuple[tuple[str, Sequence[Path]], ...]
    moving: tuple[str, ...]

    def observe(self, classes: Int64[Tensor, "n f"]) -> UInt8[Tensor, "n t 3 64 64"]:
        """The clips, 0 to 255."""
        sprites = self.states(classes)
        on = render(sprites.flatten(0, 1)).unflatten(0, sprites.shape[:2])
        colours = torch.tensor(list(COLOURS.values()), dtype=torch.uint8, device=classes.device)[classes[:, 0]]
        return on[:, :, None] * colours[:, None, :, None, None]

    def states(self, classes: Int64[Tensor, "n f"]) -> Int64[Tensor, "n t 5"]:
        """The classes of the sprite in each frame, as dSprites counts them."""
        names = [factor.name for factor in self.factors]
        columns = []
        for name, paths in self.paths:
            table = torch.tensor([[path[t % len(path)] for t in range(self.shape[0])] for path in paths], device=classes.device)
            columns.append(table[classes[:, names.index(name)]])
        return torch.stack(columns, -1)

    def canonical(self, classes: Int64[Tensor, "*n f"]) -> Int64[Tensor, "*n f"]:
        """No two clips look alike."""
        return classes


def clip_number(counts: tuple[int, ...], classes: Int64[Tensor, "*n f"]) -> Int64[Tensor, "*n"]:
    """The place that the published permutation gives to each clip, of a data set whose factors have so many classes."""
    return _places(math.prod(counts)).to(classes.device)[counted(classes, counts)]


@cache
def _places(count: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(SEED).permutation(count)).argsort()


def kept(f: int, classes: Sequence[int]) -> tuple[Factor, tuple[str, list[Path]]]:
    """A factor of dSprites that stays in a clip, with these of its classes; and its paths."""
    factor = FACTORS[f]
    values = [factor.values[k] for k in classes]
    return Factor(factor.name, values, factor.ordered, axis=factor.axis), (factor.name, [(k,) for k in classes])


def followed(f: int, paths: dict[str, Path]) -> tuple[Factor, tuple[str, list[Path]]]:
    """A factor whose classes are paths of a factor of dSprites; and these."""
    name = f"{FEATURES[f]}_path"
    return Factor(name, tuple(paths), ordered=False), (name, list(paths.values()))


class DSpritesDynamic(Moving):
    """Coloured sprites that move in twelve frames: colour, shape, scale and orientation stay, x and y follow one of six paths.

    Example:
        >>> DSpritesDynamic().observe(torch.tensor([[1, 2, 5, 0, 0, 4]])).shape
        torch.Size([1, 12, 3, 64, 64])
    """

    name = "dsprites-dynamic"
    shape = (12, 3, SIZE, SIZE)
    _kept = (kept(SHAPE, range(3)), kept(SCALE, range(6)), kept(ORIENTATION, range(0, 10, 2)))
    _followed = (followed(X, positions("right", "left")), followed(Y, positions("down", "up")))
    factors = (COLOUR, *(factor for factor, _ in (*_kept, *_followed)))
    paths = tuple(paths for _, paths in (*_kept, *_followed))
    moving = tuple(factor.name for factor, _ in _followed)
    numbers: Mapping[str, Callable[[Tensor], Tensor]] = {"clip": partial(clip_number, tuple(map(len, factors)))}
    splits: Mapping[str, HeldOut] = {"published": split_of(math.prod(map(len, factors)))}


class DSpritesStatic(Moving):
    """Coloured sprites that stay where they are in sixteen frames, while scale and orientation follow six and three paths.

    Example:
        >>> DSpritesStatic().observe(torch.tensor([[1, 2, 4, 4, 0, 0]])).shape
        torch.Size([1, 16, 3, 64, 64])
    """

    name = "dsprites-static"
    shape = (16, 3, SIZE, SIZE)
    _shape, _x, _y = kept(SHAPE, range(3)), kept(X, range(2, 32, 4)), kept(Y, range(2, 32, 4))
    _scale, _orientation = followed(SCALE, SCALES), followed(ORIENTATION, TURNS)
    factors = (COLOUR, _shape[0], _x[0], _y[0], _scale[0], _orientation[0])
    paths = (_shape[1], _scale[1], _orientation[1], _x[1], _y[1])
    moving = (_scale[0].name, _orientation[0].name)
    numbers: Mapping[str, Callable[[Tensor], Tensor]] = {"clip": partial(clip_number, tuple(map(len, factors)))}
    splits: Mapping[str, HeldOut] = {"published": split_of(math.prod(map(len, factors)))}
