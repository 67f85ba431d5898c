"""Figures of codes of a few numbers: what is drawn again, and what each latent does. They are of tensors and of functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor

from tasks.evaluation.colours import coloured, rgb
from tasks.evaluation.grid import Panel, write_panels
from vsa.errors import RangeError

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped

Decode = Callable[[Tensor], Tensor]
"""From codes [n, L] to pictures [n, C, H, W]."""

VALUES = torch.linspace(-3, 3, 10)
"""What a latent is set to: ten steps from -3 to 3."""

FRAME, ZOOM = 80, 3
"""Milliseconds of a frame of an animation, and pixels of the file for one of the picture."""

MOST = 4096
"""Pictures in one figure."""


def traversals(
    code: Float[Tensor, " latents"], latents: Sequence[int], values: Float[Tensor, " v"]
) -> Float[Tensor, "k v latents"]:
    """A code with one of these latents set to each value, the others as they are.

    Example:
        >>> traversals(torch.zeros(2), [1], torch.tensor([-1.0, 1.0])).tolist()
        [[[0.0, -1.0], [0.0, 1.0]]]
    """
    codes = code.expand(len(latents), len(values), -1).clone()
    for row, latent in enumerate(latents):
        codes[row, :, latent] = values
    return codes


def every_code(latents: int, values: Float[Tensor, " v"]) -> Float[Tensor, "n latents"]:
    """All combinations of these values, the first latent slowest.

    Raises:
        RangeError: there are more than 4096.

    Example:
        >>> every_code(2, torch.tensor([0.0, 1.0])).tolist()
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    if latents < 1 or len(values) ** latents > MOST:
        raise RangeError(f"{len(values)} values of {latents} latents make too many pictures; at most {MOST} are drawn")
    return torch.cartesian_prod(*[values] * latents).view(-1, latents)


def draw_reconstructions(
    given: Shaped[Tensor, "n c h w"], drawn: Float[Tensor, "n c h w"], overlaps: Float[Tensor, " n"], path: Path
) -> None:
    """Pictures, below them what a model draws of each, and the IoU."""
    notes = {1: [f"IoU {overlap:.2f}" for overlap in overlaps.tolist()]}
    panel = Panel(torch.stack([coloured(given), rgb(drawn)]), rows=("given", "drawn"), notes=notes)
    write_panels(path, [panel])


def draw_traversals(
    decode: Decode,
    code: Float[Tensor, " latents"],
    order: Sequence[int],
    variances: Float[Tensor, " some"],
    path: Path,
    values: Float[Tensor, " v"] = VALUES,
) -> None:
    """What each latent does to a picture: a row for each, in this order, with its average posterior variance."""
    codes = traversals(code, order, values)
    pictures = decode(codes.flatten(0, 1)).unflatten(0, codes.shape[:2])
    panel = Panel(
        rearrange(rgb(pictures.flatten(0, 1)), "(k v) c h w -> k v c h w", k=len(order)),
        columns=[f"{value:+.1f}" for value in values.tolist()],
        rows=[f"z{latent}, {variances[latent]:.2f}" for latent in order],
    )
    caption = (
        "Each row: one latent set to the values above, the others as the picture's. Beside it, its average posterior variance."
    )
    write_panels(path, [panel], caption)


def write_gif(
    decode: Decode, code: Float[Tensor, " latents"], latent: int, path: Path, values: Float[Tensor, " v"] | None = None
) -> None:
    """An animation of a picture whose latent goes from the first value to the last and back, for ever."""
    values = torch.linspace(-3, 3, 25) if values is None else values
    there = decode(traversals(code, [latent], values)[0])
    pictures = torch.cat([there, there[1:-1].flip(0)])
    large = pictures.mul(255).round().byte().repeat_interleave(ZOOM, 2).repeat_interleave(ZOOM, 3)
    large = (large[:, 0] if large.shape[1] == 1 else rearrange(rgb(large).byte(), "n c h w -> n h w c")).numpy()
    first, *rest = (Image.fromarray(picture) for picture in large)
    first.save(path, format="GIF", save_all=True, append_images=rest, duration=FRAME, loop=0)


def draw_full_traversal(
    decode: Decode, latents: int, values: Float[Tensor, " v"], path: Path, columns: int, shrink: int = 1
) -> None:
    """Every combination of these values of all latents, the first latent slowest, from left to right and from top to bottom.

    Args:
        decode: draws them.
        latents: how many there are.
        values: of each.
        path: the PNG file, of 16 greys.
        columns: pictures in a row.
        shrink: average squares of so many pixels, so that a sheet of thousands can be opened.
    """
    pictures = torch.nn.functional.avg_pool2d(decode(every_code(latents, values)), shrink).mean(1)
    gap, missing = 2, -len(pictures) % columns
    empty = torch.zeros(missing, *pictures.shape[1:])
    tiles = torch.nn.functional.pad(torch.cat([pictures, empty]), (0, gap, 0, gap), value=0.4)
    sheet = rearrange(tiles, "(r c) h w -> (r h) (c w)", c=columns)[:-gap, :-gap]
    Image.fromarray((sheet * 15).round().mul(17).byte().numpy().astype(np.uint8)).quantize(16).save(
        path, format="PNG", optimize=True
    )
