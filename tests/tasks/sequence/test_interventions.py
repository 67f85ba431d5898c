import pytest
import torch

from tasks.sequence.factor_codes import Codes, TrueClasses, encode_classes, sample_codes
from tasks.sequence.interventions import (
    Tried,
    intervention_score,
    measure_donors,
    measure_parts,
    measure_subsets,
    reconstructed,
)
from tests.tasks.sequence.lamps import ALL, LAMPS, BothColours, Flickering, MovedColour, OneNumber, generator

CHANCE = torch.tensor([1 / 3, 1 / 4, 1 / 3])
EYE = torch.eye(3, dtype=torch.bool)
ONES = {"colour": 1.0, "row": 1.0, "path": 1.0}


def tried(model: TrueClasses, n: int = 600) -> Tried:
    classes = ALL.sample(n, generator(1))
    codes = encode_classes(model.encode, classes, LAMPS)
    return Tried(model, LAMPS, codes, classes, CHANCE, LAMPS.nearest, LAMPS.given.nearest_frames)


def near(wanted: dict[str, float]) -> object:
    return pytest.approx(wanted, abs=0.06)


BY_CHANCE = {"colour": 1 / 3, "row": 1 / 4, "path": 1 / 3}


@pytest.mark.parametrize("way", ["swap", "sample"])
def test_true_classes_are_kept_and_exchanged(way: str) -> None:
    given = tried(TrueClasses(LAMPS))
    assert reconstructed(given) == ONES
    other = given.codes.rolled() if way == "swap" else sample_codes(given.model, 600, LAMPS, generator(2))
    whose = given.classes.roll(-1, 0) if way == "swap" else None
    for found in (measure_parts(given, other), measure_subsets(given, other, EYE, whose)):
        assert found["kept"] == ONES
        assert found["exchanged"] == near(BY_CHANCE)
        assert found["score"] == pytest.approx(1, abs=0.03)
        assert all(found[name] == 1 for name in found if "consistency" in name)
    assert ("consistency" in found) == (way == "swap")
    assert ("local_consistency" in found) == (way == "sample")


def test_who_gives_what_is_seen_where_donors_differ() -> None:
    found = measure_donors(tried(TrueClasses(LAMPS)))
    assert found == {
        "follows_content": {"colour": 1, "row": 1, "path": 0},
        "follows_motion": {"colour": 0, "row": 0, "path": 1},
    }
    found = measure_donors(tried(MovedColour()))
    assert found["follows_motion"] == {"colour": 1, "row": 0, "path": 1}
    alike = tried(TrueClasses(LAMPS))
    alike.classes[:, 1] = 0
    assert measure_donors(alike)["follows_content"].keys() == {"colour", "path"}


def test_a_colour_in_the_motion_is_lost_with_it() -> None:
    given = tried(MovedColour())
    found = measure_parts(given, given.codes.rolled())
    assert found["kept"] == near(ONES | {"colour": 1 / 3})
    assert found["exchanged"] == near(BY_CHANCE | {"colour": 1})
    assert found["score"] == pytest.approx(1 - (2 / 3 / 3 + 2 / 3 / 3) / 2, abs=0.03)
    # As a channel of its own it can still be kept alone.
    channels = torch.tensor([[False, True, False], [True, False, False], [False, False, True]])
    assert measure_subsets(given, given.codes.rolled(), channels)["score"] == pytest.approx(1, abs=0.03)


def test_a_colour_that_is_coded_twice_and_drawn_once_is_exchanged_well() -> None:
    given = tried(BothColours())
    assert measure_parts(given, given.codes.rolled())["score"] == pytest.approx(1, abs=0.03)


def test_a_factor_without_channels_is_wrong_throughout() -> None:
    given = tried(OneNumber())
    subsets = torch.tensor([[True, False], [False, False], [False, True]])
    found = measure_subsets(given, given.codes.rolled(), subsets, given.classes.roll(-1, 0))
    assert found["kept"] == {"colour": 1, "path": 1}
    assert found["exchanged"] == near({"colour": 1 / 3, "row": (1 + 1 / 4) / 2, "path": 1 / 3})
    on, off = 1 / 3, (1 + 1 + 3 / 4) / 6
    assert found["score"] == pytest.approx(1 - (on + off) / 2, abs=0.03)
    # Colour: its own and the missing factor's row. Row: right with the colour's channel by chance alone, and 0 for itself.
    assert found["consistency"] == pytest.approx((1 + (1 / 4 + 0) / 2) / 2, abs=0.03)


def test_frames_that_flicker_are_seen() -> None:
    given = tried(Flickering(), 100)
    sampled = sample_codes(given.model, 100, LAMPS, generator(3))
    found = measure_subsets(given, sampled, EYE)
    assert found["global_consistency"] == pytest.approx((3 / 4 + 1) / 2)
    assert found["local_consistency"] == pytest.approx((2 / 3 + 1) / 2)
    found = measure_subsets(given, given.codes.rolled(), EYE, given.classes.roll(-1, 0))
    assert found["consistency"] == pytest.approx((3 / 4 + 1) / 2)


def test_without_a_judge_of_frames_nothing_is_said_of_them() -> None:
    given = tried(TrueClasses(LAMPS), 20)
    given = Tried(given.model, LAMPS, given.codes, given.classes, CHANCE, LAMPS.nearest)
    assert measure_subsets(given, given.codes.rolled(), EYE).keys() == {"score", "kept", "exchanged"}


def test_the_score_counts_what_is_kept_as_much_as_what_is_exchanged() -> None:
    chance = torch.tensor([0.5, 0.2, 0.2])
    perfect = torch.where(EYE, 1.0, chance)
    assert intervention_score(perfect, EYE, chance) == 1
    assert intervention_score(chance.expand(3, 3), EYE, chance) == pytest.approx(1 - (0.5 + 0.8 + 0.8) / 6)
    assert intervention_score(torch.ones(3, 3), EYE, chance) == pytest.approx(1 - (0.5 + 0.8 + 0.8) / 6)
    missing = perfect.clone()
    missing[1] = torch.nan
    assert intervention_score(missing, EYE, chance) == pytest.approx(1 - (1 / 3 + 2 / 6) / 2)
    assert intervention_score(torch.full((3, 3), torch.nan), EYE, chance) == 0


def test_many_codes_are_drawn_and_judged_in_parts() -> None:
    given = tried(TrueClasses(LAMPS), 130)
    codes = Codes(given.codes.content, given.codes.motion)
    assert torch.equal(given.shown(codes), given.classes)
    seen, frames = given.shown_with_frames(codes)
    assert torch.equal(seen, given.classes)
    assert torch.equal(frames[:, 2, :2], given.classes[:, :2])
