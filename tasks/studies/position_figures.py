"""Figures of the grid of beta-VAEs and of the ID-GANs: one frame drawn by all, and all that four of them can draw."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import cast

import torch

from tasks.data.dsprites.sprites import DSPRITES
from tasks.evaluation.colours import coloured, rgb
from tasks.evaluation.grid import Panel, write_panels
from tasks.evaluation.latent_figures import draw_full_traversal
from tasks.evaluation.latents import Coder, draw_codes, posteriors
from tasks.loading import load_model
from tasks.studies.position_grid import BETAS, LATENTS, RATES, THRESHOLDS, Setting, Training

FRAME = torch.tensor([[1, 5, 0, 5, 16]])
"""The frame that every model of the grid draws again: a large ellipse at a position that all of them have seen."""

VALUES = {3: torch.linspace(-2, 2, 9), 5: torch.linspace(-2, 2, 5)}
"""What latents are set to in a full traversal, by their number: nine values, or five."""

COLUMNS, SHRINK = {3: 27, 5: 125}, {3: 2, 5: 4}


def draw_grid(grid: Sequence[Training], path: Path) -> None:
    """One frame, drawn by every model of the grid that is there: a row for latents and beta, a column for rate and threshold."""
    columns, rows = list(product(RATES, THRESHOLDS)), list(product(LATENTS, BETAS))
    pictures = torch.full((1 + len(rows), len(columns), 3, 64, 64), 0.85)
    pictures[0] = coloured(DSPRITES.observe(FRAME))
    for training in grid:
        if training.model.exists():
            place = training.setting
            row, column = rows.index((place.latents, place.beta)), columns.index((place.rate, place.threshold))
            model = cast(Coder, load_model(training.model))
            pictures[1 + row, column] = rgb(draw_codes(model, posteriors(model, FRAME, DSPRITES)[0]))[0]
    panel = Panel(
        pictures,
        columns=[f"lr {rate:g}\nx <= {threshold}" for rate, threshold in columns],
        rows=["given", *(f"{latents} latents, beta {beta:g}" for latents, beta in rows)],
        row_breaks=(1,),
        column_breaks=(len(THRESHOLDS),),
    )
    write_panels(path, [panel])


def draw_all_codes(training: Training, path: Path) -> None:
    """All combinations of nine values in [-2, 2] of three latents, or of five values of five."""
    model, latents = cast(Coder, load_model(training.model)), training.setting.latents
    draw_full_traversal(partial(draw_codes, model), latents, VALUES[latents], path, COLUMNS[latents], SHRINK[latents])


def figure_name(kind: str, setting: Setting) -> str:
    """What the file of a full traversal is called."""
    return f"{kind}-z-{setting.latents}-beta-{setting.beta:g}.png"
