"""The window encoder of a VAE: the place of the object is a latent by itself, and all other latents see no place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from encoders.windowed import Windowed
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float


class WindowEncoder(Windowed):
    """Pictures of one object on an empty background to the mean and log variance of latents that are numbers.

    It is the control of `encoders.fractional.FractionalEncoder` that has no symbols: the same window, the same two linear layers,
    the same place. The first latent is the place of the object along x, and the next one that along y, each only if the data set
    has a factor along this axis: 0 is the middle of the picture, and places that are uniform over the picture have a variance
    of 1. The means of all other latents, and all log variances, come from the window alone. So neither what an object looks like
    nor how surely its place is known depends on where it lies.

    Without a factor along either axis it is two linear layers on the whole picture.

    Args:
        image: channels, height and width of a picture; any.
        features: how many latents.
        dim: 1, because a latent is a number.
        axes: which factor is the place along x, and which along y; only whether it is None matters.
        window: the side of the window in pixels; the object should fit into it. Half of the picture's longer side by default.
        hidden: the width of the two linear layers.
        logvar: the log variance to start from.

    Raises:
        RangeError: a number is below 1, the dimension is not 1, or there is no latent beside the places.

    Example:
        >>> mean, logvar = WindowEncoder(image=(1, 64, 64), features=10, dim=1, axes=(3, 4))(torch.zeros(2, 1, 64, 64))
        >>> mean.shape, mean[0, :2, 0].tolist()
        (torch.Size([2, 10, 1]), [0.0, 0.0])
    """

    def __init__(
        self,
        image: tuple[int, int, int],
        features: int,
        dim: int,
        *,
        axes: tuple[int | None, int | None] = (None, None),
        window: int | None = None,
        hidden: int = 512,
        logvar: float = -4.0,
    ) -> None:
        super().__init__(image, axes, window=window, hidden=hidden, features=features)
        if dim != 1:
            raise RangeError(f"WindowEncoder gives numbers, as a VAE has them, so its dim must be 1, got {dim}")
        self.moves = [k for k, axis in enumerate(axes) if axis is not None]
        if features <= len(self.moves):
            raise RangeError(
                f"WindowEncoder has {len(self.moves)} latents for the place of an object and needs at least one more, "
                f"so features must be at least {len(self.moves) + 1}, got {features}"
            )
        self.what = nn.Linear(hidden, features - len(self.moves))
        self.spread = nn.Linear(hidden, features)
        nn.init.constant_(self.spread.bias, logvar)

    def forward(self, images: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b features 1"], Float[Tensor, "b features 1"]]:
        """Mean and log variance, [B, features, 1] each.

        Args:
            images: float [B, C, H, W] in [0, 1]; 0 is background. In a picture that is empty the window lies in the middle.

        Raises:
            ShapeError: the pictures are not of the size that the encoder was made for.
        """
        seen, places, _ = self.look(images)
        sides = places.new_tensor(self.image[:0:-1])
        standard = (places / sides - 0.5) * math.sqrt(12)  # the variance of what is uniform over a length is length² / 12
        mean = torch.cat([standard[:, self.moves], self.what(seen).float()], 1)
        return mean[..., None], self.spread(seen)[..., None]
