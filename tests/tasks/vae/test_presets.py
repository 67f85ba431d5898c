"""The methods of the source document: trained, stopped, resumed, measured, saved and loaded, on pictures of another kind too."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks import load_model
from tasks.data.population import Population
from tasks.data.schemes import Batch
from tasks.training.signals import Interrupted
from tasks.vae.config import VAEConfig
from tasks.vae.model import VAE
from tasks.vae.task import TASK, VAETask
from vsa.command_line import status_of as vsa

PRESETS = ("wae", "information-cascade", "cascade-vae", "lie-group-vae")

SMALL: dict[str, Any] = {"batch_size": 8, "evaluate": 4, "samples": 0, "latents": 4, "device": "cpu", "steps": 6, "checkpoint": 0}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_stopped_resumed_measured_saved_and_loaded(
    preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(VAEConfig.named(preset), **SMALL, encoder="conv-small", decoder="conv-small", dataset="circles")
    calm = TASK.learn(config)[0].state_dict()
    draw, stopped = VAETask.batch, list[int]()

    def stopping(task: VAETask, config: VAEConfig, population: Population, number: int) -> Batch:
        if number == 3 and not stopped:
            stopped.append(number)
            os.kill(os.getpid(), signal.SIGTERM)
        return draw(task, config, population, number)

    monkeypatch.setattr(VAETask, "batch", stopping)
    folder = tmp_path / "run"
    with pytest.raises(Interrupted):
        TASK.run(replace(config, out=folder))
    assert stopped == [3]
    result = TASK.run(replace(config, out=folder, resume=True))
    for name, weight in result.model.state_dict().items():
        assert torch.equal(weight, calm[name]), name
    assert result.metrics["steps"] == 6
    assert set(result.metrics["kl_of"]) == {"z0", "z1", "z2", "z3"}
    assert {"reconstructions.png", "traversals.png", "loss.png"} <= {path.name for path in folder.iterdir()}
    saved = tmp_path / "saved"
    result.model.save_pretrained(saved)
    pictures = torch.rand(3, 3, 64, 64)
    codes = result.model.codes(pictures)
    for read in (load_model(folder), VAE.from_pretrained(saved)):
        assert type(read) is type(result.model)
        assert torch.equal(read.codes(pictures), codes)
        assert torch.equal(read.decode(codes), result.model.decode(codes))
    assert vsa(["evaluate", str(folder), "--device", "cpu"]) == 0


@pytest.mark.parametrize("preset", PRESETS[2:3])
def test_the_codes_of_a_preset_have_metrics_of_disentanglement(preset: str) -> None:
    config = replace(VAEConfig.named(preset), **SMALL | {"samples": 500}, encoder="conv-small", decoder="conv-small")
    model = TASK.build(config).eval()
    found = TASK.measured(model, config, "test", 0)["disentanglement"]
    assert len(found) == 17
    assert all(isinstance(score, float) for score in found.values())


def test_the_settings_of_the_tables_of_2021_can_be_given() -> None:
    assert VAEConfig.named("factor-vae").gamma == 20.0
    for settings in (replace(VAEConfig.named("factor-vae"), gamma=100.0), replace(VAEConfig.named("beta-vae"), beta=8.0)):
        settings.check()
        config = replace(settings, **SMALL | {"steps": 2}, encoder="conv-small", decoder="conv-small")
        assert all(weight.isfinite().all() for weight in TASK.learn(config)[0].parameters())
