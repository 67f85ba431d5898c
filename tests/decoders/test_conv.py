from collections.abc import Callable

import pytest
import torch

from decoders.conv import ConvDecoder, abdi, document, kim, montero
from tests.helpers import error
from vsa.errors import RangeError, ShapeError

Make = Callable[[int, tuple[int, int, int]], ConvDecoder]


@pytest.mark.parametrize(("dim", "image"), [(1024, (1, 64, 64)), (16, (3, 32, 48))])
def test_shapes(dim: int, image: tuple[int, int, int]) -> None:
    assert ConvDecoder(dim, image)(torch.randn(3, dim)).shape == (3, *image)


def test_it_starts_with_a_picture_that_is_mostly_background() -> None:
    assert ConvDecoder(64, (1, 64, 64))(torch.randn(8, 64)).mean().item() == pytest.approx(-3, abs=0.5)


def test_every_weight_learns() -> None:
    decoder = ConvDecoder(64, (1, 64, 64))
    decoder(torch.randn(4, 64)).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in decoder.parameters())


def test_the_sizes_of_the_document() -> None:
    decoder = document(1024, (1, 64, 64))
    linear = [m for m in decoder.modules() if isinstance(m, torch.nn.Linear)]
    maps = [m for m in decoder.modules() if isinstance(m, torch.nn.ConvTranspose2d)]
    assert [(m.in_features, m.out_features) for m in linear] == [(1024, 1024), (1024, 2048)]
    assert [m.out_channels for m in maps] == [64, 32, 16, 1]


@pytest.mark.parametrize(
    ("make", "channels", "weights"),
    [
        (kim, (64, 64, 32, 32), 381_313),
        (abdi, (256, 128, 64, 32, 32), 971_265),
        (montero, (256, 128, 128, 64, 64), 1_250_433),
    ],
)
def test_the_nets_of_the_composition_task(make: Make, channels: tuple[int, ...], weights: int) -> None:
    decoder = make(10, (1, 64, 64))
    maps = [layer for layer in decoder.modules() if isinstance(layer, torch.nn.ConvTranspose2d)]
    assert tuple(layer.in_channels for layer in maps) == channels
    assert maps[-1].out_channels == 1
    assert isinstance(decoder.convolutions[-1], torch.nn.ConvTranspose2d), "parameters have no nonlinearity"
    assert sum(weight.numel() for weight in decoder.parameters()) == weights, "computed from the sizes of the layers alone"
    assert decoder(torch.randn(3, 10)).shape == (3, 1, 64, 64)


def test_what_does_not_fit() -> None:
    with error(ShapeError, "vectors [B, 64], got [2, 32]"):
        ConvDecoder(64, (1, 64, 64))(torch.randn(2, 32))
    with error(ShapeError, "60x64 is not a multiple of 16"):
        ConvDecoder(64, (1, 60, 64))
    with error(ShapeError, "ConvDecoder doubles a picture 5 times; 48x64 is not a multiple of 32"):
        abdi(10, (1, 48, 64))
    with error(RangeError, "at least one transposed convolution, got channels ()"):
        ConvDecoder(64, (1, 64, 64), channels=())
