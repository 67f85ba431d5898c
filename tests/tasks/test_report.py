import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tasks.metrics_tables import EDITED, READ, Table
from tasks.report import show, show_tables
from tasks.symbolic.config import PairedConfig
from tasks.symbolic.stages import PAIRED as TASK
from tasks.task import Result

TOOK = {"steps": 10, "seconds": 3.0, "images_per_second": 213.0, "device": "cpu", "precision": "float32"}


def shown(part: dict[str, Any], folder: Path) -> str:
    out = io.StringIO()
    model = TASK.build(PairedConfig(dim=32, encoder="conv", decoder="conv"))
    beside = {"controls": {"disc_iou": 0.766, "neighbour_iou": 0.876}, "left_out": {"shape": "there is one"}}
    show(Result(model, {**part, **TOOK, "identifiable": part, **beside}, folder), Console(file=out, width=140))
    assert "Controls: a disc of the right size in the right place has an IoU of 0.766, the nearest training" in out.getvalue()
    assert "Not measured: shape: there is one" in out.getvalue()
    return out.getvalue()


def test_the_table_of_edits_holds_what_was_measured(tmp_path: Path) -> None:
    (tmp_path / "edits.png").touch()
    read = {"shape": 0.125, "x": 0.375}
    part = {
        "reconstruction_iou": 0.75,
        "assembly_iou": 0.625,
        "edit_iou": {"shape": 0.5, "x": 0.25},
        "edit_shown": {"shape": 0.875, "x": 0.5},
        "edit_shown_within_one": {"x": 0.9},
        **dict.fromkeys(("read", "read_within_one", "read_edited", "read_edited_within_one"), read),
    }
    text = shown(part, tmp_path)
    plain = " ".join(text.split())  # a long title goes on in the next line
    for expected in (
        "10 steps in 3 s on cpu in float32, 213 images/s",
        "reconstruction IoU 0.750, every feature from a donor of its own 0.625 recomposed",
    ):
        assert expected in plain
    for number in ("0.250", "0.875", "0.900", "0.125", "0.375", "edits.png"):
        assert number in text
    out = io.StringIO()
    five = ("shape", "scale", "orientation", "x", "y")
    every = dict.fromkeys((*EDITED, *READ), dict.fromkeys(five, 0.987))
    whole = {"reconstruction_iou": 0.75, "assembly_iou": 0.625, **every, "from_vector": every}
    show_tables({**whole, "identifiable": whole}, Console(file=out, width=80))
    assert out.getvalue().count("0.987") == 2 * 10 * len(five), "it fits into a terminal"


def test_the_table_of_scenes_goes_by_number_of_objects(tmp_path: Path) -> None:
    read = {"2": {"shape": 0.5, "x": 0.25}}
    drawn = {"reconstruction_iou": {"2": 0.75}, "removed_iou": {"2": 0.625}, "added_iou": {"2": 0.875}}
    text = shown({**drawn, "read": read, "read_within_one": read}, tmp_path)
    for number in ("0.750", "0.625", "0.875", "0.250"):
        assert number in text


def test_what_looks_like_markup_is_shown_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "[" / "x]"
    folder.mkdir(parents=True)
    (folder / "[red]edits.png").touch()
    odd = Table("[/title]", ("[/first]", "[bold]second"), (("[/name]", "[red]1"),))
    monkeypatch.setattr("tasks.report.metrics_tables", lambda metrics, part: [odd])
    text = shown({}, folder)
    for expected in (str(folder / "[red]edits.png"), "[/title]", "[/first]", "[bold]second", "[/name]", "[red]1"):
        assert expected in text
