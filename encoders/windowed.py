"""What encoders have in common that look at one object through a window around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from torch import Tensor, nn

from encoders.hue import Hues, apart_from_hues
from encoders.window import centre, half, window
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


class Look(NamedTuple):
    """What a look at pictures gives.

    Attributes:
        seen: what two linear layers see in the window, [B, hidden].
        places: the places (x, y) of the objects, float32 [B, 2], in pixels.
        hues: float32 [B, hues], in turns.
    """

    seen: Tensor
    places: Tensor
    hues: Tensor


class Windowed(nn.Module):
    """The window around an object, what two linear layers see in it, and the place of the object. Encoders build on it.

    The layers see nothing of where the window lies. From what they see the middle of the window is corrected to the middle of
    the object: a centre of mass need not be the middle. Along an axis of which the data set has no factor the window is as long
    as the picture.

    Where the data set has hues, they are found in the window by themselves, and the layers see what the hues do not change.

    Args:
        image: channels, height and width of a picture; any.
        axes: which factor is the place along x, and which along y; None where none is.
        locate: by the centre of "mass", or by a "map".
        window: the side of the window in pixels; half of the picture's longer side by default.
        hidden: the width of the two linear layers.
        hues: how many hues are found.
        sizes: other numbers of the encoder that must be at least 1, by name.

    Raises:
        RangeError: a number is below 1, there is no such way to locate, or there are hues and not three channels. The message
            names the encoder.

    Example:
        >>> look = Windowed((1, 64, 64), (3, 4)).look(torch.zeros(2, 1, 64, 64))
        >>> look.seen.shape, look.places[0]
        (torch.Size([2, 512]), tensor([32., 32.], grad_fn=<SelectBackward0>))
    """

    def __init__(
        self,
        image: tuple[int, int, int],
        axes: tuple[int | None, int | None],
        *,
        locate: Literal["mass", "map"] = "mass",
        window: int | None = None,
        hidden: int = 512,
        hues: int = 0,
        **sizes: int,
    ) -> None:
        super().__init__()
        side, encoder = half(image) if window is None else window, type(self).__name__
        sizes |= {"window": side, "hidden": hidden}
        for name, value in (*zip(("channels", "height", "width"), image, strict=True), *sizes.items()):
            if value < 1:
                raise RangeError(f"{encoder} needs {name} of at least 1, got {value}")
        if locate not in ("mass", "map"):
            raise RangeError(f"{encoder} locates by 'mass' or by 'map', got {locate!r}")
        if hues and image[0] != 3:
            raise RangeError(f"{encoder} finds hues in red, green and blue, so a picture must have 3 channels, got {image[0]}")
        self.image, self.axes = tuple(image), axes
        self.window, self.sides = side, (image[1] if axes[1] is None else side, image[2] if axes[0] is None else side)
        self.attention = attention_map(image[0]) if locate == "map" else None
        self.hues = Hues(hues, self.sides) if hues else None
        self.hidden = hidden_layers(2 + hues if hues else image[0], self.sides, hidden, coloured=bool(hues))
        self.correction = None if axes == (None, None) else nn.Linear(hidden, 2)
        if self.correction is not None:
            nn.init.zeros_(self.correction.weight)
            nn.init.zeros_(self.correction.bias)

    @staticmethod
    def cut(images: Tensor, middle: Tensor, sides: tuple[int, int]) -> Tensor:
        """The window of that height and width around the middles of pictures, moved by fractions of a pixel."""
        return window(images, middle, sides)

    def look(self, images: Float[Tensor, "b c h w"]) -> Look:
        """What is seen through the window, where the objects are, and their hues.

        Args:
            images: float [B, C, H, W] in [0, 1].

        Raises:
            ShapeError: the pictures are not of the size that the encoder was made for.
        """
        if images.ndim != 4 or tuple(images.shape[1:]) != self.image:
            raise ShapeError(
                f"{type(self).__name__} was made for pictures [B, {', '.join(map(str, self.image))}], got {list(images.shape)}"
            )
        middle = self._middle(images)
        cut = self.cut(images, middle.detach(), self.sides)
        if self.hues is None:
            hues, shown = middle[:, :0], cut
        else:
            hues = self.hues(cut)
            shown = apart_from_hues(cut, hues.detach())
        seen = self.hidden(shown)
        places = middle if self.correction is None else middle + self.correction(seen).float()
        return Look(seen, places, hues)

    def _middle(self, images: Tensor) -> Tensor:
        """The middles of the windows (x, y), float32 [B, 2], in pixels; of the picture, along an axis without a factor."""
        found = centre(images) if self.attention is None else mean_place(self.attention(images), images.shape[2:])
        places = zip(found.unbind(1), self.axes, self.image[:0:-1], strict=True)
        return torch.stack([torch.full_like(at, length / 2) if axis is None else at for at, axis, length in places], 1)


def hidden_layers(channels: int, sides: tuple[int, int], hidden: int, *, coloured: bool) -> nn.Sequential:
    """Two linear layers that see all pixels of a window; of pictures whose every pixel has a colour at half the resolution.

    Most of such a picture is the same in all of them. There batches are normalised, which takes away what they share; otherwise
    the codes of all pictures soon become one, and stay so.
    """
    norm = nn.BatchNorm1d if coloured else nn.LayerNorm
    if coloured:
        pixels = channels * math.ceil(sides[0] / 2) * math.ceil(sides[1] / 2)
        first = (nn.AvgPool2d(2, ceil_mode=True), nn.Flatten(), nn.BatchNorm1d(pixels, eps=0.01, affine=False))
    else:
        pixels, first = channels * sides[0] * sides[1], (nn.Flatten(),)
    return nn.Sequential(
        *first,
        nn.Linear(pixels, hidden),
        norm(hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        norm(hidden),
        nn.ReLU(),
    )


def attention_map(channels: int) -> nn.Sequential:
    """Small dilated convolutions that draw a map of where the object is, at half the resolution of the picture."""
    return nn.Sequential(
        nn.Conv2d(channels, 16, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(16, 24, 3, padding=2, dilation=2),
        nn.ReLU(),
        nn.Conv2d(24, 24, 3, padding=4, dilation=4),
        nn.ReLU(),
        nn.Conv2d(24, 1, 1),
    )


def mean_place(logits: Float[Tensor, "b 1 h w"], sides: Sequence[int]) -> Float[Tensor, "b 2"]:
    """The mean place (x, y) under the softmax of a map, float32 [B, 2], in pixels of a picture of that height and width.

    Example:
        >>> logits = torch.full((1, 1, 4, 4), -100.0)
        >>> logits[0, 0, 1, 3] = 0
        >>> mean_place(logits, (8, 8))
        tensor([[7., 3.]])
    """
    _, _, height, width = logits.shape
    odds = logits.float().flatten(1).softmax(1).unflatten(1, (height, width))
    rows = (torch.arange(height, device=logits.device) + 0.5) * (sides[0] / height)
    columns = (torch.arange(width, device=logits.device) + 0.5) * (sides[1] / width)
    return torch.stack([odds.sum(1) @ columns, odds.sum(2) @ rows], 1)
