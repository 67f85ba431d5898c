import pytest
import torch

from decoders.laying import FINE, SHARP, laid, laid_at, mean_place, on_picture, pixels, sides
from encoders.power import Power


def test_without_a_factor_along_an_axis_the_patch_is_the_picture() -> None:
    image = (1, 32, 40)
    assert [sides(image, axes, 8) for axes in ((0, 1), (None, 1), (0, None), (None, None))] == [
        (8, 8),
        (8, 40),
        (32, 8),
        (32, 40),
    ]


def test_half_a_pixel_to_the_right_is_half_of_two_lines() -> None:
    assert torch.equal(laid(torch.tensor([[0.5, 0.5, 0, 0]]), 1)[0, :, 0], torch.tensor([0.5, 0.5, 0, 0]))


def test_a_patch_is_laid_around_its_place() -> None:
    patch = torch.arange(6.0).view(1, 1, 2, 3)
    picture = on_picture(patch, laid_at(torch.tensor([3.5]), 6, 3), laid_at(torch.tensor([1.5]), 4, 2))
    expected = torch.zeros(1, 1, 4, 6)
    expected[..., 0:2, 2:5] = patch.flip(2, 3)
    assert torch.equal(picture, expected)
    assert torch.equal(on_picture(patch, None, None), patch)


@pytest.mark.parametrize("name", ["x", "y"])
def test_a_place_is_read_of_its_power(name: str) -> None:
    """So that `decoders.patch.PatchDecoder`, which has the number, puts places where `decoders.by_role.ByRoleDecoder` does."""
    power, places = Power(1024, 0, 64, name=name), torch.linspace(2, 62, 500)
    found = mean_place(power(places) @ power(pixels(64, torch.device("cpu"), FINE)).mT / 1024, SHARP)
    assert (found - places).abs().max() < 0.03


def test_one_place_in_a_pixel_would_draw_to_its_middle() -> None:
    places = torch.linspace(2, 62, 500)
    middles = pixels(64, torch.device("cpu"))
    coarse = (20 * (-(places[:, None] - middles).square() / 2).exp()).softmax(-1) @ middles
    assert 0.2 < (coarse - places).abs().max() < 0.3
