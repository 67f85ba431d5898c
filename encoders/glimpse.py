"""The glimpse encoder: where the object is, is taken out first, and a small window around it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encoders.window import glimpse
from encoders.windowed import Windowed

if TYPE_CHECKING:
    from jaxtyping import Float


class GlimpseEncoder(Windowed):
    """Pictures of one object on an empty background to the mean and log variance of their feature vectors.

    The centre of mass is found by counting, not by learning, and a window around it is cut out. Whole pixels of translation
    are then gone, so that all positions teach the same two linear layers what the object looks like. These give what can be
    said of the object wherever it is, and a correction of the centre (a centre of mass need not be the middle); the
    corrected centre is spread over radial basis functions along each axis, so that a linear layer can tell every position.

    What and where add up to one short code for each feature, which is set to length 1 and projected by a fixed random matrix
    to a hypervector of norm about sqrt(dim). All features thus have the same energy: in a superposition each is noise to the
    others, and one that could grow would drown them. The projection keeps the cosines of the codes.

    Args:
        image: channels, height and width of a picture; any.
        features: how many feature vectors.
        dim: the dimension of each.
        window: the side of the window in pixels, into which the object should fit; by default half the longer side of a picture.
        hidden: the width of the two linear layers.
        code: the length of a feature's code, before it is projected.
        places: how many radial basis functions along each axis.
        logvar: the log variance, the same for every picture; -2.4 is noise of 0.3 beside entries of about 1.
        seed: of the random projection.

    Raises:
        RangeError: a number is below 1.

    Example:
        >>> mean, logvar = GlimpseEncoder(image=(1, 64, 64), features=5, dim=1024)(torch.zeros(2, 1, 64, 64))
        >>> mean.shape
        torch.Size([2, 5, 1024])
    """

    projection: Tensor

    def __init__(
        self,
        image: tuple[int, int, int],
        features: int,
        dim: int,
        *,
        window: int | None = None,
        hidden: int = 512,
        code: int = 64,
        places: int = 64,
        logvar: float = -2.4,
        seed: int = 0,
    ) -> None:
        # The window moves along both axes, whatever the data set calls them.
        super().__init__(image, (0, 1), window=window, hidden=hidden, features=features, dim=dim, code=code, places=places)
        self.places, self.logvar = places, logvar
        self.what = nn.Linear(hidden, features * code)
        self.where = nn.Linear(2 * places, features * code)
        self.split = nn.Unflatten(1, (features, code))
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("projection", torch.randn(features, code, dim, generator=generator))

    def forward(
        self, images: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b features dim"], Float[Tensor, "b features dim"]]:
        """Mean and log variance, [B, features, dim] each; the log variance is one number, seen through `expand`.

        Args:
            images: float [B, C, H, W] in [0, 1]; 0 is background. In a picture that is empty the window lies in the middle.

        Raises:
            ShapeError: the pictures are not of the size that the encoder was made for.
        """
        seen, corrected, _ = self.look(images)
        code = self.split(self.what(seen) + self.where(self._spread(corrected).to(seen.dtype)))
        mean = torch.einsum("bfk,fkd->bfd", F.normalize(code, dim=-1), self.projection)
        return mean, mean.new_tensor(self.logvar).expand_as(mean)

    @staticmethod
    def cut(images: Tensor, middle: Tensor, sides: tuple[int, int]) -> Tensor:
        """The window, moved by whole pixels."""
        return glimpse(images, middle, sides[0])

    def _spread(self, middle: Tensor) -> Tensor:
        """Radial basis functions [B, 2 places] of centres [B, 2]: bells one step of the grid wide, from edge to edge."""
        steps = middle / middle.new_tensor(self.image[:0:-1]) * (self.places - 1)
        grid = torch.arange(self.places, device=middle.device)
        return (-0.5 * (steps[:, :, None] - grid).square()).exp().flatten(1)
