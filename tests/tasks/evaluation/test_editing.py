"""Edits from the scene's vector alone beside the recomposition, and what a part of a split does not allow for."""

from functools import cache
from typing import Any

import pytest
import torch

from tasks import load_model
from tasks.data.dsprites.factors import FEATURES
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.overlap import iou
from tasks.data.population import Population
from tasks.data.split import Split
from tasks.evaluation.counterfactuals import draw, edit_by_algebra, edit_from_vector, sample_edits
from tasks.evaluation.editing import measure_edits
from tasks.evaluation.reading import measure_reading
from tasks.symbolic.model import SceneModel
from tests.helpers import error
from vsa.errors import RangeError, SymbolError, VSAError

ONE = "shape == heart and scale == 5 and orientation == 3 and x == 4 and y == 5"


@cache
def model(name: str) -> SceneModel:
    return load_model(name)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def part(test: str) -> Population:
    return Population(DSPRITES, "test", split=Split(test=test))


@pytest.mark.parametrize(("name", "others"), [("paired", 0), ("paired-scene", 1)])
def test_the_shipped_models_edit_from_the_vector_alone(name: str, others: int) -> None:
    found = measure_edits(model(name), others, Population(DSPRITES, "test"), 30, generator())
    alone = found["from_vector"]
    assert set(alone["edit_iou"]) == set(FEATURES)
    for feature in FEATURES:
        assert alone["edit_iou"][feature] > found["edit_iou"][feature] - 0.03
    assert min(alone["edit_shown"][feature] for feature in ("shape", "scale", "x", "y")) >= 0.9
    assert alone["edit_shown"]["orientation"] >= 0.7
    assert alone["assembly_iou"] > 0.9
    assert "left_out" not in found
    assert "across_parts" not in found


def test_what_is_found_is_a_vector_of_the_codebook() -> None:
    one = model("paired")
    edits = sample_edits(12, (1,), 0, Population(DSPRITES, "test"), generator())
    before, _ = edit_by_algebra(one, edits)
    with torch.inference_mode():
        found = one.find(before, 0, "scale")
        assert torch.equal(found, one.codebooks[1].get_buffer("vectors")[one.read(before)[:, 1]])
        again = one.edit(before, 0, "scale", old=found, new=found)
        torch.testing.assert_close(again, before)
        emptied = one.edit(before, 0, "scale", new=found * 0)
        torch.testing.assert_close(emptied, one.edit(before, 0, "scale", old=found, new=found * 0))
    after = draw(one, edit_from_vector(one, edits, before)) > 0.5
    assert iou(after, edits.truths()[:, 0].bool()).mean() > 0.9


def test_without_codebooks_nothing_is_found() -> None:
    one = model("paired")
    bare = SceneModel(one.encoder, one.decoder, one.roles, one.slots).eval()
    x = torch.zeros(1, bare.dim)
    with error(VSAError, "this model has no codebooks to read with"):
        bare.edit(x, 0, "shape", new=x)
    with error(SymbolError, "no symbol 'z'"):
        one.find(x, 0, "z")
    with error(RangeError, "slot must be from 0 to 0, got 1"):
        one.find(x, 1, "x")
    assert "from_vector" not in measure_edits(bare, 0, Population(DSPRITES, "test"), 2, generator())


@pytest.mark.parametrize(
    ("test", "left_out", "across"),
    [
        ("shape == heart and x < 8", [], [*FEATURES, "assembly"]),
        (ONE, [], [*FEATURES, "assembly"]),
        ("shape != square", [], []),
    ],
)
def test_objects_that_cannot_be_exchanged_inside_come_from_all_parts(test: str, left_out: list[str], across: list[str]) -> None:
    found: dict[str, Any] = measure_edits(model("paired-scene"), 1, part(test), 3, generator())
    found |= measure_reading(model("paired-scene"), 1, part(test), 3, generator())
    assert list(found.get("left_out", {})) == left_out
    assert found.get("across_parts", []) == across
    measured = [name for name in FEATURES if name not in left_out]
    for group in (found, found["from_vector"]):
        assert list(group["edit_iou"]) == list(group["edit_shown"]) == measured
        assert ("assembly_iou" in group) == ("assembly" not in left_out)
    assert list(found["read_edited"]) == measured
    assert list(found["read"]) == list(FEATURES)
    assert found["reconstruction_iou"] > 0.9
    assert all(why.startswith("no two combinations of the test part differ in ") for why in found.get("left_out", {}).values())
