"""Clips that are composed of layers over black: one variant of each layer, in as many cells as a motion has frames.

A cell is a pose, drawn for every layer: that of the body, of what is worn, of the hair. A motion is a row of cells. So whoever
has the layers has every clip exactly, and can say of a picture which variants it shows: those whose composition is nearest to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsa.errors import DtypeError, RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Int64, UInt8

OPAQUE = 255


@dataclass(frozen=True)
class Layers:
    """The layers of characters, from the one behind to the one in front, and the cells of each motion.

    Attributes:
        names: of the layers.
        pictures: for each layer uint8 [variants, cells, 4, H, W]: red, green, blue and alpha, 255 where it hides what is behind.
            A layer of one variant is no choice.
        frames: int64 [motions, T], the cell of each frame.

    Raises:
        DtypeError, ShapeError, RangeError: they are not so; the message says which.

    Example:
        >>> red, dot = torch.zeros(1, 2, 4, 1, 2).byte(), torch.zeros(2, 2, 4, 1, 2).byte()
        >>> red[..., 0, :, :], red[..., 3, :, :] = 200, 255
        >>> dot[1, 0, 1:, 0, 0] = 255  # the second variant has a dot in the first cell
        >>> layers = Layers(("ground", "dot"), (red, dot), torch.tensor([[0, 1]]))
        >>> layers.clips(torch.tensor([[0, 1]]), torch.tensor([0]))[0, :, :, 0].tolist()
        [[[0, 200], [255, 0], [255, 0]], [[200, 200], [0, 0], [0, 0]]]
    """

    names: tuple[str, ...]
    pictures: tuple[Tensor, ...]
    frames: Tensor

    def __post_init__(self) -> None:
        if len(self.names) != len(self.pictures) or not self.pictures:
            raise ShapeError(f"there must be a name for each layer, got {len(self.names)} for {len(self.pictures)}")
        cells = self.pictures[0].shape[1:]
        for name, picture in zip(self.names, self.pictures, strict=True):
            if picture.dtype != torch.uint8:
                raise DtypeError(f"the layer {name} must be uint8 [variants, cells, 4, H, W], got {picture.dtype}")
            if picture.ndim != 5 or picture.shape[2] != 4 or picture.shape[1:] != cells:
                raise ShapeError(
                    f"the layer {name} must be uint8 [variants, cells, 4, H, W], as others, got {list(picture.shape)}"
                )
        if self.frames.dtype != torch.int64 or self.frames.ndim != 2:
            raise ShapeError(f"frames must be int64 [motions, T], got {self.frames.dtype} {list(self.frames.shape)}")
        if self.frames.numel() and not 0 <= self.frames.min() <= self.frames.max() < cells[0]:
            raise RangeError(f"frames must be cells from 0 to {cells[0] - 1}, got {self.frames.min()} to {self.frames.max()}")

    def clips(self, variants: Int64[Tensor, "n layers"], motions: Int64[Tensor, " n"]) -> UInt8[Tensor, "n t 3 h w"]:
        """The clips of characters, of each layer the variant that is given, in these motions."""
        return self.compose(variants[:, None], self.frames.to(motions.device)[motions])

    def compose(self, variants: Int64[Tensor, "*n layers"], cells: Int64[Tensor, "*m"]) -> UInt8[Tensor, "*k 3 h w"]:
        """Pictures of characters in cells, of any number of dimensions, which broadcast against each other."""
        count, size = self.pictures[0].shape[1], self.pictures[0].shape[2:]
        shape = torch.broadcast_shapes(variants.shape[:-1], cells.shape)
        seen = torch.zeros(shape.numel(), 3, *size[1:], dtype=torch.uint8, device=cells.device)
        for layer, hard, variant in zip(self.pictures, self._hard, variants.unbind(-1), strict=True):
            number = (variant * count + cells).expand(shape).flatten()
            picture = layer.to(cells.device).flatten(0, 1).index_select(0, number)
            colour, alpha = picture[:, :3], picture[:, 3:]
            # Alpha that is 0 or 255 has the bits of a mask: a third of the time of what `over` does.
            seen = seen ^ ((seen ^ colour) & alpha) if hard else over(picture, seen)
        return seen.view(*shape, *seen.shape[1:])

    @cached_property
    def _hard(self) -> tuple[bool, ...]:
        """Which layers are everywhere opaque or clear."""
        return tuple(bool(((alpha == 0) | (alpha == OPAQUE)).all()) for alpha in (layer[:, :, 3] for layer in self.pictures))


def over(front: UInt8[Tensor, "*n 4 h w"], behind: UInt8[Tensor, "*n 3 h w"]) -> UInt8[Tensor, "*n 3 h w"]:
    """A picture with an alpha channel over an opaque one, rounded as Pillow's `alpha_composite` does.

    Example:
        >>> over(torch.tensor([255, 0, 0, 128]).byte().view(4, 1, 1), torch.zeros(3, 1, 1).byte()).flatten().tolist()
        [128, 0, 0]
    """
    colour, alpha = front[..., :3, :, :], front[..., 3:, :, :]
    seen = behind ^ ((behind ^ colour) & (alpha == OPAQUE).byte() * OPAQUE)  # faster than `where`, of bytes
    partly = alpha + 1 > 1  # bytes, so that 255 becomes 0
    if partly.any():  # of few pixels: most layers are opaque or clear
        partly = partly.expand_as(seen)
        share = alpha.expand_as(seen)[partly].int()
        mixed = colour[partly].int() * share + behind[partly].int() * (OPAQUE - share)
        seen[partly] = ((mixed + OPAQUE // 2) // OPAQUE).byte()
    return seen
