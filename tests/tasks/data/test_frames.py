from pathlib import Path

import pytest
import torch

from tasks.data import Dataset, Population, open_dataset
from tasks.data.circles import Circles
from tasks.data.declared import declared
from tasks.data.frames import Frames
from tasks.data.split import named_split
from tests.helpers import error
from tests.tasks.sequence_symbolic.walkers import Walkers
from vsa.errors import InputError, RangeError, ShapeError

WALKERS = Dataset(Walkers())
FRAMES = Dataset(Frames(WALKERS))


def test_a_frame_is_that_of_its_clip() -> None:
    assert (FRAMES.name, FRAMES.picture, FRAMES.counts) == ("walkers-frames", (3, 16, 16), (4, 4, 3, 4))
    classes = Population(FRAMES).sample(20, torch.Generator().manual_seed(0))
    clips = WALKERS.observe(classes[:, :-1])
    assert torch.equal(FRAMES.observe(classes), clips[torch.arange(20), classes[:, -1]])


def test_frames_that_look_the_same_are_known_as_the_first_of_them() -> None:
    every = torch.tensor([[[1, 2, motion, frame] for frame in range(4)] for motion in range(3)])
    assert FRAMES.canonical(every)[..., -1].tolist() == [[0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 0, 0]]
    assert torch.equal(FRAMES.canonical(every)[..., :-1], every[..., :-1])
    assert torch.equal(FRAMES.distinct(every), every)
    looks = FRAMES.observe(FRAMES.canonical(every).flatten(0, 1))
    assert torch.equal(looks, FRAMES.observe(every.flatten(0, 1)))


def test_splits_are_those_of_the_clips() -> None:
    frames = open_dataset("cast-frames")
    split = named_split(frames, "characters")
    assert (len(Population(frames, "test", split).every()), len(Population(frames, "train", split).every())) == (
        296 * 72,
        900 * 72,
    )


def test_what_is_no_clip_or_has_frames_already() -> None:
    with error(ShapeError, "clips [T, C, H, W] are wanted here, and an observation of circles is [3, 64, 64], a picture"):
        Frames(Dataset(Circles()))
    named = type("Named", (Walkers,), {"factors": (*Walkers.factors[:-1], type(Walkers.factors[0])("frame", range(3)))})
    with error(RangeError, "the data set walkers has a factor or a number 'frame' of its own"):
        Frames(Dataset(named()))


@pytest.mark.parametrize("name", ["lpc", "lpc-frames"])
def test_what_the_published_clips_declare_is_known_without_them(name: str) -> None:
    found = declared(name)
    assert found is not None
    assert found.features[:5] == ("skin", "pants", "top", "hair", "motion")
    assert found.shape[-3:] == (3, 64, 64)
    with error(InputError, "there is no file or folder nowhere"):
        open_dataset(name, Path("nowhere"))
