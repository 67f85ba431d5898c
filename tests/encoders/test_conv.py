import pytest
import torch

from encoders.conv import ConvEncoder, document
from tests.helpers import error
from vsa.errors import RangeError, ShapeError


@pytest.mark.parametrize(("image", "features", "dim"), [((1, 64, 64), 5, 1024), ((3, 32, 48), 2, 16)])
def test_shapes(image: tuple[int, int, int], features: int, dim: int) -> None:
    mean, logvar = ConvEncoder(image, features, dim)(torch.rand(3, *image))
    assert mean.shape == logvar.shape == (3, features, dim)


def test_it_starts_with_little_noise() -> None:
    _, logvar = ConvEncoder((1, 64, 64), 5, 64).eval()(torch.rand(3, 1, 64, 64))
    assert logvar.mean().item() == pytest.approx(-4, abs=0.1)


def test_a_picture_is_encoded_without_regard_to_the_others_of_its_batch() -> None:
    encoder, images = ConvEncoder((1, 64, 64), 5, 64).eval(), torch.rand(4, 1, 64, 64)
    torch.testing.assert_close(encoder(images)[0][:1], encoder(images[:1])[0])


def test_every_weight_learns() -> None:
    encoder = ConvEncoder((1, 64, 64), 5, 64)
    mean, logvar = encoder(torch.rand(4, 1, 64, 64))
    (mean.square().sum() + logvar.square().sum()).backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in encoder.parameters())


def test_the_sizes_of_the_document() -> None:
    encoder = document((1, 64, 64), 5, 1024)
    assert sum(weight.numel() for weight in encoder.parameters()) == 126_022_128


def test_what_does_not_fit() -> None:
    with error(ShapeError, "pictures [B, 1, 64, 64], got [2, 3, 64, 64]"):
        ConvEncoder((1, 64, 64), 5, 16)(torch.rand(2, 3, 64, 64))
    with error(ShapeError, "64x60 is not a multiple of 16"):
        ConvEncoder((1, 64, 60), 5, 16)
    with error(RangeError, "four convolutions, got channels (8, 16)"):
        ConvEncoder((1, 64, 64), 5, 16, channels=(8, 16))
