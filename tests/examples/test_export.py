"""The command that trains, measures and exports all three stages, with the smallest budget."""

from pathlib import Path

import pytest

from tasks import load_model
from tasks.command_line import status_of
from tests.examples.scripts import example


def test_it_writes_weights_figures_and_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = example("stages")
    monkeypatch.chdir(tmp_path)
    flags = ["--steps", "1", "--evaluate", "2", "--device", "cpu"]
    assert status_of(script.StagesConfig, script.stages, flags) == 0
    weights = sorted((tmp_path / "weights").iterdir())
    assert [path.name for path in weights] == ["paired-scene.safetensors", "paired.safetensors", "scene.safetensors"]
    page = (tmp_path / "docs" / "stages.md").read_text()
    for path in weights:
        assert path.stat().st_size <= 16 * 10**6
        metrics = load_model(path).provenance.metrics
        assert metrics["config"]["start"] == (None if path.stem == "paired" else "weights/paired.safetensors")
        assert load_model(path).roles.dim == 1024
        assert f"* **{path.stem}**: 1 steps" in page
    figures = {path.name for path in (tmp_path / "docs" / "stages").iterdir()}
    assert {"paired-edits.png", "paired-features.png", "scene-scenes.png", "paired-scene-swaps.png"} <= figures
    assert page.count("| missed |") > 10

    before = {path.name: path.read_bytes() for path in weights}
    again = ["--stages", "--measure", "--evaluate", "2", "--device", "cpu", "--page", "measured.md"]
    assert status_of(script.StagesConfig, script.stages, again) == 0
    measured = (tmp_path / "measured.md").read_text()
    for how in ("from the vector alone", "recomposed"):
        assert f"| paired-scene | one feature, {how}, worst feature, identifiable classes | 0.88 | 0." in measured
    assert measured.count("Controls: a disc of the right size in the right place has an IoU of 0.763") >= 3
    assert {path.name: path.read_bytes() for path in weights} == before, "nothing was trained"


def test_a_page_without_a_place_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "stages.md").write_text("prose without a place for tables")
    script = example("stages")
    monkeypatch.chdir(tmp_path)
    assert status_of(script.StagesConfig, script.stages, []) == 2
    assert capsys.readouterr().err.startswith("error: docs/stages.md must have one line <!-- table -->")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs"]
