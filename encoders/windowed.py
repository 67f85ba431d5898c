"""What encoders have in common that look at one object through a window around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from encoders.window import centre, half, window
from vsa.errors import RangeError, ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float


class Windowed(nn.Module):
    """The window around an object, what two linear layers see in it, and the place of the object. Encoders build on it.

    The layers see nothing of where the window lies. From what they see the middle of the window is corrected to the middle of
    the object: a centre of mass need not be the middle. Along an axis of which the data set has no factor the window is as long
    as the picture.

    Args:
        image: channels, height and width of a picture; any.
        axes: which factor is the place along x, and which along y; None where none is.
        locate: by the centre of "mass", or by a "map".
        window: the side of the window in pixels; half of the picture's longer side by default.
        hidden: the width of the two linear layers.
        sizes: other numbers of the encoder that must be at least 1, by name.

    Raises:
        RangeError: a number is below 1, or there is no such way to locate. The message names the encoder.

    Example:
        >>> seen, places = Windowed((1, 64, 64), (3, 4)).look(torch.zeros(2, 1, 64, 64))
        >>> seen.shape, places[0]
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
        self.image, self.axes = tuple(image), axes
        self.window, self.sides = side, (image[1] if axes[1] is None else side, image[2] if axes[0] is None else side)
        self.attention = attention_map(image[0]) if locate == "map" else None
        self.hidden = nn.Sequential(
            nn.Flatten(),
            nn.Linear(image[0] * self.sides[0] * self.sides[1], hidden),
            nn.LayerNorm(hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.LayerNorm(hidden),
            nn.ReLU(),
        )
        self.correction = None if axes == (None, None) else nn.Linear(hidden, 2)
        if self.correction is not None:
            nn.init.zeros_(self.correction.weight)
            nn.init.zeros_(self.correction.bias)

    @staticmethod
    def cut(images: Tensor, middle: Tensor, sides: tuple[int, int]) -> Tensor:
        """The window of that height and width around the middles of pictures, moved by fractions of a pixel."""
        return window(images, middle, sides)

    def look(self, images: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b hidden"], Float[Tensor, "b 2"]]:
        """What is seen through the window, and the places (x, y) of the objects, float32, in pixels.

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
        seen = self.hidden(self.cut(images, middle.detach(), self.sides))
        return seen, middle if self.correction is None else middle + self.correction(seen).float()

    def _middle(self, images: Tensor) -> Tensor:
        """The middles of the windows (x, y), float32 [B, 2], in pixels; of the picture, along an axis without a factor."""
        found = centre(images) if self.attention is None else mean_place(self.attention(images), images.shape[2:])
        places = zip(found.unbind(1), self.axes, self.image[:0:-1], strict=True)
        return torch.stack([torch.full_like(at, length / 2) if axis is None else at for at, axis, length in places], 1)


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
