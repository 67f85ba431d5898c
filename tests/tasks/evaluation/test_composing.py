"""The composition task, measured: by models that know everything, by one that does nothing, and by algebra."""

from dataclasses import replace

import pytest
import torch

from tasks import load_model
from tasks.data.checks import NotInPartError
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tasks.data.split import Split
from tasks.data.triplets import sample_triplets
from tasks.evaluation.composing import Parameters, Shown, measure_composition, measure_triplets
from tasks.likelihood import Bernoulli
from tests.helpers import error

CPU = torch.device("cpu")
SPRITES = Population(DSPRITES, "test")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sure(pictures: torch.Tensor) -> torch.Tensor:
    return (pictures.float() - 0.5) * 40


def test_who_knows_the_answer_has_it_right_and_who_changes_nothing_has_not() -> None:
    def knows(shown: Shown) -> Parameters:
        return Parameters(sure(shown.reference), sure(shown.command), sure(shown.transformed), sure(shown.transformed))

    def leaves(shown: Shown) -> Parameters:
        return Parameters(sure(shown.reference), sure(shown.command), sure(shown.reference), sure(shown.transformed))

    right, lazy = (measure_triplets(each, Bernoulli(), SPRITES, 300, generator(), CPU) for each in (knows, leaves))
    for name in ("reference", "command", "transformed", "reconstruction", "known"):
        assert right[f"{name}_iou"] == 1
        assert right[f"{name}_nats"] < 1e-4
    assert lazy["transformed_iou"] == lazy["unchanged_iou"] == right["unchanged_iou"] < 0.7
    assert lazy["transformed_nats"] == lazy["unchanged_nats"] > 1000


def test_what_the_pictures_leave_open_counts_as_known_whichever_it_is() -> None:
    """A square that becomes a heart may have been turned by any number of quarters."""
    hearts = Population(DSPRITES, "test", Split("", "shape != ellipse and scale == 5 and orientation == 3 and x == y"))
    triplets = sample_triplets(100, hearts, generator())
    assert (triplets.action == 0).all(), "nothing else can be changed alone"
    sources = triplets.reference[:, None].expand(-1, 5, -1).clone()
    sources[:, 0] = triplets.command
    every = DSPRITES.alternatives(triplets.transformed, sources)
    other = every[torch.arange(100), every.flatten(2).ne(every[:, :1].flatten(2)).any(2).int().argmax(1)]

    def turned(shown: Shown) -> Parameters:
        return Parameters(sure(shown.reference), sure(shown.command), sure(other), sure(other))

    found = measure_triplets(turned, Bernoulli(), hearts, 100, generator(), CPU)
    assert found["known_iou"] == 1
    assert found["known_nats"] < 1e-4
    assert found["transformed_iou"] < 0.95
    assert found["transformed_nats"] > 100


def test_each_picture_is_judged_by_its_own_truth() -> None:
    seen: list[Shown] = []

    def look(shown: Shown) -> Parameters:
        seen.append(shown)
        return Parameters(sure(shown.command), sure(shown.command), sure(shown.command), sure(shown.reference))

    found = measure_triplets(look, Bernoulli(), SPRITES, 20, generator(), CPU)
    triplets = sample_triplets(20, SPRITES, generator())
    (shown,) = seen
    assert torch.equal(shown.action, triplets.action)
    for name in ("reference", "command", "transformed"):
        assert torch.equal(getattr(shown, name), DSPRITES.observe(getattr(triplets, name)))
    assert found["command_iou"] == 1
    assert found["reference_iou"] < 0.9
    assert found["transformed_iou"] == found["unchanged_iou"] < 0.9


@pytest.mark.parametrize("name", ["paired", "scene", "paired-scene"])
def test_the_shipped_models_compose_by_algebra(name: str) -> None:
    """They know no composition task; what is drawn is nearer to the answer than the reference is."""
    found = measure_composition(load_model(name), SPRITES, 60, generator())
    assert found["transformed_iou"] > found["unchanged_iou"] + 0.1
    assert found["transformed_nats"] < found["unchanged_nats"] / 2
    assert found["reconstruction_iou"] > 0.8


def test_the_feature_of_the_command_takes_the_place_of_the_references() -> None:
    """So the vector is that of an object that has it, and the rest of the reference."""
    model, triplets = load_model("paired"), sample_triplets(8, SPRITES, generator())
    reference, command, right = (
        model.features(DSPRITES.observe(classes)) for classes in (triplets.reference, triplets.command, triplets.transformed)
    )
    own = torch.nn.functional.one_hot(triplets.action, 5).bool()[..., None]
    drawn = model.decode(model.scene(model.object(torch.where(own, command, reference))[:, None]))
    found = measure_composition(model, SPRITES, 8, generator())
    right = DSPRITES.observe(triplets.transformed)
    nats = torch.nn.functional.binary_cross_entropy(drawn.double(), right.double(), reduction="none").flatten(1).sum(1).mean()
    assert found["transformed_nats"] == pytest.approx(nats.item(), rel=1e-2)


def test_parts_without_triplets() -> None:
    one = replace(SPRITES, split=Split(test="shape == heart and scale == 5 and orientation == 3 and x == 4 and y == 5"))
    with error(NotInPartError, "no two combinations of the test part", "differ in one factor alone"):
        measure_composition(load_model("paired"), one, 3, generator())
