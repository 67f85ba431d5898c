import numpy as np
import pytest
import torch

from tasks.data import open_dataset
from tasks.data.dataset import Dataset
from tasks.data.dsprites.moving import COLOURS, SCALES, TURNS, DSpritesDynamic, DSpritesStatic, positions, to_and_fro
from tasks.data.dsprites.renderer import render

SETS = {"dsprites-dynamic": Dataset(DSpritesDynamic()), "dsprites-static": Dataset(DSpritesStatic())}


def every(dataset: Dataset) -> torch.Tensor:
    return torch.cartesian_prod(*map(torch.arange, dataset.counts))


def test_they_have_the_factors_of_the_benchmark() -> None:
    dynamic, static = SETS.values()
    assert dynamic.features == ("colour", "shape", "scale", "orientation", "x_path", "y_path")
    assert (dynamic.counts, dynamic.shape) == ((9, 3, 6, 5, 6, 6), (12, 3, 64, 64))
    assert static.features == ("colour", "shape", "x", "y", "scale_path", "orientation_path")
    assert (static.counts, static.shape) == ((9, 3, 8, 8, 6, 3), (16, 3, 64, 64))
    assert (len(every(dynamic)), len(every(static))) == (29_160, 31_104)
    assert not dynamic.binary
    assert (dynamic.dynamic, static.dynamic) == (("x_path", "y_path"), ("scale_path", "orientation_path"))
    assert open_dataset("dsprites-static").counts == static.counts
    assert static.factors[2].values[0] == 2 / 31
    assert dynamic.factors[3].values[1] == pytest.approx(2 * 2 * np.pi / 39)


def bounced(start: int, step: int, low: int, high: int, n: int) -> list[int]:
    """Where something is that turns round as soon as a step would lead it beyond an end."""
    places, at = [], start
    for _ in range(n):
        places.append(at)
        step = step if low <= at + step <= high else -step
        at += step
    return places


def followed(path: object, n: int) -> list[int]:
    return [path[t % len(path)] for t in range(n)]  # pyright: ignore


@pytest.mark.parametrize(
    ("name", "start", "step", "low"),
    [
        ("right_1x", 0, 2, 0),
        ("left_1x", 31, -2, 0),
        ("right_2x", 0, 4, 0),
        ("left_2x", 31, -4, 0),
        ("mid_right", 16, 1, 16),
    ],
)
def test_places_go_to_and_fro(name: str, start: int, step: int, low: int) -> None:
    assert followed(positions("right", "left")[name], 100) == bounced(start, step, low, 31, 100)


def test_other_paths() -> None:
    assert followed(positions("down", "up")["mid_up"], 40) == bounced(16, -1, 0, 16, 40)
    for speed in (1, 2, 3):
        step = 5 if speed == 3 else speed
        assert followed(SCALES[f"increasing_{speed}x"], 16) == bounced(0, step, 0, 5, 16)
        assert followed(SCALES[f"decreasing_{speed}x"], 16) == bounced(5, -step, 0, 5, 16)
    assert followed(TURNS["counterclockwise"], 21) == [*range(0, 40, 2), 0]
    assert followed(TURNS["clockwise"], 21) == [0, *range(38, 0, -2), 0]
    assert followed(TURNS["still"], 3) == [0, 0, 0]
    assert to_and_fro((3,)) == (3,)


@pytest.mark.parametrize("name", SETS)
def test_a_frame_is_the_coloured_picture_of_its_state(name: str) -> None:
    dataset = SETS[name]
    classes = every(dataset)[::997]
    clips, states = dataset.given.observe(classes), dataset.given.states(classes)
    assert clips.dtype == torch.uint8
    colours = list(COLOURS.values())
    for row, clip, sprites in zip(classes.tolist(), clips, states, strict=True):
        for frame, on in zip(clip, render(sprites), strict=True):
            for channel, value in zip(frame, colours[row[0]], strict=True):
                assert torch.equal(channel, on * value)
    columns = {"dsprites-dynamic": {0: 1, 1: 2}, "dsprites-static": {0: 1}}[name]
    for state, column in columns.items():
        assert (states[:, :, state] == classes[:, None, column]).all()
    if name == "dsprites-static":
        assert (states[:, :, 3:] == 2 + 4 * classes[:, None, 2:4]).all()
    else:
        assert (states[:, :, 2] == 2 * classes[:, None, 3]).all()


@pytest.mark.parametrize("name", SETS)
def test_no_two_clips_look_the_same(name: str) -> None:
    """Of one colour, by the numbers of the different pictures."""
    dataset = SETS[name]
    classes = every(dataset)
    states = dataset.given.states(classes[classes[:, 0] == 0])
    different, which = states.flatten(0, 1).unique(dim=0, return_inverse=True)
    packed = torch.from_numpy(np.packbits(render(different).flatten(1).numpy(), axis=1).view(np.int64).copy())
    pictures = packed.unique(dim=0, return_inverse=True)[1]
    clips = pictures[which].view(states.shape[:2])
    assert len(clips.unique(dim=0)) == len(states)
    assert len(set(COLOURS.values())) == len(COLOURS) == 9


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("dsprites-dynamic", [9736, 11836, 15769, 12516], [4802, 5668, 22113, 9864]),
        ("dsprites-static", [24005, 22358, 9295, 27293], [4802, 5668, 22113, 9864]),
    ],
)
def test_the_split_is_the_published_permutation(name: str, first: list[int], last: list[int]) -> None:
    dataset = SETS[name]
    numbers = dataset.number("clip", every(dataset))
    order = numbers.argsort().tolist()
    assert sorted(numbers.tolist()) == list(range(len(order)))
    # numpy.random.default_rng(42).permutation(n) begins and ends so; clips are counted with the last factor fastest.
    assert (order[:4], order[-4:]) == (first, last)
