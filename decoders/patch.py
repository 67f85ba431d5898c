"""The patch decoder of a VAE: a patch drawn from the latents that are no place, and laid where the others say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from decoders.checks import check_sizes, check_vectors
from decoders.laying import half, laid_at, on_picture, patch_network, sides
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float


class PatchDecoder(nn.Module):
    """Latents that are numbers, as `encoders.window_latents.WindowEncoder` gives them, to the logits of pictures.

    It is the control of `decoders.by_role.ByRoleDecoder` that has no symbols: the same network draws the same patch, from the
    latents that are no place alone, and it is laid in the same way at the place that the first latents say.

    There a place is a feature vector, and is read by comparing it with the vectors of all places, whose mean under a softmax is
    taken. Here it is a number already; to make a vector of it and to read that would change it by a hundredth of a pixel.

    Without a factor along either axis it is a network that draws the whole picture.

    Args:
        dim: how many latents.
        image: channels, height and width of what is drawn; any.
        axes: which factor is the place along x, and which along y; only whether it is None matters.
        window: the side of the patch in pixels; the object should fit into it. Half of the picture's longer side by default.
        hidden: the width of the two hidden layers that draw the patch.
        logit: the logit of the background to start from; -4 is a picture that is mostly background.

    Raises:
        RangeError: a number is below 1, or there is no latent beside the places.

    Example:
        >>> PatchDecoder(dim=10, image=(1, 64, 64), axes=(3, 4))(torch.zeros(2, 10)).shape
        torch.Size([2, 1, 64, 64])
    """

    def __init__(
        self,
        dim: int,
        image: tuple[int, int, int],
        *,
        axes: tuple[int | None, int | None] = (None, None),
        window: int | None = None,
        hidden: int = 512,
        logit: float = -4.0,
    ) -> None:
        super().__init__()
        window = half(image) if window is None else window
        check_sizes("PatchDecoder", image, dim=dim, window=window, hidden=hidden)
        self.moves = [k for k, axis in enumerate(axes) if axis is not None]
        places = len(self.moves)
        if dim <= places:
            raise RangeError(
                f"PatchDecoder reads {places} latents as the place of an object and needs at least one more, "
                f"so dim must be at least {places + 1}, got {dim}"
            )
        self.dim, self.lengths, self.window = dim, image[:0:-1], sides(image, axes, window)
        self.what = patch_network(dim - places, hidden, (image[0], *self.window))
        self.background = nn.Parameter(torch.full((image[0], 1, 1), logit))

    def forward(self, latents: Float[Tensor, "b dim"]) -> Float[Tensor, "b c h w"]:
        """Logits [B, C, H, W].

        Args:
            latents: float [B, dim], the places first.

        Raises:
            ShapeError: they are not as many as the decoder was made for.
        """
        check_vectors("PatchDecoder", latents, self.dim, called="latents")
        lines: list[Tensor | None] = [None, None]
        for k, latent in zip(self.moves, latents.float().unbind(1), strict=False):
            n = self.lengths[k]
            lines[k] = laid_at((latent / math.sqrt(12) + 0.5) * n, n, self.window[1 - k])
        return self.background + on_picture(self.what(latents[:, len(self.moves) :]), *lines)
