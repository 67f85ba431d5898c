"""Pictures laid out in rows and columns, with titles, as one PNG in which every pixel of a picture is a sharp square."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath
from PIL import Image
from torch import Tensor

from vsa.errors import ShapeError

if TYPE_CHECKING:
    from jaxtyping import Float

ZOOM = 2
"""A picture's pixel is a square of so many pixels of the file."""

DPI = 128  # a power of two, so that pixels to inches and back is exact
GAP, BREAK = 6, 20  # pixels of the file between pictures, and between groups of them
LINE = 1.25  # the height of a line, in font sizes
INK, PALE = "#1f2328", "#59636e"


@dataclass(frozen=True)
class Panel:
    """Pictures in rows and columns, and what is written around them; titles may have several lines.

    Attributes:
        pictures: float [rows, columns, 3, H, W], colours from 0 to 1.
        title: above all.
        columns: above each column.
        rows: left of each row.
        notes: below the pictures of some rows, one for each column, by row.
        row_breaks, column_breaks: the rows and columns before which there is more room.
    """

    pictures: Float[Tensor, "rows columns 3 h w"]
    title: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[str] = ()
    notes: Mapping[int, Sequence[str]] = field(default_factory=dict)
    row_breaks: tuple[int, ...] = ()
    column_breaks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        shape = self.pictures.shape
        if len(shape) != 5 or shape[2] != 3:
            raise ShapeError(f"the pictures of a panel must be [rows, columns, 3, H, W], got {list(shape)}")
        for name, texts, count in (
            ("columns", self.columns, shape[1]),
            ("rows", self.rows, shape[0]),
            *((f"notes[{row}]", texts, shape[1]) for row, texts in self.notes.items()),
        ):
            if texts and len(texts) != count:
                raise ShapeError(f"{name} has {len(texts)} texts for pictures {list(shape)}; it needs {count}, or none")


def write_panels(path: Path, panels: Sequence[Panel], caption: str = "", across: int = 0) -> None:
    """Write panels as one PNG.

    Args:
        path: the file.
        panels: from left to right, then from top to bottom.
        caption: below them, or in the last row's empty place where there is one.
        across: how many panels side by side; all, if 0.

    Raises:
        ShapeError: a panel's texts are not one for each row or column.
    """
    across = min(across or len(panels), len(panels))
    widths = [max(_ends(panel, 1, {})[-1] for panel in panels[k::across]) for k in range(across)]
    # Text grows with the figure, because a page shows every figure at about the same width.
    sheet = _Sheet(max(19, sum(widths) // 60))
    ranks = [panels[start : start + across] for start in range(0, len(panels), across)]
    lefts = [max(sheet.left(panel) for panel in panels[k::across]) for k in range(across)]
    full = sum(lefts) + sum(widths) + 2 * BREAK * (across - 1)
    x, top, end = BREAK, BREAK, BREAK
    for n, rank in enumerate(ranks):
        x = BREAK
        title = end + (2 * BREAK if n else 0)
        top = title + max(sheet.above(panel) for panel in rank)
        for panel, left, width in zip(rank, lefts, widths, strict=False):
            sheet.place(panel, x + left, top, title)
            x += left + width + 2 * BREAK
        end = top + max(_ends(panel, 0, sheet.below(panel))[-1] for panel in rank)
    if caption and len(panels) % across:
        sheet.paragraph(x + lefts[len(ranks[-1])], top, caption, BREAK + full - x)
    elif caption:
        end += BREAK + sheet.paragraph(BREAK, end + BREAK, caption, full)
    sheet.save(path, full + 2 * BREAK, end + BREAK)


def _ends(panel: Panel, axis: int, extra: Mapping[int, int]) -> list[int]:
    """Where each row (axis 0) or column (axis 1) of pictures and what is below it ends, in pixels of the file from the first."""
    breaks = (panel.row_breaks, panel.column_breaks)[axis]
    ends, end = [], -GAP
    for k in range(panel.pictures.shape[axis]):
        end += (BREAK if k in breaks else GAP) + ZOOM * panel.pictures.shape[3 + axis] + extra.get(k, 0)
        ends.append(end)
    return ends


class _Sheet:
    """What is to be drawn where, in pixels of the file from the upper left; how large it becomes is known in the end."""

    def __init__(self, size: int) -> None:
        self.size, self.small = size, round(0.82 * size)
        self.pictures: list[tuple[int, int, Tensor]] = []
        self.texts: list[tuple[float, float, str, dict[str, Any]]] = []

    def left(self, panel: Panel) -> int:
        """How much room the titles of the rows need."""
        return max((_width(text, self.small) for text in panel.rows), default=-GAP) + GAP

    def above(self, panel: Panel) -> int:
        """How much room the titles above the pictures need."""
        title = round(1.5 * LINE * self.size) if panel.title else 0
        return title + max((_height(text, self.small) for text in panel.columns), default=0) + (GAP if panel.columns else 0)

    def below(self, panel: Panel) -> dict[int, int]:
        """How much room the notes of each row need."""
        return {row: max(_height(text, self.small) for text in texts) + GAP // 2 for row, texts in panel.notes.items()}

    def place(self, panel: Panel, left: int, top: int, title: int) -> None:
        """A panel whose first picture has its upper left corner there, and whose title starts at that height."""
        height, width = (ZOOM * size for size in panel.pictures.shape[3:])
        below = self.below(panel)
        bottoms = [top + end - below.get(row, 0) for row, end in enumerate(_ends(panel, 0, below))]
        rights = [left + end for end in _ends(panel, 1, {})]
        for row, bottom in enumerate(bottoms):
            for column, right in enumerate(rights):
                self.pictures.append((right - width, bottom - height, panel.pictures[row, column]))
        middles = [right - width / 2 for right in rights]
        for row, texts in panel.notes.items():
            for x, text in zip(middles, texts, strict=False):
                self.write(x, bottoms[row] + GAP // 2, text, color=PALE)
        for x, text in zip(middles, panel.columns, strict=False):
            self.write(x, top - GAP - _height(text, self.small), text)
        for bottom, text in zip(bottoms, panel.rows, strict=False):
            self.write(left - GAP, bottom - (height + _height(text, self.small)) / 2, text, ha="right")
        if panel.title:
            self.write((left + rights[-1]) / 2, title, panel.title, self.size, weight="bold")

    def paragraph(self, x: int, y: int, text: str, width: int) -> int:
        """A text in lines of that width; gives its height."""
        letters = int(width / (_width("abcdefghij klmnopqrst", self.small) / 21))
        text = "\n".join(textwrap.fill(line, max(letters, 1)) for line in text.splitlines())
        self.write(x, y, text, ha="left", color=PALE)
        return _height(text, self.small)

    def write(self, x: float, y: float, text: str, size: int = 0, **style: str) -> None:
        """Lines whose first one starts at that height. Each is put on its baseline, so that texts side by side are level."""
        size = size or self.small
        style = {"ha": "center", "color": INK, **style}
        for n, line in enumerate(text.splitlines()):
            self.texts.append((x, y + (n + 0.85) * LINE * size, line, {"fontsize": size * 72 / DPI, **style}))

    def save(self, path: Path, width: int, height: int) -> None:
        figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
        for x, y, text, style in self.texts:
            figure.text(x / width, 1 - y / height, text, **style)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        sheet = np.asarray(canvas.buffer_rgba())[..., :3].copy()
        for x, y, picture in self.pictures:  # an image of matplotlib's would be resampled
            sharp = picture.mul(255).round().clamp(0, 255).byte().repeat_interleave(ZOOM, 1).repeat_interleave(ZOOM, 2)
            sheet[y : y + sharp.shape[1], x : x + sharp.shape[2]] = sharp.permute(1, 2, 0).numpy()
        Image.fromarray(sheet).save(path, format="png")


def _width(text: str, size: int) -> int:
    return max((round(TextPath((0, 0), line, size=size).get_extents().width) for line in text.splitlines() if line), default=0)


def _height(text: str, size: int) -> int:
    return round(LINE * size * len(text.splitlines()))
