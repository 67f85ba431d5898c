import pytest
import torch

from decoders.what_where import WhatWhereDecoder
from tests.helpers import as_a_user, error
from vsa.errors import RangeError, ShapeError

SMALL = {"hidden": 16, "features": 3, "code": 8}


@pytest.mark.parametrize(
    ("dim", "image"), [(1024, (1, 64, 64)), (16, (3, 31, 47)), (4, (2, 1, 5)), (4, (1, 1, 1)), (1, (1, 2, 3))]
)
@pytest.mark.parametrize("window", [8, 5, 1])
def test_shapes(dim: int, image: tuple[int, int, int], window: int) -> None:
    logits = WhatWhereDecoder(dim, image, window=window, **SMALL)(torch.randn(3, dim))
    assert logits.shape == (3, *image)
    assert logits.isfinite().all()


def test_the_patch_is_half_the_longer_side_of_a_picture() -> None:
    for image, side in {(1, 64, 64): 32, (1, 48, 20): 24, (3, 31, 47): 24, (1, 1, 1): 1}.items():
        assert WhatWhereDecoder(4, image, **SMALL).window == side
        assert WhatWhereDecoder(4, image, window=7, **SMALL).window == 7


def test_it_starts_with_a_picture_that_is_mostly_background() -> None:
    logits = WhatWhereDecoder(64, (1, 64, 64), 5)(torch.randn(8, 64))
    torch.testing.assert_close(logits, torch.full_like(logits, -4), atol=0.5, rtol=0)


@pytest.mark.parametrize("window", [4, 5])
@pytest.mark.parametrize(("row", "column"), [(6, 3), (0, 8), (11, 0)])
def test_the_patch_is_laid_around_the_place(window: int, row: int, column: int) -> None:
    decoder = WhatWhereDecoder(16, (2, 12, 9), window=window, **SMALL)
    patch = torch.randn(2, window, window)
    with torch.no_grad():
        for layer, place in ((decoder.row, row), (decoder.column, column)):
            layer.weight.zero_()
            layer.bias.copy_(100 * torch.eye(layer.out_features)[place])
        last = decoder.what[5]
        assert isinstance(last, torch.nn.Linear)
        last.weight.zero_()
        last.bias.copy_(patch.flatten())
        decoder.background.copy_(torch.tensor([-1.0, -2.0]).view(2, 1, 1))
        logits = decoder(torch.randn(1, 16))[0]
    wide = torch.tensor([-1.0, -2.0]).view(2, 1, 1).expand(2, 12 + 2 * window, 9 + 2 * window).clone()
    before = (window - window // 2) if window % 2 == 0 else window // 2  # of the patch, left of and above its place
    y, x = (window + place - before for place in (row, column))
    wide[:, y : y + window, x : x + window] += patch.flip(1, 2)
    torch.testing.assert_close(logits, wide[:, window:-window, window:-window])


def test_a_part_is_cleaned_of_crosstalk() -> None:
    """A read-out that leads by enough is all that is left, so that small noise changes nothing."""
    decoder = WhatWhereDecoder(24, (1, 16, 16), window=8, **SMALL)
    with torch.no_grad():
        decoder.read.weight.copy_(torch.eye(24))
        decoder.read.bias.zero_()
    clean = torch.zeros(1, 24)
    clean[0, [1, 10, 20]] = 100
    torch.testing.assert_close(decoder(clean), decoder(clean + torch.randn(1, 24)))


def test_every_weight_learns() -> None:
    decoder = WhatWhereDecoder(64, (1, 64, 64), 5)
    decoder(torch.randn(4, 64)).square().sum().backward()
    for name, weight in decoder.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_is_near(dtype: torch.dtype) -> None:
    decoder, vectors = WhatWhereDecoder(64, (1, 16, 16), 5, window=8), torch.randn(4, 64)
    with torch.autocast("cpu", dtype):
        logits = decoder(vectors)
    torch.testing.assert_close(logits.float(), decoder(vectors), atol=0.05, rtol=0)


def test_it_compiles() -> None:
    decoder, vectors = WhatWhereDecoder(64, (1, 16, 16), 5, window=8), torch.randn(4, 64)
    torch.compiler.reset()
    with as_a_user():
        compiled = torch.compile(decoder, fullgraph=True, backend="eager")(vectors)
    torch.testing.assert_close(compiled, decoder(vectors))


def test_what_does_not_fit() -> None:
    with error(ShapeError, "WhatWhereDecoder was made for vectors [B, 64], got [2, 32]"):
        WhatWhereDecoder(64, (1, 16, 16), 5)(torch.randn(2, 32))
    with error(RangeError, "width of at least 1, got 0"):
        WhatWhereDecoder(64, (1, 16, 0), 5)
    with error(RangeError, "features of at least 1, got 0"):
        WhatWhereDecoder(64, (1, 16, 16), 0)
