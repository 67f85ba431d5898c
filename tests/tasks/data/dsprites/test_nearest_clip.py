import pytest
import torch

from tasks.data.dataset import Dataset
from tasks.data.dsprites.moving import COLOURS, DSpritesDynamic, DSpritesStatic
from tasks.data.dsprites.nearest_clip import NearestClip, masks_of
from tasks.data.dsprites.renderer import render

DYNAMIC, STATIC = DSpritesDynamic(), DSpritesStatic()
SETS = {"dynamic": Dataset(DYNAMIC), "static": Dataset(STATIC)}


def sampled(dataset: Dataset, n: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(count, (n,), generator=generator) for count in dataset.counts], 1)


def kept(dataset: Dataset) -> list[int]:
    return [f for f, name in enumerate(dataset.features) if name not in dataset.dynamic]


@pytest.mark.parametrize("name", SETS)
def test_every_exact_clip_is_found_and_so_are_its_frames(name: str) -> None:
    dataset = SETS[name]
    classes = sampled(dataset, 200)
    clips = dataset.observe(classes)
    assert torch.equal(dataset.nearest(clips), classes)
    stay = kept(dataset)
    seen = dataset.given.nearest_frames(clips)
    assert seen.shape == (200, dataset.frames, 6)
    assert torch.equal(seen[..., stay], classes[:, None, stay].expand(-1, dataset.shape[0], -1))
    assert dataset.nearest(clips[:0]).shape == (0, 6)
    assert dataset.given.nearest_frames(clips[:0]).shape == (0, dataset.frames, 6)


@pytest.mark.parametrize("name", SETS)
def test_noisy_pale_clips_are_found(name: str) -> None:
    dataset = SETS[name]
    classes = sampled(dataset, 40, 1)
    clips = dataset.observe(classes)
    noise = torch.randn(clips.shape, generator=torch.Generator().manual_seed(1))
    assert torch.equal(dataset.nearest((0.8 * clips + 0.1 * noise).clamp(0, 1)), classes)


def test_it_is_the_least_squared_distance_of_all_that_are_compared() -> None:
    classes = sampled(SETS["static"], 12, 2)
    classes[:, 0] = 0
    states = STATIC.states(classes)
    colours = torch.tensor(list(COLOURS.values())) / 255
    judge = NearestClip(states, colours)
    on = render(states.flatten(0, 1)).unflatten(0, states.shape[:2]).float()
    every = on[:, None, :, None] * colours[:, None, :, None, None]
    clips = torch.rand(14, 16, 3, 64, 64, generator=torch.Generator().manual_seed(2)) ** 4
    clips[::2] = (clips[::2] + every[:7, 3]) / 2
    distance = torch.cdist(clips.flatten(1), every.flatten(0, 1).flatten(1), compute_mode="donot_use_mm_for_euclid_dist")
    colour, which = judge.whole(clips)
    assert torch.equal(which * 9 + colour, distance.argmin(1))
    colour, which = judge.by_frame(clips)
    for t in (0, 5):
        distance = torch.cdist(
            clips[:, t].flatten(1), every[:, :, t].flatten(0, 1).flatten(1), compute_mode="donot_use_mm_for_euclid_dist"
        )
        torch.testing.assert_close(distance[torch.arange(14), which[:, t] * 9 + colour[:, t]], distance.amin(1))


def test_masks_are_summed_over_by_the_ends_of_their_runs() -> None:
    sprites = torch.tensor([[2, 5, 0, 31, 4], [0, 0, 0, 0, 0], [2, 5, 0, 31, 4], [2, 5, 20, 15, 15]])
    masks = masks_of(sprites)
    frames = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    wanted = torch.einsum("k h w, n c h w -> k n c", render(sprites).float(), frames)
    torch.testing.assert_close(masks.sums(frames)[masks.which], wanted, rtol=1e-4, atol=1e-3)
    assert torch.equal(masks.area[masks.which], render(sprites).sum((1, 2)).float())
    assert masks.first[masks.which].tolist() == [0, 1, 0, 3]
