import dataclasses
import json
import subprocess
import sys
from typing import Any

import pytest

from tasks.symbolic.config import PairedSceneConfig
from tests.conftest import ROOT
from tests.helpers import error
from vsa.errors import RangeError


def test_three_minutes_where_no_budget_is_named() -> None:
    assert PairedSceneConfig().limits() == (None, 180)
    assert PairedSceneConfig(steps=5).limits() == (5, None)
    assert PairedSceneConfig(minutes=1, steps=5).limits() == (5, 60)
    assert PairedSceneConfig.named("document").limits() == (None, 180)


def test_it_is_frozen_and_json_can_hold_it() -> None:
    config = PairedSceneConfig(seed=3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 4  # pyright: ignore[reportAttributeAccessIssue]
    assert json.loads(json.dumps(config.as_json()))["seed"] == 3
    assert PairedSceneConfig.from_json(json.loads(json.dumps(config.as_json()))) == config


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("minutes", 0, "above 0"),
        ("minutes", -1.0, "above 0"),
        ("minutes", float("nan"), "above 0"),
        ("minutes", float("inf"), "above 0"),
        ("steps", 0, "at least 1"),
        ("batch_size", 0, "at least 1"),
        ("dim", 0, "at least 1"),
        ("seed", -1, "from 0 to 2^63 - 1"),
        ("kl", -0.1, "at least 0"),
        ("learning_rate", 0, "above 0"),
        ("evaluate", 0, "at least 1"),
    ],
)
def test_values_out_of_range(name: str, value: Any, allowed: str) -> None:
    with error(RangeError, f"{name} must be {allowed}, got {value}"):
        PairedSceneConfig(**{name: value}).check()


def test_reading_a_configuration_imports_nothing_heavy() -> None:
    code = "import sys, tasks.config, tasks.command_line; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
