from typing import Any

import pytest
import torch

from tasks.data import Dataset, Population, Split, open_dataset
from tasks.data.checks import NotInPartError
from tasks.sequence.factor_codes import (
    Codes,
    RandomCodes,
    Separates,
    TrueClasses,
    check_kinds,
    check_model,
    draw_codes,
    encode_classes,
    pixels,
    sample_codes,
    two_halves,
)
from tests.helpers import error
from tests.tasks.sequence.lamps import ALL, LAMPS, Lamps, generator
from vsa.errors import DtypeError, PluginError, RangeError, ShapeError, VSAError


def numbered(start: int) -> Codes:
    numbers = start + torch.arange(2 * 11.0).view(2, 11)
    return Codes(numbers[:, :3], numbers[:, 3:].view(2, 4, 2))


def test_a_channel_of_the_motion_runs_through_all_frames() -> None:
    codes, other = numbered(0), numbered(100)
    assert codes.channels == 5
    assert codes.channel_of.tolist() == [0, 1, 2, 3, 4, 3, 4, 3, 4, 3, 4]
    assert codes.is_content.tolist() == [True, True, True, False, False]
    assert torch.equal(codes.averaged[0], torch.tensor([0.0, 1, 2, 6, 7]))
    kept = torch.tensor([True, False, False, False, True])
    mixed = codes.mixed(other, kept)
    from_first = mixed.together == codes.together
    assert torch.equal(from_first, kept[codes.channel_of].expand(2, -1))
    assert torch.equal(mixed.together[~from_first], other.together[~from_first])
    assert torch.equal(codes.rolled().together, codes.together.flip(0))


def test_the_true_classes_are_coded_and_drawn() -> None:
    model, classes = TrueClasses(LAMPS), ALL.sample(9, generator())
    assert isinstance(model, Separates)
    codes = encode_classes(model.encode, classes, LAMPS)
    assert torch.equal(codes.content, classes[:, :2].float())
    assert torch.equal(codes.motion, classes[:, None, 2:].float().expand(-1, 4, -1))
    assert torch.equal(draw_codes(model, codes, LAMPS), LAMPS.observe(classes))
    prior = sample_codes(model, 500, LAMPS, generator())
    assert prior.content.amax(0).tolist() == [2, 3]
    assert torch.equal(prior.motion.unique(), torch.arange(3.0))
    assert torch.equal(prior.motion[:, 0], prior.motion[:, 3])


def test_random_codes_have_nothing_to_do_with_the_clips() -> None:
    classes = ALL.sample(2, generator()).repeat(200, 1)
    model = RandomCodes(LAMPS, generator())
    codes = encode_classes(model.encode, classes, LAMPS)
    assert (codes.content.shape, codes.motion.shape) == ((400, 2), (400, 4, 1))
    assert abs(codes.together.mean()) < 0.1
    assert (LAMPS.nearest(draw_codes(model, codes, LAMPS)) == classes).float().mean() < 0.4


def test_pixels_are_a_code() -> None:
    clips = torch.rand(3, 4, 3, 16, 16, generator=generator())
    content, motion = pixels(clips)
    small = clips.unflatten(-1, (8, 2)).unflatten(-3, (8, 2)).mean((-1, -3))
    torch.testing.assert_close(content, small.mean(1).flatten(1))
    torch.testing.assert_close(content[:, None] + motion, small.flatten(2))


def test_no_clip_is_drawn_twice() -> None:
    learnt, tested = two_halves(ALL, 15, generator())
    assert len(learnt) == len(tested) == 15
    assert len(torch.cat([learnt, tested]).unique(dim=0)) == 30
    learnt, tested = two_halves(ALL, 1000, generator())
    assert len(torch.cat([learnt, tested]).unique(dim=0)) == 36
    with error(NotInPartError, "no combination of the allowed classes lies in the test part"):
        two_halves(Population(LAMPS, "test", Split("", "row > 7")), 10, generator())
    with error(RangeError, "there must be four clips at least, to learn from and to test on; the test part"):
        two_halves(Population(LAMPS, "test", Split("", "row == 0 and colour == 0")), 10, generator())
    with error(RangeError, "n must be from 2 to"):
        two_halves(ALL, 1, generator())


class Other(Lamps):
    dynamic = ("colour", "row", "path")


def test_what_is_no_such_model_or_data_set_is_refused() -> None:
    with error(
        PluginError, "Lamps is no model of content and motion: it has no device, encode, decode, prior_content, prior_motion"
    ):
        check_model(Lamps())  # pyright: ignore
    with error(
        RangeError,
        "the data set circles must name in `dynamic` which of its factors change within a clip, some and not all of x, y",
    ):
        check_kinds(open_dataset("circles"))
    with error(RangeError, "some and not all of colour, row, path; got colour, row, path"):
        check_kinds(Dataset(Other()))


WANTED = "a model codes clips as content [2, Df] and motion [2, 4, Dz], floating point numbers"


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        (torch.zeros(2, 3), DtypeError, f"{WANTED}, got Tensor"),
        ((torch.zeros(2, 3), torch.zeros(2, 5)), ShapeError, f"{WANTED}, got [2, 3] and [2, 5]"),
        ((torch.zeros(2, 3), torch.zeros(2, 3, 5)), ShapeError, f"{WANTED}, got [2, 3] and [2, 3, 5]"),
        ((torch.zeros(1, 3), torch.zeros(2, 4, 5)), ShapeError, f"{WANTED}, got [1, 3] and [2, 4, 5]"),
        ((torch.zeros(2, 0), torch.zeros(2, 4, 5)), ShapeError, f"{WANTED}, got [2, 0] and [2, 4, 5]"),
        ((torch.zeros(2, 3).long(), torch.zeros(2, 4, 5)), DtypeError, f"{WANTED}, got torch.int64 and torch.float32"),
        ((torch.zeros(2, 3), torch.full((2, 4, 5), torch.nan)), RangeError, f"{WANTED}, and some are not finite"),
    ],
)
def test_codes_of_other_shapes_are_refused(given: Any, kind: type[VSAError], says: str) -> None:
    with error(kind, says):
        encode_classes(lambda clips: given, torch.zeros(2, 3, dtype=torch.int64), LAMPS)


def test_clips_of_other_shapes_are_refused() -> None:
    model = TrueClasses(LAMPS)
    codes = encode_classes(model.encode, ALL.sample(3, generator()), LAMPS)
    model.decode = lambda content, motion: torch.zeros(3, 4, 3, 8, 8)
    with error(ShapeError, "decode(content, motion) must give clips [3, 4, 3, 4, 4], got [3, 4, 3, 8, 8]"):
        draw_codes(model, codes, LAMPS)
