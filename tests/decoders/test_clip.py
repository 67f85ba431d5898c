import pytest
import torch

from decoders.clip import ClipDecoder
from tests.helpers import error
from vsa.errors import RangeError, ShapeError


@pytest.mark.parametrize(("dim", "image"), [(1024, (8, 3, 64, 64)), (16, (2, 1, 32, 48)), (16, (3, 32, 32))])
def test_shapes(dim: int, image: tuple[int, ...]) -> None:
    assert ClipDecoder(dim, image, 5)(torch.randn(3, dim)).shape == (3, *image)


def test_it_starts_with_clips_that_are_mostly_background() -> None:
    assert ClipDecoder(64, (4, 1, 16, 16), 2)(torch.randn(8, 64)).mean().item() == pytest.approx(-3, abs=0.5)


def test_a_frame_depends_on_the_vector_and_its_time_alone() -> None:
    decoder, vectors = ClipDecoder(64, (4, 3, 16, 16), 2).eval(), torch.randn(2, 64)
    before = decoder(vectors)
    assert not torch.allclose(before[:, 0], before[:, 1], atol=1e-4)
    with torch.no_grad():
        decoder.time[3] *= -1
    after = decoder(vectors)
    torch.testing.assert_close(after[:, :3], before[:, :3])
    assert not torch.allclose(after[:, 3], before[:, 3], atol=1e-4)


def test_every_weight_learns() -> None:
    decoder = ClipDecoder(64, (4, 1, 16, 16), 2)
    decoder(torch.randn(4, 64)).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in decoder.parameters())


def test_what_does_not_fit() -> None:
    with error(ShapeError, "ClipDecoder draws clips [T, C, H, W], or pictures [C, H, W], got [64, 64]"):
        ClipDecoder(16, (64, 64), 2)
    with error(ShapeError, "ClipDecoder was made for vectors [B, 16], got [2, 32]"):
        ClipDecoder(16, (2, 1, 16, 16), 2)(torch.randn(2, 32))
    with error(ShapeError, "20x16 is not a multiple of 16"):
        ClipDecoder(16, (2, 1, 20, 16), 2)
    with error(RangeError, "ClipDecoder needs frames of at least 1, got 0"):
        ClipDecoder(16, (0, 1, 16, 16), 2)
