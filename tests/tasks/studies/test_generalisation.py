from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from examples.generalisation import GeneralisationConfig, trials_of
from tasks.evaluation.generalising import measure_decoder
from tasks.studies.generalisation import ENTRIES, SPLITS, SYMBOLIC, Trial, trials
from tasks.studies.generalisation_faults import Fault, faults
from tasks.studies.generalisation_page import draw_held_out, how, table_of_algebra, table_of_faults, table_of_pictures
from tasks.studies.running import work
from tests.helpers import error
from vsa.errors import RangeError


def stored(trial: Trial, value: float) -> dict[str, Any]:
    """A result as `Trial.compute` gives it, all of whose numbers are one value."""
    part: dict[str, Any] = {"reconstruction_iou": value, "reconstruction_nats": 100 * value}
    if trial.entry.task != "vae":
        part["triplets"] = {"transformed_iou": value, "unchanged_iou": value}
    if trial.entry.task == "paired":
        names = {"x": value, "shape": value / 2}
        part |= {"edit_iou": names, "edit_shown": names, "edit_shown_within_one": names, "assembly_iou": value}
        part |= {"read": names, "read_within_one": names, "from_vector": {"edit_iou": names}}
    return {
        "trained": {"steps": 7, "images_per_second": 100.0, "precision": "float32"},
        "metrics": {"test": part, "train": part},
    }


@pytest.fixture
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    every = trials(2, 0.5, tmp_path, SPLITS[:2])
    for trial in every:
        monkeypatch.setattr(Trial, "compute", lambda self: stored(self, 0.5 + 0.1 * self.seed))
        work(trial)
    return every


def test_every_model_has_its_first_seed_on_every_split_before_any_has_its_second(tmp_path: Path) -> None:
    every, count = trials(2, 1.0, tmp_path), len(ENTRIES) * len(SPLITS)
    assert [trial.seed for trial in every] == [0] * count + [1] * count
    assert len({trial.path for trial in every}) == len({trial.run for trial in every}) == 2 * count
    for trial in every:
        config = trial.config()
        config.check()
        assert (config.dataset, config.split, config.minutes) == (trial.dataset, trial.split, 1.0)


def test_tables_have_means_over_seeds_and_published_numbers(ended: list[Trial]) -> None:
    pictures = table_of_pictures(ended, "figures")
    assert "### dsprites, r2r: trained without `shape == square and x.value > 0.5`" in pictures
    vae = next(line for line in pictures.splitlines() if line.startswith("| VAE |"))
    assert vae.startswith("| VAE | nothing | 2 | 55.0 ± 7.1 |")
    assert vae.endswith("| 200.4 |")
    assert "(figures/dsprites-r2r.png)" in pictures
    assert "Of IoU on what was held out, a disc of the right size in the right place has an IoU of" in pictures
    algebra = table_of_algebra(ended)
    assert "| dsprites, extrapolation | 2 | 0.275 ± 0.035 | 0.275 ± 0.035 | 0.550 ± 0.071 |" in algebra
    assert "python examples/generalisation.py" in how(ended, "python examples/generalisation.py")


def test_models_that_are_not_kept_are_not_drawn(ended: list[Trial], tmp_path: Path) -> None:
    draw_held_out([trial for trial in ended if trial.split == "r2r"], tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 0


def test_a_part_can_be_chosen() -> None:
    chosen = trials_of(GeneralisationConfig(seeds=1, only=("extrapolation",), models=("symbolic",)))
    assert {(trial.dataset, trial.entry) for trial in chosen} == {("dsprites", SYMBOLIC), ("3dshapes", SYMBOLIC)}
    assert len(trials_of(GeneralisationConfig(seeds=1, only=("dsprites-r2r",)))) == len(ENTRIES)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"only": ("r3r",)}, "there is no split 'r3r'"), ({"models": ("gan",)}, "there is no model 'gan'")],
)
def test_what_there_is_not_is_named(settings: dict[str, Any], message: str) -> None:
    with error(RangeError, message):
        trials_of(GeneralisationConfig(**settings))


@pytest.mark.parametrize("stem", ["symbolic", "composition"])
def test_a_model_is_trained_measured_drawn_and_asked(stem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.studies.generalisation.DRAWN", 20)
    monkeypatch.setattr("tasks.studies.generalisation.EDITED", 4)
    for name, value in {"READ": 1000, "SEEN": 16, "ASKED": (("circles", "centre"),)}.items():
        monkeypatch.setattr(f"tasks.studies.generalisation_faults.{name}", value)
    monkeypatch.setattr("tasks.evaluation.generalising.measure_decoder", partial(measure_decoder, steps=2))
    (entry,) = (entry for entry in ENTRIES if entry.stem == stem)
    small = replace(entry, config=replace(entry.config, evaluate=2))
    (trial,) = trials(1, 0.002, tmp_path, (("circles", "centre"),), (small,))
    assert not faults([trial])  # nothing is trained yet
    work(trial)
    assert f"| {entry.name} | {entry.told} | 1 |" in table_of_pictures([trial], "figures"), trial.stored()
    draw_held_out([trial], tmp_path / "figure.png")

    (fault,) = faults([trial])
    found = fault.compute()["metrics"]
    assert {"codes_train_x", "codes_test_y", "drawn_train_x", "drawn_test_y", "true_test_x"} <= found.keys()
    assert ("dci_lasso" in found) == (stem != "symbolic")
    assert "codes " in fault.summary({"metrics": found})


def test_what_each_half_says_of_the_factors_of_the_split(ended: list[Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    for trial in ended:
        trial.run.mkdir(exist_ok=True)
    names = [
        f"{half}_{part}_{name}" for half in ("codes", "drawn", "true") for part in ("train", "test") for name in ("shape", "x")
    ]
    monkeypatch.setattr(Fault, "compute", lambda self: {"metrics": {name: 0.1 + 0.8 * ("test" in name) for name in names}})
    for fault in faults(ended):
        work(fault)
    table = table_of_faults(ended)
    assert "| model | codes, shape | pictures, shape | codes, x | pictures, x | D by lasso |" in table
    assert "| VAE | 0.90 (0.10) | 0.90 (0.10) |  |" in table  # extrapolation is about x alone
    assert "in the true pictures: shape 0.90 (0.10), x 0.90 (0.10)." in table
