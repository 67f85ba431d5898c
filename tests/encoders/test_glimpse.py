import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from encoders.glimpse import GlimpseEncoder
from encoders.window import centre, glimpse
from tests.helpers import as_a_user, error, seeds
from vsa.errors import RangeError, ShapeError

SMALL = {"window": 8, "hidden": 16, "code": 8, "places": 12}


def sprite(height: int, width: int, seed: int, *, grey: bool = False) -> torch.Tensor:
    """A random blob [1, 1, H, W] whose first pixel is on, so that it is never empty."""
    generator = torch.Generator().manual_seed(seed)
    blob = torch.rand(1, 1, height, width, generator=generator)
    blob = blob if grey else blob.round()
    blob[..., 0, 0] = 1
    return blob


def placed(blob: torch.Tensor, y: int, x: int, height: int, width: int) -> torch.Tensor:
    picture = blob.new_zeros(*blob.shape[:2], height, width)
    picture[..., y : y + blob.shape[2], x : x + blob.shape[3]] = blob
    return picture


@pytest.mark.parametrize(
    ("image", "features", "dim"), [((1, 64, 64), 5, 1024), ((3, 31, 47), 2, 16), ((2, 1, 5), 1, 4), ((1, 1, 1), 3, 8)]
)
@pytest.mark.parametrize("window", [8, 5, 1])
def test_shapes(image: tuple[int, int, int], features: int, dim: int, window: int) -> None:
    encoder = GlimpseEncoder(image, features, dim, window=window, hidden=16, places=7)
    mean, logvar = encoder(torch.rand(3, *image))
    assert mean.shape == logvar.shape == (3, features, dim)
    assert mean.isfinite().all()


def test_the_window_is_half_the_longer_side_of_a_picture() -> None:
    for image, side in {(1, 64, 64): 32, (1, 48, 20): 24, (3, 31, 47): 24, (1, 1, 1): 1}.items():
        assert GlimpseEncoder(image, 2, 8, hidden=16).window == side
        assert GlimpseEncoder(image, 2, 8, window=7, hidden=16).window == 7


def test_the_noise_is_the_same_for_every_picture_and_takes_no_memory() -> None:
    _, logvar = GlimpseEncoder((1, 16, 16), 2, 8, logvar=-1.5, **SMALL)(torch.rand(3, 1, 16, 16))
    assert (logvar == -1.5).all()
    assert logvar.untyped_storage().nbytes() == 4


@given(seed=seeds, height=st.integers(1, 5), width=st.integers(1, 5), window=st.integers(1, 9), data=st.data())
def test_whole_pixels_of_translation_are_taken_out(seed: int, height: int, width: int, window: int, data: st.DataObject) -> None:
    blob = sprite(height, width, seed)
    places = [(data.draw(st.integers(0, 20 - height)), data.draw(st.integers(0, 30 - width))) for _ in range(2)]
    first, moved = (placed(blob, y, x, 20, 30) for y, x in places)
    centres = centre(first), centre(moved)
    shift = torch.tensor([[places[1][1] - places[0][1], places[1][0] - places[0][0]]])
    torch.testing.assert_close(centres[1], centres[0] + shift)
    assert torch.equal(glimpse(first, centres[0], window), glimpse(moved, centres[1], window))


def test_a_symmetric_grey_object_is_seen_in_one_way_wherever_it_is() -> None:
    blob = torch.tensor([[0.1, 0.7, 0.7, 0.1]]).expand(2, 4)[None, None]  # its middle lies on a pixel's edge, but for rounding
    pictures = torch.cat([placed(blob, y, x, 64, 64) for y in range(0, 62, 3) for x in range(61)])
    for window in (8, 7):
        seen = glimpse(pictures, centre(pictures), window)
        assert (seen == seen[:1]).all()


@given(seed=seeds, height=st.integers(1, 8), width=st.integers(1, 8), channels=st.integers(1, 3))
def test_the_whole_object_is_in_a_window_of_twice_its_size(seed: int, height: int, width: int, channels: int) -> None:
    blob = sprite(height, width, seed, grey=True).expand(1, channels, height, width)
    picture = placed(blob, 0, 12 - width, 9, 12)  # in the corner, so that the window reaches over the edge
    seen = glimpse(picture, centre(picture), 17)
    assert seen.shape == (1, channels, 17, 17)
    torch.testing.assert_close(seen.sum(), picture.sum())


def test_the_middle_of_the_window_is_the_centre_of_mass() -> None:
    picture = placed(torch.ones(1, 1, 3, 3), 4, 9, 20, 30)
    assert centre(picture).tolist() == [[10.5, 5.5]]
    assert torch.equal(glimpse(picture, centre(picture), 5), placed(torch.ones(1, 1, 3, 3), 1, 1, 5, 5))


def test_channels_weigh_together() -> None:
    picture = torch.zeros(1, 3, 8, 8)
    picture[0, 0, 1, 1], picture[0, 2, 5, 1] = 1, 3
    torch.testing.assert_close(centre(picture), torch.tensor([[1.5, 4.5]]))


def test_an_empty_picture_is_seen_from_its_middle() -> None:
    assert centre(torch.zeros(2, 1, 7, 10)).tolist() == [[5.0, 3.5]] * 2
    encoder, empty = GlimpseEncoder((1, 7, 10), 2, 8, **SMALL), torch.zeros(2, 1, 7, 10, requires_grad=True)
    mean, _ = encoder(empty)
    mean.sum().backward()
    assert mean.isfinite().all()
    assert empty.grad is not None
    assert empty.grad.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in encoder.parameters() if weight.grad is not None)


def test_position_reaches_the_features_through_the_centre_alone() -> None:
    encoder = GlimpseEncoder((1, 32, 32), 2, 64, **SMALL).eval()
    blob = sprite(4, 4, 0)
    pictures = torch.cat([placed(blob, 10, 10, 32, 32), placed(blob, 17, 3, 32, 32)])
    mean, _ = encoder(pictures)
    assert (mean[0] - mean[1]).norm() > 1
    torch.nn.init.zeros_(encoder.where.weight)
    mean, _ = encoder(pictures)
    torch.testing.assert_close(mean[0], mean[1])


def test_all_features_have_the_energy_of_a_random_hypervector() -> None:
    mean, _ = GlimpseEncoder((1, 64, 64), 5, 1024)(torch.rand(8, 1, 64, 64).round())
    assert mean.norm(dim=-1).div(math.sqrt(1024)).sub(1).abs().max() < 0.3
    assert mean.var().item() == pytest.approx(1, abs=0.1)


def test_the_projection_keeps_the_length_of_the_code() -> None:
    encoder = GlimpseEncoder((1, 16, 16), 3, 64, **SMALL)
    mean, _ = encoder(torch.rand(4, 1, 16, 16))
    code = torch.linalg.lstsq(encoder.projection.mT, mean.movedim(0, -1)).solution  # [F, code, B]
    torch.testing.assert_close(code.norm(dim=1), torch.ones(3, 4))


def test_the_projection_depends_on_the_seed_alone_and_is_stored() -> None:
    one, two, other = (GlimpseEncoder((1, 16, 16), 2, 8, seed=seed, **SMALL) for seed in (0, 0, 1))
    assert torch.equal(one.projection, two.projection)
    assert not torch.equal(one.projection, other.projection)
    assert "projection" in one.state_dict()


def test_a_picture_is_encoded_without_regard_to_the_others_of_its_batch() -> None:
    encoder, images = GlimpseEncoder((1, 64, 64), 5, 64), torch.rand(4, 1, 64, 64)
    torch.testing.assert_close(encoder(images)[0][:1], encoder(images[:1])[0])


def test_every_weight_learns() -> None:
    encoder = GlimpseEncoder((1, 64, 64), 5, 64)
    mean, _ = encoder(torch.rand(4, 1, 64, 64))
    (mean * torch.randn_like(mean)).sum().backward()
    for name, weight in encoder.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_position_is_exact_in_mixed_precision(dtype: torch.dtype) -> None:
    encoder, images = GlimpseEncoder((1, 64, 64), 5, 64), torch.rand(4, 1, 64, 64).round()
    whole, _ = encoder(images)
    with torch.autocast("cpu", dtype):
        mean, _ = encoder(images)
        assert torch.equal(centre(images), centre(images.to(dtype)))
        assert centre(images).dtype == torch.float32
    mean.float().square().sum().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in encoder.parameters())
    assert torch.nn.functional.cosine_similarity(mean.float(), whole, dim=-1).min() > 0.99


def test_it_compiles() -> None:
    encoder = GlimpseEncoder((1, 16, 16), 2, 8, **SMALL)
    images = torch.rand(3, 1, 16, 16)
    torch.compiler.reset()
    with as_a_user():
        compiled, _ = torch.compile(encoder, fullgraph=True, backend="eager")(images)
    torch.testing.assert_close(compiled, encoder(images)[0])


def test_what_does_not_fit() -> None:
    with error(ShapeError, "GlimpseEncoder was made for pictures [B, 1, 64, 64], got [2, 3, 64, 64]"):
        GlimpseEncoder((1, 64, 64), 5, 16)(torch.rand(2, 3, 64, 64))
    with error(RangeError, "height of at least 1, got 0"):
        GlimpseEncoder((1, 0, 64), 5, 16)
    with error(RangeError, "places of at least 1, got 0"):
        GlimpseEncoder((1, 64, 64), 5, 16, places=0)
