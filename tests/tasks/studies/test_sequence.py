"""The study of sequences: what is planned, and the tables of what is there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks import load_model
from tasks.sequence.config import SequenceConfig
from tasks.sequence.task import TASK
from tasks.studies.running import work
from tasks.studies.sequence import ENTRIES, FACTORS, SYMBOLIC, Characters, Entry, JudgeJob, Trial, ship, trials
from tasks.studies.sequence_page import MADE, how
from tests.examples.scripts import example
from tests.helpers import error
from tests.tasks.sequence.settings import small
from vsa.errors import InputError, OutputError, RangeError

STILL = ("skin", "pants", "top", "hair")
ALL = (*STILL, "motion", "action", "direction")


def numbers(value: float, names: tuple[str, ...] = ALL) -> dict[str, float]:
    return dict.fromkeys(names, value)


def stored(trial: Trial, value: float) -> dict[str, Any]:
    """A result as `Trial.compute` gives it, whose numbers are all one value."""
    metrics: dict[str, Any] = {"reconstruction_error": value}
    if trial.entry.dataset is not None:
        metrics["factors"] = {"static in content": value}
    elif trial.entry.task == "sequence":
        right = {"right": numbers(value)}
        learnt = {"disagreement": numbers(value), "kl": numbers(value), "kl_of_uniform": numbers(9.0)}
        resampled = right | {name: numbers(value) for name in ("inception_score", "entropy_given_clip", "entropy")}
        way = {"clean": value, "clean_whole": value, "error": value, "entropy": numbers(value, STILL)}
        swapped = {"first": numbers(value), "second": numbers(1 - value)}
        metrics |= {
            "kl": {"content": value, "motion": value},
            "reconstructed": {"error": value, "exact": right, "learnt": right, "judges_differ": numbers(value)},
            "swapped": {"error": value, "exact": swapped, "learnt": swapped, "judges_differ": numbers(value)},
            "changed": {"exact": {"disagreement": numbers(value)}, "learnt": learnt},
            "resampled": {"exact": right, "learnt": resampled, "deviation": {"learnt": {"right": numbers(0.01)}}},
            "sampled": {"drawn": way, "mean_path": way},
        }
    took = {"steps": 7, "seconds": 60.0, "images_per_second": 100.0, "precision": "float32"}
    return {"trained": took, "metrics": metrics}


def planned(folder: Path, dataset: str = "cast") -> tuple[JudgeJob, list[Trial]]:
    characters = Characters(dataset, None)
    judge = JudgeJob(characters, 3, folder)
    return judge, trials(characters, judge, None, 20, folder)


def test_every_model_is_planned_once_with_settings_that_can_be(tmp_path: Path) -> None:
    _, every = planned(tmp_path)
    assert [trial.stem for trial in every] == [entry.stem for entry in (*ENTRIES, *SYMBOLIC, *FACTORS)]
    assert len({trial.path for trial in every}) == len({trial.run for trial in every}) == len(every)
    for trial in every:
        config = trial.config()
        config.check()
        assert config.steps is not None
        assert config.dataset in ("cast", "cast-frames", "dsprites-dynamic", "dsprites-static")
        assert config.split == ("published" if config.dataset.startswith("dsprites") else "characters")


def test_the_documents_models_have_its_objective_and_differ_as_they_say() -> None:
    configs = {entry.stem: entry.config for entry in ENTRIES}
    document = configs["document"]
    assert isinstance(document, SequenceConfig)
    assert (document.objective, document.beta, document.content, document.motion, document.colours) == ("elbo", 1, 32, 32, 0)
    for stem, changed in (("document-256", {"content": 256}), ("beta-6", {"beta": 6.0})):
        assert configs[stem] == replace(document, preset=stem, **changed)


def test_where_the_files_lie_does_not_decide_what_comes_of_it(tmp_path: Path) -> None:
    (one, *_), (other, *_) = (planned(tmp_path / name)[1] for name in ("one", "other"))
    assert one.path.name == other.path.name
    assert replace(one, judged=21).path.name != one.path.name
    assert replace(one, steps=5).path.name != one.path.name


def test_the_page_is_of_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge, every = planned(tmp_path)
    assert all("| document |" not in make(every) for make in MADE.values())
    monkeypatch.setattr(JudgeJob, "compute", lambda self: {"metrics": {"right": {"skin": 1.0}}})
    work(judge)
    monkeypatch.setattr(Trial, "compute", lambda self: stored(self, 0.25))
    for trial in every:
        if trial.stem != "donors":
            work(trial)
    tables = {name: make(every) for name, make in MADE.items()}
    assert "| two views | exact | 25.0 | 25.0 |" in tables["tables"]
    assert "| *published, beta 6* | 5.33 of 25.1 |" in tables["tables"]
    assert "| two views | 0.25 of 9.0 |" in tables["tables"]
    assert "| two views | 0.250 / 0.750 |" in tables["swaps"]
    assert "| two views | 0.250 ± 0.010 | 0.250 | 0.250 | 0.250 | 0.250 | 0.250 / 0.250 |" in tables["protocol"]
    assert "skin 0.25, pants 0.25, top 0.25, hair 0.25 |" in tables["samples"]
    assert "| two views | nothing | 0.25000 |" in tables["drawing"]
    assert "| two views | reconstructed | 25.0 |" in tables["judges"]
    assert "| reconstruction error | 0.250 |" in tables["symbolic"]
    assert "| static in content | 0.250 | 0.250 |" in tables["factors"]
    assert not any("donors" in table for table in tables.values())
    text = how(every, judge, "the command")
    assert "| two views | 7 steps of 16 | 1 | 100 |" in text
    assert "The learnt judge is right on: skin 1.000." in text
    assert "`the command`" in text


def test_what_is_shipped_is_loaded_again_and_says_nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry("views", "two views", "sequence", small(out=tmp_path))
    characters = Characters("cast", None)
    trial = Trial(entry, characters, JudgeJob(characters, 1, tmp_path), 2, 20, 0, tmp_path)
    config = trial.config()
    assert isinstance(config, SequenceConfig)
    TASK.run(config, half=True)
    monkeypatch.setattr(Trial, "compute", lambda self: stored(self, 0.25))
    assert ship([trial], tmp_path) == []
    work(trial)
    (path,) = ship([trial], tmp_path)
    assert path == tmp_path / "sequence.safetensors"
    shipped, trained = load_model(path), load_model(trial.run)
    for name, weight in trained.state_dict().items():
        assert torch.equal(shipped.state_dict()[name], weight), name
    assert shipped.provenance.metrics["swapped"]["error"] == 0.25
    assert str(tmp_path) not in str(shipped.provenance.config.as_json())


def test_mistakes_are_refused_before_the_work(tmp_path: Path) -> None:
    module = example("sequence")
    given: dict[str, Any] = {"out": tmp_path / "runs", "page": tmp_path / "page.md"}
    with error(RangeError, "there is no model 'viewed'; there are document, document-256"):
        module.sequence(module.SequenceStudyConfig(dataset="cast", models=("viewed",), **given))
    with error(RangeError, "judged must be at least 2, judge_steps and steps at least 1, got 1, 600 and None"):
        module.sequence(module.SequenceStudyConfig(dataset="cast", judged=1, **given))
    with error(InputError, "lpc is composed of published sheets"):
        module.sequence(module.SequenceStudyConfig(**given))
    with error(OutputError, "there is no folder", "for the weights; make it first"):
        module.sequence(module.SequenceStudyConfig(dataset="cast", weights=tmp_path / "nowhere", **given))
    (tmp_path / "page.md").write_text("no place")
    with error(InputError, "must have one line <!-- tables -->"):
        module.sequence(module.SequenceStudyConfig(dataset="cast", **given))
    assert not (tmp_path / "runs").exists()
