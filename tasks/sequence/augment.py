"""Clips seen in other ways: what is left to content, or to motion, when the other one is hidden.

What moves does not depend on colours, and what stays not on the order of the frames, nor on the side that is looked at. So a clip
in other colours tells its motion and not its content, and one with its frames in another order, mirrored or not, tells its
content and not its motion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float


def recoloured(clips: Float[Tensor, "n t c h w"], generator: torch.Generator) -> Float[Tensor, "n t c h w"]:
    """Clips in other colours, each in its own: channels are mixed, and what is bright may become dark. Black stays black.

    Args:
        clips: float [n, T, C, H, W], from 0 to 1.
        generator: decides.

    Example:
        >>> clips = torch.zeros(2, 8, 3, 4, 4)
        >>> clips[..., 0, 0] = 0.5
        >>> seen = recoloured(clips, torch.Generator().manual_seed(0))
        >>> bool((seen[0] == seen[1]).all()), seen[..., 1, 1].max().item(), bool(seen.min() >= 0), bool(seen.max() <= 1)
        (False, 0.0, True, True)
    """
    n, channels = len(clips), clips.shape[2]
    # Rows of shares, often near one channel: a mix of colours, or another order of them.
    shares = torch.rand(n, channels, channels, generator=generator).log().mul(-1).pow(2)
    shares = shares / shares.sum(2, keepdim=True)
    turns = torch.rand(n, channels, generator=generator) * 4 + 0.5  # a channel goes up and down so many times a quarter turn
    mixed = torch.einsum("nij,ntjhw->ntihw", shares.to(clips), clips)
    return (mixed * (turns.to(clips) * (torch.pi / 2))[:, None, :, None, None]).sin().abs()


def reordered(clips: Float[Tensor, "n t c h w"], generator: torch.Generator) -> Float[Tensor, "n t c h w"]:
    """Clips with their frames in another order, each in its own.

    Example:
        >>> clips = torch.arange(8.0).view(1, 8, 1, 1, 1)
        >>> seen = reordered(clips, torch.Generator().manual_seed(0)).flatten()
        >>> seen.sort().values.equal(clips.flatten()), seen.equal(clips.flatten())
        (True, False)
    """
    order = torch.rand(clips.shape[:2], generator=generator).argsort(1).to(clips.device)
    return clips.gather(1, order[:, :, None, None, None].expand_as(clips))


def mirrored(clips: Float[Tensor, "n t c h w"], generator: torch.Generator) -> Float[Tensor, "n t c h w"]:
    """Clips of which every second one, at random, is seen in a mirror: right is left.

    Example:
        >>> seen = mirrored(torch.tensor([0.0, 1.0]).expand(8, 1, 1, 1, 2), torch.Generator().manual_seed(0))
        >>> 0 < seen[:, 0, 0, 0, 0].sum().item() < 8
        True
    """
    turned = (torch.rand(len(clips), generator=generator) < 0.5).to(clips.device)
    return torch.where(turned[:, None, None, None, None], clips.flip(-1), clips)
