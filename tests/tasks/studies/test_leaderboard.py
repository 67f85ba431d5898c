from pathlib import Path
from typing import Any

import pytest

from tasks.evaluation.disentanglement.measure import METRICS, headings
from tasks.studies.leaderboard import ENTRIES, HALVES, Trial, trials
from tasks.studies.leaderboard_page import (
    draw_codes,
    draw_halves,
    how,
    table_of_codes,
    table_of_halves,
    table_of_pictures,
    table_of_slots,
)
from tasks.studies.running import work
from tasks.symbolic.config import PairedConfig
from tasks.vae.config import VAEConfig
from tests.helpers import error
from vsa.errors import RangeError


def stored(trial: Trial, value: float) -> dict[str, Any]:
    """A result as `Trial.compute` gives it, all of whose numbers are one value."""
    drawn = {"reconstruction_iou": value, "reconstruction_nats": 100 * value, "grey_over_white": value}
    metrics: dict[str, Any] = {"test": drawn}
    if trial.trained_on == "half":
        metrics["validation"] = drawn
    elif trial.entry.task != "id-gan":
        exchanged = ("dmm", "dmm_published", "dcm", "dcm_published")
        metrics["disentanglement"] = dict.fromkeys(
            exchanged if trial.entry.task == "paired" else (*headings(), *exchanged), value
        )
        if trial.entry.task == "paired":
            matrix = [[value] * 5] * 5
            chance = dict.fromkeys(("shape", "scale", "orientation", "x", "y"), 0.2)
            metrics["slots"] = {"accuracy": matrix, "variance": matrix, "chance": chance}
        else:
            metrics |= {"kl": 10 * value, "variance_of": {"z0": 0.01, "z1": 0.99}}
    return {"trained": {"steps": 7, "images_per_second": 100.0, "precision": "float32"}, "metrics": metrics}


NEWER = {"disentanglement": {"newer": 0.75}}


@pytest.fixture
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    every = trials(2, 0.5, 1000, tmp_path)
    for trial in every:
        monkeypatch.setattr(Trial, "compute", lambda self: stored(self, 0.5 + 0.1 * self.seed))
        work(trial)
    return every


def test_every_model_has_its_first_seed_before_any_has_its_second(tmp_path: Path) -> None:
    every = trials(2, 1.0, 1000, tmp_path)
    assert [trial.seed for trial in every] == [0] * 15 + [1] * 15
    assert len({trial.path for trial in every}) == len({trial.run for trial in every}) == 30
    for trial in every:
        trial.check()
        assert trial.config().minutes == 1.0
        assert (trial.config().test == "x > 15") == (trial.trained_on == "half")


def test_the_same_networks_and_another_data_set() -> None:
    vae, paired = ENTRIES[0].config, ENTRIES[-2].config
    assert isinstance(vae, VAEConfig)
    assert isinstance(paired, PairedConfig)
    assert (vae.encoder, vae.decoder, vae.batch_size) == (paired.encoder, paired.decoder, paired.batch_size)
    assert {entry.name for entry in HALVES} >= {"VAE", "beta-VAE, beta 8", "FactorVAE, gamma 20"}


def test_another_budget_or_seed_is_another_trial(tmp_path: Path) -> None:
    one, other = (trials(1, minutes, 1000, tmp_path)[0] for minutes in (1.0, 2.0))
    assert one.path != other.path
    assert one.settings() == trials(1, 1.0, 1000, tmp_path / "elsewhere")[0].settings()
    with error(RangeError, "minutes must be above 0"):
        trials(1, 0.0, 1000, tmp_path)[0].check()


def test_the_tables_are_of_what_is_there(ended: list[Trial]) -> None:
    codes = table_of_codes(ended).splitlines()
    assert len(codes) == 2 + len(ENTRIES) + 1
    assert codes[-1].startswith("| *the true classes* | | 1.000 | 0.9"), "the control"
    assert codes[-1].count("|") == codes[0].count("|")
    assert codes[2].startswith("| VAE | 2 | 0.550 ± 0.071 |")
    assert "| ID-GAN on it, batches of 8 | 2 |  |" in codes[9], "it has no code of its own"
    pictures = table_of_pictures(ended)
    assert "| VAE | nothing | 2 | 0.550 ± 0.071 | 55.0 ± 7.1 |" in pictures
    assert "which pictures share which factor" in pictures
    assert "Of IoU, a disc of the right size in the right place has an IoU of 0.763, the nearest training neighbour" in pictures
    halves = table_of_halves(ended).splitlines()
    assert halves[2].endswith("| 3,577 |")
    assert halves[-3].endswith("|  |")
    assert halves[-1].startswith("Of IoU in the unseen half, a disc of the right size in the right place has an IoU of 0.7")
    slots = table_of_slots(ended)
    assert slots.count("| orientation | 0.550 | 0.550 | 0.550 | 0.550 | 0.550 |") == 4
    text = how(ended, "the command")
    assert "0.5 minutes of one CPU thread" in text
    assert "`the command`" in text


def test_nothing_is_there_yet(tmp_path: Path) -> None:
    every = trials(1, 1.0, 1000, tmp_path)
    assert "| VAE | 0 |" in table_of_codes(every)
    assert table_of_slots(every) == ""
    draw_codes(every, tmp_path / "codes.png")
    draw_halves(every, tmp_path / "halves.png")


def test_a_metric_that_is_added_is_on_the_page(ended: list[Trial], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "my_score", lambda representation, generator: 0.25)
    lines = table_of_codes(ended).splitlines()
    assert "| InfoE | my score | DMM |" in lines[0]
    assert "| 0.250 |" in lines[-1]
    draw_codes(ended, tmp_path / "codes.png")  # an odd number of panels


def test_what_a_trial_stored_is_on_the_page_whatever_it_is(ended: list[Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trial, "compute", lambda self: stored(self, 0.5) | {"metrics": stored(self, 0.5)["metrics"] | NEWER})
    work(ended[0])
    assert table_of_codes(ended).splitlines()[0].endswith("| newer |")


def test_the_figure_of_codes_is_drawn(ended: list[Trial], tmp_path: Path) -> None:
    draw_codes(ended, tmp_path / "codes.png")
    assert (tmp_path / "codes.png").stat().st_size > 20_000


@pytest.mark.slow
def test_a_trial_trains_and_measures_and_its_model_is_drawn(tmp_path: Path) -> None:
    """One of the second table, which is the shortest: a moment of training, and the numbers of both halves."""
    (trial,) = (each for each in trials(1, 0.02, 500, tmp_path) if each.stem == "half-vae-seed-0")
    work(trial)
    found = trial.stored()
    assert found is not None
    assert "crash" not in found, found
    assert found["trained"]["steps"] >= 1
    for part in ("test", "validation"):
        assert 0 <= found["metrics"][part]["reconstruction_iou"] <= 1
    assert "nats" in trial.summary(found)
    draw_halves([trial], tmp_path / "halves.png")
    assert (tmp_path / "halves.png").stat().st_size > 10_000
