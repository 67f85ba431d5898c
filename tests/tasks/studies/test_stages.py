from typing import Any

import pytest

from tasks.data.dsprites.factors import FEATURES
from tasks.studies.stages import GOALS, details, table

TOOK = {"steps": 7, "seconds": 120.0, "images_per_second": 50.0, "device": "cpu", "precision": "float32"}
CONFIG = {"batch_size": 64, "evaluate": 10, "start": "weights/paired.safetensors"}


def paired(value: float) -> dict[str, Any]:
    every = dict.fromkeys(FEATURES, value)
    keys = ("edit_iou", "edit_shown", "edit_shown_within_one", "read", "read_within_one", "read_edited", "read_edited_within_one")
    part = dict.fromkeys((*keys, "read_untouched", "read_untouched_within_one"), every)
    numbers: dict[str, Any] = dict.fromkeys(("reconstruction_iou", "reconstruction_document", "assembly_iou"), value)
    numbers["from_vector"] = {**dict.fromkeys(keys[:3], every), "assembly_iou": value}
    numbers["controls"] = {"disc_iou": 0.766, "neighbour_iou": 0.876}
    return {**part, **numbers, **TOOK, "config": CONFIG, "identifiable": {**part, **numbers}}


def scene(value: float) -> dict[str, Any]:
    drawn = dict.fromkeys(map(str, range(2, 6)), value)
    read = dict.fromkeys(map(str, range(2, 6)), dict.fromkeys(FEATURES, value))
    keys = ("reconstruction_iou", "reconstruction_document", "removed_iou", "added_iou")
    part = {**dict.fromkeys(keys, drawn), "read": read, "read_within_one": read}
    return {**part, **TOOK, "config": CONFIG, "identifiable": part}


@pytest.mark.parametrize(("value", "verdict", "other"), [(0.99, "yes", "missed"), (0.5, "missed", "yes")])
def test_the_table_holds_every_goal_beside_what_was_reached(value: float, verdict: str, other: str) -> None:
    text = table([("paired", paired(value)), ("scene", scene(value)), ("paired-scene", paired(value))], "python x.py")
    assert text.count(f"| {value:.3f} | {verdict} |") == sum(map(len, GOALS.values()))
    assert f"| {other} |" not in text
    assert "7 steps of 64 targets in 2 minutes on cpu in float32, 50 images/s, started from paired.safetensors" in text
    assert "`python x.py`" in text


def test_a_goal_is_as_good_as_its_worst_feature() -> None:
    metrics = paired(0.99)
    metrics["identifiable"]["edit_iou"] = dict.fromkeys(FEATURES, 0.99) | {"y": 0.1}
    assert "| 0.100 | missed |" in table([("paired", metrics)], "")


def test_the_table_says_which_edit_is_which_and_has_the_controls() -> None:
    text = table([("paired", paired(0.99))], "")
    assert "| paired | one feature, from the vector alone, worst feature, identifiable classes | 0.92 | 0.990 | yes |" in text
    assert "| paired | one feature, recomposed, worst feature, identifiable classes | 0.92 | 0.990 | yes |" in text
    assert "*From the vector alone*: what unbinding and cleanup find" in text
    assert "Controls: a disc of the right size in the right place has an IoU of 0.766" in text


def test_weights_that_were_measured_before_there_were_such_edits() -> None:
    metrics = paired(0.99)
    for part in (metrics, metrics["identifiable"]):
        del part["from_vector"], part["controls"]
    text = table([("paired", metrics)], "") + details([("paired", metrics)])
    assert "| paired | one feature, recomposed, worst feature, identifiable classes | 0.92 | 0.990 | yes |" in text
    assert "from the vector alone, worst" not in text


def test_the_details_hold_all_numbers() -> None:
    text = details([("paired", paired(0.123)), ("scene", scene(0.456))])
    assert text.count("0.123") == 2 * (4 + 12 * 5)
    assert text.count("a disc of the right size in the right place has an IoU of 0.766") == 2
    assert text.count("0.456") == 2 * (4 * 4 + 10 * 4)
