"""`vsa swap A B`: what stays of one clip with what moves of another, as an animation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, runtime_checkable

from tyro.conf import Positional, arg

from tasks import command_line
from tasks.console.files import check_place, open_model
from vsa.errors import InputError, OutputError, RangeError, ShapeError, choices

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WRITTEN = (".gif", ".png")
MOST_PAIRS = 64
"""So many pairs are written into one file at most."""


@runtime_checkable
class Swappable(Protocol):
    """A model that tells what stays of clips from what moves."""

    def encode(self, clips: Tensor, white: int | None = None) -> tuple[Tensor, Tensor]:
        """Clips [B, T, C, H, W] to content [B, Df] and motion [B, T, Dz]."""
        ...

    def decode(self, content: Tensor, motion: Tensor) -> Tensor:
        """Content and motion to clips [B, T, C, H, W] from 0 to 1."""
        ...


@dataclass(frozen=True)
class SwapConfig:
    """Exchange what stays of two clips for what moves, and write an animation.

    From left to right it shows A, B, what stays of A with what moves of B, and what stays of B with what moves of A. Clip i of A
    goes with clip i of B, one row each. A file has an animation (GIF, WebP, APNG), or an array (npy, npz) [T, H, W, C] or
    [N, T, H, W, C], channels last or first, uint8 or float; a folder has animations, which are read in the order of their names.
    """

    a: Positional[Annotated[Path, arg(metavar="A")]]
    """A file or a folder of clips."""
    b: Positional[Annotated[Path, arg(metavar="B")]]
    """Another one, of as many clips."""
    model: str = "sequence"
    """A sequential autoencoder: a run's folder, a model's file or folder, or the name of a shipped model."""
    out: Path = Path("swap.gif")
    """The animation; or, if its name ends in .png, rows of frames. One that is there is replaced."""
    only: bool = False
    """Write what stays of A with what moves of B, and nothing else."""
    fit: bool = False
    """Resize clips to what the model takes, turn colours to greyscale or back, and take evenly spaced frames of longer ones."""
    scale: int = 2
    """A pixel becomes a square of so many."""
    duration: int = 120
    """Milliseconds that a frame is shown."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes a GPU if there is one."""
    trust: bool = False
    """Build networks that are no part of the project too, which the file names: that runs code of what is installed."""


def status_of(words: Sequence[str]) -> int:
    """The exit status of a swap with these flags."""
    return command_line.status_of(SwapConfig, swap, words, "vsa swap")


def swap(config: SwapConfig) -> None:
    """Read both, exchange, and write the file."""
    import torch

    from tasks.clip_files import read_clips
    from tasks.clip_writing import beside, check_file, write_gif, write_rows

    kind = config.out.suffix.lower()
    if kind not in WRITTEN:
        raise OutputError(f"cannot write {config.out}: the name must end in .gif or .png; {choices(kind, WRITTEN)}")
    check_place(config.out)
    if not 1 <= config.scale <= 64:
        raise RangeError(f"scale must be from 1 to 64, got {config.scale}")
    if not 10 <= config.duration <= 655_350:
        raise RangeError(f"duration must be from 10 to 655350 milliseconds, got {config.duration}")
    given = {path: read_clips(path) for path in (config.a, config.b)}
    pairs = len(given[config.a])
    if len(given[config.b]) != pairs:
        raise ShapeError(f"{config.a} has {pairs} clips and {config.b} has {len(given[config.b])}; they go in pairs")
    if pairs > MOST_PAIRS:
        raise RangeError(f"at most {MOST_PAIRS} pairs are written into one file, got {pairs}")
    model, provenance = open_model(config.model, config.trust, config.device)
    image = model.image
    if not isinstance(model, Swappable) or image is None or len(image) != 4:
        raise InputError(
            f"{config.model} is a model of the task {provenance.task}, which does not tell what stays from what moves; "
            "give one of the task sequence"
        )
    taken = [_taken(given[path], path, model.device, image, config.fit) for path in (config.a, config.b)]
    columns = slice(2, 3) if config.only else slice(0, 4)
    planned = torch.empty(pairs, 4, *image, device="meta")[:, columns]
    check_file(planned.flatten(0, 1) if kind == ".png" else beside(planned)[None], config.scale, rows=kind == ".png")
    with torch.inference_mode():
        shown = exchanged(model, *taken).cpu()[:, columns]
    if kind == ".gif":
        write_gif(config.out, beside(shown), config.duration, config.scale)
    else:
        write_rows(config.out, shown.flatten(0, 1), config.scale)
    print(f"{'animation' if kind == '.gif' else 'frames'}: {config.out}")


def exchanged(model: Swappable, a: Tensor, b: Tensor) -> Tensor:
    """Clips beside those in which what stays and what moves are exchanged.

    Args:
        model: tells one from the other.
        a, b: as many clips each, [N, T, C, H, W] from 0 to 1.

    Returns:
        [N, 4, T, C, H, W]: a, b, what stays of a with what moves of b, and what stays of b with what moves of a.
    """
    import torch

    (stays_a, moves_a), (stays_b, moves_b) = model.encode(a, 1), model.encode(b, 1)
    return torch.stack([a.float(), b.float(), model.decode(stays_a, moves_b), model.decode(stays_b, moves_a)], 1)


def _taken(clips: list[Tensor], path: Path, device: torch.device, image: tuple[int, ...], fit: bool) -> Tensor:
    """Clips of a path as the model takes them, [N, T, C, H, W]."""
    import torch

    from tasks.clips import as_clips

    try:
        return torch.cat([as_clips(clip[None].to(device), device, image, 1, fit=fit) for clip in clips])
    except (ShapeError, RangeError) as error:
        less = "" if fit or "never made up" in str(error) else "; --fit makes clips so where it can"
        raise InputError(f"{path}: {str(error).removesuffix(': fit=True')}{less}") from error
