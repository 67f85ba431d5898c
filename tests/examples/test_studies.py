"""The three commands of the comparison: pages and figures of what is there, and mistakes that are one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.studies.jobs import Job
from tasks.studies.leaderboard import Trial, trials
from tasks.studies.position_grid import Training, trainings
from tasks.studies.running import work
from tests.examples.scripts import call, example
from tests.helpers import error
from tests.tasks.studies.test_leaderboard import stored
from vsa.errors import InputError, RangeError


def test_a_vae_and_its_page_in_one_command(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    flags = ["--steps", "2", "--batch-size", "8", "--evaluate", "4", "--samples", "0", "--latents", "3", "--device", "cpu"]
    flags += ["--encoder", "conv-small", "--decoder", "conv-small", "--out", "run", "--page", str(page)]
    ended = call(tmp_path, "disentangled_vae", *flags)
    assert ended.returncode == 0, ended.stderr
    text = page.read_text()
    assert text.count("| z") == 3
    assert "| reconstruction, nats a picture |" in text
    assert "2 steps of 8 pictures" in text
    assert {"traversals.png", "reconstructions.png", "loss.png"} <= {path.name for path in (tmp_path / "page").iterdir()}
    assert json.loads((tmp_path / "run" / "config.json").read_text())["task"] == "vae"


def test_the_leaderboard_is_written_of_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, page = example("leaderboard"), tmp_path / "board.md"
    (tmp_path / "runs").mkdir()
    for trial in trials(1, 0.5, 1000, tmp_path / "runs"):
        monkeypatch.setattr(Trial, "compute", lambda self: stored(self, 0.5))
        if trial.entry.stem != "id-gan":
            work(trial)
    config = module.LeaderboardConfig(0.5, 1, 1000, 1, ("vae", "paired"), tmp_path / "runs", page)
    monkeypatch.setattr("tasks.studies.leaderboard_page.draw_halves", lambda every, path: path.write_bytes(b"picture"))
    module.leaderboard(config)
    text = page.read_text()
    assert "| VAE | 1 | 0.500 |" in text
    assert "| ID-GAN on it, batches of 8 | nothing | 0 |" in text
    assert "--minutes 0.5 --seeds 1 --samples 1000 --jobs 1" in text
    assert {path.name for path in (tmp_path / "board").iterdir()} == {"codes.png", "halves.png"}


def test_the_grid_is_written_of_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, page = example("beta_vae_id_gan"), tmp_path / "grid.md"
    drawn = {"reconstruction_iou": 0.5, "reconstruction_nats": 150.0, "grey_over_white": 0.25}

    def compute(self: Training) -> dict[str, Any]:
        metrics = {"seen": drawn, "unseen": drawn, "sprites": 1.0, "beyond": 0.25}
        return {"trained": {"steps": 12, "precision": "float32"}, "metrics": metrics}

    monkeypatch.setattr(Training, "compute", compute)
    (tmp_path / "runs").mkdir()
    grid, gans = trainings(0.5, 1.0, 16, 0, tmp_path / "runs")
    jobs: list[Job] = [*grid, *gans]
    for job in jobs:
        work(job)
    module.beta_vae_id_gan(module.GridConfig(0.5, 1.0, 16, 0, 1, tmp_path / "runs", page))
    text = page.read_text()
    assert text.count("| VAE: ") == 54
    assert text.count("| ID-GAN: ") == 4
    assert "| VAE: 3 latents, beta 0.5, lr 0.0001, x <= 5 | 12 | 150 | 150 | 0.50 | 0.50 | 0.25 | 1.00 | 0.25 |" in text
    assert (tmp_path / "grid" / "grid.png").exists()


def test_mistakes_are_refused_before_the_work(tmp_path: Path) -> None:
    board, grid = example("leaderboard"), example("beta_vae_id_gan")
    out = {"out": tmp_path / "runs", "page": tmp_path / "page.md"}
    with error(RangeError, "there is no model 'vea'; there are ada-gvae, beta-tc-vae"):
        board.leaderboard(board.LeaderboardConfig(models=("vea",), **out))
    with error(RangeError, "seeds must be at least 1 and minutes above 0, got 0"):
        board.leaderboard(board.LeaderboardConfig(seeds=0, **out))
    with error(RangeError, "samples must be 0, or from 500"):
        board.leaderboard(board.LeaderboardConfig(samples=3, **out))
    with error(RangeError, "minutes and long must be above 0"):
        grid.beta_vae_id_gan(grid.GridConfig(long=-1.0, **out))
    (tmp_path / "page.md").write_text("no place")
    with error(InputError, "must have one line <!-- codes -->"):
        board.leaderboard(board.LeaderboardConfig(**out))
    assert not (tmp_path / "runs").exists()
