"""Pictures of what a model does."""

from __future__ import annotations

from pathlib import Path

import torch
from einops import repeat
from matplotlib.figure import Figure
from torch import Tensor
from torchvision.utils import make_grid

from tasks.data.dsprites import SIZE, render
from tasks.data.factors import FACTORS, FEATURES, SHAPE, SHAPES
from tasks.data.sampling import Objects
from tasks.evaluation.counterfactuals import Edits, edit_by_algebra, sample_edits
from tasks.model import SceneModel

ROWS = ("scene", "donor", "edited\nby algebra", "truth", "difference")


def draw_edits(model: SceneModel, objects: Objects, path: Path, generator: torch.Generator, columns: int = 2) -> None:
    """A picture of edits: scene, donor, edited by algebra, the truth and the difference, some columns for each feature.

    Args:
        model: in evaluation mode.
        objects: what the scenes are made of.
        path: the PNG file.
        generator: decides which scenes.
        columns: for each feature.
    """
    grid, titles = [], []
    for f in range(len(FEATURES)):
        edits = sample_edits(columns, f, objects, generator)
        after = edit_by_algebra(model, edits)[1]
        truth = edits.best_truths(after > 0.5)[0].float()
        second, donor = render(edits.second), render(edits.donor)
        rows = [_coloured(render(edits.first), second), _coloured(donor), _coloured(truth * (1 - second), second)]
        grid.append(torch.stack([*rows[:2], _grey(after), rows[2], _difference(after, truth)]))
        titles += _titles(edits)
    pictures = torch.cat(grid, 1)  # [rows, columns, 3, 64, 64]
    pad = 4
    image = make_grid(pictures.flatten(0, 1), nrow=pictures.shape[1], padding=pad, pad_value=1.0)

    figure = Figure(figsize=(image.shape[2] / 80, image.shape[1] / 80 + 0.9), dpi=160, layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(image.permute(1, 2, 0).numpy(), interpolation="nearest")
    centres = torch.arange(max(pictures.shape[:2])) * (SIZE + pad) + pad + SIZE / 2
    axes.set_xticks(centres[: len(titles)].tolist(), titles, fontsize=9)
    axes.set_yticks(centres[: len(ROWS)].tolist(), ROWS, fontsize=9)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("the amber object takes one feature from the donor; difference: red too much, blue too little", fontsize=9)
    figure.savefig(path, bbox_inches="tight")


def _titles(edits: Edits) -> list[str]:
    f = edits.feature
    changes = zip(edits.first[:, f].tolist(), edits.edited[:, f].tolist(), strict=True)
    if f == SHAPE:
        return [f"shape\n{SHAPES[old]} →\n{SHAPES[new]}" for old, new in changes]
    return [f"{FACTORS[f].name}\n{old} → {new}" for old, new in changes]


def _coloured(marked: Tensor, others: Tensor | None = None) -> Tensor:
    """The object that is edited in amber, the others in white: [n, 3, 64, 64]."""
    amber = torch.tensor([1.0, 0.7, 0.1])[:, None, None] * marked[:, None]
    return amber if others is None else amber + _grey(others)


def _grey(pictures: Tensor) -> Tensor:
    return repeat(pictures.float(), "n h w -> n 3 h w")


def _difference(drawn: Tensor, truth: Tensor) -> Tensor:
    """White where they agree, red where too much is drawn, blue where too little is."""
    extra, missing = (drawn - truth).clamp(min=0), (truth - drawn).clamp(min=0)
    return torch.stack([1 - missing, 1 - extra - missing, 1 - extra], 1)
