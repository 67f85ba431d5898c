"""The exact judge against all compositions, one by one."""

import pytest
import torch
from torch import Tensor

from tasks.data import Dataset, Population, open_dataset
from tasks.data.circles import Circles
from tasks.data.factor import Factor
from tasks.data.split import named_split
from tasks.sequence.exact import ExactJudge
from tests.conftest import ROOT
from tests.helpers import error
from tests.tasks.sequence.small import EVERY, SMALL, Small
from vsa.errors import DtypeError, RangeError, ShapeError

CAST = open_dataset("cast")
OF_CAST = ExactJudge(CAST)


def seen(n: int, *shape: int) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(n))


def test_whole_clips_are_the_nearest_of_all() -> None:
    clips = torch.cat([seen(40, *SMALL.shape), SMALL.observe(EVERY)])
    distances = (clips.double()[:, None] - SMALL.observe(EVERY).double()).square().flatten(2).mean(2)
    found = ExactJudge(SMALL).nearest_clips(clips)
    assert torch.equal(found.classes, EVERY[distances.argmin(1)])
    assert torch.allclose(found.errors, distances.min(1).values, atol=1e-9)
    assert (found.errors[40:] < 1e-12).all()


def test_frames_and_poses_are_the_nearest_of_all() -> None:
    clips, judge = seen(30, 4, 3, 8, 8), ExactJudge(SMALL)
    characters = torch.cartesian_prod(torch.arange(3), torch.zeros(1, dtype=torch.int64), torch.arange(4))
    looks = judge.layers.compose(characters[:, None], torch.arange(5)).double() / 255  # [characters, cells, 3, h, w]
    distances = (clips.double()[:, :, None, None] - looks).square().flatten(4).mean(4)  # [n, t, characters, cells]
    frames = judge.nearest_frames(clips)
    best = distances.flatten(2).argmin(2)
    assert torch.equal(frames.variants, characters[best // 5])
    assert torch.equal(frames.cells, best % 5)
    assert torch.allclose(frames.errors, distances.flatten(2).min(2).values, atol=1e-9)
    poses, least = judge.nearest_poses(clips), distances.min(3)
    one = least.values.mean(1).argmin(1)
    assert torch.equal(poses.variants, characters[one])
    assert torch.equal(poses.cells, torch.stack([least.indices[k, :, c] for k, c in enumerate(one.tolist())]))
    assert torch.allclose(poses.errors, least.values.mean(1).min(1).values, atol=1e-9)
    assert (frames.errors.mean(1) <= poses.errors + 1e-12).all()


@pytest.mark.parametrize("name", ["cast", "lpc"])
def test_characters_are_found_under_noise_and_against_brute_force(name: str) -> None:
    path = None if name == "cast" else ROOT.parent / "shared" / "data" / "lpc_layers.npz"
    if path is not None and not path.exists():
        pytest.skip("the layers of LPC Sprites are not here: they are data of others, and not part of the project")
    dataset = CAST if path is None else open_dataset(name, path)
    judge, generator = OF_CAST if path is None else ExactJudge(dataset), torch.Generator().manual_seed(0)
    classes = Population(dataset, "test", named_split(dataset, "characters")).sample(4, generator)
    clips = dataset.observe(classes)
    noisy = (clips + 0.2 * torch.randn(clips.shape, generator=generator)).clamp(0, 1)
    assert torch.equal(judge.nearest_clips(noisy).classes, classes)
    poses = judge.nearest_poses(clips)
    assert judge.in_place(poses.variants, classes[:, 4], poses.cells).all()
    assert torch.equal(poses.variants[:, :4], classes[:, :4])
    crop = torch.nn.functional.interpolate(noisy[:1, :, :, 10:42, 15:47].flatten(0, 1), scale_factor=2.0)[None]
    found = judge.nearest_clips(crop)  # of what no composition looks like
    motion = found.classes[0, 4:]
    rivals = [torch.cartesian_prod(*(torch.arange(6) for _ in range(4)), motion)[::23]]
    rivals.append(torch.cat([found.classes[:, :4].expand(9, -1), torch.arange(9)[:, None]], 1))
    for part in torch.cat(rivals).split(64):
        assert ((crop - dataset.observe(part)).double().square().flatten(1).mean(1) >= found.errors - 1e-9).all()
    own = (crop - dataset.observe(found.classes)).double().square().mean()
    assert torch.allclose(own, found.errors[0], atol=1e-9)


def test_a_clean_clip_may_begin_anywhere_but_has_one_character() -> None:
    judge = OF_CAST
    clips = CAST.observe(torch.tensor([[1, 2, 3, 4, 0], [1, 2, 3, 4, 5], [1, 2, 0, 1, 0]]))
    turned, mixed = torch.cat([clips[0, 3:], clips[1, :3]]), torch.cat([clips[0, :4], clips[2, 4:]])
    given = torch.stack([clips[0], turned, mixed, clips[0] * 0.5])
    assert judge.clean(given).tolist() == [True, True, False, False]
    whole = judge.nearest_clips(given)
    assert (whole.errors <= 0.002).tolist() == [True, False, False, False]
    assert judge.nearest_frames(given).errors[2].max() < 1e-12
    assert judge.nearest_poses((255 * given[:1]).byte()[:, :5]).errors.item() < 1e-12, "uint8, and of another length"


def test_a_frame_is_in_place_if_it_looks_like_the_one_of_its_place() -> None:
    judge = ExactJudge(SMALL)
    variants, cells = torch.tensor([[0, 0, 1], [2, 0, 3]]), torch.tensor([[0, 1, 3], [4, 3, 1]])
    assert judge.in_place(variants, torch.tensor([0, 1]), cells).tolist() == [[True, True, False], [True, True, True]]
    assert judge.in_place(variants, torch.tensor([1, 0]), cells).tolist() == [[False, False, False], [False, False, False]]


def test_only_the_factors_of_a_data_set_are_read() -> None:
    judge = OF_CAST
    clips = CAST.observe(torch.tensor([[1, 2, 3, 4, 0]]))
    found = {name: classes.tolist() for name, classes in judge.read(clips).items()}
    assert found == {"skin": [1], "pants": [2], "top": [3], "hair": [4], "motion": [0]}
    assert list(judge.read(clips, "hair")) == ["hair"]
    with error(RangeError, "the exact judge of cast knows no factor 'shoes'", "skin, pants, top, hair, motion"):
        judge.read(clips, "shoes")


def test_what_cannot_be_judged_is_said_in_one_line() -> None:
    judge = ExactJudge(SMALL)
    with error(RangeError, "compares clips with compositions of layers, and the data set circles has none"):
        ExactJudge(Dataset(Circles()))
    with error(RangeError, "and the data set Circles has none"):
        ExactJudge(Circles())  # type: ignore[arg-type]  # that is the mistake
    with error(ShapeError, "clips of small have 3 frames, got 4"):
        judge.nearest_clips(seen(1, 4, 3, 8, 8))
    with error(ShapeError, "clips of small must be [B, T, 3, 8, 8], got [2, 3, 1, 8, 8]"):
        judge.nearest_poses(seen(2, 3, 1, 8, 8))
    with error(DtypeError, "clips must be a tensor [B, T, 3, 8, 8], got list"):
        judge.nearest_clips([])  # type: ignore[arg-type]  # that is the mistake
    with error(DtypeError, "clips must be uint8, or floating point numbers from 0 to 1, got torch.int64"):
        judge.nearest_clips(EVERY.new_zeros(1, 3, 3, 8, 8))
    with error(RangeError, "every value of a clip must be from 0 to 1, got 0 to 255"):
        judge.nearest_clips(torch.tensor([0.0, 255.0]).repeat(288).view(1, 3, 3, 8, 8))
    with error(RangeError, "every value of a clip must be from 0 to 1, got nan to nan"):
        judge.nearest_clips(torch.full((1, 3, 3, 8, 8), torch.nan))


def test_layers_that_are_not_the_factors_are_refused() -> None:
    class Odd(Small):
        factors = (Factor("way", ("out", "back"), ordered=False), Factor("cap", range(4)), Factor("coat", range(3)))

    with error(RangeError, "small has the factors way, cap, coat, and layers with variants are coat, hat"):
        ExactJudge(Dataset(Odd()))


def test_nothing_is_judged_of_no_clips() -> None:
    judge = ExactJudge(SMALL)
    none = torch.zeros(0, *SMALL.shape)
    assert judge.nearest_clips(none).classes.shape == (0, 3)
    assert judge.nearest_poses(none).cells.shape == (0, 3)
    assert judge.clean(none).shape == (0,)
