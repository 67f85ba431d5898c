from pathlib import Path

import torch
from PIL import Image

from tasks.config import PairedSceneConfig
from tasks.data.sampling import Objects
from tasks.evaluation.figures import draw_edits
from tasks.paired_scene import build


def test_a_picture_of_edits(tmp_path: Path) -> None:
    model = build(PairedSceneConfig(dim=64)).eval()
    draw_edits(model, Objects(held_out=True), tmp_path / "edits.png", torch.Generator().manual_seed(0))
    with Image.open(tmp_path / "edits.png") as image:
        width, height = image.size
        assert width > 1.5 * height
        colours = image.convert("RGB").getcolors(1 << 24)
    assert colours is not None
    assert {(0, 0, 0), (255, 255, 255)} <= {colour for _, colour in colours}
