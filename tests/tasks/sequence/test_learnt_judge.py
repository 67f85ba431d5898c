"""The learnt judge, trained on clips small enough."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tasks.data import Dataset, Population
from tasks.data.circles import Circles
from tasks.data.factor import Factor
from tasks.data.split import Split
from tasks.sequence.learnt_judge import KIND, WIDTHS, LearntJudge, degrade, load_judge, train_judge
from tests.helpers import error
from vsa import tensor_file
from vsa.errors import DtypeError, InputError, RangeError, ShapeError


class Blocks:
    """A block of one of three colours and two heights, which goes to one of two sides."""

    name = "blocks"
    factors = (
        Factor("colour", range(3), ordered=False),
        Factor("height", (3, 6)),
        Factor("way", ("right", "left"), ordered=False),
    )
    shape = (3, 3, 8, 8)

    def observe(self, classes: Tensor) -> Tensor:
        clips = torch.zeros(len(classes), *self.shape, dtype=torch.uint8)
        for clip, (colour, height, way) in zip(clips, classes.tolist(), strict=True):
            for t in range(3):
                x = 2 * t if way == 0 else 4 - 2 * t
                clip[t, colour, : (3, 6)[height], x : x + 3] = 200
        return clips

    def canonical(self, classes: Tensor) -> Tensor:
        return classes


BLOCKS = Dataset(Blocks())
EVERY = torch.cartesian_prod(torch.arange(3), torch.arange(2), torch.arange(2))
TRAINED_ON = Population(BLOCKS, split=Split("", ""))


@pytest.fixture(scope="module")
def judge() -> LearntJudge:
    return train_judge(TRAINED_ON, 100, rate=3e-3, channels=(8, 16), said=16, hidden=16)


def test_it_learns_every_factor_of_true_and_of_blurred_clips(judge: LearntJudge) -> None:
    clips = BLOCKS.observe(EVERY)
    for seen in (clips, degrade(clips, torch.Generator().manual_seed(0))):
        found = judge.read(seen)
        assert list(found) == ["colour", "height", "way"] == list(judge.features)
        assert all(torch.equal(found[name], EVERY[:, f]) for f, name in enumerate(BLOCKS.features))
    said = judge.probabilities(BLOCKS.observe(EVERY), "colour")["colour"]
    assert said.dtype == torch.float64
    assert torch.allclose(said.sum(1), torch.ones(len(EVERY), dtype=torch.float64))


def test_it_judges_clips_of_eight_bits_alike_and_any_number_at_once(judge: LearntJudge) -> None:
    clips = BLOCKS.observe(EVERY)
    eight = judge.probabilities((clips * 255).round().byte())
    assert all(torch.allclose(found, eight[name], atol=1e-5) for name, found in judge.probabilities(clips).items())
    assert judge.read(clips[:0])["way"].shape == (0,)


def test_the_same_seed_learns_the_same_and_another_one_does_not() -> None:
    def weights(seed: int) -> Tensor:
        return next(train_judge(TRAINED_ON, 2, seed, channels=(4,), said=4, hidden=4).parameters())

    before = torch.random.get_rng_state()
    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))
    assert torch.equal(torch.random.get_rng_state(), before), "no global state"


def test_minutes_end_it_too() -> None:
    judge = train_judge(TRAINED_ON, 10**6, minutes=0.005, channels=(4,), said=4, hidden=4)
    assert not judge.training
    assert not any(weight.requires_grad for weight in judge.parameters())


def test_it_is_saved_and_loaded(judge: LearntJudge, tmp_path: Path) -> None:
    judge.save(tmp_path / "judge.safetensors")
    loaded = load_judge(tmp_path / "judge.safetensors")
    clips = BLOCKS.observe(EVERY)
    assert loaded.features == judge.features
    assert all(torch.equal(found, loaded.probabilities(clips)[name]) for name, found in judge.probabilities(clips).items())


def test_what_is_no_judge_is_not_loaded(judge: LearntJudge, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    tensor_file.write(path, {"x": torch.zeros(1)}, {}, "other 1")
    with error(InputError, "other.safetensors is not a file of the kind 'vsa-torch judge of clips 1'"):
        load_judge(path)
    made = {"shape": (3, 3, 8, 8), "counts": {"way": 2}, "channels": [8], "said": 4, "hidden": 4}
    for text in ("{", "[]", "{}", json.dumps(made), json.dumps({**made, "channels": "x"})):
        tensor_file.write(path, judge.state_dict(), {"judge": text}, KIND)
        with error(InputError, "other.safetensors does not hold a judge of clips"):
            load_judge(path)


def test_the_published_network_has_its_sizes() -> None:
    with torch.device("meta"):
        judge = LearntJudge((8, 3, 64, 64), {"skin": 6, "motion": 9})
    found = {name: tuple(weight.shape) for name, weight in judge.named_parameters()}
    assert [found[f"frames.{3 * k}.weight"][0] for k in range(5)] == [*WIDTHS, 128]
    assert found["frames.12.weight"] == (128, 512, 4, 4)
    assert found["clip.weight_ih_l0_reverse"] == (4 * 256, 128)
    assert [found[f"heads.motion.{k}.weight"] for k in (0, 2)] == [(256, 512), (9, 256)]


def test_half_of_the_clips_are_degraded() -> None:
    clips = BLOCKS.observe(EVERY)
    kept, generator = clips.clone(), torch.Generator().manual_seed(0)
    seen = degrade(clips, generator)
    assert torch.equal(clips, kept)
    assert torch.equal(seen[::2], clips[::2])
    assert ((seen - clips)[1::2].flatten(1).abs().amax(1) > 0.01).all()
    assert 0 <= seen.min() <= seen.max() <= 1


def test_what_cannot_be_judged_is_said_in_one_line(judge: LearntJudge) -> None:
    clips = BLOCKS.observe(EVERY[:2])
    with error(RangeError, "the judge knows no factor 'hair'", "colour, height, way"):
        judge.read(clips, "hair")
    with error(ShapeError, "the judge was made for clips [B, 3, 3, 8, 8], got [2, 2, 3, 8, 8]"):
        judge.read(clips[:, :2])
    with error(DtypeError, "clips must be uint8, or floating point numbers from 0 to 1, got torch.int64"):
        judge.read(clips.long())
    with error(DtypeError, "clips must be a tensor [B, 3, 3, 8, 8], got str"):
        judge.read("clips")  # type: ignore[arg-type]  # that is the mistake
    with error(RangeError, "every value of a clip must be from 0 to 1, got 0 to 255"):
        judge.read(torch.where(clips > 0.5, 255.0, 0.0))


def test_what_no_judge_can_be_made_of_is_said_before_any_work() -> None:
    with error(RangeError, "a judge of clips wants clips [T, C, H, W], and an observation of circles is [3, 64, 64]"):
        train_judge(Population(Dataset(Circles())), 1)
    with error(ShapeError, "frames are halved 4 times, and 8 x 8 is not a multiple of 16"):
        train_judge(TRAINED_ON, 1)
    with error(RangeError, "steps must be from 1"):
        train_judge(TRAINED_ON, 0)
    with error(RangeError, "minutes and rate must be above 0, got 0 and 0.001"):
        train_judge(TRAINED_ON, 1, minutes=0)
