import math
from typing import Any

import numpy as np
import pytest
import torch

from tasks.data import Dataset, Population, open_dataset
from tasks.data.split import Split
from tasks.evaluation.disentanglement.dci import dci
from tasks.evaluation.disentanglement.measure import METRICS
from tasks.evaluation.disentanglement.representation import Representation
from tasks.measured import as_metrics, numbers
from tasks.sequence.factor_codes import Codes, RandomCodes, TrueClasses
from tasks.sequence.factor_metrics import measure_channels, measure_factor_controls, measure_factors, measure_information, shared
from tests.helpers import error
from tests.tasks.sequence.lamps import ALL, LAMPS, PATHS, BothColours, Lamps, MovedColour, OneNumber, generator
from vsa.errors import PluginError, RangeError

FEW: Any = {"metrics": {name: METRICS[name] for name in ("dci", "mig", "modularity")}, "trees": 5}


def found_of(model: Any) -> dict[str, Any]:
    return as_metrics(measure_factors(model, ALL, 18, generator(), **FEW))


def test_the_true_classes_are_where_they_should_be() -> None:
    found = found_of(TrueClasses(LAMPS))
    information = found["information"]
    assert information["static_in_content"] == information["dynamic_in_motion"] == 1
    assert information["motion"] == information["motion_mean"]
    assert information["content"]["colour"] == information["motion"]["path"] == 1
    assert abs(information["static_in_motion"]) < 0.35
    assert found["channels"]["count"] == {"colour": 1, "row": 1, "path": 1}
    assert found["channels"]["modularity"] > 0.6
    assert found["two_factor"]["swap"]["kept"] == found["reconstructed"] == {"colour": 1, "row": 1, "path": 1}
    assert found["multi_factor"]["swap"]["consistency"] == 1
    assert found["multi_factor"]["sample"]["global_consistency"] == 1
    assert found["donors"]["follows_motion"] == {"colour": 0, "row": 0, "path": 1}
    assert found["chance"] == pytest.approx({"colour": 1 / 3, "row": 1 / 4, "path": 1 / 3})
    assert "left_out" not in found
    assert all(math.isfinite(number) for number in numbers(found))
    assert found == found_of(TrueClasses(LAMPS)), "the generator decides"


def test_what_leaks_is_seen() -> None:
    moved = found_of(MovedColour())
    assert moved["information"]["motion"]["colour"] == 1
    assert moved["information"]["content"]["colour"] < 0.7
    assert moved["two_factor"]["swap"]["kept"]["colour"] < 0.7
    assert moved["two_factor"]["swap"]["exchanged"]["colour"] == 1
    assert moved["donors"]["follows_motion"]["colour"] == 1
    both = found_of(BothColours())
    assert both["information"]["content"]["colour"] == both["information"]["motion"]["colour"] == 1
    assert both["information"]["static_in_motion"] > moved["information"]["dynamic_in_content"] + 0.3
    assert both["donors"]["follows_motion"]["colour"] == 0
    one = found_of(OneNumber())
    assert sorted(one["channels"]["count"][name] for name in ("colour", "row")) == [0, 1]
    assert one["channels"]["modularity"] < 0.8
    assert one["multi_factor"]["swap"]["score"] < 0.8


def test_modularity_and_compactness_are_those_of_subsets_of_channels() -> None:
    classes = ALL.every().long().repeat(4, 1)
    content, motion = TrueClasses(LAMPS).split(classes, 4)
    codes = Codes(content, motion)
    found, subsets = measure_channels(codes, classes, codes, classes, LAMPS)
    assert [found[name] for name in ("modularity", "compactness", "explicitness")] == pytest.approx([1, 1, 1])
    assert torch.equal(subsets, torch.eye(3, dtype=torch.bool))
    # Two channels that hold a factor each twice over are as modular; a number for two factors is not.
    twice = Codes(content.repeat(1, 2), motion)
    found, subsets = measure_channels(twice, classes, twice, classes, LAMPS)
    assert found["modularity"] == found["compactness"] == pytest.approx(1)
    assert found["count"] == {"colour": 2, "row": 2, "path": 1}
    one = Codes(content[:, :1] * 4 + content[:, 1:], motion)
    found, subsets = measure_channels(one, classes, one, classes, LAMPS)
    assert found["explicitness"] == 1
    alone = 1 - math.log(2) / math.log(3)  # the number is as important for colour as for row
    assert found["modularity"] == pytest.approx((2 * alone + 1) / 3, abs=0.01)
    assert subsets.sum().item() == 2
    constant = Codes(torch.zeros(len(classes), 2), motion)
    found, subsets = measure_channels(constant, classes, constant, classes, LAMPS)
    assert not subsets[:, :2].any(), "a channel that is not used stands for nothing"


def test_they_are_as_the_benchmark_computes_them() -> None:
    classes = ALL.every().long().repeat(4, 1)
    colour, row, path = classes.T
    content = torch.stack([2 * colour + (path == 0), row + 0.4 * (colour == 1), (path == 1) + 3 * (row > 1)], 1).float()
    motion = (path[:, None] + torch.arange(4) * (colour == 2)[:, None])[:, :, None].float()
    codes = Codes(content, motion)
    found, subsets = measure_channels(codes, classes, codes, classes, LAMPS)
    importance = dci(Representation(codes.together, classes, codes.together, classes)).importance
    importance = np.concatenate([importance[:3], importance[3:].sum(0, keepdims=True)])
    assert subsets.int().argmax(0).tolist() == importance.argmax(1).tolist()
    modularity, compactness = 0.0, []
    for subset in subsets.numpy():
        told = importance[subset].sum()
        shares = importance[subset].sum(0) / told if told else np.zeros(3)
        modularity += told / importance.sum() * (1 + sum(p * math.log(p) / math.log(3) for p in shares if p > 0))
    for f in range(3):
        shares = [importance[subset, f].sum() / importance[:, f].sum() for subset in subsets.numpy()]
        compactness.append(1 + sum(p * math.log(p) / math.log(4) for p in shares if p > 0))
    assert found["modularity"] == pytest.approx(modularity)
    assert found["compactness"] == pytest.approx(np.mean(compactness))
    assert 0.2 < found["modularity"] < 0.95
    assert 0.2 < found["compactness"] < 0.95


def test_chance_is_how_often_two_clips_share_a_class() -> None:
    population = Population(LAMPS, "test", Split("", "row == 0 or colour == 0"))
    classes = population.every()
    for f, share in enumerate(shared(population).tolist()):
        assert share == pytest.approx(np.mean([(classes[:, f] == k).float().mean().item() for k in classes[:, f].tolist()]))


def test_the_controls_say_what_is_best_and_what_is_nothing() -> None:
    found = measure_factor_controls(ALL, 18, generator(), **FEW)
    assert found.keys() == {"classes", "random", "pixels"}
    best, floor = found["classes"], found["random"]
    assert best["multi_factor"]["swap"]["score"] > 0.85 > floor["multi_factor"]["swap"]["score"] + 0.1
    assert floor["channels"]["explicitness"] < 0.7
    assert found["pixels"]["information"]["content"]["colour"] > 0.6
    assert as_metrics(found)


class Unsearchable(Lamps):
    name = "unsearchable"


def looked_at(clips: torch.Tensor) -> torch.Tensor:
    """What lamps are, by hand."""
    found = LAMPS.given.nearest_frames(clips)[:, 0]
    places = clips.sum((2, 3)).argmax(2)
    found[:, 2] = (places[:, None] == PATHS).all(2).float().argmax(1)
    return found


def test_a_factor_of_one_class_is_exchanged_and_not_predicted() -> None:
    narrow = Population(LAMPS, split=Split("", "row > 0"))
    found = measure_factors(TrueClasses(LAMPS), narrow, 9, generator(), **FEW)
    assert found["left_out"].keys() == {"information, channels", "disentanglement"}
    assert found["left_out"]["disentanglement"].startswith("each factor must have two classes at least, got only class 0")
    assert "multi_factor" not in found
    assert found["two_factor"]["swap"]["kept"]["row"] == 1


def test_without_a_judge_nothing_is_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = Dataset(Unsearchable())
    monkeypatch.setattr("tasks.data.dataset.LISTED", 1)
    population = Population(dataset, split=Split("", ""))
    model: Any = RandomCodes(dataset, generator())
    found = measure_factors(model, population, 18, generator(), **FEW)
    assert found["left_out"] == {
        "interventions": "the data set unsearchable is too large to search, and has no `nearest`; give a judge"
    }
    found = measure_factors(model, population, 18, generator(), judge=looked_at, **FEW)
    assert found["left_out"] == {"consistency": "nobody can say what a single frame shows; give judge_frames"}
    assert "two_factor" in found


def test_mistakes_are_refused_before_anything_is_coded() -> None:
    with error(PluginError, "Lamps is no model of content and motion"):
        measure_factors(Lamps(), ALL, 18, generator())  # pyright: ignore
    circles = Population(open_dataset("circles"))
    with error(RangeError, "the data set circles must name in `dynamic` which of its factors change within a clip"):
        measure_factors(TrueClasses(LAMPS), circles, 18, generator())
    with error(RangeError, "the data set circles must name in `dynamic`"):
        measure_information(lambda clips: (clips, clips), circles, 18, generator())


def test_the_clips_of_the_benchmark_are_measured() -> None:
    static = open_dataset("dsprites-static")
    few = tuple(torch.arange(min(count, 2)) for count in static.counts)
    population = Population(static, allowed=few).anywhere()
    found = measure_factors(TrueClasses(static), population, 32, generator(), metrics={}, trees=5)
    assert found["reconstructed"] == dict.fromkeys(static.features, 1.0)
    assert found["multi_factor"]["swap"]["consistency"] == 1
    assert found["information"]["static_in_content"] == found["information"]["dynamic_in_motion"] == 1
