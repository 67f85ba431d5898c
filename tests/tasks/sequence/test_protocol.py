"""The measurements, on models of which it is known what they get right."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tasks.data import Dataset, Population
from tasks.data.circles import Circles
from tasks.data.split import Split
from tasks.measured import as_metrics
from tasks.metrics_tables import flat
from tasks.sequence.control_models import Constant, Oracle
from tasks.sequence.exact import ExactJudge
from tasks.sequence.protocol import (
    measure_all,
    measure_disagreement,
    measure_reconstruction,
    measure_resampling,
    measure_samples,
    measure_swaps,
)
from tests.helpers import error
from tests.tasks.sequence.small import EVERY, SMALL, Small
from vsa.errors import DtypeError, RangeError

EXACT = ExactJudge(SMALL)
EVERYTHING = Population(SMALL, split=Split("", ""))


class Unsure:
    """The exact judge, but sure by 0.9 alone."""

    features = SMALL.features

    def read(self, clips: Tensor, *features: str) -> dict[str, Tensor]:
        return EXACT.read(clips, *features)

    def probabilities(self, clips: Tensor, *features: str) -> dict[str, Tensor]:
        counts = dict(zip(SMALL.features, SMALL.counts, strict=True))
        found = EXACT.read(clips, *features)
        return {
            name: torch.nn.functional.one_hot(read, counts[name]).double() * (0.9 - 0.1 / (counts[name] - 1))
            + 0.1 / (counts[name] - 1)
            for name, read in found.items()
        }


class AllInMotion(Oracle):
    """Its motion holds everything, and its content is looked at by nobody: what an autoencoder without bottleneck learns."""

    def encode(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        classes = torch.stack(list(self.judge.read(clips).values()), 1).float()
        return torch.zeros(len(clips), 1), classes[:, None].repeat(1, clips.shape[1], 1)

    def decode(self, content: Tensor, motion: Tensor) -> Tensor:
        return self.dataset.observe(motion[:, 0].round().long())

    def prior_motion(self, n: int, frames: int, generator: torch.Generator, *, mean: bool = False) -> Tensor:
        return self._random(list(range(len(self.dataset.features))), n, generator)[:, None].repeat(1, frames, 1)


JUDGES: dict[str, Any] = {"exact": EXACT, "unsure": Unsure()}
ORACLE, ALL_IN_MOTION = Oracle(SMALL, EXACT), AllInMotion(SMALL, EXACT)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_an_oracle_gets_everything_right_by_every_judge() -> None:
    found = as_metrics(measure_all(ORACLE, EVERYTHING, JUDGES, 24, generator(), repetitions=2))
    numbers = dict(flat(found))
    ones = dict.fromkeys(("way", "hat", "coat", "kind"), 1.0)
    assert found["reconstructed"]["exact"]["right"] == found["reconstructed"]["true"]["unsure"]["right"] == ones
    assert numbers["reconstructed, error"] == numbers["swapped, error"] == 0
    assert found["swapped"]["exact"] == {
        "first": {"way": 0.0, "hat": 1.0, "coat": 1.0, "kind": 1.0},
        "second": {"way": 1.0, "hat": 0.0, "coat": 0.0, "kind": 0.0},
    }
    assert set(found["swapped"]["judges_differ"].values()) == {0.0}
    assert set(found["changed"]["exact"]["disagreement"].values()) == {0.0}
    assert found["resampled"]["exact"] == {"right": ones}
    assert found["resampled"]["deviation"]["exact"] == {"right": dict.fromkeys(ones, 0.0)}
    assert numbers["sampled, drawn, clean"] == numbers["sampled, mean_path, clean_whole"] == 1
    assert numbers["sampled, drawn, error"] < 1e-12


def test_what_a_judge_is_unsure_of_is_measured_in_nats() -> None:
    found = measure_disagreement(ORACLE, EVERYTHING, JUDGES, 24, generator())
    assert "kl" not in found["exact"]
    assert found["unsure"]["kl"] == pytest.approx(dict.fromkeys(("way", "hat", "coat", "kind"), 0.0))
    assert found["unsure"]["kl_of_uniform"]["way"] == pytest.approx(-0.5 * math.log(4 * 0.9 * 0.1))
    resampled = measure_resampling(ORACLE, EVERYTHING, JUDGES, 24, generator(), repetitions=1)
    assert "deviation" not in resampled
    conditional = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert resampled["unsure"]["entropy_given_clip"]["way"] == pytest.approx(conditional)
    assert resampled["unsure"]["entropy"]["way"] == pytest.approx(math.log(2))
    assert resampled["unsure"]["inception_score"]["way"] == pytest.approx(2 * math.exp(-conditional))


def test_a_model_with_everything_in_its_motion_is_found_out() -> None:
    assert measure_reconstruction(ALL_IN_MOTION, EVERYTHING, JUDGES, 24, generator())["error"] == 0
    swapped = measure_swaps(ALL_IN_MOTION, EVERYTHING, JUDGES, 24, generator())
    assert swapped["exact"]["first"] == {"way": 0.0, "hat": 0.0, "coat": 0.0, "kind": 0.0}
    assert swapped["exact"]["second"] == {"way": 1.0, "hat": 1.0, "coat": 1.0, "kind": 1.0}
    assert swapped["error"] > 0.01
    changed = measure_disagreement(ALL_IN_MOTION, EVERYTHING, JUDGES, 24, generator())["exact"]["disagreement"]
    assert changed["way"] == 0
    assert changed["hat"] > 0.4
    right = measure_resampling(ALL_IN_MOTION, EVERYTHING, JUDGES, 24, generator(), repetitions=4)
    assert right["exact"]["right"]["way"] == 1
    assert right["exact"]["right"]["coat"] == pytest.approx(1 / 3, abs=0.2)
    assert right["deviation"]["exact"]["right"]["coat"] > 0


def test_a_model_that_draws_one_clip_is_right_by_chance() -> None:
    constant = Constant.mean_of(EVERYTHING, 200, generator())
    assert torch.allclose(constant.clip, SMALL.observe(EVERY).mean(0), atol=0.1)
    found = measure_reconstruction(constant, EVERYTHING, JUDGES, 24, generator())
    assert found["exact"]["right"]["hat"] == pytest.approx(0.25)
    assert found["true"]["exact"]["right"]["hat"] == 1
    assert measure_samples(constant, EXACT, 5, generator())["drawn"]["clean"] == 0
    assert measure_samples(constant, EXACT, 5, generator())["drawn"]["entropy"] == {"hat": 0.0, "coat": 0.0}


def test_samples_in_another_order_are_clean_but_no_whole_motion() -> None:
    class Turned(Oracle):
        def decode(self, content: Tensor, motion: Tensor) -> Tensor:
            return super().decode(content, motion).roll(1, 1)

    found = measure_samples(Turned(SMALL, EXACT), EXACT, 70, generator())["drawn"]
    assert found["clean"] == 1
    assert found["clean_whole"] == 0
    assert found["entropy"]["hat"] == pytest.approx(math.log(4), abs=0.1)
    assert found["entropy"]["coat"] == pytest.approx(math.log(3), abs=0.1)


def test_only_the_population_is_asked_and_none_of_it_twice() -> None:
    asked = []

    class Watched(Oracle):
        def encode(self, clips: Tensor) -> tuple[Tensor, Tensor]:
            content, motion = super().encode(clips)
            asked.append(torch.cat([motion[:, 0], content], 1))
            return content, motion

    right = replace(EVERYTHING, part="test", split=Split("", "hat == 1"))
    measure_reconstruction(Watched(SMALL, EXACT), right, JUDGES, 100, generator())
    assert sorted(torch.cat(asked)[:, :2].tolist()) == [[0, 1]] * 3 + [[1, 1]] * 3
    assert len(torch.cat(asked).unique(dim=0)) == 6


def test_the_same_generator_measures_the_same() -> None:
    first, second = (measure_all(ALL_IN_MOTION, EVERYTHING, {"exact": EXACT}, 10, generator(), 2) for _ in range(2))
    assert first == second
    assert "judges_differ" not in first["swapped"]


def test_mistakes_are_said_before_any_work() -> None:
    circles = Population(Dataset(Circles()))
    with error(RangeError, "the data set circles does not say which of its factors change within a clip"):
        measure_reconstruction(ORACLE, circles, JUDGES, 5, generator())
    with error(RangeError, "there must be a judge of what clips show"):
        measure_swaps(ORACLE, EVERYTHING, {}, 5, generator())
    with error(RangeError, "a judge may not be called 'error'"):
        measure_swaps(ORACLE, EVERYTHING, {"error": EXACT}, 5, generator())

    other = type("Other", (Small,), {"name": "other"})
    with error(RangeError, "the judge 'exact' knows clips of small, and these are of other"):
        measure_swaps(ORACLE, Population(Dataset(other())), JUDGES, 5, generator())

    class Partial(Unsure):
        features = ("way",)

    with error(RangeError, "the judge 'partial' knows no factor 'hat' of small; it knows: way"):
        measure_disagreement(ORACLE, EVERYTHING, {"partial": Partial()}, 5, generator())
    with error(RangeError, "n must be from 1"):
        measure_samples(ORACLE, EXACT, 0, generator())
    with error(RangeError, "repetitions must be from 1 to 1000"):
        measure_resampling(ORACLE, EVERYTHING, JUDGES, 5, generator(), 0)
    with error(DtypeError, "the generator decides"):
        measure_reconstruction(ORACLE, EVERYTHING, JUDGES, 5, None)  # type: ignore[arg-type]  # that is the mistake
