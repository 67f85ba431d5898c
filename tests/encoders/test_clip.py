import pytest
import torch

from encoders.clip import ClipEncoder
from encoders.colours import Colours
from tests.helpers import error
from vsa.errors import RangeError, ShapeError


@pytest.mark.parametrize(("image", "features", "dim"), [((8, 3, 64, 64), 5, 1024), ((1, 1, 16, 32), 2, 16), ((3, 32, 32), 2, 64)])
def test_shapes_and_energy(image: tuple[int, ...], features: int, dim: int) -> None:
    mean, logvar = ClipEncoder(image, features, dim)(torch.rand(3, *image))
    assert mean.shape == logvar.shape == (3, features, dim)
    assert logvar.unique().tolist() == [pytest.approx(-2.4)]
    assert (mean.norm(dim=-1) / dim**0.5 - 1).abs().max() < 0.5


def test_a_clip_is_encoded_without_regard_to_the_others_of_its_batch() -> None:
    encoder, clips = ClipEncoder((4, 3, 16, 16), 2, 64).eval(), torch.rand(4, 4, 3, 16, 16)
    torch.testing.assert_close(encoder(clips)[0][:1], encoder(clips[:1])[0])


def test_it_sees_the_order_of_frames() -> None:
    encoder, clips = ClipEncoder((4, 3, 16, 16), 2, 64).eval(), torch.rand(2, 4, 3, 16, 16)
    assert not torch.allclose(encoder(clips)[0], encoder(clips.flip(1))[0], atol=1e-3)


def test_the_colour_of_a_few_pixels_is_counted() -> None:
    colours = Colours(3, 64, generator=torch.Generator().manual_seed(0))
    clips = torch.zeros(2, 2, 3, 64, 64)
    clips[:, :, 0, 10:14, 10:14] = 0.8
    clips[1, :, 1, 10:14, 10:14] = 0.1
    counted = colours(clips)
    assert (counted[0] - counted[1]).abs().mean() > 1, "a batch of two is as far apart as can be, in most features"


def test_every_weight_learns() -> None:
    encoder = ClipEncoder((4, 1, 16, 16), 3, 64)
    mean, _ = encoder(torch.rand(4, 4, 1, 16, 16))
    (mean * torch.randn_like(mean)).sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in encoder.parameters())


def test_what_does_not_fit() -> None:
    with error(ShapeError, "ClipEncoder takes clips [T, C, H, W] with frames and pixels, or pictures [C, H, W], got [64, 64]"):
        ClipEncoder((64, 64), 5, 16)
    with error(ShapeError, "ClipEncoder halves a picture 4 times; 60x64 is not a multiple of 16"):
        ClipEncoder((8, 3, 60, 64), 5, 16)
    with error(ShapeError, "ClipEncoder was made for clips [B, 2, 1, 16, 16], got [3, 4, 1, 16, 16]"):
        ClipEncoder((2, 1, 16, 16), 5, 16)(torch.zeros(3, 4, 1, 16, 16))
    with error(RangeError, "ClipEncoder needs moving of at least 1, got 0"):
        ClipEncoder((2, 1, 16, 16), 5, 16, moving=0)
    with error(RangeError, "Colours needs a bandwidth above 0, got 0.0"):
        ClipEncoder((2, 1, 16, 16), 5, 16, bandwidth=0.0)
    with error(RangeError, "ClipEncoder has at least one convolution, got channels ()"):
        ClipEncoder((2, 1, 16, 16), 5, 16, channels=())
