import numpy as np
import pytest
import torch
from PIL import Image

from tasks.data.layers import Layers, over
from tests.helpers import error
from vsa.errors import DtypeError, RangeError, ShapeError


def layers(alpha: list[int], count: int = 4) -> Layers:
    """Layers of random colours, of three variants in two cells, in which alpha takes these values."""
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (count, 3, 2, 4, 5, 7), generator=generator).byte()
    chosen = torch.tensor(alpha).byte()
    pictures[:, :, :, 3] = chosen[torch.randint(len(alpha), (count, 3, 2, 5, 7), generator=generator)]
    return Layers(tuple("abcd"[:count]), tuple(pictures), torch.tensor([[0, 1, 0], [1, 1, 0]]))


@pytest.mark.parametrize("alpha", [[0, 255], [0, 1, 100, 230, 254, 255], list(range(256))])
def test_they_are_composed_as_pillow_does(alpha: list[int]) -> None:
    made = layers(alpha)
    variants, motions = torch.tensor([[0, 1, 2, 0], [2, 2, 1, 0], [1, 0, 0, 2]]), torch.tensor([1, 0, 1])
    clips = made.clips(variants, motions)
    assert (clips.shape, clips.dtype) == ((3, 3, 3, 5, 7), torch.uint8)
    for n, row in enumerate(variants.tolist()):
        for t, cell in enumerate(made.frames[motions[n]].tolist()):
            right = Image.new("RGBA", (7, 5), "black")
            for layer, variant in zip(made.pictures, row, strict=True):
                right = Image.alpha_composite(right, Image.fromarray(layer[variant, cell].permute(1, 2, 0).numpy()))
            assert np.array_equal(clips[n, t].permute(1, 2, 0).numpy(), np.asarray(right)[..., :3])


def test_any_cell_of_any_character_can_be_asked_for() -> None:
    made = layers([0, 255])
    every = torch.cartesian_prod(*[torch.arange(3)] * 4)
    seen = made.compose(every[:, None], torch.arange(2))
    assert seen.shape == (81, 2, 3, 5, 7)
    assert torch.equal(seen[40, 1], made.compose(every[40], torch.tensor(1)))
    assert torch.equal(made.clips(every, torch.zeros(81, dtype=torch.int64))[:, :2], seen)
    assert made.clips(every[:0], torch.zeros(0, dtype=torch.int64)).shape == (0, 3, 3, 5, 7)


def test_what_is_clear_changes_nothing_and_what_is_opaque_all() -> None:
    front, behind = torch.full((4, 1, 2), 90).byte(), torch.full((3, 1, 2), 10).byte()
    front[3, 0] = torch.tensor([0, 255])
    assert over(front, behind)[0, 0].tolist() == [10, 90]
    assert behind.unique().tolist() == [10], "what it is given stays"


def test_layers_that_do_not_fit() -> None:
    made = layers([0, 255], 2)
    a, b = made.pictures
    with error(ShapeError, "there must be a name for each layer, got 1 for 2"):
        Layers(("a",), (a, b), made.frames)
    with error(DtypeError, "the layer b must be uint8 [variants, cells, 4, H, W], got torch.float32"):
        Layers(("a", "b"), (a, b.float()), made.frames)
    with error(ShapeError, "the layer b must be uint8 [variants, cells, 4, H, W], as others, got [3, 1, 4, 5, 7]"):
        Layers(("a", "b"), (a, b[:, :1]), made.frames)
    with error(ShapeError, "frames must be int64 [motions, T], got torch.int64 [6]"):
        Layers(("a", "b"), (a, b), made.frames.flatten())
    with error(RangeError, "frames must be cells from 0 to 1, got 0 to 2"):
        Layers(("a", "b"), (a, b), 2 * made.frames)
