"""The decoder by roles: it is given what each role holds, and draws from a feature only what depends on that feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from decoders.checks import check_sizes, check_vectors
from decoders.colour import Colours, coloured
from decoders.laying import FINE, SHARP, half, laid_at, mean_place, on_picture, patch_network, pixels, sides
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float


class ByRoleDecoder(nn.Module):
    """The feature vectors of one object, as unbinding gives them, to the logits of pictures.

    Where the object lies is read without weights: the feature vector of the place along x is compared with the fractional powers
    of all places, two in a column, and their mean under a softmax of the similarities is the place; along y likewise. A place
    that was never seen is as good as any other. What the object looks like is drawn in a small patch by a network that sees the
    other features alone, each cleaned up by a softmax over a short code. The patch is laid at the place, between pixels by linear
    interpolation of its logits. So an object that was never seen at a place is drawn there as elsewhere.

    Along an axis of which the data set has no factor the patch is as long as the picture.

    Where there are hues, what is drawn in the patch is how bright each surface is, and what has no hue; the surfaces are coloured
    with the hues that their vectors are, see `decoders.colour.Colours`. So a surface is drawn in a hue that it never had.

    Args:
        dim: the dimension of a feature vector.
        image: channels, height and width of what is drawn; any.
        features: how many feature vectors an object has.
        axes: which feature is the place along x, and which along y; None where none is.
        hues: which features are hues, of pictures in red, green and blue.
        powers: by the number of a feature (as a text), what makes vectors of places and of hues: called with pixels or turns [n],
            it gives [n, dim].
        window: the side of the patch in pixels; the object should fit into it. Half of the picture's longer side by default.
        hidden: the width of the two hidden layers that draw the patch.
        code: the length of the code that is read from a feature.
        logit: the logit of the background to start from; -4 is a picture that is mostly background.

    Raises:
        RangeError: a number is below 1, an axis or a hue is no feature, or has no power, or there are hues and fewer than three
            channels.

    Example:
        >>> ByRoleDecoder(dim=1024, image=(1, 64, 64), features=3)(torch.zeros(2, 3, 1024)).shape
        torch.Size([2, 1, 64, 64])
    """

    by_role: ClassVar[bool] = True
    """It takes what unbinding with the roles gives, [B, F, D], and not the vectors of objects."""

    def __init__(
        self,
        dim: int,
        image: tuple[int, int, int],
        features: int,
        *,
        axes: tuple[int | None, int | None] = (None, None),
        hues: tuple[int, ...] = (),
        powers: Mapping[str, nn.Module] | nn.ModuleDict | None = None,
        window: int | None = None,
        hidden: int = 512,
        code: int = 64,
        logit: float = -4.0,
    ) -> None:
        super().__init__()
        window = half(image) if window is None else window
        check_sizes("ByRoleDecoder", image, dim=dim, features=features, window=window, hidden=hidden, code=code)
        channels, height, width = image
        powers = {} if powers is None else powers
        numbers = [axis for axis in axes if axis is not None] + list(hues)
        if any(not 0 <= f < features or str(f) not in powers for f in numbers):
            raise RangeError(
                f"ByRoleDecoder draws the axes {axes} and the hues {hues}, so these must be features from 0 to {features - 1}, "
                f"each with a power; there are powers of {', '.join(powers) or 'none'}"
            )
        if hues and channels < 3:
            raise RangeError(f"ByRoleDecoder colours red, green and blue, so a picture must have 3 channels, got {channels}")
        self.dim, self.features, self.axes, self.hues = dim, features, axes, list(hues)
        self.others = [f for f in range(features) if f not in numbers]
        self.lengths = (width, height)
        self.window = sides(image, axes, window)
        # Not a module of its own: the same phases belong to the encoder, and shall be kept once.
        self._powers = tuple(None if axis is None else powers[str(axis)] for axis in axes)
        self.sharpness = None if axes == (None, None) else nn.Parameter(torch.full((2,), SHARP))
        parts = len(self.others)
        self.read = nn.Parameter(torch.randn(parts, code, dim) * dim**-0.5)  # entries of about 1 give read-outs of about 1
        self.bias = nn.Parameter(torch.zeros(parts, code))
        self.scale = nn.Parameter(torch.full((parts, 1), 0.3))
        self.what = patch_network(max(1, parts * code), hidden, (channels + len(hues), *self.window))
        self.colours = Colours(tuple(powers[str(f)] for f in hues), dim) if hues else None
        # Surfaces start half bright: those that are dark would hardly learn their colours.
        self.background = nn.Parameter(torch.tensor([logit] * channels + [0.0] * len(hues))[:, None, None])

    def forward(self, vectors: Float[Tensor, "b features dim"]) -> Float[Tensor, "b c h w"]:
        """Logits [B, C, H, W].

        Args:
            vectors: float [B, features, dim].

        Raises:
            ShapeError: the vectors are not those that the decoder was made for.
        """
        check_vectors("ByRoleDecoder", vectors, self.features, self.dim)
        codes = torch.einsum("bfd,fkd->bfk", vectors[:, self.others], self.read) + self.bias
        seen = (codes * self.scale).softmax(-1).flatten(1)
        # Where all features are places, every object looks the same.
        patch = self.what(seen if self.others else seen.new_ones(len(seen), 1))
        drawn = self.background + on_picture(patch, *(self._laid(k, vectors) for k in range(2)))
        return drawn if self.colours is None else coloured(drawn, self.colours(vectors[:, self.hues]))

    def _laid(self, k: int, vectors: Tensor) -> Tensor | None:
        """What lays patches along x (k = 0) or y (k = 1), [B, N, window]; None where they are as long as the picture."""
        axis, power = self.axes[k], self._powers[k]
        if axis is None or power is None or self.sharpness is None:
            return None
        n = self.lengths[k]
        likeness = vectors[:, axis].float() @ power(pixels(n, vectors.device, FINE)).mT / self.dim
        return laid_at(mean_place(likeness, self.sharpness[k]), n, self.window[1 - k])
