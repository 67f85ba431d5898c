import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.data.checks import NotInPartError
from tasks.data.circles import Simple
from tasks.data.dataset import Dataset
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.overlap import touching
from tasks.data.population import Population
from tasks.data.scenes import ABSENT, observe_scenes, sample_scenes
from tasks.data.split import Split
from tests.helpers import error, seeds
from tests.tasks.populations import identifiable
from vsa.errors import RangeError, ShapeError

SPRITES = Population(DSPRITES)
SIMPLE = Dataset(Simple())

populations = st.sampled_from(
    [
        SPRITES,
        Population(DSPRITES, "test"),
        identifiable("validation"),
        Population(DSPRITES, "test", Split(test="shape == heart and x < 20 or scale == 4")),
    ]
)
counts = st.lists(st.integers(2, 5), min_size=1, max_size=80).map(torch.tensor)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(max_examples=30)
@given(population=populations, counts=counts, seed=seeds)
def test_the_sprites_of_a_scene_do_not_overlap(population: Population, counts: torch.Tensor, seed: int) -> None:
    scenes = sample_scenes(counts, population, generator(seed))
    most = int(counts.max())
    assert scenes.dtype == torch.int64
    assert scenes.shape == (len(counts), most, 5)
    present = torch.arange(most) < counts[:, None]
    assert torch.equal(scenes != ABSENT, present[..., None].expand(-1, -1, 5))
    assert population.accept(scenes[present]).all()
    pixels = torch.zeros(len(counts), 64, 64, dtype=torch.int64)
    pixels.index_add_(0, present.nonzero()[:, 0], render(scenes[present]).long())
    assert pixels.max() == 1
    assert torch.equal(scenes, sample_scenes(counts, population, generator(seed)))


@pytest.mark.parametrize("count", [2, 3])
def test_scenes_are_what_is_left_when_all_that_overlap_are_rejected(count: int) -> None:
    """Against rejection as plain as it can be: independent sprites, and the whole scene is kept or not."""
    drawn = SPRITES.sample(6000 * count, generator(0)).view(-1, count, 5)
    pictures = render(drawn.flatten(0, 1)).view(-1, count, 64, 64)
    plain = drawn[pictures.sum(1, dtype=torch.uint8).flatten(1).amax(1) == 1]
    scenes = sample_scenes(torch.full((3000,), count), SPRITES, generator(1))
    for f, tolerance in enumerate((0.05, 0.1, 0.8, 0.7, 0.7)):
        a, b = scenes[..., f].float(), plain[..., f].float()
        assert abs((a.mean() - b.mean()).item()) < tolerance
        assert a.std().item() == pytest.approx(b.std().item(), rel=0.04)
        for place in range(count):  # no place in a scene is special
            assert abs((a[:, place].mean() - a.mean()).item()) < tolerance


def test_the_more_sprites_the_smaller() -> None:
    scales = [sample_scenes(torch.full((500,), count), SPRITES, generator(0))[..., 1].float().mean() for count in range(2, 6)]
    assert scales == sorted(scales, reverse=True)
    assert scales[-1].item() == pytest.approx(1.6, abs=0.1)


def test_two_scenes_are_hardly_ever_the_same() -> None:
    scenes = sample_scenes(torch.full((64,), 3), SPRITES, generator(0))
    assert len(scenes.unique(dim=0)) == 64
    assert len(scenes.flatten(0, 1).unique(dim=0)) > 100


def test_five_big_sprites_fit_if_only_just() -> None:
    big = Population(DSPRITES, "test", Split(test="scale == 5"))
    (scene,) = sample_scenes(torch.tensor([5]), big, generator(0))
    pictures = render(scene).bool()
    for i in range(1, 5):
        assert not touching(pictures, pictures.roll(i, 0)).any()


def test_scenes_that_cannot_be() -> None:
    assert sample_scenes(torch.empty(0, dtype=torch.int64), SPRITES, generator(0)).shape == (0, 0, 5)
    for wrong in (1, 6):
        with error(RangeError, f"a scene has 2 to 5 objects, got {wrong}"):
            sample_scenes(torch.tensor([2, wrong]), SPRITES, generator(0))
    with error(ShapeError, "counts must be int64 [n], got torch.float32 [2]"):
        sample_scenes(torch.ones(2), SPRITES, generator(0))
    with error(ShapeError, "counts must be int64 [n], got torch.int64 [2, 1]"):
        sample_scenes(torch.full((2, 1), 2), SPRITES, generator(0))
    column = Population(DSPRITES, allowed=(*SPRITES.allowed[:3], torch.tensor([16]), torch.arange(32)))
    with error(NotInPartError, "no room for 5 objects of the train part", "beside one another; ask for fewer"):
        sample_scenes(torch.tensor([2, 5]), column, generator(0))


@given(seed=seeds)
def test_a_scene_shows_its_objects_and_nothing_where_there_is_none(seed: int) -> None:
    counts = torch.tensor([2, 5, 3])
    scenes = sample_scenes(counts, SPRITES, generator(seed))
    pictures = observe_scenes(scenes, DSPRITES)
    assert pictures.dtype == torch.uint8
    for picture, scene, count in zip(pictures, scenes, counts, strict=True):
        assert torch.equal(picture[0], render(scene[:count]).sum(0, dtype=torch.uint8))
    assert observe_scenes(torch.full((2, 3, 5), ABSENT), DSPRITES).sum() == 0
    assert observe_scenes(torch.empty(2, 0, 5, dtype=torch.int64), DSPRITES).shape == (2, 1, 64, 64)


@given(counts=counts, seed=seeds)
def test_scenes_of_another_data_set_keep_its_channels_and_values(counts: torch.Tensor, seed: int) -> None:
    simple = Population(SIMPLE)
    counts = counts.clamp(max=3)
    scenes = sample_scenes(counts, simple, generator(seed))
    assert scenes.shape == (len(counts), int(counts.max()), 3)
    pictures = observe_scenes(scenes, SIMPLE)
    assert pictures.shape == (len(counts), 3, 64, 64)
    summed = torch.stack([SIMPLE.observe(scene[scene[:, 0] != ABSENT]).sum(0) for scene in scenes])
    torch.testing.assert_close(pictures, summed, msg="objects overlap, or are others")
