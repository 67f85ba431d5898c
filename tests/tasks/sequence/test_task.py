"""The task of the sequential autoencoder, on the procedural cast."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks import load_model
from tasks.sequence.config import SequenceConfig
from tasks.sequence.losses import agreement
from tasks.sequence.model import SequentialAutoencoder
from tasks.sequence.schemes import SCHEMES
from tasks.sequence.task import TASK
from tasks.symbolic.losses import kl_divergence
from tasks.task import population_of
from tests.helpers import as_a_user, error
from tests.tasks.learning import check_two_steps
from tests.tasks.sequence.settings import NETWORKS, small
from vsa.command_line import status_of as vsa
from vsa.errors import RangeError, ShapeError


@pytest.mark.parametrize("objective", SCHEMES)
def test_every_objective_changes_all_weights_and_the_same_seed_gives_the_same(objective: str) -> None:
    check_two_steps(TASK, small(objective=objective, deviations=objective == "elbo"))


def test_the_presets_are_the_models_of_the_document_and_of_its_successors() -> None:
    named = {name: SequenceConfig.named(name) for name in ("default", *SequenceConfig.PRESETS)}
    assert {config.motion for name, config in named.items() if name != "deviation"} == {32}
    assert {name: config.content for name, config in named.items() if config.content != 32} == {"document-256": 256}
    assert [named[name].beta for name in ("default", "document", "beta-6", "beta-150")] == [1, 1, 6, 150]
    assert {name: config.objective for name, config in named.items() if config.objective != "elbo"} == {
        "default": "views",
        "contrast": "contrast",
        "donors": "donors",
    }
    assert {config.deviation for config in named.values()} == {1.0}


def test_the_loss_is_the_error_of_clips_and_both_kl_terms() -> None:
    config = small(objective="elbo", beta=0.0)
    model, batch = TASK.build(config), TASK.batch(config, population_of(config, "train"), 0)
    made = model(batch.pictures, batch.sources[:, 0], noise=batch.noise)
    error_of = 0.5 * (made.parameters.sigmoid() - batch.targets).square().sum() / 3
    used = made.used
    stays = kl_divergence(used.content, used.content_logvar)
    moves = made.kl.mean()
    for beta, twice in ((0.0, 1.0), (3.0, 1.0), (3.0, 2.0)):
        found = TASK.loss(replace(config, beta=beta, content_beta=twice), model, batch, 0.5).item()
        assert found == pytest.approx((error_of + beta * (twice * stays + moves)).item(), rel=1e-5)


def test_the_contrast_is_of_a_clip_with_the_view_that_tells_the_same() -> None:
    config = small(objective="contrast", contrast=0.0)
    model, batch = TASK.build(config), TASK.batch(config, population_of(config, "train"), 0)
    content, _, motion, _ = model(batch.pictures, batch.sources[:, 0], noise=batch.noise).posterior
    right = agreement(content[:3], content[3:6]) + agreement(motion[:3].flatten(1), motion[6:].flatten(1))
    without, with_it = (TASK.loss(replace(config, contrast=by), model, batch, 0.5).item() for by in (0.0, 10.0))
    assert with_it - without == pytest.approx(10 * right.item(), rel=1e-4)


def test_donors_share_what_stays_or_what_moves_with_the_target_and_are_trained_on() -> None:
    config = small(objective="donors", batch_size=20)
    population = population_of(config, "train")
    batch = TASK.batch(config, population, 0)
    assert population.accept(batch.values).all()
    content, motion = (batch.values[rows] for rows in batch.sources[:, 0].unbind(1))
    right = torch.cat([content[:, :4], motion[:, 4:]], 1)
    assert population.observe(right).float().equal(batch.targets)
    assert (content[:, 4] != motion[:, 4]).any()
    assert (content[:, :4] != motion[:, :4]).any()


def test_what_cannot_be_is_refused_in_one_line() -> None:
    with error(ShapeError, "clips [T, C, H, W] are wanted here, and an observation of dsprites is [1, 64, 64], a picture"):
        TASK.build(small(dataset="dsprites", split=None))
    with error(RangeError, "batch_size must be at least 2 for this objective"):
        small(objective="contrast", batch_size=1).check()
    with error(RangeError, "width must be even, got 15"):
        small(width=15).check()
    with error(RangeError, "temperature must be above 0, got 0"):
        small(temperature=0.0).check()
    with error(RangeError, "preset must be one of default, document"):
        SequenceConfig.named("documents")


def test_clips_that_are_none_of_the_models_are_refused_in_one_line() -> None:
    model = TASK.build(small()).eval()
    with error(ShapeError, "[B, 8, 3, 64, 64], got [1, 5, 3, 64, 64]"):
        model.encode(torch.zeros(1, 5, 3, 64, 64))
    with error(ShapeError, "[B, 8, 3, 64, 64], got [1, 8, 1, 64, 64]"):
        model.encode(torch.zeros(1, 8, 1, 64, 64))
    with error(ShapeError, "[B, 8, 3, 64, 64], got [1, 8, 3, 32, 32]"):
        model.encode(torch.zeros(1, 8, 3, 32, 32))
    with error(RangeError, "from 0 to 1"):
        model.encode(torch.full((1, 8, 3, 64, 64), -1.0))
    seen = torch.randint(256, (2, 8, 3, 64, 64), dtype=torch.uint8)
    with torch.no_grad():
        for found, right in zip(model.encode(seen), model.encode(seen.float() / 255), strict=True):
            torch.testing.assert_close(found, right)


def test_a_run_writes_figures_and_numbers_and_its_model_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = TASK.run(small(out=tmp_path))
    metrics = result.metrics
    assert set(metrics["kl"]) == {"content", "motion"}
    assert metrics["swap_control"] > 0 < metrics["mean_error"]
    assert 0 < metrics["reconstruction_error"] < 1 > metrics["swap_error"] > 0
    assert {"reconstructions.png", "swaps.png", "samples.png", "loss.png"} <= {path.name for path in tmp_path.iterdir()}
    clips, saved = torch.rand(2, 8, 3, 64, 64), tmp_path / "saved"
    result.model.save_pretrained(saved)
    for model in (load_model(tmp_path), SequentialAutoencoder.from_pretrained(saved)):
        with torch.no_grad():
            assert all(a.equal(b) for a, b in zip(model.encode(clips), result.model.encode(clips), strict=True))
    (code,) = re.findall(r"```python\n(.*?)```", (saved / "README.md").read_text(), re.S)
    monkeypatch.chdir(saved)
    session: dict[str, Any] = {}
    with as_a_user():
        exec(code, session)
    assert session["swapped"].shape == (2, 8, 3, 64, 64)


def test_it_is_trained_resumed_and_measured_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "run")
    command = ["train", "sequence", *NETWORKS, "--batch-size", "3", "--evaluate", "4", "--device", "cpu", "--out", out]
    assert vsa([*command, "--steps", "2"]) == 0
    assert vsa([*command, "--steps", "3", "--resume"]) == 0
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["steps"] == 3
    capsys.readouterr()
    assert vsa([*command, "--steps", "1", "--start-over", "--test", "skin == moss", "--split", "characters"]) == 2
    assert "--split says what is held out, and so do --test and --validation" in capsys.readouterr().err
    for words in (["--test", "skin == moss"], ["--test", "skin == moss", "--split", "None"]):
        assert vsa([*command, "--steps", "1", "--start-over", *words]) == 0
        stored = json.loads((tmp_path / "run" / "config.json").read_text())["config"]
        assert (stored["split"], stored["test"]) == (None, "skin == moss")
    capsys.readouterr()
    assert vsa(["evaluate", out, "--device", "cpu"]) == 0
    assert "swap error" in capsys.readouterr().out.replace("_", " ")
