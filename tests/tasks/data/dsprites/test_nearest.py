import torch
import torch.nn.functional as F

from tasks.data.dsprites.factors import canonical
from tasks.data.dsprites.nearest import nearest_sprite, place
from tasks.data.dsprites.renderer import render
from tasks.data.dsprites.sprites import DSPRITES
from tasks.data.population import Population
from tests.helpers import error
from vsa.errors import ShapeError

CLASSES = Population(DSPRITES).sample(120, torch.Generator().manual_seed(0))
PICTURES = render(CLASSES).bool()


def test_an_exact_picture_is_the_sprite_that_it_is_of() -> None:
    found = nearest_sprite(PICTURES)
    right = found == canonical(CLASSES)
    assert right[:, [0, 1, 3, 4]].all()
    assert right[:, 2].double().mean() > 0.95, "a small sprite can look the same in two orientations"


def test_a_blurred_picture_is_still_read() -> None:
    blurred = F.avg_pool2d(PICTURES[:, None].float(), 3, 1, 1)[:, 0] > 0.5
    off = (nearest_sprite(blurred) - canonical(CLASSES)).abs()
    assert (off[:, 0] == 0).double().mean() > 0.95
    assert (off[:, [1, 3, 4]] <= 1).double().mean() > 0.98


def test_the_place_of_a_sprite_is_its_position() -> None:
    squares = torch.tensor([[0, 5, 0, x, y] for x, y in ((0, 0), (16, 3), (31, 31))])
    assert (place(render(squares).bool()) - squares[:, 3:]).abs().max() < 0.5


def test_an_empty_picture_is_some_small_sprite_and_none_are_none() -> None:
    assert nearest_sprite(torch.zeros(1, 64, 64, dtype=torch.bool))[0, 1] == 0
    assert nearest_sprite(torch.zeros(0, 64, 64, dtype=torch.bool)).shape == (0, 5)


def test_what_is_no_picture() -> None:
    with error(ShapeError, "pictures must be bool [n, 64, 64], got torch.float32 [120, 64, 64]"):
        nearest_sprite(PICTURES.float())  # pyright: ignore
    with error(ShapeError, "pictures must be bool [n, 64, 64], got torch.bool [120, 32, 64]"):
        nearest_sprite(PICTURES[:, :32])
