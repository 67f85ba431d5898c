"""Characters of four attributes in nine motions: what the published ones and our own cast have in common.

Source: Li and Mandt, "Disentangled Sequential Autoencoder", 2018, for the factors, and for who is trained on and tested on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from tasks.data.declaration import HeldOut
from tasks.data.factor import Factor, counted
from tasks.data.layers import Layers

if TYPE_CHECKING:
    from jaxtyping import Int64, UInt8

SIZE = 64
"""Height and width of a frame, in pixels."""

FRAMES = 8
ATTRIBUTES = ("skin", "pants", "top", "hair")
VARIANTS = 6
"""Of each attribute."""

ACTIONS = ("walk", "spellcard", "slash")
DIRECTIONS = ("front", "left", "right")
MOTIONS = tuple(f"{action}_{direction}" for action in ACTIONS for direction in DIRECTIONS)
"""In the order of the published labels."""

MOTION = Factor("motion", MOTIONS, ordered=False)
"""What a character does."""

SEED, TRAINED = 423, 1000
"""The published permutation, and how many of the 1,296 characters are trained on."""


def characters(classes: Int64[Tensor, "*n f"]) -> Int64[Tensor, "*n"]:
    """The place of each character in the published permutation, 0 to 1,295, whatever it does.

    Example:
        >>> characters(torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 0, 8]]))[0] == characters(torch.tensor([0, 0, 0, 0, 3]))
        tensor(True)
    """
    shown = classes[..., : len(ATTRIBUTES)]
    return _places().to(classes.device)[counted(shown, (VARIANTS,) * len(ATTRIBUTES))]


@cache
def _places() -> Tensor:
    # numpy keeps this stream as it was, for ever: https://numpy.org/doc/stable/reference/random/legacy.html
    permuted = np.random.RandomState(SEED).permutation(VARIANTS ** len(ATTRIBUTES))
    return torch.from_numpy(permuted).argsort()


class Characters:
    """What such data sets have in common; a subclass has a name, factors and layers.

    The split `characters` holds out 296 of the 1,296 characters, in all nine motions, as the paper does. A permutation decides
    which, so no expression over single factors can say it short of a list of them. The expression is over a number instead, the
    place that the permutation gives to a character, which has the name `character`. Other cuts of the same permutation are then
    as short: `--test "character >= 648"`. The paper trains on all the others, and has none to choose settings by; here the
    last hundred of them are for that, so that these too were never seen. `--validation "" --test "character >= 1000"` trains on
    all 1,000.
    """

    shape = (FRAMES, 3, SIZE, SIZE)
    dynamic = (MOTION.name,)
    coarser: Mapping[str, Mapping[str, tuple[str, ...]]] = {
        MOTION.name: {
            "action": tuple(action for action in ACTIONS for _ in DIRECTIONS),
            "direction": DIRECTIONS * len(ACTIONS),
        }
    }
    numbers: Mapping[str, Callable[[Tensor], Tensor]] = {"character": characters}
    splits: Mapping[str, HeldOut] = {
        "characters": HeldOut(
            f"character >= {TRAINED}",
            f"{TRAINED - 100} <= character < {TRAINED}",
            says="296 characters in all motions, those of the paper; a hundred others are for validation",
        )
    }

    @cached_property
    def layers(self) -> Layers:
        """What its clips are composed of: a layer for each attribute, and shoes."""
        raise NotImplementedError

    def observe(self, classes: Int64[Tensor, "n f"]) -> UInt8[Tensor, "n 8 3 64 64"]:
        """The clips, 0 to 255."""
        shoes = torch.zeros_like(classes[:, :1])
        return self.layers.clips(torch.cat([classes[:, :-1], shoes], 1), classes[:, -1])

    def canonical(self, classes: Int64[Tensor, "*n f"]) -> Int64[Tensor, "*n f"]:
        """No two characters look alike, and no two motions."""
        return classes
