from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tasks.data.dsprites.renderer import render_values
from tasks.evaluation.latents import Coder
from tasks.studies.position_figures import draw_all_codes, draw_grid
from tasks.studies.position_grid import FOUR, GRID, Setting, Training, generated, table, trainings
from tasks.studies.running import work
from tasks.vae.config import VAEConfig
from tasks.vae.model import VAE
from tasks.vae.task import TASK


def test_the_grid_is_that_of_the_document(tmp_path: Path) -> None:
    assert len(GRID) == len(set(GRID)) == 54
    assert set(FOUR) <= set(GRID)
    grid, gans = trainings(0.5, 3.0, 16, 0, tmp_path)
    assert len({training.path for training in grid}) == 54
    for training in grid:
        config = training.config()
        config.check()
        threshold = training.setting.threshold
        assert config.test == ("tenth == 0" if threshold == 32 else f"x > {threshold}")
    for gan in gans:
        assert gan.vae is not None
        assert gan.config().start == gan.vae.model
        assert gan.vae.path != gan.path


class Placed(VAE):
    """Draws a sprite whose x is the first number of the code."""

    def __init__(self) -> None:
        super().__init__(torch.nn.Linear(1, 1), torch.nn.Identity(), 2)

    def decode(self, codes: Tensor) -> Tensor:
        n = len(codes)
        shape, half = torch.zeros(n, dtype=torch.int64), torch.full((n,), 0.5, dtype=torch.float64)
        x = (codes[:, 0].double() / 6 + 0.5).clamp(0, 1)
        return render_values(shape, half + 0.5, half * 0, x, half)[:, None].float()


def test_sprites_beyond_the_threshold_are_counted() -> None:
    found = generated(Placed(), 15, torch.Generator().manual_seed(0))
    assert found["sprites"] == 1
    assert 0.4 < found["beyond"] < 0.6
    assert generated(Placed(), 30, torch.Generator().manual_seed(0))["beyond"] < 0.05


@pytest.mark.slow
def test_a_vae_and_an_id_gan_are_trained_measured_and_drawn(tmp_path: Path) -> None:
    setting = Setting(3, 0.5, 1e-4, 16)
    gan = Training(setting, 0.01, 16, 0, tmp_path, Training(setting, 0.01, 16, 0, tmp_path))
    assert gan.vae is not None
    work(gan)
    for training in (gan.vae, gan):
        found = training.stored()
        assert found is not None
        assert "crash" not in found, found
        assert {"seen", "unseen", "sprites", "beyond"} <= set(found["metrics"])
        assert "unseen" in training.summary(found)
    text = table([gan.vae, gan])
    assert "| VAE: 3 latents" in text
    assert "| ID-GAN: 3 latents" in text
    draw_all_codes(gan, tmp_path / "all.png")
    with Image.open(tmp_path / "all.png") as sheet:
        assert np.asarray(sheet.convert("L")).shape == (27 * 34 - 2, 27 * 34 - 2)
    draw_grid([gan.vae], tmp_path / "grid.png")
    assert (tmp_path / "grid.png").stat().st_size > 10_000


def test_without_a_model_there_is_an_empty_place(tmp_path: Path) -> None:
    draw_grid(trainings(0.5, 3.0, 16, 0, tmp_path)[0], tmp_path / "grid.png")
    assert isinstance(TASK.build(VAEConfig(latents=3)), Coder)
