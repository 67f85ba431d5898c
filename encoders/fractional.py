"""The fractional encoder: the place of the object is a number, whose feature vector is computed and not learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encoders.power import Power
from encoders.turn import Turn
from encoders.windowed import Windowed
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float


class FractionalEncoder(Windowed):
    """Pictures of one object on a plain background to the mean and log variance of their feature vectors.

    A window around the object is looked at by two linear layers, which see nothing of where it lies. They say what the object
    looks like, a short code for each feature that is no place, as `encoders.glimpse.GlimpseEncoder` has them; and they correct
    the middle of the window to the middle of the object. That is a number of pixels along each axis, and the feature vector of
    the factor along this axis is its fractional power. So no place has weights of its own: an object at a place that was never
    seen has the right vector of the place, and looks like itself.

    Along an axis of which the data set has no factor the window is as long as the picture.

    The hue of something is a number too, of turns of the colour circle, and its vector is a power that is the same after a whole
    turn. It is the hue of the mean colour of some pixels, and the two linear layers see none.

    Args:
        image: channels, height and width of a picture; any.
        features: how many feature vectors.
        dim: the dimension of each.
        axes: which feature is the place along x, and which along y; None where none is.
        hues: which features are hues, of pictures in red, green and blue.
        locate: what the window is laid around: the centre of "mass", which wants a background of zeros; or the mean place under a
            "map" of probabilities, which three small convolutions draw, and which learns from the loss alone where to look.
        window: the side of the window in pixels; the object should fit into it. Half of the picture's longer side by default.
        hidden: the width of the two linear layers.
        code: the length of a feature's code, before it is projected.
        logvar: the log variance, the same for every picture; -2.4 is noise of 0.3 beside entries of about 1.
        seed: of the random projection and of the powers.

    Attributes:
        powers: by number of a feature, those whose vectors are powers, of pixels from the left or upper edge, or of turns.

    Raises:
        RangeError: a number is below 1, there is no such way to locate, an axis or a hue is no feature, or one twice, the
            dimension is below 3 though there is one, or there are hues and not three channels.

    Source: fractional powers are Plate's, see `vsa.embeddings.FractionalPower`.

    Example:
        >>> encoder = FractionalEncoder(image=(1, 64, 64), features=5, dim=1024, axes=(3, 4))
        >>> mean, logvar = encoder(torch.zeros(2, 1, 64, 64))
        >>> mean.shape, encoder.powers["3"].read(mean[:, 3])
        (torch.Size([2, 5, 1024]), tensor([32., 32.]))
    """

    projection: Tensor

    def __init__(
        self,
        image: tuple[int, int, int],
        features: int,
        dim: int,
        *,
        axes: tuple[int | None, int | None] = (None, None),
        hues: tuple[int, ...] = (),
        locate: Literal["mass", "map"] = "mass",
        window: int | None = None,
        hidden: int = 512,
        code: int = 64,
        logvar: float = -2.4,
        seed: int = 0,
    ) -> None:
        sizes = {"hidden": hidden, "features": features, "dim": dim, "code": code}
        super().__init__(image, axes, locate=locate, window=window, hues=len(hues), **sizes)
        numbers = [axis for axis in axes if axis is not None] + list(hues)
        if any(not 0 <= f < features for f in numbers) or len(set(numbers)) < len(numbers):
            raise RangeError(
                f"FractionalEncoder needs axes and hues that are different features from 0 to {features - 1}, got {axes}, {hues}"
            )
        if dim < 3 and numbers:
            raise RangeError(f"FractionalEncoder needs a dim of at least 3 for a place, or its power has no frequency; got {dim}")
        self.logvar, self.turns = logvar, hues
        self.others = [f for f in range(features) if f not in numbers]
        bandwidths = (1.0,) if locate == "mass" else (1.0, 3.0, 10.0)
        places = {
            str(axis): Power(dim, 0, length, bandwidths=bandwidths, name=name, seed=seed)
            for axis, length, name in zip(axes, image[:0:-1], "xy", strict=True)
            if axis is not None
        }
        turns = {str(f): Turn(dim, name=f"hue {n + 1}", seed=seed) for n, f in enumerate(hues)}
        self.powers = nn.ModuleDict(places | turns)
        self.what = nn.Linear(hidden, len(self.others) * code) if self.others else None
        self.split = nn.Unflatten(1, (len(self.others), code))
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("projection", torch.randn(len(self.others), code, dim, generator=generator))

    def forward(
        self, images: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b features dim"], Float[Tensor, "b features dim"]]:
        """Mean and log variance, [B, features, dim] each; the log variance is one number, seen through `expand`.

        Args:
            images: float [B, C, H, W] in [0, 1].

        Raises:
            ShapeError: the pictures are not of the size that the encoder was made for.
        """
        seen, places, turns = self.look(images)
        vectors: dict[int, Tensor] = {}
        if self.what is not None:
            code = F.normalize(self.split(self.what(seen)), dim=-1)
            vectors |= zip(self.others, torch.einsum("bfk,fkd->bfd", code, self.projection).unbind(1), strict=True)
        for axis, place in zip(self.axes, places.unbind(1), strict=True):
            if axis is not None:
                vectors[axis] = self.powers[str(axis)](place).to(seen.dtype)
        for f, turn in zip(self.turns, turns.unbind(1), strict=True):
            vectors[f] = self.powers[str(f)](turn).to(seen.dtype)
        mean = torch.stack([vectors[f] for f in range(len(vectors))], 1)
        return mean, mean.new_tensor(self.logvar).expand_as(mean)


def fractional_map(
    image: tuple[int, int, int],
    features: int,
    dim: int,
    axes: tuple[int | None, int | None] = (None, None),
    hues: tuple[int, ...] = (),
) -> FractionalEncoder:
    """The encoder that learns where to look, for pictures whose background is not zero.

    Example:
        >>> fractional_map((3, 64, 64), 5, 1024, axes=(3, 4)).attention is None
        False
    """
    return FractionalEncoder(image, features, dim, axes=axes, hues=hues, locate="map")
