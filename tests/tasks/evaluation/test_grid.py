from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tasks.evaluation.grid import ZOOM, Panel, write_panels
from tests.helpers import error
from vsa.errors import ShapeError


def written(path: Path, *args, **options) -> np.ndarray:
    write_panels(path, *args, **options)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def where(image: np.ndarray, colour: tuple[int, int, int]) -> tuple[slice, slice]:
    """The rectangle around a colour."""
    rows, columns = (image == np.array(colour)).all(-1).nonzero()
    return slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)


def coloured(rows: int, columns: int, size: int = 16) -> torch.Tensor:
    """Pictures of one colour each, no two of them the same, and none black, white or grey."""
    number = torch.arange(rows * columns).view(rows, columns)
    colour = torch.stack([torch.ones(rows, columns), (10 + number) / 255, torch.zeros(rows, columns)], -1)
    return colour[..., None, None].expand(-1, -1, -1, size, size)


def test_every_pixel_is_a_sharp_square_in_its_place(tmp_path: Path) -> None:
    noise = torch.randint(256, (2, 3, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    noise[..., 0, 0, 0] = 254  # so that the corner can be found
    panel = Panel(noise / 255, "title", ["a", "b\nc", "d"], ["one", "two"], {0: ["x", "", "y"]}, (1,), (2,))
    image = written(tmp_path / "noise.png", [panel], "A caption.")
    for row in range(2):
        for column in range(3):
            sharp = noise[row, column].permute(1, 2, 0).numpy().astype(np.uint8).repeat(ZOOM, 0).repeat(ZOOM, 1)
            windows = np.lib.stride_tricks.sliding_window_view(image, sharp.shape).reshape(-1, sharp.size)
            assert (windows == sharp.reshape(-1)).all(1).sum() == 1


def test_rows_and_columns_are_in_line_and_breaks_make_room(tmp_path: Path) -> None:
    pictures = coloured(3, 3)
    image = written(tmp_path / "grid.png", [Panel(pictures, rows=["a", "b", "c"], row_breaks=(2,), column_breaks=(1,))])
    places = [[where(image, (255, 10 + 3 * row + column, 0)) for column in range(3)] for row in range(3)]
    for row in range(3):
        for column in range(3):
            assert places[row][column] == (places[row][0][0], places[0][column][1])
    tops, lefts = [places[k][0][0].start for k in range(3)], [places[0][k][1].start for k in range(3)]
    assert tops[2] - tops[1] > tops[1] - tops[0] > 16 * ZOOM
    assert lefts[1] - lefts[0] > lefts[2] - lefts[1] > 16 * ZOOM


def test_panels_go_from_left_to_right_and_top_to_bottom(tmp_path: Path) -> None:
    panels = [Panel(picture[None, None], "one") for picture in coloured(1, 3)[0]]
    places = [where(written(tmp_path / "panels.png", panels, across=2), (255, 10 + k, 0)) for k in range(3)]
    assert places[0][0] == places[1][0]
    assert places[1][1].start > places[0][1].stop
    assert places[2][0].start > places[0][0].stop
    assert places[2][1] == places[0][1]


def test_text_does_not_reach_the_edge_or_the_pictures(tmp_path: Path) -> None:
    pictures = coloured(1, 4, 64)
    notes = {0: ["IoU 0.93"] * 4}
    caption = "A long caption that goes on and on. " * 6
    plain = written(tmp_path / "plain.png", [Panel(pictures)])
    image = written(tmp_path / "text.png", [Panel(pictures, "title", ["column"] * 4, ["a long\nrow"], notes)], caption)
    assert image.shape[0] > plain.shape[0]
    assert image.shape[1] > plain.shape[1]
    ink = (image < 200).any(-1)
    assert ink.any()
    edges = (image[0], image[-1], image[:, 0], image[:, -1])
    assert all((edge == 255).all() for edge in edges)
    for k in range(4):
        place = where(image, (255, 10 + k, 0))
        assert (image[place] == np.array((255, 10 + k, 0))).all()
        assert place[0].stop - place[0].start == place[1].stop - place[1].start == 64 * ZOOM


def test_panels_that_do_not_fit_their_texts() -> None:
    with error(ShapeError, "pictures of a panel must be [rows, columns, 3, H, W]", "got [2, 64, 64]"):
        Panel(torch.zeros(2, 64, 64))
    with error(ShapeError, "columns has 3 texts", "it needs 2, or none"):
        Panel(coloured(1, 2), columns=["a", "b", "c"])
    with error(ShapeError, "notes[0] has 1 texts"):
        Panel(coloured(1, 2), notes={0: ["a"]})
