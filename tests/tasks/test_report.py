import io

from rich.console import Console

from tasks.report import show


def test_the_table_holds_what_was_measured() -> None:
    part = {
        "reconstruction_iou": 0.75,
        "edit_iou": {"shape": 0.5, "x": 0.25},
        "edit_shown": {"shape": 0.875, "x": 0.5},
        "edit_shown_within_one": {"x": 0.9},
    }
    took = {"steps": 10, "seconds": 3.0, "images_per_second": 213.0, "device": "cpu", "precision": "float32"}
    out = io.StringIO()
    show({**part, **took, "identifiable": part}, Console(file=out, width=100))
    for text in ("10 steps in 3 s on cpu in float32, 213 images/s", "reconstruction IoU 0.750", "0.250", "0.88", "0.90"):
        assert text in out.getvalue()
