from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tasks.evaluation.latent_figures import (
    draw_full_traversal,
    draw_reconstructions,
    draw_traversals,
    every_code,
    traversals,
    write_gif,
)
from tests.helpers import error
from vsa.errors import RangeError


def decode(codes: Tensor) -> Tensor:
    """The first latent is how bright the picture is, from -1, black, to 1."""
    return ((codes[:, :1, None, None] + 1) / 2).clamp(0, 1).expand(-1, 1, 64, 64)


def test_one_latent_moves_and_the_others_stay() -> None:
    codes = traversals(torch.tensor([1.0, 2.0, 3.0]), [2, 0], torch.tensor([-5.0, 5.0]))
    assert codes[0].tolist() == [[1, 2, -5], [1, 2, 5]]
    assert codes[1].tolist() == [[-5, 2, 3], [5, 2, 3]]


def test_all_codes_in_order() -> None:
    values = torch.tensor([-1.0, 0.0, 1.0])
    codes = every_code(3, values)
    assert codes.shape == (27, 3)
    assert torch.equal(codes, torch.cartesian_prod(values, values, values))
    assert every_code(1, values).shape == (3, 1)
    with error(RangeError, "9 values of 5 latents make too many pictures; at most 4096"):
        every_code(5, torch.linspace(-2, 2, 9))


def test_a_sheet_has_every_picture_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "all.png"
    draw_full_traversal(decode, 2, torch.tensor([-1.0, 0.0, 1.0]), path, columns=3, shrink=2)
    with Image.open(path) as image:
        sheet = np.asarray(image.convert("L"))
    assert sheet.shape == (3 * 34 - 2, 3 * 34 - 2)
    for row, grey in enumerate((0, 136, 255)):
        for column in range(3):
            assert abs(int(sheet[34 * row + 16, 34 * column + 16]) - grey) <= 9


def test_an_animation_goes_there_and_back_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "z0.gif"
    write_gif(decode, torch.zeros(2), 0, path, torch.tensor([-1.0, 0.0, 1.0]))
    with Image.open(path) as animation:
        assert animation.size == (192, 192)
        assert animation.n_frames == 4  # pyright: ignore
        assert animation.info["loop"] == 0
        levels = []
        for frame in range(4):
            animation.seek(frame)
            levels.append(int(np.asarray(animation.convert("L"))[90, 90]))
    assert levels == pytest.approx([0, 128, 255, 128], abs=2)


def test_figures_with_titles_are_written(tmp_path: Path) -> None:
    draw_traversals(decode, torch.zeros(3), [2, 0, 1], torch.tensor([0.02, 1.0, 0.5]), tmp_path / "a.png")
    given, drawn = torch.ones(4, 1, 64, 64, dtype=torch.uint8), torch.full((4, 1, 64, 64), 0.7)
    draw_reconstructions(given, drawn, torch.ones(4), tmp_path / "b.png")
    for name in ("a.png", "b.png"):
        with Image.open(tmp_path / name) as figure:
            assert figure.size > (200, 100)
