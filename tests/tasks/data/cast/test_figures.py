import pytest
import torch

from tasks.data.cast.figures import Cast
from tasks.data.characters import DIRECTIONS, MOTIONS
from tasks.data.dataset import Dataset
from tests.helpers import error
from vsa.errors import RangeError

CAST = Dataset(Cast())
CHARACTERS = torch.cartesian_prod(*[torch.arange(6)] * 4)


def different(pictures: torch.Tensor) -> int:
    """How many of pictures [n, ...] differ, by a sum of their numbers with random weights, which are integers, so exact."""
    weights = torch.randint(1, 2**20, (pictures[0].numel(),), generator=torch.Generator().manual_seed(0)).double()
    return len((pictures.flatten(1).double() @ weights).unique())


def test_it_has_the_factors_of_the_published_ones() -> None:
    assert CAST.features == ("skin", "pants", "top", "hair", "motion")
    assert CAST.counts == (6, 6, 6, 6, 9)
    assert CAST.shape == (8, 3, 64, 64)
    assert CAST.factors[4].values == MOTIONS
    assert not CAST.binary
    with error(RangeError, "the class of motion must be from 0 to 8, got 9"):
        CAST.observe(torch.tensor([[0, 0, 0, 0, 9]]))


@pytest.mark.parametrize("motion", range(9))
def test_all_characters_differ_in_every_motion(motion: int) -> None:
    layers = CAST.given.layers
    shown = torch.nn.functional.pad(CHARACTERS, (0, 1))  # with the shoes
    assert different(layers.compose(shown, layers.frames[motion, 0])) == 1296, "in their first frames already"


def test_all_motions_and_all_frames_of_each_differ() -> None:
    for character in CHARACTERS[::185]:
        clips = CAST.given.observe(torch.cat([character.expand(9, 4), torch.arange(9)[:, None]], 1))
        assert different(clips) == 9
        assert all(different(clip) == 8 for clip in clips)


def test_every_attribute_shows_in_every_cell() -> None:
    """So that a frame says who it is: no layer is hidden by those before it."""
    layers = CAST.given.layers
    shown = torch.tensor([0, 0, 0, 0, 0])
    for attribute in range(4):
        variants = shown.repeat(6, 1)
        variants[:, attribute] = torch.arange(6)
        seen = layers.compose(variants[:, None], torch.arange(72))
        for a in range(6):
            for b in range(a):
                assert (seen[a] != seen[b]).flatten(1).sum(1).min() >= 20, f"{layers.names[attribute]} {a} and {b}"


def test_left_is_the_mirror_image_of_right() -> None:
    left, right = (k for k, way in enumerate(DIRECTIONS) if way != "front")
    for action in range(3):
        some = CHARACTERS[::97]
        clips = [CAST.given.observe(torch.nn.functional.pad(some, (0, 1), value=3 * action + way)) for way in (left, right)]
        assert torch.equal(clips[0], clips[1].flip(-1))


def test_figures_stand_within_the_frame_on_the_ground() -> None:
    for picture in CAST.given.layers.pictures:
        drawn = picture[:, :, 3] > 0
        assert not drawn[..., 0].any()
        assert not drawn[..., -1].any()
        assert not drawn[..., 0, :].any()
        assert not drawn[..., -2:, :].any()
    feet = (CAST.given.layers.pictures[4][0, :, 3] > 0).any(-1)  # [cells, rows] of the shoes
    lowest = torch.where(feet, torch.arange(64), 0).amax(1)
    assert lowest.min() >= 58
    assert lowest.max() <= 61


def test_layers_hide_or_are_clear() -> None:
    for picture in CAST.given.layers.pictures:
        assert set(picture[:, :, 3].unique().tolist()) == {0, 255}
        assert not picture[:, :, :3][(picture[:, :, 3:] == 0).expand_as(picture[:, :, :3])].any(), "nothing where it is clear"


def test_another_one_is_the_same() -> None:
    classes = torch.randint(6, (20, 5))
    assert torch.equal(Cast().observe(classes), CAST.given.observe(classes))
    assert torch.equal(CAST.observe(classes), CAST.given.observe(classes).float() / 255)
