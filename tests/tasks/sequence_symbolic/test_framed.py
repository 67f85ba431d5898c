import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tasks import load_model
from tasks.data import Dataset, Population
from tasks.data.circles import Circles
from tasks.data.frames import Frames
from tasks.evaluation.reading import empty_codebooks
from tasks.sequence_symbolic.config import SequenceFramesConfig
from tasks.sequence_symbolic.framed import FramedClips
from tasks.sequence_symbolic.measure_framed import clips_of
from tasks.sequence_symbolic.task import FRAMES
from tests.helpers import as_a_user, error
from tests.tasks.learning import check_two_steps
from tests.tasks.sequence_symbolic.walkers import Walkers, tiny
from vsa.errors import AlgebraError, DtypeError, InputError, RangeError, ShapeError, SymbolError


class WalkerFrames(Frames):
    """Frames of the walkers."""

    def __init__(self) -> None:
        super().__init__(Dataset(Walkers()))


def config(**settings: Any) -> SequenceFramesConfig:
    return SequenceFramesConfig(**tiny(dataset=f"{__name__}:WalkerFrames", **settings))


@pytest.fixture(scope="module", params=["HRR", "FHRR"])
def framed(request: pytest.FixtureRequest) -> FramedClips:
    """Of a model that learnt nothing, with random codebooks of the energy that features have."""
    model = FRAMES.build(config(dim=1024, roles=request.param)).eval()
    for book in empty_codebooks(model, Dataset(WalkerFrames())):
        book.vectors = model.as_hypervectors(torch.randn(len(book), 1024))
    return FramedClips(model, 4)


def some(n: int = 6) -> Tensor:
    """Classes of all frames of clips [n, 4, F]."""
    generator = torch.Generator().manual_seed(1)
    return torch.stack([torch.randint(count, (n, 4), generator=generator) for count in (4, 4, 3, 4)], -1)


def known(framed: FramedClips, classes: Tensor) -> Tensor:
    return torch.stack([framed.model.prototype(name, classes[..., f]) for f, name in enumerate(framed.model.roles)], -2)


@torch.no_grad()
def test_every_frame_is_read_from_the_one_vector(framed: FramedClips) -> None:
    classes = some()
    for count in (1, 3, 4):
        read, there = framed.read(framed.clip(known(framed, classes)[:, :count]))
        assert torch.equal(read[:, :count], classes[:, :count])
        assert there.tolist() == [[True] * count + [False] * (4 - count)] * 6


@torch.no_grad()
def test_a_frame_is_taken_out_by_subtraction(framed: FramedClips) -> None:
    classes = some()
    vectors = framed.clip(known(framed, classes))
    read, there = framed.read(framed.without(vectors, 2))
    assert there.tolist() == [[True, True, False, True]] * 6
    assert torch.equal(read[:, [0, 1, 3]], classes[:, [0, 1, 3]])
    exact = known(framed, classes)
    exact[:, 2] = 0
    torch.testing.assert_close(framed.without(vectors, 2), framed.clip(exact), atol=1e-3, rtol=0)
    drawn = framed.drawn(framed.without(vectors, 2))
    assert drawn.shape == (6, 4, 3, 16, 16)
    assert drawn[:, 2].abs().max() == 0
    assert drawn[:, [0, 1, 3]].flatten(2).amax(2).min() > 0


@torch.no_grad()
def test_time_is_shifted_by_binding_the_whole_vector(framed: FramedClips) -> None:
    classes = some()
    vectors = framed.clip(known(framed, classes))
    read, there = framed.read(framed.shifted(vectors, 1))
    assert torch.equal(read[:, 1:], classes[:, :3])
    assert there.tolist() == [[False, True, True, True]] * 6
    torch.testing.assert_close(framed.shifted(framed.shifted(vectors, 3), -3), vectors, atol=1e-3, rtol=0)


@torch.no_grad()
def test_clips_run_backwards(framed: FramedClips) -> None:
    classes = some()
    read, there = framed.read(framed.backwards(framed.clip(known(framed, classes))))
    assert torch.equal(read, classes.flip(1))
    assert there.all()


@torch.no_grad()
def test_features_of_all_frames_are_exchanged(framed: FramedClips) -> None:
    classes = some()
    other = classes.clone()
    other[..., 0], other[..., 2] = (other[..., 0] + 1) % 4, (other[..., 2] + 1) % 3
    new = known(framed, other)
    vectors = framed.edited(framed.clip(known(framed, classes)), {"colour": new[:, :, 0], "motion": new[:, :, 2]})
    torch.testing.assert_close(vectors, framed.clip(new), atol=1e-3, rtol=0)
    with as_a_user(), error(SymbolError, "hue"):
        framed.edited(vectors, {"hue": new[:, :, 0]})


def test_what_is_refused(framed: FramedClips) -> None:
    with as_a_user():
        with error(ShapeError, "clips must be [B, T, C, H, W] with 1 to 4 frames, got [2, 5, 3, 16, 16]"):
            framed.encode(torch.zeros(2, 5, 3, 16, 16))
        with error(ShapeError, "clips must be [B, T, C, H, W] with 1 to 4 frames, got [4, 3, 16, 16]"):
            framed.encode(torch.zeros(4, 3, 16, 16))
        with error(ShapeError, "[B, 3, 16, 16]"):
            framed.encode(torch.zeros(1, 4, 3, 16, 20))
        with error(RangeError, "values from 0 to 1"):
            framed.encode(torch.zeros(1, 4, 3, 16, 16) - 1)
        with error(RangeError, "frame must be from 0 to 3, got 4"):
            framed.without(torch.zeros(1, 1024), 4)
        with error(RangeError, "a clip has at least one frame, got 0"):
            FramedClips(framed.model, 0)


def test_times_are_powers_that_do_not_repeat() -> None:
    from tasks.symbolic.config import PairedConfig
    from tasks.symbolic.stages import PAIRED, PAIRED_SCENE

    small: Any = {"dim": 64, "encoder": "conv-small", "decoder": "conv-small"}
    with error(AlgebraError, "times are powers of a vector, which of MAP repeat or do not unbind; use HRR or FHRR"):
        FramedClips(PAIRED.build(PairedConfig(**small)), 4)
    with error(RangeError, "a model of single frames has one slot, got 2"):
        FramedClips(PAIRED_SCENE.build(PAIRED_SCENE.config(**small)), 4)
    with error(RangeError, "roles must be HRR or FHRR"):
        SequenceFramesConfig(roles="MAP").check()


def test_two_steps() -> None:
    check_two_steps(FRAMES, config())


def test_a_run_writes_what_it_says(tmp_path: Path) -> None:
    result = FRAMES.run(config(out=tmp_path / "run"))
    metrics = json.loads((result.folder / "metrics.json").read_text())
    assert (result.folder / "clips.png").exists()
    assert set(metrics["read_all"]) == set(metrics["error"]) == set(metrics["noisy_error"]) == {"1", "2", "4"}
    assert set(metrics["edit_error"]) == set(metrics["edit_ratio"]) == {"colour", "row", "motion"}
    assert all(metrics[name] >= 0 for name in ("frame_error", "removed_empty", "shifted_error", "backwards_error"))
    with error(InputError, "code that is no part of this project"):
        load_model(result.folder)
    assert load_model(result.folder, trust=True).image == (3, 16, 16)


def test_frames_are_wanted() -> None:
    population = Population(Dataset(Circles()))
    with error(DtypeError, "frames of clips are wanted here", "circles is none; take cast-frames or lpc-frames"):
        clips_of(population)


def test_a_model_of_published_sheets_is_built_without_them() -> None:
    model = FRAMES.build(SequenceFramesConfig(dataset="lpc-frames", dim=64))
    assert (model.image, list(model.roles)[-1]) == ((3, 64, 64), "frame")
