"""What a task of somebody else's measured becomes JSON, or a line that says which metric cannot."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from tasks.measured import as_metrics, mapped, numbers, without_nan
from tasks.memory import check_memory
from tasks.report import show
from tasks.symbolic.config import PairedConfig
from tasks.symbolic.stages import PAIRED as TASK
from tasks.training.processes import make_accelerator, means
from tests.helpers import error
from vsa.errors import DtypeError, RangeError

SMALL = PairedConfig(dim=32, encoder="conv-small", decoder="conv-small", steps=1, batch_size=8, evaluate=2, device="cpu")


def test_numbers_of_all_kinds_become_pythons() -> None:
    found = as_metrics(
        {
            "tensor": torch.tensor(0.5, requires_grad=True),
            "half": torch.tensor([0.5, 1.0], dtype=torch.bfloat16),
            "numpy": np.float64(0.25),
            "array": np.ones((2, 1), dtype=np.int32),
            "nested": {"list": [np.int64(3), (True, None, "text")]},
            "bool": np.bool_(True),
        }
    )
    assert found == {
        "tensor": 0.5,
        "half": [0.5, 1.0],
        "numpy": 0.25,
        "array": [[1], [1]],
        "nested": {"list": [3, [True, None, "text"]]},
        "bool": True,
    }
    assert json.loads(json.dumps(found)) == found
    assert type(found["numpy"]) is float


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([0.5], "evaluate must return a dictionary of metrics by name, got list"),
        (None, "evaluate must return a dictionary of metrics by name, got NoneType"),
        ({"iou": {"x": object()}}, "the metric 'iou, x' must be a number, a text, or a list or dictionary of these, got object"),
        ({"iou": 1j}, "the metric 'iou' must be a number"),
        ({"iou": {"x": {1: 0.5}}}, "metrics of 'iou, x' must have names, which are texts; got 1"),
        ({"iou": torch.tensor(1j)}, "the metric 'iou' must be a number"),
        ({"iou": np.array(["a"])}, "the metric 'iou' must be a number"),
        ({"iou": torch.zeros(2, device="meta")}, "the metric 'iou' must be a number"),
    ],
)
def test_what_is_no_metric_is_named(found: Any, message: str) -> None:
    with error(DtypeError, message):
        as_metrics(found)


def test_metrics_that_are_in_themselves_are_refused() -> None:
    endless: dict[str, Any] = {"iou": 0.5}
    endless["again"] = endless
    with error(DtypeError, "metrics must not be in themselves, or nested a thousand deep"):
        as_metrics(endless)


def test_texts_and_lists_are_kept_and_the_mean_is_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    accelerator = make_accelerator("cpu")
    monkeypatch.setattr(type(accelerator), "num_processes", 2)
    monkeypatch.setattr("tasks.training.processes.sums", lambda accelerator, *found: [2.0 * number for number in found])
    found = {"verdict": "good", "curve": [0.5, {"at": 1, "by": ["x", None]}], "whole": True}
    assert means(accelerator, found) == found


def test_what_is_no_number_is_null_and_said() -> None:
    found = without_nan({"iou": {"x": float("nan"), "y": [1.0, float("inf")]}, "left_out": {"z": "why"}})
    assert found == {
        "iou": {"x": None, "y": [1.0, None]},
        "left_out": {"z": "why", "iou, x": "it is nan", "iou, y": "it is inf"},
    }
    assert without_nan({"iou": 0.5}) == {"iou": 0.5}
    given = {"a": [1, {"b": 2.0}], "c": "text", "d": True}
    assert numbers(given) == [1, 2.0]
    assert mapped(given, lambda value, name: name) == {"a": ["a", {"b": "a, b"}], "c": "text", "d": True}


@pytest.mark.parametrize("wrong", [{"mine": object()}, "text"])
def test_metrics_that_json_cannot_hold_are_refused_before_the_training(wrong: Any, tmp_path: Path) -> None:
    own = replace(TASK, evaluate=lambda *given: wrong, figures={})
    with error(
        DtypeError, "mine" if isinstance(wrong, dict) else "evaluate must return a dictionary of metrics by name, got str"
    ):
        own.run(replace(SMALL, out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_metrics_of_all_kinds_are_stored_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = {
        "verdict": "good",
        "curve": [[0.5, "x"], None],
        "nothing": torch.tensor(float("nan")),
        "mine": np.float32(0.5),
        "by": {"x": torch.tensor([1, 2])},
    }
    result = replace(TASK, evaluate=lambda *given: dict(mine), figures={}).run(replace(SMALL, out=tmp_path))
    stored = json.loads((tmp_path / "metrics.json").read_text())
    assert stored == result.metrics
    assert (stored["verdict"], stored["curve"]) == ("good", [[0.5, "x"], None])
    assert (stored["nothing"], stored["mine"], stored["by"]) == (None, 0.5, {"x": [1, 2]})
    assert stored["left_out"] == {"nothing": "it is nan", "identifiable, nothing": "it is nan"}
    assert stored["identifiable"]["nothing"] is None
    show(result)
    assert "Not measured: nothing: it is nan" in capsys.readouterr().out


def test_errors_of_its_own_stay_what_they_are(tmp_path: Path) -> None:
    def fails(*given: Any) -> dict[str, Any]:
        raise ZeroDivisionError("its own")

    with pytest.raises(ZeroDivisionError, match="its own"):
        replace(TASK, evaluate=fails, figures={}).run(replace(SMALL, out=tmp_path / "run"))


@pytest.mark.parametrize(
    ("setting", "value", "what"),
    [
        ("dim", 10**9, "dim is 1,000,000,000: the feature vectors of the codebooks and of a batch alone would take "),
        (
            "evaluate",
            99_999_999_999,
            "evaluate is 99,999,999,999: the pictures alone would take 1,525,879 GiB, more than there is",
        ),
        ("batch_size", 10**10, "batch_size is 10,000,000,000: the pictures alone would take 152,588 GiB, more than there is"),
    ],
)
def test_what_no_machine_holds_is_refused_before_the_work(setting: str, value: int, what: str, tmp_path: Path) -> None:
    with error(RangeError, what):
        TASK.run(replace(SMALL, out=tmp_path / "run", **{setting: value}))
    assert not (tmp_path / "run").exists()


def test_a_measurement_of_too_many_pictures_is_refused() -> None:
    with error(RangeError, "evaluate is 99,999,999,999"):
        TASK.measure(TASK.build(SMALL).eval(), replace(SMALL, evaluate=99_999_999_999))
    check_memory("evaluate", 1, psutil.virtual_memory().total, "pictures")
