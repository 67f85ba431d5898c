from collections.abc import Callable

import pytest
import torch

from encoders.conv import ConvEncoder, abdi, document, kim, montero
from tests.helpers import error
from vsa.errors import RangeError, ShapeError

Make = Callable[[tuple[int, int, int], int, int], ConvEncoder]


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


@pytest.mark.parametrize(
    ("make", "channels", "weights"),
    [
        (kim, (32, 32, 64, 64), 382_932),
        (abdi, (32, 32, 64, 128, 256), 973_076),
        (montero, (64, 64, 128, 128, 256), 1_252_244),
    ],
)
def test_the_nets_of_the_composition_task(make: Make, channels: tuple[int, ...], weights: int) -> None:
    encoder = make((1, 64, 64), 10, 1)
    maps = [layer for layer in encoder.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert tuple(layer.out_channels for layer in maps) == channels
    assert {(layer.kernel_size, layer.stride, layer.padding) for layer in maps} == {((4, 4), (2, 2), (1, 1))}
    linear = [layer.out_features for layer in encoder.modules() if isinstance(layer, torch.nn.Linear)]
    assert linear == [256, 20]
    assert sum(weight.numel() for weight in encoder.parameters()) == weights, "computed from the sizes of the layers alone"
    mean, logvar = encoder(torch.rand(3, 1, 64, 64))
    assert mean.shape == logvar.shape == (3, 10, 1)


def test_what_does_not_fit() -> None:
    with error(ShapeError, "pictures [B, 1, 64, 64], got [2, 3, 64, 64]"):
        ConvEncoder((1, 64, 64), 5, 16)(torch.rand(2, 3, 64, 64))
    with error(ShapeError, "64x60 is not a multiple of 16"):
        ConvEncoder((1, 64, 60), 5, 16)
    with error(ShapeError, "ConvEncoder halves a picture 5 times; 48x64 is not a multiple of 32"):
        abdi((1, 48, 64), 10, 1)
    with error(RangeError, "at least one convolution, got channels ()"):
        ConvEncoder((1, 64, 64), 5, 16, channels=())
