import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from encoders.power import Power
from tests.helpers import error, seeds
from vsa.errors import RangeError

PLACE = Power(1024, 0, 64, name="x")
places = st.floats(0, 64, width=32)


@given(a=places, b=places)
def test_moving_adds(a: float, b: float) -> None:
    moved = PLACE.moved(PLACE(torch.tensor([a])), b)
    torch.testing.assert_close(moved, PLACE(torch.tensor([a + b])), atol=2e-3, rtol=0)


@given(place=places, seed=seeds)
def test_a_number_is_read_below_noise_as_strong_as_five_other_features(place: float, seed: int) -> None:
    noise = torch.randn(1, 1024, generator=torch.Generator().manual_seed(seed)) * 5**0.5
    assert abs(PLACE.read(PLACE(torch.tensor([place])) + noise).item() - place) < 0.5
    torch.testing.assert_close(PLACE.read(PLACE(torch.tensor([place]))), torch.tensor([place]), atol=1e-2, rtol=0)


def test_the_vectors_have_the_energy_of_other_features() -> None:
    torch.testing.assert_close(PLACE(torch.arange(5.0)).norm(dim=-1), torch.full((5,), 32.0))


def test_likeness_falls_with_distance_and_further_with_more_bands() -> None:
    wide = Power(4096, 0, 64, bandwidths=(1.0, 3.0, 10.0), name="x")
    for power, least in ((PLACE, -0.15), (wide, 0.15)):
        near, at, far = (power(torch.tensor(8.0 + d)) @ power(torch.tensor(8.0)) / power.embedding.dim for d in (0.5, 0.0, 6.0))
        assert 0.999 < at < 1.001
        assert least < far < near < at


def test_powers_of_other_names_are_unlike() -> None:
    other = Power(1024, 0, 64, name="y")
    assert (other(torch.arange(1.0, 64)) @ PLACE(torch.arange(1.0, 64)).mT / 1024).abs().mean() < 0.05


def test_gradients_flow_to_numbers() -> None:
    place = torch.tensor([3.0], requires_grad=True)
    PLACE(place)[..., :100].sum().backward()
    assert place.grad is not None
    assert place.grad.abs().item() > 0


@pytest.mark.parametrize("bandwidths", [(), (0.0,), (1.0, -1.0)])
def test_bandwidths_that_cannot_be(bandwidths: tuple[float, ...]) -> None:
    with error(RangeError, "the bandwidths must be positive, at least one of them"):
        Power(64, 0, 1, bandwidths=bandwidths)
