"""Figures of a sequential autoencoder: clips drawn again, swapped, and of the priors. A clip is a row of frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from tasks.data.population import Population
from tasks.evaluation.colours import rgb
from tasks.evaluation.grid import Panel, write_panels
from tasks.sequence.model import SequentialAutoencoder

SHOWN = 4
"""Clips, or pairs of clips, in a figure."""


@torch.inference_mode()
def swap(model: SequentialAutoencoder, first: Tensor, second: Tensor) -> Tensor:
    """Clips with what stays of the first ones and what moves of the second ones, on the CPU.

    Args:
        model: encodes and draws.
        first, second: as many clips [n, T, C, H, W], from 0 to 1.
    """
    content, motion = model.encode(first.to(model.device))[0], model.encode(second.to(model.device))[1]
    return model.decode(content, motion).cpu()


@torch.inference_mode()
def again(model: SequentialAutoencoder, clips: Tensor) -> Tensor:
    """Clips drawn again of their codes, on the CPU."""
    return model.decode(*model.encode(clips.to(model.device))).cpu()


@torch.inference_mode()
def other_content(model: SequentialAutoencoder, clips: Tensor, generator: torch.Generator) -> Tensor:
    """Clips with what moves in these, and what stays drawn from the prior, on the CPU."""
    content = model.prior_content(len(clips), generator)
    return model.decode(content, model.encode(clips.to(model.device))[1]).cpu()


@torch.inference_mode()
def other_motion(model: SequentialAutoencoder, clips: Tensor, generator: torch.Generator) -> Tensor:
    """Clips with what stays in these, and what moves drawn from the learnt prior, on the CPU."""
    motion = model.prior_motion(len(clips), clips.shape[1], generator)
    return model.decode(model.encode(clips.to(model.device))[0], motion).cpu()


@torch.inference_mode()
def samples(model: SequentialAutoencoder, n: int, frames: int, generator: torch.Generator) -> Tensor:
    """Clips of both priors, on the CPU."""
    return model.decode(model.prior_content(n, generator), model.prior_motion(n, frames, generator)).cpu()


def write_rows(path: Path, groups: Sequence[Sequence[tuple[str, Tensor]]], caption: str, across: int = 1) -> None:
    """Write groups of clips, each clip a row of frames with a title.

    Args:
        path: the PNG file.
        groups: of titles and clips [T, C, H, W].
        caption: below them.
        across: how many groups side by side.
    """
    panels = []
    for number, group in enumerate(groups):
        # Groups side by side have the same rows, which the first one names.
        titles = tuple(title for title, _ in group) if number % across == 0 else ()
        panels.append(Panel(torch.stack([rgb(clip) for _, clip in group]), rows=titles))
    write_panels(path, panels, caption, across)


def draw_again(model: SequentialAutoencoder, population: Population, path: Path, generator: torch.Generator) -> None:
    """Clips, and what the model draws of them."""
    clips = _clips(population, SHOWN, generator)
    rows = [[("clip", clip), ("drawn again", drawn)] for clip, drawn in zip(clips, again(model, clips), strict=True)]
    write_rows(path, rows, f"{population.dataset.name}, {population.part} part.")


def draw_swaps(model: SequentialAutoencoder, population: Population, path: Path, generator: torch.Generator) -> None:
    """Pairs of clips, and a clip with what stays of the first and what moves of the second."""
    first, second = _clips(population, SHOWN, generator), _clips(population, SHOWN, generator)
    drawn = swap(model, first, second)
    rows = [[("content of", a), ("motion of", b), ("drawn", c)] for a, b, c in zip(first, second, drawn, strict=True)]
    write_rows(path, rows, f"Content of one clip, motion of another; {population.dataset.name}, {population.part} part.")


def draw_samples(model: SequentialAutoencoder, population: Population, path: Path, generator: torch.Generator) -> None:
    """A clip, the same with other content, with other motion, and clips of both priors."""
    clips = _clips(population, 1, generator)
    frames = clips.shape[1]
    group = [
        ("clip", clips[0]),
        ("other content", other_content(model, clips, generator)[0]),
        ("other motion", other_motion(model, clips, generator)[0]),
        *(("both", clip) for clip in samples(model, SHOWN, frames, generator)),
    ]
    write_rows(path, [group], f"What is other is drawn from its prior; {population.dataset.name}, {population.part} part.")


def _clips(population: Population, n: int, generator: torch.Generator) -> Tensor:
    """Random clips, from 0 to 1."""
    return population.observe(population.sample(n, generator)).float()


FIGURES = {"reconstructions.png": draw_again, "swaps.png": draw_swaps, "samples.png": draw_samples}
