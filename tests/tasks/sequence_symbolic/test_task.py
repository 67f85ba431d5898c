import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tasks import load_model
from tasks.data import Dataset, Population, Split
from tasks.sequence_symbolic.config import SequenceSymbolicConfig
from tasks.sequence_symbolic.measure import EDITED, measure_clips, measure_controls
from tasks.sequence_symbolic.task import TASK
from tasks.symbolic.config import PairedConfig
from tasks.symbolic.model import SceneModel
from tasks.symbolic.stages import PAIRED
from tests.helpers import as_a_user, error
from tests.tasks.learning import check_two_steps
from tests.tasks.sequence_symbolic.walkers import Walkers, tiny
from vsa.errors import DtypeError, InputError, RangeError, ShapeError, SymbolError

FACTORS = ("colour", "row", "motion")


def config(**settings: Any) -> SequenceSymbolicConfig:
    return SequenceSymbolicConfig(**tiny(**settings))


@pytest.fixture(scope="module")
def learnt() -> SceneModel:
    model, _ = TASK.learn(config(steps=120, batch_size=32, dim=256, encoder=f"{__name__}:encoder", decoder=f"{__name__}:decoder"))
    return model


def encoder(image: Any, features: int, dim: int) -> torch.nn.Module:
    from encoders.clip import ClipEncoder

    return ClipEncoder(image, features, dim, channels=(8, 16), hidden=32, moving=8)


def decoder(dim: int, image: Any, features: int) -> torch.nn.Module:
    from decoders.clip import ClipDecoder

    return ClipDecoder(dim, image, features, channels=(32, 32, 16), hidden=128)


def test_two_steps() -> None:
    check_two_steps(TASK, config())


def test_it_learns_clips_that_are_read_and_edited(learnt: SceneModel) -> None:
    population = Population(Dataset(Walkers()), "test")
    found = measure_clips(learnt, population, 20, torch.Generator().manual_seed(0))
    assert found["read_all"] > 0.8
    without = found["without_model"]
    assert found["reconstruction_error"] < 0.8 * without["mean_error"], "they learn more than the best constant clip"
    for name in found["edit_error"]:
        assert found["edit_error"][name] < 0.8 * without["unedited_error"][name]
        assert found["codebook_error"][name] < 0.8 * without["unedited_error"][name]
        assert found["read_edited"][name] > 0.8


def test_a_run_on_the_cast_writes_what_it_says(tmp_path: Path) -> None:
    result = TASK.run(SequenceSymbolicConfig(steps=1, batch_size=4, dim=64, evaluate=2, device="cpu", out=tmp_path / "run"))
    assert {"metrics.json", "edits.png", "loss.png", "model.safetensors"} <= {path.name for path in result.folder.iterdir()}
    metrics = json.loads((result.folder / "metrics.json").read_text())
    features = {"skin", "pants", "top", "hair", "motion"}
    assert all(set(metrics[name]) == features for name in (*EDITED, "read"))
    assert set(metrics["without_model"]) == {"unedited_error", "mean_error", "neighbour_error"}
    clips = torch.randint(256, (2, 8, 3, 64, 64), dtype=torch.uint8)
    model = load_model(result.folder)
    vectors = model.object(model.features(clips))
    assert vectors.shape == (2, 64)
    torch.testing.assert_close(model.features(clips.float() / 255), model.features(clips))
    assert model.read(vectors).shape == (2, 5)
    drawn = model.decode(model.edit(vectors, 0, "hair", new=model.prototype("hair", torch.tensor([3, 4]))))
    assert drawn.shape == (2, 8, 3, 64, 64)
    assert 0 <= drawn.min() <= drawn.max() <= 1
    model.save_pretrained(tmp_path / "saved")
    page = (tmp_path / "saved" / "README.md").read_text()
    assert "Clips of one object as one vector of 64 numbers" in page
    assert "`vsa edit .`" not in page


def test_a_model_of_published_sheets_is_built_without_them() -> None:
    model = TASK.build(SequenceSymbolicConfig(dataset="lpc", dim=64))
    assert (model.image, list(model.roles)) == ((8, 3, 64, 64), ["skin", "pants", "top", "hair", "motion"])
    restored = TASK.restore(SequenceSymbolicConfig(dataset="lpc", dim=64), model.state_dict())
    assert torch.equal(restored.roles.vectors, model.roles.vectors)
    with error(InputError, "lpc is composed of published sheets"):
        TASK.learn(SequenceSymbolicConfig(dataset="lpc", dim=64))


REFUSED: list[tuple[Any, type, str]] = [
    (torch.zeros(2, 6, 3, 16, 16), ShapeError, "clips must be [B, 4, 3, 16, 16], got [2, 6, 3, 16, 16]"),
    (torch.zeros(2, 4, 3, 16, 20), ShapeError, "clips must be [B, 4, 3, 16, 16], got [2, 4, 3, 16, 20]"),
    (torch.zeros(2, 4, 1, 16, 16), ShapeError, "clips must be [B, 4, 3, 16, 16], got [2, 4, 1, 16, 16]"),
    (torch.zeros(4, 3, 16, 16), ShapeError, "got [4, 3, 16, 16]; one clip is a batch of one: clips[None]"),
    (torch.zeros(2, 4, 16, 16, 3), ShapeError, "the channels come last: use numpy's transpose(0, 1, 4, 2, 3)"),
    (torch.zeros(2, 3, 4, 16, 16), ShapeError, "the frames come after the channels: use numpy's swapaxes(1, 2)"),
    (torch.zeros(2, 4, 3, 16, 16) + 2, RangeError, "clips must have values from 0 to 1, got 2 to 2; if 255 is white"),
    (torch.zeros(2, 4, 3, 16, 16) * torch.nan, RangeError, "clips must have values from 0 to 1, got NaN"),
    (torch.zeros(2, 4, 3, 16, 16) + 0j, DtypeError, "clips must be real numbers from 0 to 1"),
    ("clips", DtypeError, "clips must be a tensor or an array [B, T, C, H, W], got str"),
    (np.zeros((2, 4, 3, 16, 16), dtype=object), DtypeError, "clips must be real numbers, got an array of object"),
]


@pytest.mark.parametrize(("given", "kind", "said"), REFUSED, ids=range(len(REFUSED)))
def test_clips_that_are_none(learnt: SceneModel, given: Any, kind: type, said: str) -> None:
    with as_a_user(), error(kind, said):
        learnt.features(given)


def test_clips_are_resized_if_that_is_asked_for(learnt: SceneModel) -> None:
    clips = torch.rand(2, 4, 1, 20, 24)
    assert learnt.features(clips, prepare=True).shape == (2, 3, 256)
    assert learnt.features(clips[:0], prepare=True).shape == (0, 3, 256)
    with as_a_user(), error(ShapeError, "clips must be [B, 4, 3, 16, 16], got [2, 3, 1, 20, 24]"):
        learnt.features(clips[:, :3], prepare=True)


def test_a_factor_that_there_is_none_of(learnt: SceneModel) -> None:
    with as_a_user(), error(SymbolError, "there is no feature 'row_'; did you mean 'row'"):
        learnt.prototype("row_", torch.tensor([0]))


def test_pictures_and_clips_are_told_apart_before_any_work() -> None:
    with error(ShapeError, "clips [T, C, H, W] are wanted here, and an observation of simple is [3, 64, 64], a picture"):
        TASK.build(config(dataset="simple"))
    with error(ShapeError, "pictures [C, H, W] are wanted here"):
        PAIRED.build(PairedConfig(dataset="cast"))


def test_controls_are_of_clips_that_were_trained_on() -> None:
    dataset = Dataset(Walkers())
    population = Population(dataset, "test", Split(test="colour == red and row == 0", validation=""))
    found = measure_controls(population, 5, torch.Generator().manual_seed(0))
    red, other = (dataset.observe(torch.tensor([[colour, 0, 0]])) for colour in (0, 3))
    # Red differs from white in two of three channels, as from green and blue, and from another row in more pixels.
    assert found["neighbour_error"] == pytest.approx((red - other).square().mean().item())
    far = Population(dataset, "test", Split(test="not (colour == red and row == 0)", validation=""))
    far = Population(dataset, "test", far.split, (torch.tensor([1]), torch.tensor([1]), torch.tensor([0, 1, 2])))
    assert set(measure_controls(far, 3, torch.Generator().manual_seed(0))) == {"mean_error"}, "none is one factor away"
