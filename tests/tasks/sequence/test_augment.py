"""Views of clips: each hides what it shall hide, and nothing else."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.cast.figures import Cast
from tasks.data.dataset import Dataset, open_dataset
from tasks.data.population import Population
from tasks.sequence.augment import mirrored, recoloured, reordered
from tasks.sequence.schemes import SCHEMES
from tests.helpers import error, seeds
from tests.tasks.sequence.numbers import rng
from vsa.errors import RangeError


def clips(n: int = 4, channels: int = 3, seed: int = 0) -> torch.Tensor:
    """Clips of a few colours on black."""
    colours = torch.rand(n, 1, channels, 1, 1, generator=rng(seed)) * 0.8 + 0.2
    return colours * (torch.rand(n, 5, 1, 6, 6, generator=rng(seed + 1)) < 0.4)


@given(seeds, st.integers(1, 4))
def test_other_colours_stay_within_range_and_keep_black(seed: int, channels: int) -> None:
    given_clips = clips(channels=channels, seed=seed)
    seen = recoloured(given_clips, rng(seed))
    assert seen.shape == given_clips.shape
    assert 0 <= seen.min() <= seen.max() <= 1
    assert (seen[given_clips.expand_as(seen) == 0] == 0).all()


@given(seeds)
def test_what_has_one_colour_has_one_in_every_frame_of_a_view(seed: int) -> None:
    one = clips(1, seed=seed)
    seen = recoloured(one, rng(seed))[0]
    lit = (one[0] > 0).any(1)
    colours = seen.permute(0, 2, 3, 1)[lit]
    torch.testing.assert_close(colours, colours[:1].expand_as(colours))


def test_each_clip_gets_colours_of_its_own() -> None:
    same = clips(1).expand(6, -1, -1, -1, -1)
    seen = recoloured(same, rng(0))
    assert len({tuple(clip.flatten().tolist()) for clip in seen}) == 6


@given(seeds)
def test_another_order_has_the_same_frames(seed: int) -> None:
    given_clips = torch.rand(3, 6, 1, 2, 2, generator=rng(seed))
    seen = reordered(given_clips, rng(seed))
    torch.testing.assert_close(seen.sort(1).values, given_clips.sort(1).values)
    for clip, frames in zip(seen, given_clips, strict=True):
        assert all(any(frame.equal(other) for other in frames) for frame in clip)


@given(seeds)
def test_a_mirror_turns_whole_clips_or_leaves_them(seed: int) -> None:
    given_clips = torch.rand(6, 3, 1, 2, 4, generator=rng(seed))
    for clip, before in zip(mirrored(given_clips, rng(seed)), given_clips, strict=True):
        assert clip.equal(before) or clip.equal(before.flip(-1))


def test_schemes_say_which_clip_gives_content_and_which_motion() -> None:
    population = Population(open_dataset("cast"))
    own = SCHEMES["elbo"](3, False, population, rng(0))
    assert own.sources[:, 0].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert own.pictures.equal(own.targets)
    views = SCHEMES["views"](3, False, population, rng(0))
    assert views.sources[:, 0].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert views.targets.equal(own.targets)
    content, motion = views.pictures.chunk(2)
    torch.testing.assert_close(content.sort(1).values, own.targets.sort(1).values)
    assert ((motion > 0).any(2) <= (own.targets > 0).any(2)).all()
    assert not any(view.equal(clip) for view, clip in zip(motion, own.targets, strict=True))
    contrast = SCHEMES["contrast"](3, False, population, rng(0))
    assert contrast.sources.equal(own.sources)
    assert contrast.pictures.equal(torch.cat([own.targets, views.pictures]))
    assert contrast.values.equal(own.values.repeat(3, 1))


def test_donors_need_to_know_what_moves() -> None:
    class Still(Cast):
        dynamic = ()

    with error(
        RangeError, "the data set cast does not say which of its factors change within a clip; its member `dynamic` names them"
    ):
        SCHEMES["donors"](3, False, Population(Dataset(Still())), rng(0))
