import pytest
import torch

from decoders.spatial_broadcast import SpatialBroadcastDecoder, four, three
from tests.helpers import error
from vsa.errors import RangeError, ShapeError


@pytest.mark.parametrize(("dim", "image"), [(10, (1, 64, 64)), (16, (3, 20, 31)), (3, (2, 1, 1))])
def test_shapes(dim: int, image: tuple[int, int, int]) -> None:
    assert SpatialBroadcastDecoder(dim, image)(torch.randn(3, dim)).shape == (3, *image)


def test_the_sizes_of_the_paper() -> None:
    for make, channels in ((three, [64, 64, 3]), (four, [64, 64, 64, 3])):
        maps = [layer for layer in make(10, (3, 64, 64)).modules() if isinstance(layer, torch.nn.Conv2d)]
        assert [layer.out_channels for layer in maps] == channels
        assert maps[0].in_channels == 12
        assert {(layer.kernel_size, layer.stride) for layer in maps} == {((5, 5), (1, 1))}


def test_each_pixel_sees_the_vector_and_its_place() -> None:
    decoder = SpatialBroadcastDecoder(2, (1, 3, 5))
    seen: list[torch.Tensor] = []
    decoder.convolutions[0].register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    decoder(torch.tensor([[7.0, 8.0]]))
    (maps,) = seen[0]
    assert (maps[0] == 7).all()
    assert (maps[1] == 8).all()
    assert torch.equal(maps[2], torch.tensor([-1.0, 0.0, 1.0])[:, None].expand(3, 5))
    assert torch.equal(maps[3], torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]).expand(3, 5))


def test_every_weight_learns_and_places_are_no_weights() -> None:
    decoder = three(10, (1, 32, 32))
    decoder(torch.randn(4, 10)).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in decoder.parameters())
    assert all(name.startswith("convolutions.") for name in decoder.state_dict())


def test_what_does_not_fit() -> None:
    with error(ShapeError, "vectors [B, 10], got [2, 32]"):
        three(10, (1, 32, 32))(torch.randn(2, 32))
    with error(ShapeError, "pictures [C, H, W] with pixels, got [1, 0, 4]"):
        three(10, (1, 0, 4))
    with error(RangeError, "at least two convolutions, got channels ()"):
        SpatialBroadcastDecoder(10, (1, 32, 32), channels=())
